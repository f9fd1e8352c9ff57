//! The PostgreSQL databases of the documented services, whose users are taken over: read, never written.
//!
//! Everything is read in one transaction that cannot write and sees one state of the database, a page at a time in the
//! order of the key, so that a running service is neither stopped nor waited for. A column that is not there reads as
//! null; a table that is not there is an error that names it. What a row means is not known here.

mod rows;
mod table;

pub use rows::{
    CodeUser, ConfirmUser, ProofUser, PublicKey, SessionUser, SourceUser, VerifiedUser,
};

use crate::{DatabaseUrl, Error, Result};
use doorward_domain::Family;
use rows::{CODE, CONFIRM, PROOF, PUBLIC_KEY, SESSION, VERIFIED};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, FromRow};
use std::time::Duration;
use table::{Layout, Table};

/// How long the other server may take to answer at first.
const PATIENCE: Duration = Duration::from_secs(30);

/// A guard against forgotten transactions would end this one, which takes its time.
const UNHURRIED: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";

/// One state of the database, which this session cannot change.
const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The database of a documented service, being read.
pub struct Source {
    connection: PgConnection,
    family: Family,
    users: Table,
    /// The key of the last row of the last page.
    last: Option<String>,
}

/// Why a database cannot be read as that of a documented service.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is an SQLite file.
    #[error(
        "the documented services keep their users in PostgreSQL: the URL begins with `postgres://`"
    )]
    NotPostgres,
    /// The family has no service of its own.
    #[error("there is no service to take users over from for family `{0}`")]
    NoService(Family),
    /// It is a database of Doorward's.
    #[error("this is a database of Doorward and of no other service")]
    Doorward,
    /// A table is missing.
    #[error("the database has no table `{0}`")]
    NoTable(&'static str),
    /// The column that names a row is missing.
    #[error("table `{table}` has no column `{column}`, which names its rows")]
    NoKey {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// The server does not answer, or refuses.
    #[error("the database of the other service cannot be read")]
    Database(#[from] Error),
}

impl Source {
    /// Opens the database of the documented service of that family.
    ///
    /// # Errors
    /// [`SourceError::NoTable`] when what the family needs is not there; [`SourceError::Database`] when the server does
    /// not answer within half a minute or does not let us in.
    pub async fn open(url: &DatabaseUrl, family: Family) -> std::result::Result<Self, SourceError> {
        let DatabaseUrl::Postgres(url) = url else {
            return Err(SourceError::NotPostgres);
        };
        let layout = layout(family).ok_or(SourceError::NoService(family))?;
        let mut connection = connect(url).await?;
        if table::is_there(&mut connection, "signing_keys").await?
            && table::is_there(&mut connection, "known_networks").await?
        {
            return Err(SourceError::Doorward);
        }
        let users = Table::find(&mut connection, layout).await?;
        if family == Family::Code {
            Table::find(&mut connection, &PUBLIC_KEY).await?;
        }
        Ok(Self {
            connection,
            family,
            users,
            last: None,
        })
    }

    /// The family that it was opened for.
    pub const fn family(&self) -> Family {
        self.family
    }

    /// How many rows there are.
    pub async fn count(&mut self) -> Result<u64> {
        self.users.count(&mut self.connection).await
    }

    /// The rows that follow those of the last call; none when all have been read.
    pub async fn page(&mut self) -> Result<Vec<SourceUser>> {
        let page = match self.family {
            Family::Code => self.read::<CodeUser>().await?,
            Family::Confirm => self.read::<ConfirmUser>().await?,
            Family::Proof => self.read::<ProofUser>().await?,
            Family::Session => self.read::<SessionUser>().await?,
            Family::Verified => self.read::<VerifiedUser>().await?,
            Family::Native => Vec::new(),
        };
        if let Some(last) = page.last() {
            self.last = Some(last.key().to_owned());
        }
        Ok(page)
    }

    async fn read<R>(&mut self) -> Result<Vec<SourceUser>>
    where
        R: for<'r> FromRow<'r, sqlx::postgres::PgRow> + Into<SourceUser> + Send + Unpin,
    {
        let rows: Vec<R> = self
            .users
            .after(&mut self.connection, self.last.as_deref())
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Every version of the public key of family `code`, the oldest first; none for other families.
    pub async fn public_keys(&mut self) -> std::result::Result<Vec<PublicKey>, SourceError> {
        if self.family != Family::Code {
            return Ok(Vec::new());
        }
        let table = Table::find(&mut self.connection, &PUBLIC_KEY).await?;
        Ok(table.all(&mut self.connection).await?)
    }

    /// Gives the connection back.
    pub async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "the other database was not left politely");
        }
    }
}

async fn connect(url: &str) -> Result<PgConnection> {
    let options = url
        .parse::<PgConnectOptions>()?
        .application_name("doorward import");
    let connecting = async {
        let mut connection = PgConnection::connect_with(&options).await?;
        sqlx::raw_sql(UNHURRIED).execute(&mut connection).await?;
        sqlx::raw_sql(BEGIN).execute(&mut connection).await?;
        Ok::<_, sqlx::Error>(connection)
    };
    tokio::time::timeout(PATIENCE, connecting)
        .await
        .map_err(Error::unavailable)?
        .map_err(Error::from)
}

const fn layout(family: Family) -> Option<&'static Layout> {
    match family {
        Family::Code => Some(&CODE),
        Family::Confirm => Some(&CONFIRM),
        Family::Proof => Some(&PROOF),
        Family::Session => Some(&SESSION),
        Family::Verified => Some(&VERIFIED),
        Family::Native => None,
    }
}
