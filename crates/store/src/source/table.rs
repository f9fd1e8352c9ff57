//! A table of another service: what it is expected to look like, what it does look like, and reading it in the order of
//! its key.

use super::SourceError;
use crate::{Error, Result};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{FromRow, Postgres, QueryBuilder};
use std::collections::HashMap;

/// Rows that are read at once.
const PAGE: i64 = 500;

/// What a table is expected to look like.
pub(super) struct Layout {
    pub(super) name: &'static str,
    /// The column that names a row.
    pub(super) key: &'static str,
    pub(super) columns: &'static [Column],
}

/// A column, and as what it is read: words of an enum as text, times as milliseconds since the epoch.
#[derive(Clone, Copy)]
pub(super) enum Column {
    Text(&'static str),
    Number(&'static str),
    Flag(&'static str),
    Time(&'static str),
}

/// A table that is there.
pub(super) struct Table {
    layout: &'static Layout,
    /// The type of each column that is there.
    types: HashMap<String, String>,
    key_type: String,
}

/// Whether there is such a table where names without a schema are looked up.
pub(super) async fn is_there(connection: &mut PgConnection, table: &str) -> Result<bool> {
    Ok(sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(table)
        .fetch_one(connection)
        .await?)
}

impl Table {
    pub(super) async fn find(
        connection: &mut PgConnection,
        layout: &'static Layout,
    ) -> std::result::Result<Self, SourceError> {
        if !is_there(connection, layout.name).await? {
            return Err(SourceError::NoTable(layout.name));
        }
        let types = columns(connection, layout.name).await?;
        let key_type = types.get(layout.key).cloned().ok_or(SourceError::NoKey {
            table: layout.name,
            column: layout.key,
        })?;
        Ok(Self {
            layout,
            types,
            key_type,
        })
    }

    pub(super) async fn count(&self, connection: &mut PgConnection) -> Result<u64> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT COUNT(*) FROM ");
        query.push(self.layout.name);
        let count: i64 = query
            .build_query_scalar()
            .fetch_one(connection)
            .await
            .map_err(|error| Error::of_table(self.layout.name, error))?;
        Ok(count.unsigned_abs())
    }

    /// The page of rows whose keys follow `last`.
    pub(super) async fn after<R>(
        &self,
        connection: &mut PgConnection,
        last: Option<&str>,
    ) -> Result<Vec<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut query = self.select();
        if let Some(last) = last {
            query
                .push(" WHERE ")
                .push(self.layout.key)
                .push(" > CAST(")
                .push_bind(last.to_owned())
                .push(" AS ")
                .push(&self.key_type)
                .push(")");
        }
        query
            .push(" ORDER BY ")
            .push(self.layout.key)
            .push(" LIMIT ")
            .push_bind(PAGE);
        self.fetch(connection, query).await
    }

    /// Every row, in the order of the key.
    pub(super) async fn all<R>(&self, connection: &mut PgConnection) -> Result<Vec<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut query = self.select();
        query.push(" ORDER BY ").push(self.layout.key);
        self.fetch(connection, query).await
    }

    async fn fetch<R>(
        &self,
        connection: &mut PgConnection,
        mut query: QueryBuilder<Postgres>,
    ) -> Result<Vec<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        query
            .build_query_as()
            .fetch_all(connection)
            .await
            .map_err(|error| Error::of_table(self.layout.name, error))
    }

    fn select(&self) -> QueryBuilder<Postgres> {
        let mut query = QueryBuilder::new("SELECT CAST(");
        query.push(self.layout.key).push(" AS TEXT) AS row_key");
        for column in self.layout.columns {
            query.push(", ");
            column.push(&mut query, self.types.contains_key(column.name()));
            query.push(" AS ").push(column.name());
        }
        query.push(" FROM ").push(self.layout.name);
        query
    }
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::Text(name) | Self::Number(name) | Self::Flag(name) | Self::Time(name) => name,
        }
    }

    const fn read_as(self) -> &'static str {
        match self {
            Self::Text(_) => "TEXT",
            Self::Number(_) | Self::Time(_) => "BIGINT",
            Self::Flag(_) => "BOOLEAN",
        }
    }

    /// The expression that reads it. `EXTRACT` takes a time without a zone for one in UTC; an infinite one is none.
    fn push(self, query: &mut QueryBuilder<Postgres>, is_there: bool) {
        let value = match self {
            _ if !is_there => "NULL".to_owned(),
            Self::Time(name) => {
                format!("CASE WHEN isfinite({name}) THEN EXTRACT(EPOCH FROM {name}) * 1000 END")
            }
            Self::Text(name) | Self::Number(name) | Self::Flag(name) => name.to_owned(),
        };
        query
            .push("CAST(")
            .push(value)
            .push(" AS ")
            .push(self.read_as())
            .push(")");
    }
}

/// The columns of a table with their types, whoever may read them.
async fn columns(connection: &mut PgConnection, table: &str) -> Result<HashMap<String, String>> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT CAST(attname AS TEXT), format_type(atttypid, NULL) FROM pg_attribute \
         WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
    )
    .bind(table)
    .fetch_all(connection)
    .await?;
    Ok(columns.into_iter().collect())
}
