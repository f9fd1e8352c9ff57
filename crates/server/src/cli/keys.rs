//! `keys`: what an operator does about signing keys, beside a running server.

use super::Beside;
use super::args::Keys;
use super::output::Output;
use anyhow::{Context, Result, anyhow};
use doorward_domain::{KeyVersion, Rejection};
use doorward_service::Error;
use doorward_service::keys::{self, BroughtKey, KeyInfo, KeyState, Rotation};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::path::Path;

pub(super) async fn run(beside: &Beside, command: &Keys, output: Output) -> Result<()> {
    let done = perform(beside, command).await;
    beside.close().await;
    let columns = [
        "VERSION",
        "ALGORITHM",
        "STATE",
        "CREATED",
        "SIGNS FROM",
        "VERIFIES UNTIL",
    ];
    output.rows(&columns, &done?, cells, to_json)
}

/// Gives the keys that are to be shown.
async fn perform(beside: &Beside, command: &Keys) -> Result<Vec<KeyInfo>> {
    let (app, ctx) = (&beside.app, beside.ctx());
    match command {
        Keys::List => Ok(keys::list(app, ctx.now).await?),
        Keys::Rotate { now: true } => rotate(beside, Rotation::AtOnce).await,
        Keys::Rotate { now: false } => rotate(beside, Rotation::Planned).await,
        Keys::Import { file } => {
            let taken = keys::import(app, &ctx, &read(file)?).await;
            let taken = taken.with_context(|| format!("`{}`", file.display()))?;
            Ok(vec![taken])
        }
        Keys::Withdraw { version } => {
            let version = KeyVersion(*version);
            keys::withdraw(app, &ctx, version)
                .await
                .map_err(|error| in_words(error, version))?;
            // Where the key that signed is gone, another one has come.
            Ok(keys::list(app, ctx.now).await?)
        }
    }
}

async fn rotate(beside: &Beside, rotation: Rotation) -> Result<Vec<KeyInfo>> {
    Ok(vec![
        keys::rotate(&beside.app, &beside.ctx(), rotation).await?,
    ])
}

fn read(file: &Path) -> Result<BroughtKey> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(BroughtKey {
        private_pem: SecretString::from(text),
        public_pem: None,
    })
}

fn in_words(error: Error, version: KeyVersion) -> anyhow::Error {
    match &error {
        Error::Rejected(refusal) if refusal.rejection == Rejection::KeyVersionUnknown => anyhow!(
            "there is no key of version {version}, or it was withdrawn before; `doorward keys list` lists them"
        ),
        _ => anyhow::Error::new(error),
    }
}

fn cells(key: &KeyInfo) -> Vec<String> {
    vec![
        key.version.to_string(),
        key.algorithm.clone(),
        state(key.state).to_owned(),
        key.created_at.to_rfc3339(),
        key.signs_from.to_rfc3339(),
        key.retires_at
            .map_or_else(|| "-".to_owned(), doorward_domain::Timestamp::to_rfc3339),
    ]
}

fn to_json(key: &KeyInfo) -> Value {
    json!({
        "version": key.version,
        "algorithm": key.algorithm,
        "state": state(key.state),
        "created_at": key.created_at.to_rfc3339(),
        "signs_from": key.signs_from.to_rfc3339(),
        "verifies_until": key.retires_at.map(doorward_domain::Timestamp::to_rfc3339),
    })
}

const fn state(state: KeyState) -> &'static str {
    match state {
        KeyState::Next => "next",
        KeyState::Signing => "signing",
        KeyState::Retired => "retired",
        KeyState::Gone => "gone",
        KeyState::Withdrawn => "withdrawn",
    }
}
