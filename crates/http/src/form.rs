//! Strict forms: one meaning for every `application/x-www-form-urlencoded` body that is accepted.
//!
//! A field that is sent twice means one thing to one parser and another to the next, so it is refused; so are bytes
//! that are no text, since a password with something else in their place would be another one than was typed.

use serde_json::{Map, Value};

/// Why a body was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// A value holds bytes that are no UTF-8.
    #[error("Not UTF-8")]
    NotText,
    /// The same field is there twice.
    #[error("Field sent twice")]
    DuplicateField(String),
}

/// Reads the fields of a form (WHATWG URL standard, section 5.1), as the members of an object are read.
pub fn parse(body: &[u8]) -> Result<Map<String, Value>, FormFault> {
    let pairs = url::form_urlencoded::parse(body);
    gather(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())))
}

/// Puts fields together that were read one by one.
pub fn gather(
    pairs: impl IntoIterator<Item = (String, String)>,
) -> Result<Map<String, Value>, FormFault> {
    let mut fields = Map::new();
    for (name, value) in pairs {
        if name.contains(char::REPLACEMENT_CHARACTER) || value.contains(char::REPLACEMENT_CHARACTER)
        {
            return Err(FormFault::NotText);
        }
        if fields.contains_key(&name) {
            return Err(FormFault::DuplicateField(name));
        }
        fields.insert(name, Value::String(value));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_read_as_they_were_typed() {
        let fields = parse(b"username=ada%40example.com&password=+a%2Bb+%C3%BC+&scope=").unwrap();
        assert_eq!(
            Value::Object(fields),
            json!({"username": "ada@example.com", "password": " a+b ü ", "scope": ""})
        );
        assert!(parse(b"").unwrap().is_empty());
    }

    #[test]
    fn sec_15_3_7_a_field_sent_twice_is_refused_in_any_spelling() {
        for body in ["a=1&a=2", "a=1&%61=2", "a&a"] {
            assert_eq!(
                parse(body.as_bytes()),
                Err(FormFault::DuplicateField("a".to_owned())),
                "{body}"
            );
        }
    }

    #[test]
    fn sec_6_2_8_bytes_that_are_no_text_are_refused() {
        for body in [&b"password=a%FFb"[..], b"%FF=a", b"password=a\xffb"] {
            assert_eq!(parse(body), Err(FormFault::NotText));
        }
    }
}
