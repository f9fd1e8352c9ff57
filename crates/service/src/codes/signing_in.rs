//! Codes that sign in.
//!
//! Nobody registers for them: asking for a code makes a temporary account where there is none, in the transaction of the
//! code. Whatever is known of an identifier, asking leaves the same rows and takes the same statements; what differs is
//! whether the worker sends the message.

use super::{Asker, Request, Target, put_and_send};
use crate::accounts;
use crate::audit::{self, Event};
use crate::messages::Address;
use crate::settings::SmsRoute;
use crate::tokens::admit_status;
use crate::{App, Ctx, Error, Fault, SharedApp, former_names, outbox};
use doorward_domain::{Identifier, Purpose, Rejection, Span, Status, UserId};
use doorward_store::users::{Inserted, NewUser};
use doorward_store::{ReadTx, WriteTx, tombstones, users};

/// Sends a code to sign in with; gives the time until the same network may ask for the next one.
///
/// Where `api.code.disclose_state` says so, suspended, banned and deleted accounts are told; else they are answered like
/// all others, and get no message.
pub async fn send_sign_in(
    app: &SharedApp,
    ctx: &Ctx,
    identifier: &Identifier,
) -> Result<Span, Error> {
    let target = Target::of(Purpose::SignIn, identifier);
    let mut tx = app.read().await?;
    let holder = users::by_identifier(&mut tx, identifier).await?;
    let to = reach(app, identifier, holder.as_ref())?;
    let state = state_of(&mut tx, app, identifier, holder.as_ref()).await?;
    let known_as = holder.as_ref().map(|user| user.id);
    let asker = Asker::look(&mut tx, app, ctx, &target, known_as).await?;
    drop(tx);
    if app.settings.code.disclose_state {
        state?;
    }
    let mut tx = app.write().await?;
    let user = hold(&mut tx, app, ctx, identifier, known_as).await?;
    let request = Request {
        target,
        to,
        user: Some(user),
        dropped: state.is_err(),
        asker,
    };
    put_and_send(&mut tx, app, ctx, &request).await?;
    audit::record(&mut tx, app, ctx, Event::CodeRequested, user).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(app.settings.codes.sign_in.cooldown)
}

/// Where a code goes: to the identifier as its account has it.
fn reach(
    app: &App,
    identifier: &Identifier,
    holder: Option<&users::User>,
) -> Result<Address, Rejection> {
    match identifier {
        Identifier::Email(email) => Ok(outbox::addressee(holder, email)),
        Identifier::Phone(_) if app.settings.sms == SmsRoute::Nowhere => {
            Err(Rejection::PhoneUnavailable)
        }
        Identifier::Phone(phone) => Ok(phone.into()),
        // Nothing can be sent to a login.
        Identifier::Login(_) => Err(Rejection::FieldInvalid),
    }
}

/// Whether whoever has this identifier may sign in. A deleted account is remembered by what it had proven, until a live one
/// has that; a temporary account is none.
pub(crate) async fn state_of(
    tx: &mut ReadTx,
    app: &App,
    identifier: &Identifier,
    holder: Option<&users::User>,
) -> Result<Result<(), Rejection>, Error> {
    let mut deleted = false;
    for hash in former_names::of_tombstone(app, identifier) {
        deleted |= tombstones::exists(tx, &hash).await?;
    }
    let status = holder.map_or(Status::Temp, |user| user.status);
    Ok(match status {
        Status::Temp if deleted => Err(Rejection::AccountDeleted),
        status => admit_status(status),
    })
}

/// The account that the code is for, kept as it is until the code is there; a temporary one where there was none. Either
/// way one account is looked for to be locked, and one row is added.
async fn hold(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    identifier: &Identifier,
    known_as: Option<UserId>,
) -> Result<UserId, Error> {
    let new = temporary(app, ctx, identifier);
    let user = known_as.unwrap_or(new.id);
    if users::lock(tx, user).await? {
        accounts::leave_nobody(tx, &new).await?;
        return Ok(user);
    }
    if users::insert(tx, &new).await? == Inserted::Done {
        return Ok(new.id);
    }
    // Somebody else asked at the same time.
    let holder = users::by_identifier(tx, identifier).await?;
    let holder = holder.ok_or_else(|| Fault::unavailable("an account came and went"))?;
    Ok(holder.id)
}

fn temporary(app: &App, ctx: &Ctx, identifier: &Identifier) -> NewUser {
    let (email, phone) = match identifier.clone() {
        Identifier::Email(email) => (Some(email), None),
        Identifier::Phone(phone) => (None, Some(phone)),
        Identifier::Login(_) => (None, None),
    };
    NewUser {
        status: Status::Temp,
        email,
        phone,
        ..accounts::blank(app, ctx)
    }
}
