//! What an operator does about users, from the command line.

use crate::accounts::{self, User};
use crate::audit::{self, Event};
use crate::links::{self, NewLink};
use crate::messages::{Address, Content, Envelope};
use crate::passwords::{self, NewPassword};
use crate::{Ctx, Error, Fault, SharedApp, outbox, tokens};
use doorward_domain::{
    Email, LinkPurpose, Login, PasswordRules, Phone, Profile, Rejection, SessionId, Status, UserId,
};
use doorward_store::users::{self, Filter, NewUser};
use doorward_store::{ReadTx, WriteTx, sessions};
use secrecy::SecretString;

/// What passwords that an operator sets must look like.
pub const OPERATORS_RULES: PasswordRules = passwords::STRICT;

/// A page of users.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Only those in this state.
    pub status: Option<Status>,
    /// Only those after this one.
    pub after: Option<UserId>,
    /// So many at most.
    pub limit: u32,
}

/// The users, oldest first.
pub async fn list(app: &SharedApp, page: &Page) -> Result<Vec<User>, Error> {
    let filter = Filter {
        status: page.status,
        after: page.after,
        limit: page.limit,
    };
    let mut tx = app.read().await?;
    Ok(users::list(&mut tx, &filter)
        .await?
        .iter()
        .map(User::from)
        .collect())
}

/// The user with this id, address, telephone number or login.
pub async fn find(app: &SharedApp, name: &str) -> Result<User, Error> {
    let mut tx = app.read().await?;
    Ok(User::from(&find_row(&mut tx, name).await?))
}

/// A user to be made by an operator.
#[derive(Debug)]
pub struct Create {
    /// The address; believed, since an operator says so.
    pub email: Option<Email>,
    /// The login.
    pub login: Option<Login>,
    /// The telephone number; believed too.
    pub phone: Option<Phone>,
    /// The whole name.
    pub full_name: Option<String>,
    /// The password, if there is to be one.
    pub password: Option<NewPassword>,
}

/// Makes a user.
pub async fn create(app: &SharedApp, ctx: &Ctx, command: Create) -> Result<User, Error> {
    let hash = match &command.password {
        Some(password) => Some(passwords::hash(app, password, &[]).await?),
        None => None,
    };
    let new = NewUser {
        email_proven_at: command.email.as_ref().map(|_| ctx.now),
        email: command.email,
        phone_proven_at: command.phone.as_ref().map(|_| ctx.now),
        phone: command.phone,
        login: command.login,
        profile: Profile {
            full_name: command.full_name,
            ..Profile::default()
        },
        password_hash: hash,
        // Nobody registered, so there is no network that a first proof could come from again.
        registered_network: None,
        ..accounts::blank(app, ctx)
    };
    let mut tx = app.write().await?;
    let inserted = accounts::insert_new(&mut tx, app, ctx, &new).await?;
    accounts::require_done(inserted)?;
    audit::record(&mut tx, app, ctx, Event::SignedUp, new.id).await?;
    let row = users::by_id(&mut tx, new.id)
        .await?
        .ok_or(Rejection::UserNotFound)?;
    tx.commit().await?;
    Ok(User::from(&row))
}

/// Stops an account until it is restored.
pub async fn suspend(app: &SharedApp, ctx: &Ctx, name: &str) -> Result<User, Error> {
    change_status(app, ctx, name, Status::Suspended).await
}

/// Stops an account for good, unless it is restored.
pub async fn ban(app: &SharedApp, ctx: &Ctx, name: &str) -> Result<User, Error> {
    change_status(app, ctx, name, Status::Banned).await
}

/// Makes a suspended or banned account good again.
pub async fn restore(app: &SharedApp, ctx: &Ctx, name: &str) -> Result<User, Error> {
    change_status(app, ctx, name, Status::Active).await
}

async fn change_status(
    app: &SharedApp,
    ctx: &Ctx,
    name: &str,
    status: Status,
) -> Result<User, Error> {
    let mut tx = app.write().await?;
    let row = find_row(&mut tx, name).await?;
    let changed = users::set_status(&mut tx, row.id, status, ctx.now).await?;
    // An account that has used up its tries is as good as suspended.
    if !changed && (status != Status::Active || row.password_failures == 0) {
        return Err(Rejection::UserNotFound.into());
    }
    let event = match status {
        Status::Active | Status::Temp => Event::Restored,
        Status::Suspended => Event::Suspended,
        Status::Banned => Event::Banned,
        Status::Deleted => return Err(Fault::internal("deleting is not a change of status").into()),
    };
    let ended = if status.may_sign_in() {
        // Whoever is let in again has all tries of the password again.
        users::reset_password_failures(&mut tx, row.id).await?;
        Vec::new()
    } else {
        users::bump_epoch(&mut tx, row.id, ctx.now).await?;
        links::void_ways_in(&mut tx, row.id, ctx.now).await?;
        sessions::end_all(&mut tx, row.id, None, ctx.now).await?
    };
    audit::record(&mut tx, app, ctx, event, row.id).await?;
    finish(app, tx, row.id, &ended).await
}

/// Ends all sessions of a user; gives their number.
pub async fn sign_out(app: &SharedApp, ctx: &Ctx, name: &str) -> Result<usize, Error> {
    let mut tx = app.write().await?;
    let row = find_row(&mut tx, name).await?;
    users::bump_epoch(&mut tx, row.id, ctx.now).await?;
    // Whoever is thrown out may have begun to move the account to an address of theirs.
    doorward_store::links::void(&mut tx, row.id, LinkPurpose::Change, ctx.now).await?;
    let ended = sessions::end_all(&mut tx, row.id, None, ctx.now).await?;
    audit::record(&mut tx, app, ctx, Event::SignedOutEverywhere, row.id).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    Ok(ended.len())
}

/// Deletes a user as the user could.
pub async fn delete(app: &SharedApp, ctx: &Ctx, name: &str) -> Result<(), Error> {
    let mut tx = app.write().await?;
    let row = find_row(&mut tx, name).await?;
    let ended = accounts::remove(&mut tx, app, ctx, &row).await?;
    let ended = ended.ok_or(Rejection::UserNotFound)?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    outbox::ring(app);
    Ok(())
}

/// How a user gets the link to a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    /// It is given to the operator, to be passed on.
    Print,
    /// It is mailed to the proven address of the account.
    Mail,
}

/// Makes a link to a new password, and gives it unless it is mailed. Whose account it is chooses the password; until
/// then nothing changes.
pub async fn reset(
    app: &SharedApp,
    ctx: &Ctx,
    name: &str,
    handover: Handover,
) -> Result<Option<SecretString>, Error> {
    let mut tx = app.write().await?;
    let row = find_row(&mut tx, name).await?;
    tokens::admit_status(row.status)?;
    let new = NewLink {
        purpose: LinkPurpose::Reset,
        user: Some(row.id),
        email: None,
    };
    let link = links::keep(&mut tx, app, ctx, &new).await?;
    let printed = match handover {
        Handover::Print => Some(SecretString::from(link)),
        Handover::Mail => {
            let to = row
                .email
                .as_deref()
                .filter(|_| row.email_proven_at.is_some());
            let to = to.ok_or(Rejection::AddressUnproven)?;
            let lifetime = links::lifetime(app, LinkPurpose::Reset);
            let envelope = Envelope {
                to: Address::mail(to),
                content: Content::ResetLink { link, lifetime },
                dropped: false,
                good_until: Some(ctx.now + lifetime),
            };
            outbox::post(&mut tx, app, ctx, &envelope).await?;
            None
        }
    };
    audit::record(&mut tx, app, ctx, Event::ResetStarted, row.id).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(printed)
}

async fn finish(
    app: &SharedApp,
    mut tx: WriteTx,
    id: UserId,
    ended: &[SessionId],
) -> Result<User, Error> {
    let row = users::by_id(&mut tx, id)
        .await?
        .ok_or(Rejection::UserNotFound)?;
    tx.commit().await?;
    app.caches.forget_sessions(ended);
    Ok(User::from(&row))
}

async fn find_row(tx: &mut ReadTx, name: &str) -> Result<users::User, Error> {
    if let Ok(id) = name.parse::<UserId>() {
        return users::by_id(tx, id)
            .await?
            .ok_or_else(|| Rejection::UserNotFound.into());
    }
    if let Ok(email) = Email::parse(name)
        && let Some(user) = users::by_email(tx, &email).await?
    {
        return Ok(user);
    }
    if let Ok(phone) = Phone::parse(name)
        && let Some(user) = users::by_phone(tx, &phone).await?
    {
        return Ok(user);
    }
    let login = Login::parse(name).map_err(|_| Rejection::UserNotFound)?;
    users::by_login(tx, &login)
        .await?
        .ok_or_else(|| Rejection::UserNotFound.into())
}
