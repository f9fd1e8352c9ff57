//! The rows of the documented services: every column that is taken over, and none of those that are not.

use super::table::{Column, Layout};
use Column::{Flag, Number, Text, Time};
use doorward_domain::Timestamp;
use sqlx::FromRow;

pub(super) const CODE: Layout = Layout {
    name: "users",
    key: "id",
    columns: &[
        Text("nickname"),
        Text("email"),
        Text("phone"),
        Text("password"),
        Text("first_name"),
        Text("last_name"),
        Number("age"),
        Text("status"),
        Time("deletion_date"),
        Time("registration_date"),
    ],
};

pub(super) const PUBLIC_KEY: Layout = Layout {
    name: "public_key",
    key: "version",
    columns: &[Text("public_key")],
};

pub(super) const CONFIRM: Layout = Layout {
    name: "users",
    key: "id",
    columns: &[
        Text("uuid"),
        Text("email"),
        Flag("is_active"),
        Text("hashed_password"),
        Text("first_name"),
        Text("last_name"),
        Text("auth_provider"),
        Text("third_party_id"),
        Time("created_at"),
    ],
};

pub(super) const PROOF: Layout = Layout {
    name: "auth_users",
    key: "id",
    columns: &[Text("email"), Time("created_at"), Time("last_verified_at")],
};

pub(super) const SESSION: Layout = Layout {
    name: "users",
    key: "id",
    columns: &[
        Text("login"),
        Text("password_hash"),
        Time("created_at"),
        Time("last_login"),
    ],
};

pub(super) const VERIFIED: Layout = Layout {
    name: "users",
    key: "id",
    columns: &[
        Text("email"),
        Text("full_name"),
        Text("hashed_password"),
        Time("created_at"),
        Flag("is_email_verified"),
    ],
};

/// A row of whichever service.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names are those of the families")]
pub enum SourceUser {
    Code(CodeUser),
    Confirm(ConfirmUser),
    Proof(ProofUser),
    Session(SessionUser),
    Verified(VerifiedUser),
}

impl SourceUser {
    /// The id that the row has there.
    pub fn key(&self) -> &str {
        match self {
            Self::Code(row) => &row.row_key,
            Self::Confirm(row) => &row.row_key,
            Self::Proof(row) => &row.row_key,
            Self::Session(row) => &row.row_key,
            Self::Verified(row) => &row.row_key,
        }
    }
}

macro_rules! row {
    ($(#[$meta:meta])* $name:ident in $variant:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, FromRow)]
        #[expect(missing_docs, reason = "the names are those of the columns")]
        pub struct $name {
            /// The id that names the row there.
            pub row_key: String,
            $(pub $field: Option<$type>),+
        }

        impl From<$name> for SourceUser {
            fn from(row: $name) -> Self {
                Self::$variant(row)
            }
        }
    };
}

row!(
    /// Of the service with one-time codes.
    CodeUser in Code {
        nickname: String,
        email: String,
        phone: String,
        password: String,
        first_name: String,
        last_name: String,
        age: i64,
        status: String,
        deletion_date: Timestamp,
        registration_date: Timestamp,
    }
);

row!(
    /// Of the service with confirmation links and third parties.
    ConfirmUser in Confirm {
        uuid: String,
        email: String,
        is_active: bool,
        hashed_password: String,
        first_name: String,
        last_name: String,
        auth_provider: String,
        third_party_id: String,
        created_at: Timestamp,
    }
);

row!(
    /// Of the service that proves addresses to others.
    ProofUser in Proof {
        email: String,
        created_at: Timestamp,
        last_verified_at: Timestamp,
    }
);

row!(
    /// Of the service with logins and sessions.
    SessionUser in Session {
        login: String,
        password_hash: String,
        created_at: Timestamp,
        last_login: Timestamp,
    }
);

row!(
    /// Of the service with e-mailed codes and refresh tokens.
    VerifiedUser in Verified {
        email: String,
        full_name: String,
        hashed_password: String,
        created_at: Timestamp,
        is_email_verified: bool,
    }
);

/// A version of the key that the service with one-time codes signs with.
#[derive(Clone, FromRow)]
pub struct PublicKey {
    /// Its number there.
    pub row_key: String,
    /// PEM.
    pub public_key: Option<String>,
}
