//! The bytes that a proof's shared-key signature covers: JSON as Python's `json.dumps(payload, sort_keys=True)` writes it.

use doorward_domain::{Timestamp, UserId};
use std::fmt::Write as _;

/// The message: keys sorted, `", "` and `": "` between them, every character beyond ASCII escaped.
pub(super) fn message(user: UserId, email: &str, issued_at: Timestamp, project: &str) -> String {
    format!(
        "{{\"auth_user_id\": \"{user}\", \"email\": {}, \"issued_at\": {}, \"project_id\": {}, \"verified\": true}}",
        quoted(email),
        issued_at.as_seconds(),
        quoted(project),
    )
}

/// A JSON string as Python writes it: `\u` and four digits for all that is not printable ASCII, in surrogate pairs above U+FFFF;
/// the short forms for those that have one; `/` and DEL as they are.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='\u{7f}' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("a string takes all that is written to it");
                }
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_s18_the_bytes_equal_those_of_python() {
        // python3 -c 'import json; print(json.dumps("…"))' for each.
        for (text, python) in [
            ("ada@example.com", r#""ada@example.com""#),
            ("a\"b\\c/d", r#""a\"b\\c/d""#),
            ("\n\r\t\u{8}\u{c}\u{1f}\u{0}", r#""\n\r\t\b\f\u001f\u0000""#),
            ("\u{7f}", "\"\u{7f}\""),
            ("é", r#""\u00e9""#),
            ("日本", r#""\u65e5\u672c""#),
            ("🔑", r#""\ud83d\udd11""#),
        ] {
            assert_eq!(quoted(text), python);
        }
    }

    #[test]
    fn the_message_has_its_keys_in_order() {
        let user = UserId::new(Timestamp::from_millis(0), [0; 10]);
        assert_eq!(
            message(
                user,
                "ada@example.com",
                Timestamp::from_seconds(1_700_000_000),
                "shop"
            ),
            format!(
                r#"{{"auth_user_id": "{user}", "email": "ada@example.com", "issued_at": 1700000000, "project_id": "shop", "verified": true}}"#
            )
        );
    }
}
