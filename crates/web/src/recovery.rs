//! The page behind the link to a new password.
//!
//! It works without JavaScript. Looking at it spends nothing, since mail scanners look too; the form spends the link.
//! As the token in its own address is the secret that the form carries, it needs no other.

use crate::page::{self, Notice};
use axum::extract::State as Shared;
use axum::response::Response;
use doorward_domain::{PasswordFault, PasswordRules, Rejection};
use doorward_http::{Context, Exceeded, MediaType, Path, RawBody, State, Web, media_type, refused};
use doorward_service::passwords::NewPassword;
use doorward_service::recovery::{self, RULES};
use doorward_service::{Ctx, Error, Refusal};
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde_json::Value;
use std::sync::Arc;

/// The template of the links.
pub(crate) const PATH: &str = "/account/reset/{token}";

#[derive(askama::Template)]
#[template(path = "reset.html")]
struct ResetPage<'a> {
    name: &'a str,
    rules: &'a PasswordRules,
    problem: Option<&'a str>,
}

/// What the form sends.
#[derive(utoipa::ToSchema)]
#[schema(as = native::PasswordForm)]
#[expect(dead_code, reason = "it describes the form")]
pub(crate) struct PasswordForm {
    #[schema(format = Password, min_length = 8, max_length = 128)]
    password: String,
}

type Token = Result<Path<String>, Response>;

/// The page behind a mailed link; looking at it spends nothing
#[utoipa::path(
    get, path = "/account/reset/{token}", operation_id = "native_reset_page", tag = "native",
    params(("token" = String, Path)),
    responses(
        (status = 200, description = "A form for the new password", body = String, content_type = "text/html"),
        (status = 400, description = "The link is wrong, was used, or has expired; what to do next", body = String, content_type = "text/html"),
    )
)]
pub(crate) async fn show(
    Shared(web): Shared<State>,
    Context(ctx): Context,
    token: Token,
) -> Response {
    match live(&web, &ctx, token).await {
        Ok(_) => form(&web, StatusCode::OK, None),
        Err(answer) => *answer,
    }
}

/// Set the new password
#[utoipa::path(
    post, path = "/account/reset/{token}", operation_id = "native_reset_form", tag = "native",
    params(("token" = String, Path)),
    request_body(content = PasswordForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The password is set", body = String, content_type = "text/html"),
        (status = 400, description = "The link is wrong, was used, or has expired; what to do next", body = String, content_type = "text/html"),
        (status = 403, description = "Sent from a page of somebody else's", body = String, content_type = "text/html"),
        (status = 422, description = "The form again, with what is wrong", body = String, content_type = "text/html"),
    )
)]
pub(crate) async fn submit(
    Shared(web): Shared<State>,
    Context(ctx): Context,
    token: Token,
    headers: HeaderMap,
    body: Result<RawBody, Response>,
) -> Response {
    if !page::is_own_form(&web, &headers) {
        return page::notice(StatusCode::FORBIDDEN, &FOREIGN);
    }
    let token = match live(&web, &ctx, token).await {
        Ok(token) => token,
        Err(answer) => return *answer,
    };
    let typed = body.ok().and_then(|RawBody(body)| typed(&headers, &body));
    let Some(typed) = typed else {
        let problem = "The form could not be read. Please type the new password again.";
        return form(&web, StatusCode::UNPROCESSABLE_ENTITY, Some(problem));
    };
    let password = match NewPassword::parse(typed, &RULES) {
        Ok(password) => password,
        Err(fault) => {
            return form(
                &web,
                StatusCode::UNPROCESSABLE_ENTITY,
                Some(&in_words(fault)),
            );
        }
    };
    let (app, within) = (Arc::clone(&web.app), ctx.clone());
    let done =
        doorward_http::run(
            async move { recovery::reset_by_link(&app, &within, token, password).await },
        );
    match done.await {
        Ok(()) => page::notice(StatusCode::OK, &DONE),
        Err(error) => failed(&web, &ctx, &error),
    }
}

/// The answer to a client that tries too often.
pub(crate) fn too_many(_: &Exceeded) -> Response {
    page::notice(StatusCode::TOO_MANY_REQUESTS, &TOO_MANY)
}

const DONE: Notice = Notice {
    title: "Your new password is set",
    lines: &[
        "You have been signed out everywhere, and other links and codes for this account are void.",
        "Go back to where you wanted to sign in, and sign in with the new password.",
    ],
};

const DEAD: Notice = Notice {
    title: "This link is not good any more",
    lines: &[
        "It works once and for a limited time: it was used, a newer password was set, or it is too old. It may also have been cut off by a mail program.",
        "If you have just set a new password, sign in with it. If not, go back to where you wanted to sign in, say again that you forgot your password, and open the link in the newest message.",
    ],
};

const FOREIGN: Notice = Notice {
    title: "This form came from another site",
    lines: &[
        "Nothing was changed. Open the link in the message that you got, and set the new password on the page that it leads to.",
    ],
};

const TOO_MANY: Notice = Notice {
    title: "Too many tries",
    lines: &["Nothing was changed. Please wait a minute, and open the link again."],
};

const BROKEN: Notice = Notice {
    title: "This did not work",
    lines: &[
        "Something broke on our side. Your password is as it was, unless you can already sign in with the new one. Please open the link again in a moment.",
    ],
};

/// The token of a link that is still good, or what is said in place of the form.
async fn live(web: &State, ctx: &Ctx, token: Token) -> Result<SecretString, Box<Response>> {
    let Ok(Path(token)) = token else {
        return Err(Box::new(dead()));
    };
    let token = SecretString::from(token);
    let (app, within, looked_at) = (Arc::clone(&web.app), ctx.clone(), token.clone());
    let looking =
        doorward_http::run(async move { recovery::is_link_live(&app, &within, &looked_at).await });
    match looking.await {
        Ok(true) => Ok(token),
        Ok(false) => Err(Box::new(dead())),
        Err(error) => Err(Box::new(failed(web, ctx, &error))),
    }
}

fn dead() -> Response {
    let refusal = Refusal::from(Rejection::LinkInvalid);
    let status = crate::refusals::status_of(refusal.rejection.class());
    refused(&refusal, page::notice(status, &DEAD))
}

fn failed(web: &Web, ctx: &Ctx, error: &Error) -> Response {
    match error {
        Error::Rejected(refusal) if refusal.rejection == Rejection::LinkInvalid => dead(),
        Error::Rejected(refusal) => {
            let status = crate::refusals::status_of(refusal.rejection.class());
            refused(refusal, form(web, status, Some(refusal.rejection.title())))
        }
        Error::Fault(fault) => page::fault(web, ctx, fault, &BROKEN),
    }
}

fn form(web: &Web, status: StatusCode, problem: Option<&str>) -> Response {
    let page = ResetPage {
        name: &web.app.settings().server_name,
        rules: &RULES,
        problem,
    };
    page::form(status, &page)
}

/// What was typed into the form; nothing where the body is no such form.
fn typed(headers: &HeaderMap, body: &[u8]) -> Option<SecretString> {
    if media_type(headers) != MediaType::Form {
        return None;
    }
    match doorward_http::form::parse(body).ok()?.remove("password") {
        Some(Value::String(typed)) => Some(typed.into()),
        _ => None,
    }
}

fn in_words(fault: PasswordFault) -> String {
    match fault {
        PasswordFault::TooShort(min) => {
            format!("This password is too short. It needs at least {min} characters.")
        }
        PasswordFault::TooLong(max) => {
            format!("This password is too long. It may have at most {max} characters.")
        }
        PasswordFault::NoUpper | PasswordFault::NoLower | PasswordFault::NoDigit => {
            format!("{fault}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use askama::Template;
    use http::header::CONTENT_TYPE;
    use secrecy::ExposeSecret;

    fn page(name: &str, problem: Option<&str>) -> String {
        ResetPage {
            name,
            rules: &RULES,
            problem,
        }
        .render()
        .unwrap()
    }

    fn read(media: &str, body: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, media.parse().unwrap())]);
        typed(&headers, body.as_bytes()).map(|typed| typed.expose_secret().to_owned())
    }

    #[test]
    fn the_form_can_be_filled_by_everybody_and_by_password_managers() {
        let page = page("Doorward", None);
        for part in [
            r#"<form class="card" method="post">"#,
            r#"<label for="password">"#,
            r#"id="password" name="password" type="password""#,
            r#"autocomplete="new-password""#,
            r#"minlength="8""#,
            r#"aria-describedby="rules""#,
            r#"name="viewport""#,
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert!(
            !page.contains("<script") && !page.contains("maxlength") && !page.contains("onpaste")
        );
    }

    #[test]
    fn what_is_wrong_is_said_in_words_beside_the_field() {
        let page = page("Doorward", Some("Too short."));
        assert!(page.contains(r#"role="alert">Too short.</p>"#), "{page}");
        assert!(
            page.contains(r#"aria-invalid="true""#)
                && page.contains(r#"aria-describedby="problem rules""#)
        );
        assert!(page.contains("<title>Not yet: "));
    }

    #[test]
    fn sec_1_1_2_a_name_is_text_in_the_form() {
        assert!(!page("<script>alert(1)</script>", None).contains("<script>"));
    }

    #[test]
    fn sec_6_2_8_a_password_is_read_as_it_was_typed() {
        let form = "application/x-www-form-urlencoded";
        assert_eq!(
            read(form, "password=+a%2Bb+%C3%BC+").as_deref(),
            Some(" a+b ü ")
        );
        assert_eq!(read(form, "password=").as_deref(), Some(""));
        assert_eq!(read(form, "password=a%FFb"), None);
        assert_eq!(read(form, "password=a&password=b"), None);
        assert_eq!(read(form, "passwort=a"), None);
        assert_eq!(read("application/json", "password=a"), None);
    }
}
