//! The bodies of the native API: JSON objects, of which every fault is told at once.
//!
//! Members that a form does not ask for are ignored, so that no request can set what is not on its list. Invariant: a
//! reading that yields no form has left at least one fault.

use super::call::Refused;
use super::problem::{FieldProblem, Problem, Trouble};
use axum::extract::{FromRequest, Request};
use axum::response::IntoResponse;
use bytes::Bytes;
use doorward_domain::{Email, Phone};
use doorward_http::json::{self, JsonFault};
use doorward_http::{MediaType, RawBody, State, media_type};
use doorward_service::passwords::NewPassword;
use doorward_service::profiles::Change;
use doorward_service::recovery;
use http::StatusCode;
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What is wrong with a value, as a sentence.
pub(super) type Flaw = Cow<'static, str>;

/// A body, with what the request says that it is.
pub(super) struct Body {
    media: MediaType,
    bytes: Bytes,
}

impl Body {
    /// Whether nothing was sent.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads a form from the JSON object that the body must be; `form` asks for every field it has before it gives up.
    ///
    /// A body that does not say that it is JSON is none, whatever it holds: browsers send such bodies across origins
    /// without asking first.
    pub(super) fn form<T>(
        &self,
        form: impl FnOnce(&mut Fields) -> Option<T>,
    ) -> Result<T, Refused> {
        self.read(form)
            .map_err(|faults| Problem::invalid(faults).into())
    }

    fn read<T>(&self, form: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Vec<FieldProblem>> {
        let mut fields = Fields {
            members: self.object()?,
            faults: Vec::new(),
        };
        match form(&mut fields) {
            Some(form) if fields.faults.is_empty() => Ok(form),
            _ => Err(fields.faults),
        }
    }

    fn object(&self) -> Result<Map<String, Value>, Vec<FieldProblem>> {
        if self.media != MediaType::Json {
            let said = "The body must be JSON and say so: Content-Type: application/json.";
            return Err(vec![FieldProblem::whole(said)]);
        }
        match json::parse(&self.bytes) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err(vec![FieldProblem::whole("The body must be a JSON object.")]),
            Err(JsonFault::DuplicateKey(key)) => Err(vec![FieldProblem::of(key, "Sent twice.")]),
            Err(JsonFault::TooDeep) => Err(vec![FieldProblem::whole("Nested too deeply.")]),
            Err(JsonFault::Syntax { .. }) => Err(vec![FieldProblem::whole("The body is no JSON.")]),
        }
    }
}

impl FromRequest<State> for Body {
    type Rejection = Refused;

    async fn from_request(request: Request, web: &State) -> Result<Self, Self::Rejection> {
        let media = media_type(request.headers());
        match RawBody::from_request(request, web).await {
            Ok(RawBody(bytes)) => Ok(Self { media, bytes }),
            Err(answer) if answer.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::from(Trouble::TooLarge).into_response().into())
            }
            Err(_) => Err(Problem::from(Trouble::Unreadable).into_response().into()),
        }
    }
}

/// The members of a JSON object while a form is read from it.
pub(super) struct Fields {
    members: Map<String, Value>,
    faults: Vec<FieldProblem>,
}

impl Fields {
    /// Whether a member is there and not `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// A member that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value) -> Result<T, Flaw>,
    ) -> Option<T> {
        if !self.has(name) {
            self.refuse(name, "Required.");
            return None;
        }
        self.optional(name, read)
    }

    /// A member that may be left out or `null`.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value) -> Result<T, Flaw>,
    ) -> Option<T> {
        match self.members.remove(name)? {
            Value::Null => None,
            value => self.note(name, read(value)),
        }
    }

    /// What is to become of something: left out, it stays; `null` clears it (RFC 7396).
    pub(super) fn change<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value) -> Result<T, Flaw>,
    ) -> Change<T> {
        match self.members.remove(name) {
            None => Change::Keep,
            Some(Value::Null) => Change::Clear,
            Some(value) => self
                .note(name, read(value))
                .map_or(Change::Keep, Change::Set),
        }
    }

    /// Finds fault with a member.
    pub(super) fn refuse(&mut self, name: &'static str, flaw: impl Into<Flaw>) {
        self.faults.push(FieldProblem::of(name, flaw));
    }

    fn note<T>(&mut self, name: &'static str, read: Result<T, Flaw>) -> Option<T> {
        read.map_err(|flaw| self.refuse(name, flaw)).ok()
    }
}

/// Text, of whatever kind.
pub(super) fn text(value: Value) -> Result<String, Flaw> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err("Must be text.".into()),
    }
}

/// Text that no log may hold.
pub(super) fn secret(value: Value) -> Result<SecretString, Flaw> {
    text(value).map(SecretString::from)
}

/// An e-mail address.
pub(super) fn email(value: Value) -> Result<Email, Flaw> {
    Email::parse(&text(value)?).map_err(|_| "This is no e-mail address.".into())
}

/// A telephone number.
pub(super) fn phone(value: Value) -> Result<Phone, Flaw> {
    Phone::parse(&text(value)?)
        .map_err(|_| "This is no telephone number with its country code.".into())
}

/// A password that may be set.
pub(super) fn password(value: Value) -> Result<NewPassword, Flaw> {
    NewPassword::parse(secret(value)?, &recovery::RULES).map_err(|fault| format!("{fault}.").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq)]
    struct Form {
        email: String,
        token: Option<String>,
        age: Change<i64>,
    }

    fn form(fields: &mut Fields) -> Option<Form> {
        let email = fields.required("email", email);
        let token = fields.optional("token", text);
        let age = fields.change("age", |value| {
            value.as_i64().ok_or_else(|| "Must be a number.".into())
        });
        Some(Form {
            email: email?.as_str().to_owned(),
            token,
            age,
        })
    }

    fn read(media: MediaType, text: &str) -> Result<Form, Value> {
        let body = Body {
            media,
            bytes: text.to_owned().into(),
        };
        body.read(form)
            .map_err(|faults| serde_json::to_value(faults).unwrap())
    }

    #[test]
    fn a_field_is_kept_cleared_or_set() {
        let age = |text: &str| read(MediaType::Json, text).unwrap().age;
        assert_eq!(age(r#"{"email": "ada@example.com"}"#), Change::Keep);
        assert_eq!(
            age(r#"{"email": "ada@example.com", "age": null}"#),
            Change::Clear
        );
        assert_eq!(
            age(r#"{"email": "ada@example.com", "age": 36}"#),
            Change::Set(36)
        );
    }

    #[test]
    fn all_faults_of_a_body_are_told_at_once() {
        assert_eq!(
            read(MediaType::Json, r#"{"token": 7, "age": "old"}"#).unwrap_err(),
            json!([
                {"field": "email", "detail": "Required."},
                {"field": "token", "detail": "Must be text."},
                {"field": "age", "detail": "Must be a number."},
            ])
        );
    }

    #[test]
    fn sec_1_5_2_what_is_no_json_object_is_no_form() {
        for text in [
            "",
            "[]",
            "null",
            "7",
            "{",
            "\"a\"",
            r#"{"email": "\ud800"}"#,
        ] {
            let told = read(MediaType::Json, text).unwrap_err();
            assert!(
                told[0]["detail"].is_string() && told[0]["field"].is_null(),
                "{text}"
            );
        }
    }

    #[test]
    fn sec_3_5_2_a_body_that_does_not_say_json_is_refused() {
        let good = r#"{"email": "ada@example.com"}"#;
        for media in [
            MediaType::Text,
            MediaType::Form,
            MediaType::Multipart,
            MediaType::Other,
            MediaType::Missing,
        ] {
            assert!(read(media, good).is_err(), "{media:?}");
        }
    }

    #[test]
    fn sec_15_3_7_a_key_sent_twice_is_refused() {
        let told = read(
            MediaType::Json,
            r#"{"email": "a@example.com", "email": "b@example.com"}"#,
        );
        assert_eq!(
            told.unwrap_err(),
            json!([{"field": "email", "detail": "Sent twice."}])
        );
    }
}
