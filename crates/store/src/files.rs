//! What users have stored: the names. The bytes lie in the object store, under the id.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{FileId, FileName, Timestamp, UserId};

const TABLE: &str = "files";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct File {
    /// Names it, and its bytes.
    pub id: FileId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The media type.
    pub content_type: String,
    /// In bytes.
    pub size: i64,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// Stores a file under its name and says whose place it took, so that the bytes of that one can be removed.
pub async fn upsert(tx: &mut WriteTx, file: &File) -> Result<Option<FileId>> {
    on!(tx, c => sqlx::query_scalar(
        "INSERT INTO files (id, user_id, name, content_type, size, created_at, replaced_id) \
         VALUES ($1, $2, $3, $4, $5, $6, NULL) \
         ON CONFLICT (user_id, name) DO UPDATE SET replaced_id = files.id, id = excluded.id, \
         content_type = excluded.content_type, size = excluded.size, created_at = excluded.created_at \
         RETURNING replaced_id",
    )
    .bind(file.id)
    .bind(file.user_id)
    .bind(&file.name)
    .bind(&file.content_type)
    .bind(file.size)
    .bind(file.created_at)
    .fetch_one(c)
    .await)
}

/// How many files a user has.
pub async fn count(tx: &mut ReadTx, user: UserId) -> Result<u64> {
    let count: i64 = on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM files WHERE user_id = $1")
        .bind(user)
        .fetch_one(c)
        .await)?;
    Ok(count.unsigned_abs())
}

/// The file of that name.
pub async fn by_name(tx: &mut ReadTx, user: UserId, name: &FileName) -> Result<Option<File>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, user_id, name, content_type, size, created_at FROM files WHERE user_id = $1 AND name = $2",
    )
    .bind(user)
    .bind(name.as_str())
    .fetch_optional(c)
    .await)
}

/// Removes a file and returns what it was.
pub async fn delete(tx: &mut WriteTx, user: UserId, name: &FileName) -> Result<Option<File>> {
    on!(tx, c => sqlx::query_as(
        "DELETE FROM files WHERE user_id = $1 AND name = $2 \
         RETURNING id, user_id, name, content_type, size, created_at",
    )
    .bind(user)
    .bind(name.as_str())
    .fetch_optional(c)
    .await)
}

/// All files of a user, by name.
pub async fn of_user(tx: &mut ReadTx, user: UserId) -> Result<Vec<File>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, user_id, name, content_type, size, created_at FROM files WHERE user_id = $1 ORDER BY name",
    )
    .bind(user)
    .fetch_all(c)
    .await)
}

/// The row that names these bytes, if one does.
pub async fn by_id(tx: &mut ReadTx, id: FileId) -> Result<Option<File>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, user_id, name, content_type, size, created_at FROM files WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(c)
    .await)
}

/// Removes every row of a user.
pub async fn delete_all(tx: &mut WriteTx, user: UserId) -> Result<()> {
    on!(tx, c => sqlx::query("DELETE FROM files WHERE user_id = $1").bind(user).execute(c).await.map(drop))
}
