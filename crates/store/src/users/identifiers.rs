//! What an account is found by: proven, given and taken away.

use super::TABLE;
use crate::connection::Lease;
use crate::{Result, WriteTx};
use doorward_domain::{Email, Phone, Timestamp, UserId};

/// Marks the address as proven; `false` when it was before, or there is none.
pub async fn confirm_email(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET email_proven_at = $2, updated_at = $2 \
         WHERE id = $1 AND email_key IS NOT NULL AND email_proven_at IS NULL",
    )
    .bind(id)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Marks the number as proven; `false` when it was before, or there is none.
pub async fn confirm_phone(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET phone_proven_at = $2, updated_at = $2 \
         WHERE id = $1 AND phone_key IS NOT NULL AND phone_proven_at IS NULL",
    )
    .bind(id)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Takes the address from an account; `false` when it has none.
pub async fn detach_email(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET email = NULL, email_key = NULL, email_proven_at = NULL, updated_at = $2 \
         WHERE id = $1 AND email_key IS NOT NULL",
    )
    .bind(id)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Takes the number from an account; `false` when it has none.
pub async fn detach_phone(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET phone = NULL, phone_key = NULL, phone_proven_at = NULL, updated_at = $2 \
         WHERE id = $1 AND phone_key IS NOT NULL",
    )
    .bind(id)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Gives an account a proven address, in place of the one it had; `false` when the account is deleted or another one has
/// the address. Then the transaction can only be dropped.
pub async fn attach_email(
    tx: &mut WriteTx,
    id: UserId,
    email: &Email,
    now: Timestamp,
) -> Result<bool> {
    macro_rules! run {
        ($lease:expr) => {
            sqlx::query(
                "UPDATE users SET email = $2, email_key = $3, email_proven_at = $4, updated_at = $4 \
                 WHERE id = $1 AND deleted_at IS NULL",
            )
            .bind(id)
            .bind(email.as_str())
            .bind(email.key())
            .bind(now)
            .execute(&mut **$lease)
            .await
            .map(|done| done.rows_affected())
        };
    }
    let outcome = match tx.lease() {
        Lease::Sqlite(lease) => run!(lease),
        Lease::Postgres(lease) => run!(lease),
    };
    attached(tx, outcome)
}

/// Gives an account a proven number, in place of the one it had; as [`attach_email`].
pub async fn attach_phone(
    tx: &mut WriteTx,
    id: UserId,
    phone: &Phone,
    now: Timestamp,
) -> Result<bool> {
    macro_rules! run {
        ($lease:expr) => {
            sqlx::query(
                "UPDATE users SET phone = $2, phone_key = $3, phone_proven_at = $4, updated_at = $4 \
                 WHERE id = $1 AND deleted_at IS NULL",
            )
            .bind(id)
            .bind(phone.as_str())
            .bind(phone.key())
            .bind(now)
            .execute(&mut **$lease)
            .await
            .map(|done| done.rows_affected())
        };
    }
    let outcome = match tx.lease() {
        Lease::Sqlite(lease) => run!(lease),
        Lease::Postgres(lease) => run!(lease),
    };
    attached(tx, outcome)
}

fn attached(tx: &mut WriteTx, outcome: std::result::Result<u64, sqlx::Error>) -> Result<bool> {
    match outcome {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        outcome => tx.settle(TABLE, outcome).map(|rows| rows == 1),
    }
}
