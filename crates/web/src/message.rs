//! A message as the inbox shows it: what a reader came for, its codes and links, stands out of the text.

use doorward_service::inbox::Message;

/// What a message is on the page.
pub(crate) struct Shown<'a> {
    pub(crate) to: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) text: &'a str,
    pub(crate) codes: Vec<&'a str>,
    pub(crate) links: Vec<&'a str>,
    pub(crate) sent_at: String,
    pub(crate) day_and_time: String,
}

impl<'a> From<&'a Message> for Shown<'a> {
    fn from(message: &'a Message) -> Self {
        let sent_at = message.created_at.to_rfc3339_millis();
        let day_and_time = message
            .created_at
            .to_rfc3339()
            .replace('T', " ")
            .replace('Z', " UTC");
        let (links, codes) = (links(&message.text), codes(&message.text));
        Self {
            to: &message.to,
            subject: &message.subject,
            text: &message.text,
            codes,
            links,
            sent_at,
            day_and_time,
        }
    }
}

/// Words of 4 to 10 digits alone: every code there is, and no year in a date such as `2025-01-01`.
fn codes(text: &str) -> Vec<&str> {
    let words = text
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| ".,:;!()\"'".contains(c)));
    let mut codes: Vec<_> = words
        .filter(|word| (4..=10).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit()))
        .collect();
    codes.dedup();
    codes
}

/// Addresses of pages. Nothing else becomes a link, whatever a message says.
fn links(text: &str) -> Vec<&str> {
    let words = text
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| ".,;!()<>\"'".contains(c)));
    let mut links: Vec<_> = words
        .filter(|word| word.starts_with("https://") || word.starts_with("http://"))
        .collect();
    links.dedup();
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_alone() {
        assert_eq!(
            codes("Your code is 042137. It is good for 10 minutes."),
            ["042137"]
        );
        assert_eq!(
            codes("12345678\n\nAsked for on 2025-01-01 at 12:34 from 192.0.2.1, room 101"),
            ["12345678"]
        );
        assert!(codes("+4915112345678 and a1234 and 12345678901").is_empty());
    }

    #[test]
    fn sec_i23_only_web_addresses_become_links() {
        let text = "Open (https://door.example.com/confirm/abc). javascript:alert(1) data:text/html,x <http://127.0.0.1:8000/x>";
        assert_eq!(
            links(text),
            [
                "https://door.example.com/confirm/abc",
                "http://127.0.0.1:8000/x"
            ]
        );
    }
}
