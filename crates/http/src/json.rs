//! Strict JSON: one meaning for every text that is accepted.
//!
//! A key that is sent twice means one thing to one parser and another to the next, so it is refused; so are lone
//! surrogates, which no Rust string can hold, and nesting deeper than any request needs.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt;

/// How deep arrays and objects may lie in one another.
pub const MAX_DEPTH: usize = 32;

/// Why a text was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// The text is no JSON (RFC 8259).
    #[error("JSON decode error")]
    Syntax {
        /// The byte at which that showed.
        offset: usize,
    },
    /// An object has the same key twice.
    #[error("Key sent twice")]
    DuplicateKey(String),
    /// Deeper than [`MAX_DEPTH`].
    #[error("Nested too deeply")]
    TooDeep,
}

/// Reads one JSON value that fills `text` whole.
pub fn parse(text: &[u8]) -> Result<Value, JsonFault> {
    let fault = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = Strict {
        depth: 0,
        fault: &fault,
    }
    .deserialize(&mut deserializer);
    read.and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| {
            fault.take().unwrap_or_else(|| JsonFault::Syntax {
                offset: offset(text, &error),
            })
        })
}

/// The byte that line and column (counted from 1, in bytes) of the parser's message stand for.
fn offset(text: &[u8], error: &serde_json::Error) -> usize {
    let before: usize = text
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    (before + error.column().saturating_sub(1)).min(text.len())
}

/// Reads a value at a depth; what it refuses goes into `fault`, as the parser's own error can hold only a text.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    fault: &'a RefCell<Option<JsonFault>>,
}

impl Strict<'_> {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.refuse(JsonFault::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    fn refuse<E: serde::de::Error>(self, fault: JsonFault) -> E {
        let error = E::custom(&fault);
        self.fault.replace(Some(fault));
        error
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(self.refuse(JsonFault::DuplicateKey(key)));
            }
            object.insert(key, entries.next_value_seed(inside)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_read() {
        let text = r#" {"a": [1, -2, 2.5, true, null, "ü\n\ud83d\ude00"], "b": {"c": "d"}} "#;
        let value = json!({"a": [1, -2, 2.5, true, null, "ü\n😀"], "b": {"c": "d"}});
        assert_eq!(parse(text.as_bytes()), Ok(value));
        assert_eq!(parse(b"\"token\""), Ok(json!("token")));
    }

    #[test]
    fn sec_1_5_3_a_key_sent_twice_is_refused() {
        let twice = Err(JsonFault::DuplicateKey("a".to_owned()));
        assert_eq!(parse(br#"{"a": 1, "a": 1}"#), twice);
        assert_eq!(parse(br#"{"a": 1, "\u0061": 2}"#), twice);
        assert_eq!(parse(br#"{"x": [{"a": 1, "a": 2}]}"#), twice);
    }

    #[test]
    fn sec_1_5_2_depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(
            parse(nested(MAX_DEPTH + 1).as_bytes()),
            Err(JsonFault::TooDeep)
        );
        assert_eq!(
            parse("[".repeat(100_000).as_bytes()),
            Err(JsonFault::TooDeep)
        );
        assert_eq!(
            parse(r#"{"a":"#.repeat(100_000).as_bytes()),
            Err(JsonFault::TooDeep)
        );
    }

    #[test]
    fn sec_i43_what_is_no_json_is_refused_with_its_place() {
        for (text, offset) in [
            ("", 0),
            ("{", 1),
            ("{\"a\": }", 6),
            ("{}\n x", 4),
            ("[1,]", 3),
            ("nul", 2),
        ] {
            match parse(text.as_bytes()) {
                Err(JsonFault::Syntax { offset: found }) => {
                    assert!(found.abs_diff(offset) <= 1, "{text:?}: {found}");
                }
                other => panic!("{text:?}: {other:?}"),
            }
        }
        for text in [
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            "'a'",
            "{a: 1}",
            "NaN",
            "1e999",
            "\u{feff}{}",
            "{\"a\": 1} {}",
        ] {
            assert!(
                matches!(parse(text.as_bytes()), Err(JsonFault::Syntax { .. })),
                "{text}"
            );
        }
        assert!(parse(b"\"\xff\"").is_err() && parse(b"\"a\0b\"").is_err());
    }

    proptest::proptest! {
        #[test]
        fn sec_i43_no_text_panics_and_what_is_read_is_what_serde_reads(text in r#"[\[\]{}:,"a0-9.e\\u d8-]{0,40}"#) {
            if let Ok(value) = parse(text.as_bytes()) {
                let lenient: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(value, lenient);
            }
        }
    }
}
