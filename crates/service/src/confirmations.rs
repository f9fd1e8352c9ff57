//! Addresses that a mailed link confirms: the one that an account registers with, and the one that it is to have
//! instead.
//!
//! A link names the address that it was mailed to: an account that has another one by then is not what it was about. It
//! is spent in the transaction of what it does. Looking at it writes nothing.

mod answering;
mod changing;

pub use answering::{Confirmation, confirm, disown};
pub use changing::change_address;

use crate::accounts::{self, Claim, OwnerNotice, User};
use crate::links::{self, NewLink};
use crate::messages::{Content, Envelope};
use crate::passwords::{self, NewPassword};
use crate::{App, Ctx, Error, SharedApp, outbox};
use doorward_domain::{Email, LinkPurpose, Profile, Rejection, Timestamp, UserId};
use doorward_store::links::Link;
use doorward_store::users::{self, NewUser};
use doorward_store::{ReadTx, WriteTx};
use secrecy::SecretString;

/// Somebody registers with an address that a link is to confirm.
#[derive(Debug)]
pub struct Registration {
    /// The address.
    pub email: Email,
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
    /// The password.
    pub password: NewPassword,
}

/// Makes an account and mails the link that confirms its address.
///
/// An unproven registration keeps its address. Where it is not told that an address is taken, the answer is that of
/// success with an id that nobody can sign in as, it leaves the same rows, and the owner of the address is told that
/// somebody tried.
pub async fn register(app: &SharedApp, ctx: &Ctx, command: Registration) -> Result<User, Error> {
    let hash = passwords::hash(app, &command.password, &command.names()).await?;
    let Registration {
        email,
        first_name,
        last_name,
        password: _,
    } = command;
    let new = NewUser {
        email: Some(email.clone()),
        profile: Profile {
            first_name: Some(first_name),
            last_name: Some(last_name),
            ..Profile::default()
        },
        password_hash: Some(hash),
        ..accounts::blank(app, ctx)
    };
    let holder = accounts::hidden_holder(app, ctx, &email.clone().into()).await?;
    let notice = OwnerNotice::about(app, ctx, &email, holder.as_ref()).await;
    let mut tx = app.write().await?;
    let claim = accounts::claim(&mut tx, app, ctx, &new, holder.as_ref()).await?;
    mail_first_link(&mut tx, app, ctx, &email, &claim, &notice).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(accounts::as_shown(&new))
}

impl Registration {
    /// What its user is called.
    fn names(&self) -> Vec<&str> {
        let names = [&self.first_name, &self.last_name];
        let names = names.into_iter().flat_map(|name| name.split_whitespace());
        std::iter::once(self.email.key()).chain(names).collect()
    }
}

/// Mails the link that confirms the address which an account was registered with, in the transaction that made the
/// account. Where the registration came to nothing a link is kept that is good for nothing, and the message goes to the
/// owner of the address.
pub(crate) async fn mail_first_link(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    email: &Email,
    claim: &Claim,
    notice: &OwnerNotice,
) -> Result<(), Error> {
    match claim {
        Claim::Made(user) => mail_link(tx, app, ctx, *user, email).await,
        Claim::Hidden => {
            keep_link(tx, app, ctx, None, email).await?;
            notice.post(tx, app, ctx).await
        }
    }
}

/// Mails the link that confirms the address of an account.
async fn mail_link(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: UserId,
    email: &Email,
) -> Result<(), Error> {
    let link = keep_link(tx, app, ctx, Some(user), email).await?;
    let lifetime = links::lifetime(app, LinkPurpose::Confirm);
    let envelope = Envelope {
        to: email.into(),
        content: Content::ConfirmLink { link, lifetime },
        dropped: false,
        good_until: Some(ctx.now + lifetime),
    };
    outbox::post(tx, app, ctx, &envelope).await
}

async fn keep_link(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: Option<UserId>,
    email: &Email,
) -> Result<String, Error> {
    let new = NewLink {
        purpose: LinkPurpose::Confirm,
        user,
        email: Some(email),
    };
    links::keep(tx, app, ctx, &new).await
}

/// What a link asks whoever reads the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingKind {
    /// Whether they registered.
    Registration,
    /// Whether their account is to have this address.
    AddressChange,
}

impl PendingKind {
    const ALL: [Self; 2] = [Self::Registration, Self::AddressChange];

    const fn purpose(self) -> LinkPurpose {
        match self {
            Self::Registration => LinkPurpose::Confirm,
            Self::AddressChange => LinkPurpose::Change,
        }
    }
}

/// What waits for an answer, as it is shown to whoever opens the link.
#[derive(Clone, Debug)]
pub struct Pending {
    /// What it is.
    pub kind: PendingKind,
    /// The address that it is about.
    pub email: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// The client address that asked for it.
    pub asked_from: Option<String>,
    /// Whether confirming takes the password of the account.
    pub takes_password: bool,
}

/// What a link is about. Wrong, used and expired links are one refusal, and so is one whose account may not sign in.
pub async fn look(app: &SharedApp, ctx: &Ctx, token: &SecretString) -> Result<Pending, Error> {
    let mut tx = app.read().await?;
    let found = find(&mut tx, app, ctx, token).await?;
    let user = fitting(&mut tx, &found).await?;
    Ok(Pending {
        takes_password: takes_password(app, &user),
        kind: found.kind,
        email: found.email.as_str().to_owned(),
        asked_at: found.link.created_at,
        asked_from: found.link.address,
    })
}

/// Whether the link alone is not enough: whoever opens it then shows that they are also the one who chose the password,
/// so that nobody confirms for somebody else by pressing a button.
fn takes_password(app: &App, user: &users::User) -> bool {
    !app.settings.confirm.confirm_on_get && user.password_hash.is_some()
}

/// A link that is still good.
struct Found {
    kind: PendingKind,
    link: Link,
    user: UserId,
    email: Email,
}

async fn find(tx: &mut ReadTx, app: &App, ctx: &Ctx, token: &SecretString) -> Result<Found, Error> {
    for kind in PendingKind::ALL {
        let Some(link) = links::live(tx, app, ctx, kind.purpose(), token).await? else {
            continue;
        };
        let email = link
            .email
            .as_deref()
            .and_then(|email| Email::parse(email).ok());
        let (Some(user), Some(email)) = (link.user_id, email) else {
            break;
        };
        return Ok(Found {
            kind,
            link,
            user,
            email,
        });
    }
    Err(Rejection::LinkInvalid.into())
}

/// The account that a link is about, if it is still as it was when the link was mailed.
async fn fitting(tx: &mut ReadTx, found: &Found) -> Result<users::User, Error> {
    let user = users::by_id(tx, found.user).await?;
    let user = user.filter(|user| user.status.may_sign_in());
    let user = user.filter(|user| match found.kind {
        PendingKind::Registration => {
            user.email_proven_at.is_none() && user.email_key.as_deref() == Some(found.email.key())
        }
        PendingKind::AddressChange => true,
    });
    user.ok_or_else(|| Rejection::LinkInvalid.into())
}
