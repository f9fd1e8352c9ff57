//! The routes of family `proof`, under a base path that the operator chooses.

use super::refusals::At;
use super::wire::{CodeRequest, Done, Guess, Health, ProofReply};
use crate::base;
use crate::call::{self, Refused};
use crate::fields::Document;
use axum::response::Response;
use doorward_http::{State, json};
use doorward_service::proofs;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Call = call::Call<At>;

pub(crate) fn routes(base: &str) -> OpenApiRouter<State> {
    base::under(
        base,
        [routes!(send_code), routes!(verify_code), routes!(health)],
    )
}

/// Mail a code that proves the address to the project
#[utoipa::path(
    post, path = "/api/v1/auth/send-code", operation_id = "proof_send_code", tag = "proof",
    request_body = CodeRequest,
    responses((status = 200, description = "A code is on its way", body = Done), At)
)]
async fn send_code(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(CodeRequest::read)?;
    call.run(At, |app, ctx| async move {
        proofs::send(&app, &ctx, &form.project, &form.email).await
    })
    .await?;
    Ok(json(StatusCode::OK, &Done::CODE_SENT))
}

/// Turn the code that was mailed into a proof for the project
#[utoipa::path(
    post, path = "/api/v1/auth/verify-code", operation_id = "proof_verify_code", tag = "proof",
    request_body = Guess,
    responses((status = 200, description = "The proof", body = ProofReply), At)
)]
async fn verify_code(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(Guess::read)?;
    let proof = call
        .run(At, |app, ctx| async move {
            proofs::prove(&app, &ctx, &form.project, &form.email, form.code).await
        })
        .await?;
    Ok(json(StatusCode::OK, &ProofReply::from(&proof)))
}

/// Whether the family answers at all
#[utoipa::path(
    get, path = "/api/v1/health", operation_id = "proof_health", tag = "proof",
    responses((status = 200, description = "It does", body = Health))
)]
async fn health() -> Response {
    json(StatusCode::OK, &Health::OK)
}
