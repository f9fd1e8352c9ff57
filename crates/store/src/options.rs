//! Where the database is and how many connections it may have.

use doorward_domain::Span;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The database engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file, in this process.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is.
    pub url: DatabaseUrl,
    /// Connections that are kept. PostgreSQL has at least two, one to read and one to write.
    pub pool_size: u32,
    /// Connections more than that under load.
    pub max_overflow: u32,
    /// How long a caller waits for a connection before it hears [`Unavailable`](crate::Error::Unavailable).
    pub pool_timeout: Span,
    /// After how long a connection is replaced.
    pub pool_recycle: Span,
    /// Whether a missing SQLite file is made.
    pub create: bool,
}

impl Options {
    /// The documented defaults for `url`: 10 connections and 20 more, 30 s of patience, replaced after 1 h.
    pub const fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            pool_size: 10,
            max_overflow: 20,
            pool_timeout: Span::seconds(30),
            pool_recycle: Span::hours(1),
            create: true,
        }
    }

    pub(crate) const fn connections(&self) -> u32 {
        self.pool_size.saturating_add(self.max_overflow)
    }
}

/// Where a database is. Printing it never shows a password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// The path of an SQLite file.
    Sqlite(PathBuf),
    /// A `postgres://` URL as `libpq` reads it.
    Postgres(String),
}

/// Why a text is no database URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// An unknown scheme.
    #[error(
        "a database URL is `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME`, with or without a driver suffix"
    )]
    Scheme,
    /// Nothing would outlive the process.
    #[error("an SQLite database in memory would be lost with the process: name a file")]
    InMemory,
    /// No path.
    #[error("`sqlite:` is followed by the path of a file")]
    NoPath,
    /// The rest of the URL makes no sense.
    #[error("the PostgreSQL URL cannot be read")]
    Malformed,
}

/// The SQLite file is not there, and the caller did not ask to make it. Found in [`Error::Driver`](crate::Error::Driver).
#[derive(Debug, thiserror::Error)]
#[error("there is no database at `{}`", .0.display())]
pub struct NoDatabase(pub PathBuf);

impl DatabaseUrl {
    /// The engine behind it.
    pub const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    /// Reads `sqlite:PATH`, `sqlite:///PATH` as `SQLAlchemy` writes it, `postgres://..` and `postgresql://..`; a driver
    /// suffix (`+psycopg2`, `+asyncpg`, `+aiosqlite`) is dropped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text
            .trim()
            .split_once(':')
            .ok_or(DatabaseUrlError::Scheme)?;
        let engine = scheme.split('+').next().unwrap_or(scheme);
        match engine {
            "sqlite" => sqlite(rest),
            "postgres" | "postgresql" => postgres(rest),
            _ => Err(DatabaseUrlError::Scheme),
        }
    }
}

fn sqlite(rest: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
    // SQLAlchemy: three slashes before a relative path, four before an absolute one.
    let path = rest
        .strip_prefix("///")
        .or_else(|| rest.strip_prefix("//"))
        .unwrap_or(rest);
    let path = path.split('?').next().unwrap_or_default();
    match path {
        "" => Err(DatabaseUrlError::NoPath),
        ":memory:" => Err(DatabaseUrlError::InMemory),
        path => Ok(DatabaseUrl::Sqlite(PathBuf::from(path))),
    }
}

fn postgres(rest: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
    if !rest.starts_with("//") {
        return Err(DatabaseUrlError::Malformed);
    }
    let url = format!("postgres:{rest}");
    url.parse::<sqlx::postgres::PgConnectOptions>()
        .map_err(|_| DatabaseUrlError::Malformed)?;
    Ok(DatabaseUrl::Postgres(url))
}

impl fmt::Display for DatabaseUrl {
    /// The password, wherever it stands, is `***`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&masked(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn masked(url: &str) -> String {
    let (address, query) = match url.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (url, None),
    };
    let mut shown = match address.split_once("//") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((user, host)) => {
                let name = user.split(':').next().unwrap_or_default();
                let hidden = if user.contains(':') { ":***" } else { "" };
                format!("{scheme}//{name}{hidden}@{host}")
            }
            None => address.to_owned(),
        },
        None => address.to_owned(),
    };
    if let Some(query) = query {
        let fields: Vec<String> = query
            .split('&')
            .map(|field| match field.split_once('=') {
                Some(("password", _)) => "password=***".to_owned(),
                _ => field.to_owned(),
            })
            .collect();
        shown = format!("{shown}?{}", fields.join("&"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
        text.parse()
    }

    #[test]
    fn driver_suffixes_of_sqlalchemy_are_dropped() {
        for url in [
            "postgres://ada:pw@db:5432/doorward",
            "postgresql://ada:pw@db:5432/doorward",
            "postgresql+psycopg2://ada:pw@db:5432/doorward",
            "postgresql+asyncpg://ada:pw@db:5432/doorward",
        ] {
            assert_eq!(
                read(url),
                Ok(DatabaseUrl::Postgres(
                    "postgres://ada:pw@db:5432/doorward".to_owned()
                ))
            );
        }
    }

    #[test]
    fn a_file_is_named_by_its_path() {
        let file = |path: &str| Ok(DatabaseUrl::Sqlite(PathBuf::from(path)));
        assert_eq!(read("sqlite:data/doorward.db"), file("data/doorward.db"));
        assert_eq!(
            read("sqlite:/var/lib/doorward.db"),
            file("/var/lib/doorward.db")
        );
        assert_eq!(read("sqlite:///doorward.db"), file("doorward.db"));
        assert_eq!(
            read("sqlite+aiosqlite:////var/doorward.db"),
            file("/var/doorward.db")
        );
    }

    #[test]
    fn what_would_not_last_or_makes_no_sense_is_refused() {
        assert_eq!(read("sqlite::memory:"), Err(DatabaseUrlError::InMemory));
        assert_eq!(read("sqlite://:memory:"), Err(DatabaseUrlError::InMemory));
        assert_eq!(read("sqlite:"), Err(DatabaseUrlError::NoPath));
        assert_eq!(read("mysql://db/doorward"), Err(DatabaseUrlError::Scheme));
        assert_eq!(read("doorward.db"), Err(DatabaseUrlError::Scheme));
        assert_eq!(read("postgres:doorward"), Err(DatabaseUrlError::Malformed));
    }

    #[test]
    fn sec_16_2_5_a_password_is_never_printed() {
        for url in [
            "postgres://ada:s3cret@db/doorward",
            "postgres://ada:s3c@s3cret@db/doorward?sslmode=require",
            "postgres://db/doorward?user=ada&password=s3cret",
        ] {
            let url = DatabaseUrl::Postgres(url.to_owned());
            assert!(!format!("{url} {url:?}").contains("s3c"), "{url}");
        }
        assert_eq!(
            read("postgres://ada:s3cret@db/doorward")
                .unwrap()
                .to_string(),
            "postgres://ada:***@db/doorward"
        );
    }
}
