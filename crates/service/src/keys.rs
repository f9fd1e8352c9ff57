//! Signing keys: counted from 1, published before they sign, kept until their last token has expired.
//!
//! Every replica reads them from the database; private parts rest sealed. Two replicas that start together each make a
//! first key and offer it as version 1, and the database takes one: both then read that one.

use crate::app::{App, Parts, StartError};
use crate::audit::{self, Event};
use crate::{Ctx, Error, Fault, SharedApp};
use doorward_crypto::{
    Algorithm, Entropy, HmacKey, Jwk, KeySet, KeyedHash, Label, PublicKey, Signer, SigningKey,
    Vault,
};
use doorward_domain::{KeyVersion, Rejection, Span, Timestamp};
use doorward_store::Store;
use doorward_store::keys::{KeyRow, NewKey};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::sync::{Arc, Mutex, RwLock};

/// How long a key is published before it signs: the time for which verifiers keep the key set.
pub const PUBLISHED_BEFORE: Span = Span::minutes(5);

/// Verifiers whose clocks are behind may still ask for a key a little after its last token has expired.
const RETIRES_AFTER: Span = Span::minutes(5);

/// The name of the shared key of HS256.
const SHARED_KID: &str = "shared";

/// A signing key that the operator brought along.
pub struct BroughtKey {
    /// PEM, PKCS#8 or PKCS#1.
    pub private_pem: SecretString,
    /// PEM of the public part, when it was given too.
    pub public_pem: Option<String>,
}

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
    let keys = loaded
        .keys
        .iter()
        .filter(|key| !shared && key.state(&loaded.keys, now) != KeyState::Gone);
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
    let loaded = app.keyring.loaded();
    let newest = loaded.keys.last().map_or(KeyVersion(0), |key| key.version);
    let signs_from = match rotation {
        Rotation::AtOnce => ctx.now,
        Rotation::Planned => ctx.now + PUBLISHED_BEFORE,
    };
    let algorithm = app.settings.tokens.algorithm;
    let new = fresh_key(
        &app.vault,
        &app.entropy,
        newest.next(),
        algorithm,
        Times {
            now: ctx.now,
            signs_from,
        },
    )
    .await?;
    let mut tx = app.write().await?;
    if doorward_store::keys::insert(&mut tx, &new).await? {
        let retires_at = signs_from + longest_token(&app.settings) + RETIRES_AFTER;
        for key in loaded.keys.iter().filter(|key| key.retires_at.is_none()) {
            doorward_store::keys::retire(&mut tx, key.version, retires_at).await?;
        }
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
    app.keyring.reload(app).await?;
    let loaded = app.keyring.loaded();
    let key = loaded.keys.iter().find(|key| key.version == newest.next());
    let key =
        key.ok_or_else(|| Fault::internal("the key that was just made is not in the database"))?;
    Ok(key.info(&loaded.keys, ctx.now))
}

/// Rotates when the newest key has reached the configured age; called by the worker now and then.
pub(crate) async fn rotate_when_due(app: &SharedApp, ctx: &Ctx) -> Result<(), Error> {
    if app.settings.tokens.algorithm == Algorithm::Hs256 {
        return Ok(());
    }
    let every = app.settings.tokens.rotate_keys_every;
    let loaded = app.keyring.loaded();
    let Some(newest) = loaded.keys.iter().rev().find(|key| !key.is_foreign()) else {
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

/// The keys of this process: read from the database, parsed once.
pub(crate) struct Keyring {
    loaded: RwLock<Arc<Loaded>>,
    refresh: Arc<Signer>,
    refresh_set: KeySet,
    shared: Option<HmacKey>,
    reloaded_at: Mutex<Timestamp>,
}

struct Loaded {
    keys: Vec<Key>,
    set: KeySet,
}

struct Key {
    version: KeyVersion,
    algorithm: Algorithm,
    public: PublicKey,
    signer: Option<Arc<Signer>>,
    created_at: Timestamp,
    signs_from: Timestamp,
    retires_at: Option<Timestamp>,
}

impl Key {
    /// Whether it signed for another service alone: its public part is readable by version and verifies nothing here.
    fn is_foreign(&self) -> bool {
        self.retires_at == Some(self.signs_from)
    }

    fn state(&self, all: &[Self], now: Timestamp) -> KeyState {
        if signing(all, now).is_some_and(|key| key.version == self.version) {
            KeyState::Signing
        } else if self.signs_from > now {
            KeyState::Next
        } else if self.retires_at.is_none_or(|retires_at| retires_at > now) {
            KeyState::Retired
        } else {
            KeyState::Gone
        }
    }

    fn info(&self, all: &[Self], now: Timestamp) -> KeyInfo {
        KeyInfo {
            version: self.version,
            algorithm: self.algorithm.to_string(),
            state: self.state(all, now),
            created_at: self.created_at,
            signs_from: self.signs_from,
            retires_at: self.retires_at,
        }
    }
}

/// The newest key that may sign already.
fn signing(keys: &[Key], now: Timestamp) -> Option<&Key> {
    keys.iter()
        .rev()
        .find(|key| key.signs_from <= now && key.signer.is_some())
}

impl Keyring {
    /// Reads the keys; makes the first one where there is none, or takes the one that was brought along.
    pub(crate) async fn start(parts: &Parts) -> Result<Self, StartError> {
        let shared = shared_key(&parts.settings)?;
        let rows = read(&parts.store).await?;
        if shared.is_none() && rows.iter().all(|row| row.private_sealed.is_none()) {
            insert_first(parts, &rows).await?;
        }
        let loaded = load(&parts.store, &parts.vault, shared.as_ref()).await?;
        let refresh = parts.vault.hmac_key(Label::Refresh);
        let name: &[&[u8]] = &[b"refresh"];
        let kid = refresh_kid(&parts.vault.keyed(Label::Check, name));
        let mut refresh_set = KeySet::new();
        refresh_set.insert(&kid, refresh.clone());
        let previous = parts
            .vault
            .keyed_previous(Label::Check, name)
            .zip(parts.vault.hmac_key_previous(Label::Refresh));
        if let Some((hash, key)) = previous {
            refresh_set.insert(refresh_kid(&hash), key);
        }
        Ok(Self {
            loaded: RwLock::new(Arc::new(loaded)),
            refresh: Arc::new(Signer::new(kid, refresh)),
            refresh_set,
            shared,
            reloaded_at: Mutex::new(Timestamp::EPOCH),
        })
    }

    fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(
            &self
                .loaded
                .read()
                .expect("no thread panics while it swaps an Arc"),
        )
    }

    async fn reload(&self, app: &App) -> Result<(), Fault> {
        let fresh = Arc::new(load(&app.store, &app.vault, self.shared.as_ref()).await?);
        *self
            .loaded
            .write()
            .expect("no thread panics while it swaps an Arc") = fresh;
        Ok(())
    }

    /// Reads the keys again unless that was done within the last second: tokens with made-up key names must not
    /// turn into queries.
    pub(crate) async fn reload_if_stale(&self, app: &App) -> Result<(), Fault> {
        let now = app.now();
        let due = {
            let mut last = self
                .reloaded_at
                .lock()
                .expect("no thread panics while it copies a number");
            let due = now.since(*last) >= Span::seconds(1);
            if due {
                *last = now;
            }
            due
        };
        if due { self.reload(app).await } else { Ok(()) }
    }

    /// The signer of access tokens.
    pub(crate) fn access_signer(&self, now: Timestamp) -> Result<Arc<Signer>, Fault> {
        if let Some(shared) = &self.shared {
            return Ok(Arc::new(Signer::new(SHARED_KID, shared.clone())));
        }
        let loaded = self.loaded();
        let signer = signing(&loaded.keys, now).and_then(|key| key.signer.clone());
        signer.ok_or_else(|| Fault::internal("no signing key is in force"))
    }

    /// The signer of refresh tokens.
    pub(crate) fn refresh_signer(&self) -> Arc<Signer> {
        Arc::clone(&self.refresh)
    }

    /// Runs `check` with the keys that verify access tokens.
    pub(crate) fn with_access_keys<T>(&self, check: impl FnOnce(&KeySet) -> T) -> T {
        check(&self.loaded().set)
    }

    /// The keys that verify refresh tokens.
    pub(crate) const fn refresh_keys(&self) -> &KeySet {
        &self.refresh_set
    }
}

/// Names the key that signs refresh tokens, so that a token from before the master key changed finds the key of then.
fn refresh_kid(hash: &KeyedHash) -> String {
    let mut kid = hash.to_hex();
    kid.truncate(8);
    format!("refresh-{kid}")
}

fn shared_key(settings: &crate::Settings) -> Result<Option<HmacKey>, StartError> {
    if settings.tokens.algorithm != Algorithm::Hs256 {
        return Ok(None);
    }
    let key = settings.tokens.hs256_key.as_ref();
    let key =
        key.ok_or_else(|| StartError::BroughtKey("HS256 needs `tokens.hs256_key`".to_owned()))?;
    let parsed = HmacKey::new(key.expose_secret().as_bytes());
    parsed
        .map(Some)
        .map_err(|error| StartError::BroughtKey(error.to_string()))
}

async fn read(store: &Store) -> Result<Vec<KeyRow>, Fault> {
    let mut tx = store.read().await?;
    Ok(doorward_store::keys::list(&mut tx).await?)
}

async fn load(store: &Store, vault: &Vault, shared: Option<&HmacKey>) -> Result<Loaded, Fault> {
    let mut keys = Vec::new();
    let mut set = KeySet::default();
    for row in read(store).await? {
        let key = parse(row, vault)?;
        if !key.is_foreign() {
            set.insert(key.version.to_string(), key.public.clone());
        }
        keys.push(key);
    }
    keys.sort_by_key(|key| key.version);
    if let Some(shared) = shared {
        set.insert(SHARED_KID, shared.clone());
    }
    Ok(Loaded { keys, set })
}

fn parse(row: KeyRow, vault: &Vault) -> Result<Key, Fault> {
    let algorithm: Algorithm = row.algorithm.parse().map_err(Fault::internal)?;
    let public = PublicKey::from_pem(&row.public_pem, algorithm).map_err(Fault::internal)?;
    let signer = match row.private_sealed {
        None => None,
        Some(sealed) => {
            let der = vault.open(&sealed_in(row.version), &sealed)?;
            let key = SigningKey::from_pkcs8_der(&der, algorithm).map_err(Fault::internal)?;
            Some(Arc::new(Signer::new(row.version.to_string(), key)))
        }
    };
    Ok(Key {
        version: row.version,
        algorithm,
        public,
        signer,
        created_at: row.created_at,
        signs_from: row.signs_from,
        retires_at: row.retires_at,
    })
}

/// The place that a private part is sealed for: moved to another row, it does not open.
fn sealed_in(version: KeyVersion) -> String {
    format!("signing_keys/{version}")
}

struct Times {
    now: Timestamp,
    signs_from: Timestamp,
}

/// Makes the first key that signs. Its version follows those of another service that an import brought; a key that was
/// brought along and signed there keeps the version that it had.
async fn insert_first(parts: &Parts, foreign: &[KeyRow]) -> Result<(), StartError> {
    let now = parts.clock.now();
    let times = Times {
        now,
        signs_from: now,
    };
    let (vault, entropy) = (&parts.vault, &parts.entropy);
    let algorithm = parts.settings.tokens.algorithm;
    let free = foreign
        .last()
        .map_or(KeyVersion::FIRST, |row| row.version.next());
    let new = match &parts.brought_key {
        None => fresh_key(vault, entropy, free, algorithm, times).await?,
        Some(brought) => {
            let key = brought_pair(brought, algorithm).map_err(StartError::BroughtKey)?;
            let pem = key.public().to_pem();
            let known = foreign.iter().find(|row| row.public_pem == pem);
            let version = known.map_or(free, |row| row.version);
            seal_key(vault, entropy, version, &key, &times)
        }
    };
    let mut tx = parts.store.write().await?;
    // A version that is there belongs to the same key as another service had it, or was made by another replica just
    // now.
    if !doorward_store::keys::insert(&mut tx, &new).await? {
        doorward_store::keys::adopt(&mut tx, &new).await?;
    }
    Ok(tx.commit().await?)
}

fn brought_pair(brought: &BroughtKey, algorithm: Algorithm) -> Result<SigningKey, String> {
    let key = SigningKey::from_pem(brought.private_pem.expose_secret(), algorithm)
        .map_err(|e| e.to_string())?;
    let Some(public_pem) = &brought.public_pem else {
        return Ok(key);
    };
    let public = PublicKey::from_pem(public_pem, algorithm)
        .map_err(|e| format!("`tokens.public_key`: {e}"))?;
    if public.to_pem() == key.public().to_pem() {
        Ok(key)
    } else {
        Err("it does not belong to `tokens.public_key`".to_owned())
    }
}

/// Making an RSA key takes a good part of a second of computing, so it is done off the runtime's threads.
async fn fresh_key(
    vault: &Vault,
    entropy: &Entropy,
    version: KeyVersion,
    algorithm: Algorithm,
    times: Times,
) -> Result<NewKey, Fault> {
    let made = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm)).await;
    let key = made.map_err(Fault::internal)?.map_err(Fault::internal)?;
    Ok(seal_key(vault, entropy, version, &key, &times))
}

fn seal_key(
    vault: &Vault,
    entropy: &Entropy,
    version: KeyVersion,
    key: &SigningKey,
    times: &Times,
) -> NewKey {
    let der = key.to_pkcs8_der();
    NewKey {
        version,
        algorithm: key.algorithm().to_string(),
        public_pem: key.public().to_pem(),
        private_sealed: vault.seal(entropy, &sealed_in(version), &der),
        created_at: times.now,
        signs_from: times.signs_from,
    }
}
