//! Known networks: where an account has signed in from before, remembered as keyed hashes.
//!
//! They keep an owner in while strangers guess: tries and codes of known networks are counted apart.

use crate::{App, Ctx, Error};
use doorward_domain::{Span, UserId};
use doorward_store::users::User;
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

/// Whether something that `asked_from` asked for is answered from there, and that is where the account was registered.
pub(crate) fn registered_from(app: &App, ctx: &Ctx, user: &User, asked_from: &str) -> bool {
    let here = app.network(ctx.client.network());
    user.registered_network
        .as_deref()
        .is_some_and(|from| from == here && from == asked_from)
}
