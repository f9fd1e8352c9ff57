//! The two answers to a link: "confirm" and "this was not me". Of any number at once, one counts.

use super::{Found, PendingKind, find, fitting, takes_password};
use crate::accounts::{self, Contact, Proof, Prover};
use crate::audit::{self, Event};
use crate::messages::{ContactKind, Content};
use crate::sessions::Checked;
use crate::{App, Ctx, Error, SharedApp, credentials, outbox};
use doorward_domain::{Email, Identifier, Rejection, SessionId, Status, UserId};
use doorward_store::{WriteTx, links, sessions, users};
use secrecy::SecretString;

/// What is said to a link in favour of it.
#[derive(Debug)]
pub struct Confirmation {
    /// The secret of the link.
    pub token: SecretString,
    /// The password of the account, where that is asked for.
    pub password: Option<SecretString>,
}

/// Confirms what the link is about.
///
/// At registering the address is proven, and what was set with it stays: who registered asked for this link. At a
/// change the account has the new address from now on, and the old one is told. Where the password is asked for beside
/// the link, a wrong one counts as one of signing in does, and leaves the link as it is.
pub async fn confirm(
    app: &SharedApp,
    ctx: &Ctx,
    answer: Confirmation,
) -> Result<PendingKind, Error> {
    let checked = check_password(app, ctx, &answer).await?;
    let mut tx = app.write().await?;
    let (found, user) = spend(&mut tx, app, ctx, &answer.token).await?;
    if let Some(checked) = &checked {
        checked.require_unchanged(&user)?;
        checked.tally.clear(&mut tx).await?;
    }
    match found.kind {
        PendingKind::Registration => {
            let identifier = Identifier::from(found.email);
            let proof = Proof {
                user: &user,
                identifier: &identifier,
                asked_from: "",
                prover: Prover::Owner,
            };
            accounts::prove(&mut tx, app, ctx, proof).await?;
            // What was begun before may have been begun by somebody else than who reads this mail.
            links::void_all(&mut tx, user.id, ctx.now).await?;
        }
        PendingKind::AddressChange => {
            if !is_free(&mut tx, app, ctx, &user, &found.email).await? {
                return drop_change(tx, app, ctx, user.id).await;
            }
            give(&mut tx, app, ctx, &user, &found.email).await?;
        }
    }
    let shown = open_sessions(&mut tx, ctx, user.id).await?;
    tx.commit().await?;
    // They stay, and show the account as it is now.
    app.caches.forget_sessions(&shown);
    outbox::ring(app);
    Ok(found.kind)
}

/// The password of the account that the link is about, where the link alone is not enough.
async fn check_password(
    app: &SharedApp,
    ctx: &Ctx,
    answer: &Confirmation,
) -> Result<Option<Checked>, Error> {
    if app.settings.confirm.confirm_on_get {
        return Ok(None);
    }
    let mut tx = app.read().await?;
    let found = find(&mut tx, app, ctx, &answer.token).await?;
    let user = fitting(&mut tx, &found).await?;
    drop(tx);
    if !takes_password(app, &user) {
        return Ok(None);
    }
    let password = answer.password.as_ref();
    let password = password.ok_or(Rejection::PasswordRequired)?;
    let checked = credentials::check_own_password(app, ctx, &user, password).await?;
    Ok(Some(checked))
}

/// Says that it was somebody else: a registration is dropped, and of a change the change alone.
pub async fn disown(app: &SharedApp, ctx: &Ctx, token: SecretString) -> Result<PendingKind, Error> {
    let mut tx = app.write().await?;
    let (found, user) = spend(&mut tx, app, ctx, &token).await?;
    let ended = match found.kind {
        PendingKind::Registration => drop_registration(&mut tx, app, ctx, &user).await?,
        PendingKind::AddressChange => {
            audit::record(&mut tx, app, ctx, Event::AddressChangeDropped, user.id).await?;
            Vec::new()
        }
    };
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    outbox::ring(app);
    Ok(found.kind)
}

/// Uses a link up. The account is locked first, so that two answers to two links of it come one after the other.
async fn spend(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    token: &SecretString,
) -> Result<(Found, users::User), Error> {
    let found = find(tx, app, ctx, token).await?;
    users::lock(tx, found.user).await?;
    let spent = crate::links::spend(tx, app, ctx, found.kind.purpose(), token).await?;
    if spent.is_none() {
        return Err(Rejection::LinkInvalid.into());
    }
    let user = fitting(tx, &found).await?;
    Ok((found, user))
}

/// Whether the account may have the address. A temporary account that has it gives way.
async fn is_free(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &users::User,
    email: &Email,
) -> Result<bool, Error> {
    let Some(holder) = users::by_email(tx, email).await? else {
        return Ok(true);
    };
    if holder.id == user.id {
        return Ok(true);
    }
    if holder.status != Status::Temp {
        return Ok(false);
    }
    accounts::give_way(tx, app, ctx, &holder).await
}

/// Somebody has the address by now: the change comes to nothing, for good.
async fn drop_change<T>(mut tx: WriteTx, app: &App, ctx: &Ctx, user: UserId) -> Result<T, Error> {
    audit::record(&mut tx, app, ctx, Event::AddressChangeDropped, user).await?;
    tx.commit().await?;
    Err(Rejection::LinkInvalid.into())
}

/// Gives the account its new address, unless somebody else was quicker.
async fn give(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &users::User,
    email: &Email,
) -> Result<(), Error> {
    match credentials::give(tx, app, ctx, user, Contact::Email(email)).await {
        Err(Error::Rejected(refusal)) if refusal.rejection == Rejection::EmailTaken => {
            Err(Rejection::LinkInvalid.into())
        }
        given => given,
    }
}

/// Drops what was registered with an address whose owner did not do it. An account that has proven something else is
/// somebody's, and loses the address alone.
async fn drop_registration(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &users::User,
) -> Result<Vec<SessionId>, Error> {
    audit::record(tx, app, ctx, Event::RegistrationDropped, user.id).await?;
    if user.phone_proven_at.is_some() {
        return drop_address(tx, app, ctx, user).await;
    }
    // Nothing of it was proven, so that no tombstone is left.
    let ended = accounts::remove(tx, app, ctx, user).await?;
    ended.ok_or_else(|| Rejection::LinkInvalid.into())
}

async fn drop_address(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &users::User,
) -> Result<Vec<SessionId>, Error> {
    users::detach_email(tx, user.id, ctx.now).await?;
    links::void_all(tx, user.id, ctx.now).await?;
    audit::record(tx, app, ctx, Event::ContactLost, user.id).await?;
    let left = users::User {
        email: None,
        ..user.clone()
    };
    let lost = Content::ContactLost {
        kind: ContactKind::Email,
    };
    outbox::tell(tx, app, ctx, &left, &lost).await?;
    open_sessions(tx, ctx, user.id).await
}

async fn open_sessions(tx: &mut WriteTx, ctx: &Ctx, user: UserId) -> Result<Vec<SessionId>, Error> {
    let open = sessions::list(tx, user, ctx.now).await?;
    Ok(open.into_iter().map(|session| session.id).collect())
}
