//! Sessions: one row from sign-in to sign-out, which every token of the session hangs on.

use crate::changes::Changed;
use crate::users::{User, user_columns};
use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{Family, SessionId, Span, Timestamp, UserId};

const TABLE: &str = "sessions";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    /// Names it.
    #[sqlx(rename = "session_id")]
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The surface that opened it.
    pub family: Family,
    /// When it was opened.
    #[sqlx(rename = "session_created_at")]
    pub created_at: Timestamp,
    /// When it was last used, as far as that is kept.
    pub last_used_at: Timestamp,
    /// When it is over, however much it is used.
    pub expires_at: Timestamp,
    /// Counts its refreshes; a refresh token that says less is spent.
    pub counter: i64,
    /// When the counter last moved.
    pub rotated_at: Timestamp,
    /// Whether a refresh spends the refresh token.
    pub rotates: bool,
    /// How long its access tokens live.
    pub access_lifetime: Span,
    /// How long its refresh tokens live.
    pub refresh_lifetime: Span,
    /// The client address at sign-in.
    pub address: Option<String>,
    /// What the client said it is.
    pub user_agent: Option<String>,
    /// When somebody ended it.
    pub ended_at: Option<Timestamp>,
}

/// A session that holds, with its user.
#[derive(Clone, sqlx::FromRow)]
pub struct Live {
    /// The session.
    #[sqlx(flatten)]
    pub session: Session,
    /// Its user, in whatever state.
    #[sqlx(flatten)]
    pub user: User,
}

macro_rules! session_columns {
    () => {
        "sessions.id AS session_id, sessions.user_id, sessions.family, sessions.created_at AS session_created_at, \
         sessions.last_used_at, sessions.expires_at, sessions.counter, sessions.rotated_at, sessions.rotates, \
         sessions.access_lifetime, sessions.refresh_lifetime, sessions.address, sessions.user_agent, sessions.ended_at"
    };
}

/// Opens a session; `false` when there is or was one of this id, which stays as it is.
pub async fn insert(tx: &mut WriteTx, session: &Session) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "INSERT INTO sessions (id, user_id, family, created_at, last_used_at, expires_at, counter, rotated_at, rotates, \
         access_lifetime, refresh_lifetime, address, user_agent, ended_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING",
    )
    .bind(session.id)
    .bind(session.user_id)
    .bind(session.family)
    .bind(session.created_at)
    .bind(session.last_used_at)
    .bind(session.expires_at)
    .bind(session.counter)
    .bind(session.rotated_at)
    .bind(session.rotates)
    .bind(session.access_lifetime)
    .bind(session.refresh_lifetime)
    .bind(session.address.as_deref())
    .bind(session.user_agent.as_deref())
    .bind(session.ended_at)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The session and its user in one statement, while it is neither ended nor over.
pub async fn live(tx: &mut ReadTx, id: SessionId, now: Timestamp) -> Result<Option<Live>> {
    on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", session_columns!(), ", ", user_columns!(),
        " FROM sessions JOIN users ON users.id = sessions.user_id \
         WHERE sessions.id = $1 AND sessions.ended_at IS NULL AND sessions.expires_at > $2",
    ))
    .bind(id)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// Ends a session and says whose it was; `None` when it was ended before.
pub async fn end(tx: &mut WriteTx, id: SessionId, now: Timestamp) -> Result<Option<UserId>> {
    let user = on!(tx, c => sqlx::query_scalar(
        "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING user_id",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(c)
    .await)?;
    if let Some(user) = user {
        tx.note(Changed::User(user));
    }
    Ok(user)
}

/// Ends all sessions of a user, but for one to keep, and says which.
pub async fn end_all(
    tx: &mut WriteTx,
    user: UserId,
    except: Option<SessionId>,
    now: Timestamp,
) -> Result<Vec<SessionId>> {
    tx.note(Changed::User(user));
    on!(tx, c => sqlx::query_scalar(
        "UPDATE sessions SET ended_at = $3 \
         WHERE user_id = $1 AND ended_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR id <> $2) RETURNING id",
    )
    .bind(user)
    .bind(except)
    .bind(now)
    .fetch_all(c)
    .await)
}

/// Notes that a session was used.
pub async fn touch(tx: &mut WriteTx, id: SessionId, now: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query("UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(id)
        .bind(now)
        .execute(c)
        .await
        .map(drop))
}

/// Moves the counter on from `from_counter`; `false` when somebody else did, or the session no longer holds.
pub async fn rotate(
    tx: &mut WriteTx,
    id: SessionId,
    from_counter: i64,
    now: Timestamp,
) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE sessions SET counter = counter + 1, rotated_at = $3, last_used_at = $3 \
         WHERE id = $1 AND counter = $2 AND ended_at IS NULL AND expires_at > $3",
    )
    .bind(id)
    .bind(from_counter)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The sessions of a user that hold, the newest first.
pub async fn list(tx: &mut ReadTx, user: UserId, now: Timestamp) -> Result<Vec<Session>> {
    on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", session_columns!(), " FROM sessions \
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY sessions.id DESC",
    ))
    .bind(user)
    .bind(now)
    .fetch_all(c)
    .await)
}

/// Removes sessions that were over before `before`, so many at a time.
pub async fn purge(tx: &mut WriteTx, before: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
    )
    .bind(before)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
