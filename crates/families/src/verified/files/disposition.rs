//! `Content-Disposition` of a download: how a browser treats the bytes, and the name that it saves them under.

use doorward_domain::FileName;
use http::HeaderValue;
use std::fmt::Write;

/// Whether a browser may show the bytes in its own window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    /// It may: they are a raster image.
    Inline,
    /// It saves them.
    Attachment,
}

impl Disposition {
    /// The header's value (RFC 6266 section 4). A name that is more than plain ASCII goes out twice: encoded by RFC 8187
    /// for those who know it, and with `_` for whatever older clients would misread (RFC 6266 appendix D).
    pub(super) fn header(self, name: &FileName) -> HeaderValue {
        let kind = match self {
            Self::Inline => "inline",
            Self::Attachment => "attachment",
        };
        let plain: String = name.as_str().chars().map(plain).collect();
        let mut value = format!("{kind}; filename=\"{plain}\"");
        if plain != name.as_str() {
            value.push_str("; filename*=UTF-8''");
            value.push_str(&extended(name.as_str()));
        }
        HeaderValue::try_from(value).expect("the name is encoded to visible ASCII")
    }
}

/// What may stand in a quoted string in every client: no quote, no backslash, no percent sign.
const fn plain(c: char) -> char {
    match c {
        '"' | '\\' | '%' => '_',
        ' '..='~' => c,
        _ => '_',
    }
}

/// `value-chars` of RFC 8187 section 3.2.1: everything that is no `attr-char` as percent-encoded UTF-8.
fn extended(name: &str) -> String {
    name.bytes()
        .fold(String::with_capacity(name.len()), |mut encoded, byte| {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                write!(encoded, "%{byte:02X}").expect("writing to a string does not fail");
            }
            encoded
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str) -> String {
        let name = FileName::parse(name).unwrap();
        let value = Disposition::Attachment.header(&name);
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_plain_name_is_quoted() {
        assert_eq!(header("report.pdf"), "attachment; filename=\"report.pdf\"");
        assert_eq!(header("my report"), "attachment; filename=\"my report\"");
        let name = FileName::parse("a.png").unwrap();
        assert_eq!(
            Disposition::Inline.header(&name),
            "inline; filename=\"a.png\""
        );
    }

    #[test]
    fn sec_5_4_2_served_names_are_encoded() {
        assert_eq!(
            header("Übersicht 2024.txt"),
            "attachment; filename=\"_bersicht 2024.txt\"; filename*=UTF-8''%C3%9Cbersicht%202024.txt"
        );
        assert_eq!(
            header("a\"; filename=evil.exe; x=\""),
            "attachment; filename=\"a_; filename=evil.exe; x=_\"; filename*=UTF-8''a%22%3B%20filename%3Devil.exe%3B%20x%3D%22"
        );
        assert_eq!(
            header("100%41.txt"),
            "attachment; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"
        );
        assert_eq!(
            header("it's.txt"),
            "attachment; filename=\"it's.txt\"",
            "an apostrophe is harmless in a quoted string"
        );
    }

    #[test]
    fn sec_5_4_2_no_name_breaks_the_header() {
        for name in [
            "\u{61C}a",
            "a\u{200B}b",
            "😀.png",
            "\u{7FF}",
            "a'b*c",
            "文件",
            "a\u{FEFF}",
        ] {
            let value = header(name);
            assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)), "{value}");
            assert_eq!(value.matches('"').count(), 2, "{value}");
        }
        for name in ["a\r\nSet-Cookie: x=1", "a\nb", "\u{202E}gpj.exe", "a\0b"] {
            assert!(FileName::parse(name).is_err(), "{name:?}");
        }
    }
}
