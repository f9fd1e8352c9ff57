//! Accounts: who they are, what they have proven, and when they were last here.
//!
//! Invariant: an e-mail address, a phone number, a login and a nickname each belong to one row at most. A deleted row
//! keeps its id and nothing else.

use crate::changes::Changed;
use crate::connection::Lease;
use crate::{Error, ReadTx, Result, WriteTx};
use doorward_domain::{
    Email, Identifier, Login, Nickname, Phone, Profile, Span, Status, Timestamp, UserId,
};

mod identifiers;
mod passwords;

pub use identifiers::{
    attach_email, attach_phone, confirm_email, confirm_phone, detach_email, detach_phone,
};
pub use passwords::{
    clear_password, count_password_failure, rehash_password, reset_password_failures, set_password,
    take_back_password_failure,
};

const TABLE: &str = "users";

/// A row. Columns called `.._key` hold the canonical form that an identifier is found by.
#[derive(Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct User {
    pub id: UserId,
    pub status: Status,
    pub email: Option<String>,
    pub email_key: Option<String>,
    pub email_proven_at: Option<Timestamp>,
    pub phone: Option<String>,
    pub phone_key: Option<String>,
    pub phone_proven_at: Option<Timestamp>,
    pub login: Option<String>,
    pub login_key: Option<String>,
    pub nickname: Option<String>,
    pub nickname_key: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub full_name: Option<String>,
    pub age: Option<i64>,
    pub password_hash: Option<String>,
    pub password_set_at: Option<Timestamp>,
    /// Keyed hash of the network that registered.
    pub registered_network: Option<String>,
    /// Moves on when everything that was signed before must no longer count.
    pub epoch: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    /// Wrong passwords in a row after a right code.
    pub password_failures: i64,
    /// When family `code` last gave tokens.
    pub tokens_issued_at: Option<Timestamp>,
}

/// What a new account starts with.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct NewUser {
    pub id: UserId,
    pub status: Status,
    pub email: Option<Email>,
    pub email_proven_at: Option<Timestamp>,
    pub phone: Option<Phone>,
    pub phone_proven_at: Option<Timestamp>,
    pub login: Option<Login>,
    pub profile: Profile,
    /// Its time is `created_at`.
    pub password_hash: Option<String>,
    /// Keyed hash of the network that registers.
    pub registered_network: Option<String>,
    pub created_at: Timestamp,
}

/// Whether a new account came to be, or whose place it wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is there.
    Done,
    /// Another account has the address.
    EmailTaken,
    /// Another account has the number.
    PhoneTaken,
    /// Another account has the login.
    LoginTaken,
    /// Another account has the nickname.
    NicknameTaken,
}

/// Which accounts to list, in the order of their ids.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// In this state alone.
    pub status: Option<Status>,
    /// Those that follow this id.
    pub after: Option<UserId>,
    /// At most so many.
    pub limit: u32,
}

macro_rules! user_columns {
    () => {
        "users.id, users.status, users.email, users.email_key, users.email_proven_at, users.phone, users.phone_key, \
         users.phone_proven_at, users.login, users.login_key, users.nickname, users.nickname_key, users.first_name, \
         users.last_name, users.full_name, users.age, users.password_hash, users.password_set_at, \
         users.registered_network, users.epoch, users.created_at, users.updated_at, users.last_login_at, users.deleted_at, \
         users.password_failures, users.tokens_issued_at"
    };
}
pub(crate) use user_columns;

/// The conflicting account was gone again each time that it was looked for.
#[derive(Debug, thiserror::Error)]
#[error("the new account clashes with one that cannot be found")]
struct Elusive;

/// Adds an account, or says which of its identifiers is taken.
pub async fn insert(tx: &mut WriteTx, user: &NewUser) -> Result<Inserted> {
    for _ in 0..3 {
        if try_insert(tx, user).await? {
            return Ok(Inserted::Done);
        }
        if let Some(taken) = what_is_taken(tx, user).await? {
            return Ok(taken);
        }
    }
    Err(Error::unavailable(Elusive))
}

async fn try_insert(tx: &mut WriteTx, user: &NewUser) -> Result<bool> {
    let profile = &user.profile;
    let nickname = profile.nickname.as_ref();
    let id: Option<UserId> = on!(tx, c => sqlx::query_scalar(
        "INSERT INTO users (id, status, email, email_key, email_proven_at, phone, phone_key, phone_proven_at, login, \
         login_key, nickname, nickname_key, first_name, last_name, full_name, age, password_hash, password_set_at, \
         registered_network, epoch, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 0, $20, $20) \
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(user.id)
    .bind(user.status)
    .bind(user.email.as_ref().map(Email::as_str))
    .bind(user.email.as_ref().map(Email::key))
    .bind(user.email_proven_at)
    .bind(user.phone.as_ref().map(Phone::as_str))
    .bind(user.phone.as_ref().map(Phone::key))
    .bind(user.phone_proven_at)
    .bind(user.login.as_ref().map(Login::as_str))
    .bind(user.login.as_ref().map(Login::key))
    .bind(nickname.map(doorward_domain::Nickname::as_str))
    .bind(nickname.map(doorward_domain::Nickname::key))
    .bind(profile.first_name.as_deref())
    .bind(profile.last_name.as_deref())
    .bind(profile.full_name.as_deref())
    .bind(profile.age)
    .bind(user.password_hash.as_deref())
    .bind(user.password_hash.is_some().then_some(user.created_at))
    .bind(user.registered_network.as_deref())
    .bind(user.created_at)
    .fetch_optional(c)
    .await)?;
    Ok(id.is_some())
}

async fn what_is_taken(tx: &mut WriteTx, user: &NewUser) -> Result<Option<Inserted>> {
    let email = user.email.as_ref().map(Email::key);
    let phone = user.phone.as_ref().map(Phone::key);
    let login = user.login.as_ref().map(Login::key);
    let nickname = user.profile.nickname.as_ref();
    let ranks: Vec<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT CASE WHEN email_key = $1 THEN CAST(1 AS BIGINT) WHEN phone_key = $2 THEN 2 WHEN login_key = $3 THEN 3 ELSE 4 END \
         FROM users WHERE email_key = $1 OR phone_key = $2 OR login_key = $3 OR nickname_key = $4",
    )
    .bind(email)
    .bind(phone)
    .bind(login)
    .bind(nickname.map(doorward_domain::Nickname::key))
    .fetch_all(c)
    .await)?;
    Ok(ranks.into_iter().min().map(|rank| match rank {
        1 => Inserted::EmailTaken,
        2 => Inserted::PhoneTaken,
        3 => Inserted::LoginTaken,
        _ => Inserted::NicknameTaken,
    }))
}

/// The account with this id, deleted ones too.
pub async fn by_id(tx: &mut ReadTx, id: UserId) -> Result<Option<User>> {
    on!(tx, c => sqlx::query_as(concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1"))
        .bind(id)
        .fetch_optional(c)
        .await)
}

/// The account that has this address, proven or not.
pub async fn by_email(tx: &mut ReadTx, email: &Email) -> Result<Option<User>> {
    on!(tx, c => sqlx::query_as(concat!("SELECT ", user_columns!(), " FROM users WHERE email_key = $1"))
        .bind(email.key())
        .fetch_optional(c)
        .await)
}

/// The account that has this login.
pub async fn by_login(tx: &mut ReadTx, login: &Login) -> Result<Option<User>> {
    on!(tx, c => sqlx::query_as(concat!("SELECT ", user_columns!(), " FROM users WHERE login_key = $1"))
        .bind(login.key())
        .fetch_optional(c)
        .await)
}

/// The account that has this number, proven or not.
pub async fn by_phone(tx: &mut ReadTx, phone: &Phone) -> Result<Option<User>> {
    on!(tx, c => sqlx::query_as(concat!("SELECT ", user_columns!(), " FROM users WHERE phone_key = $1"))
        .bind(phone.key())
        .fetch_optional(c)
        .await)
}

/// The account that has this identifier, proven or not.
pub async fn by_identifier(tx: &mut ReadTx, identifier: &Identifier) -> Result<Option<User>> {
    match identifier {
        Identifier::Email(email) => by_email(tx, email).await,
        Identifier::Phone(phone) => by_phone(tx, phone).await,
        Identifier::Login(login) => by_login(tx, login).await,
    }
}

/// The account that has this identifier, kept as it is until this transaction ends, as by [`lock`].
pub async fn lock_by_identifier(tx: &mut WriteTx, identifier: &Identifier) -> Result<Option<User>> {
    macro_rules! locked {
        ($column:literal, $key:expr) => {
            on!(tx, c => sqlx::query_as(concat!(
                "UPDATE users SET epoch = epoch WHERE ", $column, " = $1 RETURNING ", user_columns!(),
            ))
            .bind($key)
            .fetch_optional(c)
            .await)
        };
    }
    match identifier {
        Identifier::Email(email) => locked!("email_key", email.key()),
        Identifier::Phone(phone) => locked!("phone_key", phone.key()),
        Identifier::Login(login) => locked!("login_key", login.key()),
    }
}

/// Notes that tokens are given; `false` when that was less than `cooldown` ago. Of any number of callers one hears
/// `true`.
pub async fn note_tokens(
    tx: &mut WriteTx,
    id: UserId,
    now: Timestamp,
    cooldown: Span,
) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET tokens_issued_at = $2 WHERE id = $1 AND (tokens_issued_at IS NULL OR tokens_issued_at <= $3)",
    )
    .bind(id)
    .bind(now)
    .bind(now - cooldown)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Notes a sign-in, if the account is still as it was when its password was compared: in use, and of this epoch.
/// `false` when it is not; then nobody may be signed in.
pub async fn touch_login(tx: &mut WriteTx, id: UserId, epoch: i64, now: Timestamp) -> Result<bool> {
    tx.note(Changed::User(id));
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET last_login_at = $3 WHERE id = $1 AND epoch = $2 AND status IN ($4, $5)",
    )
    .bind(id)
    .bind(epoch)
    .bind(now)
    .bind(Status::Temp)
    .bind(Status::Active)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Moves an account into another state; `false` when it is in it, is gone, or was deleted, which is for good.
pub async fn set_status(
    tx: &mut WriteTx,
    id: UserId,
    status: Status,
    now: Timestamp,
) -> Result<bool> {
    tx.note(Changed::User(id));
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET status = $2, updated_at = $3 WHERE id = $1 AND status <> $2 AND deleted_at IS NULL",
    )
    .bind(id)
    .bind(status)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Deletes an account and keeps its id: everything personal goes, the identifiers are free. `false` when that was
/// done before.
pub async fn scrub(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<bool> {
    tx.note(Changed::User(id));
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET status = $2, email = NULL, email_key = NULL, email_proven_at = NULL, phone = NULL, \
         phone_key = NULL, phone_proven_at = NULL, login = NULL, login_key = NULL, nickname = NULL, nickname_key = NULL, \
         first_name = NULL, last_name = NULL, full_name = NULL, age = NULL, password_hash = NULL, \
         password_set_at = NULL, registered_network = NULL, last_login_at = NULL, password_failures = 0, tokens_issued_at = NULL, \
         epoch = epoch + 1, updated_at = $3, deleted_at = $3 WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id)
    .bind(Status::Deleted)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Keeps every other transaction that locks or changes this account waiting until this one ends; `false` when there is
/// no such account.
pub async fn lock(tx: &mut WriteTx, id: UserId) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query("UPDATE users SET epoch = epoch WHERE id = $1")
        .bind(id)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Moves the epoch on and returns it; `None` when there is no such account.
pub async fn bump_epoch(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<Option<i64>> {
    tx.note(Changed::User(id));
    on!(tx, c => sqlx::query_scalar(
        "UPDATE users SET epoch = epoch + 1, updated_at = $2 WHERE id = $1 RETURNING epoch",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// Drops what was set by whoever registered an address before somebody else proved it: password and profile go, the
/// epoch moves on. Sessions and files have tables of their own. `false` when there is no such account.
pub async fn first_proof(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<bool> {
    tx.note(Changed::User(id));
    let rows = on!(tx, c => sqlx::query(
        "UPDATE users SET password_hash = NULL, password_set_at = NULL, nickname = NULL, nickname_key = NULL, \
         first_name = NULL, last_name = NULL, full_name = NULL, age = NULL, tokens_issued_at = NULL, epoch = epoch + 1, \
         updated_at = $2 WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// What is true of every account but those that were left in the place of one that could not be, which nobody can come to.
macro_rules! is_somebodys {
    () => {
        "(status <> 'temp' OR email_key IS NOT NULL OR phone_key IS NOT NULL)"
    };
}

/// A page of accounts, by id, which is by age.
pub async fn list(tx: &mut ReadTx, filter: &Filter) -> Result<Vec<User>> {
    on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", user_columns!(), " FROM users WHERE ", is_somebodys!(),
        " AND (CAST($1 AS TEXT) IS NULL OR status = $1) AND (CAST($2 AS TEXT) IS NULL OR id > $2) ORDER BY id LIMIT $3",
    ))
    .bind(filter.status)
    .bind(filter.after)
    .bind(i64::from(filter.limit))
    .fetch_all(c)
    .await)
}

/// Accounts without a proven identifier that nobody has signed in to since `before`. An account that has a login alone
/// has nothing to prove and is not among them; one that an import has just brought has as long as one that was just
/// made.
pub async fn stale_unproven(tx: &mut ReadTx, before: Timestamp, limit: u32) -> Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT id FROM users WHERE status IN ($1, $2) AND email_proven_at IS NULL AND phone_proven_at IS NULL \
         AND (email_key IS NOT NULL OR phone_key IS NOT NULL OR status = $1) AND created_at < $3 \
         AND updated_at < $3 AND COALESCE(last_login_at, created_at) < $3 ORDER BY created_at LIMIT $4",
    )
    .bind(Status::Temp)
    .bind(Status::Active)
    .bind(before)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await)
}

/// Temporary accounts that have no code any more which could make them accounts.
pub async fn stale_temporary(tx: &mut ReadTx, now: Timestamp, limit: u32) -> Result<Vec<UserId>> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT id FROM users WHERE status = $1 AND NOT EXISTS \
         (SELECT 1 FROM codes WHERE codes.user_id = users.id AND codes.expires_at > $2) ORDER BY created_at LIMIT $3",
    )
    .bind(Status::Temp)
    .bind(now)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await)
}

/// Removes a temporary account, unless somebody has asked for a code or proven it since it was found stale.
pub async fn remove_temporary(tx: &mut WriteTx, id: UserId, now: Timestamp) -> Result<bool> {
    tx.note(Changed::User(id));
    // Whoever asks for a code holds this lock until the code is there to be seen.
    lock(tx, id).await?;
    let rows = on!(tx, c => sqlx::query(
        "DELETE FROM users WHERE id = $1 AND status = $2 AND NOT EXISTS \
         (SELECT 1 FROM codes WHERE codes.user_id = users.id AND codes.expires_at > $3)",
    )
    .bind(id)
    .bind(Status::Temp)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Removes the row and, with it, sessions, files and known networks; `false` when it was gone.
pub async fn remove(tx: &mut WriteTx, id: UserId) -> Result<bool> {
    tx.note(Changed::User(id));
    let rows = on!(tx, c => sqlx::query("DELETE FROM users WHERE id = $1")
        .bind(id)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// How many accounts there are, deleted ones apart.
pub async fn count(tx: &mut ReadTx) -> Result<u64> {
    let count: i64 = on!(tx, c => sqlx::query_scalar(concat!(
        "SELECT COUNT(*) FROM users WHERE deleted_at IS NULL AND ", is_somebodys!(),
    ))
    .fetch_one(c)
    .await)?;
    Ok(count.unsigned_abs())
}

/// Removes the rows of accounts that were deleted before `before`, so many at a time.
pub async fn purge_deleted(tx: &mut WriteTx, before: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM users WHERE id IN (SELECT id FROM users WHERE status = $1 AND deleted_at < $2 \
         ORDER BY deleted_at LIMIT $3)",
    )
    .bind(Status::Deleted)
    .bind(before)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// What is to become of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It becomes empty.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    const fn is_kept(&self) -> bool {
        matches!(self, Self::Keep)
    }

    const fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

/// What is to become of each profile column.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct ProfileChange {
    pub full_name: Change<String>,
    pub first_name: Change<String>,
    pub last_name: Change<String>,
    pub nickname: Change<Nickname>,
    pub age: Change<i64>,
}

/// Changes the profile columns that are named and returns the row; `None` when another account has the nickname. Then
/// the transaction can only be dropped.
pub async fn update_profile(
    tx: &mut WriteTx,
    id: UserId,
    change: &ProfileChange,
    now: Timestamp,
) -> Result<Option<User>> {
    tx.note(Changed::User(id));
    macro_rules! run {
        ($lease:expr) => {
            sqlx::query_as(concat!(
                "UPDATE users SET full_name = CASE WHEN $3 THEN full_name ELSE $4 END, \
                 first_name = CASE WHEN $5 THEN first_name ELSE $6 END, \
                 last_name = CASE WHEN $7 THEN last_name ELSE $8 END, \
                 nickname = CASE WHEN $9 THEN nickname ELSE $10 END, \
                 nickname_key = CASE WHEN $9 THEN nickname_key ELSE $11 END, \
                 age = CASE WHEN $12 THEN age ELSE CAST($13 AS BIGINT) END, updated_at = $2 \
                 WHERE id = $1 AND deleted_at IS NULL RETURNING ",
                user_columns!()
            ))
            .bind(id)
            .bind(now)
            .bind(change.full_name.is_kept())
            .bind(change.full_name.value())
            .bind(change.first_name.is_kept())
            .bind(change.first_name.value())
            .bind(change.last_name.is_kept())
            .bind(change.last_name.value())
            .bind(change.nickname.is_kept())
            .bind(change.nickname.value().map(Nickname::as_str))
            .bind(change.nickname.value().map(Nickname::key))
            .bind(change.age.is_kept())
            .bind(change.age.value().copied())
            .fetch_optional(&mut **$lease)
            .await
        };
    }
    let outcome = match tx.lease() {
        Lease::Sqlite(lease) => run!(lease),
        Lease::Postgres(lease) => run!(lease),
    };
    match outcome {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(None),
        outcome => tx.settle(TABLE, outcome),
    }
}
