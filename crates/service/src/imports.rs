//! Taking over the users of the documented services.
//!
//! What a row means is said by its family (`services`), once, in one shape; what becomes of that shape is decided in
//! one place (`deciding`) for all five. Nothing is written to the other service.
//!
//! Invariants: a row that was taken is remembered, so that running again changes nothing that has not changed there;
//! what somebody has changed here since is never overwritten. Rows are taken in short transactions, each whole or not
//! at all, so that an import that breaks goes on where it stopped when it is run again, and a running server is not
//! kept waiting.

mod deciding;
mod digest;
mod earlier;
mod joining;
mod objects;
mod old_ids;
mod public_keys;
mod reading;
mod report;
mod services;

pub use objects::{OldObject, OldObjects};
pub use old_ids::{OldId, OldIdError, find, old_ids};
pub use public_keys::{KeyReport, adopt_public_keys};
pub use report::{FileReport, NotTaken, Problem, Report, Skipped};

use crate::{Ctx, Error, Fault, SharedApp};
use deciding::{Desk, Outcome};
use digest::Digests;
use doorward_domain::{Family, SessionId, UserId};
use doorward_store::Engine;
use doorward_store::source::{Source, SourceError, SourceUser};
use earlier::Earlier;
use reading::Reading;
use std::time::Instant;

/// Rows that share a transaction: about as many milliseconds that others who write may have to wait.
const TOGETHER: usize = 32;

/// What becomes of a row whose identifier somebody here has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamePerson {
    /// It is a conflict, whoever that is.
    Report,
    /// It is added to them, where both have proven the same address.
    Join,
}

/// Whether anything is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rehearsal {
    /// Nothing is: everything is done but the commit.
    Yes,
    /// All is.
    No,
}

/// How to import.
pub struct Options<'a> {
    /// What becomes of a row whose identifier somebody here has.
    pub same_person: SamePerson,
    /// Whether anything is kept.
    pub rehearsal: Rehearsal,
    /// Where the users' files are, if they are to be copied.
    pub objects: Option<&'a dyn OldObjects>,
}

impl From<SourceError> for Fault {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Database(error) => Self::unavailable(FromThere(error)),
            other => Self::internal(other),
        }
    }
}

/// So that a failure of the other database is not taken for one of ours.
#[derive(Debug, thiserror::Error)]
#[error("the database of the other service failed")]
struct FromThere(#[source] doorward_store::Error);

/// Takes over every row that can be. `watch` hears of the progress after each few rows.
pub async fn run(
    app: &SharedApp,
    ctx: &Ctx,
    source: &mut Source,
    options: &Options<'_>,
    watch: &mut (dyn FnMut(&Report) + Send),
) -> Result<Report, Error> {
    let mut import = Import {
        app,
        ctx: Ctx {
            family: source.family(),
            ..ctx.clone()
        },
        options,
        earlier: Earlier::default(),
        report: Report::default(),
    };
    loop {
        let page = source.page().await.map_err(SourceError::from);
        let page = page.map_err(Fault::from)?;
        if page.is_empty() {
            return Ok(import.report);
        }
        for rows in page.chunks(TOGETHER) {
            import.take(rows).await?;
            watch(&import.report);
        }
    }
}

/// A row of another service, read.
struct Item {
    source_id: String,
    reading: Result<Reading, String>,
    digests: Digests,
}

struct Import<'a> {
    app: &'a SharedApp,
    ctx: Ctx,
    options: &'a Options<'a>,
    earlier: Earlier,
    report: Report,
}

impl Import<'_> {
    async fn take(&mut self, rows: &[SourceUser]) -> Result<(), Error> {
        let started = Instant::now();
        let items: Vec<Item> = rows.iter().map(|row| self.read(row)).collect();
        for (item, outcome) in items.iter().zip(self.decide(&items).await?) {
            let user = outcome.user();
            self.report.add(&item.source_id, outcome);
            if let (Some(user), Some(objects)) = (user, self.options.objects) {
                self.copy_files(objects, &item.source_id, user).await?;
            }
        }
        self.let_others_write(started).await;
        Ok(())
    }

    fn read(&self, row: &SourceUser) -> Item {
        let reading = services::read(row);
        Item {
            source_id: row.key().to_owned(),
            digests: Digests::of(self.app, self.ctx.family, reading.as_ref().ok()),
            reading,
        }
    }

    /// Decides about all of them in one transaction; where that breaks, about each in one of its own, since one that
    /// lost a race against a running server takes the others down with it.
    async fn decide(&mut self, items: &[Item]) -> Result<Vec<Outcome>, Error> {
        if let Ok(outcomes) = self.decide_together(items).await {
            return Ok(outcomes);
        }
        let mut outcomes = Vec::with_capacity(items.len());
        for item in items {
            outcomes.extend(self.decide_together(std::slice::from_ref(item)).await?);
        }
        Ok(outcomes)
    }

    async fn decide_together(&mut self, items: &[Item]) -> Result<Vec<Outcome>, Error> {
        self.earlier.forget_unfinished();
        self.ctx.now = self.app.now();
        let mut tx = self.app.write().await?;
        let mut ended: Vec<SessionId> = Vec::new();
        let mut outcomes = Vec::with_capacity(items.len());
        for item in items {
            let mut desk = Desk {
                tx: &mut tx,
                app: self.app,
                ctx: &self.ctx,
                same_person: self.options.same_person,
                earlier: &mut self.earlier,
                ended: &mut ended,
            };
            outcomes.push(desk.decide(item).await?);
        }
        match self.options.rehearsal {
            Rehearsal::No => {
                tx.commit().await?;
                self.app.caches.forget_sessions(&ended);
            }
            Rehearsal::Yes => self.earlier.finish(),
        }
        Ok(outcomes)
    }

    async fn copy_files(
        &mut self,
        objects: &dyn OldObjects,
        source_id: &str,
        user: UserId,
    ) -> Result<(), Error> {
        if self.ctx.family != Family::Verified {
            return Ok(());
        }
        let copying = objects::Copying {
            app: self.app,
            ctx: &self.ctx,
            objects,
            rehearsal: self.options.rehearsal,
        };
        copying.copy(source_id, user, &mut self.report.files).await
    }

    /// An SQLite file has one writer at a time, and those of other processes look now and then whether it is free: it
    /// is, for half of the time.
    async fn let_others_write(&self, started: Instant) {
        if self.app.store.engine() == Engine::Sqlite && self.options.rehearsal == Rehearsal::No {
            tokio::time::sleep(started.elapsed()).await;
        }
    }
}
