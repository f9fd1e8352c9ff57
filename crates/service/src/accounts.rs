//! Accounts: made, proven, deleted.

mod claiming;
mod contacts;
mod leaving;
mod proving;
mod registering;

pub use leaving::{DeleteByPassword, delete, delete_by_password, delete_by_token};
pub use registering::{SignUp, sign_up};

pub(crate) use claiming::{
    Claim, OwnerNotice, claim, give_way, hidden_holder, insert_new, leave_nobody, require_done,
};
pub(crate) use contacts::Contact;
pub(crate) use leaving::remove;
pub(crate) use proving::{Proof, Prover, prove};

use crate::{App, Ctx};
use doorward_domain::{Profile, Status, Timestamp, UserId};
use doorward_store::users::{self, NewUser};

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
