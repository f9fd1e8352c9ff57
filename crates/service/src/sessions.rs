//! Sessions: one row each, begun by a sign-in, ended by its holder, by a change of the account, or by time.

use crate::accounts::User;
use crate::audit::{self, Event};
use crate::caches::Snapshot;
use crate::tokens::{self, Caller, Grant, Path, Tokens};
use crate::{App, Ctx, Error, Refusal, SharedApp, networks, passwords};
use doorward_domain::{Family, Identifier, Rejection, SessionId, Span, Timestamp, UserId};
use doorward_store::sessions::Session;
use doorward_store::tries::{Counted, TrySource};
use doorward_store::{WriteTx, known_networks, sessions, tries, users};
use secrecy::SecretString;

/// A session's last use is written down at most this often.
const USE_NOTED_EVERY: Span = Span::minutes(1);

/// Longer ones are cut before they are stored.
const MOST_USER_AGENT: usize = 200;

/// Somebody wants in.
#[derive(Debug)]
pub struct SignIn {
    /// Who they say they are.
    pub identifier: Identifier,
    /// How they prove it.
    pub password: SecretString,
}

/// Checks a password and begins a session.
///
/// The try is counted, in a commit of its own, before the hash is computed. An unknown account, one without a password
/// and a wrong password are one refusal, with one body and one duration.
pub async fn sign_in(app: &SharedApp, ctx: &Ctx, command: SignIn) -> Result<Tokens, Error> {
    let checked = check_password(app, ctx, &command.identifier, &command.password).await?;
    let user = User::from(&checked.row);
    if let Err(refusal) = tokens::admit(app, ctx.family, Path::Password, &user) {
        // The password was right: its owner is not to be slowed down for an address that waits to be confirmed.
        let mut tx = app.write().await?;
        checked.tally.clear(&mut tx).await?;
        tx.commit().await?;
        return Err(refusal);
    }
    let renewed = if checked.rehash {
        Some(passwords::hash_known(app, &command.password).await?)
    } else {
        None
    };
    let session = new_session(app, ctx, user.id);
    let mut tx = app.write().await?;
    // The gate: nothing changed about the account since its password was compared.
    if !users::touch_login(&mut tx, user.id, checked.row.epoch, ctx.now).await? {
        return Err(Rejection::InvalidCredentials.into());
    }
    if let (Some(new), Some(old)) = (&renewed, &checked.row.password_hash) {
        users::rehash_password(&mut tx, user.id, old, new).await?;
    }
    sessions::insert(&mut tx, &session).await?;
    checked.tally.clear(&mut tx).await?;
    known_networks::remember(
        &mut tx,
        user.id,
        &app.network(ctx.client.network()),
        ctx.now,
    )
    .await?;
    audit::record(
        &mut tx,
        app,
        ctx,
        Event::SignedIn,
        audit::Subject::session(user.id, session.id),
    )
    .await?;
    tx.commit().await?;
    let grant = Grant {
        path: Path::Password,
        user: &user,
        session: session.id,
        counter: session.counter,
        issued_at: session.created_at,
        session_ends_at: session.expires_at,
        access_lifetime: session.access_lifetime,
        refresh_lifetime: has_refresh(ctx.family).then_some(session.refresh_lifetime),
    };
    tokens::issue(app, ctx, &grant)
}

/// Ends the session of a live access token.
pub async fn sign_out(app: &SharedApp, ctx: &Ctx, token: &str) -> Result<(), Error> {
    let caller = tokens::authenticate(app, ctx, token).await?;
    let mut tx = app.write().await?;
    let Some(user) = sessions::end(&mut tx, caller.session, ctx.now).await? else {
        return Err(Rejection::TokenRevoked.into());
    };
    audit::record(
        &mut tx,
        app,
        ctx,
        Event::SignedOut,
        audit::Subject::session(user, caller.session),
    )
    .await?;
    tx.commit().await?;
    app.caches.forget_sessions(&[caller.session]);
    Ok(())
}

/// A session as its user sees it.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// Names it.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// The surface that it was opened through.
    pub family: Family,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The client address at sign-in.
    pub address: Option<String>,
    /// What the client called itself at sign-in.
    pub user_agent: Option<String>,
}

/// The caller's live sessions, newest first.
pub async fn list(app: &SharedApp, ctx: &Ctx, caller: &Caller) -> Result<Vec<SessionInfo>, Error> {
    let mut tx = app.read().await?;
    let rows = sessions::list(&mut tx, caller.user.id, ctx.now).await?;
    Ok(rows
        .into_iter()
        .map(|row| SessionInfo {
            id: row.id,
            current: row.id == caller.session,
            family: row.family,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            address: row.address,
            user_agent: row.user_agent,
        })
        .collect())
}

/// Ends one of the caller's sessions.
pub async fn end(app: &SharedApp, ctx: &Ctx, caller: &Caller, id: SessionId) -> Result<(), Error> {
    let mut tx = app.write().await?;
    let owner = sessions::end(&mut tx, id, ctx.now).await?;
    if owner != Some(caller.user.id) {
        // Dropped with the transaction: somebody else's session stays as it was.
        return Err(Rejection::SessionNotFound.into());
    }
    audit::record(
        &mut tx,
        app,
        ctx,
        Event::SignedOut,
        audit::Subject::session(caller.user.id, id),
    )
    .await?;
    tx.commit().await?;
    app.caches.forget_sessions(&[id]);
    Ok(())
}

/// Which of a user's sessions are ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All but the one that asks.
    Others,
    /// All.
    All,
}

/// Ends the caller's sessions.
pub async fn end_many(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
    which: Ending,
) -> Result<(), Error> {
    let except = match which {
        Ending::Others => Some(caller.session),
        Ending::All => None,
    };
    let mut tx = app.write().await?;
    let ended = sessions::end_all(&mut tx, caller.user.id, except, ctx.now).await?;
    audit::record(
        &mut tx,
        app,
        ctx,
        Event::SignedOutEverywhere,
        caller.user.id,
    )
    .await?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    Ok(())
}

/// Ends the session of a refresh token, if it is ours and live.
pub async fn sign_out_by_refresh(app: &SharedApp, ctx: &Ctx, token: &str) -> Result<(), Error> {
    let claims = tokens::read_refresh(app, token)?;
    let mut tx = app.write().await?;
    let Some(user) = sessions::end(&mut tx, claims.session, ctx.now).await? else {
        return Err(Rejection::TokenRevoked.into());
    };
    let subject = audit::Subject::session(user, claims.session);
    audit::record(&mut tx, app, ctx, Event::SignedOut, subject).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&[claims.session]);
    Ok(())
}

/// A password that was found right, and what is to be done about it.
pub(crate) struct Checked {
    pub(crate) row: users::User,
    pub(crate) tally: Tally,
    pub(crate) rehash: bool,
}

/// The counter that a try was counted on.
pub(crate) struct Tally {
    subject: String,
    source: TrySource,
}

impl Tally {
    /// Success takes back its own count, and no other: a stranger's guesses stay counted.
    pub(crate) async fn clear(&self, tx: &mut WriteTx) -> Result<(), Error> {
        Ok(tries::reset(tx, &self.subject, self.source).await?)
    }
}

/// Counts a try and compares the password.
pub(crate) async fn check_password(
    app: &SharedApp,
    ctx: &Ctx,
    identifier: &Identifier,
    password: &SecretString,
) -> Result<Checked, Error> {
    let mut tx = app.read().await?;
    let row = find(&mut tx, identifier).await?;
    let known = match &row {
        Some(row) => networks::is_known(app, &mut tx, ctx, row.id).await?,
        None => false,
    };
    drop(tx);
    let tally = Tally {
        subject: app.subject(identifier),
        source: if known {
            TrySource::Known
        } else {
            TrySource::Stranger
        },
    };
    count_try(app, ctx, &tally, row.as_ref().map(|row| row.id)).await?;
    let stored = row.as_ref().and_then(|row| row.password_hash.clone());
    let verdict = passwords::verify(app, password, stored).await?;
    match row {
        Some(row) if verdict.matches => Ok(Checked {
            row,
            tally,
            rehash: verdict.rehash,
        }),
        _ => Err(Rejection::InvalidCredentials.into()),
    }
}

async fn count_try(app: &App, ctx: &Ctx, tally: &Tally, user: Option<UserId>) -> Result<(), Error> {
    let mut tx = app.write().await?;
    let counted = tries::count(&mut tx, &tally.subject, tally.source, ctx.now).await?;
    if let Counted::Blocked { until } = counted {
        return Err(Refusal::after(Rejection::PasswordTriesExhausted, until.since(ctx.now)).into());
    }
    audit::record(
        &mut tx,
        app,
        ctx,
        Event::PasswordTried,
        audit::Subject {
            user,
            session: None,
        },
    )
    .await?;
    Ok(tx.commit().await?)
}

async fn find(
    tx: &mut doorward_store::ReadTx,
    identifier: &Identifier,
) -> Result<Option<users::User>, Error> {
    Ok(match identifier {
        Identifier::Email(email) => users::by_email(tx, email).await?,
        Identifier::Phone(phone) => users::by_phone(tx, phone).await?,
        Identifier::Login(login) => users::by_login(tx, login).await?,
    })
}

/// Writes down that a session is in use, now and then.
pub(crate) async fn note_use(
    app: &App,
    ctx: &Ctx,
    id: SessionId,
    snapshot: &Snapshot,
) -> Result<(), Error> {
    if ctx.now.since(snapshot.last_used_at) < USE_NOTED_EVERY {
        return Ok(());
    }
    let mut tx = app.write().await?;
    sessions::touch(&mut tx, id, ctx.now).await?;
    Ok(tx.commit().await?)
}

/// Whether a family's answer has a place for a refresh token.
const fn has_refresh(family: Family) -> bool {
    match family {
        Family::Session | Family::Proof => false,
        Family::Code | Family::Confirm | Family::Verified | Family::Native => true,
    }
}

fn new_session(app: &App, ctx: &Ctx, user: UserId) -> Session {
    let settings = &app.settings;
    // Family `session` has no refresh: its session ends with its token. Family `verified` cannot hand out a new
    // refresh token, so its session ends with the one it gave.
    let (access_lifetime, expires_in) = match ctx.family {
        Family::Session => (
            settings.session.access_lifetime,
            settings.session.access_lifetime,
        ),
        Family::Verified | Family::Proof => (
            settings.tokens.access_lifetime,
            settings.tokens.refresh_lifetime,
        ),
        Family::Code | Family::Confirm | Family::Native => (
            settings.tokens.access_lifetime,
            settings.tokens.session_lifetime,
        ),
    };
    Session {
        id: SessionId::new(ctx.now, app.entropy.bytes()),
        user_id: user,
        family: ctx.family,
        created_at: ctx.now,
        last_used_at: ctx.now,
        expires_at: ends_at(ctx.now, expires_in),
        counter: 0,
        rotated_at: ctx.now,
        rotates: matches!(ctx.family, Family::Code | Family::Confirm | Family::Native),
        access_lifetime,
        refresh_lifetime: settings.tokens.refresh_lifetime,
        address: Some(ctx.client.to_string()),
        user_agent: ctx
            .user_agent
            .as_ref()
            .map(|agent| agent.chars().take(MOST_USER_AGENT).collect()),
        ended_at: None,
    }
}

fn ends_at(now: Timestamp, lifetime: Span) -> Timestamp {
    now.truncated_to_seconds() + lifetime
}
