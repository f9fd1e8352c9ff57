//! The project that a proof is made for.

use std::fmt;

/// Names a project: 1 to 64 characters, none of which ends a line or a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProjectId(String);

/// Why a text names no project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectIdError {
    /// Empty, or longer than 64 characters.
    #[error("a project id has 1 to 64 characters")]
    Length,
    /// Control characters would be able to forge another key or line.
    #[error("a project id has no control characters")]
    Control,
}

impl ProjectId {
    /// Reads a project's name.
    pub fn parse(text: &str) -> Result<Self, ProjectIdError> {
        if !(1..=64).contains(&text.chars().count()) {
            return Err(ProjectIdError::Length);
        }
        if text.chars().any(char::is_control) {
            return Err(ProjectIdError::Control);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_s17_a_project_is_checked_before_it_becomes_a_key() {
        for good in ["a", "shop", "Мой проект", "a:b|c/d", &"x".repeat(64)] {
            assert!(ProjectId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a\r\nb", "a\0b", "a\u{7f}", &"x".repeat(65)] {
            assert!(ProjectId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
