//! Making keys and sealing them.

use super::bringing;
use crate::Fault;
use crate::app::{App, Parts, StartError};
use doorward_crypto::{Algorithm, Entropy, SigningKey, Vault};
use doorward_domain::{KeyVersion, Timestamp};
use doorward_store::keys::{KeyRow, NewKey};

/// The place that a private part is sealed for: moved to another row, it does not open.
pub(crate) fn sealed_in(version: KeyVersion) -> String {
    format!("signing_keys/{version}")
}

pub(super) struct Times {
    pub(super) now: Timestamp,
    pub(super) signs_from: Timestamp,
}

/// Makes the first key that signs. Its version follows those of another service that an import brought, and those that
/// were withdrawn; a key that was brought along and signed there keeps the version that it had.
pub(super) async fn insert_first(parts: &Parts, mute: &[KeyRow]) -> Result<(), StartError> {
    let now = parts.clock.now();
    let times = Times {
        now,
        signs_from: now,
    };
    let (vault, entropy) = (&parts.vault, &parts.entropy);
    let algorithm = parts.settings.tokens.algorithm;
    let free = mute
        .last()
        .map_or(KeyVersion::FIRST, |row| row.version.next());
    let new = match &parts.brought_key {
        None => {
            let key = generate(algorithm).await?;
            seal_key(vault, entropy, free, &key, &times)
        }
        Some(brought) => {
            let key = bringing::pair(brought, algorithm).map_err(StartError::BroughtKey)?;
            let pem = key.public().to_pem();
            let known = mute.iter().find(|row| row.public_pem == pem);
            if let Some(row) = known.filter(|row| row.withdrawn_at.is_some()) {
                return Err(bringing::withdrawn(row.version));
            }
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

pub(super) async fn fresh_key(
    app: &App,
    version: KeyVersion,
    times: Times,
) -> Result<NewKey, Fault> {
    let key = generate(app.settings.tokens.algorithm).await?;
    Ok(seal_key(&app.vault, &app.entropy, version, &key, &times))
}

/// Making an RSA key takes a good part of a second of computing, so it is done off the runtime's threads.
async fn generate(algorithm: Algorithm) -> Result<SigningKey, Fault> {
    let made = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm)).await;
    made.map_err(Fault::internal)?.map_err(Fault::internal)
}

pub(super) fn seal_key(
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
