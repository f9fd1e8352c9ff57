//! Known networks: where an account has signed in from before, remembered as keyed hashes.
//!
//! They keep an owner in while strangers guess: tries and codes of known networks are counted apart.

use crate::{App, Ctx, Error, former_names};
use doorward_domain::{Span, UserId};
use doorward_store::users::User;
use doorward_store::{ReadTx, known_networks};

/// How long a network is remembered after its last sign-in.
pub(crate) const REMEMBERED: Span = Span::days(90);

/// Whether the account has signed in from the client's network within [`REMEMBERED`]. Nobody's account is looked up alike,
/// for one that there never was.
pub(crate) async fn is_known(
    app: &App,
    tx: &mut ReadTx,
    ctx: &Ctx,
    user: Option<UserId>,
) -> Result<bool, Error> {
    let user = user.unwrap_or_else(|| UserId::new(ctx.now, app.entropy.bytes()));
    for network in former_names::of_network(app, ctx.client.network()) {
        if known_networks::is_known(tx, user, &network, ctx.now - REMEMBERED).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether something that `asked_from` asked for is answered from there, and that is where the account was registered.
pub(crate) fn registered_from(app: &App, ctx: &Ctx, user: &User, asked_from: &str) -> bool {
    let here = former_names::of_network(app, ctx.client.network());
    let is_here = |network: &str| here.iter().any(|name| name == network);
    user.registered_network.as_deref().is_some_and(is_here) && is_here(asked_from)
}
