//! The password of an account, and the wrong ones in a row after a right code.

use super::TABLE;
use crate::changes::Changed;
use crate::{Result, WriteTx};
use doorward_domain::{Timestamp, UserId};

/// Sets the password hash; `false` when there is no such account.
pub async fn set_password(
    tx: &mut WriteTx,
    id: UserId,
    hash: &str,
    now: Timestamp,
) -> Result<bool> {
    tx.note(Changed::User(id));
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET password_hash = $2, password_set_at = $3, updated_at = $3 \
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id)
    .bind(hash)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Removes the password; `false` when there is none.
pub async fn clear_password(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<bool> {
    tx.note(Changed::User(id));
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET password_hash = NULL, password_set_at = NULL, updated_at = $2 \
         WHERE id = $1 AND password_hash IS NOT NULL",
    )
    .bind(id)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Exchanges the hash of an unchanged password for a better one; `false` when the password is no longer that one.
pub async fn rehash_password(
    tx: &mut WriteTx,
    id: UserId,
    old_hash: &str,
    new_hash: &str,
) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
    )
    .bind(id)
    .bind(old_hash)
    .bind(new_hash)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Counts a try of the password after a right code and gives the number in a row; `None` when there were `most`
/// already.
pub async fn count_password_failure(
    tx: &mut WriteTx,
    id: UserId,
    most: i64,
) -> Result<Option<i64>> {
    on!(tx, c => sqlx::query_scalar(
        "UPDATE users SET password_failures = password_failures + 1 \
         WHERE id = $1 AND password_failures < $2 RETURNING password_failures",
    )
    .bind(id)
    .bind(most)
    .fetch_optional(c)
    .await)
}

/// Takes back a try that was counted and never compared.
pub async fn take_back_password_failure(tx: &mut WriteTx, id: UserId) -> Result<()> {
    on!(tx, c => sqlx::query(
        "UPDATE users SET password_failures = password_failures - 1 WHERE id = $1 AND password_failures > 0",
    )
    .bind(id)
    .execute(c)
    .await
    .map(drop))
}

/// Forgets the wrong passwords in a row.
pub async fn reset_password_failures(tx: &mut WriteTx, id: UserId) -> Result<()> {
    on!(tx, c => sqlx::query("UPDATE users SET password_failures = 0 WHERE id = $1 AND password_failures <> 0")
        .bind(id)
        .execute(c)
        .await
        .map(drop))
}
