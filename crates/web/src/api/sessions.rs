//! The sessions of whoever is signed in: seen, and ended.

use super::call::{Call, Refused};
use super::problem::{FieldProblem, Problem};
use axum::response::{IntoResponse, Response};
use doorward_domain::{Rejection, SessionId};
use doorward_http::{Path, Query};
use doorward_service::sessions::{self, Ending, SessionInfo};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A session that is open.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = native::Session)]
struct SessionReply {
    #[schema(format = "uuid")]
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// The surface that it was opened through.
    family: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    /// To the minute.
    #[schema(format = DateTime)]
    last_used_at: String,
    /// When it ends by itself.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The client's address at sign-in.
    address: Option<String>,
    /// What the client called itself at sign-in.
    user_agent: Option<String>,
}

impl From<SessionInfo> for SessionReply {
    fn from(session: SessionInfo) -> Self {
        Self {
            id: session.id.to_string(),
            current: session.current,
            family: session.family.as_str(),
            created_at: session.created_at.to_rfc3339(),
            last_used_at: session.last_used_at.to_rfc3339(),
            expires_at: session.expires_at.to_rfc3339(),
            address: session.address,
            user_agent: session.user_agent,
        }
    }
}

/// The sessions that are open, the newest first.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = native::Sessions)]
pub(super) struct SessionsReply {
    sessions: Vec<SessionReply>,
}

/// Where somebody is signed in
#[utoipa::path(
    get, path = "/v1/sessions", operation_id = "native_sessions", tag = "native", security(("bearer" = [])),
    responses(
        (status = 200, description = "The sessions that are open, the newest first", body = SessionsReply),
        (status = "default", description = "Why not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(call: Call) -> Result<Response, Refused> {
    let caller = call.caller().await?;
    let found = call
        .run(|app, ctx| async move { sessions::list(&app, &ctx, &caller).await })
        .await?;
    let sessions = found.into_iter().map(SessionReply::from).collect();
    Ok(doorward_http::json(
        StatusCode::OK,
        &SessionsReply { sessions },
    ))
}

/// End one session
#[utoipa::path(
    delete, path = "/v1/sessions/{id}", operation_id = "native_end_session", tag = "native",
    security(("bearer" = [])), params(("id" = String, Path)),
    responses(
        (status = 204, description = "It has ended"),
        (status = "default", description = "Why not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn end(
    call: Call,
    id: Result<Path<String>, Response>,
) -> Result<Response, Refused> {
    let caller = call.caller().await?;
    let id = id.ok().and_then(|Path(id)| id.parse::<SessionId>().ok());
    let id = id.ok_or_else(|| call.refuse(&Rejection::SessionNotFound.into()))?;
    call.run(|app, ctx| async move { sessions::end(&app, &ctx, &caller, id).await })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Which sessions.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// `true`: the one that asks, too.
    #[param(value_type = Option<bool>)]
    all: Option<String>,
}

/// End all other sessions
#[utoipa::path(
    delete, path = "/v1/sessions", operation_id = "native_end_sessions", tag = "native",
    security(("bearer" = [])), params(Asked),
    responses(
        (status = 204, description = "They have ended"),
        (status = "default", description = "Why not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn end_many(
    call: Call,
    asked: Result<Query<Asked>, Response>,
) -> Result<Response, Refused> {
    let caller = call.caller().await?;
    let which = ending(asked).map_err(|fault| Problem::invalid(vec![fault]))?;
    call.run(|app, ctx| async move { sessions::end_many(&app, &ctx, &caller, which).await })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whoever ends too much or too little by a slip of the pen cannot take it back, so nothing is guessed.
fn ending(asked: Result<Query<Asked>, Response>) -> Result<Ending, FieldProblem> {
    let Ok(Query(asked)) = asked else {
        return Err(FieldProblem::whole("These parameters cannot be read."));
    };
    match asked.all.as_deref() {
        None | Some("false") => Ok(Ending::Others),
        Some("true") => Ok(Ending::All),
        Some(_) => Err(FieldProblem::of("all", "Must be `true` or `false`.")),
    }
}
