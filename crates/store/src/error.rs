//! What can go wrong that is nobody's choice, sorted by what a caller can do about it.

use std::error::Error as StdError;
use std::sync::Arc;

/// The cause of an [`Error`]. It is shared, since a failed commit has many victims.
pub type Source = Arc<dyn StdError + Send + Sync>;

/// The result of every function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of the database or of what it holds. Expected absence is never an error.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot answer at the moment: away, shutting down, out of connections, locked, read-only, full, or
    /// the transaction lost against another. Nothing was committed; trying again later may help.
    #[error("the database is not available")]
    Unavailable(#[source] Source),
    /// A row holds what this version cannot read.
    #[error("column {column} of a row of table `{table}` cannot be read")]
    Corrupt {
        /// The table that the row came from.
        table: &'static str,
        /// The column, as the driver names it.
        column: String,
        /// What is wrong with it.
        #[source]
        source: Source,
    },
    /// Anything else: a statement the engine refuses, a broken constraint, a fault of ours.
    #[error("the database refused a statement")]
    Driver(#[source] Source),
}

impl Error {
    /// Whether trying again later may help.
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    pub(crate) fn unavailable(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(source))
    }

    pub(crate) fn driver(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Driver(Arc::new(source))
    }

    /// Sorts a driver's error that came from a statement on `table`.
    pub(crate) fn of_table(table: &'static str, error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { index, source } => Self::Corrupt {
                table,
                column: index,
                source: Arc::from(source),
            },
            other => Self::from(other),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if may_pass(&error) {
            Self::unavailable(error)
        } else {
            Self::driver(error)
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError::{Execute, ExecuteMigration};
        match error {
            Execute(inner) | ExecuteMigration(inner, _) if may_pass(&inner) => {
                Self::unavailable(inner)
            }
            other => Self::driver(other),
        }
    }
}

/// Whether the same statement may succeed later.
fn may_pass(error: &sqlx::Error) -> bool {
    use sqlx::Error as E;
    match error {
        E::Io(_)
        | E::Tls(_)
        | E::Protocol(_)
        | E::PoolTimedOut
        | E::PoolClosed
        | E::WorkerCrashed
        | E::BeginFailed => true,
        E::Database(error) => {
            let code = error.code().unwrap_or_default();
            if error
                .try_downcast_ref::<sqlx::sqlite::SqliteError>()
                .is_some()
            {
                sqlite_may_pass(&code)
            } else {
                postgres_may_pass(&code)
            }
        }
        _ => false,
    }
}

/// By primary result code (<https://www.sqlite.org/rescode.html>): busy, locked, out of memory, read-only,
/// interrupted, input or output failed, full, cannot open.
fn sqlite_may_pass(code: &str) -> bool {
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, 5..=10 | 13 | 14))
}

/// By SQLSTATE (PostgreSQL, appendix A): connection lost (08), out of resources (53), operator intervention (57),
/// system error (58), serialization failure and deadlock, a read-only server, a lock or an idle limit that ran out.
fn postgres_may_pass(code: &str) -> bool {
    ["08", "53", "57", "58"]
        .iter()
        .any(|class| code.starts_with(class))
        || matches!(code, "40001" | "40P01" | "25006" | "25P03" | "55P03")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_a_full_and_a_read_only_file_may_pass_and_a_broken_constraint_does_not() {
        for code in ["5", "517", "6", "13", "8", "1032", "10", "778", "14"] {
            assert!(sqlite_may_pass(code), "{code}");
        }
        for code in ["1", "11", "19", "2067", "26", ""] {
            assert!(!sqlite_may_pass(code), "{code}");
        }
    }

    #[test]
    fn a_server_that_is_shutting_down_or_full_may_pass_and_a_broken_statement_does_not() {
        for code in [
            "08006", "53300", "57P01", "57P03", "40001", "40P01", "25006", "25P03",
        ] {
            assert!(postgres_may_pass(code), "{code}");
        }
        for code in ["42P01", "23505", "25P02", "22001", ""] {
            assert!(!postgres_may_pass(code), "{code}");
        }
    }

    #[test]
    fn a_waiting_caller_is_told_to_come_back_when_the_pool_runs_dry() {
        assert!(Error::from(sqlx::Error::PoolTimedOut).is_unavailable());
        assert!(!Error::from(sqlx::Error::RowNotFound).is_unavailable());
    }
}
