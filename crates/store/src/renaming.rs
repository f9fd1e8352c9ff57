//! Rows that are found by a keyed hash, when the key changes: what was remembered under one name goes on under another.

use crate::{Result, WriteTx};

const TABLE: &str = "codes";

/// A keyed hash by the key before, and by the one that follows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Renamed {
    pub from: String,
    pub to: String,
}

/// Gives the codes and counters of a subject another name. What is there under the new one already stays as it is.
pub async fn subject(tx: &mut WriteTx, name: &Renamed) -> Result<()> {
    let Renamed { from, to } = name;
    on!(tx, c => sqlx::query(
        "UPDATE codes SET subject = $2 WHERE subject = $1 AND NOT EXISTS (SELECT 1 FROM codes AS taken \
         WHERE taken.purpose = codes.purpose AND taken.subject = $2 AND taken.context = codes.context \
         AND taken.network = codes.network)",
    )
    .bind(from)
    .bind(to)
    .execute(c)
    .await
    .map(drop))?;
    on!(tx, c => sqlx::query(
        "UPDATE password_tries SET subject = $2 WHERE subject = $1 AND NOT EXISTS \
         (SELECT 1 FROM password_tries AS taken WHERE taken.subject = $2 AND taken.source = password_tries.source)",
    )
    .bind(from)
    .bind(to)
    .execute(c)
    .await
    .map(drop))?;
    on!(tx, c => sqlx::query(
        "UPDATE wrong_guesses SET subject = $2 WHERE subject = $1 AND NOT EXISTS \
         (SELECT 1 FROM wrong_guesses AS taken WHERE taken.subject = $2 AND taken.hour = wrong_guesses.hour)",
    )
    .bind(from)
    .bind(to)
    .execute(c)
    .await
    .map(drop))
}

/// Gives a network another name in the codes of a subject.
pub async fn network(tx: &mut WriteTx, subject: &str, name: &Renamed) -> Result<()> {
    on!(tx, c => sqlx::query(
        "UPDATE codes SET network = $3 WHERE subject = $1 AND network = $2 AND NOT EXISTS \
         (SELECT 1 FROM codes AS taken WHERE taken.purpose = codes.purpose AND taken.subject = $1 \
         AND taken.context = codes.context AND taken.network = $3)",
    )
    .bind(subject)
    .bind(&name.from)
    .bind(&name.to)
    .execute(c)
    .await
    .map(drop))
}
