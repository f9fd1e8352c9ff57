//! Reading JSON out of tokens, strictly.
//!
//! A member that stands twice is refused (RFC 7515 section 4, RFC 7519 section 4: a parser that keeps the last
//! one and another that keeps the first would see different tokens), and a time of the wrong type is an error,
//! never an absence.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::JoseError;

/// Claims that hold seconds since 1970 wherever they stand.
const TIMES: [&str; 4] = ["exp", "iat", "nbf", "auth_time"];

/// The claims of a payload whose signature was found good.
///
/// Times (`exp`, `iat`, `nbf`, `auth_time`) are whole seconds from 0 to 2^63 - 1: a float, a string, a negative
/// or a larger number is an error, whether or not `T` reads them. Which claims must be there is `T`'s to say.
pub fn parse_claims<T: DeserializeOwned>(payload: &[u8]) -> Result<T, JoseError> {
    let members = object(payload).ok_or(JoseError::Claims)?;
    let times_are_whole = TIMES
        .iter()
        .filter_map(|name| members.get(*name))
        .all(|time| {
            time.as_u64()
                .is_some_and(|time| i64::try_from(time).is_ok())
        });
    if !times_are_whole {
        return Err(JoseError::Claims);
    }
    T::deserialize(Value::Object(members)).map_err(|_| JoseError::Claims)
}

/// A JSON object without a repeated member at any depth.
pub(super) fn object(json: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(json) {
        Ok(Strict(Value::Object(members))) => Some(members),
        _ => None,
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without repeated members")
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
            .ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Claims {
        sub: String,
        exp: i64,
        iat: Option<i64>,
    }

    fn parse(json: &str) -> Result<Claims, JoseError> {
        parse_claims(json.as_bytes())
    }

    #[test]
    fn claims_are_read_into_their_type() {
        assert_eq!(
            parse(r#"{"sub":"1","exp":9223372036854775807,"iat":0,"more":[1.5,{"a":null}]}"#),
            Ok(Claims {
                sub: "1".to_owned(),
                exp: i64::MAX,
                iat: Some(0)
            })
        );
    }

    #[test]
    fn sec_i32_a_time_of_the_wrong_type_is_an_error_not_an_absence() {
        for wrong in [
            "null",
            "true",
            "\"1700000000\"",
            "1700000000.0",
            "1.7e9",
            "[1700000000]",
            "{}",
            "-1",
            "9223372036854775808",
            "18446744073709551616",
            "1e400",
        ] {
            for time in TIMES {
                let exp = if time == "exp" { "" } else { r#""exp":1,"# };
                let json = format!(r#"{{"sub":"1",{exp}"{time}":{wrong}}}"#);
                assert_eq!(parse(&json), Err(JoseError::Claims), "{json}");
            }
        }
    }

    #[test]
    fn a_claim_that_its_type_requires_must_be_there() {
        assert_eq!(parse(r#"{"sub":"1","iat":1}"#), Err(JoseError::Claims));
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_at_any_depth() {
        for json in [
            r#"{"sub":"1","exp":1,"sub":"2"}"#,
            r#"{"sub":"1","exp":1,"\u0073ub":"1"}"#,
            r#"{"sub":"1","exp":1,"deep":[{"a":1,"a":1}]}"#,
        ] {
            assert_eq!(parse(json), Err(JoseError::Claims), "{json}");
        }
    }

    #[test]
    fn sec_i43_what_is_no_object_or_too_deep_is_refused_without_a_panic() {
        let deep = format!(
            "{{\"sub\":{}1{}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        for json in [
            "",
            "1",
            "[]",
            "\"a\"",
            "{",
            "{}x",
            "{\"a\":\"\\ud800\"}",
            &deep,
        ] {
            assert_eq!(parse(json), Err(JoseError::Claims));
        }
        assert_eq!(
            parse_claims::<Value>(b"{\"a\":\"\xFF\"}"),
            Err(JoseError::Claims)
        );
    }
}
