//! Passwords on their way from a person to the hashing pool.

mod guessable;

use crate::{Error, Fault, SharedApp};
use doorward_crypto::{Password, PoolError, Verdict};
use doorward_domain::{PasswordFault, PasswordRules, Rejection, Span, TRACED};
use metrics::{counter, histogram};
use secrecy::{ExposeSecret, SecretString};
use std::time::Instant;
use tracing::{Instrument, info_span};
use unicode_normalization::UnicodeNormalization;

/// The strict policy: 8 to 128 code points of anything. What is refused beside that is being common.
pub const STRICT: PasswordRules = PasswordRules {
    min: 8,
    max: 128,
    mixed: false,
};

/// A full queue is worked off in a few seconds.
const BUSY_WAIT: Span = Span::seconds(2);

/// A password that may be set: it keeps the rules of the surface that it came through.
#[derive(Clone, Debug)]
pub struct NewPassword(SecretString);

impl NewPassword {
    /// Checks a password against the rules of where it is set.
    pub fn parse(password: SecretString, rules: &PasswordRules) -> Result<Self, PasswordFault> {
        rules.check(password.expose_secret())?;
        Ok(Self(password))
    }
}

/// The hash to store for a new password. Under the strict policy common ones and those made of `names`, what the user is
/// called, are refused.
pub(crate) async fn hash(
    app: &SharedApp,
    password: &NewPassword,
    names: &[&str],
) -> Result<String, Error> {
    if app.settings.password.strict {
        let service = std::iter::once(app.settings.server_name.as_str());
        let context: Vec<&str> = service.chain(names.iter().copied()).collect();
        if guessable::is_guessable(password.0.expose_secret(), &context) {
            return Err(Rejection::PasswordCommon.into());
        }
    }
    hash_known(app, &password.0).await
}

/// A new hash for a password that was just found right, made as is configured now.
pub(crate) async fn hash_known(app: &SharedApp, password: &SecretString) -> Result<String, Error> {
    measured("hash", app.hasher.hash(canonical(password))).await
}

/// Whether the password is right. `stored: None` costs the same and is never right.
pub(crate) async fn verify(
    app: &SharedApp,
    password: &SecretString,
    stored: Option<String>,
) -> Result<Verdict, Error> {
    let password = canonical(password).typed_as(password.clone());
    let verified = app.hasher.verify(password, stored.map(SecretString::from));
    measured("verify", verified).await
}

/// Waits for the pool, its queue included.
async fn measured<T>(
    operation: &'static str,
    work: impl Future<Output = Result<T, PoolError>>,
) -> Result<T, Error> {
    let began = Instant::now();
    let outcome = work
        .instrument(info_span!(target: TRACED, "password", operation))
        .await;
    if let Err(PoolError::Busy) = outcome {
        counter!("doorward_hashing_refused_total").increment(1);
    } else {
        histogram!("doorward_hashing_seconds", "operation" => operation).record(began.elapsed());
    }
    outcome.map_err(pool_error)
}

/// NFC, once: the same password typed on two keyboards is the same bytes.
fn canonical(password: &SecretString) -> Password {
    Password::new(SecretString::from(
        password.expose_secret().nfc().collect::<String>(),
    ))
}

fn pool_error(error: PoolError) -> Error {
    match error {
        PoolError::Busy => crate::Refusal::after(Rejection::HashingBusy, BUSY_WAIT).into(),
        PoolError::Rejected(_) | PoolError::Failed => Fault::internal(error).into(),
    }
}
