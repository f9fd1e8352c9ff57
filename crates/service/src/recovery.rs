//! The way back in after a forgotten password: a code, or a link, each of which spends the other.
//!
//! A reset proves the address, as only who reads its mail has either. It ends every session, voids every other code and
//! link of the account, tells every other address, and signs nobody in by itself.

use crate::accounts;
use crate::audit::{self, Event};
use crate::codes::{self, Asker, Met, Request, Target};
use crate::messages::{Content, Envelope};
use crate::passwords::{self, NewPassword};
use crate::{App, Ctx, Error, Fault, SharedApp, outbox};
use doorward_crypto::Label;
use doorward_domain::{
    Email, Identifier, LinkPurpose, Login, PasswordRules, Purpose, Rejection, SessionId, UserId,
};
use doorward_store::links::{self, Link};
use doorward_store::tries::{self, TrySource};
use doorward_store::{WriteTx, users};
use secrecy::{ExposeSecret, SecretString};

/// What a password that is set here must look like.
pub const RULES: PasswordRules = passwords::STRICT;

/// Mails the way back in. Known and unknown addresses, and those asked about a moment ago, are alike.
pub async fn forgot(app: &SharedApp, ctx: &Ctx, email: &Email) -> Result<(), Error> {
    let identifier = email.clone().into();
    let target = Target::of(Purpose::Reset, &identifier);
    let mut tx = app.read().await?;
    let user = users::by_email(&mut tx, email).await?;
    let asker = Asker::look(
        &mut tx,
        app,
        ctx,
        &target,
        user.as_ref().map(|user| user.id),
    )
    .await?;
    drop(tx);
    let user = user.filter(|user| user.status.may_sign_in());
    let request = Request {
        target,
        to: outbox::addressee(user.as_ref(), email),
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
    let token = app.entropy.url_token();
    // An address without an account leaves the same rows.
    keep_link(&mut tx, app, ctx, request.user, &token).await?;
    let envelope = Envelope {
        to: request.to.to_owned(),
        content: Content::ResetCode {
            code: placed.code.expose_secret().to_owned(),
            lifetime: placed.lifetime,
            link: link_to(app, &token)?,
            link_lifetime: app.settings.links.reset_lifetime,
        },
        dropped: request.dropped,
        good_until: Some(ctx.now + app.settings.links.reset_lifetime),
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

/// Sets a new password with a code.
pub async fn reset_by_code(
    app: &SharedApp,
    ctx: &Ctx,
    email: &Email,
    code: SecretString,
    password: NewPassword,
) -> Result<(), Error> {
    let identifier: Identifier = email.clone().into();
    let target = Target::of(Purpose::Reset, &identifier);
    // Hashed first: a full queue must not cost the code, and no hash runs while a transaction is open.
    let hash = passwords::hash(app, &password, &[email.key()]).await?;
    let mut tx = app.write().await?;
    let guess = match codes::meet(&mut tx, app, ctx, &target, &code).await? {
        Met::Right(guess) => guess,
        Met::Wrong(guess) => return codes::refuse(tx, app, ctx, &target, &guess).await,
        Met::Dead(refusal) => return Err(refusal.into()),
    };
    let user = match guess.user_id {
        Some(id) => users::by_id(&mut tx, id).await?,
        None => None,
    };
    let Some(user) = user.filter(|user| user.status.may_sign_in()) else {
        return codes::refuse(tx, app, ctx, &target, &guess).await;
    };
    codes::spend(&mut tx, ctx, &guess).await?;
    let ended = set(&mut tx, app, ctx, &user, &hash, &guess.network).await?;
    finish(app, tx, &ended).await
}

/// Whether a link still leads to a new password. Looking spends nothing.
pub async fn is_link_live(app: &SharedApp, ctx: &Ctx, token: &SecretString) -> Result<bool, Error> {
    let mut tx = app.read().await?;
    let link = links::live(&mut tx, &hash_of(app, token), LinkPurpose::Reset, ctx.now).await?;
    Ok(link.is_some())
}

/// Sets a new password with the link.
pub async fn reset_by_link(
    app: &SharedApp,
    ctx: &Ctx,
    token: SecretString,
    password: NewPassword,
) -> Result<(), Error> {
    let called = names_behind(app, ctx, &token).await?;
    let names: Vec<&str> = called.iter().map(String::as_str).collect();
    let hash = passwords::hash(app, &password, &names).await?;
    let mut tx = app.write().await?;
    let spent = links::spend(&mut tx, &hash_of(app, &token), LinkPurpose::Reset, ctx.now).await?;
    let user = match spent.and_then(|link| link.user_id) {
        Some(id) => users::by_id(&mut tx, id).await?,
        None => None,
    };
    let user = user.filter(|user| user.status.may_sign_in());
    let user = user.ok_or(Rejection::LinkInvalid)?;
    let ended = set(&mut tx, app, ctx, &user, &hash, "").await?;
    finish(app, tx, &ended).await
}

/// What the user of a live link is called, for the strict policy.
async fn names_behind(
    app: &SharedApp,
    ctx: &Ctx,
    token: &SecretString,
) -> Result<Vec<String>, Error> {
    let mut tx = app.read().await?;
    let link = links::live(&mut tx, &hash_of(app, token), LinkPurpose::Reset, ctx.now).await?;
    let link = link.ok_or(Rejection::LinkInvalid)?;
    let user = match link.user_id {
        Some(id) => users::by_id(&mut tx, id).await?,
        None => None,
    };
    let user = user.ok_or(Rejection::LinkInvalid)?;
    Ok([user.email_key, user.login_key]
        .into_iter()
        .flatten()
        .collect())
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
    asked_from: &str,
) -> Result<Vec<SessionId>, Error> {
    let mut ended = Vec::new();
    if user.email_proven_at.is_none() {
        ended = accounts::prove_email(tx, app, ctx, user, asked_from).await?;
    }
    users::set_password(tx, user.id, hash, ctx.now).await?;
    users::bump_epoch(tx, user.id, ctx.now).await?;
    ended.extend(doorward_store::sessions::end_all(tx, user.id, None, ctx.now).await?);
    void_all(tx, app, ctx, user).await?;
    audit::record(tx, app, ctx, Event::PasswordChanged, user.id).await?;
    tell(tx, app, ctx, user).await?;
    Ok(ended)
}

/// Voids every code and link of the account, whichever identifier they were sent to, and ends the wait that wrong guesses of
/// the old password brought.
async fn void_all(tx: &mut WriteTx, app: &App, ctx: &Ctx, user: &users::User) -> Result<(), Error> {
    let email = user
        .email
        .as_deref()
        .and_then(|email| Email::parse(email).ok());
    let phone = user
        .phone
        .as_deref()
        .and_then(|phone| doorward_domain::Phone::parse(phone).ok());
    let login = user
        .login
        .as_deref()
        .and_then(|login| Login::parse(login).ok());
    let identifiers = [
        email.map(Identifier::from),
        phone.map(Identifier::from),
        login.map(Identifier::from),
    ];
    for identifier in identifiers.into_iter().flatten() {
        let subject = app.subject(&identifier);
        doorward_store::codes::void_subject(tx, &subject, ctx.now).await?;
        for source in [TrySource::Known, TrySource::Stranger] {
            tries::reset(tx, &subject, source).await?;
        }
    }
    links::void_all(tx, user.id, ctx.now).await?;
    Ok(())
}

async fn tell(tx: &mut WriteTx, app: &App, ctx: &Ctx, user: &users::User) -> Result<(), Error> {
    let Some(to) = user.email.clone() else {
        return Ok(());
    };
    let envelope = Envelope {
        to,
        content: Content::PasswordWasReset,
        dropped: false,
        good_until: None,
    };
    outbox::post(tx, app, ctx, &envelope).await
}

async fn keep_link(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: Option<UserId>,
    token: &SecretString,
) -> Result<(), Error> {
    let link = Link {
        hash: hash_of(app, token),
        purpose: LinkPurpose::Reset,
        user_id: user,
        network: Some(app.network(ctx.client.network())),
        address: Some(ctx.client.to_string()),
        email: None,
        email_key: None,
        created_at: ctx.now,
        expires_at: ctx.now + app.settings.links.reset_lifetime,
        spent_at: None,
    };
    Ok(links::insert(tx, &link).await?)
}

fn hash_of(app: &App, token: &SecretString) -> String {
    app.vault
        .keyed(Label::Link, &[b"reset", token.expose_secret().as_bytes()])
        .to_hex()
}

fn link_to(app: &App, token: &SecretString) -> Result<String, Error> {
    let path = format!("account/reset/{}", token.expose_secret());
    Ok(app
        .settings
        .public_url
        .join(&path)
        .map_err(Fault::internal)?
        .into())
}
