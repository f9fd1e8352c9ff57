//! What an operator does about users, from the command line.

use crate::accounts::{self, User};
use crate::audit::{self, Event};
use crate::messages::{Content, Envelope};
use crate::passwords::{self, NewPassword};
use crate::{Ctx, Error, Fault, SharedApp, outbox};
use doorward_domain::{
    Email, Login, PasswordRules, Phone, Profile, Rejection, SessionId, Status, UserId,
};
use doorward_store::users::{self, Filter, NewUser};
use doorward_store::{ReadTx, WriteTx, sessions};
use secrecy::{ExposeSecret, SecretString};

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
        id: UserId::new(ctx.now, app.entropy.bytes()),
        status: Status::Active,
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
        registered_network: None,
        created_at: ctx.now,
    };
    let mut tx = app.write().await?;
    match users::insert(&mut tx, &new).await? {
        users::Inserted::Done => {}
        users::Inserted::EmailTaken => return Err(Rejection::EmailTaken.into()),
        users::Inserted::PhoneTaken => return Err(Rejection::PhoneTaken.into()),
        users::Inserted::LoginTaken => return Err(Rejection::LoginTaken.into()),
        users::Inserted::NicknameTaken => return Err(Rejection::NicknameTaken.into()),
    }
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
    if !users::set_status(&mut tx, row.id, status, ctx.now).await? {
        return Err(Rejection::UserNotFound.into());
    }
    let (event, ended) = match status {
        Status::Active | Status::Temp => (Event::Restored, Vec::new()),
        Status::Suspended => (
            Event::Suspended,
            sessions::end_all(&mut tx, row.id, None, ctx.now).await?,
        ),
        Status::Banned => (
            Event::Banned,
            sessions::end_all(&mut tx, row.id, None, ctx.now).await?,
        ),
        Status::Deleted => return Err(Fault::internal("deleting is not a change of status").into()),
    };
    audit::record(&mut tx, app, ctx, event, row.id).await?;
    finish(app, tx, row.id, &ended).await
}

/// Ends all sessions of a user; gives their number.
pub async fn sign_out(app: &SharedApp, ctx: &Ctx, name: &str) -> Result<usize, Error> {
    let mut tx = app.write().await?;
    let row = find_row(&mut tx, name).await?;
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

/// How a user gets a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    /// It is given to the operator, to be passed on.
    Print,
    /// It is mailed to the proven address of the account.
    Mail,
}

/// Sets a random password and ends all sessions. Nobody chooses it, so nobody can choose a weak one.
pub async fn reset(
    app: &SharedApp,
    ctx: &Ctx,
    name: &str,
    handover: Handover,
) -> Result<Option<SecretString>, Error> {
    let password = app.entropy.url_token();
    let hash = passwords::hash_known(app, &password).await?;
    let mut tx = app.write().await?;
    let row = find_row(&mut tx, name).await?;
    users::set_password(&mut tx, row.id, &hash, ctx.now).await?;
    let ended = sessions::end_all(&mut tx, row.id, None, ctx.now).await?;
    let printed = match handover {
        Handover::Print => Some(password),
        Handover::Mail => {
            let to = row
                .email
                .filter(|_| row.email_proven_at.is_some())
                .ok_or(Rejection::AddressUnproven)?;
            let content = Content::PasswordReset {
                password: password.expose_secret().to_owned(),
            };
            let envelope = Envelope {
                to,
                content,
                dropped: false,
                good_until: None,
            };
            outbox::post(&mut tx, app, ctx, &envelope).await?;
            None
        }
    };
    audit::record(&mut tx, app, ctx, Event::PasswordReset, row.id).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
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
