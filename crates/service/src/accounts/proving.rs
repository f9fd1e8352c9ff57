//! First proof wins.
//!
//! Whoever registers an address may be somebody else than its owner. When it is proven for the first time, by somebody
//! of whom nothing else is known, what was set before goes; where something else of the account has been proven, the
//! account is somebody's, and loses the address alone. This is the one place that knows so, for e-mail and telephone
//! alike.

use super::contacts::Contact;
use crate::audit::{self, Event};
use crate::messages::{Content, Dropped, Envelope};
use crate::{App, Ctx, Error, Fault, files, networks, outbox};
use doorward_domain::{Identifier, Rejection, SessionId, Status, UserId};
use doorward_store::users::{self, Inserted, NewUser, User};
use doorward_store::{WriteTx, identities, known_networks, links, sessions};

/// Somebody proves to hold an identifier.
pub(crate) struct Proof<'a> {
    /// The account that has it.
    pub(crate) user: &'a User,
    /// What is proven.
    pub(crate) identifier: &'a Identifier,
    /// Keyed hash of the network that asked for the message which was answered; empty where nobody asked.
    pub(crate) asked_from: &'a str,
    /// What else is known of whoever proves it.
    pub(crate) prover: Prover,
}

/// Who proves an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prover {
    /// Somebody who receives what is sent there. Unless they asked and answered from the network that registered, they
    /// may be somebody else than who did.
    Stranger,
    /// Somebody who is signed in to the account, sent its right password, or was mailed the link by registering.
    Owner,
}

/// What a proof led to.
pub(crate) struct Proven {
    /// The account that has the identifier now; where it left another account, a fresh one.
    pub(crate) user: User,
    /// Sessions that ended, or show another account now: to be forgotten after the commit.
    pub(crate) ended: Vec<SessionId>,
}

/// Marks an identifier as proven, in the transaction that spent what proves it. A temporary account becomes an account.
///
/// An account that no longer has the identifier, or may not sign in any more, is refused as an expired code.
pub(crate) async fn prove(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    proof: Proof<'_>,
) -> Result<Proven, Error> {
    // Of any number of proofs at once one is the first; the others find it done.
    users::lock(tx, proof.user.id).await?;
    let user = users::by_id(tx, proof.user.id).await?;
    let user = user.filter(|user| user.status.may_sign_in());
    let user = user.ok_or(Rejection::CodeExpired)?;
    let Some(contact) = Contact::of(proof.identifier) else {
        return Ok(Proven::unchanged(user));
    };
    if !contact.is_held_by(&user) {
        return Err(Rejection::CodeExpired.into());
    }
    if contact.is_proven_by(&user) {
        return Ok(Proven::unchanged(user));
    }
    let is_owner = proof.prover == Prover::Owner
        || networks::registered_from(app, ctx, &user, proof.asked_from);
    if !is_owner && contact.has_proven_sibling(&user) {
        return move_out(tx, app, ctx, &user, contact).await;
    }
    contact.confirm(tx, user.id, ctx.now).await?;
    if user.status == Status::Temp {
        users::set_status(tx, user.id, Status::Active, ctx.now).await?;
    }
    audit::record(tx, app, ctx, Event::AddressProven, user.id).await?;
    let ended = if is_owner {
        Vec::new()
    } else {
        drop_claims(tx, app, ctx, &user, contact).await?
    };
    let user = reread(tx, user.id).await?;
    Ok(Proven { user, ended })
}

impl Proven {
    const fn unchanged(user: User) -> Self {
        Self {
            user,
            ended: Vec::new(),
        }
    }
}

/// Drops what was set before the first proof, and says so to whoever gave it.
async fn drop_claims(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &User,
    contact: Contact<'_>,
) -> Result<Vec<SessionId>, Error> {
    let ended = sessions::end_all(tx, user.id, None, ctx.now).await?;
    let dropped = Dropped {
        password: user.password_hash.is_some(),
        profile: has_profile(user),
        sessions: ended.len(),
        files: files::delete_all(tx, app, ctx, user.id).await?,
        identities: identities::remove_all(tx, user.id).await?,
    };
    known_networks::forget_all(tx, user.id).await?;
    links::void_all(tx, user.id, ctx.now).await?;
    users::reset_password_failures(tx, user.id).await?;
    users::first_proof(tx, user.id, ctx.now).await?;
    if !dropped.is_empty() {
        audit::record(tx, app, ctx, Event::UnprovenClaimsDropped, user.id).await?;
        let told = outbox::addresses(app, user)
            .into_iter()
            .find(|address| address.kind() == contact.kind());
        if let Some(to) = told {
            let content = Content::FirstProof(dropped);
            outbox::post(tx, app, ctx, &Envelope::notice(to, content)).await?;
        }
    }
    Ok(ended)
}

const fn has_profile(user: &User) -> bool {
    user.full_name.is_some()
        || user.first_name.is_some()
        || user.last_name.is_some()
        || user.nickname.is_some()
        || user.age.is_some()
}

/// Takes the identifier out of an account that is somebody else's, tells that account by what it has left, and gives
/// the identifier an account of its own.
async fn move_out(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &User,
    contact: Contact<'_>,
) -> Result<Proven, Error> {
    contact.detach(tx, user.id, ctx.now).await?;
    // What was mailed there would still lead in to the account.
    links::void_all(tx, user.id, ctx.now).await?;
    audit::record(tx, app, ctx, Event::ContactLost, user.id).await?;
    let left = reread(tx, user.id).await?;
    let kind = contact.kind();
    outbox::tell(tx, app, ctx, &left, &Content::ContactLost { kind }).await?;
    let shown = sessions::list(tx, user.id, ctx.now).await?;
    let fresh = own_account(app, ctx, contact);
    if users::insert(tx, &fresh).await? != Inserted::Done {
        return Err(Rejection::CodeExpired.into());
    }
    audit::record(tx, app, ctx, Event::SignedUp, fresh.id).await?;
    audit::record(tx, app, ctx, Event::AddressProven, fresh.id).await?;
    Ok(Proven {
        user: reread(tx, fresh.id).await?,
        ended: shown.into_iter().map(|session| session.id).collect(),
    })
}

fn own_account(app: &App, ctx: &Ctx, contact: Contact<'_>) -> NewUser {
    let (email, phone) = match contact {
        Contact::Email(email) => (Some(email.clone()), None),
        Contact::Phone(phone) => (None, Some(phone.clone())),
    };
    NewUser {
        email_proven_at: email.as_ref().map(|_| ctx.now),
        email,
        phone_proven_at: phone.as_ref().map(|_| ctx.now),
        phone,
        ..super::blank(app, ctx)
    }
}

async fn reread(tx: &mut WriteTx, id: UserId) -> Result<User, Error> {
    let user = users::by_id(tx, id).await?;
    Ok(user.ok_or_else(|| Fault::internal("an account that was just changed is not there"))?)
}
