//! Redis or Valkey: one server, a cluster, or whoever the sentinels name.
//!
//! One multiplexed connection, opened when it is needed. An error drops it; the next second belongs to the callers'
//! fallback, then one of them tries again. Redis' own clock is the one that replicas share.

mod subscription;

use super::{Decision, KvError, eviction, lifetime};
use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::cluster::{ClusterClient, ClusterClientBuilder};
use ::redis::cluster_async::ClusterConnection;
use ::redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use ::redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, RedisFuture,
    RedisResult, Script, Value, cmd,
};
use doorward_domain::{Quota, Span, Timestamp};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

pub(super) use ::redis::RedisError;

/// How long a connection, and an answer, may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a server that failed is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// Decides and remembers in one step. The same rule as in `gcra.rs`, by Redis' clock.
static GCRA: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local interval, count = tonumber(ARGV[1]), tonumber(ARGV[2])
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
        local owed = tonumber(redis.call('GET', KEYS[1]) or now)
        if owed < now then owed = now end
        local next = owed + interval
        local wait = next - interval * count - now
        if wait > 0 then
            return {0, 0, math.ceil(wait / 1000), math.ceil((owed - now) / 1000)}
        end
        local reset = math.ceil((next - now) / 1000)
        redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', reset)
        return {1, math.floor(-wait / interval), 0, reset}
        ",
    )
});

static INCR: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local count = redis.call('INCR', KEYS[1])
        if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
        return count
        ",
    )
});

pub(super) struct Redis {
    prefix: String,
    dialer: Dialer,
    line: Mutex<Line>,
    away: AtomicBool,
}

struct Line {
    link: Option<Link>,
    /// Counts the links, so that one failure of many callers is noted once.
    number: u64,
    resume_at: Option<Instant>,
}

enum Dialer {
    One(Box<Client>),
    Cluster {
        whole: Box<ClusterClient>,
        nodes: Vec<Client>,
    },
    Sentinel(Box<Mutex<SentinelClient>>),
}

#[derive(Clone)]
enum Link {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Redis {
    pub(super) fn new(url: &str, prefix: &str) -> Result<Self, KvError> {
        Ok(Self {
            prefix: prefix.to_owned(),
            dialer: Dialer::new(url)?,
            line: Mutex::new(Line {
                link: None,
                number: 0,
                resume_at: None,
            }),
            away: AtomicBool::new(false),
        })
    }

    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    pub(super) async fn gcra(&self, key: &str, quota: Quota) -> Result<Decision, KvError> {
        let key = self.name(key);
        let (admitted, remaining, retry, reset): (bool, u32, i64, i64) = self
            .ask(async |link| {
                GCRA.key(&key)
                    .arg(quota.interval_micros())
                    .arg(quota.count())
                    .invoke_async(link)
                    .await
            })
            .await?;
        let span = |millis| Timestamp::from_millis(millis).since(Timestamp::EPOCH);
        Ok(Decision {
            admitted,
            limit: quota.count(),
            remaining,
            retry_after: span(retry),
            reset_after: span(reset),
        })
    }

    pub(super) async fn put(&self, key: &str, value: &[u8], ttl: Span) -> Result<(), KvError> {
        let mut set = cmd("SET");
        set.arg(self.name(key)).arg(value);
        set.arg("PX").arg(lifetime(ttl));
        self.send(&set).await
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.send(cmd("GET").arg(self.name(key))).await
    }

    pub(super) async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.send(cmd("GETDEL").arg(self.name(key))).await
    }

    pub(super) async fn add(&self, key: &str, ttl: Span) -> Result<bool, KvError> {
        let mut set = cmd("SET");
        set.arg(self.name(key)).arg(1).arg("NX");
        set.arg("PX").arg(lifetime(ttl));
        let done: Option<String> = self.send(&set).await?;
        Ok(done.is_some())
    }

    pub(super) async fn incr(&self, key: &str, ttl: Span) -> Result<u64, KvError> {
        let key = self.name(key);
        self.ask(async |link| INCR.key(&key).arg(lifetime(ttl)).invoke_async(link).await)
            .await
    }

    /// Asks whether the server is there, even in the pause after a failure.
    pub(super) async fn ping(&self) -> Result<(), KvError> {
        self.line.lock().await.resume_at = None;
        self.send::<Value>(&cmd("PING")).await.map(drop)
    }

    /// The policy of each node.
    pub(super) async fn eviction(&self) -> Result<Vec<String>, KvError> {
        let answer: Value = self.send(cmd("INFO").arg("memory")).await?;
        Ok(eviction::policies(&answer))
    }

    fn name(&self, key: &str) -> String {
        format!("{}:{key}", self.prefix)
    }

    async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, KvError> {
        self.ask(async |link| command.query_async(link).await).await
    }

    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut Link) -> RedisResult<T>,
    ) -> Result<T, KvError> {
        let (mut link, number) = self.link().await?;
        match question(&mut link).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.lost(&mut *self.line.lock().await, number, error)),
        }
    }

    async fn link(&self) -> Result<(Link, u64), KvError> {
        let mut current = self.line.lock().await;
        if let Some(link) = &current.link {
            return Ok((link.clone(), current.number));
        }
        if current.resume_at.is_some_and(|at| Instant::now() < at) {
            return Err(KvError::Unavailable(Arc::new(
                std::io::Error::from(std::io::ErrorKind::NotConnected).into(),
            )));
        }
        let dialed = tokio::time::timeout(PATIENCE, self.dialer.dial())
            .await
            .unwrap_or_else(|_| Err(timed_out()));
        let number = current.number;
        match dialed {
            Ok(link) => {
                current.link = Some(link.clone());
                current.resume_at = None;
                if self.away.swap(false, Ordering::Relaxed) {
                    tracing::info!("Redis answers again");
                }
                Ok((link, number))
            }
            Err(error) => Err(self.lost(&mut current, number, error)),
        }
    }

    /// Drops link `number` and starts the pause, unless that has been done.
    fn lost(&self, line: &mut Line, number: u64, error: RedisError) -> KvError {
        if line.number == number {
            line.link = None;
            line.number += 1;
            line.resume_at = Some(Instant::now() + PAUSE);
            if !self.away.swap(true, Ordering::Relaxed) {
                tracing::warn!(%error, "Redis does not answer, limits are kept by this process alone");
            }
        }
        KvError::Unavailable(Arc::new(error))
    }
}

impl Dialer {
    fn new(url: &str) -> Result<Self, KvError> {
        let (scheme, rest) = url.split_once("://").ok_or(KvError::Url)?;
        let dialer = match scheme.split_once('+') {
            Some((plain @ ("redis" | "rediss"), "cluster")) => cluster(plain, rest),
            Some((plain @ ("redis" | "rediss"), "sentinel")) => sentinel(plain, rest),
            _ => Client::open(url).map(|client| Self::One(Box::new(client))),
        };
        // The error of the library may repeat the URL, password and all.
        dialer.map_err(|_| KvError::Url)
    }

    async fn dial(&self) -> RedisResult<Link> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        match self {
            Self::One(client) => client
                .get_multiplexed_async_connection_with_config(&config)
                .await
                .map(Link::One),
            Self::Cluster { whole, .. } => whole.get_async_connection().await.map(Link::Cluster),
            Self::Sentinel(client) => client
                .lock()
                .await
                .get_async_connection_with_config(&config)
                .await
                .map(Link::One),
        }
    }
}

fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// `USER:PASSWORD@HOST:PORT,HOST:PORT`: the same user at every node.
fn nodes(scheme: &str, hosts: &str) -> (String, Vec<String>) {
    let (user, hosts) = match hosts.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), hosts),
    };
    let hosts = hosts
        .split(',')
        .map(|host| format!("{scheme}://{host}"))
        .collect();
    (user, hosts)
}

fn cluster(scheme: &str, rest: &str) -> RedisResult<Dialer> {
    let hosts = rest.split('/').next().unwrap_or_default();
    let (user, hosts) = nodes(scheme, hosts);
    let hosts: Vec<String> = hosts
        .iter()
        .map(|host| host.replacen("://", &format!("://{user}"), 1))
        .collect();
    let nodes = hosts.iter().map(|host| Client::open(host.as_str()));
    let nodes = nodes.collect::<RedisResult<_>>()?;
    let client = ClusterClientBuilder::new(hosts)
        .connection_timeout(PATIENCE)
        .response_timeout(PATIENCE)
        .retries(1)
        .build()?;
    Ok(Dialer::Cluster {
        whole: Box::new(client),
        nodes,
    })
}

/// The user belongs to the servers, not to the sentinels.
fn sentinel(scheme: &str, rest: &str) -> RedisResult<Dialer> {
    let mut parts = rest.splitn(3, '/');
    let hosts = parts.next().unwrap_or_default();
    let service = parts.next().unwrap_or_default();
    let database = parts.next().unwrap_or("0");
    if service.is_empty() {
        return Err(std::io::Error::from(std::io::ErrorKind::InvalidInput).into());
    }
    let (user, hosts) = nodes("redis", hosts);
    let server = format!("{scheme}://{user}server/{database}").into_connection_info()?;
    let mut servers = SentinelNodeConnectionInfo::default()
        .set_redis_connection_info(server.redis_settings().clone());
    if scheme == "rediss" {
        servers = servers.set_tls_mode(::redis::TlsMode::Secure);
    }
    let client = SentinelClient::build(hosts, service, Some(servers), SentinelServerType::Master)?;
    Ok(Dialer::Sentinel(Box::new(Mutex::new(client))))
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(link) => link.req_packed_command(command),
            Self::Cluster(link) => link.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(link) => link.req_packed_commands(commands, offset, count),
            Self::Cluster(link) => link.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(link) => link.get_db(),
            Self::Cluster(link) => link.get_db(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_kind_of_url_is_read() {
        for url in [
            "redis://localhost",
            "redis://:pw@localhost:6379/2",
            "rediss://ada:pw@cache.example.com:6380",
            "redis+cluster://a.example.com:7000,b.example.com:7001",
            "rediss+cluster://ada:pw@a.example.com:7000,b.example.com:7001",
            "redis+sentinel://a.example.com:26379,b.example.com:26379/main",
            "redis+sentinel://ada:pw@a.example.com:26379/main/3",
            "redis+unix:///run/redis.sock",
        ] {
            assert!(Dialer::new(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_names_no_redis_is_refused_without_repeating_it() {
        for url in [
            "",
            "localhost:6379",
            "amqp://guest:s3cret@localhost",
            "redis+sentinel://a.example.com:26379",
            "redis+other://a:s3cret@b",
            "redis://:s3cret@localhost:port",
        ] {
            let error = Dialer::new(url).err().unwrap();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{url}");
        }
    }
}
