//! What the HTTP provider of text messages is sent: a template of JSON that an operator may bring along.

use crate::ports::{SendError, Sms};
use minijinja::{Environment, Output, State, UndefinedBehavior, Value, context};
use serde::de::IgnoredAny;

/// For operators who bring none along.
const DEFAULT: &str = r#"{"to": "{{ to }}", "text": "{{ text }}"}"#;

const NAME: &str = "sms.body";

/// How much work a template may do; a loop that never ends stops there.
const FUEL: u64 = 50_000;

/// A body for every message. Whatever a value holds, it stays inside the quotes that it is written in.
pub struct SmsBody(Environment<'static>);

/// Why a text is no template of a body.
#[derive(Debug, thiserror::Error)]
pub enum SmsBodyError {
    /// It is no template, or names a variable that there is not.
    #[error("it cannot be filled: {0}")]
    Template(#[from] minijinja::Error),
    /// What it makes is not JSON.
    #[error(
        "filled, it is not JSON: {0}; write each value in quotes, as in `{{\"to\": \"{{{{ to }}}}\"}}`"
    )]
    Json(#[from] serde_json::Error),
}

impl SmsBody {
    /// Reads a template, which knows `to`, `text` and `code` (empty where the message brings none). Without one, the
    /// body has `to` and `text`.
    pub fn parse(template: Option<&str>) -> Result<Self, SmsBodyError> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_formatter(write_in_quotes);
        environment.add_template_owned(NAME, template.unwrap_or(DEFAULT).to_owned())?;
        let body = Self(environment);
        for code in [Some("123456"), None] {
            let filled = body.render("+441632960018", "Your code:\n\"123456\"", code)?;
            serde_json::from_str::<IgnoredAny>(&filled)?;
        }
        Ok(body)
    }

    /// The body for a message.
    pub fn fill(&self, sms: &Sms) -> Result<String, SendError> {
        self.render(&sms.to, &sms.text, sms.code.as_deref())
            .map_err(|error| SendError::Permanent(format!("`sms.body`: {error}")))
    }

    fn render(&self, to: &str, text: &str, code: Option<&str>) -> Result<String, minijinja::Error> {
        let code = code.unwrap_or_default();
        self.0
            .get_template(NAME)?
            .render(context! { to, text, code })
    }
}

/// Writes a value as the inside of a JSON string (RFC 8259 section 7).
fn write_in_quotes(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    if value.is_undefined() {
        // Strict: says which variable it is.
        return minijinja::escape_formatter(out, state, value);
    }
    let quoted = serde_json::to_string(&value.to_string()).map_err(|error| {
        minijinja::Error::new(minijinja::ErrorKind::WriteFailure, error.to_string())
    })?;
    let inside = quoted
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    Ok(out.write_str(inside.unwrap_or_default())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::{JobId, Timestamp};
    use serde_json::json;

    fn sms(text: &str, code: Option<&str>) -> Sms {
        Sms {
            id: JobId::new(Timestamp::from_millis(1), [7; 10]),
            to: "+441632960018".to_owned(),
            text: text.to_owned(),
            code: code.map(str::to_owned),
        }
    }

    fn filled(template: Option<&str>, sms: &Sms) -> serde_json::Value {
        let body = SmsBody::parse(template).unwrap().fill(sms).unwrap();
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn without_a_template_a_body_has_number_and_text() {
        let body = filled(None, &sms("Hello,\nAda", None));
        assert_eq!(body, json!({"to": "+441632960018", "text": "Hello,\nAda"}));
    }

    #[test]
    fn an_operators_template_is_filled() {
        let template = r#"{"recipients": ["{{ to }}"], "from": "Doorward", "otp": "{{ code }}", "body": "{{ text | upper }}"}"#;
        let body = filled(Some(template), &sms("Hello", Some("042137")));
        assert_eq!(
            body,
            json!({"recipients": ["+441632960018"], "from": "Doorward", "otp": "042137", "body": "HELLO"})
        );
        assert_eq!(filled(Some(template), &sms("Hello", None))["otp"], "");
    }

    #[test]
    fn sec_1_3_7_no_value_leaves_its_quotes() {
        for hostile in [
            r#"", "to": "+440000000000"#,
            "\\",
            "\u{0}\u{1f}\u{7f}",
            "{{ to }}{% raw %}",
            "łódź 🔑",
            "</script>",
        ] {
            let body = filled(None, &sms(hostile, None));
            assert_eq!(body, json!({"to": "+441632960018", "text": hostile}));
        }
    }

    #[test]
    fn a_template_that_makes_no_json_is_refused_before_anything_is_sent() {
        for (template, word) in [
            (r#"{"to": {{ to }}}"#, "quotes"),
            (r#"{"to": "{{ number }}"}"#, "filled"),
            (r#"{"to": "{{ to }"#, "filled"),
            ("{% for i in range(100000) %}1{% endfor %}", "filled"),
            ("to={{ to }}", "JSON"),
        ] {
            let error = SmsBody::parse(Some(template)).err().unwrap().to_string();
            assert!(error.contains(word), "{template}: {error}");
        }
    }
}
