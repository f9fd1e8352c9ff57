//! An address or a number moves to whoever proves to hold it.
//!
//! One transaction takes it from the account that had it, if there was one, and gives it to the caller: there is no moment
//! at which it belongs to both, or to neither.

use super::{hold_unchanged, require_owner, row_of};
use crate::accounts::{self, Contact, User};
use crate::audit::{self, Event};
use crate::codes::{self, Target};
use crate::messages::Content;
use crate::tokens::Caller;
use crate::{App, Ctx, Error, Fault, SharedApp, former_names, outbox};
use doorward_domain::{Identifier, Purpose, Rejection, SessionId, Status};
use doorward_store::codes::Guess;
use doorward_store::{WriteTx, links, users};
use secrecy::SecretString;

/// The caller is to have this address or number.
#[derive(Debug)]
pub struct Move {
    /// What is to be theirs.
    pub identifier: Identifier,
    /// The sign-in code that was sent there.
    pub code: SecretString,
    /// The account's password, where it has one.
    pub password: Option<SecretString>,
}

/// Gives the caller an address or a number that they prove to hold, in place of the one they had. Who asks for what they
/// have gets the account as it is.
///
/// The code is looked at first and the password second, and a wrong password does not spend the code. Another account that
/// had the identifier loses it: a temporary one goes, one that has nothing else left is deleted, any other keeps its
/// sessions and is told by what it has left.
pub async fn adopt(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
    command: Move,
) -> Result<User, Error> {
    let contact = Contact::of(&command.identifier).ok_or(Rejection::FieldInvalid)?;
    let row = row_of(app, caller).await?;
    if contact.is_held_by(&row) {
        return Ok(User::from(&row));
    }
    let guess = right_code(app, ctx, &command).await?;
    require_owner(app, ctx, caller, &row, command.password.as_ref()).await?;
    let mut tx = app.write().await?;
    let holder = lock_both(&mut tx, &row, &command.identifier).await?;
    hold_unchanged(&mut tx, ctx, caller, &row).await?;
    codes::spend(&mut tx, ctx, &guess).await?;
    let mut shown = vec![caller.session];
    if let Some(holder) = holder {
        shown.extend(take_from(&mut tx, app, ctx, &holder, contact).await?);
    }
    give(&mut tx, app, ctx, &row, contact).await?;
    let user = users::by_id(&mut tx, row.id).await?;
    let user = user.ok_or_else(|| Fault::internal("the caller's account is not there"))?;
    tx.commit().await?;
    // Those that go on show the accounts as they are now.
    app.caches.forget_sessions(&shown);
    outbox::ring(app);
    Ok(User::from(&user))
}

/// The code that was sent to the identifier, found right and not spent yet.
async fn right_code(app: &SharedApp, ctx: &Ctx, command: &Move) -> Result<Guess, Error> {
    let target = Target::of(Purpose::SignIn, &command.identifier);
    let tx = app.write().await?;
    // With the transaction its count is dropped too: a right guess wears no code out.
    let (_, guess) = codes::expect_right(tx, app, ctx, &target, &command.code).await?;
    Ok(guess)
}

/// Keeps both accounts as they are until the commit, and gives the one that has the identifier. They are locked in the order
/// of their ids, so that two who want what the other has do not wait for each other.
async fn lock_both(
    tx: &mut WriteTx,
    row: &users::User,
    identifier: &Identifier,
) -> Result<Option<users::User>, Error> {
    let holder = users::by_identifier(tx, identifier).await?;
    let Some(holder) = holder else {
        users::lock(tx, row.id).await?;
        return Ok(None);
    };
    for id in [row.id.min(holder.id), row.id.max(holder.id)] {
        users::lock(tx, id).await?;
    }
    let now = users::by_identifier(tx, identifier).await?;
    if now.as_ref().is_some_and(|now| now.id != holder.id) {
        // Whoever moved it has spent the code.
        return Err(Rejection::CodeExpired.into());
    }
    Ok(now)
}

/// Takes the identifier from the account that has it; gives the sessions that ended or show something else now.
async fn take_from(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    holder: &users::User,
    contact: Contact<'_>,
) -> Result<Vec<SessionId>, Error> {
    if holder.status == Status::Temp {
        accounts::give_way(tx, app, ctx, holder).await?;
        return Ok(Vec::new());
    }
    // No code is sent for an account that was stopped; one from before leads nowhere.
    if !holder.status.may_sign_in() {
        return Err(Rejection::CodeExpired.into());
    }
    // Only what was proven is guarded: to claim an address is not to have it.
    let guarded = app.settings.code.guard_identifiers && holder.password_hash.is_some();
    if guarded && contact.is_proven_by(holder) {
        return Err(Rejection::IdentifierGuarded.into());
    }
    links::void_all(tx, holder.id, ctx.now).await?;
    if contact.is_all_that(holder) {
        let ended = accounts::remove(tx, app, ctx, holder).await?;
        return Ok(ended.unwrap_or_default());
    }
    contact.detach(tx, holder.id, ctx.now).await?;
    audit::record(tx, app, ctx, Event::ContactLost, holder.id).await?;
    let left = users::by_id(tx, holder.id).await?;
    if let Some(left) = left {
        let kind = contact.kind();
        outbox::tell(tx, app, ctx, &left, &Content::ContactLost { kind }).await?;
    }
    let shown = doorward_store::sessions::list(tx, holder.id, ctx.now).await?;
    Ok(shown.into_iter().map(|session| session.id).collect())
}

/// Gives the identifier to an account, and tells what the account could be reached at before. What was sent to the old and
/// the new one and is still on its way is void.
pub(crate) async fn give(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    row: &users::User,
    contact: Contact<'_>,
) -> Result<(), Error> {
    if !contact.attach(tx, row.id, ctx.now).await? {
        return Err(match contact {
            Contact::Email(_) => Rejection::EmailTaken.into(),
            Contact::Phone(_) => Rejection::PhoneTaken.into(),
        });
    }
    for identifier in contact.predecessor(row).into_iter().chain([contact.into()]) {
        former_names::carry_over(tx, app, ctx, &identifier).await?;
        let subject = app.subject(&identifier);
        doorward_store::codes::void_subject(tx, &subject, ctx.now).await?;
    }
    links::void_all(tx, row.id, ctx.now).await?;
    audit::record(tx, app, ctx, Event::ContactChanged, row.id).await?;
    let kind = contact.kind();
    outbox::tell(tx, app, ctx, row, &Content::ContactChanged { kind }).await
}
