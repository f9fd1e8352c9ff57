//! What an account looks like once a row of another service has been added to it, or has replaced what it brought
//! before.

use super::reading::Incoming;
use doorward_domain::{Email, Login, Nickname, Phone, Timestamp};
use doorward_store::users::User;

/// Whether a row and an account are the same person: both have proven the same address or number.
pub(super) fn same_person(user: &User, incoming: &Incoming) -> bool {
    let proven = incoming.proven.when(Timestamp::EPOCH).is_some();
    let by_email = user.email_proven_at.is_some()
        && incoming.email.is_some()
        && user.email_key.as_deref() == incoming.email.as_ref().map(Email::key);
    let by_phone = user.phone_proven_at.is_some()
        && incoming.phone.is_some()
        && user.phone_key.as_deref() == incoming.phone.as_ref().map(Phone::key);
    proven && (by_email || by_phone)
}

/// The account with what is empty filled in; nothing is overwritten.
pub(super) fn joined(user: &User, incoming: &Incoming, now: Timestamp) -> User {
    let mut after = user.clone();
    let proven = incoming.proven.when(now);
    if after.email_key.is_none() {
        set_email(&mut after, incoming.email.as_ref(), proven);
    } else if after.email_key.as_deref() == incoming.email.as_ref().map(Email::key) {
        after.email_proven_at = after.email_proven_at.or(proven);
    }
    if after.phone_key.is_none() {
        set_phone(&mut after, incoming.phone.as_ref(), proven);
    } else if after.phone_key.as_deref() == incoming.phone.as_ref().map(Phone::key) {
        after.phone_proven_at = after.phone_proven_at.or(proven);
    }
    if after.login_key.is_none() {
        set_login(&mut after, incoming.login.as_ref());
    }
    let profile = &incoming.profile;
    if after.nickname_key.is_none() {
        set_nickname(&mut after, profile.nickname.as_ref());
    }
    after.first_name = after.first_name.or_else(|| profile.first_name.clone());
    after.last_name = after.last_name.or_else(|| profile.last_name.clone());
    after.full_name = after.full_name.or_else(|| profile.full_name.clone());
    after.age = after.age.or(profile.age);
    if after.password_hash.is_none() && incoming.password_hash.is_some() {
        after.password_hash.clone_from(&incoming.password_hash);
        after.password_set_at = Some(now);
    }
    after.last_login_at = after.last_login_at.max(incoming.last_login_at);
    after
}

/// Whether the password there is still the one that was taken; here its hash may have become a better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Password {
    Same,
    Other,
}

/// What becomes of what a row has not, or has no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// It goes: the row is all that the account is made of.
    Goes,
    /// It stays, since rows of other services have been added to the account.
    Stays,
}

/// The account as the row has it now.
pub(super) fn replaced(
    user: &User,
    incoming: &Incoming,
    password: Password,
    absent: Absent,
    now: Timestamp,
) -> User {
    let mut after = user.clone();
    let goes = absent == Absent::Goes;
    let (proven, profile) = (incoming.proven.when(now), &incoming.profile);
    after.status = incoming.status;
    if goes || incoming.email.is_some() {
        set_email(&mut after, incoming.email.as_ref(), proven);
    }
    if goes || incoming.phone.is_some() {
        set_phone(&mut after, incoming.phone.as_ref(), proven);
    }
    if goes || incoming.login.is_some() {
        set_login(&mut after, incoming.login.as_ref());
    }
    if goes || profile.nickname.is_some() {
        set_nickname(&mut after, profile.nickname.as_ref());
    }
    replace(&mut after.first_name, profile.first_name.as_ref(), absent);
    replace(&mut after.last_name, profile.last_name.as_ref(), absent);
    replace(&mut after.full_name, profile.full_name.as_ref(), absent);
    replace(&mut after.age, profile.age.as_ref(), absent);
    if password == Password::Other {
        replace(
            &mut after.password_hash,
            incoming.password_hash.as_ref(),
            absent,
        );
        after.password_set_at = after.password_hash.as_ref().map(|_| now);
    }
    after.last_login_at = after.last_login_at.max(incoming.last_login_at);
    after
}

fn replace<T: Clone>(field: &mut Option<T>, by: Option<&T>, absent: Absent) {
    if by.is_some() || absent == Absent::Goes {
        *field = by.cloned();
    }
}

fn set_email(user: &mut User, email: Option<&Email>, proven: Option<Timestamp>) {
    user.email = email.map(|email| email.as_str().to_owned());
    user.email_key = email.map(|email| email.key().to_owned());
    user.email_proven_at = email.and(proven);
}

fn set_phone(user: &mut User, phone: Option<&Phone>, proven: Option<Timestamp>) {
    user.phone = phone.map(|phone| phone.as_str().to_owned());
    user.phone_key = phone.map(|phone| phone.key().to_owned());
    user.phone_proven_at = phone.and(proven);
}

fn set_login(user: &mut User, login: Option<&Login>) {
    user.login = login.map(|login| login.as_str().to_owned());
    user.login_key = login.map(|login| login.key().to_owned());
}

fn set_nickname(user: &mut User, nickname: Option<&Nickname>) {
    user.nickname = nickname.map(|nickname| nickname.as_str().to_owned());
    user.nickname_key = nickname.map(|nickname| nickname.key().to_owned());
}
