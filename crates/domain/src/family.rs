//! The API surfaces that an operation can come through.

use crate::text::text_enum;

text_enum! {
    /// A surface: one of the five documented families, or Doorward's own.
    pub enum Family {
        /// One-time codes, with the password as second factor.
        Code = "code",
        /// Registration with a confirmation link, or with a third party.
        Confirm = "confirm",
        /// Signed proofs of an address.
        Proof = "proof",
        /// Login, password and revocable sessions.
        Session = "session",
        /// Registration with an e-mailed code; access and refresh tokens.
        Verified = "verified",
        /// The native API.
        Native = "native",
    }
}

impl Family {
    /// The five documented families, in the order of their names.
    pub const DOCUMENTED: [Self; 5] = [
        Self::Code,
        Self::Confirm,
        Self::Proof,
        Self::Session,
        Self::Verified,
    ];

    /// The claim beside `sub` that this family's consumers read, with the same value.
    pub const fn subject_claim(self) -> Option<&'static str> {
        match self {
            Self::Code => Some("id"),
            Self::Confirm => Some("uuid"),
            Self::Session => Some("user_id"),
            Self::Proof | Self::Verified | Self::Native => None,
        }
    }
}

/// Which of the documented families are switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families(u8);

impl Families {
    /// All five.
    pub fn all() -> Self {
        Family::DOCUMENTED.into_iter().collect()
    }

    /// Whether this family is on; the native API always is.
    pub const fn has(self, family: Family) -> bool {
        matches!(family, Family::Native) || self.0 & Self::bit(family) != 0
    }

    const fn bit(family: Family) -> u8 {
        match family {
            Family::Code => 1,
            Family::Confirm => 2,
            Family::Proof => 4,
            Family::Session => 8,
            Family::Verified => 16,
            Family::Native => 0,
        }
    }
}

impl FromIterator<Family> for Families {
    fn from_iter<I: IntoIterator<Item = Family>>(families: I) -> Self {
        Self(
            families
                .into_iter()
                .fold(0, |set, family| set | Self::bit(family)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_was_given() {
        let some: Families = [Family::Session, Family::Verified].into_iter().collect();
        assert!(some.has(Family::Session) && some.has(Family::Native));
        assert!(!some.has(Family::Code));
        assert!(
            Family::DOCUMENTED
                .into_iter()
                .all(|family| Families::all().has(family))
        );
    }
}
