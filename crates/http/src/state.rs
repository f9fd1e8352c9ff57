//! The state that every handler gets: the application, and what the surfaces know of themselves.

use crate::answer;
use crate::settings::HttpSettings;
use crate::signals::Signals;
use axum::response::Response;
use doorward_service::{Ctx, Fault, SharedApp};
use std::sync::Arc;

/// The state of every router.
pub type State = Arc<Web>;

/// See [`State`].
pub struct Web {
    /// The application.
    pub app: SharedApp,
    /// What the operator decided about HTTP.
    pub http: Arc<HttpSettings>,
    pub(crate) signals: Arc<Signals>,
}

impl Web {
    /// Puts the surfaces' state together.
    pub fn new(app: SharedApp, http: HttpSettings) -> State {
        Arc::new(Self {
            app,
            http: Arc::new(http),
            signals: Arc::default(),
        })
    }

    /// From now on `/readyz` says that no new requests should be sent here.
    pub fn drain(&self) {
        self.signals.drain();
    }

    /// Whether the server is about to stop.
    pub fn draining(&self) -> bool {
        self.signals.draining()
    }

    /// A connection told of a client by a PROXY header, and came from a peer that `server.trusted_proxies` does not name.
    pub fn notice_unnamed_proxy(&self) {
        self.signals.notice_unnamed_proxy();
    }

    /// What an operator should know and need not act on at once: an unnamed proxy, plain HTTP.
    pub fn notices(&self) -> Vec<String> {
        self.signals.notices()
    }

    /// Logs a fault, once, and answers 500, or 503 with `Retry-After` where trying again helps. Outside development
    /// the answer says no more than the request id.
    pub fn fault(&self, ctx: &Ctx, fault: &Fault) -> Response {
        answer::fault(fault, &ctx.request_id, self.http.development)
    }
}
