//! Identity providers, by the name that an operator gives them.

use std::fmt;

/// Names an identity provider: 1 to 32 lower-case letters, digits, hyphens and underscores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(String);

/// Why a text names no provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a provider's name has 1 to 32 characters of a-z, 0-9, `-` and `_`")]
pub struct ProviderNameError;

impl ProviderName {
    /// Reads a provider's name.
    pub fn parse(text: &str) -> Result<Self, ProviderNameError> {
        let bounded = (1..=32).contains(&text.len());
        let plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        };
        if bounded && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProviderNameError)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_has_a_plain_name() {
        for good in ["google", "apple", "my-idp_2", &"a".repeat(32)] {
            assert!(ProviderName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Google", "a b", "a/b", "ä", "a\0", &"a".repeat(33)] {
            assert!(ProviderName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
