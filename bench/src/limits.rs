//! What the machine could do at best: the same arithmetic on every core, with nothing around it.
//!
//! The libraries are called directly, not through Doorward's own crates: a limit must not become slower, and a
//! share of it look better, because the code that is measured did.

use std::num::NonZero;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;

/// Doorward's default cost of a password: memory in KiB and passes.
const ARGON2ID: (u32, u32) = (19_456, 2);

/// About as long as the header and claims of an access token.
const SIGNED_BYTES: usize = 400;

/// An arithmetic that bounds a scenario.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    /// Argon2id with 19 MiB and two passes: one for each sign-in.
    Argon2id,
    /// RS256 with 2048 bits: one for each token.
    RsaSigning,
}

impl Limit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Argon2id => "argon2id, all cores",
            Self::RsaSigning => "RSA-2048 signing, all cores",
        }
    }

    /// Operations per second with a thread on each core, measured for `time`.
    pub(crate) fn measure(self, time: Duration) -> anyhow::Result<f64> {
        tokio::task::block_in_place(|| match self {
            Self::Argon2id => on_all_cores(time, argon2id),
            Self::RsaSigning => on_all_cores(time, rsa_signing),
        })
    }
}

/// One thread a core. Each prepares its work, and all begin together.
fn on_all_cores<W>(time: Duration, prepare: fn() -> anyhow::Result<W>) -> anyhow::Result<f64>
where
    W: FnMut() -> anyhow::Result<()>,
{
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let begin = Barrier::new(cores);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|_| scope.spawn(|| repeat(time, prepare, &begin)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("a thread broke off"))?)
            .sum()
    })
}

fn repeat<W>(
    time: Duration,
    prepare: fn() -> anyhow::Result<W>,
    begin: &Barrier,
) -> anyhow::Result<f64>
where
    W: FnMut() -> anyhow::Result<()>,
{
    // Once before the clock runs: memory is fetched, tables are warm.
    let prepared = prepare().and_then(|mut work| work().map(|()| work));
    begin.wait();
    let mut work = prepared?;
    let (start, mut done) = (Instant::now(), 0_u32);
    while start.elapsed() < time {
        work()?;
        done += 1;
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
}

fn argon2id() -> anyhow::Result<impl FnMut() -> anyhow::Result<()>> {
    let (memory_kib, passes) = ARGON2ID;
    let params =
        Params::new(memory_kib, passes, 1, Some(32)).context("the cost of a password hash")?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(move || {
        let mut output = [0; 32];
        argon
            .hash_password_into_with_memory(
                b"Correct-Horse-7",
                b"sixteen bytes of",
                &mut output,
                &mut memory,
            )
            .context("hashing")
    })
}

fn rsa_signing() -> anyhow::Result<impl FnMut() -> anyhow::Result<()>> {
    let key = KeyPair::generate(KeySize::Rsa2048).context("making an RSA key")?;
    let mut signature = vec![0; key.public_modulus_len()];
    Ok(move || {
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            &[b'.'; SIGNED_BYTES],
            &mut signature,
        )
        .context("signing")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_signature_is_cheaper_than_a_password_hash() {
        let time = Duration::from_millis(50);
        let hashes = Limit::Argon2id.measure(time).unwrap();
        let signatures = Limit::RsaSigning.measure(time).unwrap();
        assert!(
            0.0 < hashes && hashes < signatures,
            "{hashes} and {signatures} a second"
        );
    }

    #[test]
    fn work_that_cannot_begin_fails_on_every_core() {
        fn failing() -> anyhow::Result<fn() -> anyhow::Result<()>> {
            Err(anyhow!("no work today"))
        }
        assert!(on_all_cores(Duration::from_millis(1), failing).is_err());
    }
}
