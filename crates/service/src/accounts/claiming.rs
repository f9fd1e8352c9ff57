//! A new account takes its place, or its identifier is somebody else's.
//!
//! Where a surface does not tell that an identifier is taken, whoever comes too late is answered as if they had not: by
//! the same statements, and with the same rows, among them an account in which nobody can ever be. So neither the time of
//! the answer nor what it brings about tells the two apart.

use crate::audit::{self, Event};
use crate::messages::{Address, Content, Envelope};
use crate::{App, Ctx, Error, Fault, SharedApp, outbox};
use doorward_domain::{Email, Family, Identifier, Profile, Rejection, Span, Status, UserId};
use doorward_store::WriteTx;
use doorward_store::users::{self, Inserted, NewUser, User};

/// The owner of an address is told at most this often that somebody tried to register with it.
const ALREADY_REGISTERED_COOLDOWN: Span = Span::hours(1);

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The account is there.
    Made(UserId),
    /// What it wanted is somebody else's, and whoever registers is not to learn so.
    Hidden,
}

/// Adds an account, or refuses with what is taken. Where that is not told, `holder` is who has it, and nobody's account is
/// left in the place of the new one.
pub(crate) async fn claim(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    new: &NewUser,
    holder: Option<&User>,
) -> Result<Claim, Error> {
    let inserted = match holder {
        Some(_) => None,
        None => Some(insert_new(tx, app, ctx, new).await?),
    };
    if inserted == Some(Inserted::Done) {
        audit::record(tx, app, ctx, Event::SignedUp, new.id).await?;
        return Ok(Claim::Made(new.id));
    }
    if let Some(taken) = inserted
        && tells_what_is_taken(app, ctx.family)
    {
        require_done(taken)?;
    }
    leave_nobody(tx, new).await?;
    let holder = holder.map(|holder| holder.id);
    audit::record(tx, app, ctx, Event::RegistrationRefused, holder).await?;
    Ok(Claim::Hidden)
}

/// Who has the identifier that somebody registers with, where that is not told; a temporary account is nobody.
pub(crate) async fn hidden_holder(
    app: &SharedApp,
    ctx: &Ctx,
    identifier: &Identifier,
) -> Result<Option<User>, Error> {
    if tells_what_is_taken(app, ctx.family) {
        return Ok(None);
    }
    let mut tx = app.read().await?;
    let holder = users::by_identifier(&mut tx, identifier).await?;
    Ok(holder.filter(|holder| holder.status != Status::Temp))
}

/// Leaves a temporary account that has no identifier: nobody can come to it, nobody is shown it, and it goes with the
/// next cleaning.
pub(crate) async fn leave_nobody(tx: &mut WriteTx, like: &NewUser) -> Result<(), Error> {
    let nobody = NewUser {
        status: Status::Temp,
        email: None,
        email_proven_at: None,
        phone: None,
        phone_proven_at: None,
        login: None,
        profile: Profile::default(),
        password_hash: None,
        ..like.clone()
    };
    match users::insert(tx, &nobody).await? {
        Inserted::Done => Ok(()),
        _ => Err(Fault::internal("an account without identifiers clashes with another").into()),
    }
}

/// Whether the surface tells whoever registers that an identifier is taken.
const fn tells_what_is_taken(app: &App, family: Family) -> bool {
    match family {
        Family::Verified => app.settings.verified.disclose_existence,
        Family::Confirm => app.settings.confirm.disclose_existence,
        Family::Session => app.settings.session.open_registration,
        Family::Code | Family::Proof | Family::Native => true,
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
    holder: &User,
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

/// What the owner of an address is told when somebody else wants it; one to nobody costs the same.
pub(crate) struct OwnerNotice {
    to: Address,
    dropped: bool,
}

impl OwnerNotice {
    /// A notice to the owner, or one that nobody gets where there is none, or where whoever registers is told themselves.
    pub(crate) async fn about(app: &App, ctx: &Ctx, email: &Email, owner: Option<&User>) -> Self {
        let is_due = !tells_what_is_taken(app, ctx.family) && is_first(app, email, owner).await;
        Self {
            to: outbox::addressee(owner, email),
            dropped: owner.is_none() || !is_due,
        }
    }

    /// Puts it into the outbox.
    pub(crate) async fn post(&self, tx: &mut WriteTx, app: &App, ctx: &Ctx) -> Result<(), Error> {
        let envelope = Envelope {
            dropped: self.dropped,
            ..Envelope::notice(self.to.clone(), Content::AlreadyRegistered)
        };
        outbox::post(tx, app, ctx, &envelope).await
    }
}

/// Whoever registers over and over must not fill the owner's mailbox. Where nobody can tell, the owner is told.
async fn is_first(app: &App, email: &Email, owner: Option<&User>) -> bool {
    let kind = match owner {
        Some(_) => "already-registered",
        None => "not-registered",
    };
    let mark = format!("{kind}|{}", app.subject(&email.clone().into()));
    let first = app.kv.add(&mark, ALREADY_REGISTERED_COOLDOWN).await;
    first.unwrap_or(true)
}
