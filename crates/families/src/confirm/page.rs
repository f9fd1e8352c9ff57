//! The pages behind the mailed link, and which reader gets a page at all.

use super::link::{Outcome, Told};
use super::refusals::At;
use super::routes::Call;
use crate::call::Table;
use crate::form::NoForm;
use askama::Template;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use doorward_domain::{Rejection, Timestamp};
use doorward_http::page::{self, Notice};
use doorward_http::{accepts_html, detail, json, refused};
use doorward_service::confirmations::{Pending, PendingKind};
use doorward_service::{Error, Refusal};
use http::header::{HeaderValue, RETRY_AFTER, VARY};
use http::{HeaderMap, StatusCode};

/// Who reads what stands behind a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Somebody who looks at a page.
    Browser,
    /// Something that reads JSON.
    Program,
}

impl Reader {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        if accepts_html(headers) {
            Self::Browser
        } else {
            Self::Program
        }
    }
}

/// Tells a reader what came of it.
pub(super) fn tell(call: &Call, reader: Reader, told: Result<Told, Error>) -> Response {
    match (reader, told) {
        (Reader::Program, Ok(told)) => varied(json(StatusCode::OK, &Outcome::from(told))),
        (Reader::Program, Err(error)) => varied(call.refuse(At::Link, &error).into_response()),
        (Reader::Browser, Ok(Told::Pending(pending))) => {
            page::form(StatusCode::OK, &ConfirmPage::new(call, &pending))
        }
        (Reader::Browser, Ok(Told::Confirmed(kind))) => {
            page::notice(StatusCode::OK, confirmed(kind))
        }
        (Reader::Browser, Ok(Told::Dropped(kind))) => page::notice(StatusCode::OK, dropped(kind)),
        (Reader::Browser, Err(Error::Rejected(refusal))) => {
            let status = At::Link.answer(refusal.rejection).status();
            let notice = match status {
                StatusCode::BAD_REQUEST => &DEAD,
                StatusCode::TOO_MANY_REQUESTS => &TOO_MANY,
                _ => &BROKEN,
            };
            refused(&refusal, page::notice(status, notice))
        }
        (Reader::Browser, Err(Error::Fault(fault))) => {
            page::fault(call.web(), call.ctx(), &fault, &BROKEN)
        }
    }
}

/// Says what is wrong with the password; a browser gets the page again, as the link is as good as it was.
pub(super) fn ask_again(
    call: &Call,
    reader: Reader,
    pending: Result<Told, Error>,
    refusal: &Refusal,
) -> Response {
    match (reader, pending) {
        (Reader::Browser, Ok(Told::Pending(pending))) => {
            let page = ConfirmPage {
                problem: Some(in_words(refusal.rejection)),
                ..ConfirmPage::new(call, &pending)
            };
            let status = At::Link.answer(refusal.rejection).status();
            refused(refusal, page::form(status, &page))
        }
        (Reader::Browser, pending) => tell(call, reader, pending),
        (Reader::Program, _) => {
            let error = Error::Rejected(*refusal);
            varied(call.refuse(At::Link, &error).into_response())
        }
    }
}

const fn in_words(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::PasswordWrong => "This is not the password that was chosen.",
        Rejection::PasswordTriesExhausted => {
            "There were too many wrong passwords. Please wait, and try again."
        }
        _ => "Please type the password that you chose.",
    }
}

/// Refuses a form that was sent from a page of somebody else's.
pub(super) fn foreign(reader: Reader) -> Response {
    match reader {
        Reader::Browser => page::notice(StatusCode::FORBIDDEN, &FOREIGN),
        Reader::Program => varied(detail(
            StatusCode::FORBIDDEN,
            "This form came from another site",
        )),
    }
}

/// Refuses what is no answer to the link.
pub(super) fn unreadable(reader: Reader, fault: NoForm) -> Response {
    let response = fault.into_response();
    match reader {
        Reader::Browser => refused(
            &Rejection::FieldInvalid.into(),
            page::notice(response.status(), &UNREADABLE),
        ),
        Reader::Program => varied(response),
    }
}

/// A browser that is one too many reads a page as well.
pub(super) async fn limit_told_as_page(request: Request, next: Next) -> Response {
    let reader = Reader::of(request.headers());
    let mut response = next.run(request).await;
    let is_limit = response.status() == StatusCode::TOO_MANY_REQUESTS && !page::is_page(&response);
    if reader == Reader::Program || !is_limit {
        return response;
    }
    let mut page = page::notice(StatusCode::TOO_MANY_REQUESTS, &TOO_MANY);
    if let Some(wait) = response.headers_mut().remove(RETRY_AFTER) {
        page.headers_mut().insert(RETRY_AFTER, wait);
    }
    // Why it was refused is for the log.
    *page.extensions_mut() = std::mem::take(response.extensions_mut());
    page
}

/// The same address answers browsers otherwise.
fn varied(mut response: Response) -> Response {
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Accept"));
    response
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage<'a> {
    name: &'a str,
    is_change: bool,
    email: &'a str,
    asked_at: String,
    when: String,
    asked_from: Option<&'a str>,
    takes_password: bool,
    problem: Option<&'a str>,
}

impl<'a> ConfirmPage<'a> {
    fn new(call: &'a Call, pending: &'a Pending) -> Self {
        Self::about(&call.settings().server_name, pending)
    }

    fn about(name: &'a str, pending: &'a Pending) -> Self {
        Self {
            name,
            is_change: pending.kind == PendingKind::AddressChange,
            email: &pending.email,
            asked_at: pending.asked_at.to_rfc3339(),
            when: in_words_of_the_calendar(pending.asked_at),
            asked_from: pending.asked_from.as_deref(),
            takes_password: pending.takes_password,
            problem: None,
        }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `24 November 2026 at 11:24 UTC`: no two readers take it for different days.
fn in_words_of_the_calendar(time: Timestamp) -> String {
    let text = time.to_rfc3339();
    let parts: Vec<&str> = text.split(['-', 'T', ':']).collect();
    let [year, month, day, hour, minute, ..] = parts.as_slice() else {
        return text;
    };
    let month = month
        .parse()
        .ok()
        .and_then(|month: usize| MONTHS.get(month.checked_sub(1)?));
    let Some(month) = month else {
        return text;
    };
    let day = day.trim_start_matches('0');
    format!("{day} {month} {year} at {hour}:{minute} UTC")
}

const fn confirmed(kind: PendingKind) -> &'static Notice {
    match kind {
        PendingKind::Registration => &Notice {
            title: "Your address is confirmed",
            lines: &["That is all. You can close this page, and sign in where you registered."],
        },
        PendingKind::AddressChange => &Notice {
            title: "Your new address is confirmed",
            lines: &[
                "Your account has this address from now on, and the one before has been told.",
                "You can close this page, and sign in with the new address.",
            ],
        },
    }
}

const fn dropped(kind: PendingKind) -> &'static Notice {
    match kind {
        PendingKind::Registration => &Notice {
            title: "The registration is dropped",
            lines: &[
                "What somebody registered with your address is gone, and they cannot use it.",
                "There is nothing else for you to do. You can close this page.",
            ],
        },
        PendingKind::AddressChange => &Notice {
            title: "The change is dropped",
            lines: &[
                "No account has your address because of it: the one in question keeps the address that it had.",
                "There is nothing else for you to do. You can close this page.",
            ],
        },
    }
}

const DEAD: Notice = Notice {
    title: "This link is not good any more",
    lines: &[
        "It works once and for a limited time: it was used, a newer one was asked for, or it is too old. It may also have been cut off by a mail program.",
        "If you have confirmed your address already, there is nothing left to do: go back to where you registered, and sign in.",
        "If not, ask there for a new link, or say that you forgot your password: whoever sets a new one from a message to this address has confirmed it.",
    ],
};

const FOREIGN: Notice = Notice {
    title: "This form came from another site",
    lines: &[
        "Nothing was changed. Open the link in the message that you got, and answer on the page that it leads to.",
    ],
};

const UNREADABLE: Notice = Notice {
    title: "This answer could not be read",
    lines: &[
        "Nothing was changed. Open the link in the message that you got, and press one of the two buttons.",
    ],
};

const TOO_MANY: Notice = Notice {
    title: "Too many tries",
    lines: &["Nothing was changed. Please wait a minute, and open the link again."],
};

const BROKEN: Notice = Notice {
    title: "This did not work",
    lines: &[
        "Something broke on our side. Please open the link again in a moment: if your answer was taken, it says that it is not good any more.",
    ],
};

#[cfg(test)]
mod tests;
