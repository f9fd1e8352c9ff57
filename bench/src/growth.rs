//! What a user more costs: refreshing and signing in while the database grows, on the same engine and with the same people;
//! and how fast an operator's users come in by `doorward import`.
//!
//! The crowd is copied by SQL, since a million registrations would take hours: the one place here that knows a table.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::databases::{Servers, sql};
use crate::load::{self, CONNECTIONS, Measured};
use crate::people;
use crate::process;
use crate::report::{Engine, Figure, Report, Unit};
use crate::scenarios::{Pace, ROUNDS};
use crate::server::{Installation, Purpose};

/// How much longer an answer may take with a hundred times as many users.
const SLOWER_AT_MOST: f64 = 1.2;

/// A size of the database, and what its figures are called.
struct Size {
    users: u32,
    sign_in: &'static str,
    refresh: &'static str,
}

const SIZES: [Size; 3] = [
    Size {
        users: 10_000,
        sign_in: "sign-in p50, 10,000 users",
        refresh: "refresh p50, 10,000 users",
    },
    Size {
        users: 100_000,
        sign_in: "sign-in p50, 100,000 users",
        refresh: "refresh p50, 100,000 users",
    },
    Size {
        users: 1_000_000,
        sign_in: "sign-in p50, 1,000,000 users",
        refresh: "refresh p50, 1,000,000 users",
    },
];

/// Measures at each size.
pub(crate) async fn run(
    binary: &Path,
    engine: Engine,
    pace: Pace,
    report: &mut Report,
) -> anyhow::Result<()> {
    let installation = Installation::new(binary, engine).await?;
    people::register(&installation, CONNECTIONS).await?;

    eprintln!("{engine}: importing");
    let own;
    let servers = if let Some(servers) = installation.servers() {
        servers
    } else {
        own = Servers::start().await?;
        &own
    };
    let rate = tokio::task::block_in_place(|| import(&installation, servers))?;
    report.add(Figure::new(engine, "import", rate, Unit::PerSecond));

    let sizes = SIZES
        .iter()
        .take(if pace.is_quick() { 2 } else { SIZES.len() });
    let (mut there, mut smallest) = (0, None);
    for size in sizes {
        eprintln!("{engine}: {} users", size.users);
        tokio::task::block_in_place(|| fill(&installation, there + 1, size.users))?;
        there = size.users;
        let (sign_ins, refreshes) = measure(&installation, pace).await?;
        let now = (sign_ins.percentile(50), refreshes.percentile(50));
        let (sign_in, refresh) = *smallest.get_or_insert(now);
        report.add(slower(engine, size.sign_in, now.0, sign_in));
        report.add(slower(engine, size.refresh, now.1, refresh));
    }
    Ok(())
}

/// How long it takes, beside the smallest database.
fn slower(engine: Engine, name: &'static str, now: Duration, smallest: Duration) -> Figure {
    let times = now.as_secs_f64() / smallest.as_secs_f64();
    Figure::new(engine, name, times, Unit::Times)
        .at_most(SLOWER_AT_MOST)
        .note(format!("{:.2} ms", now.as_secs_f64() * 1000.0))
}

/// As many requests at once as there are cores: what waits for a core tells nothing of the database.
const AT_ONCE: usize = 2;

async fn measure(installation: &Installation, pace: Pace) -> anyhow::Result<(Measured, Measured)> {
    let doorward = installation.start(Purpose::Measuring).await?;
    let sign_in = people::session_sign_ins(AT_ONCE);
    // The first of each replaces its cheap hash.
    load::each(doorward.address, sign_in.clone(), AT_ONCE).await?;
    let mut tokens = people::rotating_refreshes(doorward.address, AT_ONCE).await?;
    let (mut sign_ins, mut refreshes) = (Measured::default(), Measured::default());
    for _ in 0..ROUNDS {
        sign_ins.add(load::repeat(doorward.address, &sign_in, pace.scenario()).await?);
        let round = load::chain(
            doorward.address,
            tokens,
            people::next_refresh,
            pace.scenario(),
        );
        let (measured, next) = round.await?;
        refreshes.add(measured);
        tokens = next;
    }
    doorward.stop().await?;
    Ok((sign_ins, refreshes))
}

/// The documented login service's own table, as an operator who moves over has it.
const SOURCE: &str = "CREATE TABLE users (id serial PRIMARY KEY, login varchar(255) UNIQUE, \
    password_hash text, created_at timestamptz, last_login timestamptz); \
    INSERT INTO users (login, password_hash, created_at) \
    SELECT 'newcomer-' || n, '$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234', now() \
    FROM generate_series(1, 10000) AS n";
const NEWCOMERS: f64 = 10_000.0;

/// How many users a second `doorward import` takes over.
fn import(installation: &Installation, servers: &Servers) -> anyhow::Result<f64> {
    let url = servers.create_database("crowd")?;
    sql(&url, SOURCE)?;
    let start = Instant::now();
    installation.command_line(&["import", "--from", "session", &url])?;
    Ok(NEWCOMERS / start.elapsed().as_secs_f64())
}

/// Copies one user until there are `last`, each with a login and an id of their own.
fn fill(installation: &Installation, first: u32, last: u32) -> anyhow::Result<()> {
    if let Some(servers) = installation.servers() {
        let copies = format!(
            "INSERT INTO users SELECT (jsonb_populate_record(NULL::users, to_jsonb(mould) || jsonb_build_object( \
             'id', gen_random_uuid(), 'login', 'crowd-' || n, 'login_key', 'crowd-' || n))).* \
             FROM (SELECT * FROM users WHERE login_key = 'visitor-0') AS mould, generate_series({first}, {last}) AS n"
        );
        sql(&servers.database_url, &copies)?;
        return sql(&servers.database_url, "ANALYZE");
    }
    let database = installation.data().join("doorward.db");
    let mut python = Command::new("python3");
    python.args(["-c", FILL_SQLITE]).arg(database);
    process::run(python.args([first.to_string(), last.to_string()]))
}

/// As above, for SQLite: its own command line is not on every machine, and Python's module is.
const FILL_SQLITE: &str = "
import sqlite3, sys, uuid
path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
database = sqlite3.connect(path)
found = database.execute(\"SELECT * FROM users WHERE login_key = 'visitor-0'\")
names = [column[0] for column in found.description]
mould = dict(zip(names, found.fetchone()))
def copies():
    for n in range(first, last + 1):
        login = f'crowd-{n}'
        yield tuple((mould | {'id': str(uuid.uuid4()), 'login': login, 'login_key': login}).values())
with database:
    database.executemany(f'INSERT INTO users VALUES ({\",\".join(\"?\" for _ in names)})', copies())
database.execute('PRAGMA optimize')
";
