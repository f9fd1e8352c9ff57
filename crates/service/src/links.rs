//! Links that are mailed: a token that only its mail knows, kept as a keyed hash.
//!
//! The purpose is part of the hash, so that a link opens no other door than its own. A link begins with the public URL,
//! whatever a request says of the host that it was sent to.

use crate::{App, Ctx, Error, Fault, former_names};
use doorward_crypto::Label;
use doorward_domain::{Email, LinkPurpose, Span, Timestamp, UserId};
use doorward_store::links::{self, Link};
use doorward_store::{ReadTx, WriteTx};
use secrecy::{ExposeSecret, SecretString};

/// A link that is to be mailed.
pub(crate) struct NewLink<'a> {
    pub(crate) purpose: LinkPurpose,
    /// The account it is for. Without one the same row is left, and the link is good for nothing.
    pub(crate) user: Option<UserId>,
    /// The address that it confirms.
    pub(crate) email: Option<&'a Email>,
}

/// Keeps a fresh link and gives its URL, which belongs into a mail and nowhere else.
pub(crate) async fn keep(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    new: &NewLink<'_>,
) -> Result<String, Error> {
    let token = app.entropy.url_token();
    let link = Link {
        hash: hash_of(app, new.purpose, &token),
        purpose: new.purpose,
        user_id: new.user,
        network: Some(app.network(ctx.client.network())),
        address: Some(ctx.client.to_string()),
        email: new.email.map(|email| email.as_str().to_owned()),
        email_key: new.email.map(|email| email.key().to_owned()),
        created_at: ctx.now,
        expires_at: ctx.now + lifetime(app, new.purpose),
        spent_at: None,
    };
    links::insert(tx, &link).await?;
    url_of(app, new.purpose, &token)
}

/// How long a link is good.
pub(crate) const fn lifetime(app: &App, purpose: LinkPurpose) -> Span {
    match purpose {
        LinkPurpose::Reset => app.settings.links.reset_lifetime,
        LinkPurpose::Confirm | LinkPurpose::Change => app.settings.links.confirm_lifetime,
    }
}

/// The link of a token, while it is good.
pub(crate) async fn live(
    tx: &mut ReadTx,
    app: &App,
    ctx: &Ctx,
    purpose: LinkPurpose,
    token: &SecretString,
) -> Result<Option<Link>, Error> {
    for hash in hashes_of(app, purpose, token) {
        if let Some(link) = links::live(tx, &hash, purpose, ctx.now).await? {
            return Ok(Some(link));
        }
    }
    Ok(None)
}

/// Voids what would lead to another password or another address of an account: whoever is kept out of it from now on may
/// have asked for it.
pub(crate) async fn void_ways_in(
    tx: &mut WriteTx,
    user: UserId,
    now: Timestamp,
) -> Result<(), Error> {
    for purpose in [LinkPurpose::Reset, LinkPurpose::Change] {
        links::void(tx, user, purpose, now).await?;
    }
    Ok(())
}

/// Uses the link of a token up. Of any number of callers one gets it; its effect belongs into the same transaction.
pub(crate) async fn spend(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    purpose: LinkPurpose,
    token: &SecretString,
) -> Result<Option<Link>, Error> {
    for hash in hashes_of(app, purpose, token) {
        if let Some(link) = links::spend(tx, &hash, purpose, ctx.now).await? {
            return Ok(Some(link));
        }
    }
    Ok(None)
}

fn hash_of(app: &App, purpose: LinkPurpose, token: &SecretString) -> String {
    app.vault
        .keyed(Label::Link, &hashed(purpose, token))
        .to_hex()
}

/// Whichever master key it was kept under.
fn hashes_of(app: &App, purpose: LinkPurpose, token: &SecretString) -> Vec<String> {
    former_names::either(app, Label::Link, &hashed(purpose, token))
}

fn hashed(purpose: LinkPurpose, token: &SecretString) -> [&[u8]; 2] {
    [
        purpose.as_str().as_bytes(),
        token.expose_secret().as_bytes(),
    ]
}

fn url_of(app: &App, purpose: LinkPurpose, token: &SecretString) -> Result<String, Error> {
    let page = match purpose {
        LinkPurpose::Reset => ["account", "reset"],
        LinkPurpose::Confirm | LinkPurpose::Change => ["users", "confirm"],
    };
    let mut url = app.settings.public_url.clone();
    // Behind a proxy the service may live below a path.
    url.path_segments_mut()
        .map_err(|()| Fault::internal("`server.public_url` has no path to add to"))?
        .pop_if_empty()
        .extend(page)
        .push(token.expose_secret());
    Ok(url.into())
}
