//! The keys of this process: read from the database and parsed once, until it is heard that they have changed.

use super::bringing::{self, Brought};
use super::making;
use super::{KeyInfo, KeyState};
use crate::app::{App, Parts, StartError};
use crate::caches::Ticket;
use crate::{Fault, Settings};
use doorward_crypto::{
    Algorithm, HmacKey, KeySet, KeyedHash, Label, PublicKey, Signer, SigningKey, Vault,
};
use doorward_domain::{KeyVersion, Timestamp};
use doorward_store::Store;
use doorward_store::keys::KeyRow;
use secrecy::ExposeSecret;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// The name of the shared key of HS256.
const SHARED_KID: &str = "shared";

/// How often keys are read for tokens that name one which is not known: made-up names must not turn into queries.
const READ_AT_MOST_EVERY: Duration = Duration::from_millis(250);

/// The keys of this process.
pub(crate) struct Keyring {
    loaded: RwLock<Arc<Loaded>>,
    refresh: Arc<Signer>,
    refresh_set: KeySet,
    shared: Option<HmacKey>,
    /// The key that the configuration brings along, where it is not in the database yet.
    pub(super) brought: Option<Brought>,
    doubted_at: tokio::sync::Mutex<Option<Instant>>,
}

/// The keys as they were read.
pub(super) struct Loaded {
    pub(super) keys: Vec<Key>,
    set: KeySet,
    read_at: Instant,
}

/// A key.
pub(super) struct Key {
    pub(super) version: KeyVersion,
    pub(super) algorithm: Algorithm,
    pub(super) public: PublicKey,
    pub(super) signer: Option<Arc<Signer>>,
    pub(super) created_at: Timestamp,
    pub(super) signs_from: Timestamp,
    pub(super) retires_at: Option<Timestamp>,
    pub(super) withdrawn_at: Option<Timestamp>,
}

impl Key {
    /// Whether it verifies nothing here: it signed for another service alone, or was withdrawn.
    pub(super) fn is_mute(&self) -> bool {
        self.withdrawn_at.is_some() || self.retires_at == Some(self.signs_from)
    }

    pub(super) fn state(&self, all: &[Self], now: Timestamp) -> KeyState {
        if self.withdrawn_at.is_some() {
            KeyState::Withdrawn
        } else if signing(all, now).is_some_and(|key| key.version == self.version) {
            KeyState::Signing
        } else if self.signs_from > now {
            KeyState::Next
        } else if self.retires_at.is_none_or(|retires_at| retires_at > now) {
            KeyState::Retired
        } else {
            KeyState::Gone
        }
    }

    pub(super) fn info(&self, all: &[Self], now: Timestamp) -> KeyInfo {
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
pub(super) fn signing(keys: &[Key], now: Timestamp) -> Option<&Key> {
    keys.iter()
        .rev()
        .find(|key| key.signs_from <= now && key.signer.is_some())
}

impl Loaded {
    pub(super) fn next_version(&self) -> KeyVersion {
        let newest = self.keys.last();
        newest.map_or(KeyVersion::FIRST, |key| key.version.next())
    }

    fn verifies_more_than(&self, other: &Self) -> bool {
        let verifies = |keys: &Self, version| {
            let mut verifying = keys.keys.iter().filter(|key| !key.is_mute());
            verifying.any(|key| key.version == version)
        };
        let versions = self.keys.iter().map(|key| key.version);
        versions
            .filter(|version| verifies(self, *version))
            .any(|version| !verifies(other, version))
    }
}

impl Keyring {
    /// Reads the keys; makes the first one where there is none, or takes the one that was brought along.
    pub(crate) async fn start(parts: &Parts) -> Result<Self, StartError> {
        let shared = shared_key(&parts.settings)?;
        let rows = read(&parts.store).await?;
        let mut brought = None;
        if shared.is_none() {
            if rows.iter().all(|row| row.private_sealed.is_none()) {
                making::insert_first(parts, &rows).await?;
            } else {
                brought = bringing::compare(parts, &rows)?;
            }
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
            brought,
            doubted_at: tokio::sync::Mutex::new(None),
        })
    }

    pub(super) fn loaded(&self) -> Arc<Loaded> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&loaded)
    }

    /// Reads the keys again. Where one of them verifies no more, what was verified before is believed no more.
    pub(super) async fn reload(&self, app: &App) -> Result<(), Fault> {
        let fresh = Arc::new(load(&app.store, &app.vault, self.shared.as_ref()).await?);
        let lost = {
            let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
            // Of two that read at once, the one that began first knows less.
            if loaded.read_at > fresh.read_at {
                return Ok(());
            }
            let lost = loaded.verifies_more_than(&fresh);
            *loaded = fresh;
            lost
        };
        if lost {
            app.caches.forget_claims();
        }
        Ok(())
    }

    /// Sees to it that the keys were read after `since`. Those who ask at once share a reading, and nobody is refused because
    /// another asked a moment ago: they wait for their turn.
    pub(crate) async fn read_since(&self, app: &App, since: Instant) -> Result<(), Fault> {
        let mut last = self.doubted_at.lock().await;
        if self.loaded().read_at > since {
            return Ok(());
        }
        if let Some(last) = *last {
            tokio::time::sleep_until((last + READ_AT_MOST_EVERY).into()).await;
        }
        *last = Some(Instant::now());
        self.reload(app).await
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

    /// Runs `check` with the keys that verify access tokens. What it finds may be remembered with the ticket.
    pub(crate) fn with_access_keys<T>(
        &self,
        app: &App,
        check: impl FnOnce(&KeySet) -> T,
    ) -> (T, Ticket) {
        // The mark is older than the keys: where it is still good, so were they.
        let mark = app.caches.before_verifying();
        let loaded = self.loaded();
        (check(&loaded.set), mark.of_what_was_read_at(loaded.read_at))
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

fn shared_key(settings: &Settings) -> Result<Option<HmacKey>, StartError> {
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
    let read_at = Instant::now();
    let mut keys = Vec::new();
    let mut set = KeySet::default();
    for row in read(store).await? {
        let key = parse(row, vault)?;
        if !key.is_mute() {
            set.insert(key.version.to_string(), key.public.clone());
        }
        keys.push(key);
    }
    keys.sort_by_key(|key| key.version);
    if let Some(shared) = shared {
        set.insert(SHARED_KID, shared.clone());
    }
    Ok(Loaded { keys, set, read_at })
}

fn parse(row: KeyRow, vault: &Vault) -> Result<Key, Fault> {
    let algorithm: Algorithm = row.algorithm.parse().map_err(Fault::internal)?;
    let public = PublicKey::from_pem(&row.public_pem, algorithm).map_err(Fault::internal)?;
    let signer = match row.private_sealed {
        None => None,
        Some(sealed) => {
            let der = vault.open(&making::sealed_in(row.version), &sealed)?;
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
        withdrawn_at: row.withdrawn_at,
    })
}
