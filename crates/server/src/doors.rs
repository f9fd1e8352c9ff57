//! The listeners of a server: where they come from, what stands behind them, and on which terms they take connections.

use crate::assemble::Doorward;
use crate::config::{Config, Connections};
use crate::listen::{self, Admission, Door, Patience, Terms};
use crate::systemd::Sockets;
use crate::tls::Acceptor;
use crate::{acme, descriptors, redirect};
use anyhow::{Context, Result, bail};
use doorward_http::Trusted;
use metrics::gauge;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// Connections at once on `server.operations_bind`: those who watch are few, and a flood elsewhere takes no place of theirs.
const WATCHERS: usize = 64;

/// The sockets, taken before anything starts so that what is wrong with them is known.
pub(crate) struct Listeners {
    main: TcpListener,
    operations: Option<TcpListener>,
    redirect: Option<TcpListener>,
}

impl Listeners {
    /// What the service manager has passed, and else what the configuration says; `exposed` is whether development may be
    /// reached from elsewhere.
    pub(crate) fn open(config: &Config, exposed: bool) -> Result<Self> {
        let passed = Sockets::passed()?;
        let open = |passed: Option<TcpListener>, address: Option<SocketAddr>, setting| {
            let bound = || address.map(|address| listen::bind(address, setting));
            passed.map(Ok).or_else(bound).transpose()
        };
        let main = open(passed.main, Some(config.bind()), "server.bind")?;
        let listeners = Self {
            main: main.context("`server.bind`: there is no address to listen on")?,
            operations: open(
                passed.operations,
                config.operations_bind(),
                "server.operations_bind",
            )?,
            redirect: open(
                passed.redirect,
                config.redirect_bind(),
                "server.tls.redirect_bind",
            )?,
        };
        if config.is_development() && !exposed {
            listeners.stay_inside()?;
        }
        Ok(listeners)
    }

    /// The configuration's addresses were looked at already; those of passed sockets were not.
    fn stay_inside(&self) -> Result<()> {
        let all = [
            Some(&self.main),
            self.operations.as_ref(),
            self.redirect.as_ref(),
        ];
        for listener in all.into_iter().flatten() {
            let address = listener.local_addr()?;
            if !address.ip().to_canonical().is_loopback() {
                bail!(
                    "the socket `{address}` would open a development server to the network; set `mode = \"production\"`, or give `--expose-development`"
                );
            }
        }
        Ok(())
    }

    /// The address itself: a configured port of 0 has become another one.
    pub(crate) fn address(&self) -> String {
        let address = self.main.local_addr();
        address.map_or_else(|error| error.to_string(), |address| address.to_string())
    }
}

/// Every listener, ready to serve.
pub(crate) struct Doors {
    /// `server.bind`.
    pub(crate) main: Door,
    /// The listener of operators, and the one that leads to https.
    pub(crate) beside: Vec<Door>,
}

impl Doors {
    pub(crate) fn new(
        config: &Config,
        doorward: &Doorward,
        listeners: Listeners,
        tls: Option<Acceptor>,
    ) -> Self {
        let public = terms(config, doorward, admission(config));
        let watchers = terms(config, doorward, Admission::new(WATCHERS, WATCHERS));
        let main = Door {
            name: "main",
            listener: listeners.main,
            router: doorward.router.clone(),
            tls,
            terms: Arc::clone(&public),
        };
        let operations = listeners.operations.map(|listener| Door {
            name: "operations",
            listener,
            router: doorward.operations.clone(),
            tls: None,
            terms: watchers,
        });
        let redirect = listeners.redirect.map(|listener| {
            let answers = config.acme().map(|_| acme::routes(&doorward.app));
            Door {
                name: "redirect",
                listener,
                router: redirect::routes(&config.public_url(), answers.unwrap_or_default()),
                tls: None,
                terms: public,
            }
        });
        Self {
            main,
            beside: operations.into_iter().chain(redirect).collect(),
        }
    }
}

fn admission(config: &Config) -> Arc<Admission> {
    let descriptors = descriptors::allowed();
    let Connections {
        most,
        share,
        affordable,
    } = config.connections(descriptors);
    if !affordable {
        tracing::warn!(
            descriptors,
            connections = most,
            "`server.max_connections` is more than this process may open; raise the limit of descriptors (`LimitNOFILE`, `ulimit -n`)"
        );
    }
    gauge!("doorward_connections_limit").set(u32::try_from(most).map_or(f64::INFINITY, f64::from));
    Admission::new(most, share)
}

fn terms(config: &Config, doorward: &Doorward, admission: Arc<Admission>) -> Arc<Terms> {
    let state = Arc::clone(&doorward.state);
    Arc::new(Terms {
        admission,
        trusted: Trusted::from(config.trusted_proxies()),
        unnamed_proxy: Box::new(move || state.notice_unnamed_proxy()),
        patience: Patience::USUAL,
    })
}
