//! Known networks: where an account has signed in from before, remembered as keyed hashes.
//!
//! They keep an owner in while strangers guess: tries and codes of known networks are counted apart.

use crate::{App, Ctx, Error};
use doorward_domain::{Span, UserId};
use doorward_store::{ReadTx, known_networks};

/// How long a network is remembered after its last sign-in.
pub(crate) const REMEMBERED: Span = Span::days(90);

/// Whether the account has signed in from the client's network within [`REMEMBERED`].
pub(crate) async fn is_known(
    app: &App,
    tx: &mut ReadTx,
    ctx: &Ctx,
    user: UserId,
) -> Result<bool, Error> {
    let network = app.network(ctx.client.network());
    Ok(known_networks::is_known(tx, user, &network, ctx.now - REMEMBERED).await?)
}
