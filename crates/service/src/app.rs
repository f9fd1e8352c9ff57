//! The application: what every use case works with, put together once at start.

use crate::caches::Caches;
use crate::changes::Past;
use crate::federation::Providers;
use crate::health::Post;
use crate::keys::{BroughtKey, Keyring};
use crate::leases::Leases;
use crate::ports::{Fetcher, ObjectStore};
use crate::{Clock, Fault, Settings};
use doorward_crypto::{CodeShapeError, Entropy, HashPool, Label, PoolSize, Vault};
use doorward_domain::{Identifier, JobId, Network, Timestamp};
use doorward_store::{Kv, ReadTx, Store, WriteTx};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use tokio::sync::Notify;

/// The application, shared by every request and worker.
pub type SharedApp = Arc<App>;

/// How many password jobs may wait for each hashing thread. At about 70 a second and core, the last of them waits
/// some four seconds; whoever comes later is told to come back instead.
const HASH_QUEUE_PER_THREAD: usize = 256;

/// What the application is made of.
pub struct Parts {
    /// What the operator decided.
    pub settings: Settings,
    /// Everything that remembers.
    pub store: Store,
    /// Shared counters and short-lived values.
    pub kv: Kv,
    /// What hangs on the master key.
    pub vault: Vault,
    /// The source of randomness.
    pub entropy: Entropy,
    /// The source of time.
    pub clock: Clock,
    /// Where users' files are.
    pub objects: Arc<dyn ObjectStore>,
    /// How the documents of identity providers are had.
    pub fetcher: Arc<dyn Fetcher>,
    /// A signing key that the operator brought along.
    pub brought_key: Option<BroughtKey>,
}

/// Why the application cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database belongs to another master key.
    #[error(
        "the database was made with another `master_key`; configure that one, or name it as `master_key_previous`"
    )]
    ForeignMasterKey,
    /// A code length and its number of different digits do not go together.
    #[error("`codes.{purpose}`: {source}")]
    CodeShape {
        /// Whose rule it is.
        purpose: doorward_domain::Purpose,
        /// What is wrong with it.
        source: CodeShapeError,
    },
    /// The hashing threads did not start.
    #[error("`password.*`: {0}")]
    HashPool(std::io::Error),
    /// The signing key that was brought along cannot be used.
    #[error("`tokens.private_key`: {0}")]
    BroughtKey(String),
    /// The database, or what is in it, failed.
    #[error("{0}")]
    Fault(Fault),
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<doorward_store::Error> for StartError {
    fn from(error: doorward_store::Error) -> Self {
        Self::Fault(error.into())
    }
}

/// See [`SharedApp`].
pub struct App {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) kv: Kv,
    pub(crate) vault: Vault,
    pub(crate) entropy: Entropy,
    pub(crate) clock: Clock,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) hasher: HashPool,
    hashing_limit: usize,
    pub(crate) keyring: Keyring,
    pub(crate) caches: Caches,
    pub(crate) providers: Providers,
    pub(crate) leases: Leases,
    pub(crate) past: Past,
    /// Counts jobs, so that those of one millisecond keep their order.
    jobs_made: AtomicU16,
    /// Rung whenever a job was committed here, so that the worker of this process need not wait for its next look.
    pub(crate) queue_bell: Notify,
    /// Messages that transport `none` dropped since the start.
    pub(crate) dropped_messages: AtomicU64,
    pub(crate) post: Post,
}

impl App {
    /// Puts the application together over a migrated database: compares the master key with the one that the
    /// database belongs to, and makes the first signing key where there is none.
    pub async fn start(parts: Parts) -> Result<SharedApp, StartError> {
        crate::codes::check_rules(&parts.settings)?;
        crate::master_key::claim(&parts.store, &parts.vault).await?;
        let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let size = PoolSize {
            threads,
            queue: threads.get() * HASH_QUEUE_PER_THREAD,
        };
        let hasher = HashPool::start(size, parts.settings.password.scheme, parts.entropy.clone());
        let hasher = hasher.map_err(StartError::HashPool)?;
        let keyring = Keyring::start(&parts).await?;
        let app = Arc::new(Self {
            hasher,
            hashing_limit: size.queue + size.threads.get(),
            caches: Caches::new(parts.settings.cache_lifetime),
            keyring,
            providers: Providers::new(&parts.settings.federation, parts.fetcher),
            past: Past::default(),
            leases: Leases::new(process_name(&parts.clock, &parts.entropy)),
            settings: parts.settings,
            store: parts.store,
            kv: parts.kv,
            vault: parts.vault,
            entropy: parts.entropy,
            clock: parts.clock,
            objects: parts.objects,
            jobs_made: AtomicU16::new(0),
            queue_bell: Notify::new(),
            dropped_messages: AtomicU64::new(0),
            post: Post::default(),
        });
        app.store.on_change(crate::changes::tell(&app));
        Ok(app)
    }

    /// What the operator decided.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The time now. Requests take it once, into their [`crate::Ctx`].
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Shared counters and short-lived values.
    pub const fn kv(&self) -> &Kv {
        &self.kv
    }

    /// How many password jobs wait for a hashing thread.
    pub fn hashing_depth(&self) -> usize {
        self.hasher.depth()
    }

    /// How many may wait or be worked on; whoever comes then is refused.
    pub const fn hashing_limit(&self) -> usize {
        self.hashing_limit
    }

    pub(crate) async fn read(&self) -> Result<ReadTx, Fault> {
        Ok(self.store.read().await?)
    }

    pub(crate) async fn write(&self) -> Result<WriteTx, Fault> {
        Ok(self.store.write().await?)
    }

    /// A name for a job. Jobs are done, and messages shown, in the order of their names: within a millisecond those of one
    /// process are told apart by a count in place of the first random bits (RFC 9562 section 6.2, method 1).
    pub(crate) fn job_id(&self, now: Timestamp) -> JobId {
        let mut random: [u8; 10] = self.entropy.bytes();
        let count = self.jobs_made.fetch_add(1, Ordering::Relaxed);
        for (bits, counted) in random.iter_mut().zip(count.to_be_bytes()) {
            *bits = counted;
        }
        JobId::new(now, random)
    }

    /// The name under which codes and counters remember an identifier, so that the database lists no addresses there.
    pub(crate) fn subject(&self, identifier: &Identifier) -> String {
        self.vault
            .keyed(Label::Subject, &[identifier.key().as_bytes()])
            .to_hex()
    }

    /// The name under which it is remembered that an identifier belonged to an account which is gone.
    pub(crate) fn tombstone(&self, identifier: &Identifier) -> String {
        self.vault
            .keyed(Label::Tombstone, &[identifier.key().as_bytes()])
            .to_hex()
    }

    /// The name under which a network is remembered.
    pub(crate) fn network(&self, network: Network) -> String {
        self.vault
            .keyed(Label::Network, &[network.key().as_bytes()])
            .to_hex()
    }
}

/// What other processes know this one by.
fn process_name(clock: &Clock, entropy: &Entropy) -> String {
    JobId::new(clock.now(), entropy.bytes()).to_string()
}
