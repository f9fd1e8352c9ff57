//! One fault of a request, in the words that pydantic v2 has for it.

use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// Where a fault is, and what it is: `{"loc", "msg", "type"}`. What was sent is never repeated: it may be a password.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldFault {
    loc: Vec<Part>,
    msg: Cow<'static, str>,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A step of the way to a fault.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// A name: of a part of the request, or of a field.
    Name(Cow<'static, str>),
    /// A position in the body.
    At(usize),
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Name(name) => serializer.serialize_str(name),
            Self::At(position) => serializer.serialize_u64(*position as u64),
        }
    }
}

/// What can be wrong with a value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is not there.
    Missing,
    /// It is `null` where text is needed.
    Null,
    /// It is something else than text.
    NotText,
    /// Fewer code points than this.
    TooShort(usize),
    /// More code points than this.
    TooLong(usize),
    /// It breaks a rule of its own, which this sentence tells.
    Value(Cow<'static, str>),
    /// The body is no JSON.
    NotJson,
    /// The body is JSON, but no object.
    NotObject,
    /// It is something else than a whole number.
    NotInteger,
    /// A number below this.
    TooSmall(i64),
}

impl Flaw {
    /// A rule of the field's own is broken.
    pub(crate) fn value(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::Value(sentence.into())
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Null | Self::NotText => "string_type",
            Self::TooShort(_) => "string_too_short",
            Self::TooLong(_) => "string_too_long",
            Self::Value(_) => "value_error",
            Self::NotJson => "json_invalid",
            Self::NotObject => "model_attributes_type",
            Self::NotInteger => "int_type",
            Self::TooSmall(_) => "greater_than_equal",
        }
    }

    fn sentence(self) -> Cow<'static, str> {
        match self {
            Self::Missing => "Field required".into(),
            Self::Null | Self::NotText => "Input should be a valid string".into(),
            Self::TooShort(min) => {
                format!("String should have at least {}", characters(min)).into()
            }
            Self::TooLong(max) => format!("String should have at most {}", characters(max)).into(),
            Self::Value(sentence) => sentence,
            Self::NotJson => "JSON decode error".into(),
            Self::NotObject => {
                "Input should be a valid dictionary or object to extract fields from".into()
            }
            Self::NotInteger => "Input should be a valid integer".into(),
            Self::TooSmall(min) => format!("Input should be greater than or equal to {min}").into(),
        }
    }
}

fn characters(count: usize) -> String {
    format!("{count} character{}", if count == 1 { "" } else { "s" })
}

const BODY: Part = Part::Name(Cow::Borrowed("body"));
const PATH: Part = Part::Name(Cow::Borrowed("path"));

impl FieldFault {
    /// A fault of a field of the body.
    pub(crate) fn body(name: impl Into<Cow<'static, str>>, flaw: Flaw) -> Self {
        Self::new(vec![BODY, Part::Name(name.into())], flaw)
    }

    /// A fault of the body as a whole.
    pub(crate) fn whole(flaw: Flaw) -> Self {
        Self::new(vec![BODY], flaw)
    }

    /// A fault at a position of the body.
    pub(crate) fn at(position: usize, flaw: Flaw) -> Self {
        Self::new(vec![BODY, Part::At(position)], flaw)
    }

    /// A fault of a segment of the path.
    pub(crate) fn path(name: &'static str, flaw: Flaw) -> Self {
        Self::new(vec![PATH, Part::Name(name.into())], flaw)
    }

    /// What it is, without where.
    pub(crate) fn into_sentence(self) -> Cow<'static, str> {
        self.msg
    }

    fn new(loc: Vec<Part>, flaw: Flaw) -> Self {
        Self {
            loc,
            kind: flaw.kind(),
            msg: flaw.sentence(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fault_has_the_three_members_that_clients_read() {
        assert_eq!(
            serde_json::to_value(FieldFault::body("email", Flaw::Missing)).unwrap(),
            json!({"loc": ["body", "email"], "msg": "Field required", "type": "missing"})
        );
        assert_eq!(
            serde_json::to_value(FieldFault::at(7, Flaw::NotJson)).unwrap(),
            json!({"loc": ["body", 7], "msg": "JSON decode error", "type": "json_invalid"})
        );
        assert_eq!(
            serde_json::to_value(FieldFault::whole(Flaw::NotObject)).unwrap(),
            json!({
                "loc": ["body"],
                "msg": "Input should be a valid dictionary or object to extract fields from",
                "type": "model_attributes_type"
            })
        );
    }

    #[test]
    fn one_character_is_singular() {
        assert_eq!(
            Flaw::TooShort(1).sentence(),
            "String should have at least 1 character"
        );
    }
}
