//! The token endpoint of OAuth 2.0 (RFC 6749 section 3.2), as far as the documents' clients use it: what the page of
//! `FastAPI` sends, and the refresh beside it. Its errors have a word for programs (section 5.2).

use super::limits::{limits, sign_in};
use super::refusals::At;
use super::routes::Call;
use super::wire::TokenReply;
use crate::call::Refused;
use crate::detail::Answer;
use crate::form::{Form, NoForm};
use axum::response::Response;
use doorward_domain::{Email, Rejection};
use doorward_http::json;
use doorward_http::limits::count_as;
use doorward_service::sessions::SignIn;
use doorward_service::{sessions, tokens};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What the form sends.
#[derive(ToSchema)]
#[schema(as = confirm::TokenForm)]
#[expect(dead_code, reason = "it describes the form")]
pub(super) struct TokenForm {
    /// `password` or `refresh_token`.
    #[schema(example = "password")]
    grant_type: String,
    /// The address, where `grant_type` is `password`.
    username: Option<String>,
    #[schema(format = Password)]
    password: Option<String>,
    /// Where `grant_type` is `refresh_token`.
    refresh_token: Option<String>,
}

/// Get tokens for a password or for a refresh token, as OAuth 2.0 clients ask for them
#[utoipa::path(
    post, path = "/auth/token", operation_id = "confirm_token", tag = "confirm",
    request_body(content(
        (TokenForm = "application/x-www-form-urlencoded"), (TokenForm = "multipart/form-data")
    )),
    responses((status = 200, description = "Tokens", body = TokenReply), At)
)]
pub(super) async fn token(call: Call, form: Result<Form, NoForm>) -> Result<Response, Refused> {
    let fields = match form {
        Ok(form) => form.encoded(),
        Err(NoForm::Faulty(_)) => None,
        Err(NoForm::Unread(response)) => return Err((*response).into()),
    };
    let fields = fields.ok_or_else(|| refused(UNREADABLE))?;
    let tokens = match Grant::read(fields).map_err(refused)? {
        Grant::Password(_) if !call.settings().confirm.password_form => {
            return Err(refused(UNSUPPORTED));
        }
        Grant::Password(shown) => by_password(&call, shown).await?,
        Grant::Refresh(token) => {
            call.run(At::RefreshGrant, |app, ctx| async move {
                tokens::refresh(&app, &ctx, token.expose_secret()).await
            })
            .await?
        }
    };
    Ok(json(StatusCode::OK, &TokenReply::from(&tokens)))
}

async fn by_password(call: &Call, shown: Shown) -> Result<tokens::Tokens, Refused> {
    let counted = count_as(call.web(), call.ctx(), &limits(), &sign_in()).await;
    counted.map_err(|refused| *refused)?;
    call.run(At::PasswordGrant, |app, ctx| async move {
        let Ok(email) = Email::parse(&shown.username) else {
            return Err(Rejection::InvalidCredentials.into());
        };
        let command = SignIn {
            identifier: email.into(),
            password: shown.password,
        };
        sessions::sign_in(&app, &ctx, command).await
    })
    .await
}

/// What tokens are asked for with.
enum Grant {
    Password(Shown),
    Refresh(SecretString),
}

/// What somebody shows who signs in.
struct Shown {
    username: String,
    password: SecretString,
}

impl Grant {
    /// A field without a value counts as left out (RFC 6749 section 3.2).
    fn read(mut fields: Map<String, Value>) -> Result<Self, Answer> {
        let mut take = |name: &str| match fields.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let grant = take("grant_type").ok_or(NO_GRANT)?;
        match grant.as_str() {
            "password" => Ok(Self::Password(Shown {
                username: take("username").ok_or(NO_USERNAME)?,
                password: take("password").ok_or(NO_PASSWORD)?.into(),
            })),
            "refresh_token" => {
                let token = take("refresh_token").ok_or(NO_TOKEN)?;
                Ok(Self::Refresh(token.into()))
            }
            _ => Err(UNSUPPORTED),
        }
    }
}

const UNREADABLE: Answer = Answer::oauth("invalid_request", "The form could not be read");
const NO_GRANT: Answer = Answer::oauth("invalid_request", "`grant_type` is missing");
const NO_USERNAME: Answer = Answer::oauth("invalid_request", "`username` is missing");
const NO_PASSWORD: Answer = Answer::oauth("invalid_request", "`password` is missing");
const NO_TOKEN: Answer = Answer::oauth("invalid_request", "`refresh_token` is missing");
const UNSUPPORTED: Answer = Answer::oauth("unsupported_grant_type", "Unsupported grant type");

fn refused(answer: Answer) -> Refused {
    answer.respond(&Rejection::FieldInvalid.into(), None).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<String, &'static str> {
        let fields = doorward_http::form::parse(body.as_bytes()).unwrap();
        match Grant::read(fields) {
            Ok(Grant::Password(shown)) => Ok(format!(
                "{}:{}",
                shown.username,
                shown.password.expose_secret()
            )),
            Ok(Grant::Refresh(token)) => Ok(token.expose_secret().to_owned()),
            Err(answer) => Err(answer.sentence()),
        }
    }

    #[test]
    fn the_two_grants_are_read() {
        assert_eq!(
            read("grant_type=password&username=ada%40example.com&password=a+b&scope=&client_id="),
            Ok("ada@example.com:a b".to_owned())
        );
        assert_eq!(
            read("grant_type=refresh_token&refresh_token=a.b.c"),
            Ok("a.b.c".to_owned())
        );
    }

    #[test]
    fn what_is_missing_is_named_and_other_grants_are_none() {
        for (body, sentence) in [
            ("", NO_GRANT),
            ("grant_type=", NO_GRANT),
            ("username=a&password=b", NO_GRANT),
            ("grant_type=password&password=b", NO_USERNAME),
            ("grant_type=password&username=a&password=", NO_PASSWORD),
            ("grant_type=refresh_token", NO_TOKEN),
            ("grant_type=client_credentials", UNSUPPORTED),
            ("grant_type=Password&username=a&password=b", UNSUPPORTED),
        ] {
            assert_eq!(read(body), Err(sentence.sentence()), "{body}");
        }
    }
}
