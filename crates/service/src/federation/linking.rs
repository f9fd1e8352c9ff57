//! Registering with an identity: it gets an account of its own, or joins the one that has the address.
//!
//! An identity joins an account only where the provider has verified the address. Where the account's holder has too,
//! both are the same person; where they have not, the provider's word is the first proof of the address, and what was
//! set by whoever registered it is dropped.

use super::id_token::IdToken;
use super::providers::Provider;
use super::{Registration, spend_nonce};
use crate::accounts::{self, Claim, OwnerNotice, Proof, Prover, User};
use crate::audit::{self, Event};
use crate::messages::Content;
use crate::settings::Linking;
use crate::{App, Ctx, Error, Fault, SharedApp, confirmations, outbox};
use doorward_domain::{Identifier, Profile, Rejection, SessionId, UserId};
use doorward_store::identities::{self, Identity};
use doorward_store::users::{self, Change, Inserted, NewUser, ProfileChange};
use doorward_store::{ReadTx, WriteTx};

/// Makes an account that its user signs in to with an identity, or links the identity to the account that has the
/// address.
///
/// The address counts as proven where the provider has verified that very address; else a link is mailed that confirms
/// it.
pub async fn register(app: &SharedApp, ctx: &Ctx, command: Registration) -> Result<User, Error> {
    let provider = app.providers.find(&command.provider)?;
    let token = provider.read(app, ctx, &command.id_token).await?;
    if token.subject != command.subject {
        return Err(provider.refuse(&"it names another subject than the request"));
    }
    let wish = Wish {
        provider,
        vouched: token.verified_email.as_ref() == Some(&command.email),
        token,
        command,
    };
    spend_nonce(app, ctx, provider, &wish.token).await?;
    let new = new_user(app, ctx, &wish);
    if wish.vouched {
        vouched(app, ctx, &wish, &new).await
    } else {
        unvouched(app, ctx, &wish, &new).await
    }
}

/// The address is the registering user's, as the provider has verified: they get the account that has it, or a new one.
async fn vouched(
    app: &SharedApp,
    ctx: &Ctx,
    wish: &Wish<'_>,
    new: &NewUser,
) -> Result<User, Error> {
    let mut tx = app.write().await?;
    require_free(&mut tx, wish).await?;
    let holder = match accounts::insert_new(&mut tx, app, ctx, new).await? {
        Inserted::EmailTaken => join(&mut tx, app, ctx, wish).await?,
        inserted => {
            accounts::require_done(inserted)?;
            audit::record(&mut tx, app, ctx, Event::SignedUp, new.id).await?;
            audit::record(&mut tx, app, ctx, Event::AddressProven, new.id).await?;
            Holder::fresh(new.id)
        }
    };
    let user = link(&mut tx, app, ctx, wish, holder.id).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&holder.ended);
    outbox::ring(app);
    Ok(user)
}

/// Nobody vouches for the address: a link is mailed that confirms it, and an account that has it is joined by nobody.
async fn unvouched(
    app: &SharedApp,
    ctx: &Ctx,
    wish: &Wish<'_>,
    new: &NewUser,
) -> Result<User, Error> {
    let email = &wish.command.email;
    let holder = accounts::hidden_holder(app, ctx, &email.clone().into()).await?;
    let notice = OwnerNotice::about(app, ctx, email, holder.as_ref()).await;
    let mut tx = app.write().await?;
    require_free(&mut tx, wish).await?;
    let claim = match accounts::claim(&mut tx, app, ctx, new, holder.as_ref()).await {
        Err(Error::Rejected(refusal)) if refusal.rejection == Rejection::EmailTaken => {
            return Err(Rejection::ProviderAddressUnproven.into());
        }
        claim => claim?,
    };
    confirmations::mail_first_link(&mut tx, app, ctx, email, &claim, &notice).await?;
    let user = match claim {
        Claim::Made(id) => link(&mut tx, app, ctx, wish, id).await?,
        Claim::Hidden => accounts::as_shown(new),
    };
    tx.commit().await?;
    outbox::ring(app);
    Ok(user)
}

/// An identity has one account.
async fn require_free(tx: &mut WriteTx, wish: &Wish<'_>) -> Result<(), Error> {
    let name = wish.provider.name().as_str();
    match identities::owner(tx, name, &wish.token.subject).await? {
        Some(_) => Err(Rejection::IdentityTaken.into()),
        None => Ok(()),
    }
}

/// A registration whose token is good.
struct Wish<'a> {
    provider: &'a Provider,
    command: Registration,
    token: IdToken,
    /// The provider has verified the address that the account is to have.
    vouched: bool,
}

/// The account that gets the identity, and the sessions of it that ended.
struct Holder {
    id: UserId,
    ended: Vec<SessionId>,
}

impl Holder {
    /// One in which nothing has happened yet.
    const fn fresh(id: UserId) -> Self {
        Self {
            id,
            ended: Vec::new(),
        }
    }
}

fn new_user(app: &App, ctx: &Ctx, wish: &Wish<'_>) -> NewUser {
    NewUser {
        email: Some(wish.command.email.clone()),
        email_proven_at: wish.vouched.then_some(ctx.now),
        profile: Profile {
            first_name: Some(wish.command.first_name.clone()),
            last_name: Some(wish.command.last_name.clone()),
            ..Profile::default()
        },
        ..accounts::blank(app, ctx)
    }
}

/// The address is an account's, and the provider has verified that it is the registering user's.
async fn join(tx: &mut WriteTx, app: &App, ctx: &Ctx, wish: &Wish<'_>) -> Result<Holder, Error> {
    let user = lock_holder(tx, wish).await?;
    let user = user.filter(|user| user.status.may_sign_in());
    let user = user.ok_or(Rejection::EmailTaken)?;
    if user.email_proven_at.is_none() {
        return take_over(tx, app, ctx, wish, &user).await;
    }
    match app.settings.federation.link {
        Linking::Verified => {
            // Whose account gets another way in is told.
            let provider = wish.provider.name().to_string();
            outbox::tell(tx, app, ctx, &user, &Content::IdentityLinked { provider }).await?;
            Ok(Holder::fresh(user.id))
        }
        Linking::Confirmed => Err(Rejection::EmailTaken.into()),
    }
}

/// The account that has the address, as nobody changes it until the transaction ends.
async fn lock_holder(tx: &mut WriteTx, wish: &Wish<'_>) -> Result<Option<users::User>, Error> {
    let email = &wish.command.email;
    let Some(found) = users::by_email(tx, email).await? else {
        return Ok(None);
    };
    users::lock(tx, found.id).await?;
    let locked = users::by_email(tx, email).await?;
    Ok(locked.filter(|locked| locked.id == found.id))
}

/// Nobody had proven the address before: the provider's word is the first proof.
async fn take_over(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    wish: &Wish<'_>,
    user: &users::User,
) -> Result<Holder, Error> {
    let identifier = Identifier::from(wish.command.email.clone());
    let proof = Proof {
        user,
        identifier: &identifier,
        // Nobody asked for anything from anywhere: whoever registered counts as a stranger.
        asked_from: "",
        prover: Prover::Stranger,
    };
    let proven = accounts::prove(tx, app, ctx, proof).await?;
    let names = ProfileChange {
        first_name: Change::Set(wish.command.first_name.clone()),
        last_name: Change::Set(wish.command.last_name.clone()),
        ..ProfileChange::default()
    };
    users::update_profile(tx, proven.user.id, &names, ctx.now).await?;
    Ok(Holder {
        id: proven.user.id,
        ended: proven.ended,
    })
}

/// Links the identity, unless somebody else's registration was faster.
async fn link(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    wish: &Wish<'_>,
    id: UserId,
) -> Result<User, Error> {
    let identity = Identity {
        provider: wish.provider.name().to_string(),
        subject: wish.token.subject.clone(),
        user_id: id,
        created_at: ctx.now,
    };
    if !identities::insert(tx, &identity).await? {
        return Err(Rejection::IdentityTaken.into());
    }
    audit::record(tx, app, ctx, Event::IdentityLinked, id).await?;
    as_shown(tx, id).await
}

async fn as_shown(tx: &mut ReadTx, id: UserId) -> Result<User, Error> {
    let row = users::by_id(tx, id).await?;
    let row = row.ok_or_else(|| {
        Fault::internal("an account is gone in the middle of its own transaction")
    })?;
    Ok(User::from(&row))
}
