//! Certificates by ACME (RFC 8555): what was issued, when the next is due, and what became of the last order.
//!
//! Who talks to the authority is outside; here is what all replicas agree on. Keys rest sealed. One process orders for
//! all, the one that holds [`crate::leases::Duty::Certificates`]; the others find what it got in the database.

mod challenges;

pub use challenges::{ChallengeKind, Offer, answer_over_http, answer_over_tls, offer, withdraw};

use crate::audit::{self, Event};
use crate::settings::Certificates;
use crate::worker::internal_ctx;
use crate::{App, Error, Fault, SharedApp};
use doorward_domain::{Span, Timestamp};
use doorward_store::certificates::{self as rows, CertificateRow, FailureRow};
use secrecy::{ExposeSecret, SecretSlice};

/// How long after the first failure an order is tried again; each further one takes four times as long. Authorities
/// count failures by the hour, so the second try comes soon and the fifth does not.
const FIRST_RETRY_MILLIS: i64 = 60_000;

/// The longest wait between two orders.
const LONGEST_RETRY_MILLIS: i64 = 6 * 3_600_000;

/// What an authority says of a failure is kept to this length.
const PROBLEM_LENGTH: usize = 500;

/// A certificate chain and its key.
pub struct Pair {
    /// PEM, the leaf first.
    pub chain_pem: String,
    /// PKCS#8 in DER.
    pub key_der: SecretSlice<u8>,
    /// When it was issued: another moment says that it is another pair.
    pub issued_at: Timestamp,
    /// The end of its validity.
    pub expires_at: Timestamp,
}

/// What an order brought.
pub struct Issued {
    /// PEM, the leaf first.
    pub chain_pem: String,
    /// PKCS#8 in DER.
    pub key_der: SecretSlice<u8>,
    /// The beginning of its validity.
    pub valid_from: Timestamp,
    /// The end of its validity.
    pub expires_at: Timestamp,
}

/// How things stand, for those who watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The end of the certificate for exactly the configured names, where there is one.
    pub expires_at: Option<Timestamp>,
    /// The orders that failed since the last that did not, where there are any.
    pub failures: Option<Failures>,
}

/// Orders that failed one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// When the next is tried.
    pub retry_at: Timestamp,
    /// What the last of them failed of, in the words of the authority: for operators alone.
    pub problem: String,
}

/// What is configured, or a fault where nothing is.
fn wanted(app: &App) -> Result<&Certificates, Fault> {
    let wanted = app.settings.certificates.as_ref();
    wanted.ok_or_else(|| Fault::internal("no certificates by ACME are configured"))
}

/// The pair to show: the one for exactly the configured names; where there is none yet, since names or authority were
/// changed, the one that was issued last and is still good.
pub async fn to_show(app: &SharedApp) -> Result<Option<Pair>, Error> {
    let wanted = wanted(app)?;
    let now = app.now();
    let all = rows::list(&mut app.read().await?).await?;
    let exact = all.iter().position(|row| wanted.are_of(row));
    let row = match exact {
        Some(index) => all.into_iter().nth(index),
        None => all.into_iter().find(|row| row.expires_at > now),
    };
    Ok(row.map(|row| open(app, row)).transpose()?)
}

fn open(app: &App, row: CertificateRow) -> Result<Pair, Fault> {
    let key = app.vault.open(&key_place(&row), &row.key_sealed)?;
    Ok(Pair {
        key_der: SecretSlice::from(key.to_vec()),
        chain_pem: row.chain_pem,
        issued_at: row.issued_at,
        expires_at: row.expires_at,
    })
}

/// Whether an order is due now, and how many have failed before it.
pub async fn due(app: &SharedApp) -> Result<Option<u64>, Error> {
    let now = app.now();
    let (row, failure) = read(app).await?;
    let renewed = row.is_some_and(|row| row.renew_at > now);
    let waits = failure
        .as_ref()
        .is_some_and(|failure| failure.retry_at > now);
    let failed = failure.map_or(0, |failure| failure.count);
    Ok((!renewed && !waits).then(|| u64::try_from(failed).unwrap_or_default()))
}

async fn read(app: &App) -> Result<(Option<CertificateRow>, Option<FailureRow>), Fault> {
    let wanted = wanted(app)?;
    let mut tx = app.read().await?;
    let all = rows::list(&mut tx).await?;
    let failure = rows::failure(&mut tx, &wanted.directory, &wanted.names()).await?;
    Ok((all.into_iter().find(|row| wanted.are_of(row)), failure))
}

/// How things stand; nothing where no certificates are configured.
pub async fn state(app: &SharedApp) -> Result<Option<State>, Error> {
    if app.settings.certificates.is_none() {
        return Ok(None);
    }
    let (row, failure) = read(app).await?;
    Ok(Some(State {
        expires_at: row.map(|row| row.expires_at),
        failures: failure.map(|failure| Failures {
            count: failure.count,
            retry_at: failure.retry_at,
            problem: failure.problem,
        }),
    }))
}

/// What an operator should know of the certificates: nothing while all is well. Says no word of the authority's, since
/// anybody may read it.
pub(crate) async fn notice(app: &SharedApp) -> Option<String> {
    let state = state(app).await.ok()??;
    let now = app.now();
    match (state.expires_at, state.failures) {
        (Some(end), _) if end <= now => Some(format!(
            "the certificate expired at {}; the log and `doorward doctor` say why there is no new one",
            end.to_rfc3339()
        )),
        (Some(end), Some(_)) => Some(format!(
            "the certificate could not be renewed so far; it expires at {}",
            end.to_rfc3339()
        )),
        (None, Some(_)) => Some("no certificate could be had so far; the log says why".to_owned()),
        (None, None) => Some("the first certificate is not there yet".to_owned()),
        (Some(_), None) => None,
    }
}

/// The account at the authority, as it was given to [`keep_account`].
pub async fn account(app: &SharedApp) -> Result<Option<SecretSlice<u8>>, Error> {
    let directory = &wanted(app)?.directory;
    let sealed = rows::account(&mut app.read().await?, directory).await?;
    let Some(sealed) = sealed else {
        return Ok(None);
    };
    let opened = app
        .vault
        .open(&account_place(directory), &sealed)
        .map_err(Fault::from)?;
    Ok(Some(SecretSlice::from(opened.to_vec())))
}

/// Keeps the account, sealed.
pub async fn keep_account(app: &SharedApp, account: &SecretSlice<u8>) -> Result<(), Error> {
    let directory = &wanted(app)?.directory;
    let place = account_place(directory);
    let sealed = app
        .vault
        .seal(&app.entropy, &place, account.expose_secret());
    let mut tx = app.write().await?;
    rows::keep_account(&mut tx, directory, &sealed, app.now()).await?;
    Ok(tx.commit().await?)
}

/// Keeps what an order brought, and forgets the failures and challenges before it.
pub async fn keep(app: &SharedApp, issued: Issued) -> Result<(), Error> {
    let wanted = wanted(app)?;
    let ctx = internal_ctx(app);
    let mut row = CertificateRow {
        directory: wanted.directory.clone(),
        names: wanted.names(),
        chain_pem: issued.chain_pem,
        key_sealed: Vec::new(),
        issued_at: ctx.now,
        renew_at: renew_at(app, issued.valid_from, issued.expires_at),
        expires_at: issued.expires_at,
    };
    row.key_sealed = app.vault.seal(
        &app.entropy,
        &key_place(&row),
        issued.key_der.expose_secret(),
    );
    let mut tx = app.write().await?;
    rows::keep(&mut tx, &row).await?;
    rows::purge(&mut tx, ctx.now).await?;
    rows::forget_failures(&mut tx).await?;
    rows::withdraw(&mut tx).await?;
    audit::record(
        &mut tx,
        app,
        &ctx,
        Event::CertificateIssued,
        audit::Subject::default(),
    )
    .await?;
    Ok(tx.commit().await?)
}

/// After two thirds of the validity, or up to a fiftieth of it earlier, so that those who began together do not all come
/// back together.
fn renew_at(app: &App, from: Timestamp, until: Timestamp) -> Timestamp {
    let lifetime = until.since(from).as_millis();
    let most = u64::try_from(lifetime / 50).unwrap_or_default();
    let earlier = i64::try_from(app.entropy.below(most + 1)).unwrap_or_default();
    Timestamp::from_millis(from.as_millis() + lifetime / 3 * 2 - earlier)
}

/// Notes that an order failed, and gives the wait until the next.
pub async fn note_failure(app: &SharedApp, problem: &str) -> Result<Span, Error> {
    let wanted = wanted(app)?;
    let now = app.now();
    let (directory, names) = (wanted.directory.clone(), wanted.names());
    let before = rows::failure(&mut app.read().await?, &directory, &names).await?;
    let count = before.map_or(0, |failure| failure.count).saturating_add(1);
    let wait = retry_after(count, u64::from_le_bytes(app.entropy.bytes()));
    let failure = FailureRow {
        directory,
        names,
        count,
        retry_at: now + wait,
        problem: shown(problem),
    };
    let mut tx = app.write().await?;
    rows::note_failure(&mut tx, &failure).await?;
    rows::withdraw(&mut tx).await?;
    tx.commit().await?;
    Ok(wait)
}

/// One minute, four times as long after each further failure, up to six hours, give or take a quarter.
fn retry_after(failures: i64, jitter: u64) -> Span {
    let quadruplings = u32::try_from(failures.clamp(1, 10) - 1).unwrap_or_default();
    let millis = FIRST_RETRY_MILLIS
        .saturating_mul(4_i64.saturating_pow(quadruplings))
        .min(LONGEST_RETRY_MILLIS);
    let quarter = millis / 4;
    let shift = i64::try_from(jitter % (2 * quarter.unsigned_abs() + 1)).unwrap_or_default();
    Span::millis(u32::try_from(millis - quarter + shift).unwrap_or(u32::MAX))
}

/// A text of somebody else's, in one line of bounded length.
fn shown(problem: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    problem.chars().map(plain).take(PROBLEM_LENGTH).collect()
}

/// Seals anew, under the current master key, what the one before sealed; gives how many there were.
pub(crate) async fn reseal(app: &App) -> Result<u64, Fault> {
    let mut resealed = 0;
    let mut tx = app.write().await?;
    for (directory, sealed) in rows::accounts(&mut tx).await? {
        let place = account_place(&directory);
        if app.vault.needs_reseal(&place, &sealed) {
            let opened = app.vault.open(&place, &sealed)?;
            let anew = app.vault.seal(&app.entropy, &place, &opened);
            rows::keep_account(&mut tx, &directory, &anew, app.now()).await?;
            resealed += 1;
        }
    }
    for mut row in rows::list(&mut tx).await? {
        let place = key_place(&row);
        if app.vault.needs_reseal(&place, &row.key_sealed) {
            let opened = app.vault.open(&place, &row.key_sealed)?;
            row.key_sealed = app.vault.seal(&app.entropy, &place, &opened);
            rows::keep(&mut tx, &row).await?;
            resealed += 1;
        }
    }
    tx.commit().await?;
    Ok(resealed)
}

fn account_place(directory: &str) -> String {
    format!("acme_accounts/{directory}")
}

fn key_place(row: &CertificateRow) -> String {
    format!("certificates/{}/{}", row.directory, row.names)
}

impl Certificates {
    /// The names as one text.
    fn names(&self) -> String {
        self.domains.join(",")
    }

    fn are_of(&self, row: &CertificateRow) -> bool {
        row.directory == self.directory && row.names == self.names()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_order_comes_soon_and_the_fifth_does_not() {
        let minutes =
            |failures| retry_after(failures, FIRST_RETRY_MILLIS.unsigned_abs()).as_seconds() / 60;
        for jitter in [0, 7_777_777, u64::MAX] {
            assert!(retry_after(1, jitter) <= Span::seconds(75));
            assert!(retry_after(1, jitter) >= Span::seconds(45));
            assert!(retry_after(4, jitter) >= Span::minutes(48));
            assert!(retry_after(99, jitter) <= Span::minutes(450));
        }
        assert!(minutes(1) <= minutes(2) && minutes(2) <= minutes(3));
    }

    #[test]
    fn sec_16_4_1_a_problem_of_an_authority_stays_on_one_line() {
        assert_eq!(shown("a\r\nb\u{1b}[0m"), "a  b [0m");
        assert_eq!(shown(&"x".repeat(9_999)).len(), PROBLEM_LENGTH);
    }
}
