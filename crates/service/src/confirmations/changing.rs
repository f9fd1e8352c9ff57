//! An account is to have another address: it keeps the one it has until the new one is confirmed.

use super::mail_link;
use crate::accounts::{OwnerNotice, User};
use crate::audit::{self, Event};
use crate::links::{self, NewLink};
use crate::messages::{Content, Envelope};
use crate::tokens::Caller;
use crate::{App, Ctx, Error, Fault, SharedApp, credentials, limits, outbox};
use doorward_domain::{Email, LinkPurpose, Rejection, Span, Status, UserId};
use doorward_store::{WriteTx, users};

/// The link that confirms a registration is sent again at most this often.
const SEND_AGAIN_COOLDOWN: Span = Span::minutes(1);

/// New addresses that an account may have mail sent to, an hour: nobody is to fill other people's mailboxes from it.
const CHANGES: u32 = 10;

/// Begins to move the caller's account to another address, and gives the account as it stays until then.
///
/// The new address gets a link, the old one is told; what was begun before is void. Where it is not told that an address
/// is taken, all of that looks the same, and the owner of the address is told that somebody tried. Who asks for the
/// address that they have, and have not confirmed, gets the link to confirm it again.
pub async fn change_address(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
    email: &Email,
) -> Result<User, Error> {
    credentials::require_fresh(app, ctx, caller).await?;
    let user = credentials::row_of(app, caller).await?;
    let mut tx = app.read().await?;
    let holder = users::by_email(&mut tx, email).await?;
    drop(tx);
    if holder.as_ref().is_some_and(|holder| holder.id == user.id) {
        forget(app, ctx, caller).await?;
        if user.email_proven_at.is_none() {
            send_again(app, ctx, &user).await?;
        }
        return Ok(User::from(&user));
    }
    let holder = holder.filter(|holder| holder.status != Status::Temp);
    if holder.is_some() && app.settings.confirm.disclose_existence {
        return Err(Rejection::EmailTaken.into());
    }
    begin(app, ctx, caller, &Wish { email, holder }).await?;
    Ok(User::from(&user))
}

/// Mails the link of the registration again, to the address as the account has it.
async fn send_again(app: &SharedApp, ctx: &Ctx, user: &users::User) -> Result<(), Error> {
    let stored = user.email.as_deref().unwrap_or_default();
    let email = Email::parse(stored).map_err(Fault::internal)?;
    let mark = format!("confirm-again|{}", user.id);
    let sent_lately = !app.kv.add(&mark, SEND_AGAIN_COOLDOWN).await.unwrap_or(true);
    if sent_lately {
        return Ok(());
    }
    let mut tx = app.write().await?;
    mail_link(&mut tx, app, ctx, user.id, &email).await?;
    audit::record(&mut tx, app, ctx, Event::LinkRequested, user.id).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(())
}

/// Who asks for the address that they have wants no other.
async fn forget(app: &SharedApp, ctx: &Ctx, caller: &Caller) -> Result<(), Error> {
    let mut tx = app.write().await?;
    let user = credentials::hold(&mut tx, ctx, caller).await?;
    doorward_store::links::void(&mut tx, user.id, LinkPurpose::Change, ctx.now).await?;
    Ok(tx.commit().await?)
}

/// The address that somebody wants, and whose it is already. One that is taken leaves the same rows, and a link that nobody
/// gets and that is good for nothing.
struct Wish<'a> {
    email: &'a Email,
    holder: Option<users::User>,
}

async fn begin(app: &SharedApp, ctx: &Ctx, caller: &Caller, wish: &Wish<'_>) -> Result<(), Error> {
    let key = format!("address-change|{}", caller.user.id);
    limits::take_hourly(app, ctx, &key, CHANGES).await?;
    let notice = OwnerNotice::about(app, ctx, wish.email, wish.holder.as_ref()).await;
    let mut tx = app.write().await?;
    // Of two changes that are begun at once, the later one is the one that waits.
    let user = &credentials::hold(&mut tx, ctx, caller).await?;
    notice.post(&mut tx, app, ctx).await?;
    doorward_store::links::void(&mut tx, user.id, LinkPurpose::Change, ctx.now).await?;
    mail_change_link(&mut tx, app, ctx, user.id, wish).await?;
    outbox::tell(&mut tx, app, ctx, user, &Content::AddressChanging).await?;
    audit::record(&mut tx, app, ctx, Event::AddressChangeRequested, user.id).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(())
}

async fn mail_change_link(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: UserId,
    wish: &Wish<'_>,
) -> Result<(), Error> {
    let is_taken = wish.holder.is_some();
    let new = NewLink {
        purpose: LinkPurpose::Change,
        user: (!is_taken).then_some(user),
        email: Some(wish.email),
    };
    let link = links::keep(tx, app, ctx, &new).await?;
    let lifetime = links::lifetime(app, LinkPurpose::Change);
    let envelope = Envelope {
        to: wish.email.into(),
        content: Content::ChangeLink { link, lifetime },
        dropped: is_taken,
        good_until: Some(ctx.now + lifetime),
    };
    outbox::post(tx, app, ctx, &envelope).await
}
