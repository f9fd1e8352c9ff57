//! The routes of family `session`.

use super::refusals::At;
use super::wire::{Credentials, Done, Profile, Registered, Registration, TokenReply};
use crate::call::{self, Refused, Table};
use crate::fields::{Document, Faults};
use axum::response::{IntoResponse, Response};
use doorward_domain::{PasswordRules, Rejection};
use doorward_http::{State, json};
use doorward_service::{Error, accounts, sessions};
use http::StatusCode;
use secrecy::ExposeSecret;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Call = call::Call<At>;

pub(crate) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(profile))
        .routes(routes!(delete))
}

/// Create a user with a login and a password
#[utoipa::path(
    post, path = "/api/register", operation_id = "session_register", tag = "session",
    request_body = Registration,
    responses((status = 201, description = "The new user's id", body = Registered), At)
)]
async fn register(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(|fields| Registration::read(fields, rules(&call)))?;
    let user = call
        .run(At::Register, |app, ctx| async move {
            accounts::sign_up(&app, &ctx, form.into()).await
        })
        .await?;
    Ok(json(StatusCode::CREATED, &Registered::from(&user)))
}

/// Sign in: the token is good until it expires or is logged out
#[utoipa::path(
    post, path = "/api/login", operation_id = "session_login", tag = "session",
    request_body = Credentials,
    responses((status = 200, description = "The token of a new session", body = TokenReply), At)
)]
async fn login(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(|fields| Credentials::read(fields, rules(&call)))?;
    let complaint = form.complaint(rules(&call));
    let outcome = call
        .attempt(|app, ctx| async move { sessions::sign_in(&app, &ctx, form.into()).await })
        .await;
    let tokens = outcome.map_err(|error| not_signed_in(&call, complaint, &error))?;
    Ok(json(StatusCode::OK, &TokenReply::from(&tokens)))
}

/// End the session of the token
#[utoipa::path(
    post, path = "/api/logout", operation_id = "session_logout", tag = "session",
    security(("bearer" = [])),
    responses((status = 200, description = "The session is over", body = Done), At)
)]
async fn logout(call: Call) -> Result<Response, Refused> {
    let token = call.token(At::SignOut)?;
    call.run(At::SignOut, |app, ctx| async move {
        sessions::sign_out(&app, &ctx, token.expose_secret()).await
    })
    .await?;
    Ok(json(StatusCode::OK, &Done::SIGNED_OUT))
}

/// Whoever the token belongs to
#[utoipa::path(
    get, path = "/api/profile", operation_id = "session_profile", tag = "session",
    security(("bearer" = [])),
    responses((status = 200, description = "The signed-in user", body = Profile), At)
)]
async fn profile(call: Call) -> Result<Response, Refused> {
    let caller = call.caller().await?;
    Ok(json(StatusCode::OK, &Profile::from(&*caller.user)))
}

/// Delete the user whose login and password are sent; a token, if sent, must be one of the same user
#[utoipa::path(
    post, path = "/api/delete", operation_id = "session_delete", tag = "session",
    security((), ("bearer" = [])),
    request_body = Credentials,
    responses((status = 200, description = "The user is gone", body = Done), At)
)]
async fn delete(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(|fields| Credentials::read(fields, rules(&call)))?;
    let complaint = form.complaint(rules(&call));
    let command = form.into_deletion(call.bearer());
    let outcome = call
        .attempt(|app, ctx| async move { accounts::delete_by_password(&app, &ctx, command).await })
        .await;
    outcome.map_err(|error| not_signed_in(&call, complaint, &error))?;
    Ok(json(StatusCode::OK, &Done::DELETED))
}

fn rules(call: &Call) -> &PasswordRules {
    &call.settings().session.password
}

/// Where the password does not fit, and could not have been set here either, the client reads why. A right password
/// never comes this far: it may have been set through another family.
fn not_signed_in(call: &Call, complaint: Option<Faults>, error: &Error) -> Refused {
    match (complaint, error) {
        (Some(complaint), Error::Rejected(refusal)) if reads_as_wrong(refusal.rejection) => {
            doorward_http::refused(refusal, complaint.into_response()).into()
        }
        _ => call.refuse(At::Password, error),
    }
}

fn reads_as_wrong(rejection: Rejection) -> bool {
    At::Password.answer(rejection) == At::Password.answer(Rejection::InvalidCredentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_stands_in_for_wrong_credentials_alone() {
        for rejection in [
            Rejection::InvalidCredentials,
            Rejection::AccountSuspended,
            Rejection::AccountBanned,
            Rejection::AccountDeleted,
        ] {
            assert!(reads_as_wrong(rejection), "{rejection:?}");
        }
        for rejection in [
            Rejection::TokenRevoked,
            Rejection::PasswordTriesExhausted,
            Rejection::HashingBusy,
            Rejection::AddressUnproven,
        ] {
            assert!(!reads_as_wrong(rejection), "{rejection:?}");
        }
    }
}
