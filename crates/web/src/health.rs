//! Whether the process lives, whether it can work, and the same in the words of the documented service.

use axum::extract::State as Shared;
use axum::response::Response;
use doorward_domain::Span;
use doorward_http::{Query, Retry, State, json};
use doorward_service::health::{Health, Readiness, readiness};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A probe wants an answer soon: a part that takes longer than this to say how it is, is away.
const PATIENCE: Span = Span::seconds(5);

/// The process answers.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Alive)]
pub(crate) struct Alive {
    /// Always `ok`.
    status: &'static str,
}

/// Whether the process answers.
#[utoipa::path(
    get,
    path = "/livez",
    tag = "operations",
    responses((status = 200, description = "It does", body = Alive)),
)]
pub(crate) async fn livez() -> Response {
    json(StatusCode::OK, &Alive { status: "ok" })
}

/// How the service and its parts fare.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct Ready {
    /// `ok`, `degraded` or `unavailable`: the worst of the parts.
    status: &'static str,
    /// The configured parts.
    parts: BTreeMap<&'static str, &'static str>,
    /// What an operator should know and what leaves `status` as it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
}

/// Whether requests should be sent here.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses(
        (status = 200, description = "They should; `degraded` where the service goes on without a part", body = Ready),
        (status = 503, description = "The database is away, a migration is missing, or the server is about to stop", body = Ready),
    ),
)]
pub(crate) async fn readyz(Shared(web): Shared<State>) -> Response {
    let mut found = look(&web).await;
    found.notices.extend(web.notices());
    if web.draining() {
        found.status = Health::Unavailable;
        found.notices.push("the server is about to stop".to_owned());
    }
    let ready = Ready {
        status: word(found.status),
        parts: found
            .parts
            .iter()
            .map(|(name, health)| (*name, word(*health)))
            .collect(),
        notices: found.notices,
    };
    answer(found.status, &ready)
}

/// What is asked for.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// With it, the parts too.
    full: Option<String>,
}

/// How the service and its parts fare, in the words of family `session`.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Health)]
pub(crate) struct Full {
    /// `Healthy`, `Degraded` or `Unhealthy`.
    status: &'static str,
    /// The configured parts.
    parts: BTreeMap<&'static str, &'static str>,
}

/// What `/health` says: one word, or with `full` the parts.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = HealthReply)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes the two forms")]
pub(crate) enum HealthReply {
    Word(String),
    Full(Full),
}

/// Whether the service can work.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operations",
    params(Asked),
    responses(
        (status = 200, description = "`\"Healthy\"`, or with `full` the parts", body = HealthReply),
        (status = 503, description = "The database is down", body = HealthReply),
        (status = 422, description = "A parameter was sent twice"),
    ),
)]
pub(crate) async fn health(Shared(web): Shared<State>, Query(asked): Query<Asked>) -> Response {
    let found = look(&web).await;
    if asked.full.is_none() {
        let word = if found.status == Health::Unavailable {
            "Unhealthy"
        } else {
            "Healthy"
        };
        return answer(found.status, &word);
    }
    let full = Full {
        status: documented_word(found.status),
        parts: found
            .parts
            .iter()
            .map(|(name, health)| (*name, documented_word(*health)))
            .collect(),
    };
    answer(found.status, &full)
}

async fn look(web: &State) -> Readiness {
    let app = Arc::clone(&web.app);
    let looking = doorward_http::run(async move { Ok(readiness(&app).await) });
    match tokio::time::timeout(PATIENCE.to_std(), looking).await {
        Ok(Ok(readiness)) => readiness,
        Ok(Err(_)) | Err(_) => Readiness {
            status: Health::Unavailable,
            parts: vec![("database", Health::Unavailable)],
            notices: Vec::new(),
        },
    }
}

fn answer(status: Health, body: &impl Serialize) -> Response {
    match status {
        Health::Ok | Health::Degraded => json(StatusCode::OK, body),
        Health::Unavailable => {
            json(StatusCode::SERVICE_UNAVAILABLE, body).retry_after(Span::seconds(1))
        }
    }
}

const fn word(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Degraded => "degraded",
        Health::Unavailable => "unavailable",
    }
}

const fn documented_word(health: Health) -> &'static str {
    match health {
        Health::Ok => "Healthy",
        Health::Degraded => "Degraded",
        Health::Unavailable => "Unhealthy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_work_is_a_503() {
        assert_eq!(
            answer(Health::Degraded, &"Healthy").status(),
            StatusCode::OK
        );
        let down = answer(Health::Unavailable, &"Unhealthy");
        assert_eq!(
            (down.status(), &down.headers()["retry-after"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
        );
    }
}
