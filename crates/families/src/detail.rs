//! Answers that say no: `{"detail": ..}` in all families, with the few other shapes that a page promises.
//!
//! A family's table makes an [`Answer`] of every refusal. Here it becomes bytes, and from the same tables the OpenAPI
//! document learns which statuses and sentences there are, so that the two cannot drift apart.

use crate::call::Table;
use crate::fields::{Faults, FieldFault, Flaw};
use axum::response::{IntoResponse, Response};
use doorward_domain::{Quota, Rejection};
use doorward_service::Refusal;
use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, Object, ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, RefOr, ResponseBuilder};

/// What a family says to a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    status: StatusCode,
    said: Said,
    challenge: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// `{"detail": sentence}`
    Detail(&'static str),
    /// `{"message": sentence}`
    Message(&'static str),
    /// `{"detail": [one fault of this field]}`
    Field(&'static str, &'static str),
    /// `{"detail": [one fault of the body]}`
    Whole(&'static str),
    /// `{"detail": sentence, "retry_after_seconds", "rate_limit"}`
    Limit(&'static str),
    /// `{"detail": "sentence, cooldown: seconds"}`
    Cooldown(&'static str),
    /// `{"error": word, "detail": sentence}`
    OAuth(&'static str, &'static str),
}

impl Answer {
    /// `{"detail": sentence}`.
    pub(crate) const fn detail(status: StatusCode, sentence: &'static str) -> Self {
        Self::new(status, Said::Detail(sentence))
    }

    /// `{"message": sentence}`.
    pub(crate) const fn message(status: StatusCode, sentence: &'static str) -> Self {
        Self::new(status, Said::Message(sentence))
    }

    /// 422 for a field whose value only the service can judge.
    pub(crate) const fn field(name: &'static str, sentence: &'static str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            Said::Field(name, sentence),
        )
    }

    /// 422 for a body whose fault is in no field of its own.
    pub(crate) const fn invalid(sentence: &'static str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, Said::Whole(sentence))
    }

    /// 429 with the wait and the limit in its body, where clients of `verified` read them.
    pub(crate) const fn limit(sentence: &'static str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, Said::Limit(sentence))
    }

    /// 429 whose sentence ends with the wait, where clients of `code` read it.
    pub(crate) const fn cooldown(sentence: &'static str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, Said::Cooldown(sentence))
    }

    /// 400 of a token endpoint: a word for programs (RFC 6749 section 5.2), and a sentence.
    pub(crate) const fn oauth(error: &'static str, sentence: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Said::OAuth(error, sentence))
    }

    /// The same with `WWW-Authenticate: Bearer` (RFC 6750 section 3).
    pub(crate) const fn with_challenge(mut self) -> Self {
        self.challenge = true;
        self
    }

    const fn new(status: StatusCode, said: Said) -> Self {
        Self {
            status,
            said,
            challenge: false,
        }
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence in the body.
    pub(crate) const fn sentence(&self) -> &'static str {
        match self.said {
            Said::Detail(sentence)
            | Said::Message(sentence)
            | Said::Field(_, sentence)
            | Said::Whole(sentence)
            | Said::Limit(sentence)
            | Said::Cooldown(sentence)
            | Said::OAuth(_, sentence) => sentence,
        }
    }

    /// The answer to `refusal` as bytes; a wait in the body and `Retry-After` are the same number.
    pub(crate) fn respond(self, refusal: &Refusal, limit: Option<Quota>) -> Response {
        let mut response = doorward_http::json(self.status, &self.body(refusal, limit));
        if self.challenge {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        let said = Refusal {
            retry_after: refusal.retry_after.filter(|_| self.asks_to_wait()),
            ..*refusal
        };
        doorward_http::refused(&said, response)
    }

    /// Where a refusal reads like another that nobody waits for, it must do so in its headers too.
    const fn asks_to_wait(self) -> bool {
        matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        )
    }

    fn body(self, refusal: &Refusal, limit: Option<Quota>) -> Value {
        match self.said {
            Said::Detail(sentence) => json!({"detail": sentence}),
            Said::Message(sentence) => json!({"message": sentence}),
            Said::Field(name, sentence) => {
                json!({"detail": [FieldFault::body(name, Flaw::value(sentence))]})
            }
            Said::Whole(sentence) => {
                json!({"detail": [FieldFault::whole(Flaw::value(sentence))]})
            }
            Said::Limit(sentence) => json!({
                "detail": sentence,
                "retry_after_seconds": refusal.retry_after.unwrap_or_default().as_retry_after(),
                "rate_limit": limit.map(|quota| quota.to_string()),
            }),
            Said::Cooldown(sentence) => {
                let seconds = refusal.retry_after.unwrap_or_default().as_retry_after();
                json!({"detail": format!("{sentence}, cooldown: {seconds}")})
            }
            Said::OAuth(error, sentence) => json!({"error": error, "detail": sentence}),
        }
    }

    fn schema(self) -> Object {
        match self.said {
            Said::Detail(_) | Said::Cooldown(_) => sentence_in("detail"),
            Said::Message(_) => sentence_in("message"),
            Said::Field(..) | Said::Whole(_) => faults_in_detail(),
            Said::Limit(_) => limit_in_body(),
            Said::OAuth(..) => error_and_sentence(),
        }
    }
}

impl IntoResponse for Faults {
    /// 422 with the list of faults.
    fn into_response(self) -> Response {
        let body = json!({"detail": self.into_list()});
        doorward_http::json(StatusCode::UNPROCESSABLE_ENTITY, &body)
    }
}

/// Every answer of a table, by status: its sentences, and the shapes that its body has.
pub(crate) fn documented<T: Table>() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
    let mut sentences = BTreeMap::<u16, BTreeSet<&'static str>>::new();
    let mut shapes = BTreeMap::<u16, Vec<Object>>::new();
    for at in T::ALL {
        for rejection in Rejection::ALL {
            let answer = at.answer(*rejection);
            let status = answer.status().as_u16();
            sentences
                .entry(status)
                .or_default()
                .insert(answer.sentence());
            let shapes = shapes.entry(status).or_default();
            if !shapes.contains(&answer.schema()) {
                shapes.push(answer.schema());
            }
        }
    }
    sentences
        .into_iter()
        .map(|(status, sentences)| {
            let description: Vec<_> = sentences.into_iter().collect();
            let shapes = shapes.remove(&status).unwrap_or_default();
            (
                status.to_string(),
                RefOr::T(response(&description.join(" | "), shapes)),
            )
        })
        .collect()
}

fn response(description: &str, shapes: Vec<Object>) -> utoipa::openapi::Response {
    let schema = shapes
        .into_iter()
        .fold(AnyOfBuilder::new(), AnyOfBuilder::item);
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
        .build()
}

fn sentence_in(member: &str) -> Object {
    ObjectBuilder::new()
        .property(member, text())
        .required(member)
        .build()
}

fn error_and_sentence() -> Object {
    ObjectBuilder::new()
        .property("error", text())
        .required("error")
        .property("detail", text())
        .required("detail")
        .build()
}

fn limit_in_body() -> Object {
    let seconds = ObjectBuilder::new().schema_type(Type::Integer);
    ObjectBuilder::new()
        .property("detail", text())
        .required("detail")
        .property("retry_after_seconds", seconds)
        .required("retry_after_seconds")
        .property("rate_limit", text())
        .required("rate_limit")
        .build()
}

fn faults_in_detail() -> Object {
    let step = AnyOfBuilder::new()
        .item(text())
        .item(ObjectBuilder::new().schema_type(Type::Integer));
    let fault = ObjectBuilder::new()
        .property("loc", ArrayBuilder::new().items(step))
        .required("loc")
        .property("msg", text())
        .required("msg")
        .property("type", text())
        .required("type");
    ObjectBuilder::new()
        .property("detail", ArrayBuilder::new().items(fault))
        .required("detail")
        .build()
}

fn text() -> Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::Span;
    use http::header::RETRY_AFTER;

    async fn told(answer: Answer, refusal: Refusal) -> (Response, Value) {
        let response = answer.respond(&refusal, Some(Quota::per_minute(10)));
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 4096).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap();
        (Response::from_parts(parts, axum::body::Body::empty()), body)
    }

    #[tokio::test]
    async fn a_wait_in_the_body_is_the_one_in_the_header() {
        let refusal = Refusal::after(Rejection::PasswordTriesExhausted, Span::millis(41_001));
        let (response, body) = told(Answer::limit("Wait"), refusal).await;
        assert_eq!(response.headers()[RETRY_AFTER], "42");
        assert_eq!(
            body,
            json!({"detail": "Wait", "retry_after_seconds": 42, "rate_limit": "10 per 1 minute"})
        );
    }

    #[tokio::test]
    async fn a_wait_in_the_sentence_is_the_one_in_the_header() {
        let refusal = Refusal::after(Rejection::CodeCooldown, Span::millis(41_001));
        let (response, body) = told(Answer::cooldown("Too many code attempts"), refusal).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "42");
        assert_eq!(
            body,
            json!({"detail": "Too many code attempts, cooldown: 42"})
        );
    }

    #[tokio::test]
    async fn a_dead_code_that_reads_as_wrong_asks_nobody_to_wait() {
        let answer = Answer::detail(StatusCode::BAD_REQUEST, "Invalid or expired OTP");
        let refusal = Refusal::after(Rejection::CodeExhausted, Span::seconds(30));
        let (response, _) = told(answer, refusal).await;
        assert!(!response.headers().contains_key(RETRY_AFTER));
    }

    #[tokio::test]
    async fn a_challenge_names_the_scheme() {
        let answer = Answer::detail(StatusCode::UNAUTHORIZED, "Invalid token").with_challenge();
        let (response, body) = told(answer, Rejection::TokenMalformed.into()).await;
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        assert!(!response.headers().contains_key(RETRY_AFTER));
        assert_eq!(body, json!({"detail": "Invalid token"}));
    }

    #[tokio::test]
    async fn a_rule_of_the_services_own_reads_like_any_fault_of_a_field() {
        let (response, body) = told(
            Answer::field("password", "Too common."),
            Rejection::PasswordCommon.into(),
        )
        .await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            body,
            json!({"detail": [{"loc": ["body", "password"], "msg": "Too common.", "type": "value_error"}]})
        );
    }
}
