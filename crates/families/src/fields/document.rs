//! A body as it came, and the JSON in it.

use super::{Faults, FieldFault, Fields, Flaw};
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use bytes::Bytes;
use doorward_http::json::{self, JsonFault};
use doorward_http::{MediaType, RawBody, media_type};
use serde_json::{Map, Value};

/// A body, with what the request says that it is.
pub(crate) struct Document {
    media: MediaType,
    bytes: Bytes,
}

impl Document {
    /// A body that was received already.
    pub(crate) fn new(media: MediaType, bytes: impl Into<Bytes>) -> Self {
        Self {
            media,
            bytes: bytes.into(),
        }
    }

    /// Reads a form from the JSON object that the body must be.
    ///
    /// A body that does not say that it is JSON is no object, whatever it holds: browsers send such bodies across
    /// origins without asking first.
    pub(crate) fn form<T>(&self, form: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Faults> {
        Fields::read(self.object()?, form)
    }

    /// The same where the body may be left out: none is `{}`.
    pub(crate) fn form_if_any<T>(
        &self,
        form: impl FnOnce(&mut Fields) -> Option<T>,
    ) -> Result<T, Faults> {
        Fields::read(self.members_if_any()?, form)
    }

    /// The members of the object that the body is; none where there is no body.
    pub(crate) fn members_if_any(&self) -> Result<Map<String, Value>, Faults> {
        if self.bytes.trim_ascii().is_empty() {
            return Ok(Map::new());
        }
        self.object()
    }

    /// What the request says that the body is.
    pub(crate) const fn media(&self) -> MediaType {
        self.media
    }

    /// The body as text, without the blanks around it.
    pub(crate) fn text(&self) -> Result<&str, Faults> {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Ok(text.trim()),
            Err(_) => Err(Faults::one(FieldFault::whole(Flaw::NotText))),
        }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, Faults> {
        if self.bytes.trim_ascii().is_empty() {
            return Err(Faults::one(FieldFault::whole(Flaw::Missing)));
        }
        json::parse(&self.bytes).map_err(|fault| Faults::one(self.located(fault)))
    }

    fn object(&self) -> Result<Map<String, Value>, Faults> {
        let flaw = match self.media {
            MediaType::Json => match self.json()? {
                Value::Object(members) => return Ok(members),
                Value::Null => Flaw::Missing,
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    Flaw::NotObject
                }
            },
            MediaType::Missing if self.bytes.is_empty() => Flaw::Missing,
            MediaType::Text
            | MediaType::Form
            | MediaType::Multipart
            | MediaType::Other
            | MediaType::Missing => Flaw::NotObject,
        };
        Err(Faults::one(FieldFault::whole(flaw)))
    }

    fn located(&self, fault: JsonFault) -> FieldFault {
        let sentence = fault.to_string();
        match fault {
            JsonFault::Syntax { offset } => FieldFault::at(self.characters(offset), Flaw::NotJson),
            JsonFault::DuplicateKey(key) => FieldFault::body(key, Flaw::value(sentence)),
            JsonFault::TooDeep => FieldFault::whole(Flaw::value(sentence)),
        }
    }

    /// The documents' clients count characters, not bytes.
    fn characters(&self, offset: usize) -> usize {
        let before = self.bytes.get(..offset).unwrap_or(&self.bytes);
        String::from_utf8_lossy(before).chars().count()
    }
}

impl<S: Send + Sync> FromRequest<S> for Document {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let media = media_type(request.headers());
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        Ok(Self { media, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(media: MediaType, text: &'static str) -> Value {
        let faults = Document::new(media, text)
            .form(|fields| fields.parse("email", |text| Ok(text.to_owned())))
            .unwrap_err();
        serde_json::to_value(faults.into_list()).unwrap()
    }

    #[test]
    fn a_form_is_read_from_a_json_object() {
        let body = Document::new(MediaType::Json, r#"{"email": "ada@example.com"}"#);
        let email = body.form(|fields| fields.parse("email", |text| Ok(text.to_owned())));
        assert_eq!(email.unwrap(), "ada@example.com");
    }

    #[test]
    fn what_is_no_json_is_told_with_its_position_in_characters() {
        let faults = told(MediaType::Json, r#"{"é": }"#);
        assert_eq!(faults[0]["type"], "json_invalid");
        assert_eq!(faults[0]["msg"], "JSON decode error");
        assert_eq!(faults[0]["loc"], json!(["body", 6]));
    }

    #[test]
    fn no_body_is_a_missing_body() {
        for (media, text) in [
            (MediaType::Missing, ""),
            (MediaType::Json, ""),
            (MediaType::Json, "null"),
        ] {
            assert_eq!(
                told(media, text),
                json!([{"loc": ["body"], "msg": "Field required", "type": "missing"}])
            );
        }
    }

    #[test]
    fn a_body_that_may_be_left_out_is_an_empty_object_where_it_is() {
        let read = |media, text: &'static str| {
            Document::new(media, text)
                .form_if_any(|fields| Some(fields.optional_text("name", 5)))
                .ok()
        };
        for (media, text) in [
            (MediaType::Missing, ""),
            (MediaType::Json, " "),
            (MediaType::Json, "{}"),
        ] {
            assert_eq!(read(media, text), Some(None), "{media:?} {text}");
        }
        assert_eq!(
            read(MediaType::Json, r#"{"name": "Ada"}"#),
            Some(Some("Ada".to_owned()))
        );
        for (media, text) in [(MediaType::Json, "null"), (MediaType::Missing, "{}")] {
            assert_eq!(read(media, text), None, "{media:?} {text}");
        }
    }

    #[test]
    fn json_that_is_no_object_is_no_form() {
        for text in ["[]", "\"ada\"", "1", "true"] {
            assert_eq!(
                told(MediaType::Json, text)[0]["type"],
                "model_attributes_type",
                "{text}"
            );
        }
    }

    #[test]
    fn sec_3_5_2_json_routes_refuse_text_and_form_bodies() {
        let text = r#"{"email": "ada@example.com"}"#;
        for media in [
            MediaType::Text,
            MediaType::Form,
            MediaType::Multipart,
            MediaType::Other,
            MediaType::Missing,
        ] {
            assert_eq!(
                told(media, text),
                json!([{
                    "loc": ["body"],
                    "msg": "Input should be a valid dictionary or object to extract fields from",
                    "type": "model_attributes_type"
                }])
            );
        }
    }

    #[test]
    fn sec_15_3_7_a_key_sent_twice_is_refused() {
        let faults = told(MediaType::Json, r#"{"email": "a", "email": "b"}"#);
        assert_eq!(
            faults,
            json!([{"loc": ["body", "email"], "msg": "Key sent twice", "type": "value_error"}])
        );
    }

    #[test]
    fn sec_1_5_2_lone_surrogates_depth_and_bytes_that_are_no_text_are_refused() {
        assert_eq!(
            told(MediaType::Json, r#"{"email": "\ud800"}"#)[0]["type"],
            "json_invalid"
        );
        let deep = Document::new(MediaType::Json, "[".repeat(1000));
        assert!(deep.json().is_err());
        let bytes = Document::new(MediaType::Json, &b"{\"email\": \"\xff\"}"[..]);
        assert!(bytes.json().is_err());
    }
}
