//! How family `session` limits its clients.

use doorward_http::LimitPlan;
use doorward_http::limits::Endpoint;
use http::Method;

/// The operator's path rules, each endpoint by itself; but delete checks a password and so counts as a login.
pub(crate) fn limits() -> LimitPlan {
    let post = |path| Endpoint::new(Method::POST, path);
    LimitPlan {
        same_as: vec![(post("/api/delete"), post("/api/login"))],
        ..LimitPlan::default()
    }
}
