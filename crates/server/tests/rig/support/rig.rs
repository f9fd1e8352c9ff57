//! The rig: three replicas, what they share, and the balancer in front of them.

use super::Door;
use doorward_testkit::balancer::{self, Balancer};
use doorward_testkit::postgres::{self, TestDatabase};
use doorward_testkit::redis;
use doorward_testkit::replicas::{Blueprint, Replica};
use tokio::sync::{Mutex, MutexGuard};

/// How many replicas there are.
pub(crate) const REPLICAS: usize = 3;

/// Beside the defaults: what makes load cheap and leaves no pause between two codes, and a balancer that is believed.
const SETTINGS: [(&str, &str); 10] = [
    ("server.trusted_proxies", "127.0.0.0/8"),
    ("proof.secret_key", "a-shared-secret-of-32-bytes-or-so"),
    ("password.argon2_memory_kib", "8"),
    ("password.argon2_iterations", "1"),
    ("codes.sign_in.cooldown", "0s"),
    ("codes.verify.cooldown", "0s"),
    ("codes.reset.cooldown", "0s"),
    ("api.code.token_cooldown", "0s"),
    // A refresh token that was used is spent at once.
    ("tokens.reuse_grace", "0s"),
    ("database.pool_timeout", "2s"),
];

/// Each scenario has the machine to itself: whoever holds this.
pub(crate) async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// What the replicas stand on.
pub(crate) struct Ground {
    pub(crate) database: TestDatabase,
    pub(crate) redis: String,
}

impl Ground {
    /// An empty database on the servers that all scenarios share.
    pub(crate) async fn shared() -> Self {
        let redis = tokio::task::spawn_blocking(|| redis::server().url.clone());
        Self::with_redis(&redis.await.unwrap()).await
    }

    /// An empty database on the shared server, and this Redis.
    pub(crate) async fn with_redis(url: &str) -> Self {
        Self {
            database: postgres::database().await,
            redis: url.to_owned(),
        }
    }
}

/// Replicas behind a balancer.
pub(crate) struct Rig {
    pub(crate) replicas: Vec<Replica>,
    pub(crate) balancer: Balancer,
    /// A client of the balancer.
    pub(crate) door: Door,
    pub(crate) ground: Ground,
}

impl Rig {
    /// Starts the replicas, all at once, and waits until the balancer sends requests to each.
    pub(crate) async fn start(ground: Ground, settings: &[(&str, &str)]) -> Self {
        let mut rig = Self::prepared(ground, settings).await;
        for replica in &mut rig.replicas {
            replica.start();
        }
        for replica in &mut rig.replicas {
            replica.until_ready().await;
        }
        rig.balancer.until_all_ready().await;
        rig
    }

    /// The same without a replica that runs.
    pub(crate) async fn prepared(ground: Ground, settings: &[(&str, &str)]) -> Self {
        let listener = balancer::bind().await;
        let public = listener.local_addr().unwrap();
        let mut all: Vec<(String, String)> = SETTINGS.iter().chain(settings).map(owned).collect();
        all.extend([
            ("server.public_url".to_owned(), format!("http://{public}")),
            ("master_key".to_owned(), master_key()),
            ("database.url".to_owned(), ground.database.url.clone()),
            ("redis.url".to_owned(), ground.redis.clone()),
        ]);
        let blueprint = Blueprint {
            binary: env!("CARGO_BIN_EXE_doorward").into(),
            settings: all,
        };
        let replicas: Vec<Replica> = (0..REPLICAS).map(|_| Replica::new(&blueprint)).collect();
        let addresses: Vec<_> = replicas.iter().map(Replica::address).collect();
        Self {
            balancer: Balancer::on(listener, &addresses),
            door: Door::new(public),
            replicas,
            ground,
        }
    }

    /// A client at one replica, past the balancer; replicas are counted round.
    pub(crate) fn at(&self, index: usize) -> Door {
        self.door.at(self.replicas[index % REPLICAS].address())
    }

    /// A client at each replica, past the balancer.
    pub(crate) fn each(&self) -> Vec<Door> {
        (0..REPLICAS).map(|index| self.at(index)).collect()
    }

    /// Runs a command of the binary beside the replicas.
    pub(crate) async fn command(&self, arguments: &[&str]) -> String {
        let output = self.replicas[0].run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn owned((name, value): &(&str, &str)) -> (String, String) {
    ((*name).to_owned(), (*value).to_owned())
}

/// A fresh master key as an operator would make it.
fn master_key() -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    STANDARD.encode(doorward_crypto::Entropy::os().bytes::<32>())
}
