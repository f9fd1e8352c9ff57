//! One-time codes: made, mailed, guessed and spent.
//!
//! A code fits one purpose, one subject and one context. It rests as a keyed hash. A guess is counted by the same
//! statement that finds the code, before anything is compared; a right one is spent in the same transaction as what it
//! is good for.

use crate::accounts;
use crate::app::{App, StartError};
use crate::audit::{self, Event};
use crate::messages::{Content, Envelope};
use crate::outbox;
use crate::{Ctx, Error, Fault, Refusal, Settings, SharedApp, networks};
use doorward_crypto::{CodeShape, KeyedHash, Label, constant_time_eq, numeric};
use doorward_domain::{CodeId, Email, Identifier, Purpose, Rejection, UserId};
use doorward_store::codes::{CodeKey, Guess, NewCode};
use doorward_store::{WriteTx, codes, users};
use secrecy::{ExposeSecret, SecretString};

/// How many codes of unknown networks one subject has at a time; the oldest gives way.
const STRANGERS_SLOTS: u32 = 5;

/// Sends a code that proves the address of an account.
///
/// Whoever asks learns nothing: an unknown or already proven address has the same cool-down, leaves the same rows, and
/// takes as long. Its message is dropped by the worker.
pub async fn send_verification(app: &SharedApp, ctx: &Ctx, email: &Email) -> Result<(), Error> {
    let mut tx = app.read().await?;
    let user = users::by_email(&mut tx, email).await?;
    let known = match &user {
        Some(user) => networks::is_known(app, &mut tx, ctx, user.id).await?,
        None => false,
    };
    drop(tx);
    let wanted = user
        .as_ref()
        .filter(|user| user.email_proven_at.is_none() && user.status.may_sign_in());
    let stored = wanted.as_ref().and_then(|user| user.email.as_deref());
    let request = Request {
        email,
        to: stored.unwrap_or(email.as_str()),
        user: wanted.map(|user| user.id),
        known,
    };
    let mut tx = app.write().await?;
    if !put_and_mail(&mut tx, app, ctx, &request).await? {
        let key = key_of(app, ctx, Purpose::Verify, &email.clone().into());
        let until = codes::cooldown(&mut tx, &key).await?;
        let wait = until.map_or(app.settings.codes.verify.cooldown, |until| {
            until.since(ctx.now)
        });
        return Err(Refusal::after(Rejection::CodeCooldown, wait).into());
    }
    audit::record(
        &mut tx,
        app,
        ctx,
        Event::CodeRequested,
        audit::Subject {
            user: request.user,
            session: None,
        },
    )
    .await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(())
}

/// Proves the address of an account with the code that was mailed to it.
pub async fn verify_email(
    app: &SharedApp,
    ctx: &Ctx,
    email: &Email,
    code: SecretString,
) -> Result<(), Error> {
    let key = key_of(app, ctx, Purpose::Verify, &email.clone().into());
    let mut tx = app.write().await?;
    let Some(guess) = codes::guess(&mut tx, &key, ctx.now).await? else {
        return Err(why_dead(&mut tx, ctx, &key).await?);
    };
    let right = is_right(app, &key, &guess, &code);
    let user = match guess.user_id {
        Some(id) if right => users::by_id(&mut tx, id).await?,
        _ => None,
    };
    let Some(user) =
        user.filter(|user| user.email_proven_at.is_none() && user.status.may_sign_in())
    else {
        return refuse(tx, app, ctx, &guess).await;
    };
    if !codes::spend(&mut tx, guess.id, ctx.now).await? {
        return Err(Rejection::CodeExpired.into());
    }
    let ended = accounts::prove_email(&mut tx, app, ctx, &user, &guess.network).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    outbox::ring(app);
    Ok(())
}

/// A wrong guess stays counted: its count is committed before the refusal is answered.
async fn refuse(mut tx: WriteTx, app: &App, ctx: &Ctx, guess: &Guess) -> Result<(), Error> {
    let subject = audit::Subject {
        user: guess.user_id,
        session: None,
    };
    audit::record(&mut tx, app, ctx, Event::CodeRefused, subject).await?;
    tx.commit().await?;
    Err(Rejection::CodeInvalid.into())
}

/// A code that is to be made and mailed.
pub(crate) struct Request<'a> {
    /// What it proves.
    pub(crate) email: &'a Email,
    /// Where to: the address as the account has it.
    pub(crate) to: &'a str,
    /// The account it is for; none: the message will be dropped.
    pub(crate) user: Option<UserId>,
    /// Whether the account has signed in from this network before.
    pub(crate) known: bool,
}

/// Puts a fresh code in its slot and its message in the outbox. `false`: the cool-down is in force, nothing was written.
pub(crate) async fn put_and_mail(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    request: &Request<'_>,
) -> Result<bool, Error> {
    let rule = app.settings.codes.verify;
    let key = key_of(app, ctx, Purpose::Verify, &request.email.clone().into());
    let code = fresh(app, Purpose::Verify)?;
    let new = NewCode {
        id: CodeId::new(ctx.now, app.entropy.bytes()),
        hash: hash_of(app, &key, &code).as_bytes().to_vec(),
        known: request.known,
        user_id: request.user,
        attempts: rule.attempts.into(),
        created_at: ctx.now,
        expires_at: ctx.now + rule.lifetime,
        cooldown_until: ctx.now + rule.cooldown,
        key,
    };
    if codes::put(tx, &new).await?.is_none() {
        return Ok(false);
    }
    if !request.known {
        codes::trim(
            tx,
            new.key.purpose,
            &new.key.subject,
            &new.key.context,
            STRANGERS_SLOTS,
        )
        .await?;
    }
    let envelope = Envelope {
        to: request.to.to_owned(),
        content: Content::VerifyCode {
            code: code.expose_secret().to_owned(),
            lifetime: rule.lifetime,
        },
        dropped: request.user.is_none(),
        good_until: Some(new.expires_at),
    };
    outbox::post(tx, app, ctx, &envelope).await?;
    Ok(true)
}

/// Forgets the code that this network has for the address, so that registering starts with a fresh one.
pub(crate) async fn discard(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    email: &Email,
) -> Result<(), Error> {
    Ok(codes::discard(
        tx,
        &key_of(app, ctx, Purpose::Verify, &email.clone().into()),
    )
    .await?)
}

/// Refuses to start with code rules that no code can fit.
pub(crate) fn check_rules(settings: &Settings) -> Result<(), StartError> {
    for purpose in Purpose::ALL {
        let rule = settings.codes.rule(*purpose);
        CodeShape::new(rule.length, rule.unique_digits).map_err(|source| {
            StartError::CodeShape {
                purpose: *purpose,
                source,
            }
        })?;
    }
    Ok(())
}

fn fresh(app: &App, purpose: Purpose) -> Result<SecretString, Fault> {
    let rule = app.settings.codes.rule(purpose);
    let shape = CodeShape::new(rule.length, rule.unique_digits).map_err(Fault::internal)?;
    Ok(numeric(&app.entropy, shape))
}

fn key_of(app: &App, ctx: &Ctx, purpose: Purpose, subject: &Identifier) -> CodeKey {
    CodeKey {
        purpose,
        subject: app.subject(subject),
        context: String::new(),
        network: app.network(ctx.client.network()),
    }
}

fn hash_of(app: &App, key: &CodeKey, code: &SecretString) -> KeyedHash {
    let parts = [
        key.purpose.as_str().as_bytes(),
        key.subject.as_bytes(),
        key.context.as_bytes(),
        code.expose_secret().as_bytes(),
    ];
    app.vault.keyed(Label::Code, &parts)
}

fn is_right(app: &App, key: &CodeKey, guess: &Guess, code: &SecretString) -> bool {
    constant_time_eq(hash_of(app, key, code).as_bytes(), &guess.hash)
}

/// Tells a code that died of wrong guesses from one that has ended; once its cool-down is over, both have ended.
async fn why_dead(tx: &mut WriteTx, ctx: &Ctx, key: &CodeKey) -> Result<Error, Error> {
    let Some(code) = codes::state(tx, key, ctx.now).await? else {
        return Ok(Rejection::CodeExpired.into());
    };
    let live = code.spent_at.is_none() && code.expires_at > ctx.now;
    let wait = code.cooldown_until.since(ctx.now);
    if live && !wait.is_zero() {
        Ok(Refusal::after(Rejection::CodeExhausted, wait).into())
    } else {
        Ok(Rejection::CodeExpired.into())
    }
}
