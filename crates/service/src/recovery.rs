//! The way back in after a forgotten password: a code, or by mail a link beside it, each of which spends the other.
//!
//! A reset proves the address or the number, as only who receives what is sent there has either. It ends every session,
//! voids every other code and link of the account, tells every address, and signs nobody in by itself.

use crate::accounts::{self, Contact, Proof, Prover};
use crate::audit::{self, Event};
use crate::codes::{self, Asker, Placed, Request, Target};
use crate::links::{self, NewLink};
use crate::messages::{Address, Content, Envelope};
use crate::passwords::{self, NewPassword};
use crate::settings::SmsRoute;
use crate::{App, Ctx, Error, SharedApp, credentials, former_names, outbox};
use doorward_domain::{
    Email, Identifier, LinkPurpose, PasswordRules, Purpose, Rejection, SessionId, Status,
};
use doorward_store::tries::{self, TrySource};
use doorward_store::{WriteTx, users};
use secrecy::{ExposeSecret, SecretString};

/// What a password that is set here must look like.
pub const RULES: PasswordRules = passwords::STRICT;

/// Sends the way back in: by mail a code and a link, to a telephone a code. Known and unknown identifiers, and those asked
/// about a moment ago, are alike. Where nothing can be sent to a telephone, nobody is left to wait for it.
pub async fn forgot(app: &SharedApp, ctx: &Ctx, identifier: &Identifier) -> Result<(), Error> {
    let Some(contact) = Contact::of(identifier) else {
        return Ok(());
    };
    if matches!(contact, Contact::Phone(_)) && app.settings.sms == SmsRoute::Nowhere {
        return Err(Rejection::PhoneUnavailable.into());
    }
    let target = Target::of(Purpose::Reset, identifier);
    let mut tx = app.read().await?;
    let holder = users::by_identifier(&mut tx, identifier).await?;
    let known_as = holder.as_ref().map(|user| user.id);
    let asker = Asker::look(&mut tx, app, ctx, &target, known_as).await?;
    drop(tx);
    // A temporary account is none: there is no password to forget.
    let user = holder.filter(|user| user.status == Status::Active);
    let request = Request {
        target,
        to: match contact {
            Contact::Email(email) => outbox::addressee(user.as_ref(), email),
            Contact::Phone(phone) => Address::from(phone),
        },
        user: user.as_ref().map(|user| user.id),
        dropped: user.is_none(),
        asker,
    };
    let mut tx = app.write().await?;
    let placed = match codes::put(&mut tx, app, ctx, &request).await {
        Ok(placed) => placed,
        // Inside the cool-down nothing is sent, and nothing is said.
        Err(Error::Rejected(refusal)) if refusal.rejection == Rejection::CodeCooldown => {
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let envelope = match contact {
        Contact::Email(email) => mail(&mut tx, app, ctx, &request, &placed, email).await?,
        Contact::Phone(_) => text_message(&request, &placed),
    };
    outbox::post(&mut tx, app, ctx, &envelope).await?;
    let subject = audit::Subject {
        user: request.user,
        session: None,
    };
    audit::record(&mut tx, app, ctx, Event::CodeRequested, subject).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(())
}

/// A code, and a link beside it. An address without an account leaves the same rows.
async fn mail(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    request: &Request<'_>,
    placed: &Placed,
    email: &Email,
) -> Result<Envelope, Error> {
    let new = NewLink {
        purpose: LinkPurpose::Reset,
        user: request.user,
        email: request.user.map(|_| email),
    };
    let link = links::keep(tx, app, ctx, &new).await?;
    let link_lifetime = links::lifetime(app, LinkPurpose::Reset);
    Ok(Envelope {
        to: request.to.clone(),
        content: Content::ResetCode {
            code: placed.code.expose_secret().to_owned(),
            lifetime: placed.lifetime,
            link,
            link_lifetime,
        },
        dropped: request.dropped,
        good_until: Some(ctx.now + link_lifetime),
    })
}

fn text_message(request: &Request<'_>, placed: &Placed) -> Envelope {
    Envelope {
        to: request.to.clone(),
        content: Content::Code {
            purpose: Purpose::Reset,
            code: placed.code.expose_secret().to_owned(),
            lifetime: placed.lifetime,
        },
        dropped: request.dropped,
        good_until: Some(placed.good_until),
    }
}

/// Sets a new password with a code.
pub async fn reset_by_code(
    app: &SharedApp,
    ctx: &Ctx,
    identifier: &Identifier,
    code: SecretString,
    password: NewPassword,
) -> Result<(), Error> {
    let target = Target::of(Purpose::Reset, identifier);
    let names = match identifier {
        Identifier::Email(email) => vec![email.key()],
        Identifier::Phone(_) | Identifier::Login(_) => Vec::new(),
    };
    // Hashed first: a full queue must not cost the code, and no hash runs while a transaction is open.
    let hash = passwords::hash(app, &password, &names).await?;
    let mut tx = app.write().await?;
    // The account first and its codes second, as whoever changes an account locks them.
    let user = users::lock_by_identifier(&mut tx, identifier).await?;
    let (mut tx, guess) = codes::expect_right(tx, app, ctx, &target, &code).await?;
    let user = user.filter(|user| guess.user_id == Some(user.id) && user.status.may_sign_in());
    let Some(user) = user else {
        return codes::refuse(tx, app, ctx, &target, &guess).await;
    };
    codes::spend(&mut tx, ctx, &guess).await?;
    let proof = Proof {
        user: &user,
        identifier,
        asked_from: &guess.network,
        prover: Prover::Stranger,
    };
    let proven = accounts::prove(&mut tx, app, ctx, proof).await?;
    let ended = set(&mut tx, app, ctx, &proven.user, &hash).await?;
    finish(app, tx, &[proven.ended, ended].concat()).await
}

/// Whether a link still leads to a new password. Looking spends nothing.
pub async fn is_link_live(app: &SharedApp, ctx: &Ctx, token: &SecretString) -> Result<bool, Error> {
    let mut tx = app.read().await?;
    let link = links::live(&mut tx, app, ctx, LinkPurpose::Reset, token).await?;
    Ok(link.is_some())
}

/// Sets a new password with the link.
///
/// A link that was mailed since somebody asked proves the address that it was mailed to; unlike a code it is opened
/// wherever the mail is read, so that the network of whoever asked says nothing of who opens it. One that an operator made
/// proves nothing: it may have been handed on by other means.
pub async fn reset_by_link(
    app: &SharedApp,
    ctx: &Ctx,
    token: SecretString,
    password: NewPassword,
) -> Result<(), Error> {
    let user = user_behind(app, ctx, &token).await?;
    let names = [&user.email_key, &user.login_key];
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    let hash = passwords::hash(app, &password, &names).await?;
    let mut tx = app.write().await?;
    // The account first and its links second, as whoever changes an account locks them.
    users::lock(&mut tx, user.id).await?;
    let link = links::spend(&mut tx, app, ctx, LinkPurpose::Reset, &token).await?;
    let link = link.ok_or(Rejection::LinkInvalid)?;
    let user = match link.user_id {
        Some(id) => users::by_id(&mut tx, id).await?,
        None => None,
    };
    let user = user.filter(|user| user.status.may_sign_in());
    let user = user.ok_or(Rejection::LinkInvalid)?;
    let mailed_to = link.email.as_deref().map(Email::parse);
    let ended = match mailed_to.and_then(Result::ok).map(Identifier::from) {
        None => set(&mut tx, app, ctx, &user, &hash).await?,
        Some(identifier) => {
            let proof = Proof {
                user: &user,
                identifier: &identifier,
                asked_from: "",
                prover: Prover::Stranger,
            };
            let proven = accounts::prove(&mut tx, app, ctx, proof).await?;
            let ended = set(&mut tx, app, ctx, &proven.user, &hash).await?;
            [proven.ended, ended].concat()
        }
    };
    finish(app, tx, &ended).await
}

/// Whose a live link is.
async fn user_behind(
    app: &SharedApp,
    ctx: &Ctx,
    token: &SecretString,
) -> Result<users::User, Error> {
    let mut tx = app.read().await?;
    let link = links::live(&mut tx, app, ctx, LinkPurpose::Reset, token).await?;
    let link = link.ok_or(Rejection::LinkInvalid)?;
    let user = match link.user_id {
        Some(id) => users::by_id(&mut tx, id).await?,
        None => None,
    };
    Ok(user.ok_or(Rejection::LinkInvalid)?)
}

async fn finish(app: &SharedApp, tx: WriteTx, ended: &[SessionId]) -> Result<(), Error> {
    tx.commit().await?;
    app.caches.forget_sessions(ended);
    outbox::ring(app);
    Ok(())
}

/// What a reset does, in the transaction that spent what allowed it.
async fn set(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &users::User,
    hash: &str,
) -> Result<Vec<SessionId>, Error> {
    users::set_password(tx, user.id, hash, ctx.now).await?;
    users::reset_password_failures(tx, user.id).await?;
    users::bump_epoch(tx, user.id, ctx.now).await?;
    let ended = doorward_store::sessions::end_all(tx, user.id, None, ctx.now).await?;
    void_all(tx, app, ctx, user).await?;
    audit::record(tx, app, ctx, Event::PasswordChanged, user.id).await?;
    outbox::tell(tx, app, ctx, user, &Content::PasswordWasReset).await?;
    Ok(ended)
}

/// Voids every code and link of the account, whichever identifier they were sent to, and ends the wait that wrong guesses of
/// the old password brought.
async fn void_all(tx: &mut WriteTx, app: &App, ctx: &Ctx, user: &users::User) -> Result<(), Error> {
    for identifier in credentials::identifiers_of(user) {
        former_names::carry_over(tx, app, ctx, &identifier).await?;
        let subject = app.subject(&identifier);
        doorward_store::codes::void_subject(tx, &subject, ctx.now).await?;
        for source in [TrySource::Known, TrySource::Stranger] {
            tries::reset(tx, &subject, source).await?;
        }
    }
    doorward_store::links::void_all(tx, user.id, ctx.now).await?;
    Ok(())
}
