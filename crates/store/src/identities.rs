//! Who a user is at other identity providers.
//!
//! Invariant: a subject of a provider belongs to one user at most.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{Timestamp, UserId};

const TABLE: &str = "identities";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Identity {
    /// The provider, by the name that it is configured under.
    pub provider: String,
    /// `sub` of that provider's ID tokens; it is compared as it is (OpenID Connect Core section 5.7).
    pub subject: String,
    /// Whose it is.
    pub user_id: UserId,
    /// When it was linked; one that an import linked bears the `seen_at` of what was [imported](crate::imports).
    pub created_at: Timestamp,
}

/// Links an identity; `false` when it is linked already, to whomever.
pub async fn insert(tx: &mut WriteTx, identity: &Identity) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "INSERT INTO identities (provider, subject, user_id, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (provider, subject) DO NOTHING",
    )
    .bind(&identity.provider)
    .bind(&identity.subject)
    .bind(identity.user_id)
    .bind(identity.created_at)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Whose an identity is.
pub async fn owner(tx: &mut ReadTx, provider: &str, subject: &str) -> Result<Option<UserId>> {
    on!(tx, c => sqlx::query_scalar("SELECT user_id FROM identities WHERE provider = $1 AND subject = $2")
        .bind(provider)
        .bind(subject)
        .fetch_optional(c)
        .await)
}

/// The identities of a user, by provider.
pub async fn of_user(tx: &mut ReadTx, user: UserId) -> Result<Vec<Identity>> {
    on!(tx, c => sqlx::query_as(
        "SELECT provider, subject, user_id, created_at FROM identities WHERE user_id = $1 ORDER BY provider, subject",
    )
    .bind(user)
    .fetch_all(c)
    .await)
}

/// Unlinks every identity of a user and says how many there were.
pub async fn remove_all(tx: &mut WriteTx, user: UserId) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM identities WHERE user_id = $1")
        .bind(user)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}
