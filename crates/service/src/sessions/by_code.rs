//! Signing in with a one-time code, and with the password as second step.
//!
//! The code comes first: only who holds the mailbox or the telephone gets as far as the account and its password. A right
//! code is spent by a sign-in that succeeds, and by nothing else; a guess of it that leads no further is not counted either,
//! so that wrong passwords do not wear it out. They have a count of their own.

use super::open;
use crate::accounts::{self, Contact, Proof, Prover};
use crate::audit::{self, Event};
use crate::codes::{self, Target};
use crate::credentials::{self, Tried};
use crate::tokens::{Path, Tokens, cooldown};
use crate::{Ctx, Error, SharedApp, networks, outbox};
use doorward_domain::{Identifier, Purpose, Rejection, SessionId, Status};
use doorward_store::codes::Guess;
use doorward_store::{WriteTx, users};
use secrecy::SecretString;

/// Somebody wants in with a code.
#[derive(Debug)]
pub struct SignInByCode {
    /// Where the code was sent to.
    pub identifier: Identifier,
    /// The code.
    pub code: SecretString,
    /// The password, where they sent one.
    pub password: Option<SecretString>,
}

/// Spends a code for a session; the first one makes a temporary account an account.
///
/// Where the account has a password, that is the second step. An unproven address is its exception, since the password
/// is that of whoever registered: unless it is sent and right, it falls away by first proof.
pub async fn sign_in_by_code(
    app: &SharedApp,
    ctx: &Ctx,
    command: SignInByCode,
) -> Result<Tokens, Error> {
    let found = meet(app, ctx, &command).await?;
    match found.second_step(app, ctx, command.password.as_ref()) {
        SecondStep::None => finish(app, ctx, found, Prover::Stranger).await,
        SecondStep::Password => {
            let password = command.password.as_ref();
            let password = password.ok_or(Rejection::PasswordRequired)?;
            let row = found.leave();
            credentials::second_step(app, ctx, &row, password).await?;
            let found = meet_again(app, ctx, &command, &row).await?;
            finish(app, ctx, found, Prover::Owner).await
        }
        SecondStep::Offered(password) => {
            let row = found.leave();
            let prover = prover(app, ctx, &row, password).await?;
            let found = meet_again(app, ctx, &command, &row).await?;
            finish(app, ctx, found, prover).await
        }
    }
}

/// A code that was found right, and the account that it opens. The guess is counted in the transaction, which the caller
/// ends, and the account locked.
struct Found<'a> {
    tx: WriteTx,
    target: Target<'a>,
    guess: Guess,
    row: users::User,
}

/// What is asked for beside the code.
#[derive(Clone, Copy)]
enum SecondStep<'a> {
    /// Nothing.
    None,
    /// The password.
    Password,
    /// Nothing; but this was sent, and whoever sent it may be who set it.
    Offered(&'a SecretString),
}

impl Found<'_> {
    /// Leaves the code as it was, the count of its guesses too.
    fn leave(self) -> users::User {
        self.row
    }

    fn second_step<'p>(
        &self,
        app: &SharedApp,
        ctx: &Ctx,
        password: Option<&'p SecretString>,
    ) -> SecondStep<'p> {
        let holds =
            self.is_proven() || networks::registered_from(app, ctx, &self.row, &self.guess.network);
        match (&self.row.password_hash, holds, password) {
            (None, _, _) | (Some(_), false, None) => SecondStep::None,
            (Some(_), true, _) => SecondStep::Password,
            (Some(_), false, Some(offered)) => SecondStep::Offered(offered),
        }
    }

    fn is_proven(&self) -> bool {
        Contact::of(self.target.identifier()).is_some_and(|contact| contact.is_proven_by(&self.row))
    }
}

/// Compares the code, and looks at the account behind it: its state, and how fresh its last tokens are. The account stays
/// as it is until the transaction ends.
async fn meet<'c>(
    app: &SharedApp,
    ctx: &Ctx,
    command: &'c SignInByCode,
) -> Result<Found<'c>, Error> {
    let target = Target::of(Purpose::SignIn, &command.identifier);
    let mut tx = app.write().await?;
    // The account first and its codes second, as whoever changes an account locks them.
    let row = users::lock_by_identifier(&mut tx, &command.identifier).await?;
    let state = codes::state_of(&mut tx, app, &command.identifier, row.as_ref()).await?;
    if app.settings.code.disclose_state {
        state?;
    }
    let (tx, guess) = codes::expect_right(tx, app, ctx, &target, &command.code).await?;
    // Who holds a right code may know.
    state?;
    let row = row.ok_or(Rejection::CodeExpired)?;
    let found = Found {
        tx,
        target,
        guess,
        row,
    };
    // Who has not proven the address may hold tokens of its account; they must not keep its owner waiting.
    if found.is_proven() {
        cooldown::check(app, ctx, &found.row)?;
    }
    Ok(found)
}

/// The code and the account once more, after a password was looked at. What was decided holds for the account as it was.
async fn meet_again<'c>(
    app: &SharedApp,
    ctx: &Ctx,
    command: &'c SignInByCode,
    before: &users::User,
) -> Result<Found<'c>, Error> {
    let found = meet(app, ctx, command).await?;
    let row = &found.row;
    let same = row.id == before.id
        && row.epoch == before.epoch
        && row.password_set_at == before.password_set_at;
    if same {
        Ok(found)
    } else {
        Err(Path::Code.overtaken().into())
    }
}

/// Whether whoever proves an address that nobody had proven is who set the password. They hold the mailbox, so that their
/// tries are not those of strangers; wrong ones suspend nobody.
async fn prover(
    app: &SharedApp,
    ctx: &Ctx,
    row: &users::User,
    offered: &SecretString,
) -> Result<Prover, Error> {
    Ok(
        match credentials::try_password(app, ctx, row, offered).await? {
            Tried::Right => Prover::Owner,
            Tried::Wrong | Tried::WrongAtLast | Tried::NoneLeft => Prover::Stranger,
        },
    )
}

/// Spends the code, and with it does all that it is good for.
async fn finish(
    app: &SharedApp,
    ctx: &Ctx,
    found: Found<'_>,
    prover: Prover,
) -> Result<Tokens, Error> {
    let is_proven = found.is_proven();
    let Found {
        mut tx,
        target,
        guess,
        row,
    } = found;
    codes::spend_with_others(&mut tx, app, ctx, &target, &guess).await?;
    let (row, ended) = if is_proven {
        (row, Vec::new())
    } else {
        let proof = Proof {
            user: &row,
            identifier: target.identifier(),
            asked_from: &guess.network,
            prover,
        };
        prove(&mut tx, app, ctx, proof).await?
    };
    if !cooldown::note(&mut tx, app, ctx, row.id).await? {
        return Err(cooldown::overtaken(app).into());
    }
    let opened = open(&mut tx, app, ctx, Path::Code, &row).await?;
    tx.commit().await?;
    app.caches.forget_sessions(&ended);
    outbox::ring(app);
    opened.tokens(app, ctx)
}

/// Marks the address or number as proven; gives the account that has it then, and the sessions that ended.
async fn prove(
    tx: &mut WriteTx,
    app: &SharedApp,
    ctx: &Ctx,
    mut proof: Proof<'_>,
) -> Result<(users::User, Vec<SessionId>), Error> {
    if proof.user.status == Status::Temp {
        audit::record(tx, app, ctx, Event::SignedUp, proof.user.id).await?;
        // Nobody has set anything yet that could be dropped.
        proof.prover = Prover::Owner;
    }
    let done = accounts::prove(tx, app, ctx, proof).await?;
    Ok((done.user, done.ended))
}
