//! Tokens: the one place that issues them, and the one place that believes them.
//!
//! Every path to a token ends in [`issue`], which alone reaches the signer. An access token is a signed JWT that other
//! services verify by themselves; a refresh token is a JWT under a key of ours, since only we read it.

mod rotation;

use crate::accounts::User;
use crate::caches::Snapshot;
use crate::sessions;
use crate::{App, Ctx, Error, Fault, SharedApp};
use doorward_crypto::{JoseError, KeySet, Label, parse_claims, sha256};
use doorward_domain::{Family, Rejection, SessionId, Span, Status, Timestamp, UserId};
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
    /// The user, as read at most a second ago.
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

/// What was read from a token whose signature is ours.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) expires_at: Timestamp,
}

/// Checks an access token: signature, kind, times, session and account. What was found is remembered for a second.
pub async fn authenticate(app: &SharedApp, ctx: &Ctx, token: &str) -> Result<Caller, Error> {
    let claims = read_access(app, token).await?;
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
/// Where the session rotates, the token is spent and gets a successor. Where it does not (family `verified` has no place
/// for a new one), the same token stays as good as it was.
pub async fn refresh(app: &SharedApp, ctx: &Ctx, token: &str) -> Result<Tokens, Error> {
    let claims = read_refresh(app, token)?;
    if claims.expires_at <= ctx.now {
        return Err(Rejection::TokenExpired.into());
    }
    let snapshot = live_session(app, ctx, &claims).await?;
    if snapshot.rotates {
        return rotation::rotate(app, ctx, &claims).await;
    }
    sessions::note_use(app, ctx, claims.session, &snapshot).await?;
    let grant = Grant {
        path: Path::Refresh,
        user: &snapshot.user,
        session: claims.session,
        counter: 0,
        issued_at: ctx.now,
        session_ends_at: snapshot.expires_at,
        access_lifetime: app.settings.tokens.access_lifetime,
        refresh_lifetime: None,
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
    /// A refresh token was good.
    Refresh,
}

/// What a token is issued on.
pub(crate) struct Grant<'a> {
    pub(crate) path: Path,
    pub(crate) user: &'a User,
    pub(crate) session: SessionId,
    /// How often the session has been refreshed.
    pub(crate) counter: i64,
    /// When the session was begun or last refreshed: a repeated answer is the same answer.
    pub(crate) issued_at: Timestamp,
    pub(crate) session_ends_at: Timestamp,
    pub(crate) access_lifetime: Span,
    pub(crate) refresh_lifetime: Option<Span>,
}

/// Whether this account may hold a token that is got on this path and through this family.
pub(crate) fn admit(app: &App, family: Family, path: Path, user: &User) -> Result<(), Error> {
    match user.status {
        Status::Temp | Status::Active => {}
        Status::Suspended => return Err(Rejection::AccountSuspended.into()),
        Status::Banned => return Err(Rejection::AccountBanned.into()),
        Status::Deleted => return Err(Rejection::AccountDeleted.into()),
    }
    let proof_demanded = match path {
        Path::Password => {
            family == Family::Verified || app.settings.accounts.require_verified_email
        }
        Path::Refresh => false,
    };
    if proof_demanded && user.email.is_some() && !user.email_proven {
        return Err(Rejection::AddressUnproven.into());
    }
    Ok(())
}

/// Signs the tokens of a session: one signature for others, and a keyed hash for ourselves.
pub(crate) fn issue(app: &App, ctx: &Ctx, grant: &Grant<'_>) -> Result<Tokens, Error> {
    admit(app, ctx.family, grant.path, grant.user)?;
    let issued_at = grant.issued_at.truncated_to_seconds();
    let now = ctx.now.truncated_to_seconds();
    let expires_at = (issued_at + grant.access_lifetime)
        .min(grant.session_ends_at)
        .truncated_to_seconds();
    let times = Times {
        issued_at,
        expires_at,
    };
    let signer = app.keyring.access_signer(ctx.now)?;
    let access = signer
        .sign(&Payload::new(app, ctx, grant, Kind::Access, times))
        .map_err(Fault::internal)?;
    let refresh = match grant.refresh_lifetime {
        None => None,
        Some(lifetime) => {
            let ends_at = (issued_at + lifetime)
                .min(grant.session_ends_at)
                .truncated_to_seconds();
            let times = Times {
                issued_at,
                expires_at: ends_at,
            };
            let payload = Payload::new(app, ctx, grant, Kind::Refresh, times);
            let token = app
                .keyring
                .refresh_signer()
                .sign(&payload)
                .map_err(Fault::internal)?;
            Some(RefreshToken {
                token: token.into(),
                lifetime: ends_at.since(now),
            })
        }
    };
    Ok(Tokens {
        access_token: access.into(),
        access_lifetime: expires_at.since(now),
        access_expires_at: expires_at,
        refresh,
    })
}

#[derive(Clone, Copy)]
struct Times {
    issued_at: Timestamp,
    expires_at: Timestamp,
}

/// The claims as they are signed (RFC 7519 section 4.1, and the session's own).
#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    sub: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    iat: i64,
    exp: i64,
    jti: String,
    sid: SessionId,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
}

impl<'a> Payload<'a> {
    fn new(app: &'a App, ctx: &Ctx, grant: &Grant<'_>, kind: Kind, times: Times) -> Self {
        let user = grant.user.id;
        let claim = |name| (ctx.family.subject_claim() == Some(name)).then_some(user);
        Self {
            iss: &app.settings.tokens.issuer,
            sub: user,
            aud: app.settings.tokens.audience.as_deref(),
            iat: times.issued_at.as_seconds(),
            exp: times.expires_at.as_seconds(),
            jti: token_id(app, grant, kind),
            sid: grant.session,
            kind,
            id: claim("id"),
            uuid: claim("uuid"),
            user_id: claim("user_id"),
        }
    }
}

/// A name for one token of a session, made so that it tells nothing of the session. A refresh token is named by the
/// session's counter alone, so that any replica can tell the current one from a spent one.
fn token_id(app: &App, grant: &Grant<'_>, kind: Kind) -> String {
    match kind {
        Kind::Access => id_of(
            app,
            grant.session,
            grant.counter,
            &grant.issued_at.as_millis().to_string(),
        ),
        Kind::Refresh => refresh_id(app, grant.session, grant.counter),
    }
}

/// The name of the refresh token of a session whose counter is this.
pub(crate) fn refresh_id(app: &App, session: SessionId, counter: i64) -> String {
    id_of(app, session, counter, "refresh")
}

fn id_of(app: &App, session: SessionId, counter: i64, which: &str) -> String {
    let (session, counter) = (session.to_string(), counter.to_string());
    let parts = [session.as_bytes(), counter.as_bytes(), which.as_bytes()];
    let mut id = app.vault.keyed(Label::Jti, &parts).to_hex();
    id.truncate(32);
    id
}

/// The claims as they come back. Wrong types are errors, never absences.
#[derive(Deserialize)]
struct Received {
    iss: String,
    sub: UserId,
    #[serde(default)]
    aud: Option<String>,
    #[serde(rename = "iat")]
    _iat: i64,
    exp: i64,
    jti: String,
    sid: SessionId,
    #[serde(rename = "type")]
    kind: Kind,
}

async fn read_access(app: &SharedApp, token: &str) -> Result<Arc<Claims>, Error> {
    let digest = sha256(token.as_bytes());
    if let Some(claims) = app.caches.claims(&digest) {
        return Ok(claims);
    }
    let claims = match verify_access(app, token) {
        Err(JoseError::UnknownKey) => {
            // Another replica may have made the key a moment ago.
            app.keyring.reload_if_stale(app).await?;
            verify_access(app, token)
        }
        other => other,
    };
    let claims = match claims {
        Ok(received) => accept(app, received)?,
        Err(error) if is_ours(app.keyring.refresh_keys(), token) => {
            tracing::debug!(%error, "a refresh token was shown as an access token");
            return Err(Rejection::TokenWrongKind.into());
        }
        Err(error) => return Err(refused(error)),
    };
    if claims.kind != Kind::Access {
        return Err(Rejection::TokenWrongKind.into());
    }
    let claims = Arc::new(claims);
    app.caches.remember_claims(digest, Arc::clone(&claims));
    Ok(claims)
}

pub(crate) fn read_refresh(app: &App, token: &str) -> Result<Claims, Error> {
    let verified = app.keyring.refresh_keys().verify(token);
    let received = match verified.and_then(|verified| parse_claims(&verified.payload)) {
        Ok(received) => received,
        Err(error) => {
            let access = app.keyring.with_access_keys(|keys| is_ours(keys, token));
            return Err(if access {
                Rejection::TokenWrongKind.into()
            } else {
                refused(error)
            });
        }
    };
    let claims = accept(app, received)?;
    if claims.kind == Kind::Refresh {
        Ok(claims)
    } else {
        Err(Rejection::TokenWrongKind.into())
    }
}

fn verify_access(app: &App, token: &str) -> Result<Received, JoseError> {
    app.keyring
        .with_access_keys(|keys| parse_claims(&keys.verify(token)?.payload))
}

fn is_ours(keys: &KeySet, token: &str) -> bool {
    keys.verify(token).is_ok()
}

fn accept(app: &App, received: Received) -> Result<Claims, Error> {
    let settings = &app.settings.tokens;
    let audience_fits = settings.audience.is_none() || received.aud == settings.audience;
    if received.iss != settings.issuer || !audience_fits {
        return Err(Rejection::TokenClaims.into());
    }
    Ok(Claims {
        kind: received.kind,
        id: received.jti,
        user: received.sub,
        session: received.sid,
        expires_at: Timestamp::from_seconds(received.exp),
    })
}

fn refused(error: JoseError) -> Error {
    match error {
        JoseError::Malformed => Rejection::TokenMalformed.into(),
        JoseError::UnknownKey | JoseError::Algorithm | JoseError::Signature => {
            Rejection::TokenSignature.into()
        }
        JoseError::Claims => Rejection::TokenClaims.into(),
    }
}

/// The session of a token, if it is live and its user may be here.
async fn live_session(app: &SharedApp, ctx: &Ctx, claims: &Claims) -> Result<Arc<Snapshot>, Error> {
    let snapshot = match app.caches.session(claims.session) {
        Some(snapshot) => snapshot,
        None => read_session(app, ctx, claims).await?,
    };
    if snapshot.expires_at <= ctx.now || snapshot.user.id != claims.user {
        return Err(Rejection::TokenRevoked.into());
    }
    admit(app, ctx.family, Path::Refresh, &snapshot.user)?;
    Ok(snapshot)
}

async fn read_session(app: &SharedApp, ctx: &Ctx, claims: &Claims) -> Result<Arc<Snapshot>, Error> {
    let mut tx = app.read().await?;
    let Some(live) = doorward_store::sessions::live(&mut tx, claims.session, ctx.now).await? else {
        // The account is looked at before the session: whose account is gone is told so.
        let user = doorward_store::users::by_id(&mut tx, claims.user).await?;
        if let Some(user) = user {
            admit(app, ctx.family, Path::Refresh, &User::from(&user))?;
        }
        return Err(Rejection::TokenRevoked.into());
    };
    let snapshot = Arc::new(Snapshot {
        user: Arc::new(User::from(&live.user)),
        expires_at: live.session.expires_at,
        last_used_at: live.session.last_used_at,
        rotates: live.session.rotates,
    });
    app.caches
        .remember_session(claims.session, Arc::clone(&snapshot));
    Ok(snapshot)
}
