//! Keys that an operator brings along: by `tokens.private_key`, or by hand.
//!
//! A key that is brought to a database which has keys already becomes their successor, published before it signs, like
//! any other. It is never ignored: where it cannot sign, that is said.

use super::making::{Times, seal_key};
use super::{KeyInfo, PUBLISHED_BEFORE, add_successor, describe};
use crate::app::{App, Parts, StartError};
use crate::audit::{self, Event};
use crate::{Ctx, Error, SharedApp};
use doorward_crypto::{Algorithm, PublicKey, SigningKey};
use doorward_domain::KeyVersion;
use doorward_store::keys::KeyRow;
use secrecy::{ExposeSecret, SecretString};

/// A signing key that the operator brought along.
pub struct BroughtKey {
    /// PEM, PKCS#8 or PKCS#1.
    pub private_pem: SecretString,
    /// PEM of the public part, when it was given too.
    pub public_pem: Option<String>,
}

/// Why a key is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is no private key, one of another algorithm, too short, or not the one of its public part.
    #[error("the key cannot be used: {0}")]
    Unusable(String),
    /// Tokens are signed with a key that is shared (HS256), so that no other would ever sign.
    #[error("`tokens.algorithm` is HS256, which signs with `tokens.hs256_key` alone")]
    SharedKey,
    /// The database has it.
    #[error("the key is here already, as version {0}")]
    Known(KeyVersion),
    /// The database had it, and it was withdrawn.
    #[error("the key was withdrawn as version {0}; bring another one")]
    Withdrawn(KeyVersion),
    /// The database, or what is in it, failed.
    #[error("{0}")]
    Failed(Error),
}

impl<E: Into<Error>> From<E> for ImportError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Takes a key in as the successor of the one that signs: published now, signing after
/// [`PUBLISHED_BEFORE`](super::PUBLISHED_BEFORE).
pub async fn import(app: &SharedApp, ctx: &Ctx, key: &BroughtKey) -> Result<KeyInfo, ImportError> {
    let algorithm = app.settings.tokens.algorithm;
    if algorithm == Algorithm::Hs256 {
        return Err(ImportError::SharedKey);
    }
    let key = pair(key, algorithm).map_err(ImportError::Unusable)?;
    app.keyring.reload(app).await?;
    succeed(app, ctx, &key).await
}

/// The key of the configuration, where the database does not have it.
pub(super) struct Brought(SigningKey);

/// Compares the key of the configuration with those of the database.
pub(super) fn compare(parts: &Parts, rows: &[KeyRow]) -> Result<Option<Brought>, StartError> {
    let Some(brought) = &parts.brought_key else {
        return Ok(None);
    };
    let algorithm = parts.settings.tokens.algorithm;
    let key = pair(brought, algorithm).map_err(StartError::BroughtKey)?;
    let pem = key.public().to_pem();
    let own = |row: &&KeyRow| row.withdrawn_at.is_some() || row.retires_at != Some(row.signs_from);
    let Some(known) = rows.iter().filter(own).find(|row| row.public_pem == pem) else {
        return Ok(Some(Brought(key)));
    };
    if known.withdrawn_at.is_some() {
        return Err(withdrawn(known.version));
    }
    if let Some(newest) = rows.last().filter(|_| known.retires_at.is_some()) {
        tracing::warn!(
            version = %known.version, successor = %newest.version,
            "the key of `tokens.private_key` has a successor and signs no more; remove the setting, or bring a new key"
        );
    }
    Ok(None)
}

pub(super) fn withdrawn(version: KeyVersion) -> StartError {
    StartError::BroughtKey(format!(
        "this key was withdrawn as version {version}; bring another one, or remove the setting"
    ))
}

/// Takes the key of the configuration in, where the database does not have it.
pub(super) async fn adopt_configured(app: &SharedApp, ctx: &Ctx) -> Result<(), Error> {
    let Some(Brought(key)) = &app.keyring.brought else {
        return Ok(());
    };
    match succeed(app, ctx, key).await {
        Ok(taken) => {
            tracing::info!(version = %taken.version, signs_from = %taken.signs_from.to_rfc3339(), "the key of `tokens.private_key` was taken in");
            Ok(())
        }
        // Taken in before, by this process or by another one, and perhaps withdrawn since.
        Err(ImportError::Failed(error)) => Err(error),
        Err(_) => Ok(()),
    }
}

async fn succeed(app: &App, ctx: &Ctx, key: &SigningKey) -> Result<KeyInfo, ImportError> {
    let loaded = app.keyring.loaded();
    let pem = key.public().to_pem();
    let known = loaded
        .keys
        .iter()
        .filter(|known| known.withdrawn_at.is_some() || !known.is_mute())
        .find(|known| known.public.to_pem() == pem);
    if let Some(known) = known {
        return Err(match known.withdrawn_at {
            Some(_) => ImportError::Withdrawn(known.version),
            None => ImportError::Known(known.version),
        });
    }
    let version = loaded.next_version();
    let times = Times {
        now: ctx.now,
        signs_from: ctx.now + PUBLISHED_BEFORE,
    };
    let new = seal_key(&app.vault, &app.entropy, version, key, &times);
    let mut tx = app.write().await?;
    if !add_successor(&mut tx, app, &new).await? {
        return Err(Error::from(crate::Fault::unavailable(
            "another process made a key at the same moment",
        ))
        .into());
    }
    let nobody = audit::Subject::default();
    audit::record(&mut tx, app, ctx, Event::KeyImported, nobody).await?;
    tx.commit().await?;
    Ok(describe(app, ctx, version).await?)
}

/// Reads a key and compares it with its public part, where that was given too.
pub(super) fn pair(brought: &BroughtKey, algorithm: Algorithm) -> Result<SigningKey, String> {
    let key = SigningKey::from_pem(brought.private_pem.expose_secret(), algorithm)
        .map_err(|error| error.to_string())?;
    let Some(public_pem) = &brought.public_pem else {
        return Ok(key);
    };
    let public = PublicKey::from_pem(public_pem, algorithm)
        .map_err(|error| format!("`tokens.public_key`: {error}"))?;
    if public.to_pem() == key.public().to_pem() {
        Ok(key)
    } else {
        Err("it does not belong to `tokens.public_key`".to_owned())
    }
}
