//! The routes of family `confirm`, links and the token form apart.

use super::refusals::At;
use super::wire::{
    Changes, Credentials, Done, NewEmail, NonceReply, PasswordChange, Refresh, Registered,
    Registering, Registration, SigningIn, TokenReply, UserReply, provider,
};
use crate::call::{self, Refused};
use crate::fields::Document;
use axum::response::Response;
use doorward_domain::Rejection;
use doorward_http::{Path, State, json};
use doorward_service::tokens::Caller;
use doorward_service::{
    accounts, confirmations, credentials, federation, profiles, sessions, tokens,
};
use http::StatusCode;
use secrecy::ExposeSecret;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) type Call = call::Call<At>;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(register, show, update, delete))
        .routes(routes!(change_email))
        .routes(routes!(change_password))
        .routes(routes!(login))
        .routes(routes!(nonce))
}

/// Register with a password or with a third party; a link that confirms the address is mailed
#[utoipa::path(
    post, path = "/users", operation_id = "confirm_register", tag = "confirm",
    request_body = Registration,
    responses((status = 200, description = "The new user's id", body = Registered), At)
)]
async fn register(call: Call, body: Document) -> Result<Response, Refused> {
    let rules = &call.settings().confirm.password;
    let form = body.form(|fields| Registration::read(fields, rules))?;
    let user = call
        .run(At::Register, |app, ctx| async move {
            match form.into_command()? {
                Registering::Password(new) => confirmations::register(&app, &ctx, new).await,
                Registering::ThirdParty(new) => federation::register(&app, &ctx, new).await,
            }
        })
        .await?;
    Ok(json(StatusCode::OK, &Registered::from(&user)))
}

/// Sign in with an address and its password, or with an identity that was registered
#[utoipa::path(
    post, path = "/auth/login", operation_id = "confirm_login", tag = "confirm",
    request_body = Credentials,
    responses((status = 200, description = "The tokens of a new session", body = TokenReply), At)
)]
async fn login(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(SigningIn::read)?;
    let tokens = call
        .run(At::Login, |app, ctx| async move {
            match form {
                SigningIn::Password(form) => sessions::sign_in(&app, &ctx, form).await,
                SigningIn::ThirdParty {
                    provider: name,
                    id_token,
                } => federation::sign_in(&app, &ctx, &provider(&name)?, id_token).await,
            }
        })
        .await?;
    Ok(json(StatusCode::OK, &TokenReply::from(&tokens)))
}

/// Get new tokens for a refresh token
#[utoipa::path(
    post, path = "/auth/refresh", operation_id = "confirm_refresh", tag = "confirm",
    request_body = Refresh,
    responses((status = 200, description = "The session's next tokens", body = TokenReply), At)
)]
pub(super) async fn refresh(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(Refresh::read)?;
    let tokens = call
        .run(At::Refresh, |app, ctx| async move {
            tokens::refresh(&app, &ctx, form.refresh_token.expose_secret()).await
        })
        .await?;
    Ok(json(StatusCode::OK, &TokenReply::from(&tokens)))
}

/// Get a value that the next ID token of this provider is to carry
#[utoipa::path(
    post, path = "/federation/{provider}/nonce", operation_id = "confirm_nonce", tag = "confirm",
    params(("provider" = String, Path, description = "A configured provider", example = "google")),
    responses((status = 200, description = "The value; it is good once", body = NonceReply), At)
)]
async fn nonce(call: Call, path: Result<Path<String>, Response>) -> Result<Response, Refused> {
    // What is no text in the path is the name of no provider.
    let name = path.map(|Path(name)| name).unwrap_or_default();
    let nonce = call
        .run(At::Token, |app, ctx| async move {
            federation::nonce(&app, &ctx, &provider(&name)?).await
        })
        .await?;
    Ok(json(StatusCode::OK, &NonceReply::from(&nonce)))
}

/// Whoever the token belongs to
#[utoipa::path(
    get, path = "/users", operation_id = "confirm_user", tag = "confirm",
    security(("bearer" = [])),
    responses((status = 200, description = "The signed-in user", body = UserReply), At)
)]
async fn show(call: Call) -> Result<Response, Refused> {
    let caller = signed_in(&call).await?;
    Ok(json(StatusCode::OK, &UserReply::from(&*caller.user)))
}

/// Change what is named; a new address waits until the link that is mailed to it is confirmed
#[utoipa::path(
    put, path = "/users", operation_id = "confirm_update", tag = "confirm",
    security(("bearer" = [])),
    request_body = Changes,
    responses((status = 200, description = "The user as it is now", body = UserReply), At)
)]
async fn update(call: Call, body: Document) -> Result<Response, Refused> {
    let caller = signed_in(&call).await?;
    let mut form = body.form(|fields| Some(Changes::read(fields)))?;
    let user = call
        .run(At::Token, |app, ctx| async move {
            let mut user = Arc::clone(&caller.user);
            // The address first: it may be refused, and then nothing has changed.
            if let Some(email) = form.email.take() {
                let waiting = confirmations::change_address(&app, &ctx, &caller, &email).await?;
                user = Arc::new(waiting);
            }
            if let Some(update) = form.profile() {
                user = Arc::new(profiles::update(&app, &ctx, &caller, update).await?);
            }
            Ok(user)
        })
        .await?;
    Ok(json(StatusCode::OK, &UserReply::from(&*user)))
}

/// Begin to change the address; the old one stays until the link that is mailed to the new one is confirmed
#[utoipa::path(
    put, path = "/users/email", operation_id = "confirm_change_email", tag = "confirm",
    security(("bearer" = [])),
    request_body = NewEmail,
    responses((status = 200, description = "The user as it is now", body = UserReply), At)
)]
async fn change_email(call: Call, body: Document) -> Result<Response, Refused> {
    let caller = signed_in(&call).await?;
    let form = body.form(NewEmail::read)?;
    let user = call
        .run(At::Token, |app, ctx| async move {
            confirmations::change_address(&app, &ctx, &caller, &form.new_email).await
        })
        .await?;
    Ok(json(StatusCode::OK, &UserReply::from(&user)))
}

/// Change the password; every other session ends
#[utoipa::path(
    put, path = "/users/password", operation_id = "confirm_change_password", tag = "confirm",
    security(("bearer" = [])),
    request_body = PasswordChange,
    responses((status = 200, description = "The password is changed", body = Done), At)
)]
async fn change_password(call: Call, body: Document) -> Result<Response, Refused> {
    let caller = signed_in(&call).await?;
    let rules = &call.settings().confirm.password;
    let form = body.form(|fields| PasswordChange::read(fields, rules))?;
    call.run(At::Password, |app, ctx| async move {
        let PasswordChange {
            old_password,
            new_password,
        } = form;
        credentials::change_password(&app, &ctx, &caller, old_password, new_password).await
    })
    .await?;
    Ok(json(StatusCode::OK, &Done::PASSWORD_CHANGED))
}

/// Delete the user of the token
#[utoipa::path(
    delete, path = "/users", operation_id = "confirm_delete", tag = "confirm",
    security(("bearer" = [])),
    responses((status = 200, description = "The user is gone", body = Done), At)
)]
async fn delete(call: Call) -> Result<Response, Refused> {
    let caller = signed_in(&call).await?;
    call.run(At::Token, |app, ctx| async move {
        accounts::delete_by_token(&app, &ctx, &caller).await
    })
    .await?;
    Ok(json(StatusCode::OK, &Done::DELETED))
}

/// Whoever the access token belongs to. The family tells what is wrong with the header, where others say nothing.
async fn signed_in(call: &Call) -> Result<Caller, Refused> {
    if call.shows_something_else() {
        let refusal = Rejection::TokenMissing.into();
        return Err(At::another_scheme().respond(&refusal, None).into());
    }
    call.caller().await
}
