//! Certificates by ACME: accounts, what was issued, orders that failed, and the answers to challenges that are open.
//!
//! An authority is known by the address of its directory, a certificate by that and the names it is for, as one text.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::Timestamp;

const TABLE: &str = "certificates";

/// A certificate and its key.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct CertificateRow {
    pub directory: String,
    pub names: String,
    /// The chain, leaf first, in PEM.
    pub chain_pem: String,
    /// The private key, sealed.
    pub key_sealed: Vec<u8>,
    pub issued_at: Timestamp,
    pub renew_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Orders for the same names that failed one after the other.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct FailureRow {
    pub directory: String,
    pub names: String,
    pub count: i64,
    pub retry_at: Timestamp,
    /// What the last of them failed of.
    pub problem: String,
}

/// What answers one challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct NewChallenge {
    pub kind: String,
    pub token: String,
    pub domain: String,
    pub answer: String,
    pub offered_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The sealed account at an authority.
pub async fn account(tx: &mut ReadTx, directory: &str) -> Result<Option<Vec<u8>>> {
    on!(tx, c => sqlx::query_scalar("SELECT sealed FROM acme_accounts WHERE directory = $1")
        .bind(directory)
        .fetch_optional(c)
        .await)
}

/// Keeps the account at an authority, in place of the one before.
pub async fn keep_account(
    tx: &mut WriteTx,
    directory: &str,
    sealed: &[u8],
    now: Timestamp,
) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO acme_accounts (directory, sealed, created_at) VALUES ($1, $2, $3) \
         ON CONFLICT (directory) DO UPDATE SET sealed = excluded.sealed",
    )
    .bind(directory)
    .bind(sealed)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// Every account: the authority's directory and the account, sealed.
pub async fn accounts(tx: &mut ReadTx) -> Result<Vec<(String, Vec<u8>)>> {
    on!(tx, c => sqlx::query_as("SELECT directory, sealed FROM acme_accounts ORDER BY directory")
        .fetch_all(c)
        .await)
}

/// Every certificate, the one issued last first.
pub async fn list(tx: &mut ReadTx) -> Result<Vec<CertificateRow>> {
    on!(tx, c => sqlx::query_as(
        "SELECT directory, names, chain_pem, key_sealed, issued_at, renew_at, expires_at FROM certificates \
         ORDER BY issued_at DESC, directory, names",
    )
    .fetch_all(c)
    .await)
}

/// Keeps a certificate, in place of the one before for these names.
pub async fn keep(tx: &mut WriteTx, row: &CertificateRow) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO certificates (directory, names, chain_pem, key_sealed, issued_at, renew_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (directory, names) DO UPDATE SET \
         chain_pem = excluded.chain_pem, key_sealed = excluded.key_sealed, issued_at = excluded.issued_at, \
         renew_at = excluded.renew_at, expires_at = excluded.expires_at",
    )
    .bind(&row.directory)
    .bind(&row.names)
    .bind(&row.chain_pem)
    .bind(&row.key_sealed)
    .bind(row.issued_at)
    .bind(row.renew_at)
    .bind(row.expires_at)
    .execute(c)
    .await
    .map(drop))
}

/// Removes certificates that have expired.
pub async fn purge(tx: &mut WriteTx, now: Timestamp) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM certificates WHERE expires_at <= $1")
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}

/// The orders for these names that have failed since the last one that did not.
pub async fn failure(tx: &mut ReadTx, directory: &str, names: &str) -> Result<Option<FailureRow>> {
    on!(tx, c => sqlx::query_as(
        "SELECT directory, names, count, retry_at, problem FROM acme_failures WHERE directory = $1 AND names = $2",
    )
    .bind(directory)
    .bind(names)
    .fetch_optional(c)
    .await)
}

/// Notes how often orders have failed, and when to try again.
pub async fn note_failure(tx: &mut WriteTx, row: &FailureRow) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO acme_failures (directory, names, count, retry_at, problem) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (directory, names) DO UPDATE SET \
         count = excluded.count, retry_at = excluded.retry_at, problem = excluded.problem",
    )
    .bind(&row.directory)
    .bind(&row.names)
    .bind(row.count)
    .bind(row.retry_at)
    .bind(&row.problem)
    .execute(c)
    .await
    .map(drop))
}

/// Forgets all failures: an order came to its end.
pub async fn forget_failures(tx: &mut WriteTx) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM acme_failures")
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}

/// Offers the answer to a challenge; an authority may set the same one again.
pub async fn offer(tx: &mut WriteTx, challenge: &NewChallenge) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO acme_challenges (kind, token, domain, answer, offered_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, token) DO UPDATE SET domain = excluded.domain, \
         answer = excluded.answer, offered_at = excluded.offered_at, expires_at = excluded.expires_at",
    )
    .bind(&challenge.kind)
    .bind(&challenge.token)
    .bind(&challenge.domain)
    .bind(&challenge.answer)
    .bind(challenge.offered_at)
    .bind(challenge.expires_at)
    .execute(c)
    .await
    .map(drop))
}

/// The answer to a challenge that is named by its token.
pub async fn answer_by_token(
    tx: &mut ReadTx,
    kind: &str,
    token: &str,
    now: Timestamp,
) -> Result<Option<String>> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT answer FROM acme_challenges WHERE kind = $1 AND token = $2 AND expires_at > $3",
    )
    .bind(kind)
    .bind(token)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// The answer to the latest challenge for a domain.
pub async fn answer_by_domain(
    tx: &mut ReadTx,
    kind: &str,
    domain: &str,
    now: Timestamp,
) -> Result<Option<String>> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT answer FROM acme_challenges WHERE kind = $1 AND domain = $2 AND expires_at > $3 \
         ORDER BY offered_at DESC, token LIMIT 1",
    )
    .bind(kind)
    .bind(domain)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// Answers no challenge any more: the order they belong to has ended.
pub async fn withdraw(tx: &mut WriteTx) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM acme_challenges")
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}
