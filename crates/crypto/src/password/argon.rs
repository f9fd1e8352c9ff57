//! Argon2 (RFC 9106), in memory that a thread keeps.

use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::HashRejected;
use crate::constant_time_eq;

const MOST_MEMORY_KIB: u32 = 256 * 1024;
const MOST_ITERATIONS: u32 = 16;
const MOST_LANES: u32 = 16;
const SALT: usize = 16;
const OUTPUT: usize = 32;

/// Memory for Argon2 that is got once and used again: 19 MiB got and given back for every sign-in would stay
/// with the allocator, once for each hash that ever ran at the same time.
pub(super) struct Scratch {
    kept: Vec<Block>,
    keep: usize,
}

impl Scratch {
    /// Keeps as many blocks (1 KiB each) as one hash of the configured cost needs, once one was made.
    pub(super) fn keeping(blocks: usize) -> Self {
        Self {
            kept: Vec::new(),
            keep: blocks,
        }
    }

    fn with<T>(
        &mut self,
        blocks: usize,
        work: impl FnOnce(&mut [Block]) -> T,
    ) -> Result<T, HashRejected> {
        if blocks > self.keep {
            // A foreign hash of a higher cost: its memory goes back at once.
            let mut borrowed = Vec::new();
            grow(&mut borrowed, blocks)?;
            return Ok(work(&mut borrowed));
        }
        grow(&mut self.kept, self.keep)?;
        Ok(work(&mut self.kept))
    }

    #[cfg(test)]
    pub(super) fn address(&self) -> (usize, usize) {
        (self.kept.as_ptr().addr(), self.kept.capacity())
    }
}

fn grow(memory: &mut Vec<Block>, blocks: usize) -> Result<(), HashRejected> {
    let missing = blocks.saturating_sub(memory.len());
    memory
        .try_reserve_exact(missing)
        .map_err(|_| HashRejected::Memory)?;
    memory.resize(memory.len() + missing, Block::default());
    Ok(())
}

/// The costs as the library takes them, when they are within bounds.
pub(super) fn params(
    memory_kib: u32,
    iterations: u32,
    parallelism: u32,
) -> Result<Params, HashRejected> {
    let within =
        memory_kib <= MOST_MEMORY_KIB && iterations <= MOST_ITERATIONS && parallelism <= MOST_LANES;
    if !within {
        return Err(HashRejected::Cost);
    }
    Params::new(memory_kib, iterations, parallelism, Some(OUTPUT)).map_err(|_| HashRejected::Cost)
}

/// The PHC string of a new Argon2id hash.
pub(super) fn hash(
    params: Params,
    salt: &[u8; SALT],
    password: &[u8],
    scratch: &mut Scratch,
) -> Result<String, HashRejected> {
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut output = [0; OUTPUT];
    compute(&argon, password, salt, &mut output, scratch)?;
    Ok(write(argon.params(), salt, &output))
}

/// A PHC string (RFC 9106 has none of its own; this is the reference implementation's).
pub(super) fn write(params: &Params, salt: &[u8; SALT], output: &[u8; OUTPUT]) -> String {
    let (memory, iterations, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    format!(
        "$argon2id$v=19$m={memory},t={iterations},p={lanes}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    )
}

fn compute(
    argon: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    output: &mut [u8],
    scratch: &mut Scratch,
) -> Result<(), HashRejected> {
    scratch
        .with(argon.params().block_count(), |memory| {
            argon.hash_password_into_with_memory(password, salt, output, memory)
        })?
        .map_err(|_| HashRejected::Cost)
}

/// A stored hash whose cost is within bounds.
pub(super) struct ArgonHash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl ArgonHash {
    pub(super) fn parse(text: &str) -> Result<Self, HashRejected> {
        let phc = PasswordHash::new(text).map_err(|_| HashRejected::Unknown)?;
        let algorithm =
            Algorithm::new(phc.algorithm.as_str()).map_err(|_| HashRejected::Unknown)?;
        // A hash that names no version is of the one before versions were written.
        let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from);
        let params = Params::try_from(&phc).map_err(|_| HashRejected::Cost)?;
        self::params(params.m_cost(), params.t_cost(), params.p_cost())?;
        Ok(Self {
            algorithm,
            version: version.map_err(|_| HashRejected::Unknown)?,
            params,
            salt: phc.salt.ok_or(HashRejected::Unknown)?.as_ref().to_vec(),
            output: phc.hash.ok_or(HashRejected::Unknown)?.as_ref().to_vec(),
        })
    }

    pub(super) fn matches(
        &self,
        password: &[u8],
        scratch: &mut Scratch,
    ) -> Result<bool, HashRejected> {
        let argon = Argon2::new(self.algorithm, self.version, self.params.clone());
        let mut output = vec![0; self.output.len()];
        compute(&argon, password, &self.salt, &mut output, scratch)?;
        Ok(constant_time_eq(&output, &self.output))
    }

    pub(super) fn is_current(&self, memory_kib: u32, iterations: u32, parallelism: u32) -> bool {
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && self.params.m_cost() == memory_kib
            && self.params.t_cost() == iterations
            && self.params.p_cost() == parallelism
            && self.salt.len() >= SALT
            && self.output.len() >= OUTPUT
    }
}
