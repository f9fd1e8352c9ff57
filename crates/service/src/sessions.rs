//! Sessions: one row each, begun by a sign-in, ended by its holder, by a change of the account, or by time.

mod by_code;
mod opening;

pub use by_code::{SignInByCode, sign_in_by_code};
pub(crate) use opening::{of_claims, open};

use crate::accounts::User;
use crate::audit::{self, Event};
use crate::caches::Snapshot;
use crate::tokens::{self, Caller, Path, Tokens};
use crate::{App, Ctx, Error, Refusal, SharedApp, former_names, networks, passwords};
use doorward_domain::{
    Family, Identifier, LinkPurpose, Rejection, SessionId, Span, Timestamp, UserId,
};
use doorward_store::tries::{Counted, TrySource};
use doorward_store::{WriteTx, links, sessions, tries, users};
use secrecy::SecretString;

/// A session's last use is written down at most this often.
const USE_NOTED_EVERY: Span = Span::minutes(1);

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
    let mut tx = app.write().await?;
    let opened = open(&mut tx, app, ctx, Path::Password, &checked.row).await?;
    if let (Some(new), Some(old)) = (&renewed, &checked.row.password_hash) {
        users::rehash_password(&mut tx, user.id, old, new).await?;
    }
    checked.tally.clear(&mut tx).await?;
    tx.commit().await?;
    opened.tokens(app, ctx)
}

/// Ends the session of a live access token.
pub async fn sign_out(app: &SharedApp, ctx: &Ctx, token: &str) -> Result<(), Error> {
    let caller = tokens::authenticate(app, ctx, token).await?;
    let mut tx = app.write().await?;
    let Some(user) = sessions::end(&mut tx, caller.session, ctx.now).await? else {
        return Err(Rejection::TokenRevoked.into());
    };
    let subject = audit::Subject::session(user, caller.session);
    audit::record(&mut tx, app, ctx, Event::SignedOut, subject).await?;
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
    let subject = audit::Subject::session(caller.user.id, id);
    audit::record(&mut tx, app, ctx, Event::SignedOut, subject).await?;
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

/// Ends the caller's sessions. Ending all of them moves the epoch on, so that refresh tokens that need no session end
/// too.
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
    if which == Ending::All {
        users::bump_epoch(&mut tx, caller.user.id, ctx.now).await?;
        // Whoever is thrown out may have begun to move the account to an address of theirs.
        links::void(&mut tx, caller.user.id, LinkPurpose::Change, ctx.now).await?;
    }
    let ended = sessions::end_all(&mut tx, caller.user.id, except, ctx.now).await?;
    let user = caller.user.id;
    audit::record(&mut tx, app, ctx, Event::SignedOutEverywhere, user).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    Ok(())
}

/// Ends the session of a refresh token, if it is ours and live.
pub async fn sign_out_by_refresh(app: &SharedApp, ctx: &Ctx, token: &str) -> Result<(), Error> {
    let claims = tokens::read_refresh(app, token).await?;
    let mut tx = app.write().await?;
    let ended = sessions::end(&mut tx, claims.session, ctx.now)
        .await?
        .is_some();
    if !ended && !tokens::stateless::end_unseen(&mut tx, app, ctx, &claims).await? {
        return Err(Rejection::TokenRevoked.into());
    }
    let subject = audit::Subject::session(claims.user, claims.session);
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

impl Checked {
    /// Refuses what was decided by an account that is another by now: its password may be another too.
    pub(crate) fn require_unchanged(&self, now: &users::User) -> Result<(), Rejection> {
        if now.id == self.row.id && now.epoch == self.row.epoch {
            Ok(())
        } else {
            Err(Rejection::LinkInvalid)
        }
    }
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
    let row = users::by_identifier(&mut tx, identifier).await?;
    let user = row.as_ref().map(|row| row.id);
    let known = networks::is_known(app, &mut tx, ctx, user).await?;
    drop(tx);
    let tally = Tally {
        subject: app.subject(identifier),
        source: if known {
            TrySource::Known
        } else {
            TrySource::Stranger
        },
    };
    count_try(app, ctx, identifier, &tally, user).await?;
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

async fn count_try(
    app: &App,
    ctx: &Ctx,
    identifier: &Identifier,
    tally: &Tally,
    user: Option<UserId>,
) -> Result<(), Error> {
    let mut tx = app.write().await?;
    former_names::carry_over(&mut tx, app, ctx, identifier).await?;
    let counted = tries::count(&mut tx, &tally.subject, tally.source, ctx.now).await?;
    if let Counted::Blocked { until } = counted {
        return Err(Refusal::after(Rejection::PasswordTriesExhausted, until.since(ctx.now)).into());
    }
    audit::record(&mut tx, app, ctx, Event::PasswordTried, user).await?;
    Ok(tx.commit().await?)
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
    tx.commit().await?;
    // What is remembered of it says when it was last used.
    app.caches.refresh_session(id);
    Ok(())
}
