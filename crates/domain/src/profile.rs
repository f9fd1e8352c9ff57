//! What a user says of themselves, in the fields of all five families.

/// The profile fields. `None` is "not said".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The whole name (family `verified`).
    pub full_name: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// A unique name that is shown to others.
    pub nickname: Option<crate::Nickname>,
    /// In years.
    pub age: Option<i64>,
}
