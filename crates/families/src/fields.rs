//! The families' own body reader: it finds every fault of a body at once and says so in the shape of `FastAPI`.
//!
//! The documents' clients show one message beside each field of a form, so a reader that stops at the first fault will
//! not do. Invariant: a reading that yields no value has left at least one fault. What a value must look like is said
//! by `domain`; fields that a form does not ask for are ignored, so that no request can set what is not on its list.

mod document;
mod fault;
mod values;

pub(crate) use document::Document;
pub(crate) use fault::{FieldFault, Flaw};
pub(crate) use values::{email, new_password, phone};

use doorward_service::profiles::Change;
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// All that is wrong with one body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Faults(Vec<FieldFault>);

impl Faults {
    /// One fault, of the whole body or of a field.
    pub(crate) fn one(fault: FieldFault) -> Self {
        Self(vec![fault])
    }

    pub(crate) fn into_list(self) -> Vec<FieldFault> {
        self.0
    }

    /// What is wrong first, for clients of `code`, who read one sentence.
    pub(crate) fn into_sentence(self) -> Cow<'static, str> {
        let first = self.0.into_iter().next();
        first.map(FieldFault::into_sentence).unwrap_or_default()
    }
}

/// The members of a JSON object while a form is read from it.
pub(crate) struct Fields {
    members: Map<String, Value>,
    faults: Vec<FieldFault>,
}

impl Fields {
    /// Reads a form from `members`; `form` asks for every field it has before it gives up on one.
    pub(crate) fn read<T>(
        members: Map<String, Value>,
        form: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Result<T, Faults> {
        let mut fields = Self {
            members,
            faults: Vec::new(),
        };
        match form(&mut fields) {
            Some(value) if fields.faults.is_empty() => Ok(value),
            _ => Err(Faults(fields.faults)),
        }
    }

    /// Whether a field was sent, be it as `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A field that must be there, made into what `parse` makes of its text.
    pub(crate) fn parse<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Flaw>,
    ) -> Option<T> {
        let read = self.take(name).and_then(|text| parse(&text));
        self.note(name, read)
    }

    /// A secret that must be there. It is never stored as text, so NUL counts like any other character.
    pub(crate) fn secret<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(SecretString) -> Result<T, Flaw>,
    ) -> Option<T> {
        let read = self
            .take(name)
            .and_then(|text| parse(SecretString::from(text)));
        self.note(name, read)
    }

    /// Text of at most `max` code points that may be left out or `null`.
    pub(crate) fn optional_text(&mut self, name: &'static str, max: usize) -> Option<String> {
        match self.take(name) {
            Err(Flaw::Missing | Flaw::Null) => None,
            read => {
                let read = read.and_then(|text| storable(text, max));
                self.note(name, read)
            }
        }
    }

    /// A field that may be left out; `null` and `""` leave it out too.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Flaw>,
    ) -> Option<T> {
        match self.take(name) {
            Err(Flaw::Missing | Flaw::Null) => None,
            Ok(text) if text.is_empty() => None,
            read => {
                let read = read.and_then(|text| parse(&text));
                self.note(name, read)
            }
        }
    }

    /// A secret that may be left out or `null`.
    pub(crate) fn optional_secret(&mut self, name: &'static str) -> Option<SecretString> {
        match self.take(name) {
            Err(Flaw::Missing | Flaw::Null) => None,
            read => self.note(name, read.map(SecretString::from)),
        }
    }

    /// A secret that must be there, or `null` in its place.
    pub(crate) fn secret_or_null<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(SecretString) -> Result<T, Flaw>,
    ) -> Option<T> {
        match self.take(name) {
            Err(Flaw::Null) => None,
            read => {
                let read = read.and_then(|text| parse(SecretString::from(text)));
                self.note(name, read)
            }
        }
    }

    /// What is to become of text of as many code points as lie in `length`: left out, it stays; `null` clears it.
    pub(crate) fn change_text<T>(
        &mut self,
        name: &'static str,
        length: &RangeInclusive<usize>,
        parse: impl FnOnce(String) -> Result<T, Flaw>,
    ) -> Change<T> {
        self.change(name, |value| match value {
            Value::String(text) => {
                let text = storable(text, *length.end())?;
                if text.chars().count() < *length.start() {
                    return Err(Flaw::TooShort(*length.start()));
                }
                parse(text)
            }
            _ => Err(Flaw::NotText),
        })
    }

    /// What is to become of a whole number of at least `min`: left out, it stays; `null` clears it.
    pub(crate) fn change_integer(&mut self, name: &'static str, min: i64) -> Change<i64> {
        self.change(name, |value| match value.as_i64() {
            Some(number) if number < min => Err(Flaw::TooSmall(min)),
            Some(number) => Ok(number),
            None => Err(Flaw::NotInteger),
        })
    }

    fn change<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(Value) -> Result<T, Flaw>,
    ) -> Change<T> {
        match self.members.remove(name) {
            None => Change::Keep,
            Some(Value::Null) => Change::Clear,
            Some(value) => self
                .note(name, parse(value))
                .map_or(Change::Keep, Change::Set),
        }
    }

    fn take(&mut self, name: &str) -> Result<String, Flaw> {
        match self.members.remove(name) {
            Some(Value::String(text)) => Ok(text),
            Some(Value::Null) => Err(Flaw::Null),
            Some(_) => Err(Flaw::NotText),
            None => Err(Flaw::Missing),
        }
    }

    fn note<T>(&mut self, name: &'static str, read: Result<T, Flaw>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(flaw) => {
                self.faults.push(FieldFault::body(name, flaw));
                None
            }
        }
    }
}

/// PostgreSQL cannot hold NUL in TEXT, so no engine may.
pub(crate) fn storable(text: String, max: usize) -> Result<String, Flaw> {
    if text.contains('\0') {
        return Err(Flaw::value("must not contain NUL"));
    }
    if text.chars().count() > max {
        return Err(Flaw::TooLong(max));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use serde_json::json;

    #[derive(Debug, PartialEq)]
    struct Form {
        email: String,
        name: Option<String>,
        password: String,
    }

    fn read(body: &Value) -> Result<Form, Value> {
        let members = body.as_object().unwrap().clone();
        Fields::read(members, |fields| {
            let email = fields.parse("email", |text| {
                if text.contains('@') {
                    Ok(text.to_owned())
                } else {
                    Err(Flaw::value("value is not a valid email address"))
                }
            });
            let name = fields.optional_text("name", 5);
            let password = fields.secret("password", |text| {
                if text.expose_secret().len() < 6 {
                    Err(Flaw::TooShort(6))
                } else {
                    Ok(text.expose_secret().to_owned())
                }
            });
            Some(Form {
                email: email?,
                name,
                password: password?,
            })
        })
        .map_err(|faults| serde_json::to_value(faults.into_list()).unwrap())
    }

    #[test]
    fn all_faults_of_a_body_are_told_at_once() {
        let told = read(&json!({"email": "ada", "password": "short", "name": 7})).unwrap_err();
        assert_eq!(
            told,
            json!([
                {"loc": ["body", "email"], "msg": "value is not a valid email address", "type": "value_error"},
                {"loc": ["body", "name"], "msg": "Input should be a valid string", "type": "string_type"},
                {"loc": ["body", "password"], "msg": "String should have at least 6 characters", "type": "string_too_short"},
            ])
        );
    }

    #[test]
    fn a_field_that_is_not_there_is_required() {
        assert_eq!(
            read(&json!({"email": "ada@example.com"})).unwrap_err(),
            json!([{"loc": ["body", "password"], "msg": "Field required", "type": "missing"}])
        );
    }

    #[test]
    fn null_is_no_text_but_leaves_an_optional_field_out() {
        let form = read(&json!({"email": "a@b", "name": null, "password": "long enough"})).unwrap();
        assert_eq!(form.name, None);
        assert_eq!(
            read(&json!({"email": null, "password": "long enough"})).unwrap_err(),
            json!([{"loc": ["body", "email"], "msg": "Input should be a valid string", "type": "string_type"}])
        );
    }

    #[test]
    fn nul_in_stored_text_is_refused_and_in_a_password_it_counts() {
        let told =
            read(&json!({"email": "a@b", "name": "a\0b", "password": "12345\0"})).unwrap_err();
        assert_eq!(
            told,
            json!([{"loc": ["body", "name"], "msg": "must not contain NUL", "type": "value_error"}])
        );
        let form = read(&json!({"email": "a@b", "password": "12345\0"})).unwrap();
        assert_eq!(form.password, "12345\0");
    }

    #[test]
    fn length_is_counted_in_code_points() {
        assert!(read(&json!({"email": "a@b", "name": "Жанна", "password": "123456"})).is_ok());
        assert_eq!(
            read(&json!({"email": "a@b", "name": "Жанна!", "password": "123456"})).unwrap_err(),
            json!([{"loc": ["body", "name"], "msg": "String should have at most 5 characters", "type": "string_too_long"}])
        );
    }

    fn change(body: &Value) -> Result<(Change<String>, Change<i64>), String> {
        let Value::Object(members) = body.clone() else {
            panic!("a form is read from an object");
        };
        Fields::read(members, |fields| {
            let name = fields.change_text("name", &(1..=5), Ok);
            Some((name, fields.change_integer("age", 18)))
        })
        .map_err(|faults| faults.into_sentence().into_owned())
    }

    #[test]
    fn only_sent_fields_change_and_null_clears() {
        assert_eq!(change(&json!({})), Ok((Change::Keep, Change::Keep)));
        assert_eq!(
            change(&json!({"name": null, "age": null})),
            Ok((Change::Clear, Change::Clear))
        );
        assert_eq!(
            change(&json!({"name": "Ada", "age": 18})),
            Ok((Change::Set("Ada".to_owned()), Change::Set(18)))
        );
    }

    #[test]
    fn the_first_fault_can_be_told_alone() {
        for (body, sentence) in [
            (
                json!({"name": "", "age": 7}),
                "String should have at least 1 character",
            ),
            (
                json!({"name": "Жанна!"}),
                "String should have at most 5 characters",
            ),
            (json!({"name": "a\0"}), "must not contain NUL"),
            (json!({"name": 7}), "Input should be a valid string"),
            (
                json!({"age": 17}),
                "Input should be greater than or equal to 18",
            ),
            (json!({"age": 36.0}), "Input should be a valid integer"),
            (json!({"age": "36"}), "Input should be a valid integer"),
            (json!({"age": true}), "Input should be a valid integer"),
            (
                json!({"age": 18_446_744_073_709_551_615_u64}),
                "Input should be a valid integer",
            ),
        ] {
            assert_eq!(change(&body), Err(sentence.to_owned()), "{body}");
        }
    }

    #[test]
    fn null_and_nothing_leave_an_identifier_out() {
        for body in [json!({}), json!({"email": null}), json!({"email": ""})] {
            let Value::Object(members) = body else {
                panic!("a form is read from an object");
            };
            let read = Fields::read(members, |fields| {
                Some(fields.optional("email", |text| Ok(text.to_owned())))
            });
            assert_eq!(read, Ok(None));
        }
    }

    #[test]
    fn a_secret_may_be_null_and_not_left_out() {
        let read = |body: Value| {
            let Value::Object(members) = body else {
                panic!("a form is read from an object");
            };
            Fields::read(members, |fields| {
                let read = |text: SecretString| Ok(text.expose_secret().to_owned());
                Some(fields.secret_or_null("password", read))
            })
            .map_err(Faults::into_sentence)
        };
        assert_eq!(read(json!({"password": null})), Ok(None));
        assert_eq!(
            read(json!({"password": "secret"})),
            Ok(Some("secret".to_owned()))
        );
        assert_eq!(read(json!({})), Err("Field required".into()));
        assert_eq!(
            read(json!({"password": 7})),
            Err("Input should be a valid string".into())
        );
    }

    #[test]
    fn sec_15_3_3_fields_that_no_form_asks_for_are_ignored() {
        let body = json!({"email": "a@b", "password": "123456", "status": "active", "id": 1});
        assert!(read(&body).is_ok());
    }

    #[test]
    fn sec_1_5_2_a_number_a_flag_or_a_list_is_no_text() {
        for other in [json!(1), json!(true), json!(["a"]), json!({"a": "b"})] {
            let told = read(&json!({"email": other, "password": "123456"})).unwrap_err();
            assert_eq!(told[0]["type"], "string_type", "{other}");
        }
    }
}
