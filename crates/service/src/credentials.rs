//! What an account is signed in to with, changed by its user: the password, and the address or number.
//!
//! Whoever changes it shows more than a token: the password where there is one, else, where that is demanded, a fresh
//! sign-in. Every change is told to every address of the account.

mod moving;

pub(crate) use moving::give;
pub use moving::{Move, adopt};

use crate::audit::{self, Event};
use crate::messages::{Content, PasswordStep};
use crate::passwords::{self, NewPassword};
use crate::sessions::Checked;
use crate::settings::Reauthenticate;
use crate::tokens::{Caller, admit_status};
use crate::{App, Ctx, Error, SharedApp, links, outbox, sessions};
use doorward_domain::{Email, Identifier, Login, Phone, Rejection, SessionId, Span, Status};
use doorward_store::{WriteTx, users};
use secrecy::SecretString;

/// A sign-in is fresh for this long (OWASP ASVS 7.5.1).
const FRESH: Span = Span::minutes(15);

/// What is to become of the caller's password.
#[derive(Debug)]
pub struct PasswordChange {
    /// The password that is set now; needed where there is one.
    pub old: Option<SecretString>,
    /// The one that is to be; none removes it.
    pub new: Option<NewPassword>,
}

/// Adds, changes or removes the caller's password. Wrong old ones count towards suspension.
pub async fn set_password(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
    change: PasswordChange,
) -> Result<(), Error> {
    let row = row_of(app, caller).await?;
    let step = match (row.password_hash.is_some(), &change.new) {
        (false, Some(_)) => PasswordStep::Added,
        (true, Some(_)) => PasswordStep::Changed,
        (true, None) => PasswordStep::Removed,
        (false, None) => return Ok(()),
    };
    match step {
        PasswordStep::Added => require_fresh(app, ctx, caller).await?,
        PasswordStep::Changed | PasswordStep::Removed => {
            let old = change.old.ok_or(Rejection::OldPasswordRequired)?;
            second_step(app, ctx, &row, &old).await?;
        }
    }
    let hash = match &change.new {
        Some(new) => Some(hash_for(app, &row, new).await?),
        None => None,
    };
    let mut tx = app.write().await?;
    let replacement = Replacement { row, hash, step };
    let ended = replace_password(&mut tx, app, ctx, caller, &replacement).await?;
    finish(app, tx, caller, &ended).await
}

/// Changes the caller's password for one who knows the old one. The try counts as one of signing in does, and ends
/// nothing.
pub async fn change_password(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
    old: SecretString,
    new: NewPassword,
) -> Result<(), Error> {
    let row = row_of(app, caller).await?;
    let checked = check_own_password(app, ctx, &row, &old).await?;
    let hash = hash_for(app, &row, &new).await?;
    let mut tx = app.write().await?;
    let replacement = Replacement {
        row: checked.row,
        hash: Some(hash),
        step: PasswordStep::Changed,
    };
    let ended = replace_password(&mut tx, app, ctx, caller, &replacement).await?;
    checked.tally.clear(&mut tx).await?;
    finish(app, tx, caller, &ended).await
}

/// Compares the password of an account that is known by other means. The try counts as one of signing in does.
pub(crate) async fn check_own_password(
    app: &SharedApp,
    ctx: &Ctx,
    row: &users::User,
    password: &SecretString,
) -> Result<Checked, Error> {
    let identifier = identifiers_of(row).into_iter().next();
    let identifier = identifier.ok_or(Rejection::PasswordWrong)?;
    let checked = match sessions::check_password(app, ctx, &identifier, password).await {
        Err(Error::Rejected(refusal)) if refusal.rejection == Rejection::InvalidCredentials => {
            return Err(Rejection::PasswordWrong.into());
        }
        checked => checked?,
    };
    if checked.row.id == row.id {
        Ok(checked)
    } else {
        Err(Rejection::PasswordWrong.into())
    }
}

async fn hash_for(
    app: &SharedApp,
    row: &users::User,
    password: &NewPassword,
) -> Result<String, Error> {
    let names = [&row.email_key, &row.login_key, &row.nickname_key];
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    passwords::hash(app, password, &names).await
}

/// A password that gives way.
struct Replacement {
    /// The account, as it was when the old one was compared.
    row: users::User,
    hash: Option<String>,
    step: PasswordStep,
}

/// Puts the new password in, and ends every other session, whatever was signed before, and the ways to yet another one.
async fn replace_password(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    caller: &Caller,
    replacement: &Replacement,
) -> Result<Vec<SessionId>, Error> {
    let Replacement { row, hash, step } = replacement;
    hold_unchanged(tx, ctx, caller, row).await?;
    match hash {
        Some(hash) => users::set_password(tx, row.id, hash, ctx.now).await?,
        None => users::clear_password(tx, row.id, ctx.now).await?,
    };
    users::reset_password_failures(tx, row.id).await?;
    users::bump_epoch(tx, row.id, ctx.now).await?;
    links::void_ways_in(tx, row.id, ctx.now).await?;
    audit::record(tx, app, ctx, Event::PasswordChanged, row.id).await?;
    let content = Content::PasswordChanged { change: *step };
    outbox::tell(tx, app, ctx, row, &content).await?;
    let kept = Some(caller.session);
    Ok(doorward_store::sessions::end_all(tx, row.id, kept, ctx.now).await?)
}

async fn finish(
    app: &SharedApp,
    tx: WriteTx,
    caller: &Caller,
    ended: &[SessionId],
) -> Result<(), Error> {
    tx.commit().await?;
    app.caches.forget_sessions(ended);
    app.caches.refresh_session(caller.session);
    outbox::ring(app);
    Ok(())
}

/// The gate of all that a caller changes: the session is live still, and the account stays as it is until the commit.
///
/// A caller was let in by what was true a moment ago. Since then the session may have ended, for one because the owner of
/// the address has proven it: whoever comes late then must not change what is the owner's now.
pub(crate) async fn hold(
    tx: &mut WriteTx,
    ctx: &Ctx,
    caller: &Caller,
) -> Result<users::User, Error> {
    let id = caller.user.id;
    users::lock(tx, id).await?;
    let live = doorward_store::sessions::live(tx, caller.session, ctx.now).await?;
    if let Some(live) = live.filter(|live| live.user.id == id) {
        admit_status(live.user.status)?;
        return Ok(live.user);
    }
    // The account is looked at before the session: whose account is gone is told so.
    if let Some(user) = users::by_id(tx, id).await? {
        admit_status(user.status)?;
    }
    Err(Rejection::TokenRevoked.into())
}

/// The same where something was decided by the account as it was read before.
async fn hold_unchanged(
    tx: &mut WriteTx,
    ctx: &Ctx,
    caller: &Caller,
    row: &users::User,
) -> Result<(), Error> {
    let now = hold(tx, ctx, caller).await?;
    if now.epoch == row.epoch {
        Ok(())
    } else {
        Err(Rejection::TokenRevoked.into())
    }
}

/// The caller's account as it is now.
pub(crate) async fn row_of(app: &SharedApp, caller: &Caller) -> Result<users::User, Error> {
    let mut tx = app.read().await?;
    let row = users::by_id(&mut tx, caller.user.id).await?;
    let row = row.ok_or(Rejection::TokenRevoked)?;
    admit_status(row.status)?;
    Ok(row)
}

/// Lets on whoever is the account's owner by more than a token: its password where it has one, else a fresh sign-in,
/// where one is demanded.
pub(crate) async fn require_owner(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
    row: &users::User,
    password: Option<&SecretString>,
) -> Result<(), Error> {
    if row.password_hash.is_none() {
        return require_fresh(app, ctx, caller).await;
    }
    let password = password.ok_or(Rejection::PasswordRequired)?;
    second_step(app, ctx, row, password).await
}

/// Refuses a caller who signed in too long ago for what a token alone would do, where `accounts.reauthenticate` is
/// `fresh`.
///
/// The session is refused as one that has ended: what a client does then, signing in again, is what is needed.
pub(crate) async fn require_fresh(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
) -> Result<(), Error> {
    match app.settings.accounts.reauthenticate {
        Reauthenticate::Documented => return Ok(()),
        Reauthenticate::Fresh => {}
    }
    let mut tx = app.read().await?;
    let live = doorward_store::sessions::live(&mut tx, caller.session, ctx.now).await?;
    let live = live.ok_or(Rejection::TokenRevoked)?;
    if ctx.now.since(live.session.created_at) > FRESH {
        return Err(Rejection::TokenRevoked.into());
    }
    Ok(())
}

/// Compares the password of somebody who has shown more already: a code, or a token.
///
/// The try is counted, in a commit of its own, before the hash is computed; a right one forgets those before it. The
/// wrong one that uses up the last try is answered as wrong and suspends the account. Whoever knows an identifier alone
/// never gets here, and so cannot suspend anybody.
pub(crate) async fn second_step(
    app: &SharedApp,
    ctx: &Ctx,
    row: &users::User,
    password: &SecretString,
) -> Result<(), Error> {
    match try_password(app, ctx, row, password).await? {
        Tried::Right => Ok(()),
        Tried::Wrong => Err(Rejection::PasswordWrong.into()),
        Tried::WrongAtLast => {
            suspend(app, ctx, row).await?;
            Err(Rejection::PasswordWrong.into())
        }
        Tried::NoneLeft => Err(Rejection::AccountSuspended.into()),
    }
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    Right,
    Wrong,
    /// It was wrong, and it was the last one.
    WrongAtLast,
    /// It was not looked at: those before it were too many.
    NoneLeft,
}

/// Counts a try and compares the password, and leaves it to the caller what follows.
pub(crate) async fn try_password(
    app: &SharedApp,
    ctx: &Ctx,
    row: &users::User,
    password: &SecretString,
) -> Result<Tried, Error> {
    let most = i64::from(app.settings.password.attempts);
    let mut tx = app.write().await?;
    let Some(tries) = users::count_password_failure(&mut tx, row.id, most).await? else {
        return Ok(Tried::NoneLeft);
    };
    audit::record(&mut tx, app, ctx, Event::PasswordTried, row.id).await?;
    tx.commit().await?;
    let verdict = match passwords::verify(app, password, row.password_hash.clone()).await {
        Ok(verdict) => verdict,
        Err(error) => {
            take_back(app, row).await?;
            return Err(error);
        }
    };
    if !verdict.matches {
        return Ok(if tries < most {
            Tried::Wrong
        } else {
            Tried::WrongAtLast
        });
    }
    let renewed = if verdict.rehash {
        Some(passwords::hash_known(app, password).await?)
    } else {
        None
    };
    let mut tx = app.write().await?;
    users::reset_password_failures(&mut tx, row.id).await?;
    if let (Some(new), Some(old)) = (&renewed, &row.password_hash) {
        users::rehash_password(&mut tx, row.id, old, new).await?;
    }
    tx.commit().await?;
    Ok(Tried::Right)
}

/// A try that nobody compared was none: a busy hashing pool suspends nobody.
async fn take_back(app: &App, row: &users::User) -> Result<(), Error> {
    let mut tx = app.write().await?;
    users::take_back_password_failure(&mut tx, row.id).await?;
    Ok(tx.commit().await?)
}

/// Stops an account whose second factor somebody guesses at with the first one in hand.
async fn suspend(app: &SharedApp, ctx: &Ctx, row: &users::User) -> Result<(), Error> {
    let mut tx = app.write().await?;
    users::lock(&mut tx, row.id).await?;
    let row = users::by_id(&mut tx, row.id).await?;
    let Some(row) = row.filter(|row| row.status.may_sign_in()) else {
        return Ok(());
    };
    users::set_status(&mut tx, row.id, Status::Suspended, ctx.now).await?;
    users::bump_epoch(&mut tx, row.id, ctx.now).await?;
    links::void_ways_in(&mut tx, row.id, ctx.now).await?;
    let ended = doorward_store::sessions::end_all(&mut tx, row.id, None, ctx.now).await?;
    audit::record(&mut tx, app, ctx, Event::Suspended, row.id).await?;
    outbox::tell(&mut tx, app, ctx, &row, &Content::Suspended).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    outbox::ring(app);
    Ok(())
}

/// All that an account is found by.
pub(crate) fn identifiers_of(row: &users::User) -> Vec<Identifier> {
    let email = row.email.as_deref().map(Email::parse);
    let phone = row.phone.as_deref().map(Phone::parse);
    let login = row.login.as_deref().map(Login::parse);
    [
        email.and_then(Result::ok).map(Identifier::from),
        phone.and_then(Result::ok).map(Identifier::from),
        login.and_then(Result::ok).map(Identifier::from),
    ]
    .into_iter()
    .flatten()
    .collect()
}
