//! Tokens: the one place that issues them, and the one place that believes them.
//!
//! Every path to a token ends in [`issue`], which alone reaches the signer. An access token is a signed JWT that other
//! services verify by themselves; a refresh token is a JWT that only we read. Where refresh tokens rotate, each is good
//! once; where they do not, the same one serves until it expires.

pub(crate) mod cooldown;
mod reading;
mod rotation;
mod signing;
pub(crate) mod stateless;

pub(crate) use reading::{Claims, read_refresh};
pub(crate) use signing::{Grant, issue};

use crate::accounts::User;
use crate::caches::Snapshot;
use crate::sessions;
use crate::{App, Ctx, Error, SharedApp};
use doorward_domain::{Family, Rejection, SessionId, Span, Status, Timestamp};
use metrics::counter;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a sign-in or a refresh gives.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Good at every route of every family.
    pub access_token: SecretString,
    /// How long it is good from now.
    pub access_lifetime: Span,
    /// When it ends.
    pub access_expires_at: Timestamp,
    /// What new access tokens are asked for with, in families that have it.
    pub refresh: Option<RefreshToken>,
}

/// A refresh token.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    /// The token.
    pub token: SecretString,
    /// How long it is good from now.
    pub lifetime: Span,
}

/// Somebody who showed a live access token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user, as of at most a second ago.
    pub user: Arc<User>,
    /// The session of the token.
    pub session: SessionId,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Access,
    Refresh,
}

/// The counter of a session that does not rotate.
const NEVER_MOVED: i64 = 0;

/// Checks an access token: signature, kind, times, session and account. What was found is remembered while it
/// is known not to have changed.
pub async fn authenticate(app: &SharedApp, ctx: &Ctx, token: &str) -> Result<Caller, Error> {
    let claims = reading::read_access(app, token).await?;
    if claims.expires_at <= ctx.now {
        return Err(Rejection::TokenExpired.into());
    }
    let snapshot = live_session(app, ctx, &claims).await?;
    Ok(Caller {
        user: Arc::clone(&snapshot.user),
        session: claims.session,
        expires_at: claims.expires_at,
    })
}

/// Gives new tokens for a refresh token.
///
/// Where the session rotates, the token is spent and gets a successor. Where it does not (a family whose answer has no
/// place for a new one, or refresh tokens that need no session), the same token stays as good as it was. Through family
/// `code` tokens are given once per `api.code.token_cooldown`.
pub async fn refresh(app: &SharedApp, ctx: &Ctx, token: &str) -> Result<Tokens, Error> {
    let claims = read_refresh(app, token).await?;
    if claims.expires_at <= ctx.now {
        return Err(Rejection::TokenExpired.into());
    }
    let snapshot = match claims.epoch {
        None => live_session(app, ctx, &claims).await?,
        Some(epoch) => stateless::session(app, ctx, &claims, epoch).await?,
    };
    if snapshot.rotates {
        return rotation::rotate(app, ctx, &claims).await;
    }
    if !signing::has_counter(app, &claims, NEVER_MOVED) {
        return Err(Rejection::TokenClaims.into());
    }
    if ctx.family == Family::Code {
        cooldown::begin(app, ctx, claims.user).await?;
    }
    sessions::note_use(app, ctx, claims.session, &snapshot).await?;
    let grant = Grant {
        path: Path::Refresh,
        user: &snapshot.user,
        session: claims.session,
        counter: NEVER_MOVED,
        issued_at: ctx.now,
        session_ends_at: snapshot.expires_at,
        access_lifetime: snapshot.access_lifetime,
        refresh_lifetime: None,
        epoch: None,
    };
    let mut tokens = issue(app, ctx, &grant)?;
    tokens.refresh = Some(RefreshToken {
        token: token.into(),
        lifetime: claims.expires_at.since(ctx.now),
    });
    Ok(tokens)
}

/// The ways to a token. A new one does not compile until it is decided here what it must have passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// A password was right.
    Password,
    /// A one-time code was right, and the password where one is set.
    Code,
    /// An identity provider's token was good.
    Federation,
    /// A refresh token was good.
    Refresh,
}

impl Path {
    /// What is said when the account changed between the look at it and the session.
    pub(crate) const fn overtaken(self) -> Rejection {
        match self {
            Self::Password | Self::Federation => Rejection::InvalidCredentials,
            Self::Code => Rejection::CodeExpired,
            Self::Refresh => Rejection::TokenRevoked,
        }
    }
}

/// Whether this account may hold a token that is got on this path and through this family.
pub(crate) fn admit(app: &App, family: Family, path: Path, user: &User) -> Result<(), Error> {
    admit_status(user.status)?;
    let proof_demanded = match path {
        Path::Password => {
            family == Family::Verified || app.settings.accounts.require_verified_email
        }
        Path::Federation => app.settings.accounts.require_verified_email,
        // The code proved what it was sent to.
        Path::Code | Path::Refresh => false,
    };
    if proof_demanded && user.email.is_some() && !user.email_proven {
        return Err(Rejection::AddressUnproven.into());
    }
    Ok(())
}

/// Whether an account in this state may hold anything at all, and what is said where it may not.
pub(crate) const fn admit_status(status: Status) -> Result<(), Rejection> {
    match status {
        Status::Temp | Status::Active => Ok(()),
        Status::Suspended => Err(Rejection::AccountSuspended),
        Status::Banned => Err(Rejection::AccountBanned),
        Status::Deleted => Err(Rejection::AccountDeleted),
    }
}

/// The session of a token, if it is live and its user may be here.
async fn live_session(app: &SharedApp, ctx: &Ctx, claims: &Claims) -> Result<Arc<Snapshot>, Error> {
    let snapshot = if let Some(snapshot) = app.caches.session(claims.session) {
        counter!("doorward_cache_total", "cache" => "sessions", "outcome" => "hit").increment(1);
        snapshot
    } else {
        counter!("doorward_cache_total", "cache" => "sessions", "outcome" => "miss").increment(1);
        read_session(app, ctx, claims).await?
    };
    if snapshot.expires_at <= ctx.now || snapshot.user.id != claims.user {
        return Err(Rejection::TokenRevoked.into());
    }
    admit(app, ctx.family, Path::Refresh, &snapshot.user)?;
    Ok(snapshot)
}

async fn read_session(app: &SharedApp, ctx: &Ctx, claims: &Claims) -> Result<Arc<Snapshot>, Error> {
    let ticket = app.caches.before_reading(claims.user);
    let mut tx = app.read().await?;
    let Some(live) = doorward_store::sessions::live(&mut tx, claims.session, ctx.now).await? else {
        // The account is looked at before the session: whose account is gone is told so.
        let user = doorward_store::users::by_id(&mut tx, claims.user).await?;
        if let Some(user) = user {
            admit_status(user.status)?;
        }
        return Err(Rejection::TokenRevoked.into());
    };
    let snapshot = Arc::new(Snapshot::from(&live));
    app.caches
        .remember_session(claims.session, Arc::clone(&snapshot), ticket);
    Ok(snapshot)
}
