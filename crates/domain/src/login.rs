//! Login names: Unicode, compared in NFKC and without case, and never mistaken for an address.

use std::fmt;
use unicode_normalization::UnicodeNormalization;

const MIN: usize = 3;
const MAX: usize = 100;

/// A name that a person signs in with.
#[derive(Clone)]
pub struct Login {
    given: String,
    key: String,
}

/// Why a text is no login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Fewer than three characters.
    #[error("Login must be at least 3 characters long")]
    TooShort,
    /// More than a hundred characters.
    #[error("Login must be at most 100 characters long")]
    TooLong,
    /// Control and invisible formatting characters would make two logins look alike.
    #[error("Login must not contain control or invisible characters")]
    Invisible,
}

impl Login {
    /// Reads a login of 3 to 100 characters in any script. Blanks around it are not part of it.
    pub fn parse(text: &str) -> Result<Self, LoginError> {
        let given = text.trim().to_owned();
        let key: String = given.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        if given.chars().chain(key.chars()).any(is_invisible) {
            return Err(LoginError::Invisible);
        }
        let shortest = given.chars().count().min(key.trim().chars().count());
        if shortest < MIN {
            return Err(LoginError::TooShort);
        }
        if given.chars().count() > MAX || key.len() > 4 * MAX {
            return Err(LoginError::TooLong);
        }
        Ok(Self { given, key })
    }

    /// The canonical form.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// As it was given first.
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// Whether it looks like an e-mail address, which `profile = "strict"` refuses.
    pub fn looks_like_an_address(&self) -> bool {
        self.key.contains('@')
    }
}

/// Control characters, zero-width characters, and those that reorder text (Unicode's `Default_Ignorable` and bidi controls).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Login {}

impl std::hash::Hash for Login {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Debug for Login {
    /// Identifiers do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn logins_are_compared_in_nfkc_without_case() {
        let login = Login::parse("Ａｄａ").unwrap();
        assert_eq!(login.key(), "ada");
        assert_eq!(login, Login::parse("ADA").unwrap());
        assert_eq!(login.as_str(), "Ａｄａ");
    }

    #[test]
    fn a_login_has_3_to_100_characters_of_any_script() {
        assert_eq!(Login::parse("ab").unwrap_err(), LoginError::TooShort);
        assert!(Login::parse("аня").is_ok());
        assert!(Login::parse(&"a".repeat(100)).is_ok());
        assert_eq!(
            Login::parse(&"a".repeat(101)).unwrap_err(),
            LoginError::TooLong
        );
    }

    #[test]
    fn sec_i29_invisible_characters_make_no_login() {
        for bad in [
            "ad\u{200B}a",
            "ada\u{202E}",
            "a\0da",
            "a\rda",
            "ada\u{FEFF}b",
        ] {
            assert_eq!(
                Login::parse(bad).unwrap_err(),
                LoginError::Invisible,
                "{bad:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn sec_i29_the_canonical_form_of_a_login_is_stable(text in "\\PC{3,40}") {
            if let Ok(login) = Login::parse(&text)
                && let Ok(again) = Login::parse(login.key())
            {
                prop_assert_eq!(again.key(), login.key().trim());
            }
        }
    }
}
