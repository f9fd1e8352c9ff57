//! Accounts: made, proven, deleted.

use crate::audit::{self, Event};
use crate::codes::{Asker, Target};
use crate::messages::{Content, Dropped, Envelope};
use crate::passwords::{self, NewPassword};
use crate::{App, Ctx, Error, SharedApp, codes, files, outbox, sessions, tokens};
use doorward_crypto::Label;
use doorward_domain::{
    Email, Family, Login, Profile, Purpose, Rejection, SessionId, Span, Status, Timestamp, UserId,
};
use doorward_store::users::{Inserted, NewUser};
use doorward_store::{WriteTx, tombstones, users};
use secrecy::{ExposeSecret, SecretString};

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
    match users::insert(&mut tx, &new).await? {
        Inserted::Done => {}
        Inserted::EmailTaken => {
            drop(tx);
            return taken(app, ctx, &command, new).await;
        }
        Inserted::PhoneTaken => return Err(Rejection::PhoneTaken.into()),
        Inserted::LoginTaken if app.settings.session.open_registration => {
            return Err(Rejection::LoginTaken.into());
        }
        // What is not told is answered as if it had come to pass.
        Inserted::LoginTaken => return Ok(as_shown(&new)),
        Inserted::NicknameTaken => return Err(Rejection::NicknameTaken.into()),
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
        to: email.as_str(),
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

/// The address is taken: either that is told, or the same is written and answered as if it were not.
async fn taken(app: &App, ctx: &Ctx, command: &SignUp, new: NewUser) -> Result<User, Error> {
    let disclosed = match ctx.family {
        Family::Verified => app.settings.verified.disclose_existence,
        Family::Code | Family::Confirm | Family::Proof | Family::Session | Family::Native => true,
    };
    let SignUp::Email { email, .. } = command else {
        return Err(Rejection::EmailTaken.into());
    };
    if disclosed {
        return Err(Rejection::EmailTaken.into());
    }
    let mark = format!("already-registered|{}", app.subject(&email.clone().into()));
    // Whoever registers over and over must not fill the owner's mailbox. Where nobody can tell, the owner is told.
    let told_lately = !app
        .kv
        .add(&mark, ALREADY_REGISTERED_COOLDOWN)
        .await
        .unwrap_or(true);
    let mut tx = app.write().await?;
    let owner = users::by_email(&mut tx, email).await?;
    let envelope = Envelope {
        to: outbox::addressee(owner.as_ref(), email).to_owned(),
        content: Content::AlreadyRegistered,
        dropped: told_lately,
        good_until: None,
    };
    outbox::post(&mut tx, app, ctx, &envelope).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(as_shown(&new))
}

fn new_user(app: &App, ctx: &Ctx, command: &SignUp, hash: String) -> NewUser {
    let (email, login, full_name) = match command {
        SignUp::Email {
            email, full_name, ..
        } => (Some(email.clone()), None, full_name.clone()),
        SignUp::Login { login, .. } => (None, Some(login.clone()), None),
    };
    NewUser {
        id: UserId::new(ctx.now, app.entropy.bytes()),
        status: Status::Active,
        email,
        phone: None,
        login,
        profile: Profile {
            full_name,
            ..Profile::default()
        },
        email_proven_at: None,
        phone_proven_at: None,
        password_hash: Some(hash),
        registered_network: Some(app.network(ctx.client.network())),
        created_at: ctx.now,
    }
}

fn as_shown(new: &NewUser) -> User {
    User {
        id: new.id,
        status: new.status,
        email: new.email.as_ref().map(|email| email.as_str().to_owned()),
        email_proven: false,
        phone: None,
        login: new.login.as_ref().map(|login| login.as_str().to_owned()),
        nickname: None,
        first_name: new.profile.first_name.clone(),
        last_name: new.profile.last_name.clone(),
        full_name: new.profile.full_name.clone(),
        age: None,
        has_password: true,
        created_at: new.created_at,
        last_login_at: None,
    }
}

/// Marks the address of an account as proven, in the transaction that spent the code; gives the sessions that ended.
///
/// The first proof wins: unless the code was asked for and used from the network that registered, whoever registered
/// may have been somebody else, and what they set is dropped.
pub(crate) async fn prove_email(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &users::User,
    asked_from: &str,
) -> Result<Vec<SessionId>, Error> {
    if !users::confirm_email(tx, user.id, ctx.now).await? {
        // Another proof came first: what was set since is the owner's.
        return Ok(Vec::new());
    }
    audit::record(tx, app, ctx, Event::AddressProven, user.id).await?;
    let here = app.network(ctx.client.network());
    let same_person = user
        .registered_network
        .as_deref()
        .is_some_and(|from| from == here && from == asked_from);
    if same_person {
        return Ok(Vec::new());
    }
    let ended = doorward_store::sessions::end_all(tx, user.id, None, ctx.now).await?;
    let files = files::delete_all(tx, app, ctx, user.id).await?;
    users::first_proof(tx, user.id, ctx.now).await?;
    audit::record(tx, app, ctx, Event::UnprovenClaimsDropped, user.id).await?;
    if let Some(to) = user.email.clone() {
        let dropped = Dropped {
            password: user.password_hash.is_some(),
            profile: user.full_name.is_some()
                || user.first_name.is_some()
                || user.last_name.is_some()
                || user.nickname.is_some()
                || user.age.is_some(),
            sessions: ended.len(),
            files,
        };
        let envelope = Envelope {
            to,
            content: Content::FirstProof(dropped),
            dropped: false,
            good_until: None,
        };
        outbox::post(tx, app, ctx, &envelope).await?;
    }
    Ok(ended)
}

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
    checked.tally.clear(&mut tx).await?;
    // Somebody else's request may have deleted it since the password was compared.
    let ended = remove(&mut tx, app, ctx, &checked.row).await?;
    let ended = ended.ok_or(Rejection::InvalidCredentials)?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    outbox::ring(app);
    Ok(())
}

/// Ends what an account has and scrubs its row; what it had proven leaves a tombstone. `None` when it was deleted already.
pub(crate) async fn remove(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &users::User,
) -> Result<Option<Vec<SessionId>>, Error> {
    let ended = doorward_store::sessions::end_all(tx, user.id, None, ctx.now).await?;
    files::delete_all(tx, app, ctx, user.id).await?;
    let proven = [
        user.email_proven_at
            .and(user.email_key.as_ref())
            .map(|key| format!("email:{key}")),
        user.phone_proven_at
            .and(user.phone_key.as_ref())
            .map(|key| format!("phone:{key}")),
    ];
    for identifier in proven.into_iter().flatten() {
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
