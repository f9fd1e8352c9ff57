//! What the database lets this process do, and what time it has: for those who look for what is wrong.

use crate::connection::Lease;
use crate::{ReadTx, Result};
use doorward_domain::Timestamp;

const TABLE: &str = "pg_class";

/// What a user of the database may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privileges {
    /// Everything, in every database of the server.
    pub superuser: bool,
    /// Tables that it may not read and write as serving needs.
    pub lacking: Vec<String>,
}

/// The rights of the user that this process is. An SQLite file has none.
pub async fn own(tx: &mut ReadTx) -> Result<Privileges> {
    let Lease::Postgres(lease) = tx.lease() else {
        return Ok(Privileges::default());
    };
    let superuser =
        sqlx::query_scalar("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            .fetch_one(&mut **lease)
            .await;
    let superuser = tx.settle(TABLE, superuser)?;
    let Lease::Postgres(lease) = tx.lease() else {
        return Ok(Privileges::default());
    };
    let lacking = sqlx::query_scalar(
        "SELECT CAST(relname AS TEXT) FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid) \
         AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema')) \
         AND relname <> '_sqlx_migrations' \
         AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') \
         AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) ORDER BY relname",
    )
    .fetch_all(&mut **lease)
    .await;
    Ok(Privileges {
        superuser,
        lacking: tx.settle(TABLE, lacking)?,
    })
}

/// The time by the clock of the database's server; `None` where that is this machine.
pub async fn clock(tx: &mut ReadTx) -> Result<Option<Timestamp>> {
    let Lease::Postgres(lease) = tx.lease() else {
        return Ok(None);
    };
    let now =
        sqlx::query_scalar("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")
            .fetch_one(&mut **lease)
            .await;
    tx.settle(TABLE, now).map(Some)
}
