//! The routes of family `verified`, under a base path that the operator chooses.

use super::files::{self as wire_files, UploadForm, Uploaded, name_in_path};
use super::refusals::At;
use super::wire::{
    Address, Credentials, Done, Refresh, Registration, TokenReply, UserReply, Verification,
};
use crate::base;
use crate::call::{self, Refused};
use crate::fields::Document;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use doorward_http::{Path, State, json};
use doorward_service::{accounts, codes, files, sessions, tokens};
use futures_util::future::join;
use http::StatusCode;
use secrecy::ExposeSecret;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

type Call = call::Call<At>;

pub(crate) fn routes(base: &str, file_size: u64) -> OpenApiRouter<State> {
    let upload_limit = DefaultBodyLimit::max(wire_files::form_limit(file_size));
    base::under(
        base,
        [
            routes!(register),
            routes!(send_otp),
            routes!(verify_otp),
            routes!(login),
            routes!(refresh_token),
            routes!(profile),
            routes!(upload_file).layer(upload_limit),
            routes!(download_file),
            routes!(delete_file),
        ],
    )
}

/// Register; the code that proves the address is mailed at once
#[utoipa::path(
    post, path = "/api/v1/users", operation_id = "verified_register", tag = "verified",
    request_body = Registration,
    responses((status = 201, description = "The new user", body = UserReply), At)
)]
async fn register(call: Call, body: Document) -> Result<Response, Refused> {
    let rules = &call.settings().verified.password;
    let form = body.form(|fields| Registration::read(fields, rules))?;
    let user = call
        .run(At::Register, |app, ctx| async move {
            accounts::sign_up(&app, &ctx, form.into()).await
        })
        .await?;
    Ok(json(StatusCode::CREATED, &UserReply::from(&user)))
}

/// Mail a new code; the answer is the same whether or not anybody has this address
#[utoipa::path(
    post, path = "/api/v1/auth/send-otp", operation_id = "verified_send_otp", tag = "verified",
    request_body = Address,
    responses((status = 200, description = "A code is on its way", body = Done), At)
)]
async fn send_otp(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(Address::read)?;
    call.run(At::SendOtp, |app, ctx| async move {
        codes::send_verification(&app, &ctx, &form.email).await
    })
    .await?;
    Ok(json(StatusCode::OK, &Done::CODE_SENT))
}

/// Prove the address with the code that was mailed to it
#[utoipa::path(
    post, path = "/api/v1/auth/verify-otp", operation_id = "verified_verify_otp", tag = "verified",
    request_body = Verification,
    responses((status = 200, description = "The address is proven", body = Done), At)
)]
async fn verify_otp(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(Verification::read)?;
    call.run(At::VerifyOtp, |app, ctx| async move {
        codes::verify_email(&app, &ctx, &form.email, form.otp).await
    })
    .await?;
    Ok(json(StatusCode::OK, &Done::VERIFIED))
}

/// Sign in with a proven address and its password
#[utoipa::path(
    post, path = "/api/v1/auth/login", operation_id = "verified_login", tag = "verified",
    request_body = Credentials,
    responses((status = 200, description = "Tokens", body = TokenReply), At)
)]
async fn login(call: Call, body: Document) -> Result<Response, Refused> {
    let form = body.form(Credentials::read)?;
    let tokens = call
        .run(At::Login, |app, ctx| async move {
            sessions::sign_in(&app, &ctx, form.into()).await
        })
        .await?;
    Ok(json(StatusCode::OK, &TokenReply::from(&tokens)))
}

/// Get a new access token; the refresh token stays good until its session ends, unless refresh tokens turn over here
#[utoipa::path(
    post, path = "/api/v1/auth/refresh-token", operation_id = "verified_refresh", tag = "verified",
    request_body(content((String = "text/plain"), (Refresh = "application/json"))),
    responses((status = 200, description = "An access token", body = TokenReply), At)
)]
async fn refresh_token(call: Call, body: Document) -> Result<Response, Refused> {
    let token = Refresh::read(&body)?;
    let tokens = call
        .run(At::Refresh, |app, ctx| async move {
            tokens::refresh(&app, &ctx, token.expose_secret()).await
        })
        .await?;
    let reply = TokenReply::from(&tokens);
    let reply = if call.settings().verified.rotate_refresh {
        reply
    } else {
        reply.without_refresh()
    };
    Ok(json(StatusCode::OK, &reply))
}

/// Whoever the token belongs to
#[utoipa::path(
    get, path = "/api/v1/users/profile", operation_id = "verified_profile", tag = "verified",
    security(("bearer" = [])),
    responses((status = 200, description = "The signed-in user", body = UserReply), At)
)]
async fn profile(call: Call) -> Result<Response, Refused> {
    let caller = call.caller().await?;
    Ok(json(StatusCode::OK, &UserReply::from(&*caller.user)))
}

/// Store a file; one of the same name gives way to it
#[utoipa::path(
    post, path = "/api/v1/users/upload-file", operation_id = "verified_upload_file", tag = "verified",
    security(("bearer" = [])),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "Where the file is now", body = Uploaded), At)
)]
async fn upload_file(call: Call, form: Result<UploadForm, Response>) -> Result<Response, Refused> {
    let caller = call.caller().await?;
    let (upload, sending) = form?.open();
    let storing = async {
        let upload = upload.await?;
        call.run(At::Token, |app, ctx| async move {
            files::upload(&app, &ctx, &caller, upload).await
        })
        .await
    };
    let (sent, stored) = join(sending, storing).await;
    sent?;
    Ok(json(StatusCode::OK, &Uploaded::from(&stored?)))
}

/// The bytes of a file of the caller's
#[utoipa::path(
    get, path = "/api/v1/users/download-file/{name}", operation_id = "verified_download_file",
    tag = "verified", security(("bearer" = [])), params(("name" = String, Path)),
    responses((status = 200, description = "The file", body = Vec<u8>), At)
)]
async fn download_file(call: Call, Path(name): Path<String>) -> Result<Response, Refused> {
    let caller = call.caller().await?;
    let name = name_in_path(&name)?;
    let wanted = name.clone();
    let file = call
        .run(At::Token, |app, ctx| async move {
            files::download(&app, &ctx, &caller, &wanted).await
        })
        .await?;
    Ok(wire_files::respond(&name, file).await)
}

/// Delete a file of the caller's
#[utoipa::path(
    delete, path = "/api/v1/users/delete-file/{name}", operation_id = "verified_delete_file",
    tag = "verified", security(("bearer" = [])), params(("name" = String, Path)),
    responses((status = 200, description = "The file is gone", body = Done), At)
)]
async fn delete_file(call: Call, Path(name): Path<String>) -> Result<Response, Refused> {
    let caller = call.caller().await?;
    let name = name_in_path(&name)?;
    call.run(At::Token, |app, ctx| async move {
        files::delete(&app, &ctx, &caller, &name).await
    })
    .await?;
    Ok(json(StatusCode::OK, &Done::FILE_DELETED))
}
