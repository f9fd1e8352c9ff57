//! Refresh tokens that need no session row, where `tokens.refresh` is `stateless`.
//!
//! Such a token bears its user's epoch. It is good while that is still the user's, until it expires, however often it
//! is used. An ended session's row refuses it while the row is there; a session without a row, as on a database that
//! was restored from before the sign-in, is opened anew under its id, so that the access token works everywhere.

use super::signing::has_counter;
use super::{Claims, NEVER_MOVED, admit_status, live_session};
use crate::audit::{self, Event};
use crate::caches::Snapshot;
use crate::{Ctx, Error, SharedApp, sessions};
use doorward_domain::Rejection;
use doorward_store::{WriteTx, users};
use std::sync::Arc;

/// The session of a refresh token that bears an epoch.
pub(super) async fn session(
    app: &SharedApp,
    ctx: &Ctx,
    claims: &Claims,
    epoch: i64,
) -> Result<Arc<Snapshot>, Error> {
    if !has_counter(app, claims, NEVER_MOVED) {
        return Err(Rejection::TokenClaims.into());
    }
    let snapshot = match live_session(app, ctx, claims).await {
        Err(Error::Rejected(refusal))
            if refusal.rejection == Rejection::TokenRevoked
                && app.settings.tokens.stateless_refresh =>
        {
            reopen(app, ctx, claims, epoch).await?
        }
        looked_up => looked_up?,
    };
    if snapshot.epoch == epoch {
        Ok(snapshot)
    } else {
        Err(Rejection::TokenRevoked.into())
    }
}

/// Opens a session anew that has no row; one that has ended stays ended.
async fn reopen(
    app: &SharedApp,
    ctx: &Ctx,
    claims: &Claims,
    epoch: i64,
) -> Result<Arc<Snapshot>, Error> {
    let ticket = app.caches.before_reading(claims.user);
    let mut tx = app.write().await?;
    // Whoever moves the epoch on meanwhile waits, and then ends this session too.
    users::lock(&mut tx, claims.user).await?;
    let user = users::by_id(&mut tx, claims.user).await?;
    let user = user.ok_or(Rejection::TokenRevoked)?;
    admit_status(user.status)?;
    if user.epoch != epoch {
        return Err(Rejection::TokenRevoked.into());
    }
    let session = sessions::of_claims(app, ctx, claims);
    if doorward_store::sessions::insert(&mut tx, &session).await? {
        let subject = audit::Subject::session(user.id, session.id);
        audit::record(&mut tx, app, ctx, Event::SessionReopened, subject).await?;
    }
    // Where there was a row, another replica was first, or the session has ended.
    let live = doorward_store::sessions::live(&mut tx, session.id, ctx.now).await?;
    let live = live.filter(|live| live.user.id == claims.user);
    let live = live.ok_or(Rejection::TokenRevoked)?;
    tx.commit().await?;
    let snapshot = Arc::new(Snapshot::from(&live));
    app.caches
        .remember_session(claims.session, Arc::clone(&snapshot), ticket);
    Ok(snapshot)
}

/// Leaves the row of an ended session where a token's session has none, so that the token is not good any more; `false`
/// when there was one.
pub(crate) async fn end_unseen(
    tx: &mut WriteTx,
    app: &SharedApp,
    ctx: &Ctx,
    claims: &Claims,
) -> Result<bool, Error> {
    if claims.epoch.is_none()
        || !has_counter(app, claims, NEVER_MOVED)
        || !users::lock(tx, claims.user).await?
    {
        return Ok(false);
    }
    let session = doorward_store::sessions::Session {
        ended_at: Some(ctx.now),
        ..sessions::of_claims(app, ctx, claims)
    };
    Ok(doorward_store::sessions::insert(tx, &session).await?)
}
