//! The files of users of the service with e-mailed codes: `user-files/<number>/<name>` there.
//!
//! Each is copied once. What a user has deleted here since does not come back, and what has the same name here stays.

use super::Rehearsal;
use super::report::{FileReport, NotTaken, Problem};
use crate::files::{self, Upload, kinds};
use crate::ports::ByteStream;
use crate::{Ctx, Error, Fault, SharedApp};
use doorward_domain::{FileName, UserId};
use doorward_store::{files as rows, imports, users};
use futures_util::future::BoxFuture;
use std::collections::HashSet;
use std::io;

/// A file where it was kept before.
pub struct OldObject {
    /// Its media type, where it is known.
    pub content_type: Option<String>,
    /// Its bytes.
    pub content: ByteStream,
}

/// Where a service kept its users' files.
pub trait OldObjects: Send + Sync {
    /// The names of the files of the user with that number; none where there are none.
    fn names<'a>(&'a self, old_id: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>>;

    /// One of them.
    fn open<'a>(&'a self, old_id: &'a str, name: &'a str) -> BoxFuture<'a, io::Result<OldObject>>;
}

/// Copies files.
pub(super) struct Copying<'a> {
    pub(super) app: &'a SharedApp,
    pub(super) ctx: &'a Ctx,
    pub(super) objects: &'a dyn OldObjects,
    pub(super) rehearsal: Rehearsal,
}

impl Copying<'_> {
    /// Copies what has not been copied of one user's files.
    pub(super) async fn copy(
        &self,
        old_id: &str,
        user: UserId,
        report: &mut FileReport,
    ) -> Result<(), Error> {
        let names = self.objects.names(old_id).await;
        let names = names.map_err(Fault::unavailable)?;
        if names.is_empty() {
            return Ok(());
        }
        let mut tx = self.app.read().await?;
        let copied: HashSet<String> = imports::files(&mut tx, old_id).await?.into_iter().collect();
        let row = users::by_id(&mut tx, user).await?;
        drop(tx);
        // In a rehearsal a user who would be new is not there.
        let gone = row.as_ref().is_some_and(|row| row.deleted_at.is_some())
            || (row.is_none() && self.rehearsal == Rehearsal::No);
        for name in names.iter().filter(|_| !gone) {
            if copied.contains(name) {
                report.kept += 1;
                continue;
            }
            match self.copy_one(old_id, user, name).await? {
                Copied::Now => report.copied += 1,
                Copied::Before => report.kept += 1,
                Copied::Not(problem, why) => {
                    let place = format!("user-files/{old_id}/{name}");
                    report.not_taken.push(NotTaken::new(&place, problem, why));
                }
            }
        }
        Ok(())
    }

    async fn copy_one(&self, old_id: &str, user: UserId, name: &str) -> Result<Copied, Error> {
        let file = match FileName::parse(name) {
            Ok(file) => file,
            Err(error) => return Ok(Copied::Not(Problem::Unreadable, error.to_string())),
        };
        let mut tx = self.app.read().await?;
        let there = rows::by_name(&mut tx, user, &file).await?;
        drop(tx);
        if there.is_some() {
            return Ok(Copied::Before);
        }
        if self.rehearsal == Rehearsal::Yes {
            return Ok(Copied::Now);
        }
        let object = match self.objects.open(old_id, name).await {
            Ok(object) => object,
            Err(error) => return Ok(Copied::Not(Problem::Unreadable, error.to_string())),
        };
        let upload = Upload {
            content_type: object
                .content_type
                .unwrap_or_else(|| kinds::by_name(name).to_owned()),
            name: file,
            content: object.content,
        };
        match files::store(self.app, self.ctx, user, upload).await {
            Ok(_) => {}
            Err(Error::Rejected(refusal)) => {
                let why = refusal.rejection.title().trim_end_matches('.').to_owned();
                return Ok(Copied::Not(Problem::Unreadable, why));
            }
            Err(fault) => return Err(fault),
        }
        let mut tx = self.app.write().await?;
        imports::note_file(&mut tx, old_id, name, self.app.now()).await?;
        tx.commit().await?;
        Ok(Copied::Now)
    }
}

enum Copied {
    Now,
    Before,
    Not(Problem, String),
}
