//! A forgotten password: the way back in, asked for and used.

use super::body::{Body, Fields, email, password, phone, secret};
use super::call::{Call, Refused};
use super::problem::Problem;
use axum::response::{IntoResponse, Response};
use doorward_domain::Identifier;
use doorward_service::passwords::NewPassword;
use doorward_service::recovery;
use http::StatusCode;
use secrecy::SecretString;
use serde::Serialize;

/// Whose password it is: one of the two.
#[derive(utoipa::ToSchema)]
#[schema(as = native::Forgotten)]
#[expect(dead_code, reason = "it describes what an `Identifier` is read from")]
pub(super) struct Forgotten {
    #[schema(format = Email)]
    email: Option<String>,
    /// With its country code.
    phone: Option<String>,
}

/// Nothing is told.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = native::Nothing)]
pub(super) struct Nothing {}

/// Ask for the way back in; the answer is the same whether or not anybody has this address or number
#[utoipa::path(
    post, path = "/v1/password/forgot", operation_id = "native_forgot", tag = "native",
    request_body = Forgotten,
    responses(
        (status = 202, description = "A code, and by mail a link beside it, is on its way, if there is somebody to have it", body = Nothing),
        (status = "default", description = "Why not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn forgot(call: Call, body: Body) -> Result<Response, Refused> {
    let identifier = body.form(identifier)?;
    call.run(|app, ctx| async move { recovery::forgot(&app, &ctx, &identifier).await })
        .await?;
    Ok(doorward_http::json(StatusCode::ACCEPTED, &Nothing {}))
}

/// A new password, with what allows it: an address or a number and the code that was sent there, or the token of a
/// link.
#[derive(utoipa::ToSchema)]
#[schema(as = native::Reset)]
#[expect(dead_code, reason = "it describes what a `Reset` is read from")]
pub(super) struct ResetForm {
    #[schema(format = Email)]
    email: Option<String>,
    phone: Option<String>,
    #[schema(example = "12345678")]
    code: Option<String>,
    /// The last segment of the link.
    token: Option<String>,
    #[schema(format = Password, min_length = 8, max_length = 128)]
    password: String,
}

enum Reset {
    ByCode(Identifier, SecretString, NewPassword),
    ByLink(SecretString, NewPassword),
}

impl Reset {
    fn read(fields: &mut Fields) -> Option<Self> {
        if fields.has("token") {
            if fields.has("code") {
                fields.refuse("code", "Either a code or a token, not both.");
            }
            let token = fields.required("token", secret);
            let password = fields.required("password", password);
            return Some(Self::ByLink(token?, password?));
        }
        let identifier = identifier(fields);
        let code = fields.required("code", secret);
        let password = fields.required("password", password);
        Some(Self::ByCode(identifier?, code?, password?))
    }
}

/// Set a new password; nobody is signed in by it
#[utoipa::path(
    post, path = "/v1/password/reset", operation_id = "native_reset", tag = "native",
    request_body = ResetForm,
    responses(
        (status = 204, description = "The password is set, and every session has ended"),
        (status = "default", description = "Why not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn reset(call: Call, body: Body) -> Result<Response, Refused> {
    match body.form(Reset::read)? {
        Reset::ByCode(identifier, code, password) => {
            call.run(|app, ctx| async move {
                recovery::reset_by_code(&app, &ctx, &identifier, code, password).await
            })
            .await?;
        }
        Reset::ByLink(token, password) => {
            call.run(|app, ctx| async move {
                recovery::reset_by_link(&app, &ctx, token, password).await
            })
            .await?;
        }
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The address or the number, of which one must be there.
fn identifier(fields: &mut Fields) -> Option<Identifier> {
    match (fields.has("email"), fields.has("phone")) {
        (true, true) => {
            fields.refuse("phone", "Either an address or a number, not both.");
            None
        }
        (false, true) => fields.required("phone", phone).map(Identifier::from),
        (true | false, false) => fields.required("email", email).map(Identifier::from),
    }
}
