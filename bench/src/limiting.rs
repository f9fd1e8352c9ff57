//! What counting a request against a limit costs: in process on SQLite, in Redis beside PostgreSQL.

use std::net::SocketAddr;
use std::path::Path;

use crate::load::{self, Measured};
use crate::people;
use crate::report::{Engine, Figure, Report};
use crate::scenarios::{Pace, ROUNDS};
use crate::server::{Installation, Purpose};

/// Evaluations by which Redis shows what it can do.
const EVALUATIONS: u32 = 100_000;

/// Measures a read that is counted beside the same one that is not.
pub(crate) async fn run(
    binary: &Path,
    engine: Engine,
    pace: Pace,
    report: &mut Report,
) -> anyhow::Result<()> {
    let installation = Installation::new(binary, engine).await?;
    people::register(&installation, 0).await?;
    let free = installation.start(Purpose::Measuring).await?;
    eprintln!("{engine}: a read without limits");
    let uncounted = reads(free.address, pace).await?;
    free.stop().await?;
    let limited = installation.start(Purpose::Limited).await?;
    eprintln!("{engine}: the same read, counted");
    let counted = reads(limited.address, pace).await?;
    limited.stop().await?;
    let name = match engine {
        Engine::Sqlite => "read, limited in process",
        Engine::Postgres => "read, limited in Redis",
    };
    let mut figure = Figure::rate(engine, name, &counted);
    figure = figure.beside("the same without limits", uncounted.per_second(), None);
    if let Some(servers) = installation.servers() {
        let rate = tokio::task::block_in_place(|| servers.redis_benchmark(EVALUATIONS))?;
        figure = figure.beside("redis-benchmark, EVAL", rate, None);
    }
    report.add(figure);
    Ok(())
}

async fn reads(address: SocketAddr, pace: Pace) -> anyhow::Result<Measured> {
    let calls = people::profile_reads(address).await?;
    let mut found = Measured::default();
    for _ in 0..ROUNDS {
        found.add(load::repeat(address, &calls, pace.scenario()).await?);
    }
    Ok(found)
}
