//! What came of an import, row by row in numbers, and by name where a row was not taken.

use super::deciding::Outcome;

/// The rule by which a row is left where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// A temporary account: nobody has proven anything yet.
    Temporary,
    /// Neither confirmed nor with a password: nobody could sign in.
    Unconfirmed,
    /// Deleted there; what it had proven is remembered as that of a deleted account.
    Deleted,
}

impl Skip {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Temporary => "temporary",
            Self::Unconfirmed => "unconfirmed",
            Self::Deleted => "deleted",
        }
    }
}

/// What is wrong with a row that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Somebody here has something that it claims.
    Conflict,
    /// It says something that Doorward cannot hold.
    Unreadable,
}

impl Problem {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A row, a key or a file that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// Its id where it is.
    pub source_id: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// Why, for the operator; without an address.
    pub why: String,
}

impl NotTaken {
    pub(super) fn new(source_id: &str, problem: Problem, why: impl Into<String>) -> Self {
        Self {
            source_id: source_id.to_owned(),
            problem,
            why: why.into(),
        }
    }
}

/// How many rows were skipped by a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Temporary accounts.
    pub temporary: u64,
    /// Unconfirmed ones without a password.
    pub unconfirmed: u64,
    /// Those that had been deleted.
    pub deleted: u64,
}

impl Skipped {
    /// By whatever rule.
    pub const fn total(&self) -> u64 {
        self.temporary + self.unconfirmed + self.deleted
    }
}

/// What came of the files.
#[derive(Clone, Debug, Default)]
pub struct FileReport {
    /// Copied now.
    pub copied: u64,
    /// Copied before, or there under the same name.
    pub kept: u64,
    /// Those that were not copied.
    pub not_taken: Vec<NotTaken>,
}

/// What came of an import.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Rows that were read.
    pub read: u64,
    /// New users.
    pub taken: u64,
    /// Rows that were added to a user who was here.
    pub joined: u64,
    /// Users who were changed, as they had been changed there.
    pub changed: u64,
    /// Users who were deleted, as they had been deleted there.
    pub removed: u64,
    /// Rows that were as they had been taken.
    pub unchanged: u64,
    /// Rows that changed there, whose users have been changed here since: they are left as they are here.
    pub kept: u64,
    /// Rows that a rule leaves where they are.
    pub skipped: Skipped,
    /// Files of users.
    pub files: FileReport,
    /// Rows that were not taken, in their order.
    pub not_taken: Vec<NotTaken>,
}

impl Report {
    /// How many rows have this problem.
    pub fn count(&self, problem: Problem) -> u64 {
        let with = |it: &&NotTaken| it.problem == problem;
        u64::try_from(self.not_taken.iter().filter(with).count()).unwrap_or(u64::MAX)
    }

    pub(super) fn add(&mut self, source_id: &str, outcome: Outcome) {
        self.read += 1;
        match outcome {
            Outcome::Taken(_) => self.taken += 1,
            Outcome::Joined(_) => self.joined += 1,
            Outcome::Changed(_) => self.changed += 1,
            Outcome::Removed => self.removed += 1,
            Outcome::Unchanged(_) => self.unchanged += 1,
            Outcome::Kept(_) => self.kept += 1,
            Outcome::Skipped(Skip::Temporary) => self.skipped.temporary += 1,
            Outcome::Skipped(Skip::Unconfirmed) => self.skipped.unconfirmed += 1,
            Outcome::Skipped(Skip::Deleted) => self.skipped.deleted += 1,
            Outcome::NotTaken(problem, why) => {
                self.not_taken.push(NotTaken::new(source_id, problem, why));
            }
        }
    }
}
