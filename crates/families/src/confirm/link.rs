//! What stands behind the mailed link: a page for a browser, JSON for a program.
//!
//! Mail scanners open links as browsers do, so that looking at the page spends nothing, and `HEAD` never does. A
//! program's `GET` confirms, as the document has it, unless the operator switched that off: then it reads what the
//! page says, and the answer takes the password of the account beside the link. The token in the path is the secret
//! that the form carries; it needs no other.

use super::page::{self, Reader};
use super::refusals::AtLink;
use super::routes::Call;
use crate::fields::{Fields, Flaw};
use crate::form::{Form, NoForm};
use axum::response::Response;
use doorward_domain::Rejection;
use doorward_http::Path;
use doorward_http::page::is_own_form;
use doorward_service::Error;
use doorward_service::confirmations::{self, Confirmation, Pending, PendingKind};
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

/// The template of the links.
pub(super) const PATH: &str = "/users/confirm/{token}";

/// What the buttons send.
#[derive(ToSchema)]
#[schema(as = confirm::AnswerForm)]
#[expect(dead_code, reason = "it describes the form")]
pub(super) struct AnswerForm {
    /// `confirm`, which nothing stands for too, or `not_me`.
    #[schema(example = "confirm")]
    answer: Option<String>,
    /// The password of the account, where confirming takes it.
    #[schema(format = Password)]
    password: Option<String>,
}

/// What came of the link, or what it waits for.
pub(super) enum Told {
    /// It waits for an answer.
    Pending(Pending),
    /// The address is confirmed.
    Confirmed(PendingKind),
    /// It was somebody else, and what they began is dropped.
    Dropped(PendingKind),
}

/// The same to a program.
#[derive(Serialize, ToSchema)]
#[schema(as = confirm::Outcome)]
pub(super) struct Outcome {
    #[serde(rename = "type")]
    #[schema(example = "Success")]
    kind: &'static str,
    #[schema(example = "Email confirmed successfully!")]
    message: &'static str,
    /// What an answer decides; there while nothing is decided.
    #[serde(flatten)]
    pending: Option<Waiting>,
}

/// What waits for an answer.
#[derive(Serialize, ToSchema)]
#[schema(as = confirm::Waiting)]
pub(super) struct Waiting {
    /// `registration` or `address_change`.
    about: &'static str,
    email: String,
    #[schema(format = DateTime)]
    asked_at: String,
    /// The client address that asked.
    asked_from: Option<String>,
    /// Whether confirming takes the password of the account.
    takes_password: bool,
}

impl From<Told> for Outcome {
    fn from(told: Told) -> Self {
        let success = |message| Self {
            kind: "Success",
            message,
            pending: None,
        };
        match told {
            Told::Confirmed(_) => success("Email confirmed successfully!"),
            Told::Dropped(PendingKind::Registration) => success("Registration dropped"),
            Told::Dropped(PendingKind::AddressChange) => success("Address change dropped"),
            Told::Pending(pending) => Self {
                kind: "Pending",
                message: "Send a POST to confirm, or one with `answer=not_me` if it was not you",
                pending: Some(pending.into()),
            },
        }
    }
}

impl From<Pending> for Waiting {
    fn from(pending: Pending) -> Self {
        Self {
            about: match pending.kind {
                PendingKind::Registration => "registration",
                PendingKind::AddressChange => "address_change",
            },
            email: pending.email,
            asked_at: pending.asked_at.to_rfc3339(),
            asked_from: pending.asked_from,
            takes_password: pending.takes_password,
        }
    }
}

type Token = Result<Path<String>, Response>;

/// The page behind a mailed link, which spends nothing; to a program that asks for no page it confirms the address
#[utoipa::path(
    get, path = "/users/confirm/{token}", operation_id = "confirm_open_link", tag = "confirm",
    params(("token" = String, Path)),
    responses(
        (status = 200, description = "The address is confirmed; or the page, which asks", content(
            (Outcome = "application/json"), (String = "text/html")
        )),
        AtLink
    )
)]
pub(super) async fn open(call: Call, method: Method, headers: HeaderMap, token: Token) -> Response {
    let reader = Reader::of(&headers);
    let confirms = reader == Reader::Program
        && method == Method::GET
        && call.settings().confirm.confirm_on_get;
    let told = match secret(token) {
        Ok(token) if confirms => confirm(&call, token, None).await,
        Ok(token) => look(&call, token).await,
        Err(error) => Err(error),
    };
    page::tell(&call, reader, told)
}

/// Answer the link: confirm, or say that it was somebody else
#[utoipa::path(
    post, path = "/users/confirm/{token}", operation_id = "confirm_answer_link", tag = "confirm",
    params(("token" = String, Path)),
    request_body(content = Option<AnswerForm>, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is done", content(
            (Outcome = "application/json"), (String = "text/html")
        )),
        AtLink
    )
)]
pub(super) async fn answer(
    call: Call,
    headers: HeaderMap,
    token: Token,
    form: Result<Form, NoForm>,
) -> Response {
    let reader = Reader::of(&headers);
    if !is_own_form(call.web(), &headers) {
        return page::foreign(reader);
    }
    let answer = form.and_then(|form| {
        let answer = form.read(|fields| Some(Answer::read(fields)));
        answer.map_err(NoForm::Faulty)
    });
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) => return page::unreadable(reader, fault),
    };
    let token = match secret(token) {
        Ok(token) => token,
        Err(error) => return page::tell(&call, reader, Err(error)),
    };
    let told = match answer {
        Answer::Confirm(password) => confirm(&call, token.clone(), password).await,
        Answer::NotMe => disown(&call, token.clone()).await,
    };
    match told {
        Err(Error::Rejected(refusal)) if is_about_the_password(refusal.rejection) => {
            let pending = look(&call, token).await;
            page::ask_again(&call, reader, pending, &refusal)
        }
        told => page::tell(&call, reader, told),
    }
}

/// Whether the link is as good as before, and all that is missing is the right password.
const fn is_about_the_password(rejection: Rejection) -> bool {
    matches!(
        rejection,
        Rejection::PasswordRequired | Rejection::PasswordWrong | Rejection::PasswordTriesExhausted
    )
}

/// What whoever reads the mail says.
enum Answer {
    /// With the password, where one was sent.
    Confirm(Option<SecretString>),
    NotMe,
}

impl Answer {
    /// What is neither is no answer, so that nothing is confirmed by mistake.
    fn read(fields: &mut Fields) -> Self {
        let password = fields.optional_secret("password");
        let password = password.filter(|typed| !typed.expose_secret().is_empty());
        let known = |text: &str| match text {
            "confirm" => Ok(true),
            "not_me" => Ok(false),
            _ => Err(Flaw::value("Input should be 'confirm' or 'not_me'")),
        };
        match fields.optional("answer", known) {
            Some(false) => Self::NotMe,
            Some(true) | None => Self::Confirm(password),
        }
    }
}

async fn look(call: &Call, token: SecretString) -> Result<Told, Error> {
    let pending =
        call.attempt(|app, ctx| async move { confirmations::look(&app, &ctx, &token).await });
    Ok(Told::Pending(pending.await?))
}

async fn confirm(
    call: &Call,
    token: SecretString,
    password: Option<SecretString>,
) -> Result<Told, Error> {
    let answer = Confirmation { token, password };
    let kind =
        call.attempt(|app, ctx| async move { confirmations::confirm(&app, &ctx, answer).await });
    Ok(Told::Confirmed(kind.await?))
}

async fn disown(call: &Call, token: SecretString) -> Result<Told, Error> {
    let kind =
        call.attempt(|app, ctx| async move { confirmations::disown(&app, &ctx, token).await });
    Ok(Told::Dropped(kind.await?))
}

/// What is no text in the path is no token of ours.
fn secret(token: Token) -> Result<SecretString, Error> {
    let token = token.map(|Path(token)| SecretString::from(token));
    token.map_err(|_| Rejection::LinkInvalid.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::Timestamp;
    use serde_json::{Map, Value, json};

    /// The answer as text: `confirm`, with the password behind it if there is one, or `not_me`.
    fn answer(fields: Value) -> Option<String> {
        let Value::Object(members) = fields else {
            return None;
        };
        let answer = Fields::read(members, |fields| Some(Answer::read(fields))).ok()?;
        Some(match answer {
            Answer::Confirm(None) => "confirm".to_owned(),
            Answer::Confirm(Some(password)) => format!("confirm {}", password.expose_secret()),
            Answer::NotMe => "not_me".to_owned(),
        })
    }

    #[test]
    fn nothing_is_confirm_and_anything_else_is_no_answer() {
        for confirm in [
            json!({}),
            json!({"answer": "confirm"}),
            json!({"answer": ""}),
            json!({"answer": null}),
            json!({"answer": "confirm", "password": ""}),
        ] {
            assert_eq!(answer(confirm).as_deref(), Some("confirm"));
        }
        let not_me = answer(json!({"answer": "not_me", "password": "typed"}));
        assert_eq!(not_me.as_deref(), Some("not_me"));
        let typed = answer(json!({"password": " typed "}));
        assert_eq!(typed.as_deref(), Some("confirm  typed "));
        for other in ["no", "NOT_ME", "not_me ", "notme"] {
            assert_eq!(answer(json!({"answer": other})), None, "{other}");
        }
        assert_eq!(answer(json!({"answer": 0})), None);
    }

    fn told(told: Told) -> Value {
        serde_json::to_value(Outcome::from(told)).unwrap()
    }

    #[test]
    fn programs_read_the_documented_sentences() {
        let success = |message| json!({"type": "Success", "message": message});
        for kind in [PendingKind::Registration, PendingKind::AddressChange] {
            assert_eq!(
                told(Told::Confirmed(kind)),
                success("Email confirmed successfully!")
            );
        }
        assert_eq!(
            told(Told::Dropped(PendingKind::Registration)),
            success("Registration dropped")
        );
        assert_eq!(
            told(Told::Dropped(PendingKind::AddressChange)),
            success("Address change dropped")
        );
    }

    #[test]
    fn what_waits_is_told_with_when_and_from_where() {
        let pending = Pending {
            kind: PendingKind::AddressChange,
            email: "ada@example.com".to_owned(),
            asked_at: Timestamp::from_seconds(1_735_734_896),
            asked_from: Some("192.0.2.1".to_owned()),
            takes_password: true,
        };
        let told: Map<String, Value> =
            serde_json::from_value(told(Told::Pending(pending))).unwrap();
        assert_eq!(told["type"], "Pending");
        assert_eq!(told["about"], "address_change");
        assert_eq!(told["asked_at"], "2025-01-01T12:34:56Z");
        assert_eq!(told["asked_from"], "192.0.2.1");
        assert_eq!(told["takes_password"], true);
    }
}
