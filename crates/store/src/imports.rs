//! What was taken over from other services, and the statements that only taking over needs.
//!
//! Invariant: a row of another service is remembered by its family and its id there, and stays remembered when its user
//! is gone: whoever was deleted here does not come back.

use crate::changes::Changed;
use crate::users::{User, user_columns};
use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{Email, Family, Login, Nickname, Phone, Timestamp, UserId};

const TABLE: &str = "imported";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Imported {
    /// The service that it came from.
    pub family: Family,
    /// Its id there.
    pub source_id: String,
    /// Who it became; `None` for somebody who had been deleted there.
    pub user_id: Option<UserId>,
    /// Keyed hash of what was taken.
    pub digest: String,
    /// Keyed hash of the password's hash alone: here it may have been replaced by a better one of the same password.
    pub password_digest: Option<String>,
    /// It was added to somebody who was here before, so that it only ever fills what is empty.
    pub joined: bool,
    /// `users.updated_at` as the import left it. When that has moved, somebody has changed the account here.
    pub seen_at: Timestamp,
    /// When it was first taken.
    pub imported_at: Timestamp,
}

/// Identifiers that a row of another service claims.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct Claims<'a> {
    pub id: Option<UserId>,
    pub email: Option<&'a Email>,
    pub phone: Option<&'a Phone>,
    pub login: Option<&'a Login>,
    pub nickname: Option<&'a Nickname>,
}

/// What is remembered of a row of another service.
pub async fn find(tx: &mut ReadTx, family: Family, source_id: &str) -> Result<Option<Imported>> {
    on!(tx, c => sqlx::query_as(
        "SELECT family, source_id, user_id, digest, password_digest, joined, seen_at, imported_at FROM imported \
         WHERE family = $1 AND source_id = $2",
    )
    .bind(family)
    .bind(source_id)
    .fetch_optional(c)
    .await)
}

/// The rows of other services that became this user, by family.
pub async fn of_user(tx: &mut ReadTx, user: UserId) -> Result<Vec<Imported>> {
    on!(tx, c => sqlx::query_as(
        "SELECT family, source_id, user_id, digest, password_digest, joined, seen_at, imported_at FROM imported \
         WHERE user_id = $1 ORDER BY family, source_id",
    )
    .bind(user)
    .fetch_all(c)
    .await)
}

/// Remembers a row of another service; the time at which it was first taken stays.
pub async fn remember(tx: &mut WriteTx, row: &Imported) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO imported (family, source_id, user_id, digest, password_digest, joined, seen_at, imported_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (family, source_id) DO UPDATE SET \
         user_id = excluded.user_id, digest = excluded.digest, password_digest = excluded.password_digest, \
         joined = excluded.joined, seen_at = excluded.seen_at",
    )
    .bind(row.family)
    .bind(&row.source_id)
    .bind(row.user_id)
    .bind(&row.digest)
    .bind(row.password_digest.as_deref())
    .bind(row.joined)
    .bind(row.seen_at)
    .bind(row.imported_at)
    .execute(c)
    .await
    .map(drop))
}

/// Says that an account was changed by an import and not by anybody here: what came from other services into the same
/// account, identities too, and was as they left it, is so still.
pub async fn follow(tx: &mut WriteTx, user: UserId, from: Timestamp, to: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query(
        "UPDATE identities SET created_at = $3 WHERE user_id = $1 AND created_at = $2 \
         AND EXISTS (SELECT 1 FROM imported WHERE user_id = $1 AND seen_at = $2)",
    )
    .bind(user)
    .bind(from)
    .bind(to)
    .execute(c)
    .await
    .map(drop))?;
    on!(tx, c => sqlx::query("UPDATE imported SET seen_at = $3 WHERE user_id = $1 AND seen_at = $2")
        .bind(user)
        .bind(from)
        .bind(to)
        .execute(c)
        .await
        .map(drop))
}

/// Unlinks the identities that imports have linked, but not `kept`, a provider and a subject; those that were linked
/// here stay. Says how many there were.
pub async fn unlink(
    tx: &mut WriteTx,
    user: UserId,
    seen_at: Timestamp,
    kept: Option<(&str, &str)>,
) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM identities WHERE user_id = $1 AND created_at = $2 \
         AND (provider IS DISTINCT FROM $3 OR subject IS DISTINCT FROM $4)",
    )
    .bind(user)
    .bind(seen_at)
    .bind(kept.map(|(provider, _)| provider))
    .bind(kept.map(|(_, subject)| subject))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// The accounts, deleted ones too, that hold any of these identifiers.
pub async fn holders(tx: &mut ReadTx, claims: Claims<'_>) -> Result<Vec<User>> {
    on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", user_columns!(), " FROM users \
         WHERE id = $1 OR email_key = $2 OR phone_key = $3 OR login_key = $4 OR nickname_key = $5",
    ))
    .bind(claims.id)
    .bind(claims.email.map(Email::key))
    .bind(claims.phone.map(Phone::key))
    .bind(claims.login.map(Login::key))
    .bind(claims.nickname.map(Nickname::key))
    .fetch_all(c)
    .await)
}

/// Gives an account that was just inserted what accounts made here do not start with: when its user was last seen
/// elsewhere, and a time of change that is the import's, so that the time to prove an address runs from then.
pub async fn settle(
    tx: &mut WriteTx,
    id: UserId,
    last_login_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    tx.note(Changed::User(id));
    on!(tx, c => sqlx::query("UPDATE users SET last_login_at = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(last_login_at)
        .bind(now)
        .execute(c)
        .await
        .map(drop))
}

/// Writes an account as an import has changed it; `false` when somebody here has changed or deleted it since `seen_at`.
/// Where an identifier is taken the statement fails, and the transaction can only be dropped.
pub async fn rewrite(
    tx: &mut WriteTx,
    user: &User,
    seen_at: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    tx.note(Changed::User(user.id));
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET status = $4, email = $5, email_key = $6, email_proven_at = $7, phone = $8, phone_key = $9, \
         phone_proven_at = $10, login = $11, login_key = $12, nickname = $13, nickname_key = $14, first_name = $15, \
         last_name = $16, full_name = $17, age = $18, password_hash = $19, password_set_at = $20, epoch = $21, \
         last_login_at = $22, updated_at = $3 WHERE id = $1 AND updated_at = $2 AND deleted_at IS NULL",
    )
    .bind(user.id)
    .bind(seen_at)
    .bind(now)
    .bind(user.status)
    .bind(user.email.as_deref())
    .bind(user.email_key.as_deref())
    .bind(user.email_proven_at)
    .bind(user.phone.as_deref())
    .bind(user.phone_key.as_deref())
    .bind(user.phone_proven_at)
    .bind(user.login.as_deref())
    .bind(user.login_key.as_deref())
    .bind(user.nickname.as_deref())
    .bind(user.nickname_key.as_deref())
    .bind(user.first_name.as_deref())
    .bind(user.last_name.as_deref())
    .bind(user.full_name.as_deref())
    .bind(user.age)
    .bind(user.password_hash.as_deref())
    .bind(user.password_set_at)
    .bind(user.epoch)
    .bind(user.last_login_at)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Notes that a file of a row of another service was copied; `false` when it was before. A copied file that its user
/// has deleted since does not come back.
pub async fn note_file(
    tx: &mut WriteTx,
    source_id: &str,
    name: &str,
    now: Timestamp,
) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "INSERT INTO imported_files (source_id, name, imported_at) VALUES ($1, $2, $3) \
         ON CONFLICT (source_id, name) DO NOTHING",
    )
    .bind(source_id)
    .bind(name)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The names of the files of a row of another service that were copied.
pub async fn files(tx: &mut ReadTx, source_id: &str) -> Result<Vec<String>> {
    on!(tx, c => sqlx::query_scalar("SELECT name FROM imported_files WHERE source_id = $1 ORDER BY name")
        .bind(source_id)
        .fetch_all(c)
        .await)
}
