//! Codes that prove the address of an account.

use super::{Asker, Request, Target, expect_right, put_and_send, refuse, spend};
use crate::accounts::{self, Proof, Prover};
use crate::audit::{self, Event};
use crate::{Ctx, Error, SharedApp, outbox};
use doorward_domain::{Email, Purpose};
use doorward_store::users;
use secrecy::SecretString;

/// Sends a code that proves the address of an account.
///
/// Whoever asks learns nothing: an unknown or already proven address has the same cool-down, leaves the same rows, and
/// takes as long. Its message is dropped by the worker.
pub async fn send_verification(app: &SharedApp, ctx: &Ctx, email: &Email) -> Result<(), Error> {
    let identifier = email.clone().into();
    let target = Target::of(Purpose::Verify, &identifier);
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
    let wanted = user
        .as_ref()
        .filter(|user| user.email_proven_at.is_none() && user.status.may_sign_in());
    let request = Request {
        target,
        to: outbox::addressee(user.as_ref(), email),
        user: wanted.map(|user| user.id),
        dropped: wanted.is_none(),
        asker,
    };
    let mut tx = app.write().await?;
    put_and_send(&mut tx, app, ctx, &request).await?;
    audit::record(&mut tx, app, ctx, Event::CodeRequested, request.user).await?;
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
    let identifier = email.clone().into();
    let target = Target::of(Purpose::Verify, &identifier);
    let mut tx = app.write().await?;
    // The account first and its codes second, as whoever changes an account locks them.
    let user = users::lock_by_identifier(&mut tx, &identifier).await?;
    let (mut tx, guess) = expect_right(tx, app, ctx, &target, &code).await?;
    let user = user.filter(|user| {
        guess.user_id == Some(user.id)
            && user.email_proven_at.is_none()
            && user.status.may_sign_in()
    });
    let Some(user) = user else {
        return refuse(tx, app, ctx, &target, &guess).await;
    };
    spend(&mut tx, ctx, &guess).await?;
    let proof = Proof {
        user: &user,
        identifier: &identifier,
        asked_from: &guess.network,
        prover: Prover::Stranger,
    };
    let proven = accounts::prove(&mut tx, app, ctx, proof).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&proven.ended);
    outbox::ring(app);
    Ok(())
}
