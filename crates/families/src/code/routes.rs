//! The routes of family `code`.

use super::refusals::At;
use super::shown::{Jwt, Rt};
use super::wire::{
    CodeRequest, Cooldown, Deletion, Done, Guess, PasswordForm, Profile, ProfileUpdate, TokenReply,
};
use crate::call::{self, Refused, Table};
use crate::fields::{Document, Faults};
use axum::response::Response;
use doorward_domain::Rejection;
use doorward_http::{State, detail, json};
use doorward_service::tokens::Caller;
use doorward_service::{accounts, codes, credentials, profiles, sessions, tokens};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Call = call::Call<At>;

/// The routes that are the family's alone.
pub(crate) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(send_code))
        .routes(routes!(put_token))
        .routes(routes!(patch_refresh))
        .routes(routes!(update_profile, delete_profile))
        .routes(routes!(change_credentials))
        .routes(routes!(set_password))
}

/// The routes whose method and path are another family's too.
pub(crate) fn posts() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(post_token))
        .routes(routes!(post_refresh))
}

/// Send a code that signs in; an account comes to be with its first right code
#[utoipa::path(
    post, path = "/auth/code", operation_id = "code_send_code", tag = "code",
    request_body = CodeRequest,
    responses((status = 200, description = "A code is on its way", body = Cooldown), At)
)]
async fn send_code(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(|fields| Some(CodeRequest::read(fields)));
    let form = form.map_err(first)?;
    let cooldown = call
        .run(At::Code, |app, ctx| async move {
            codes::send_sign_in(&app, &ctx, &form.into_identifier()?).await
        })
        .await?;
    Ok(json(StatusCode::OK, &Cooldown::from(cooldown)))
}

/// Sign in with the code, and with the password where the account has one
#[utoipa::path(
    put, path = "/auth/token", operation_id = "code_token", tag = "code",
    request_body = Guess,
    responses((status = 200, description = "The tokens of a new session", body = TokenReply), At)
)]
async fn put_token(call: Call, body: Document) -> Result<Response, Refused> {
    sign_in(&call, &body).await
}

/// Sign in with the code, for clients that cannot `PUT`
#[utoipa::path(
    post, path = "/auth/token", operation_id = "code_post_token", tag = "code",
    request_body = Guess,
    responses((status = 200, description = "The tokens of a new session", body = TokenReply), At)
)]
async fn post_token(call: Call, body: Document) -> Result<Response, Refused> {
    sign_in(&call, &body).await
}

/// Get new tokens; the refresh token is spent
#[utoipa::path(
    patch, path = "/auth/refresh", operation_id = "code_refresh", tag = "code",
    security((), ("bearer" = [])),
    params(("RT" = Option<String>, Header, description = "A refresh token; counts before `Authorization`")),
    responses((status = 200, description = "The session's next tokens", body = TokenReply), At)
)]
async fn patch_refresh(call: Call, Rt(token): Rt) -> Result<Response, Refused> {
    refresh(&call, token).await
}

/// Get new tokens, for clients that cannot `PATCH`
#[utoipa::path(
    post, path = "/auth/refresh", operation_id = "code_post_refresh", tag = "code",
    params(("RT" = Option<String>, Header, description = "A refresh token")),
    responses((status = 200, description = "The session's next tokens", body = TokenReply), At)
)]
async fn post_refresh(call: Call, Rt(token): Rt) -> Result<Response, Refused> {
    refresh(&call, token).await
}

/// Change the profile, only what is named; `{}` reads it
#[utoipa::path(
    put, path = "/user/profile", operation_id = "code_profile", tag = "code",
    security((), ("bearer" = [])),
    params(("JWT" = Option<String>, Header, description = "An access token; counts before `Authorization`")),
    request_body = ProfileUpdate,
    responses((status = 200, description = "The profile as it is now", body = Profile), At)
)]
async fn update_profile(call: Call, Jwt(token): Jwt, body: Document) -> Result<Response, Refused> {
    let caller = signed_in(&call, token).await?;
    let family = &call.settings().code;
    let update = body.form(|fields| Some(ProfileUpdate::read(fields, family)));
    let Some(update) = update.map_err(first)? else {
        return Ok(json(StatusCode::OK, &Profile::from(&*caller.user)));
    };
    let user = call
        .run(At::User, |app, ctx| async move {
            profiles::update(&app, &ctx, &caller, update).await
        })
        .await?;
    Ok(json(StatusCode::OK, &Profile::from(&user)))
}

/// Delete the account, with its password where it has one
#[utoipa::path(
    delete, path = "/user/profile", operation_id = "code_delete_profile", tag = "code",
    security((), ("bearer" = [])),
    params(("JWT" = Option<String>, Header, description = "An access token; counts before `Authorization`")),
    request_body = Option<Deletion>,
    responses((status = 200, description = "The account is gone", body = Done), At)
)]
async fn delete_profile(call: Call, Jwt(token): Jwt, body: Document) -> Result<Response, Refused> {
    let caller = signed_in(&call, token).await?;
    let form = body.form_if_any(|fields| Some(Deletion::read(fields)));
    let form = form.map_err(first)?;
    call.run(At::User, |app, ctx| async move {
        accounts::delete(&app, &ctx, &caller, form.password).await
    })
    .await?;
    Ok(json(StatusCode::OK, &Done::DELETED))
}

/// Take a new address or phone number, proven by a code that was sent to it; another account that has it loses it
#[utoipa::path(
    patch, path = "/user/credentials", operation_id = "code_credentials", tag = "code",
    security((), ("bearer" = [])),
    params(("JWT" = Option<String>, Header, description = "An access token; counts before `Authorization`")),
    request_body = Guess,
    responses((status = 200, description = "The profile as it is now", body = Profile), At)
)]
async fn change_credentials(
    call: Call,
    Jwt(token): Jwt,
    body: Document,
) -> Result<Response, Refused> {
    let caller = signed_in(&call, token).await?;
    let form = body.form(Guess::read).map_err(first)?;
    let user = call
        .run(At::User, |app, ctx| async move {
            credentials::adopt(&app, &ctx, &caller, form.into_move()?).await
        })
        .await?;
    Ok(json(StatusCode::OK, &Profile::from(&user)))
}

/// Set, change or remove the password
#[utoipa::path(
    post, path = "/user/password", operation_id = "code_password", tag = "code",
    security((), ("bearer" = [])),
    params(("JWT" = Option<String>, Header, description = "An access token; counts before `Authorization`")),
    request_body = PasswordForm,
    responses((status = 200, description = "It is set, or removed", body = Done), At)
)]
async fn set_password(call: Call, Jwt(token): Jwt, body: Document) -> Result<Response, Refused> {
    let caller = signed_in(&call, token).await?;
    let rules = &call.settings().code.password;
    let form = body.form(|fields| Some(PasswordForm::read(fields, rules)));
    let change = form.map_err(first)?.into();
    call.run(At::User, |app, ctx| async move {
        credentials::set_password(&app, &ctx, &caller, change).await
    })
    .await?;
    Ok(json(StatusCode::OK, &Done::PASSWORD_SET))
}

async fn sign_in(call: &Call, body: &Document) -> Result<Response, Refused> {
    let form = body.form(Guess::read).map_err(first)?;
    let tokens = call
        .run(At::Token, |app, ctx| async move {
            sessions::sign_in_by_code(&app, &ctx, form.into_sign_in()?).await
        })
        .await?;
    Ok(json(StatusCode::OK, &TokenReply::from(&tokens)))
}

async fn refresh(call: &Call, token: Option<SecretString>) -> Result<Response, Refused> {
    let token = shown(call, At::Refresh, token)?;
    let tokens = call
        .run(At::Refresh, |app, ctx| async move {
            tokens::refresh(&app, &ctx, token.expose_secret()).await
        })
        .await?;
    Ok(json(StatusCode::OK, &TokenReply::from(&tokens)))
}

async fn signed_in(call: &Call, token: Option<SecretString>) -> Result<Caller, Refused> {
    call.caller_of(shown(call, At::TOKEN, token)?).await
}

fn shown(call: &Call, at: At, token: Option<SecretString>) -> Result<SecretString, Refused> {
    token.ok_or_else(|| call.refuse(at, &Rejection::TokenMissing.into()))
}

/// The family's clients read one sentence, not a list.
fn first(faults: Faults) -> Refused {
    detail(StatusCode::UNPROCESSABLE_ENTITY, faults.into_sentence()).into()
}
