//! Reading: whose signature a token bears, and what it says.
//!
//! A token serves its kind alone. An access token bears the signature that everybody can check; a refresh token bears
//! ours, or, where it was answered through family `code`, that same public one.

use super::Kind;
use crate::caches::{SURE, Ticket};
use crate::{App, Error, SharedApp};
use doorward_crypto::{Algorithm, JoseError, KeySet, parse_claims, sha256};
use doorward_domain::{Rejection, SessionId, Timestamp, UserId};
use metrics::counter;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Instant;

/// What was read from a token whose signature is ours.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// The user's epoch at the time; a refresh token bears it where it is good without a look at the session.
    pub(crate) epoch: Option<i64>,
}

/// The claims as they come back. Wrong types are errors, never absences.
#[derive(Deserialize)]
struct Received {
    iss: String,
    sub: UserId,
    #[serde(default)]
    aud: Option<String>,
    iat: i64,
    exp: i64,
    jti: String,
    sid: SessionId,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    epoch: Option<i64>,
}

/// Reads an access token; a signature that was verified stays verified.
pub(super) async fn read_access(app: &SharedApp, token: &str) -> Result<Arc<Claims>, Error> {
    let digest = sha256(token.as_bytes());
    if let Some(claims) = app.caches.claims(&digest) {
        counter!("doorward_cache_total", "cache" => "tokens", "outcome" => "hit").increment(1);
        return Ok(claims);
    }
    counter!("doorward_cache_total", "cache" => "tokens", "outcome" => "miss").increment(1);
    let (verified, ticket) = verify_public(app, token).await?;
    let claims = match verified {
        Ok(signed) => accept(app, signed.claims)?,
        Err(error) if app.keyring.refresh_keys().verify(token).is_ok() => {
            tracing::debug!(%error, "a refresh token was shown as an access token");
            return Err(Rejection::TokenWrongKind.into());
        }
        Err(error) => return Err(refused(error)),
    };
    if claims.kind != Kind::Access {
        return Err(Rejection::TokenWrongKind.into());
    }
    let claims = Arc::new(claims);
    app.caches
        .remember_claims(digest, Arc::clone(&claims), ticket);
    Ok(claims)
}

/// Reads a refresh token, whichever of the two signatures it bears.
pub(crate) async fn read_refresh(app: &SharedApp, token: &str) -> Result<Claims, Error> {
    let received = match verify(app.keyring.refresh_keys(), token) {
        Err(JoseError::UnknownKey) => {
            let signed = verify_public(app, token).await?.0.map_err(refused)?;
            // A shared key is shared with others, so nothing but access tokens hangs on it.
            if signed.algorithm == Algorithm::Hs256 {
                return Err(Rejection::TokenWrongKind.into());
            }
            signed.claims
        }
        ours => ours.map_err(refused)?.claims,
    };
    let claims = accept(app, received)?;
    if claims.kind == Kind::Refresh {
        Ok(claims)
    } else {
        Err(Rejection::TokenWrongKind.into())
    }
}

/// Claims, and the algorithm of the key that vouches for them.
struct Signed {
    claims: Received,
    algorithm: Algorithm,
}

/// Verifies against the keys that everybody knows, which are read again where another replica may have made or withdrawn
/// one: for a name that is not known, and while it is not heard what others change.
async fn verify_public(
    app: &App,
    token: &str,
) -> Result<(Result<Signed, JoseError>, Ticket), Error> {
    let asked = Instant::now();
    let check = |keys: &KeySet| verify(keys, token);
    let verified = app.keyring.with_access_keys(app, check);
    let known_since = match &verified.0 {
        Ok(_) if app.caches.hears_changes() => return Ok(verified),
        Ok(_) => asked.checked_sub(SURE).unwrap_or(asked),
        Err(JoseError::UnknownKey) => asked,
        Err(_) => return Ok(verified),
    };
    app.keyring.read_since(app, known_since).await?;
    Ok(app.keyring.with_access_keys(app, check))
}

fn verify(keys: &KeySet, token: &str) -> Result<Signed, JoseError> {
    let verified = keys.verify(token)?;
    Ok(Signed {
        claims: parse_claims(&verified.payload)?,
        algorithm: verified.algorithm,
    })
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
        issued_at: Timestamp::from_seconds(received.iat),
        expires_at: Timestamp::from_seconds(received.exp),
        epoch: received.epoch,
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
