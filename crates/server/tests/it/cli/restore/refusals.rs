//! What is not restored, with the database as it was.

use crate::cli::folder::{Folder, master_key};
use crate::support::python;
use doorward_testkit::postgres;
use std::process::Stdio;

/// A folder with a database that holds a user, and a copy of it.
async fn with_copy() -> Folder {
    let folder = Folder::sqlite();
    folder.serve().await.stop().await;
    folder.run(&["users", "create", "--login", "ada"]).done();
    folder.run(&["backup", "copy.db"]).done();
    folder
}

/// Refuses, says so with these words, and leaves the database as it is.
fn refuses(folder: &Folder, file: &str, words: &str) {
    let before = folder.run(&["users", "list", "--json"]).done();
    let refused = folder.run(&["restore", file]).refused();
    assert!(refused.complaint().contains(words), "{words}: {refused:?}");
    let after = folder.run(&["users", "list", "--json"]).done();
    assert_eq!(before.stdout, after.stdout, "{words}");
    let drafts = std::fs::read_dir(folder.path("doorward-data"))
        .unwrap()
        .filter(|file| {
            let name = file.as_ref().unwrap().file_name().into_string().unwrap();
            name.contains(".part")
        });
    assert_eq!(drafts.count(), 0, "{words}: a draft is left");
}

/// Changes a file of SQLite.
fn edit(folder: &Folder, file: &str, statement: &str) {
    let path = folder.path(file).display().to_string();
    let script = "import sqlite3, sys\npath, statement = sys.stdin.read().split('\\n', 1)\n\
                  with sqlite3.connect(path) as db: db.executescript(statement)\ndb.close()\n";
    python(script, &format!("{path}\n{statement}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_copy_of_ours_is_refused() {
    let folder = with_copy().await;
    refuses(&folder, "nowhere.db", "nowhere.db");
    let folder = folder
        .with_file(
            "text.db",
            "This is no database of anybody, however long it is.",
        )
        .with_file("empty.db", "");
    refuses(&folder, "text.db", "no copy of an SQLite database");
    refuses(&folder, "empty.db", "no copy of an SQLite database");
    refuses(&folder, "doorward-data/doorward.db", "--in-place");
    edit(&folder, "other.db", "CREATE TABLE users (id TEXT);");
    refuses(&folder, "other.db", "no database of Doorward");
    let folder = folder.with_file("copy.db-wal", "what belongs to it");
    refuses(&folder, "copy.db", "copy.db-wal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_is_refused() {
    let folder = with_copy().await;
    let whole = std::fs::read(folder.path("copy.db")).unwrap();
    let half = whole.len() / 2;
    std::fs::write(folder.path("half.db"), &whole[..half]).unwrap();
    refuses(&folder, "half.db", "damaged");
    let mut bytes = whole;
    for page in bytes.chunks_mut(4096).skip(3).step_by(5) {
        page[..200].fill(0xff);
    }
    std::fs::write(folder.path("torn.db"), bytes).unwrap();
    refuses(&folder, "torn.db", "damaged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_later_release_is_refused() {
    let folder = with_copy().await;
    edit(
        &folder,
        "copy.db",
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 999, 'next', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1;",
    );
    refuses(&folder, "copy.db", "later release");
}

/// Makes `old.db` of `copy.db`: the tables that the first four migrations made, with the same people and keys.
const OLD: &str = r"
import sqlite3, sys
folder, migrations = sys.stdin.read().split('\n')
old = sqlite3.connect(folder + '/old.db')
for name in ('0001_core', '0002_wrong_guesses', '0003_links', '0004_identities'):
    old.executescript(open(f'{migrations}/{name}.sql').read().replace('BYTEA', 'BLOB'))
old.execute('ATTACH ? AS copy', (folder + '/copy.db',))
steps = '_sqlx_migrations'
old.execute(old.execute('SELECT sql FROM copy.sqlite_master WHERE name = ?', (steps,)).fetchone()[0])
old.execute(f'INSERT INTO {steps} SELECT * FROM copy.{steps} WHERE version <= 4')
for table in ('meta', 'signing_keys', 'users'):
    columns = ', '.join(row[1] for row in old.execute(f'PRAGMA main.table_info({table})'))
    old.execute(f'INSERT INTO main.{table} ({columns}) SELECT {columns} FROM copy.{table}')
old.commit()
old.close()
";

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_an_earlier_release_is_brought_up_to_date() {
    let folder = with_copy().await;
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    python(OLD, &format!("{}\n{migrations}", folder.root().display()));
    folder.run(&["restore", "old.db"]).done();
    let pending = folder.run(&["migrate", "--dry-run", "--json"]);
    assert_eq!(pending.done().json(), serde_json::json!([]));
    folder.run(&["users", "show", "ada"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_another_master_key_is_refused_before_anything_changes() {
    let folder = with_copy().await;
    let folder = folder.set("master_key", &master_key());
    let refused = folder.run(&["restore", "copy.db"]).refused();
    assert!(
        refused.complaint().contains("nothing was changed")
            && refused.complaint().contains("master_key_previous"),
        "{refused:?}"
    );
    // The one before that knows the old key opens the database as it was.
    let key = folder.read("doorward-data/master.key");
    let folder = folder.set("master_key", key.trim());
    folder.run(&["users", "show", "ada"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_restored_beside_a_server_or_a_worker() {
    let folder = with_copy().await;
    let serving = folder.serve().await;
    let refused = folder.run(&["restore", "copy.db"]).refused();
    assert!(
        refused.complaint().contains("doorward serve"),
        "{refused:?}"
    );
    serving.stop().await;
    let mut worker = folder
        .command(&["worker"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut seen = false;
    for _ in 0..600 {
        let wal = folder.path("doorward-data/doorward.db-wal");
        seen = std::fs::metadata(wal).is_ok_and(|file| file.len() > 0);
        if seen {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let refused = folder.run(&["restore", "copy.db"]);
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(seen, "the worker works");
    assert!(
        refused.refused().complaint().contains("doorward worker"),
        "it is told who is in the way"
    );
    folder.run(&["restore", "copy.db"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_beyond_repair_is_restored_over() {
    let folder = with_copy().await;
    let folder = folder.with_file("doorward-data/doorward.db", "torn to pieces by somebody");
    folder.run(&["restore", "copy.db"]).done();
    folder.run(&["users", "show", "ada"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_database_without_a_table_of_ours_is_not_voided() {
    let database = postgres::database().await;
    let folder = Folder::sqlite()
        .set("database.url", &database.url)
        .set("master_key", &master_key());
    let refused = folder.run(&["restore", "--in-place"]).refused();
    assert!(refused.complaint().contains("pg_restore"), "{refused:?}");
    assert_eq!(
        database
            .run("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'")
            .await
            .trim(),
        "0"
    );
}
