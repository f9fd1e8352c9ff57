//! What came of a restore, for a person or a program.

use crate::cli::output::Output;
use anyhow::Result;
use doorward_service::restoring::Voided;
use serde_json::json;
use std::path::Path;

pub(super) fn tell(
    output: Output,
    file: Option<&Path>,
    voided: &Voided,
    kept: Option<&Path>,
) -> Result<()> {
    let mut fields = Vec::new();
    if let Some(file) = file {
        fields.push(("restored from", file.display().to_string()));
    }
    if let Some(kept) = kept {
        fields.push(("the one before is kept as", kept.display().to_string()));
    }
    fields.extend([
        ("sessions ended", voided.sessions.to_string()),
        ("codes voided", voided.codes.to_string()),
        ("links voided", voided.links.to_string()),
        ("nonces voided", voided.nonces.to_string()),
        ("messages dropped", voided.messages.to_string()),
        ("signing keys withdrawn", voided.keys.to_string()),
        ("epochs moved on", voided.users.to_string()),
    ]);
    output.fields(
        &fields,
        &json!({
            "file": file,
            "kept": kept,
            "sessions_ended": voided.sessions,
            "codes_voided": voided.codes,
            "links_voided": voided.links,
            "nonces_voided": voided.nonces,
            "messages_dropped": voided.messages,
            "keys_withdrawn": voided.keys,
            "epochs_moved": voided.users,
        }),
    )
}
