//! Names that the master key before gave.
//!
//! Codes, counters, links, nonces, networks and tombstones are found by keyed hashes. While a previous master key is
//! configured, what was remembered under its hashes is found too: a code's rows get the new name when their identifier
//! is next seen, everything else is looked up under both. Without a previous key nothing here costs a statement.

use crate::{App, Ctx, Error};
use doorward_crypto::Label;
use doorward_domain::{Identifier, Network};
use doorward_store::WriteTx;
use doorward_store::renaming::{self, Renamed};

/// Lets what is remembered of an identifier, and of the client's network with it, go on under the names of the current
/// key. To be called in the transaction that is about to look.
pub(crate) async fn carry_over(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    identifier: &Identifier,
) -> Result<(), Error> {
    let Some(from) = former_subject(app, identifier) else {
        return Ok(());
    };
    let to = app.subject(identifier);
    renaming::subject(
        tx,
        &Renamed {
            from,
            to: to.clone(),
        },
    )
    .await?;
    let network = ctx.client.network();
    if let Some(from) = former_network(app, network) {
        let renamed = Renamed {
            from,
            to: app.network(network),
        };
        renaming::network(tx, &to, &renamed).await?;
    }
    Ok(())
}

/// Both names of an identifier in counters that are only read.
pub(crate) fn of_subject(app: &App, identifier: &Identifier) -> Vec<String> {
    either(app, Label::Subject, &[identifier.key().as_bytes()])
}

/// Both names of a network.
pub(crate) fn of_network(app: &App, network: Network) -> Vec<String> {
    either(app, Label::Network, &[network.key().as_bytes()])
}

/// Both names of an identifier that belonged to an account which is gone.
pub(crate) fn of_tombstone(app: &App, identifier: &Identifier) -> Vec<String> {
    either(app, Label::Tombstone, &[identifier.key().as_bytes()])
}

/// What the previous key called an identifier in codes and counters.
pub(crate) fn former_subject(app: &App, identifier: &Identifier) -> Option<String> {
    former(app, Label::Subject, &[identifier.key().as_bytes()])
}

fn former_network(app: &App, network: Network) -> Option<String> {
    former(app, Label::Network, &[network.key().as_bytes()])
}

/// The names under which something may be remembered, the current key's first.
pub(crate) fn either(app: &App, label: Label, parts: &[&[u8]]) -> Vec<String> {
    let current = app.vault.keyed(label, parts).to_hex();
    let former = former(app, label, parts);
    [Some(current), former].into_iter().flatten().collect()
}

fn former(app: &App, label: Label, parts: &[&[u8]]) -> Option<String> {
    let hash = app.vault.keyed_previous(label, parts)?;
    Some(hash.to_hex())
}
