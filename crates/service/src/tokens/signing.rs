//! Signing: the one place that makes a token.
//!
//! What goes into a token follows from what it is issued on, the [`Grant`]: asked again, it is the same token.

use super::{Claims, Kind, Path, RefreshToken, Tokens, admit};
use crate::accounts::User;
use crate::{App, Ctx, Error, Fault};
use doorward_crypto::{KeyedHash, Label};
use doorward_domain::{Family, SessionId, Span, Timestamp, UserId};
use serde::Serialize;

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
    /// None where no refresh token is given.
    pub(crate) refresh_lifetime: Option<Span>,
    /// The user's epoch, where the refresh token is to be good without a look at the session.
    pub(crate) epoch: Option<i64>,
}

/// Signs the tokens of a session.
pub(crate) fn issue(app: &App, ctx: &Ctx, grant: &Grant<'_>) -> Result<Tokens, Error> {
    admit(app, ctx.family, grant.path, grant.user)?;
    let now = ctx.now.truncated_to_seconds();
    let access = Times::of(grant, grant.access_lifetime);
    let signer = app.keyring.access_signer(ctx.now)?;
    let access_token = signer
        .sign(&Payload::new(app, ctx, grant, Kind::Access, access))
        .map_err(Fault::internal)?;
    let refresh = match grant.refresh_lifetime {
        None => None,
        Some(lifetime) => {
            let times = Times::of(grant, lifetime);
            Some(RefreshToken {
                token: sign_refresh(app, ctx, grant, times)?.into(),
                lifetime: times.expires_at.since(now),
            })
        }
    };
    Ok(Tokens {
        access_token: access_token.into(),
        access_lifetime: access.expires_at.since(now),
        access_expires_at: access.expires_at,
        refresh,
    })
}

/// A refresh token is ours alone to read and signed with a key that is ours alone; family `code` promises its clients
/// that the public key verifies both of its tokens.
fn sign_refresh(app: &App, ctx: &Ctx, grant: &Grant<'_>, times: Times) -> Result<String, Error> {
    let signer = match ctx.family {
        Family::Code => app.keyring.access_signer(ctx.now)?,
        Family::Confirm | Family::Proof | Family::Session | Family::Verified | Family::Native => {
            app.keyring.refresh_signer()
        }
    };
    let payload = Payload::new(app, ctx, grant, Kind::Refresh, times);
    Ok(signer.sign(&payload).map_err(Fault::internal)?)
}

#[derive(Clone, Copy)]
struct Times {
    issued_at: Timestamp,
    expires_at: Timestamp,
}

impl Times {
    /// No token outlives its session.
    fn of(grant: &Grant<'_>, lifetime: Span) -> Self {
        let issued_at = grant.issued_at.truncated_to_seconds();
        Self {
            issued_at,
            expires_at: (issued_at + lifetime)
                .min(grant.session_ends_at)
                .truncated_to_seconds(),
        }
    }
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
    epoch: Option<i64>,
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
            epoch: match kind {
                Kind::Access => None,
                Kind::Refresh => grant.epoch,
            },
            id: claim("id"),
            uuid: claim("uuid"),
            user_id: claim("user_id"),
        }
    }
}

/// A name for one token of a session, made so that it tells nothing of the session. A refresh token is named by the
/// session's counter alone, so that any replica can tell the current one from a spent one.
fn token_id(app: &App, grant: &Grant<'_>, kind: Kind) -> String {
    let (session, counter) = (grant.session.to_string(), grant.counter.to_string());
    let hash = match kind {
        Kind::Access => {
            let issued_at = grant.issued_at.as_millis().to_string();
            let parts = [session.as_bytes(), counter.as_bytes(), issued_at.as_bytes()];
            app.vault.keyed(Label::Jti, &parts)
        }
        Kind::Refresh => app
            .vault
            .keyed(Label::Jti, &refresh_parts(&session, &counter)),
    };
    name_of(&hash)
}

/// Whether a refresh token is the one of its session whose counter is this. It is named with the master key, so that
/// nobody who holds another key, the one that signs for everybody, can make one up.
pub(super) fn has_counter(app: &App, claims: &Claims, counter: i64) -> bool {
    let (session, counter) = (claims.session.to_string(), counter.to_string());
    let parts = refresh_parts(&session, &counter);
    let previous = app.vault.keyed_previous(Label::Jti, &parts);
    [Some(app.vault.keyed(Label::Jti, &parts)), previous]
        .iter()
        .flatten()
        .any(|hash| name_of(hash) == claims.id)
}

const fn refresh_parts<'a>(session: &'a str, counter: &'a str) -> [&'a [u8]; 3] {
    [session.as_bytes(), counter.as_bytes(), b"refresh"]
}

fn name_of(hash: &KeyedHash) -> String {
    let mut name = hash.to_hex();
    name.truncate(32);
    name
}
