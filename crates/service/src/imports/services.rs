//! What the rows of each documented service mean: who is taken, who is left, and what they have proven.

use super::reading::{
    Incoming, Proven, Reading, age, email, filled, identity, login, name, nickname, password_hash,
    phone, uuid,
};
use super::report::Skip;
use doorward_domain::{Identifier, Profile, Status};
use doorward_store::source::{
    CodeUser, ConfirmUser, ProofUser, SessionUser, SourceUser, VerifiedUser,
};

/// What a row says, or why it cannot be read.
pub(super) fn read(row: &SourceUser) -> Result<Reading, String> {
    match row {
        SourceUser::Code(row) => code(row),
        SourceUser::Confirm(row) => confirm(row),
        SourceUser::Proof(row) => proof(row),
        SourceUser::Session(row) => session(row),
        SourceUser::Verified(row) => verified(row),
    }
}

/// Nobody gets past `temp` without a code that was sent to what the row holds, so all else is proven.
fn code(row: &CodeUser) -> Result<Reading, String> {
    let status = match filled(row.status.as_ref())
        .map(str::to_lowercase)
        .as_deref()
    {
        Some("active") => Status::Active,
        Some("suspended") => Status::Suspended,
        Some("banned") => Status::Banned,
        Some("deleted") => Status::Deleted,
        Some("temp") => return Ok(Reading::Skipped(Skip::Temporary)),
        _ => return Err("its status is none that is known".to_owned()),
    };
    let email = email(row.email.as_ref())?;
    let phone = phone(row.phone.as_ref())?;
    if status == Status::Deleted {
        let email = email.map(Identifier::from);
        return Ok(Reading::Deleted {
            identifiers: email
                .into_iter()
                .chain(phone.map(Identifier::from))
                .collect(),
            at: row.deletion_date,
        });
    }
    if email.is_none() && phone.is_none() {
        return Err("it has neither an e-mail address nor a telephone number".to_owned());
    }
    Ok(user(Incoming {
        id: uuid(&row.row_key),
        status,
        email,
        phone,
        proven: Proven::Yes(row.registration_date),
        profile: Profile {
            nickname: nickname(row.nickname.as_ref())?,
            first_name: name("first name", row.first_name.as_ref())?,
            last_name: name("last name", row.last_name.as_ref())?,
            age: age(row.age)?,
            full_name: None,
        },
        password_hash: password_hash(row.password.as_ref())?,
        ..Incoming::nobody(row.registration_date)
    }))
}

/// A confirmed address is proven. One that is not, and has no password either, has nothing that anybody could sign in
/// with.
fn confirm(row: &ConfirmUser) -> Result<Reading, String> {
    let confirmed = row.is_active.unwrap_or_default();
    if !confirmed && filled(row.hashed_password.as_ref()).is_none() {
        return Ok(Reading::Skipped(Skip::Unconfirmed));
    }
    Ok(user(Incoming {
        id: filled(row.uuid.as_ref()).and_then(uuid),
        email: Some(email(row.email.as_ref())?.ok_or(NO_ADDRESS)?),
        proven: confirmed
            .then_some(row.created_at)
            .map_or(Proven::No, Proven::Yes),
        profile: Profile {
            first_name: name("first name", row.first_name.as_ref())?,
            last_name: name("last name", row.last_name.as_ref())?,
            ..Profile::default()
        },
        password_hash: password_hash(row.hashed_password.as_ref())?,
        identity: identity(row.auth_provider.as_ref(), row.third_party_id.as_ref())?,
        ..Incoming::nobody(row.created_at)
    }))
}

/// A correct code makes the row, so the row alone says that the address is proven.
fn proof(row: &ProofUser) -> Result<Reading, String> {
    Ok(user(Incoming {
        id: uuid(&row.row_key),
        email: Some(email(row.email.as_ref())?.ok_or(NO_ADDRESS)?),
        proven: Proven::Yes(row.last_verified_at.or(row.created_at)),
        ..Incoming::nobody(row.created_at)
    }))
}

/// A login is a login, also where it looks like an address: nothing is proven by it, and nothing is mailed to it.
fn session(row: &SessionUser) -> Result<Reading, String> {
    Ok(user(Incoming {
        id: uuid(&row.row_key),
        login: Some(login(row.login.as_ref())?),
        password_hash: password_hash(row.password_hash.as_ref())?,
        last_login_at: row.last_login,
        ..Incoming::nobody(row.created_at)
    }))
}

/// As with `confirm`: an address is proven where its code came back, and without a password it is of no use until then.
fn verified(row: &VerifiedUser) -> Result<Reading, String> {
    let verified = row.is_email_verified.unwrap_or_default();
    if !verified && filled(row.hashed_password.as_ref()).is_none() {
        return Ok(Reading::Skipped(Skip::Unconfirmed));
    }
    Ok(user(Incoming {
        id: uuid(&row.row_key),
        email: Some(email(row.email.as_ref())?.ok_or(NO_ADDRESS)?),
        proven: verified
            .then_some(row.created_at)
            .map_or(Proven::No, Proven::Yes),
        profile: Profile {
            full_name: name("full name", row.full_name.as_ref())?,
            ..Profile::default()
        },
        password_hash: password_hash(row.hashed_password.as_ref())?,
        ..Incoming::nobody(row.created_at)
    }))
}

const NO_ADDRESS: &str = "it has no e-mail address";

fn user(incoming: Incoming) -> Reading {
    Reading::User(Box::new(incoming))
}
