//! Accounts that end: by their user, with a password or a token, or because nothing is left of them.

use crate::audit::{self, Event};
use crate::tokens::{self, Caller};
use crate::{App, Ctx, Error, SharedApp, credentials, files, outbox, sessions};
use doorward_crypto::Label;
use doorward_domain::{Login, Rejection, SessionId};
use doorward_store::{WriteTx, identities, known_networks, links, tombstones, users};
use secrecy::{ExposeSecret, SecretString};

/// Somebody deletes their account with its password.
#[derive(Debug)]
pub struct DeleteByPassword {
    /// Whose account.
    pub login: Login,
    /// Its password.
    pub password: SecretString,
    /// An access token, where one was sent: then it must be a live one of the same user.
    pub bearer: Option<SecretString>,
}

/// Deletes an account: its sessions end, its files go, its row is scrubbed, its identifiers are free.
pub async fn delete_by_password(
    app: &SharedApp,
    ctx: &Ctx,
    command: DeleteByPassword,
) -> Result<(), Error> {
    let caller = match &command.bearer {
        Some(token) => Some(tokens::authenticate(app, ctx, token.expose_secret()).await?),
        None => None,
    };
    let identifier = command.login.into();
    let checked = sessions::check_password(app, ctx, &identifier, &command.password).await?;
    if !checked.row.status.may_sign_in() {
        return Err(Rejection::InvalidCredentials.into());
    }
    if caller.is_some_and(|caller| caller.user.id != checked.row.id) {
        return Err(Rejection::TokenRevoked.into());
    }
    let mut tx = app.write().await?;
    // Somebody else's request may have deleted it since the password was compared.
    let ended = remove(&mut tx, app, ctx, &checked.row).await?;
    let ended = ended.ok_or(Rejection::InvalidCredentials)?;
    checked.tally.clear(&mut tx).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    outbox::ring(app);
    Ok(())
}

/// Deletes the caller's account; its password is needed where it has one, and wrong ones count.
pub async fn delete(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
    password: Option<SecretString>,
) -> Result<(), Error> {
    let row = credentials::row_of(app, caller).await?;
    credentials::require_owner(app, ctx, caller, &row, password.as_ref()).await?;
    leave(app, ctx, caller).await
}

/// Deletes the caller's account on the word of a token, which where that is demanded has to be one of a fresh sign-in.
pub async fn delete_by_token(app: &SharedApp, ctx: &Ctx, caller: &Caller) -> Result<(), Error> {
    credentials::require_fresh(app, ctx, caller).await?;
    leave(app, ctx, caller).await
}

async fn leave(app: &SharedApp, ctx: &Ctx, caller: &Caller) -> Result<(), Error> {
    let mut tx = app.write().await?;
    let row = credentials::hold(&mut tx, ctx, caller).await?;
    let ended = remove(&mut tx, app, ctx, &row).await?;
    let ended = ended.ok_or(Rejection::AccountDeleted)?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    outbox::ring(app);
    Ok(())
}

/// Ends what an account has and scrubs its row; what it had proven leaves a tombstone. `None` when it was deleted
/// already.
pub(crate) async fn remove(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &users::User,
) -> Result<Option<Vec<SessionId>>, Error> {
    // The account first, and then what hangs on it, as it is now.
    users::lock(tx, user.id).await?;
    let user = users::by_id(tx, user.id).await?;
    let Some(user) = user.filter(|user| user.deleted_at.is_none()) else {
        return Ok(None);
    };
    let ended = doorward_store::sessions::end_all(tx, user.id, None, ctx.now).await?;
    files::delete_all(tx, app, ctx, user.id).await?;
    identities::remove_all(tx, user.id).await?;
    known_networks::forget_all(tx, user.id).await?;
    links::void_all(tx, user.id, ctx.now).await?;
    for identifier in proven(&user) {
        let hash = app
            .vault
            .keyed(Label::Tombstone, &[identifier.as_bytes()])
            .to_hex();
        tombstones::insert(tx, &hash, ctx.now).await?;
    }
    if !users::scrub(tx, user.id, ctx.now).await? {
        return Ok(None);
    }
    audit::record(tx, app, ctx, Event::Deleted, user.id).await?;
    Ok(Some(ended))
}

/// The keys of what an account has proven.
fn proven(user: &users::User) -> impl Iterator<Item = String> {
    let email = user.email_proven_at.and(user.email_key.as_ref());
    let phone = user.phone_proven_at.and(user.phone_key.as_ref());
    let email = email.map(|key| format!("email:{key}"));
    let phone = phone.map(|key| format!("phone:{key}"));
    email.into_iter().chain(phone)
}
