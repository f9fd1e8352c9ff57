//! The headers that every answer carries, and those of a request that say what it holds and wants.

use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

/// What an answer says to browsers unless its page says otherwise: opened as a page it is inert, it is framed by nobody,
/// kept by nobody and sends no address onwards.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
];

/// Adds what every answer carries and is not there yet, for listeners that [`crate::dress`] has nothing to do with.
pub fn secure(headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
}

/// Tells a browser that came over TLS never to come without (RFC 6797), for a year; in strict mode its neighbours too.
pub(crate) fn insist_on_tls(headers: &mut HeaderMap, strict: bool) {
    let value = if strict {
        "max-age=31536000; includeSubDomains"
    } else {
        "max-age=31536000"
    };
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(value));
}

/// What a request says that its body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json` or `application/…+json`.
    Json,
    /// `text/plain`.
    Text,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// Something else, or something unreadable.
    Other,
    /// It does not say.
    Missing,
}

/// What the request says that its body is; parameters such as `charset` are ignored.
pub fn media_type(headers: &HeaderMap) -> MediaType {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return MediaType::Missing;
    };
    let essence = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    match essence.trim().to_ascii_lowercase().as_str() {
        "application/json" => MediaType::Json,
        "text/plain" => MediaType::Text,
        "application/x-www-form-urlencoded" => MediaType::Form,
        "multipart/form-data" => MediaType::Multipart,
        other if other.starts_with("application/") && other.ends_with("+json") => MediaType::Json,
        _ => MediaType::Other,
    }
}

/// Whether the client is a browser that shows a page: it names `text/html` itself, which programs that take anything
/// (`*/*`) do not.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut ranges = values.flat_map(|value| value.split(','));
    ranges.any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let html = parts
            .next()
            .is_some_and(|essence| essence.eq_ignore_ascii_case("text/html"));
        let refused = parts.any(|parameter| {
            parameter
                .strip_prefix("q=")
                .is_some_and(|q| q.parse() == Ok(0.0))
        });
        html && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_media_type_is_read_without_its_parameters() {
        for (text, media) in [
            ("application/json", MediaType::Json),
            ("Application/JSON; charset=utf-8", MediaType::Json),
            ("application/merge-patch+json", MediaType::Json),
            ("text/plain;charset=utf-8", MediaType::Text),
            ("application/x-www-form-urlencoded", MediaType::Form),
            ("multipart/form-data; boundary=x", MediaType::Multipart),
            ("text/json", MediaType::Other),
            ("", MediaType::Other),
        ] {
            assert_eq!(media_type(&with(CONTENT_TYPE, text)), media, "{text}");
        }
        assert_eq!(media_type(&HeaderMap::new()), MediaType::Missing);
    }

    #[test]
    fn a_browser_asks_for_a_page_and_a_program_does_not() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(accepts_html(&with(ACCEPT, browser)));
        for program in ["*/*", "application/json", "text/html;q=0", "text/htmlx"] {
            assert!(!accepts_html(&with(ACCEPT, program)), "{program}");
        }
        assert!(!accepts_html(&HeaderMap::new()));
    }

    #[test]
    fn what_a_page_says_itself_stands() {
        let mut headers = with(CACHE_CONTROL, "public, max-age=300");
        secure(&mut headers);
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=300");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers.len(), 5);
    }
}
