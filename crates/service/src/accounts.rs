//! Accounts: made, proven, deleted.

mod contacts;
mod leaving;
mod proving;

pub use leaving::{DeleteByPassword, delete, delete_by_password, delete_by_token};

pub(crate) use contacts::Contact;
pub(crate) use leaving::remove;
pub(crate) use proving::{Proof, Prover, prove};

use crate::audit::{self, Event};
use crate::codes::{Asker, Target};
use crate::messages::{Content, Envelope};
use crate::passwords::{self, NewPassword};
use crate::{App, Ctx, Error, SharedApp, codes, outbox};
use doorward_domain::{
    Email, Family, Login, Profile, Purpose, Rejection, Span, Status, Timestamp, UserId,
};
use doorward_store::users::{Inserted, NewUser};
use doorward_store::{WriteTx, users};

/// The owner of an address is told at most this often that somebody tried to register with it.
const ALREADY_REGISTERED_COOLDOWN: Span = Span::hours(1);

/// A user as surfaces may see them: everything but the password's hash.
#[derive(Clone, Debug)]
pub struct User {
    /// The id, the same in every family and in every token.
    pub id: UserId,
    /// The one status.
    pub status: Status,
    /// The address as it was given.
    pub email: Option<String>,
    /// Whether somebody has proven to hold that address.
    pub email_proven: bool,
    /// The telephone number in E.164.
    pub phone: Option<String>,
    /// The login as it was given.
    pub login: Option<String>,
    /// A name shown to others.
    pub nickname: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// The whole name.
    pub full_name: Option<String>,
    /// In years.
    pub age: Option<i64>,
    /// Whether a password is set.
    pub has_password: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When somebody last signed in to it.
    pub last_login_at: Option<Timestamp>,
}

impl From<&users::User> for User {
    fn from(row: &users::User) -> Self {
        Self {
            id: row.id,
            status: row.status,
            email: row.email.clone(),
            email_proven: row.email_proven_at.is_some(),
            phone: row.phone.clone(),
            login: row.login.clone(),
            nickname: row.nickname.clone(),
            first_name: row.first_name.clone(),
            last_name: row.last_name.clone(),
            full_name: row.full_name.clone(),
            age: row.age,
            has_password: row.password_hash.is_some(),
            created_at: row.created_at,
            last_login_at: row.last_login_at,
        }
    }
}

/// Somebody registers.
#[derive(Debug)]
pub enum SignUp {
    /// With an address, which a mailed code will prove.
    Email {
        /// The address.
        email: Email,
        /// Their name.
        full_name: Option<String>,
        /// Their password.
        password: NewPassword,
    },
    /// With a login, which there is nothing to prove about.
    Login {
        /// The login.
        login: Login,
        /// Their password.
        password: NewPassword,
    },
}

/// Makes an account; for an address, sends the code that proves it.
///
/// Where a surface does not tell that an address is taken, the answer is that of success with an id that names nobody,
/// and the owner of the address is told that somebody tried.
pub async fn sign_up(app: &SharedApp, ctx: &Ctx, command: SignUp) -> Result<User, Error> {
    if let SignUp::Login { login, .. } = &command
        && app.settings.strict
        && login.looks_like_an_address()
    {
        return Err(Rejection::LoginLooksLikeAddress.into());
    }
    let hash = passwords::hash(app, command.password(), &command.names()).await?;
    let new = new_user(app, ctx, &command, hash);
    let mut tx = app.write().await?;
    match insert_new(&mut tx, app, ctx, &new).await? {
        Inserted::EmailTaken => {
            drop(tx);
            let SignUp::Email { email, .. } = &command else {
                return Err(Rejection::EmailTaken.into());
            };
            return refuse_taken(app, ctx, email, &new).await;
        }
        // What is not told is answered as if it had come to pass.
        Inserted::LoginTaken if !app.settings.session.open_registration => {
            return Ok(as_shown(&new));
        }
        inserted => require_done(inserted)?,
    }
    if let SignUp::Email { email, .. } = &command {
        mail_first_code(&mut tx, app, ctx, email, new.id).await?;
    }
    audit::record(&mut tx, app, ctx, Event::SignedUp, new.id).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(as_shown(&new))
}

/// Registering sends a code at once, whatever was asked for before, and its cool-down begins.
async fn mail_first_code(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    email: &Email,
    user: UserId,
) -> Result<(), Error> {
    let identifier = email.clone().into();
    let target = Target::of(Purpose::Verify, &identifier);
    codes::discard(tx, app, ctx, &target).await?;
    let request = codes::Request {
        target,
        to: email.into(),
        user: Some(user),
        dropped: false,
        asker: Asker::NEW,
    };
    codes::put_and_send(tx, app, ctx, &request).await
}

impl SignUp {
    /// What its user is called.
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Email {
                email, full_name, ..
            } => {
                let full_name = full_name.iter().flat_map(|name| name.split_whitespace());
                std::iter::once(email.key()).chain(full_name).collect()
            }
            Self::Login { login, .. } => vec![login.key()],
        }
    }

    const fn password(&self) -> &NewPassword {
        match self {
            Self::Email { password, .. } | Self::Login { password, .. } => password,
        }
    }
}

/// An account as it begins for whoever asks for it: in use, and with nothing of its own yet.
pub(crate) fn blank(app: &App, ctx: &Ctx) -> NewUser {
    NewUser {
        id: UserId::new(ctx.now, app.entropy.bytes()),
        status: Status::Active,
        email: None,
        email_proven_at: None,
        phone: None,
        phone_proven_at: None,
        login: None,
        profile: Profile::default(),
        password_hash: None,
        registered_network: Some(app.network(ctx.client.network())),
        created_at: ctx.now,
    }
}

/// Refuses with what is taken, where an account could not be added.
pub(crate) const fn require_done(inserted: Inserted) -> Result<(), Rejection> {
    match inserted {
        Inserted::Done => Ok(()),
        Inserted::EmailTaken => Err(Rejection::EmailTaken),
        Inserted::PhoneTaken => Err(Rejection::PhoneTaken),
        Inserted::LoginTaken => Err(Rejection::LoginTaken),
        Inserted::NicknameTaken => Err(Rejection::NicknameTaken),
    }
}

/// Adds an account, or says which of its identifiers is taken. A temporary account never makes one taken: it gives way.
pub(crate) async fn insert_new(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    new: &NewUser,
) -> Result<Inserted, Error> {
    // Once for the address, once for the number.
    for _ in 0..2 {
        let inserted = users::insert(tx, new).await?;
        let holder = match (inserted, &new.email, &new.phone) {
            (Inserted::EmailTaken, Some(email), _) => users::by_email(tx, email).await?,
            (Inserted::PhoneTaken, _, Some(phone)) => users::by_phone(tx, phone).await?,
            _ => return Ok(inserted),
        };
        if let Some(holder) = holder
            && !give_way(tx, app, ctx, &holder).await?
        {
            return Ok(inserted);
        }
    }
    Ok(users::insert(tx, new).await?)
}

/// Removes an account if it is a temporary one: somebody wants its place. `false` when it stays.
pub(crate) async fn give_way(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    holder: &users::User,
) -> Result<bool, Error> {
    // Whoever proves it at this moment has made an account of it once the lock is ours.
    users::lock(tx, holder.id).await?;
    let holder = users::by_id(tx, holder.id).await?;
    let Some(holder) = holder.filter(|holder| holder.status == Status::Temp) else {
        return Ok(false);
    };
    users::remove(tx, holder.id).await?;
    audit::record(tx, app, ctx, Event::UnprovenRemoved, holder.id).await?;
    Ok(true)
}

/// Whether the surface tells whoever registers that an address is taken.
const fn discloses_existence(app: &App, family: Family) -> bool {
    match family {
        Family::Verified => app.settings.verified.disclose_existence,
        Family::Confirm => app.settings.confirm.disclose_existence,
        Family::Code | Family::Proof | Family::Session | Family::Native => true,
    }
}

/// The address is taken: either that is told, or the answer is as if it were not, and the owner of the address is told
/// that somebody tried.
pub(crate) async fn refuse_taken(
    app: &App,
    ctx: &Ctx,
    email: &Email,
    new: &NewUser,
) -> Result<User, Error> {
    if discloses_existence(app, ctx.family) {
        return Err(Rejection::EmailTaken.into());
    }
    tell_owner(app, ctx, email).await?;
    Ok(as_shown(new))
}

/// Tells the owner of an address that somebody tried to register with it.
pub(crate) async fn tell_owner(app: &App, ctx: &Ctx, email: &Email) -> Result<(), Error> {
    let notice = OwnerNotice::to_owner(app, email).await;
    let mut tx = app.write().await?;
    notice.post(&mut tx, app, ctx).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(())
}

/// What the owner of an address is told when somebody else wants it; one to nobody costs the same.
pub(crate) struct OwnerNotice<'a> {
    email: &'a Email,
    dropped: bool,
}

impl<'a> OwnerNotice<'a> {
    /// Whoever registers over and over must not fill the owner's mailbox. Where nobody can tell, the owner is told.
    pub(crate) async fn to_owner(app: &App, email: &'a Email) -> Self {
        let mark = format!("already-registered|{}", app.subject(&email.clone().into()));
        let first = app.kv.add(&mark, ALREADY_REGISTERED_COOLDOWN).await;
        Self {
            email,
            dropped: !first.unwrap_or(true),
        }
    }

    /// Where the address is nobody's.
    pub(crate) async fn to_nobody(app: &App, email: &'a Email) -> Self {
        Self {
            dropped: true,
            ..Self::to_owner(app, email).await
        }
    }

    /// Puts it into the outbox.
    pub(crate) async fn post(&self, tx: &mut WriteTx, app: &App, ctx: &Ctx) -> Result<(), Error> {
        let owner = users::by_email(tx, self.email).await?;
        let to = outbox::addressee(owner.as_ref(), self.email);
        let envelope = Envelope {
            dropped: self.dropped,
            ..Envelope::notice(to, Content::AlreadyRegistered)
        };
        outbox::post(tx, app, ctx, &envelope).await
    }
}

fn new_user(app: &App, ctx: &Ctx, command: &SignUp, hash: String) -> NewUser {
    let (email, login, full_name) = match command {
        SignUp::Email {
            email, full_name, ..
        } => (Some(email.clone()), None, full_name.clone()),
        SignUp::Login { login, .. } => (None, Some(login.clone()), None),
    };
    NewUser {
        email,
        login,
        profile: Profile {
            full_name,
            ..Profile::default()
        },
        password_hash: Some(hash),
        ..blank(app, ctx)
    }
}

/// A new account as it is answered, whether or not it came to be.
pub(crate) fn as_shown(new: &NewUser) -> User {
    User {
        id: new.id,
        status: new.status,
        email: new.email.as_ref().map(|email| email.as_str().to_owned()),
        email_proven: false,
        phone: new.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        login: new.login.as_ref().map(|login| login.as_str().to_owned()),
        nickname: None,
        first_name: new.profile.first_name.clone(),
        last_name: new.profile.last_name.clone(),
        full_name: new.profile.full_name.clone(),
        age: None,
        has_password: new.password_hash.is_some(),
        created_at: new.created_at,
        last_login_at: None,
    }
}
