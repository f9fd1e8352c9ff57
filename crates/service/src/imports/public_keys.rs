//! The public keys of the service with one-time codes: they stay readable under the numbers that they had.
//!
//! They verify nothing here. Where the database is new they come in before Doorward makes a key of its own, which then
//! gets the number that follows; a private key that was brought along keeps the number that it had.

use super::Rehearsal;
use super::report::{NotTaken, Problem};
use crate::Fault;
use doorward_crypto::{Algorithm, PublicKey};
use doorward_domain::{KeyVersion, Timestamp};
use doorward_store::keys::{self, ForeignKey, KeyRow};
use doorward_store::source::PublicKey as SourceKey;
use doorward_store::{Store, WriteTx};

/// What came of the public keys.
#[derive(Clone, Debug, Default)]
pub struct KeyReport {
    /// Taken now.
    pub taken: u64,
    /// Here already, under the same number or another.
    pub known: u64,
    /// Those that were not taken.
    pub not_taken: Vec<NotTaken>,
}

/// The algorithms that a public key can be for; an RSA key says the same of the two that it can be for.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

/// Takes the public keys of another service over.
pub async fn adopt_public_keys(
    store: &Store,
    rows: &[SourceKey],
    rehearsal: Rehearsal,
    now: Timestamp,
) -> Result<KeyReport, Fault> {
    let mut report = KeyReport::default();
    let mut tx = store.write().await?;
    for row in rows {
        match parse(row) {
            Ok(key) => adopt(&mut tx, &key, now, &mut report).await?,
            Err(why) => {
                let key = NotTaken::new(&row.row_key, Problem::Unreadable, why);
                report.not_taken.push(key);
            }
        }
    }
    if rehearsal == Rehearsal::No {
        tx.commit().await?;
    }
    Ok(report)
}

struct Versioned {
    version: KeyVersion,
    key: PublicKey,
}

fn parse(row: &SourceKey) -> Result<Versioned, String> {
    let version: i64 = row
        .row_key
        .parse()
        .map_err(|_| "its version is no number".to_owned())?;
    if version < 1 {
        return Err("versions of public keys count from 1".to_owned());
    }
    let pem = row.public_key.as_deref().unwrap_or_default();
    let key = ALGORITHMS
        .iter()
        .find_map(|algorithm| PublicKey::from_pem(pem, *algorithm).ok())
        .ok_or("it is no public key in PEM that could be used: RSA of 2048 bits, P-256, Ed25519")?;
    Ok(Versioned {
        version: KeyVersion(version),
        key,
    })
}

async fn adopt(
    tx: &mut WriteTx,
    versioned: &Versioned,
    now: Timestamp,
    report: &mut KeyReport,
) -> Result<(), Fault> {
    let Versioned { version, key } = versioned;
    let known = keys::list(tx).await?;
    if known.iter().any(|row| is_same(row, key)) {
        report.known += 1;
        return Ok(());
    }
    let foreign = ForeignKey {
        version: *version,
        algorithm: key.algorithm().to_string(),
        public_pem: key.to_pem(),
        created_at: now,
    };
    if keys::insert_foreign(tx, &foreign).await? {
        report.taken += 1;
    } else {
        report.not_taken.push(NotTaken::new(
            &version.to_string(),
            Problem::Conflict,
            "another key has this version here",
        ));
    }
    Ok(())
}

/// Whether both are the same key, whatever it is used for.
fn is_same(row: &KeyRow, key: &PublicKey) -> bool {
    ALGORITHMS
        .iter()
        .chain([&Algorithm::Ps256])
        .filter_map(|algorithm| PublicKey::from_pem(&row.public_pem, *algorithm).ok())
        .any(|known| known.to_spki_der() == key.to_spki_der())
}
