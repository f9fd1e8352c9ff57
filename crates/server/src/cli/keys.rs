//! `keys list` and `keys rotate`.

use super::Beside;
use super::args::Keys;
use super::output::Output;
use anyhow::Result;
use doorward_service::keys::{self, KeyInfo, KeyState};
use serde_json::{Value, json};

pub(super) async fn run(beside: &Beside, command: &Keys, output: Output) -> Result<()> {
    let keys = match command {
        Keys::List => keys::list(&beside.app, beside.app.now()).await?,
        Keys::Rotate { now } => {
            let rotation = if *now {
                keys::Rotation::AtOnce
            } else {
                keys::Rotation::Planned
            };
            vec![keys::rotate(&beside.app, &beside.ctx(), rotation).await?]
        }
    };
    beside.close().await;
    let columns = [
        "VERSION",
        "ALGORITHM",
        "STATE",
        "CREATED",
        "SIGNS FROM",
        "VERIFIES UNTIL",
    ];
    output.rows(&columns, &keys, cells, to_json)
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
    }
}
