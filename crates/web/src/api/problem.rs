//! How the native API says no: problem documents (RFC 9457), made from the one table of refusals.
//!
//! The few that are no refusals (an unknown path, a body over the limit, a fault) stand in a table of their own, so that
//! every `code` there is can be listed.

use crate::refusals::status_of;
use axum::response::{IntoResponse, Response};
use doorward_domain::Rejection;
use doorward_http::{Web, refused};
use doorward_service::{Ctx, Error, Fault, Refusal};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// RFC 9457 section 3.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Why a request was not done (RFC 9457).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = native::Problem)]
pub(crate) struct Problem {
    /// Names the kind of problem; it ends in `code`.
    #[serde(rename = "type")]
    #[schema(example = "urn:doorward:problem:field_invalid")]
    kind: String,
    /// A sentence for people.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// A stable word for programs.
    #[schema(schema_with = codes)]
    code: &'static str,
    /// What is wrong with the input, all of it at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    /// In development: the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Of a fault: the name under which the log tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// What is wrong with one field. What was sent is never repeated: it may be a password.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = native::FieldProblem)]
pub(crate) struct FieldProblem {
    /// The member of the body, or the parameter; left out where it is the body as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    field: Option<Cow<'static, str>>,
    /// A sentence for people.
    #[schema(value_type = String)]
    detail: Cow<'static, str>,
}

impl FieldProblem {
    /// Of a member of the body, or a parameter.
    pub(super) fn of(
        field: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            field: Some(field.into()),
            detail: detail.into(),
        }
    }

    /// Of the body, or the query, as a whole.
    pub(super) fn whole(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: None,
            detail: detail.into(),
        }
    }
}

macro_rules! troubles {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// What goes wrong without being a refusal of a use case.
        #[derive(Clone, Copy, Debug)]
        pub(super) enum Trouble {
            $($(#[$meta])* $name),+
        }

        impl Trouble {
            const ALL: &'static [Self] = &[$(Self::$name),+];

            const fn parts(self) -> (&'static str, StatusCode, &'static str) {
                match self { $(Self::$name => ($code, StatusCode::$status, $title)),+ }
            }
        }
    };
}

troubles! {
    /// An unknown path.
    Path = "not_found", NOT_FOUND, "There is nothing here.";
    /// A method that the path does not have.
    Method = "method_not_allowed", METHOD_NOT_ALLOWED, "This path does not take this method.";
    /// More than `server.body_limit`.
    TooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body of the request is too large.";
    /// The connection broke.
    Unreadable = "body_unreadable", BAD_REQUEST, "The body of the request could not be read.";
    /// A fault.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something broke on our side.";
    /// A part that is needed is away.
    Away = "unavailable", SERVICE_UNAVAILABLE, "Not now; try again in a moment.";
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        let (code, status, title) = trouble.parts();
        Self::new(code, status, title)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let status = status_of(rejection.class());
        let errors = field_of(rejection).map(|field| FieldProblem::of(field, rejection.title()));
        Self {
            errors: errors.into_iter().collect(),
            ..Self::new(rejection.code(), status, rejection.title())
        }
    }
}

impl Problem {
    fn new(code: &'static str, status: StatusCode, title: &'static str) -> Self {
        Self {
            kind: format!("urn:doorward:problem:{code}"),
            title,
            status: status.as_u16(),
            code,
            errors: Vec::new(),
            detail: None,
            request_id: None,
        }
    }

    /// 422 with all that is wrong with the input.
    pub(super) fn invalid(errors: Vec<FieldProblem>) -> Response {
        let refusal = Rejection::FieldInvalid.into();
        let problem = Self {
            errors,
            ..Rejection::FieldInvalid.into()
        };
        refused(&refusal, problem.into_response())
    }

    /// The answer to an error of a use case.
    pub(super) fn answer(web: &Web, ctx: &Ctx, error: &Error) -> Response {
        match error {
            Error::Rejected(refusal) => Self::refuse(refusal),
            Error::Fault(fault) => Self::fault(web, ctx, fault),
        }
    }

    pub(super) fn refuse(refusal: &Refusal) -> Response {
        refused(refusal, Self::from(refusal.rejection).into_response())
    }

    fn fault(web: &Web, ctx: &Ctx, fault: &Fault) -> Response {
        // Logged there, once, and told here in the shape of this surface.
        let plain = web.fault(ctx, fault);
        let trouble = if fault.is_unavailable() {
            Trouble::Away
        } else {
            Trouble::Internal
        };
        let problem = Self {
            detail: web.http.development.then(|| fault.to_string()),
            request_id: Some(ctx.request_id.clone()),
            ..trouble.into()
        };
        let mut response = problem.into_response();
        if let Some(wait) = plain.headers().get(RETRY_AFTER) {
            response.headers_mut().insert(RETRY_AFTER, wait.clone());
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = doorward_http::json(status, &self);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, MEDIA_TYPE);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The field that a refusal finds fault with, where it is one that only a use case can judge.
const fn field_of(rejection: Rejection) -> Option<&'static str> {
    match rejection {
        Rejection::PasswordTooShort
        | Rejection::PasswordTooLong
        | Rejection::PasswordNeedsUpper
        | Rejection::PasswordNeedsLower
        | Rejection::PasswordNeedsDigit
        | Rejection::PasswordCommon => Some("password"),
        _ => None,
    }
}

/// Every code that a program may meet.
fn codes() -> Object {
    let refusals = Rejection::ALL.iter().map(|rejection| rejection.code());
    let troubles = Trouble::ALL.iter().map(|trouble| trouble.parts().0);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("A stable word for programs."))
        .enum_values(Some(refusals.chain(troubles)))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::Span;
    use serde_json::{Value, json};

    async fn told(response: Response) -> (http::HeaderMap, Value) {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 4096).await.unwrap();
        (parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_refusal_is_a_problem_document() {
        let (headers, body) = told(Problem::refuse(&Rejection::SessionNotFound.into())).await;
        assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(
            body,
            json!({
                "type": "urn:doorward:problem:session_not_found", "title": "There is no such session.",
                "status": 404, "code": "session_not_found",
            })
        );
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_input_is_told_field_by_field() {
        let errors = vec![
            FieldProblem::of("age", "Must be a whole number."),
            FieldProblem::whole("Broken."),
        ];
        let (_, body) = told(Problem::invalid(errors)).await;
        assert_eq!(
            (&body["status"], &body["code"]),
            (&json!(422), &json!("field_invalid"))
        );
        assert_eq!(
            body["errors"],
            json!([{"field": "age", "detail": "Must be a whole number."}, {"detail": "Broken."}])
        );
    }

    #[tokio::test]
    async fn a_password_that_only_the_service_can_judge_is_a_fault_of_its_field() {
        let (_, body) = told(Problem::refuse(&Rejection::PasswordCommon.into())).await;
        assert_eq!(body["code"], "password_common");
        assert_eq!(body["errors"][0]["field"], "password");
    }

    #[tokio::test]
    async fn a_wait_is_in_the_header_and_a_challenge_beside_every_401() {
        let refusal = Refusal::after(Rejection::RateLimited, Span::millis(1_001));
        let (headers, body) = told(Problem::refuse(&refusal)).await;
        assert_eq!(
            (headers[RETRY_AFTER].to_str().unwrap(), &body["status"]),
            ("2", &json!(429))
        );
        let (headers, _) = told(Problem::refuse(&Rejection::TokenExpired.into())).await;
        assert_eq!(headers[WWW_AUTHENTICATE], "Bearer");
    }

    #[test]
    fn every_code_stands_once() {
        let mut all: Vec<_> = Rejection::ALL
            .iter()
            .map(|rejection| rejection.code())
            .collect();
        all.extend(Trouble::ALL.iter().map(|trouble| trouble.parts().0));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
