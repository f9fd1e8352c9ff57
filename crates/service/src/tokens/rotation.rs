//! Rotation: a refresh token is good once, and its use moves the session on.
//!
//! The session row holds a counter. The current token is the one that is named after it; using it moves the counter by
//! one in a guarded statement. The token just spent gets the *same* successor again for `tokens.reuse_grace`, so that
//! two tabs do not fight: the successor follows from the row, so any replica can sign it again. A token older than that
//! is a copy that somebody kept (RFC 9700 section 4.14.2): once the grace is over, its use ends the session.

use super::signing::has_counter;
use super::{Claims, Grant, Path, Tokens, admit, cooldown, issue};
use crate::accounts::User;
use crate::audit::{self, Event};
use crate::{App, Ctx, Error, SharedApp};
use doorward_domain::{Family, Rejection};
use doorward_store::WriteTx;
use doorward_store::sessions::{self, Live, Session};

/// Where a refresh token stands in the line of its session.
enum Place {
    /// It is the one that is good.
    Current,
    /// It was spent a moment ago, by the move that made the current one.
    JustSpent,
    /// It is older, and the last move is so fresh that a slow client may have sent it.
    Older,
    /// It was spent long ago: somebody else holds a copy.
    Copied,
}

/// Spends a refresh token for its successor.
pub(super) async fn rotate(app: &SharedApp, ctx: &Ctx, claims: &Claims) -> Result<Tokens, Error> {
    // A second look where another replica moved the counter between our look and our move.
    for _ in 0..2 {
        if let Some(tokens) = try_rotate(app, ctx, claims).await? {
            return Ok(tokens);
        }
    }
    Err(Rejection::TokenRevoked.into())
}

async fn try_rotate(app: &SharedApp, ctx: &Ctx, claims: &Claims) -> Result<Option<Tokens>, Error> {
    let mut tx = app.write().await?;
    let Some(mut live) = sessions::live(&mut tx, claims.session, ctx.now).await? else {
        return Err(Rejection::TokenRevoked.into());
    };
    let user = User::from(&live.user);
    admit(app, ctx.family, Path::Refresh, &user)?;
    match (place(app, ctx, &live.session, claims), answer(app, ctx)) {
        (Place::Current, Answer::TakesNone) => return Err(Rejection::TokenWrongKind.into()),
        (Place::Older, _) => return Err(Rejection::TokenRevoked.into()),
        (Place::Copied, _) | (Place::JustSpent, Answer::TakesNone) => {
            return end(tx, app, ctx, &live).await;
        }
        (Place::JustSpent, Answer::TakesSuccessor) => {}
        (Place::Current, Answer::TakesSuccessor) => {
            if !move_on(&mut tx, app, ctx, &live).await? {
                return Ok(None);
            }
            tx.commit().await?;
            live.session.counter += 1;
            live.session.rotated_at = ctx.now;
        }
    }
    successor(app, ctx, &user, &live.session).map(Some)
}

/// Moves the counter on, and with it, through family `code`, the cool-down of tokens; `false` when somebody else was
/// quicker: a second look tells what they did. The account is written to before the session, as everywhere.
async fn move_on(tx: &mut WriteTx, app: &App, ctx: &Ctx, live: &Live) -> Result<bool, Error> {
    if ctx.family == Family::Code {
        cooldown::check(app, ctx, &live.user)?;
        if !cooldown::note(tx, app, ctx, live.user.id).await? {
            return Ok(false);
        }
    }
    Ok(sessions::rotate(tx, live.session.id, live.session.counter, ctx.now).await?)
}

/// What a family's answer has a place for.
#[derive(Clone, Copy)]
enum Answer {
    /// The successor of the token that was shown.
    TakesSuccessor,
    /// An access token alone: a live refresh token of a session that rotates stays unharmed there.
    TakesNone,
}

const fn answer(app: &App, ctx: &Ctx) -> Answer {
    match ctx.family {
        Family::Verified if !app.settings.verified.rotate_refresh => Answer::TakesNone,
        Family::Verified
        | Family::Code
        | Family::Confirm
        | Family::Proof
        | Family::Session
        | Family::Native => Answer::TakesSuccessor,
    }
}

fn place(app: &App, ctx: &Ctx, session: &Session, claims: &Claims) -> Place {
    let fresh = ctx.now.since(session.rotated_at) < app.settings.tokens.reuse_grace;
    let is = |counter| has_counter(app, claims, counter);
    if is(session.counter) {
        Place::Current
    } else if fresh && is(session.counter - 1) {
        Place::JustSpent
    } else if fresh {
        Place::Older
    } else {
        Place::Copied
    }
}

/// The tokens that the row stands for: the same however often they are asked for.
fn successor(app: &App, ctx: &Ctx, user: &User, session: &Session) -> Result<Tokens, Error> {
    let grant = Grant {
        path: Path::Refresh,
        user,
        session: session.id,
        counter: session.counter,
        issued_at: session.rotated_at,
        session_ends_at: session.expires_at,
        access_lifetime: session.access_lifetime,
        refresh_lifetime: Some(session.refresh_lifetime),
        epoch: None,
    };
    issue(app, ctx, &grant)
}

/// Reuse of a spent token ends the session that it opened: neither holder can be told from the other.
async fn end(mut tx: WriteTx, app: &App, ctx: &Ctx, live: &Live) -> Result<Option<Tokens>, Error> {
    let (user, session) = (live.user.id, live.session.id);
    sessions::end(&mut tx, session, ctx.now).await?;
    let subject = audit::Subject::session(user, session);
    audit::record(&mut tx, app, ctx, Event::RefreshReused, subject).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&[session]);
    tracing::warn!(user.id = %user, session.id = %session, "a spent refresh token was used again; its session has ended");
    Err(Rejection::TokenRevoked.into())
}
