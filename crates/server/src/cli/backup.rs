//! `backup`: a consistent copy of an SQLite database, while it is served.
//!
//! The copy appears under its name whole and on the disk, or not at all.

use super::args::Backup;
use super::output::Output;
use super::{progress, say};
use crate::assemble::{Opening, open_store};
use crate::config::Config;
use crate::whole_file::{Draft, beside};
use anyhow::{Context, Result, bail};
use doorward_crypto::Entropy;
use doorward_store::{DatabaseUrl, Store, backup};
use indicatif::ProgressBar;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// How often the bar moves.
const GLANCE: Duration = Duration::from_millis(100);

pub(super) async fn run(config: &Config, command: &Backup, output: Output) -> Result<()> {
    let DatabaseUrl::Sqlite(database) = config.database_url() else {
        bail!(
            "{}",
            how_postgres_is_copied(&config.database_url(), &command.file)
        );
    };
    let store = open_store(config, Opening::Beside).await?;
    let copied = copy(&store, command, &database).await;
    store.close().await;
    let size = copied?;
    say(&format!("note: {}", what_is_not_in_it(config)));
    output.fields(
        &[
            ("copied", database.display().to_string()),
            ("into", command.file.display().to_string()),
            ("bytes", size.to_string()),
        ],
        &json!({"database": database, "file": command.file, "bytes": size}),
    )
}

/// Gives the size of the copy.
async fn copy(store: &Store, command: &Backup, database: &Path) -> Result<u64> {
    let file = &command.file;
    if !command.force && file.exists() {
        bail!(
            "`{}` exists and stays as it is; name another file, or give `--force`",
            file.display()
        );
    }
    if belongs_to(database, file) {
        bail!(
            "`{}` is what is to be copied; name another file",
            file.display()
        );
    }
    let unwritten = || format!("cannot write `{}`", file.display());
    let draft = Draft::of(file, &Entropy::os()).with_context(unwritten)?;
    let mut tx = store.read().await.context("the database cannot be read")?;
    let total = backup::size(&mut tx).await;
    let bar = progress::bytes(total.context("the database cannot be read")?, "copying");
    {
        let copying = backup::copy(&mut tx, draft.path());
        tokio::select! {
            copied = copying => copied.with_context(unwritten)?,
            () = watch(draft.path(), &bar) => {}
        }
    }
    bar.finish_and_clear();
    let placed = if command.force {
        draft.replace(file)
    } else {
        draft.place(file)
    };
    placed.with_context(unwritten)
}

/// Moves the bar on as the file grows; never ends.
async fn watch(file: &Path, bar: &ProgressBar) {
    let mut ticks = tokio::time::interval(GLANCE);
    loop {
        ticks.tick().await;
        if let Ok(metadata) = tokio::fs::metadata(file).await {
            bar.set_position(metadata.len());
        }
    }
}

/// Whether a file is the database itself, or one of those that SQLite and `serve` keep beside it.
fn belongs_to(database: &Path, file: &Path) -> bool {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let same = |path: &Path| match (path.canonicalize(), file.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => whole(path) == whole(file),
    };
    ["", "-wal", "-shm", "-journal", ".lock"]
        .into_iter()
        .any(|end| same(&beside(database, end)))
}

fn what_is_not_in_it(config: &Config) -> String {
    let key = if config.master_key().is_some() {
        "`master_key`".to_owned()
    } else {
        format!("`{}`", config.data_dir().join("master.key").display())
    };
    format!(
        "neither {key} nor the files of users are in it; the copy is of no use without that key: keep the two, apart"
    )
}

fn how_postgres_is_copied(url: &DatabaseUrl, file: &Path) -> String {
    format!(
        "`backup` copies SQLite; for this database run `pg_dump --format=custom --file={} {}`",
        quoted(&file.display().to_string()),
        quoted(&without_password(url))
    )
}

/// The URL as a command line may show it: tools ask for the password, or take it from `PGPASSWORD`.
pub(super) fn without_password(url: &DatabaseUrl) -> String {
    url.to_string()
        .replace(":***@", "@")
        .replace("password=***", "")
}

/// As a shell takes it for one word.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_for_postgres_shows_no_password_and_no_mask() {
        let url: DatabaseUrl = "postgres://ada:s3cret@db:5432/doorward".parse().unwrap();
        let told = how_postgres_is_copied(&url, Path::new("it's.dump"));
        assert!(
            told.contains(r"--file='it'\''s.dump' 'postgres://ada@db:5432/doorward'"),
            "{told}"
        );
    }

    #[test]
    fn what_lies_beside_the_database_is_no_place_for_its_copy() {
        let database = Path::new("data/doorward.db");
        for file in [
            "data/doorward.db",
            "./data/doorward.db-wal",
            "data/doorward.db.lock",
        ] {
            assert!(belongs_to(database, Path::new(file)), "{file}");
        }
        for file in ["doorward.db", "data/doorward.db.copy"] {
            assert!(!belongs_to(database, Path::new(file)), "{file}");
        }
    }
}
