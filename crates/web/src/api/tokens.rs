//! Tokens: turned over, and given back.

use super::body::{Body, secret};
use super::call::{Call, Refused};
use super::problem::Problem;
use axum::response::{IntoResponse, Response};
use doorward_domain::Rejection;
use doorward_service::tokens::{self, Tokens};
use doorward_service::{Error, sessions};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

/// A refresh token.
#[derive(utoipa::ToSchema)]
#[schema(as = native::Refresh)]
pub(super) struct Refresh {
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

/// Tokens. A session of family `verified` keeps its refresh token; every other gets a new one.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = native::Tokens)]
pub(super) struct TokenReply<'a> {
    access_token: &'a str,
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// Of the access token, in seconds.
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_expires_in: Option<i64>,
}

impl<'a> From<&'a Tokens> for TokenReply<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        let refresh = tokens.refresh.as_ref();
        Self {
            access_token: tokens.access_token.expose_secret(),
            token_type: "bearer",
            expires_in: tokens.access_lifetime.as_seconds(),
            refresh_token: refresh.map(|refresh| refresh.token.expose_secret()),
            refresh_token_expires_in: refresh.map(|refresh| refresh.lifetime.as_seconds()),
        }
    }
}

/// Get new tokens; the refresh token is spent, unless its session is of family `verified`
#[utoipa::path(
    post, path = "/v1/tokens/refresh", operation_id = "native_refresh", tag = "native",
    request_body = Refresh,
    responses(
        (status = 200, description = "Tokens", body = TokenReply),
        (status = "default", description = "Why not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn refresh(call: Call, body: Body) -> Result<Response, Refused> {
    let form = body.form(|fields| {
        let refresh_token = fields.required("refresh_token", secret)?;
        Some(Refresh { refresh_token })
    })?;
    let tokens = call
        .run(|app, ctx| async move {
            tokens::refresh(&app, &ctx, form.refresh_token.expose_secret()).await
        })
        .await?;
    Ok(doorward_http::json(
        StatusCode::OK,
        &TokenReply::from(&tokens),
    ))
}

/// Sign out: by the access token, by the refresh token, or by both; whether or not either is good
#[utoipa::path(
    post, path = "/v1/sign-out", operation_id = "native_sign_out", tag = "native",
    security(("bearer" = []), ()), request_body = Option<Refresh>,
    responses(
        (status = 204, description = "Whoever it was is signed out"),
        (status = "default", description = "Why not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn sign_out(call: Call, body: Body) -> Result<Response, Refused> {
    let (access, refresh) = shown(&call, &body)?;
    if let Some(token) = access {
        let done = call.attempt(|app, ctx| async move {
            sessions::sign_out(&app, &ctx, token.expose_secret()).await
        });
        ended(&call, done.await)?;
    }
    if let Some(token) = refresh {
        let done = call.attempt(|app, ctx| async move {
            sessions::sign_out_by_refresh(&app, &ctx, token.expose_secret()).await
        });
        ended(&call, done.await)?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

type Shown = (Option<SecretString>, Option<SecretString>);

/// The access token and the refresh token that the request shows, one at least. A client whose access token has expired
/// may well send it along: then the refresh token is what its session ends by.
fn shown(call: &Call, body: &Body) -> Result<Shown, Refused> {
    let access = call.bearer();
    if body.is_empty() {
        return match access {
            Some(_) => Ok((access, None)),
            None => Err(call.refuse(&Rejection::TokenMissing.into())),
        };
    }
    let refresh = body.form(|fields| {
        if access.is_none() {
            return fields.required("refresh_token", secret).map(Some);
        }
        Some(fields.optional("refresh_token", secret))
    })?;
    Ok((access, refresh))
}

/// A token that is not good has nothing to end, and whoever wanted out is out.
fn ended(call: &Call, done: Result<(), Error>) -> Result<(), Refused> {
    match done {
        Ok(()) | Err(Error::Rejected(_)) => Ok(()),
        Err(error) => Err(call.refuse(&error)),
    }
}
