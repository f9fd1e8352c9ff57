//! The one status that an account has in every family.

use crate::text::text_enum;

text_enum! {
    /// The state of an account.
    pub enum Status {
        /// Made by asking for a code; nobody has proven anything yet.
        Temp = "temp",
        /// In use.
        Active = "active",
        /// Stopped for too many wrong passwords, or by an operator; can be restored.
        Suspended = "suspended",
        /// Stopped by an operator.
        Banned = "banned",
        /// Gone: the row is scrubbed, the identifiers are free.
        Deleted = "deleted",
    }
}

impl Status {
    /// Whether an account in this state may hold a token, proof or code.
    pub const fn may_sign_in(self) -> bool {
        match self {
            Self::Temp | Self::Active => true,
            Self::Suspended | Self::Banned | Self::Deleted => false,
        }
    }
}
