//! What becomes of a row: the one place that decides, for the rows of every service.

mod following;

use super::digest::Digest;
use super::earlier::{Earlier, Met};
use super::joining;
use super::reading::{Incoming, Reading, Subject};
use super::report::{Problem, Skip};
use super::{Item, SamePerson};
use crate::audit::{self, Event};
use crate::{App, Ctx, Error, Fault, accounts};
use doorward_domain::{Email, Login, Nickname, Phone, SessionId, Status, UserId};
use doorward_store::WriteTx;
use doorward_store::identities::{self, Identity};
use doorward_store::imports::{self, Imported};
use doorward_store::users::{self, Inserted, NewUser, User};

/// What became of a row.
pub(super) enum Outcome {
    /// A new user.
    Taken(UserId),
    /// Added to a user who was here.
    Joined(UserId),
    /// Changed there, and now here.
    Changed(UserId),
    /// Deleted there, and now here.
    Removed,
    /// As it was taken.
    Unchanged(UserId),
    /// Changed there, but changed here too: that stays.
    Kept(UserId),
    /// Left by a rule.
    Skipped(Skip),
    /// Not taken, and why.
    NotTaken(Problem, String),
}

impl Outcome {
    /// The user that the row is here.
    pub(super) const fn user(&self) -> Option<UserId> {
        match self {
            Self::Taken(user)
            | Self::Joined(user)
            | Self::Changed(user)
            | Self::Unchanged(user)
            | Self::Kept(user) => Some(*user),
            Self::Removed | Self::Skipped(_) | Self::NotTaken(..) => None,
        }
    }

    fn conflict(why: impl Into<String>) -> Self {
        Self::NotTaken(Problem::Conflict, why.into())
    }
}

/// Another transaction changed an account between two statements of this one.
#[derive(Debug, thiserror::Error)]
#[error("an account changed while it was imported")]
struct Overtaken;

impl From<Overtaken> for Error {
    fn from(overtaken: Overtaken) -> Self {
        Fault::unavailable(overtaken).into()
    }
}

/// Where rows are decided about: a transaction and what is known in it.
pub(super) struct Desk<'a> {
    pub(super) tx: &'a mut WriteTx,
    pub(super) app: &'a App,
    pub(super) ctx: &'a Ctx,
    pub(super) same_person: SamePerson,
    pub(super) earlier: &'a mut Earlier,
    /// Sessions that ended.
    pub(super) ended: &'a mut Vec<SessionId>,
}

impl Desk<'_> {
    pub(super) async fn decide(&mut self, item: &Item) -> Result<Outcome, Error> {
        let reading = match &item.reading {
            Ok(reading) => reading,
            Err(why) => return Ok(Outcome::NotTaken(Problem::Unreadable, why.clone())),
        };
        if let Reading::Skipped(skip) = reading {
            return Ok(Outcome::Skipped(*skip));
        }
        let known = imports::find(self.tx, self.ctx.family, &item.source_id).await?;
        if let Some(known) = &known
            && item.digests.whole.is(&known.digest)
        {
            return self.leave(item, known).await;
        }
        match (reading, known) {
            (Reading::Skipped(skip), _) => Ok(Outcome::Skipped(*skip)),
            (Reading::Deleted { identifiers, at }, known) => {
                self.bury(item, known, identifiers, *at).await
            }
            (Reading::User(incoming), Some(known)) => match known.user_id {
                Some(user) => self.follow(item, incoming, &known, user).await,
                None => self.admit(item, incoming).await,
            },
            (Reading::User(incoming), None) => self.admit(item, incoming).await,
        }
    }

    /// Nothing has changed there.
    async fn leave(&mut self, item: &Item, known: &Imported) -> Result<Outcome, Error> {
        if item.digests.whole.is_dated(&known.digest) {
            let fresh = Imported {
                digest: item.digests.whole.current(),
                password_digest: item.digests.password.as_ref().map(Digest::current),
                ..known.clone()
            };
            imports::remember(self.tx, &fresh).await?;
        }
        Ok(known
            .user_id
            .map_or(Outcome::Skipped(Skip::Deleted), Outcome::Unchanged))
    }

    /// Somebody who is not known yet.
    async fn admit(&mut self, item: &Item, incoming: &Incoming) -> Result<Outcome, Error> {
        let holders = imports::holders(self.tx, incoming.claims()).await?;
        let mut held = holders.iter().filter(|user| user.status != Status::Temp);
        let holder = held.next();
        let owner = self.owner(incoming.identity.as_ref()).await?;
        match (holder, held.next(), owner) {
            (None, _, None) => self.admit_unless_earlier(item, incoming).await,
            (None, _, Some(owner)) => Ok(Outcome::conflict(format!(
                "its third-party identity is that of user {owner}"
            ))),
            (Some(holder), None, owner) if owner.is_none_or(|owner| owner == holder.id) => {
                self.meet(item, incoming, holder).await
            }
            (Some(_), ..) => Ok(Outcome::conflict(
                "what it holds belongs to more than one user here",
            )),
        }
    }

    async fn admit_unless_earlier(
        &mut self,
        item: &Item,
        incoming: &Incoming,
    ) -> Result<Outcome, Error> {
        match (self.earlier.meet(incoming), self.same_person) {
            (Met::Nobody, _) => self.insert(item, incoming).await,
            (Met::SamePerson, SamePerson::Join) => {
                self.earlier.note(incoming);
                // Nobody knows its id: the row that it would join was rolled back.
                Ok(Outcome::Joined(self.new_id()))
            }
            (Met::SamePerson, SamePerson::Report) => Ok(Outcome::conflict(
                "an earlier row has proven the same address; `--merge` joins them",
            )),
            (Met::Somebody, _) => Ok(Outcome::conflict(
                "an earlier row holds something that it holds",
            )),
        }
    }

    async fn insert(&mut self, item: &Item, incoming: &Incoming) -> Result<Outcome, Error> {
        let now = self.ctx.now;
        let proven_at = incoming.proven.when(now);
        let new = NewUser {
            id: incoming.id.unwrap_or_else(|| self.new_id()),
            status: incoming.status,
            email: incoming.email.clone(),
            email_proven_at: incoming.email.as_ref().and(proven_at),
            phone: incoming.phone.clone(),
            phone_proven_at: incoming.phone.as_ref().and(proven_at),
            login: incoming.login.clone(),
            profile: incoming.profile.clone(),
            password_hash: incoming.password_hash.clone(),
            registered_network: None,
            created_at: incoming.created_at.unwrap_or(now),
        };
        let inserted = accounts::insert_new(self.tx, self.app, self.ctx, &new).await?;
        if inserted != Inserted::Done {
            return Err(Overtaken.into());
        }
        imports::settle(self.tx, new.id, incoming.last_login_at, now).await?;
        self.link(incoming.identity.as_ref(), new.id).await?;
        self.remember(item, new.id, Bond::Own).await?;
        audit::record(self.tx, self.app, self.ctx, Event::Imported, new.id).await?;
        self.earlier.note(incoming);
        Ok(Outcome::Taken(new.id))
    }

    /// Somebody here has what the row claims.
    async fn meet(
        &mut self,
        item: &Item,
        incoming: &Incoming,
        holder: &User,
    ) -> Result<Outcome, Error> {
        if holder.status == Status::Deleted {
            return Ok(Outcome::conflict(
                "its id is that of a user who was deleted here",
            ));
        }
        if !joining::same_person(holder, incoming) {
            let what = shared(holder, incoming);
            return Ok(Outcome::conflict(format!(
                "its {what} is that of user {}",
                holder.id
            )));
        }
        if self.same_person == SamePerson::Report {
            return Ok(Outcome::conflict(format!(
                "user {} has proven the same address; `--merge` joins them",
                holder.id
            )));
        }
        if let Some(conflict) = stopped_there(holder, incoming) {
            return Ok(conflict);
        }
        users::lock(self.tx, holder.id).await?;
        let before = users::by_id(self.tx, holder.id).await?.ok_or(Overtaken)?;
        let after = joining::joined(&before, incoming, self.ctx.now);
        self.rewrite(item, &before, &after, Bond::Joined).await?;
        self.link(incoming.identity.as_ref(), holder.id).await?;
        audit::record(self.tx, self.app, self.ctx, Event::ImportJoined, holder.id).await?;
        self.earlier.note(incoming);
        Ok(Outcome::Joined(holder.id))
    }

    async fn owner(&mut self, subject: Option<&Subject>) -> Result<Option<UserId>, Error> {
        let Some(subject) = subject else {
            return Ok(None);
        };
        let provider = subject.provider.as_str();
        Ok(identities::owner(self.tx, provider, &subject.subject).await?)
    }

    async fn link(&mut self, subject: Option<&Subject>, user: UserId) -> Result<(), Error> {
        let Some(subject) = subject else {
            return Ok(());
        };
        let identity = Identity {
            provider: subject.provider.as_str().to_owned(),
            subject: subject.subject.clone(),
            user_id: user,
            created_at: self.ctx.now,
        };
        let linked = identities::insert(self.tx, &identity).await?;
        if linked || self.owner(Some(subject)).await? == Some(user) {
            return Ok(());
        }
        Err(Overtaken.into())
    }

    async fn rewrite(
        &mut self,
        item: &Item,
        before: &User,
        after: &User,
        bond: Bond,
    ) -> Result<(), Error> {
        let (seen, now) = (before.updated_at, self.ctx.now);
        if !imports::rewrite(self.tx, after, seen, now).await? {
            return Err(Overtaken.into());
        }
        imports::follow(self.tx, before.id, seen, now).await?;
        self.remember(item, before.id, bond).await
    }

    async fn remember(&mut self, item: &Item, user: UserId, bond: Bond) -> Result<(), Error> {
        let row = self.memory(item, Some(user), bond);
        Ok(imports::remember(self.tx, &row).await?)
    }

    fn memory(&self, item: &Item, user_id: Option<UserId>, bond: Bond) -> Imported {
        let password = item.digests.password.as_ref();
        Imported {
            family: self.ctx.family,
            source_id: item.source_id.clone(),
            user_id,
            digest: item.digests.whole.current(),
            password_digest: password.map(Digest::current),
            joined: bond == Bond::Joined,
            seen_at: self.ctx.now,
            imported_at: self.ctx.now,
        }
    }

    fn new_id(&self) -> UserId {
        UserId::new(self.ctx.now, self.app.entropy.bytes())
    }
}

/// How a row belongs to its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bond {
    /// It is the user.
    Own,
    /// It was added to a user who was here before.
    Joined,
}

/// Whoever may not sign in there, but may here by an account that was here before: the operator decides.
fn stopped_there(holder: &User, incoming: &Incoming) -> Option<Outcome> {
    let stopped = holder.status.may_sign_in() && !incoming.status.may_sign_in();
    stopped.then(|| {
        Outcome::conflict(format!(
            "it is {} there, and user {} is {} here",
            incoming.status, holder.id, holder.status
        ))
    })
}

/// What a row and somebody here both have.
fn shared(holder: &User, incoming: &Incoming) -> &'static str {
    let same = |held: &Option<String>, claimed: Option<&str>| {
        claimed.is_some() && held.as_deref() == claimed
    };
    if same(&holder.email_key, incoming.email.as_ref().map(Email::key)) {
        "e-mail address"
    } else if same(&holder.phone_key, incoming.phone.as_ref().map(Phone::key)) {
        "telephone number"
    } else if same(&holder.login_key, incoming.login.as_ref().map(Login::key)) {
        "login"
    } else if same(
        &holder.nickname_key,
        incoming.profile.nickname.as_ref().map(Nickname::key),
    ) {
        "nickname"
    } else {
        "id"
    }
}
