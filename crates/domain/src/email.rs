//! E-mail addresses: one canonical form for look-up, uniqueness and limits, and the spelling that was given first.

use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization;

/// RFC 5321 section 4.5.3.1.3: a path has at most 256 octets with its two brackets.
const MAX_OCTETS: usize = 254;

/// An address that can be written to.
#[derive(Clone)]
pub struct Email {
    given: String,
    key: String,
}

/// Why a text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// The text does not have the shape of an address.
    #[error("value is not a valid email address")]
    Invalid,
    /// Longer than RFC 5321 allows a path to be.
    #[error("an email address has at most 254 octets")]
    TooLong,
}

impl Email {
    /// Reads an address. Blanks around it are not part of it.
    ///
    /// The canonical form is the whole address in Unicode NFKC, case-folded, with its domain as IDNA A-labels (RFC 5891):
    /// two spellings that a person takes for the same address are the same account.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let given = text.trim().to_owned();
        if given.len() > MAX_OCTETS {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = given.rsplit_once('@').ok_or(EmailError::Invalid)?;
        let ascii_domain = canonical_domain(domain)?;
        if !is_plain_local(local) {
            return Err(EmailError::Invalid);
        }
        let folded: String = local.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        // Folding may bring forth what the shape forbids (a full-width `@` becomes a plain one): look again.
        if !is_plain_local(&folded) {
            return Err(EmailError::Invalid);
        }
        let key = format!("{folded}@{ascii_domain}");
        let options = email_address::Options::default()
            .without_display_text()
            .without_domain_literal()
            .with_required_tld();
        email_address::EmailAddress::parse_with_options(&key, options)
            .map_err(|_| EmailError::Invalid)?;
        if key.len() > MAX_OCTETS {
            return Err(EmailError::TooLong);
        }
        Ok(Self { given, key })
    }

    /// The canonical form.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The address as mail servers take it: as it was given, with its domain as IDNA A-labels (RFC 5891), since not every
    /// server on the way speaks SMTPUTF8 (RFC 6531).
    pub fn mailbox(&self) -> String {
        let local = self.given.rsplit_once('@').map_or("", |(local, _)| local);
        format!("{local}@{}", self.domain())
    }

    /// The domain in its canonical form: lower case, as IDNA A-labels.
    pub fn domain(&self) -> &str {
        self.key.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// As it was given first: what is shown.
    pub fn as_str(&self) -> &str {
        &self.given
    }
}

/// Quoted local parts are refused: they can carry `@`, blanks and line ends, and nobody has one.
fn is_plain_local(local: &str) -> bool {
    !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| {
            (c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
                || (!c.is_ascii() && c.is_alphanumeric())
        })
}

fn canonical_domain(domain: &str) -> Result<String, EmailError> {
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| EmailError::Invalid)?;
    if ascii.is_empty() || ascii.ends_with('.') || !ascii.contains('.') {
        return Err(EmailError::Invalid);
    }
    Ok(ascii)
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Email {}

impl std::hash::Hash for Email {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Debug for Email {
    /// Addresses do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_whole_address_is_compared_without_case() {
        let given = Email::parse("  Ada.Lovelace+x@Example.COM ").unwrap();
        assert_eq!(given.as_str(), "Ada.Lovelace+x@Example.COM");
        assert_eq!(given.key(), "ada.lovelace+x@example.com");
        assert_eq!(given, Email::parse("ada.lovelace+X@example.com").unwrap());
    }

    #[test]
    fn an_international_domain_has_one_key() {
        let unicode = Email::parse("ada@Bücher.example").unwrap();
        assert_eq!(unicode.key(), "ada@xn--bcher-kva.example");
        assert_eq!(unicode, Email::parse("ada@xn--bcher-kva.example").unwrap());
    }

    #[test]
    fn mail_goes_to_the_given_spelling_at_a_domain_that_every_server_reads() {
        let email = Email::parse("Ada.L@Bücher.Example").unwrap();
        assert_eq!(email.mailbox(), "Ada.L@xn--bcher-kva.example");
        let plain = Email::parse("Ada.L@example.com").unwrap();
        assert_eq!(plain.mailbox(), plain.as_str());
    }

    #[test]
    fn sec_i29_look_alikes_of_the_at_sign_and_hidden_characters_make_no_address() {
        for bad in [
            "ada\u{FF20}example.com",
            "ada\u{FE6B}b@example.com",
            "a\u{200B}da@example.com",
            "ada@exam\u{200D}ple.com\u{0000}",
            "ada@example.com\r\nBcc: eve@example.com",
            "\"ada eve\"@example.com",
            "Ada <ada@example.com>",
            "ada@[127.0.0.1]",
            "ada@localhost",
            "ada@example.com.",
            "ada@@example.com",
            "@example.com",
            "ada@",
            "ada",
            "",
            ".ada@example.com",
            "ada..l@example.com",
            "ada\u{0000}@example.com",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_has_at_most_254_octets() {
        let long = format!("ada@{}.example.com", "a.".repeat(130));
        assert_eq!(Email::parse(&long).unwrap_err(), EmailError::TooLong);
    }

    #[test]
    fn an_address_is_no_debug_output() {
        assert!(!format!("{:?}", Email::parse("ada@example.com").unwrap()).contains("ada"));
    }

    proptest! {
        #[test]
        fn sec_i29_the_canonical_form_is_its_own_canonical_form(text in "\\PC{1,20}@\\PC{1,20}\\.[a-z]{2,5}") {
            if let Ok(email) = Email::parse(&text) {
                let again = Email::parse(email.key()).unwrap();
                prop_assert_eq!(again.key(), email.key());
            }
        }

        #[test]
        fn nothing_makes_the_parser_panic(text in any::<String>()) {
            let _ = Email::parse(&text);
        }
    }
}
