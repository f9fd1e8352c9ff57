//! What a one-time code is good for.

use crate::text::text_enum;

text_enum! {
    /// The purpose of a code. A code fits the purpose it was made for and no other.
    pub enum Purpose {
        /// Signing in to family `code`.
        SignIn = "sign_in",
        /// Proving an address to another service, within a project.
        Proof = "proof",
        /// Confirming the address of an account.
        Verify = "verify",
        /// Choosing a new password.
        Reset = "reset",
    }
}

text_enum! {
    /// What a mailed link is good for.
    pub enum LinkPurpose {
        /// Choosing a new password.
        Reset = "reset",
        /// Confirming the address that an account was registered with.
        Confirm = "confirm",
        /// Confirming the address that an account is to have from then on.
        Change = "change",
    }
}
