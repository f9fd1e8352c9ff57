//! What the service manager gives to this process and wants to hear from it: sockets that it listens on for it, and how it
//! fares. Started by anybody else, nothing is given and nobody listens.

use anyhow::{Context, Result, bail};
use listenfd::ListenFd;
use sd_notify::NotifyState;
use std::net::TcpListener;
use std::time::Duration;
use tracing::debug;

/// Sockets by the names that `FileDescriptorName=` of their units give them.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    /// `bind`, in place of `server.bind`; the only socket may have any name.
    pub(crate) main: Option<TcpListener>,
    /// `operations`, in place of `server.operations_bind`.
    pub(crate) operations: Option<TcpListener>,
    /// `redirect`, in place of `server.tls.redirect_bind`.
    pub(crate) redirect: Option<TcpListener>,
}

impl Sockets {
    /// The sockets that were passed to this process.
    pub(crate) fn passed() -> Result<Self> {
        const CONTEXT: &str = "the sockets of the service manager cannot be used";
        let names: Vec<String> = sd_notify::listen_fds_with_names()
            .context(CONTEXT)?
            .map(|(_, name)| name)
            .collect();
        let mut sockets = Self::default();
        if names.is_empty() {
            return Ok(sockets);
        }
        let mut passed = ListenFd::from_env();
        for (n, name) in names.iter().enumerate() {
            let place = match name.as_str() {
                "bind" => &mut sockets.main,
                "operations" => &mut sockets.operations,
                "redirect" => &mut sockets.redirect,
                _ if names.len() == 1 => &mut sockets.main,
                _ => bail!(
                    "the socket `{name}` has no use; name each by `FileDescriptorName=`: `bind`, `operations` or `redirect`"
                ),
            };
            let socket = passed.take_tcp_listener(n).context(CONTEXT)?;
            if place.replace(socket.context(CONTEXT)?).is_some() {
                bail!("there are two sockets of the name `{name}`; keep one");
            }
        }
        Ok(sockets)
    }
}

/// Requests are served from now on.
pub(crate) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The configuration is being read again; [`ready`] says when that is done.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => debug!(%error, "the service manager does not hear of the reload"),
    }
}

/// The process is about to end.
pub(crate) fn stopping(status: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
}

/// Tells the service manager twice in each `WatchdogSec=` that this process goes on; for ever, where it wants to hear that.
pub(crate) async fn keep_alive() {
    let Some(period) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = tokio::time::interval((period / 2).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

/// A service manager that does not listen keeps nothing from working.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        debug!(%error, "the service manager cannot be told");
    }
}
