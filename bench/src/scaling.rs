//! One to three replicas over one PostgreSQL and one Redis, beside what these two can do at best.
//!
//! Replicas, databases and client share the cores of one machine: the figures tell what a further replica costs, and
//! not what it brings on a machine of its own.

use std::path::Path;

use anyhow::Context;

use crate::load::{self, CONNECTIONS, Measured, Targets};
use crate::people;
use crate::report::{Engine, Figure, Report};
use crate::scenarios::{Pace, ROUNDS};
use crate::server::{Doorward, Installation, Purpose};

const MOST: usize = 3;

/// Measures reads and refreshes at one, two and three replicas.
pub(crate) async fn run(
    binary: &Path,
    engine: Engine,
    pace: Pace,
    report: &mut Report,
) -> anyhow::Result<()> {
    let installation = Installation::new(binary, engine).await?;
    people::register(&installation, CONNECTIONS).await?;
    let (selects, updates) = tokio::task::block_in_place(|| yardsticks(&installation, pace))?;
    let mut replicas: Vec<Doorward> = Vec::new();
    let mut alone = None;
    while replicas.len() < MOST {
        replicas.push(installation.start(Purpose::Measuring).await?);
        eprintln!("{engine}: replicas: {}", replicas.len());
        let (reads, refreshes) = measure(&replicas, pace).await?;
        let (read_alone, refresh_alone) =
            *alone.get_or_insert((reads.per_second(), refreshes.per_second()));
        let [read, refresh] = names(replicas.len());
        let read = Figure::rate(engine, read, &reads)
            .beside("one replica", read_alone, None)
            .beside("pgbench select-only", selects, None);
        let refresh = Figure::rate(engine, refresh, &refreshes)
            .beside("one replica", refresh_alone, None)
            .beside("pgbench simple-update", updates, None);
        report.add(read);
        report.add(refresh);
    }
    for replica in replicas {
        replica.stop().await?;
    }
    Ok(())
}

/// What PostgreSQL does alone: reads and small commits a second.
fn yardsticks(installation: &Installation, pace: Pace) -> anyhow::Result<(f64, f64)> {
    let servers = installation
        .servers()
        .context("replicas without PostgreSQL")?;
    let time = pace.scenario();
    Ok((
        servers.pgbench("select-only", time)?,
        servers.pgbench("simple-update", time)?,
    ))
}

fn names(replicas: usize) -> [&'static str; 2] {
    match replicas {
        1 => ["profile read, 1 replica", "refresh, rotating, 1 replica"],
        2 => ["profile read, 2 replicas", "refresh, rotating, 2 replicas"],
        _ => ["profile read, 3 replicas", "refresh, rotating, 3 replicas"],
    }
}

async fn measure(replicas: &[Doorward], pace: Pace) -> anyhow::Result<(Measured, Measured)> {
    let targets: Targets = replicas.iter().map(|replica| replica.address).collect();
    let Some(first) = replicas.first() else {
        return Ok(Default::default());
    };
    let (mut reads, mut refreshes) = (Measured::default(), Measured::default());
    let profiles = people::profile_reads(first.address).await?;
    let mut tokens = people::rotating_refreshes(first.address, CONNECTIONS).await?;
    for _ in 0..ROUNDS {
        reads.add(load::repeat(targets.clone(), &profiles, pace.scenario()).await?);
        let round = load::chain(
            targets.clone(),
            tokens,
            people::next_refresh,
            pace.scenario(),
        );
        let (measured, next) = round.await?;
        refreshes.add(measured);
        tokens = next;
    }
    Ok((reads, refreshes))
}
