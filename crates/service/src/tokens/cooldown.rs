//! How often family `code` gives an account tokens: once per `api.code.token_cooldown`.
//!
//! What was given is noted in the transaction that gives it, by a statement of which one of any number of callers hears
//! that it may.

use crate::{App, Ctx, Error, Refusal, SharedApp};
use doorward_domain::{Rejection, Span, Timestamp, UserId};
use doorward_store::{WriteTx, users};

/// Refuses, with the wait that is left, while the account's last tokens are too fresh.
pub(crate) fn check(app: &App, ctx: &Ctx, user: &users::User) -> Result<(), Refusal> {
    let left = left(
        user.tokens_issued_at,
        app.settings.code.token_cooldown,
        ctx.now,
    );
    if left.is_zero() {
        Ok(())
    } else {
        Err(refusal(left))
    }
}

/// Notes that tokens are given; `false` when somebody else got some a moment ago.
pub(crate) async fn note(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: UserId,
) -> Result<bool, Error> {
    let cooldown = app.settings.code.token_cooldown;
    Ok(cooldown.is_zero() || users::note_tokens(tx, user, ctx.now, cooldown).await?)
}

/// Notes that tokens are given, in a transaction of its own, or refuses.
pub(super) async fn begin(app: &SharedApp, ctx: &Ctx, user: UserId) -> Result<(), Error> {
    if app.settings.code.token_cooldown.is_zero() {
        return Ok(());
    }
    let mut tx = app.write().await?;
    if note(&mut tx, app, ctx, user).await? {
        return Ok(tx.commit().await?);
    }
    if let Some(user) = users::by_id(&mut tx, user).await? {
        check(app, ctx, &user)?;
    }
    Err(overtaken(app).into())
}

/// Whoever came second of two at once waits the whole of it.
pub(crate) const fn overtaken(app: &App) -> Refusal {
    refusal(app.settings.code.token_cooldown)
}

fn left(issued_at: Option<Timestamp>, cooldown: Span, now: Timestamp) -> Span {
    issued_at.map_or(Span::ZERO, |issued_at| (issued_at + cooldown).since(now))
}

const fn refusal(wait: Span) -> Refusal {
    Refusal::after(Rejection::TokenCooldown, wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_runs_from_the_last_tokens_and_zero_switches_it_off() {
        let issued_at = Timestamp::from_seconds(1_000);
        let at = |seconds: i64| Timestamp::from_seconds(1_000 + seconds);
        let minute = Span::minutes(1);
        assert_eq!(left(None, minute, at(0)), Span::ZERO);
        assert_eq!(left(Some(issued_at), minute, at(0)), minute);
        assert_eq!(left(Some(issued_at), minute, at(18)), Span::seconds(42));
        assert_eq!(left(Some(issued_at), minute, at(60)), Span::ZERO);
        assert_eq!(left(Some(issued_at), Span::ZERO, at(0)), Span::ZERO);
    }
}
