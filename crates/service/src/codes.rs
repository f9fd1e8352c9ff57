//! One-time codes: made, sent, guessed and spent. One service for every purpose.
//!
//! A code fits one purpose, one subject and one context. It rests as a keyed hash. A guess is counted by the same
//! statement that finds the code, before anything is compared; a right one is spent in the same transaction as what it
//! is good for.

mod signing_in;
mod verifying;

pub use signing_in::send_sign_in;
pub(crate) use signing_in::state_of;
pub use verifying::{send_verification, verify_email};

use crate::app::{App, StartError};
use crate::audit::{self, Event};
use crate::messages::{Address, Content, Envelope};
use crate::settings::{CodeRule, Escalation};
use crate::{Ctx, Error, Fault, Refusal, Settings, former_names, networks, outbox};
use doorward_crypto::{CodeShape, KeyedHash, Label, constant_time_eq, numeric};
use doorward_domain::{CodeId, Identifier, Purpose, Rejection, Span, Timestamp, UserId};
use doorward_store::codes::{CodeKey, Guess, NewCode};
use doorward_store::{ReadTx, WriteTx, codes, wrong_guesses};
use secrecy::{ExposeSecret, SecretString};

/// How many codes of unknown networks one subject has at a time; the oldest gives way.
const STRANGERS_SLOTS: u32 = 5;

/// Wrong guesses of an identifier add up over this long.
const DAY: Span = Span::days(1);

/// From so many wrong guesses in a [`DAY`] on, codes that unknown networks ask for have at least so many digits: a day
/// of guessing stays below one in ten thousand.
const LONGER_FROM: [(i64, u8); 2] = [(60, 10), (30, 8)];

/// How long whoever is refused is told to wait; the day of the guesses ends by the hour.
const REFUSED_FOR: Span = Span::hours(1);

/// From so many on, `codes.escalation = "refuse"` sends unknown networks none.
const REFUSED_FROM: i64 = 100;

/// What a code is good for, and for whom.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    purpose: Purpose,
    identifier: &'a Identifier,
    context: &'a str,
}

impl<'a> Target<'a> {
    pub(crate) const fn of(purpose: Purpose, identifier: &'a Identifier) -> Self {
        Self {
            purpose,
            identifier,
            context: "",
        }
    }

    /// Whom the code is sent to.
    pub(crate) const fn identifier(self) -> &'a Identifier {
        self.identifier
    }

    /// A code within a context, such as a project: it fits no other.
    pub(crate) const fn within(self, context: &'a str) -> Self {
        Self { context, ..self }
    }

    fn key(&self, app: &App, ctx: &Ctx) -> CodeKey {
        CodeKey {
            purpose: self.purpose,
            subject: app.subject(self.identifier),
            context: self.context.to_owned(),
            network: app.network(ctx.client.network()),
        }
    }

    fn rule<'s>(&self, settings: &'s Settings) -> &'s CodeRule {
        settings.codes.rule(self.purpose)
    }
}

/// What is known of whoever asks for a code.
#[derive(Clone, Copy)]
pub(crate) struct Asker {
    /// Whether the account has signed in from this network before.
    known: bool,
    /// Wrong guesses of the identifier within a [`DAY`].
    wrong_guesses: i64,
}

impl Asker {
    /// Somebody of whom nothing is known, asking about an identifier that has just come to be.
    pub(crate) const NEW: Self = Self {
        known: false,
        wrong_guesses: 0,
    };

    pub(crate) async fn look(
        tx: &mut ReadTx,
        app: &App,
        ctx: &Ctx,
        target: &Target<'_>,
        user: Option<UserId>,
    ) -> Result<Self, Error> {
        let known = networks::is_known(app, tx, ctx, user).await?;
        let mut wrong_guesses = 0;
        for subject in former_names::of_subject(app, target.identifier) {
            wrong_guesses += wrong_guesses::since(tx, &subject, ctx.now - DAY).await?;
        }
        Ok(Self {
            known,
            wrong_guesses,
        })
    }

    /// How many digits a code for this asker has; none: it gets none today.
    fn length(self, usual: u8, escalation: Escalation) -> Option<u8> {
        if self.known || escalation == Escalation::Off {
            return Some(usual);
        }
        if escalation == Escalation::Refuse && self.wrong_guesses >= REFUSED_FROM {
            return None;
        }
        let longer = LONGER_FROM
            .iter()
            .find(|(from, _)| self.wrong_guesses >= *from)
            .map_or(usual, |(_, length)| *length);
        Some(longer.max(usual))
    }
}

/// A code that is to be made and sent.
pub(crate) struct Request<'a> {
    pub(crate) target: Target<'a>,
    /// Where to.
    pub(crate) to: Address,
    /// The account it is for.
    pub(crate) user: Option<UserId>,
    /// Nobody is to read it: the worker drops the message.
    pub(crate) dropped: bool,
    pub(crate) asker: Asker,
}

/// A fresh code in its slot.
pub(crate) struct Placed {
    pub(crate) code: SecretString,
    pub(crate) lifetime: Span,
    pub(crate) good_until: Timestamp,
}

/// Puts a fresh code in its slot and its message in the outbox, or refuses with the wait that is left.
pub(crate) async fn put_and_send(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    request: &Request<'_>,
) -> Result<(), Error> {
    let placed = put(tx, app, ctx, request).await?;
    let envelope = Envelope {
        to: request.to.clone(),
        content: Content::Code {
            purpose: request.target.purpose,
            code: placed.code.expose_secret().to_owned(),
            lifetime: placed.lifetime,
        },
        dropped: request.dropped,
        good_until: Some(placed.good_until),
    };
    outbox::post(tx, app, ctx, &envelope).await
}

/// Puts a fresh code in its slot, or refuses with the wait that is left. The caller sends it.
pub(crate) async fn put(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    request: &Request<'_>,
) -> Result<Placed, Error> {
    let rule = *request.target.rule(&app.settings);
    let escalation = app.settings.codes.escalation;
    let Some(length) = request.asker.length(rule.length, escalation) else {
        return Err(Refusal::after(Rejection::CodeCooldown, REFUSED_FOR).into());
    };
    former_names::carry_over(tx, app, ctx, request.target.identifier).await?;
    let key = request.target.key(app, ctx);
    let shape = CodeShape::new(length, rule.unique_digits).map_err(Fault::internal)?;
    let code = numeric(&app.entropy, shape);
    let new = NewCode {
        id: CodeId::new(ctx.now, app.entropy.bytes()),
        hash: hash_of(app, &key, &code).as_bytes().to_vec(),
        known: request.asker.known,
        user_id: request.user,
        attempts: rule.attempts.into(),
        created_at: ctx.now,
        expires_at: ctx.now + rule.lifetime,
        cooldown_until: ctx.now + rule.cooldown,
        key,
    };
    let Some(put) = codes::put(tx, &new).await? else {
        let until = codes::cooldown(tx, &new.key).await?;
        let wait = until.map_or(rule.cooldown, |until| until.since(ctx.now));
        return Err(Refusal::after(Rejection::CodeCooldown, wait).into());
    };
    if !request.asker.known && put.strangers >= i64::from(STRANGERS_SLOTS) {
        let CodeKey {
            purpose,
            subject,
            context,
            ..
        } = &new.key;
        codes::trim(tx, *purpose, subject, context, STRANGERS_SLOTS).await?;
    }
    Ok(Placed {
        code,
        lifetime: rule.lifetime,
        good_until: new.expires_at,
    })
}

/// The code that a guess meets, where it is the right one, in the transaction that counted the guess: what it is good for
/// belongs into that. A wrong one stays counted.
pub(crate) async fn expect_right(
    mut tx: WriteTx,
    app: &App,
    ctx: &Ctx,
    target: &Target<'_>,
    code: &SecretString,
) -> Result<(WriteTx, Guess), Error> {
    former_names::carry_over(&mut tx, app, ctx, target.identifier).await?;
    let key = target.key(app, ctx);
    let Some(guess) = codes::guess(&mut tx, &key, ctx.now).await? else {
        return Err(why_dead(&mut tx, ctx, &key).await?.into());
    };
    if is_right(app, &key, target.identifier, code, &guess.hash) {
        Ok((tx, guess))
    } else {
        refuse(tx, app, ctx, target, &guess).await
    }
}

/// Uses a right code up; its effect belongs into the same transaction.
pub(crate) async fn spend(tx: &mut WriteTx, ctx: &Ctx, guess: &Guess) -> Result<(), Error> {
    if codes::spend(tx, guess.id, ctx.now).await? {
        Ok(())
    } else {
        Err(Rejection::CodeExpired.into())
    }
}

/// Uses a right code up, and with it those that other networks asked for to the same end. The caller has locked the account.
pub(crate) async fn spend_with_others(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    target: &Target<'_>,
    guess: &Guess,
) -> Result<(), Error> {
    let key = target.key(app, ctx);
    if codes::spend_with_others(tx, &key, guess.id, ctx.now).await? {
        Ok(())
    } else {
        Err(Rejection::CodeExpired.into())
    }
}

/// A wrong guess stays counted: its count is committed before the refusal is answered.
pub(crate) async fn refuse<T>(
    mut tx: WriteTx,
    app: &App,
    ctx: &Ctx,
    target: &Target<'_>,
    guess: &Guess,
) -> Result<T, Error> {
    wrong_guesses::count(&mut tx, &app.subject(target.identifier), ctx.now).await?;
    let subject = audit::Subject {
        user: guess.user_id,
        session: None,
    };
    audit::record(&mut tx, app, ctx, Event::CodeRefused, subject).await?;
    tx.commit().await?;
    Err(Rejection::CodeInvalid.into())
}

/// Forgets the code that this network has for a target, so that registering starts with a fresh one.
pub(crate) async fn discard(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    target: &Target<'_>,
) -> Result<(), Error> {
    former_names::carry_over(tx, app, ctx, target.identifier).await?;
    Ok(codes::discard(tx, &target.key(app, ctx)).await?)
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

fn hash_of(app: &App, key: &CodeKey, code: &SecretString) -> KeyedHash {
    app.vault
        .keyed(Label::Code, &hashed(key, &key.subject, code))
}

/// Compares a code with what is kept of the right one, whichever master key that was kept under.
fn is_right(
    app: &App,
    key: &CodeKey,
    identifier: &Identifier,
    code: &SecretString,
    kept: &[u8],
) -> bool {
    let current = constant_time_eq(hash_of(app, key, code).as_bytes(), kept);
    let former = former_names::former_subject(app, identifier)
        .and_then(|subject| {
            let parts = hashed(key, &subject, code);
            app.vault.keyed_previous(Label::Code, &parts)
        })
        .is_some_and(|hash| constant_time_eq(hash.as_bytes(), kept));
    current | former
}

fn hashed<'a>(key: &'a CodeKey, subject: &'a str, code: &'a SecretString) -> [&'a [u8]; 4] {
    [
        key.purpose.as_str().as_bytes(),
        subject.as_bytes(),
        key.context.as_bytes(),
        code.expose_secret().as_bytes(),
    ]
}

/// Tells a code that died of wrong guesses from one that has ended; once its cool-down is over, both have ended.
async fn why_dead(tx: &mut WriteTx, ctx: &Ctx, key: &CodeKey) -> Result<Refusal, Error> {
    let Some(code) = codes::state(tx, key, ctx.now).await? else {
        return Ok(Rejection::CodeExpired.into());
    };
    let live = code.spent_at.is_none() && code.expires_at > ctx.now;
    let wait = code.cooldown_until.since(ctx.now);
    if live && !wait.is_zero() {
        Ok(Refusal::after(Rejection::CodeExhausted, wait))
    } else {
        Ok(Rejection::CodeExpired.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_6_6_3_codes_grow_with_the_wrong_guesses_of_a_day() {
        let asker = |known, wrong_guesses| Asker {
            known,
            wrong_guesses,
        };
        let length = |asker: Asker, escalation| asker.length(6, escalation);
        for (wrong, digits) in [(0, 6), (29, 6), (30, 8), (59, 8), (60, 10), (10_000, 10)] {
            assert_eq!(
                length(asker(false, wrong), Escalation::Length),
                Some(digits)
            );
            assert_eq!(length(asker(true, wrong), Escalation::Length), Some(6));
            assert_eq!(length(asker(false, wrong), Escalation::Off), Some(6));
        }
        assert_eq!(length(asker(false, 99), Escalation::Refuse), Some(10));
        assert_eq!(length(asker(false, 100), Escalation::Refuse), None);
        assert_eq!(length(asker(true, 100), Escalation::Refuse), Some(6));
        assert_eq!(asker(false, 30).length(9, Escalation::Length), Some(9));
    }
}
