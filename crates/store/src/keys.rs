//! Signing keys: the public part for as long as anybody may hold a token of it, the private part sealed.

use crate::changes::Changed;
use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{KeyVersion, Timestamp};

const TABLE: &str = "signing_keys";

/// A row.
#[derive(Clone, sqlx::FromRow)]
pub struct KeyRow {
    /// Counts from 1.
    pub version: KeyVersion,
    /// The JWS algorithm it signs with, and no other.
    pub algorithm: String,
    /// SPKI in PEM.
    pub public_pem: String,
    /// The private part, sealed; gone once the key has retired.
    pub private_sealed: Option<Vec<u8>>,
    /// When it was made and published.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub signs_from: Timestamp,
    /// When its last token has expired; set once another key signs.
    pub retires_at: Option<Timestamp>,
    /// When it was taken out of use, whatever it had signed.
    pub withdrawn_at: Option<Timestamp>,
}

/// What a new key starts with.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names are those of the row")]
pub struct NewKey {
    pub version: KeyVersion,
    pub algorithm: String,
    pub public_pem: String,
    pub private_sealed: Vec<u8>,
    pub created_at: Timestamp,
    pub signs_from: Timestamp,
}

/// All keys, the oldest first.
pub async fn list(tx: &mut ReadTx) -> Result<Vec<KeyRow>> {
    on!(tx, c => sqlx::query_as(
        "SELECT version, algorithm, public_pem, private_sealed, created_at, signs_from, retires_at, \
         withdrawn_at FROM signing_keys ORDER BY version",
    )
    .fetch_all(c)
    .await)
}

/// Adds a key; `false` when its version is taken, which is how replicas that start together agree on one.
pub async fn insert(tx: &mut WriteTx, key: &NewKey) -> Result<bool> {
    tx.note(Changed::Keys);
    let rows = on!(tx, c => sqlx::query(
        "INSERT INTO signing_keys (version, algorithm, public_pem, private_sealed, created_at, signs_from) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (version) DO NOTHING",
    )
    .bind(key.version)
    .bind(&key.algorithm)
    .bind(&key.public_pem)
    .bind(&key.private_sealed)
    .bind(key.created_at)
    .bind(key.signs_from)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The public part of a key that signed for another service.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names are those of the row")]
pub struct ForeignKey {
    pub version: KeyVersion,
    pub algorithm: String,
    pub public_pem: String,
    pub created_at: Timestamp,
}

/// Adds the public part of a key under the number that it had at another service; `false` when the number is taken
/// here. It never signed here: it ends when it begins.
pub async fn insert_foreign(tx: &mut WriteTx, key: &ForeignKey) -> Result<bool> {
    tx.note(Changed::Keys);
    let rows = on!(tx, c => sqlx::query(
        "INSERT INTO signing_keys (version, algorithm, public_pem, created_at, signs_from, retires_at) \
         VALUES ($1, $2, $3, $4, $4, $4) ON CONFLICT (version) DO NOTHING",
    )
    .bind(key.version)
    .bind(&key.algorithm)
    .bind(&key.public_pem)
    .bind(key.created_at)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Makes a key that signed for another service sign here, now that its private part was brought along; `false` when
/// there is no such key.
pub async fn adopt(tx: &mut WriteTx, key: &NewKey) -> Result<bool> {
    tx.note(Changed::Keys);
    let rows = on!(tx, c => sqlx::query(
        "UPDATE signing_keys SET algorithm = $2, private_sealed = $3, signs_from = $4, retires_at = NULL \
         WHERE version = $1 AND public_pem = $5 AND private_sealed IS NULL AND retires_at = signs_from \
         AND withdrawn_at IS NULL",
    )
    .bind(key.version)
    .bind(&key.algorithm)
    .bind(&key.private_sealed)
    .bind(key.signs_from)
    .bind(&key.public_pem)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Says when the last token of a key has expired; `false` when that was said before.
pub async fn retire(tx: &mut WriteTx, version: KeyVersion, retires_at: Timestamp) -> Result<bool> {
    tx.note(Changed::Keys);
    let rows = on!(tx, c => sqlx::query(
        "UPDATE signing_keys SET retires_at = $2 WHERE version = $1 AND retires_at IS NULL",
    )
    .bind(version)
    .bind(retires_at)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Takes a key out of use for good: it signs nothing and verifies nothing from now on, whatever was said of it before;
/// `false` when there is no such key, or that was done before. A release that knows of no withdrawing reads a key that
/// ends when it begins, which verifies nothing either.
pub async fn withdraw(tx: &mut WriteTx, version: KeyVersion, now: Timestamp) -> Result<bool> {
    tx.note(Changed::Keys);
    let rows = on!(tx, c => sqlx::query(
        "UPDATE signing_keys SET private_sealed = NULL, signs_from = $2, retires_at = $2, withdrawn_at = $2 \
         WHERE version = $1 AND withdrawn_at IS NULL",
    )
    .bind(version)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Puts the private part under another seal; `false` when there is none left.
pub async fn reseal(tx: &mut WriteTx, version: KeyVersion, sealed: &[u8]) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE signing_keys SET private_sealed = $2 WHERE version = $1 AND private_sealed IS NOT NULL",
    )
    .bind(version)
    .bind(sealed)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Drops the private parts of retired keys. Their public parts stay readable.
pub async fn purge_private(tx: &mut WriteTx, now: Timestamp) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "UPDATE signing_keys SET private_sealed = NULL WHERE retires_at <= $1 AND private_sealed IS NOT NULL",
    )
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
