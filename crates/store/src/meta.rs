//! Facts about the database itself.

use crate::{ReadTx, Result, WriteTx};

const TABLE: &str = "meta";

/// The value of `name`.
pub async fn get(tx: &mut ReadTx, name: &str) -> Result<Option<String>> {
    on!(tx, c => sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
        .bind(name)
        .fetch_optional(c)
        .await)
}

/// Sets `name` unless it is set, and returns the value that holds afterwards: replicas that start together agree on it.
pub async fn insert_once(tx: &mut WriteTx, name: &str, value: &str) -> Result<String> {
    // The update changes nothing, but makes the row that was there come back.
    on!(tx, c => sqlx::query_scalar(
        "INSERT INTO meta (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = meta.value RETURNING value",
    )
    .bind(name)
    .bind(value)
    .fetch_one(c)
    .await)
}

/// Sets `name`, whatever it was.
pub async fn set(tx: &mut WriteTx, name: &str, value: &str) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(value)
    .execute(c)
    .await
    .map(drop))
}
