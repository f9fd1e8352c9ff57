//! Names of rows: UUIDs of version 7 (RFC 9562), which sort by the time they were made.
//!
//! An id is a name and never a secret: knowing one opens nothing.

use crate::Timestamp;
use crate::text::text_column;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id from the time and 74 of the 80 given random bits.
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now.as_millis()).unwrap_or_default();
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            /// Reads the hyphenated form alone, so that one id has one spelling.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if text.len() != 36 {
                    return Err(Uuid::try_parse("").expect_err("an empty string is no UUID"));
                }
                Uuid::try_parse(text).map(Self)
            }
        }

        text_column!($name, |id| id.to_string(), |text| Ok(text.parse()?));
    };
}

id!(
    /// Names a user.
    UserId
);
id!(
    /// Names a session.
    SessionId
);
id!(
    /// Names a one-time code.
    CodeId
);
id!(
    /// Names a job of the queue.
    JobId
);
id!(
    /// Names a stored file; the key in the object store.
    FileId
);

/// Counts signing keys from 1; a rotation adds one, and a number is never used again.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct KeyVersion(pub i64);

impl KeyVersion {
    /// The version of the first key.
    pub const FIRST: Self = Self(1);

    /// The version that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for KeyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_lower_case_hyphenated_uuid_of_version_seven() {
        let id = UserId::new(Timestamp::from_millis(1_700_000_000_000), [0xff; 10]);
        let text = id.to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(text, text.to_lowercase());
        assert_eq!(text.as_bytes()[14], b'7');
        assert_eq!(text.parse::<UserId>().unwrap(), id);
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let earlier = UserId::new(Timestamp::from_millis(1_000), [0xff; 10]);
        let later = UserId::new(Timestamp::from_millis(2_000), [0; 10]);
        assert!(earlier < later);
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = UserId::new(Timestamp::from_millis(5), [7; 10]).to_string();
        assert!(id.replace('-', "").parse::<UserId>().is_err());
        assert!(format!("{{{id}}}").parse::<UserId>().is_err());
        assert!("42".parse::<UserId>().is_err());
    }
}
