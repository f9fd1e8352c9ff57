//! Proofs: signed statements that somebody holds an address, made for one project and checked by it.
//!
//! A proof is no token: no route takes it for one.

mod canonical;

use crate::accounts::{self, Proof as FirstProof, Prover};
use crate::app::App;
use crate::audit::{self, Event};
use crate::codes::{self, Asker, Request, Target};
use crate::{Ctx, Error, Fault, SharedApp, limits, outbox};
use doorward_crypto::proof_signature;
use doorward_domain::{Email, Identifier, ProjectId, Purpose, Rejection, Span, Timestamp, UserId};
use doorward_store::{WriteTx, users};
use secrecy::SecretString;
use serde::Serialize;

/// How long the signed form of a proof is good; its reader is asking right now.
const LIFETIME: Span = Span::minutes(10);

/// So many codes an hour for each mailbox and network.
const MAILBOX_CODES: u32 = 5;

/// What a proof says.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Whose address it is.
    pub user: UserId,
    /// The address, as the user's record shows it.
    pub email: String,
    /// Whom the proof is for.
    pub project: ProjectId,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Under the key that the project shares, where there is one.
    pub signature: Option<String>,
    /// Under the service's own key, which anybody can check.
    pub jws: String,
}

/// Mails a code that proves an address to a project.
pub async fn send(
    app: &SharedApp,
    ctx: &Ctx,
    project: &ProjectId,
    email: &Email,
) -> Result<(), Error> {
    admit_project(app, project)?;
    let identifier = email.clone().into();
    let target = Target::of(Purpose::Proof, &identifier).within(project.as_str());
    admit_mailbox(app, ctx, &identifier).await?;
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
    let request = Request {
        target,
        to: outbox::addressee(user.as_ref(), email),
        user: user.as_ref().map(|user| user.id),
        // Whoever may hold no proof gets no code either; nobody but the mailbox could tell.
        dropped: user.as_ref().is_some_and(|user| !user.status.may_sign_in()),
        asker,
    };
    let mut tx = app.write().await?;
    codes::put_and_send(&mut tx, app, ctx, &request).await?;
    audit::record(&mut tx, app, ctx, Event::CodeRequested, request.user).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(())
}

/// Spends a code for a proof. The first proof of an address makes its user.
pub async fn prove(
    app: &SharedApp,
    ctx: &Ctx,
    project: &ProjectId,
    email: &Email,
    code: SecretString,
) -> Result<Proof, Error> {
    admit_project(app, project)?;
    let identifier = email.clone().into();
    let target = Target::of(Purpose::Proof, &identifier).within(project.as_str());
    let mut tx = app.write().await?;
    // The account first and its codes second, as whoever changes an account locks them.
    let user = users::lock_by_identifier(&mut tx, &identifier).await?;
    let (mut tx, guess) = codes::expect_right(tx, app, ctx, &target, &code).await?;
    let user = match user {
        Some(user) => user,
        None => create(&mut tx, app, ctx, email).await?,
    };
    if !user.status.may_sign_in() {
        return codes::refuse(tx, app, ctx, &target, &guess).await;
    }
    codes::spend(&mut tx, ctx, &guess).await?;
    let proof = FirstProof {
        user: &user,
        identifier: &identifier,
        asked_from: &guess.network,
        prover: Prover::Stranger,
    };
    let proven = accounts::prove(&mut tx, app, ctx, proof).await?;
    let user = proven.user;
    audit::record(&mut tx, app, ctx, Event::ProofGiven, user.id).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&proven.ended);
    outbox::ring(app);
    let statement = Statement {
        user: user.id,
        email: user.email.unwrap_or_else(|| email.as_str().to_owned()),
        project: project.clone(),
    };
    sign(app, ctx, statement)
}

/// The user of an address that had none, or whoever took the address a moment ago.
async fn create(
    tx: &mut WriteTx,
    app: &SharedApp,
    ctx: &Ctx,
    email: &Email,
) -> Result<users::User, Error> {
    let new = users::NewUser {
        email: Some(email.clone()),
        email_proven_at: Some(ctx.now),
        registered_network: None,
        ..accounts::blank(app, ctx)
    };
    // Of any number of first proofs at once one makes the user, and the others find it. So they do with somebody who
    // has just registered, and who is then to be confirmed like anybody else.
    let inserted = users::insert(tx, &new).await?;
    if inserted == users::Inserted::Done {
        audit::record(tx, app, ctx, Event::SignedUp, new.id).await?;
        audit::record(tx, app, ctx, Event::AddressProven, new.id).await?;
    }
    let user = users::by_email(tx, email).await?;
    Ok(user.ok_or_else(|| Fault::internal("the user of a fresh proof is not there"))?)
}

/// Where the operator lists projects, proofs are made for no others.
fn admit_project(app: &App, project: &ProjectId) -> Result<(), Error> {
    let listed = &app.settings.proof.projects;
    if listed.is_empty() || listed.iter().any(|name| name == project.as_str()) {
        Ok(())
    } else {
        Err(Rejection::ProjectUnknown.into())
    }
}

/// Strangers must not be able to fill a mailbox, whatever project they name.
async fn admit_mailbox(app: &App, ctx: &Ctx, identifier: &Identifier) -> Result<(), Error> {
    let key = format!(
        "proof-mailbox|{}|{}",
        app.subject(identifier),
        app.network(ctx.client.network())
    );
    limits::take_hourly(app, ctx, &key, MAILBOX_CODES).await
}

struct Statement {
    user: UserId,
    email: String,
    project: ProjectId,
}

/// The claims of the signed form (RFC 7519), which name their one reader.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    auth_user_id: UserId,
    email: &'a str,
    project_id: &'a str,
    verified: bool,
    issued_at: i64,
}

fn sign(app: &SharedApp, ctx: &Ctx, statement: Statement) -> Result<Proof, Error> {
    let Statement {
        user,
        email,
        project,
    } = statement;
    let issued_at = ctx.now.truncated_to_seconds();
    let claims = Claims {
        iss: &app.settings.tokens.issuer,
        aud: project.as_str(),
        iat: issued_at.as_seconds(),
        exp: (issued_at + LIFETIME).as_seconds(),
        auth_user_id: user,
        email: &email,
        project_id: project.as_str(),
        verified: true,
        issued_at: issued_at.as_seconds(),
    };
    let jws = app
        .keyring
        .access_signer(ctx.now)?
        .sign_as("proof+jwt", &claims)
        .map_err(Fault::internal)?;
    let signature = app.settings.proof.secret_key.as_ref().map(|key| {
        let message = canonical::message(user, &email, issued_at, project.as_str());
        proof_signature(key, message.as_bytes())
    });
    Ok(Proof {
        user,
        email,
        project,
        issued_at,
        signature,
        jws,
    })
}
