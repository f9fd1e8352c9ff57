//! Signing keys: counted from 1, published before they sign, kept until their last token has expired.
//!
//! Every replica reads them from the database; private parts rest sealed. Two replicas that start together each make a
//! first key and offer it as version 1, and the database takes one: both then read that one. A key that was withdrawn
//! signs and verifies nothing, at any replica, from the second on in which they hear of it.

mod bringing;
mod keyring;
mod making;
mod withdrawing;

pub use bringing::{BroughtKey, ImportError, import};
pub use withdrawing::withdraw;

pub(crate) use keyring::Keyring;
pub(crate) use making::sealed_in;

use crate::app::App;
use crate::audit::{self, Event};
use crate::{Ctx, Error, Fault, SharedApp};
use doorward_crypto::{Algorithm, Jwk};
use doorward_domain::{KeyVersion, Rejection, Span, Timestamp};
use doorward_store::WriteTx;
use doorward_store::keys::NewKey;
use keyring::signing;
use making::{Times, fresh_key};
use serde::Serialize;

/// How long a key is published before it signs: the time for which verifiers keep the key set.
pub const PUBLISHED_BEFORE: Span = Span::minutes(5);

/// Verifiers whose clocks are behind may still ask for a key a little after its last token has expired.
const RETIRES_AFTER: Span = Span::minutes(5);

/// What a key is doing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published, and will sign later.
    Next,
    /// Signs.
    Signing,
    /// Signs no more, and verifies what it signed.
    Retired,
    /// Its last token has expired; only its public part is kept, readable by version.
    Gone,
    /// It was taken out of use at once: nothing that it signed is believed.
    Withdrawn,
}

/// A key as an operator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct KeyInfo {
    /// Counts from 1.
    pub version: KeyVersion,
    /// What it signs with.
    pub algorithm: String,
    /// What it is doing now.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub signs_from: Timestamp,
    /// When its last token has expired, once it has a successor.
    pub retires_at: Option<Timestamp>,
}

/// A public key as text.
#[derive(Clone, Debug)]
pub struct PublicKeyPem {
    /// Counts from 1.
    pub version: KeyVersion,
    /// SPKI in PEM.
    pub pem: String,
}

/// The public keys that verify tokens (RFC 7517 section 5).
#[derive(Clone, Debug, Serialize)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

/// The public keys that verify tokens now: signing, next, and retired ones until the last token they signed has
/// expired.
pub fn jwks(app: &App, now: Timestamp) -> JwkSet {
    let loaded = app.keyring.loaded();
    // Where a key is shared nothing is published, and what was signed before verifies here alone.
    let shared = app.settings.tokens.algorithm == Algorithm::Hs256;
    let keys = loaded.keys.iter().filter(|key| {
        let state = key.state(&loaded.keys, now);
        !shared && state != KeyState::Gone && state != KeyState::Withdrawn
    });
    JwkSet {
        keys: keys
            .map(|key| key.public.jwk(&key.version.to_string()))
            .collect(),
    }
}

/// The key that signs now, or the one of that version, as PEM.
pub fn public_key(
    app: &App,
    version: Option<KeyVersion>,
    now: Timestamp,
) -> Result<PublicKeyPem, Error> {
    if app.settings.tokens.algorithm == Algorithm::Hs256 {
        return Err(Rejection::PublicKeyAbsent.into());
    }
    let loaded = app.keyring.loaded();
    let key = match version {
        None => signing(&loaded.keys, now),
        Some(version) => loaded.keys.iter().find(|key| key.version == version),
    };
    let key = key.filter(|key| key.withdrawn_at.is_none());
    let key = key.ok_or(Rejection::KeyVersionUnknown)?;
    Ok(PublicKeyPem {
        version: key.version,
        pem: key.public.to_pem(),
    })
}

/// Every key, oldest first.
pub async fn list(app: &SharedApp, now: Timestamp) -> Result<Vec<KeyInfo>, Error> {
    app.keyring.reload(app).await?;
    let loaded = app.keyring.loaded();
    Ok(loaded
        .keys
        .iter()
        .map(|key| key.info(&loaded.keys, now))
        .collect())
}

/// When a new key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// After [`PUBLISHED_BEFORE`], when every verifier can have it.
    Planned,
    /// At once: a leaked key cannot wait for caches.
    AtOnce,
}

/// Makes a successor of the signing key, which is published at once.
pub async fn rotate(app: &SharedApp, ctx: &Ctx, rotation: Rotation) -> Result<KeyInfo, Error> {
    app.keyring.reload(app).await?;
    let version = app.keyring.loaded().next_version();
    let signs_from = match rotation {
        Rotation::AtOnce => ctx.now,
        Rotation::Planned => ctx.now + PUBLISHED_BEFORE,
    };
    let times = Times {
        now: ctx.now,
        signs_from,
    };
    let new = fresh_key(app, version, times).await?;
    let mut tx = app.write().await?;
    if add_successor(&mut tx, app, &new).await? {
        audit::record(
            &mut tx,
            app,
            ctx,
            Event::KeyRotated,
            audit::Subject::default(),
        )
        .await?;
    }
    tx.commit().await?;
    describe(app, ctx, version).await
}

/// Adds a key and says when the last token of each of its predecessors has expired; `false` when its version was taken
/// meanwhile, by another replica that did the same.
async fn add_successor(tx: &mut WriteTx, app: &App, new: &NewKey) -> Result<bool, Error> {
    if !doorward_store::keys::insert(tx, new).await? {
        return Ok(false);
    }
    let retires_at = new.signs_from + longest_token(&app.settings) + RETIRES_AFTER;
    let loaded = app.keyring.loaded();
    for key in loaded.keys.iter().filter(|key| key.retires_at.is_none()) {
        doorward_store::keys::retire(tx, key.version, retires_at).await?;
    }
    Ok(true)
}

/// The key of a version as it is now in the database.
async fn describe(app: &App, ctx: &Ctx, version: KeyVersion) -> Result<KeyInfo, Error> {
    app.keyring.reload(app).await?;
    let loaded = app.keyring.loaded();
    let key = loaded.keys.iter().find(|key| key.version == version);
    let key = key.ok_or(Rejection::KeyVersionUnknown)?;
    Ok(key.info(&loaded.keys, ctx.now))
}

/// Does what is due: called now and then by the one process whose duty it is.
pub(crate) async fn look_after(app: &SharedApp, ctx: &Ctx) -> Result<(), Error> {
    reload(app).await?;
    bringing::adopt_configured(app, ctx).await?;
    rotate_when_due(app, ctx).await?;
    let mut tx = app.write().await?;
    doorward_store::keys::purge_private(&mut tx, ctx.now).await?;
    Ok(tx.commit().await?)
}

/// Rotates when the newest key has reached the configured age.
async fn rotate_when_due(app: &SharedApp, ctx: &Ctx) -> Result<(), Error> {
    if app.settings.tokens.algorithm == Algorithm::Hs256 {
        return Ok(());
    }
    let every = app.settings.tokens.rotate_keys_every;
    let loaded = app.keyring.loaded();
    let Some(newest) = loaded.keys.iter().rev().find(|key| !key.is_mute()) else {
        return Ok(());
    };
    let due = !every.is_zero() && ctx.now.since(newest.created_at) >= every;
    let other_algorithm =
        newest.algorithm != app.settings.tokens.algorithm && newest.signer.is_some();
    if due || other_algorithm {
        rotate(app, ctx, Rotation::Planned).await?;
    }
    Ok(())
}

/// Reads the keys again, so that what another replica made is known here.
pub(crate) async fn reload(app: &App) -> Result<(), Fault> {
    app.keyring.reload(app).await
}

/// The longest time for which a token signed now can be good.
fn longest_token(settings: &crate::Settings) -> Span {
    settings
        .tokens
        .access_lifetime
        .max(settings.session.access_lifetime)
        .max(settings.tokens.refresh_lifetime)
        .max(settings.code.access_lifetime)
        .max(settings.code.refresh_lifetime)
}
