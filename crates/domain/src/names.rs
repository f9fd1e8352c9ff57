//! Names that users give: nicknames and the names of their files.

use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// A name that is shown to others and is unique without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nickname {
    given: String,
    key: String,
}

impl Nickname {
    /// Reads a nickname whose length in code points lies in `length`.
    pub fn parse(
        text: &str,
        length: std::ops::RangeInclusive<usize>,
    ) -> Result<Self, crate::TextError> {
        crate::text::check(text, *length.start(), *length.end())?;
        let key = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        Ok(Self {
            given: text.to_owned(),
            key,
        })
    }

    /// The canonical form.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.given
    }
}

/// The name of a user's file: one path segment that cannot climb, hide or break a header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName(String);

/// Why a text cannot name a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a file name is one path segment of 1 to 255 bytes without separators or control characters"
)]
pub struct FileNameError;

impl FileName {
    /// Reads a name of 1 to 255 bytes without `/`, `\`, control or text-reordering characters, that is not dots alone.
    pub fn parse(text: &str) -> Result<Self, FileNameError> {
        let bounded = (1..=255).contains(&text.len());
        let dots_alone = text.chars().all(|c| c == '.');
        let clean = text
            .chars()
            .all(|c| !c.is_control() && !matches!(c, '/' | '\\' | '\u{200E}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'));
        if bounded && clean && !dots_alone {
            Ok(Self(text.to_owned()))
        } else {
            Err(FileNameError)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_5_3_2_a_file_name_is_one_harmless_path_segment() {
        for good in ["a", "report.pdf", "Übersicht 2024.txt", "..a", "-rf"] {
            assert!(FileName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "...",
            "a/b",
            "a\\b",
            "a\0b",
            "a\r\nb",
            "\u{202E}gpj.exe",
        ] {
            assert!(FileName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(FileName::parse(&"a".repeat(255)).is_ok());
        assert!(FileName::parse(&"a".repeat(256)).is_err());
    }

    #[test]
    fn nicknames_are_unique_without_case() {
        let one = Nickname::parse("Ada", 3..=42).unwrap();
        assert_eq!(one.key(), Nickname::parse("ADA", 3..=42).unwrap().key());
        assert!(Nickname::parse("ab", 3..=42).is_err());
    }
}
