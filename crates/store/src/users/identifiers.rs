//! What an account is found by: proven, given and taken away. Addresses and numbers are treated alike.

use super::TABLE;
use crate::changes::Changed;
use crate::connection::Lease;
use crate::{Result, WriteTx};
use doorward_domain::{Email, Phone, Timestamp, UserId};

/// The statements of an identifier whose columns are called `$column`, `.._key` and `.._proven_at`.
macro_rules! of_kind {
    ($column:literal, $kind:ty, $confirm:ident, $detach:ident, $attach:ident) => {
        /// Marks it as proven; `false` when it was before, or there is none.
        pub async fn $confirm(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<bool> {
            tx.note(Changed::User(id));
            let rows = on!(tx, c => sqlx::query(concat!(
                "UPDATE users SET ", $column, "_proven_at = $2, updated_at = $2 \
                 WHERE id = $1 AND ", $column, "_key IS NOT NULL AND ", $column, "_proven_at IS NULL",
            ))
            .bind(id)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
            Ok(rows == 1)
        }

        /// Takes it from an account; `false` when it has none.
        pub async fn $detach(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<bool> {
            tx.note(Changed::User(id));
            let rows = on!(tx, c => sqlx::query(concat!(
                "UPDATE users SET ", $column, " = NULL, ", $column, "_key = NULL, ", $column, "_proven_at = NULL, \
                 updated_at = $2 WHERE id = $1 AND ", $column, "_key IS NOT NULL",
            ))
            .bind(id)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
            Ok(rows == 1)
        }

        /// Gives an account one that is proven, in place of the one it had; `false` when the account is deleted or another
        /// one has it. Then the transaction can only be dropped.
        pub async fn $attach(
            tx: &mut WriteTx,
            id: UserId,
            identifier: &$kind,
            now: Timestamp,
        ) -> Result<bool> {
            tx.note(Changed::User(id));
            macro_rules! run {
                ($lease:expr) => {
                    sqlx::query(concat!(
                        "UPDATE users SET ", $column, " = $2, ", $column, "_key = $3, ", $column, "_proven_at = $4, \
                         updated_at = $4 WHERE id = $1 AND deleted_at IS NULL",
                    ))
                    .bind(id)
                    .bind(identifier.as_str())
                    .bind(identifier.key())
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
    };
}

of_kind!("email", Email, confirm_email, detach_email, attach_email);
of_kind!("phone", Phone, confirm_phone, detach_phone, attach_phone);

fn attached(tx: &mut WriteTx, outcome: std::result::Result<u64, sqlx::Error>) -> Result<bool> {
    match outcome {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        outcome => tx.settle(TABLE, outcome).map(|rows| rows == 1),
    }
}
