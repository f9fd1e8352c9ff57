//! The one connection that writes, and commits that are shared.
//!
//! A durable commit costs a flush of the disk, however much is in it. So use cases that wait for the writer together
//! share one: each runs in the open transaction, the next in a savepoint of its own, and one `COMMIT` answers them all.
//!
//! The writer is a fair lock. Who finishes a use case while nobody waits commits at once. Else the first of a group starts a
//! flusher, which queues behind those who wait already, commits and answers. A group ends at 64 members or after 5 ms.
//!
//! Invariants: nobody is answered before the commit that holds their work has returned; a failed commit fails all of its
//! members; a use case that is given up is rolled back alone; whatever a task does that is cancelled half-way, the next
//! to hold the pen finds either a clean transaction or none. Where the state of the connection is in doubt, the
//! connection is closed (which rolls back) and opened anew.

use crate::changes::Version;
use crate::error::Source;
use crate::{Error, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

/// The most use cases that share a commit.
const GROUP_SIZE: usize = 64;
/// How long a transaction stays open for others to join: what a caller waits at most beside its own work, and what another
/// process waits for the file.
const GROUP_TIME: Duration = Duration::from_millis(5);

/// The fair lock in front of the connection that writes.
pub(super) struct Writer {
    pen: Arc<Mutex<Pen>>,
    queue: AtomicUsize,
    patience: Duration,
}

/// What the lock protects.
struct Pen {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
    /// Counts the connections.
    number: u64,
    /// Since when a transaction is open. While nobody holds the pen that is so exactly when it has members.
    opened: Option<Instant>,
    members: Vec<oneshot::Sender<std::result::Result<(), Source>>>,
    /// A use case was given up and not yet rolled back.
    torn: bool,
    closed: bool,
    /// [`GROUP_TIME`], except in tests of what happens within it.
    group_time: Duration,
}

/// One use case at the writer. Dropping it rolls the use case back.
pub(crate) struct Turn {
    writer: Arc<Writer>,
    /// Taken when the turn ends.
    pen: Option<OwnedMutexGuard<Pen>>,
    place: Place,
}

/// Where a use case stands in the transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not in it.
    Outside,
    /// It opened the transaction, which holds nothing else.
    First,
    /// Its savepoint has been asked for and may or may not be there. Nothing was written.
    Entering,
    /// In its savepoint.
    Entered,
}

/// Counts somebody who waits for the pen.
struct Waiting<'a>(&'a AtomicUsize);

/// The answer of a group was lost with the task that owed it.
#[derive(Debug, thiserror::Error)]
#[error("the commit was given up")]
struct CommitLost;

impl Writer {
    pub(super) async fn open(
        options: SqliteConnectOptions,
        patience: Duration,
    ) -> Result<Arc<Self>> {
        let mut pen = Pen {
            options,
            connection: None,
            number: 0,
            opened: None,
            members: Vec::new(),
            torn: false,
            closed: false,
            group_time: GROUP_TIME,
        };
        pen.connect().await?;
        Ok(Arc::new(Self {
            pen: Arc::new(Mutex::new(pen)),
            queue: AtomicUsize::new(0),
            patience,
        }))
    }

    /// Waits for the pen and enters the open transaction, or opens one.
    pub(super) async fn turn(self: &Arc<Self>) -> Result<Turn> {
        let waiting = Waiting::new(&self.queue);
        let pen = tokio::time::timeout(self.patience, self.pen.clone().lock_owned())
            .await
            .map_err(|_| Error::unavailable(sqlx::Error::PoolTimedOut))?;
        drop(waiting);
        let mut turn = Turn {
            writer: self.clone(),
            pen: Some(pen),
            place: Place::Outside,
        };
        turn.enter().await?;
        Ok(turn)
    }

    /// How often others have committed. The connection that writes counts none of its own commits.
    pub(super) async fn version(&self) -> Result<Version> {
        let mut pen = tokio::time::timeout(self.patience, self.pen.lock())
            .await
            .map_err(|_| Error::unavailable(sqlx::Error::PoolTimedOut))?;
        if pen.torn {
            pen.abandon(Arc::new(CommitLost)).await;
        }
        pen.connect().await?;
        let number = pen.number;
        let connection = pen.connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        let commits = sqlx::query_scalar("PRAGMA data_version")
            .fetch_one(connection)
            .await?;
        Ok(Version {
            connection: number,
            commits,
        })
    }

    pub(super) async fn close(&self) {
        let mut pen = self.pen.lock().await;
        pen.flush().await;
        pen.closed = true;
        if let Some(connection) = pen.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database file was not closed cleanly");
        }
    }
}

impl Turn {
    /// Answers when the commit that this use case is in has returned. Going away meanwhile changes nothing.
    pub(super) async fn commit(self) -> Result<()> {
        let (member, answer) = oneshot::channel();
        tokio::spawn(self.finish(member));
        match answer.await {
            Ok(outcome) => outcome.map_err(Error::Unavailable),
            Err(_) => Err(Error::unavailable(CommitLost)),
        }
    }

    async fn enter(&mut self) -> Result<()> {
        let Some(pen) = self.pen.as_deref_mut() else {
            return Ok(());
        };
        if pen.torn {
            pen.abandon(Arc::new(CommitLost)).await;
        }
        if pen.opened.is_some() {
            self.place = Place::Entering;
            pen.run("SAVEPOINT use_case").await?;
            self.place = Place::Entered;
            return Ok(());
        }
        pen.connect().await?;
        self.place = Place::First;
        pen.opened = Some(Instant::now());
        if let Err(error) = pen.run("BEGIN IMMEDIATE").await {
            pen.opened = None;
            self.place = Place::Outside;
            return Err(error.into());
        }
        Ok(())
    }

    async fn finish(mut self, member: oneshot::Sender<std::result::Result<(), Source>>) {
        let Some(mut pen) = self.pen.take() else {
            return;
        };
        pen.members.push(member);
        if self.place == Place::Entered
            && let Err(error) = pen.run("RELEASE use_case").await
        {
            pen.abandon(Arc::new(error)).await;
            return;
        }
        let alone = self.writer.queue.load(Ordering::Acquire) == 0;
        if alone || pen.is_due() {
            pen.flush().await;
        } else if pen.members.len() == 1 {
            let line = self.writer.pen.clone();
            tokio::spawn(async move { line.lock_owned().await.flush().await });
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut pen) = self.pen.take() else {
            return;
        };
        if self.place == Place::Outside {
            return;
        }
        pen.torn = true;
        let place = self.place;
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { pen.undo(place).await });
        }
    }
}

impl Deref for Turn {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.pen
            .as_ref()
            .and_then(|pen| pen.connection.as_ref())
            .expect("a turn that has not ended holds the pen, and its transaction a connection")
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.pen
            .as_mut()
            .and_then(|pen| pen.connection.as_mut())
            .expect("a turn that has not ended holds the pen, and its transaction a connection")
    }
}

impl Pen {
    async fn connect(&mut self) -> Result<()> {
        if self.closed {
            return Err(sqlx::Error::PoolClosed.into());
        }
        if self.connection.is_none() {
            self.connection = Some(self.options.connect().await?);
            self.number += 1;
        }
        Ok(())
    }

    async fn run(&mut self, statement: &'static str) -> sqlx::Result<()> {
        let connection = self.connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        sqlx::query(statement).execute(connection).await.map(drop)
    }

    fn is_due(&self) -> bool {
        self.members.len() >= GROUP_SIZE
            || self
                .opened
                .is_some_and(|opened| opened.elapsed() >= self.group_time)
    }

    /// Commits the open transaction and answers its members.
    async fn flush(&mut self) {
        if self.opened.is_none() {
            return;
        }
        if self.torn {
            return self.abandon(Arc::new(CommitLost)).await;
        }
        match self.run("COMMIT").await {
            Ok(()) => {
                self.opened = None;
                for member in self.members.drain(..) {
                    // Whoever has gone away does not want the answer.
                    let _ = member.send(Ok(()));
                }
            }
            Err(error) => self.abandon(Arc::new(error)).await,
        }
    }

    /// Fails every member and starts over with a new connection.
    async fn abandon(&mut self, source: Source) {
        tracing::warn!(
            error = %source,
            members = self.members.len(),
            "a group of writes was rolled back"
        );
        if let Some(connection) = self.connection.take() {
            // Closing rolls back; a connection that cannot even close is gone already.
            let _ = connection.close().await;
        }
        self.opened = None;
        self.torn = false;
        for member in self.members.drain(..) {
            let _ = member.send(Err(source.clone()));
        }
    }

    /// Takes back what a use case wrote that was given up, and nothing else.
    async fn undo(&mut self, place: Place) {
        let undone = match place {
            Place::Outside => Ok(()),
            Place::First => self.run("ROLLBACK").await,
            Place::Entering => {
                // Without a savepoint both fail, and there is nothing to take back.
                let _ = self.leave_savepoint().await;
                Ok(())
            }
            Place::Entered => self.leave_savepoint().await,
        };
        match undone {
            Ok(()) => {
                self.torn = false;
                if place == Place::First {
                    self.opened = None;
                }
            }
            Err(error) => self.abandon(Arc::new(error)).await,
        }
    }

    async fn leave_savepoint(&mut self) -> sqlx::Result<()> {
        self.run("ROLLBACK TO use_case").await?;
        self.run("RELEASE use_case").await
    }
}

impl<'a> Waiting<'a> {
    fn new(queue: &'a AtomicUsize) -> Self {
        queue.fetch_add(1, Ordering::AcqRel);
        Self(queue)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
