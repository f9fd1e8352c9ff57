//! `/dev/inbox`: the messages that would have gone out, for one person on one machine.
//!
//! It holds codes and links in the clear, so it answers under the server's own name alone, and exists in development
//! alone.

use crate::message::Shown;
use crate::refusals::refuse;
use crate::{host, page};
use askama::Template;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use doorward_http::{Context, Detail, Query, State, Web, accepts_html, detail, json};
use doorward_service::inbox::{self, Message, MessageKind};
use http::header::{HeaderValue, VARY};
use http::{HeaderMap, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const PATH: &str = "/dev/inbox";

/// Which messages, and how.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only those to this address or number, compared in canonical form.
    to: Option<String>,
    /// For the page: it does not refresh itself.
    paused: Option<String>,
}

/// A message that would have gone out.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = InboxMessage)]
pub(crate) struct MessageReply {
    id: String,
    /// `mail` or `sms`.
    kind: &'static str,
    to: String,
    subject: String,
    text: String,
    html: String,
    /// RFC 3339 in UTC with milliseconds.
    created_at: String,
}

impl From<Message> for MessageReply {
    fn from(message: Message) -> Self {
        Self {
            id: message.id.to_string(),
            kind: match message.kind {
                MessageKind::Mail => "mail",
                MessageKind::Sms => "sms",
            },
            to: message.to,
            subject: message.subject,
            text: message.text,
            html: message.html,
            created_at: message.created_at.to_rfc3339_millis(),
        }
    }
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage<'a> {
    name: &'a str,
    to: Option<&'a str>,
    refreshes: bool,
    pause: String,
    resume: String,
    messages: Vec<Shown<'a>>,
}

/// The messages that would have gone out, newest first; a browser gets a page.
#[utoipa::path(
    get,
    path = "/dev/inbox",
    tag = "development",
    params(Asked),
    responses(
        (status = 200, description = "The messages", body = Vec<MessageReply>),
        (status = 403, description = "Asked for under another name than the server's own", body = Detail),
    ),
)]
pub(crate) async fn show(
    Shared(web): Shared<State>,
    Context(ctx): Context,
    Query(asked): Query<Asked>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if !host::is_own(&web, &uri, &headers) {
        return foreign(&web);
    }
    let (app, to) = (Arc::clone(&web.app), asked.to.clone());
    let messages =
        match doorward_http::run(async move { inbox::list(&app, to.as_deref()).await }).await {
            Ok(messages) => messages,
            Err(error) => return refuse(&web, &ctx, &error),
        };
    if accepts_html(&headers) {
        return page::show(&inbox_page(
            &web.app.settings().server_name,
            &asked,
            &messages,
        ));
    }
    let replies: Vec<_> = messages.into_iter().map(MessageReply::from).collect();
    let mut response = json(StatusCode::OK, &replies);
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Accept"));
    response
}

/// Empties the inbox.
#[utoipa::path(
    delete,
    path = "/dev/inbox",
    tag = "development",
    responses(
        (status = 204, description = "It is empty"),
        (status = 403, description = "Asked for under another name than the server's own", body = Detail),
    ),
)]
pub(crate) async fn clear(
    Shared(web): Shared<State>,
    Context(ctx): Context,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if !host::is_own(&web, &uri, &headers) {
        return foreign(&web);
    }
    let app = Arc::clone(&web.app);
    match doorward_http::run(async move { inbox::clear(&app).await }).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(&web, &ctx, &error),
    }
}

fn foreign(web: &Web) -> Response {
    let own = web.app.settings().public_url.join(PATH);
    let own = own.map_or_else(|_| PATH.to_owned(), String::from);
    detail(
        StatusCode::FORBIDDEN,
        format!("The inbox answers under the server's own name alone: {own}"),
    )
}

fn inbox_page<'a>(name: &'a str, asked: &'a Asked, messages: &'a [Message]) -> InboxPage<'a> {
    let to = asked.to.as_deref();
    InboxPage {
        name,
        to,
        refreshes: asked.paused.is_none(),
        pause: address(to, true),
        resume: address(to, false),
        messages: messages.iter().map(Shown::from).collect(),
    }
}

/// The address of the page with what it shows now, paused or not.
fn address(to: Option<&str>, paused: bool) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(to) = to {
        query.append_pair("to", to);
    }
    if paused {
        query.append_pair("paused", "");
    }
    match query.finish() {
        query if query.is_empty() => PATH.to_owned(),
        query => format!("{PATH}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::{JobId, Timestamp};

    fn message(to: &str, subject: &str, text: &str) -> Message {
        let created_at = Timestamp::from_millis(1_735_734_896_250);
        Message {
            id: JobId::new(created_at, [7; 10]),
            kind: MessageKind::Mail,
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: String::new(),
            created_at,
        }
    }

    fn asked(to: Option<&str>, paused: bool) -> Asked {
        Asked {
            to: to.map(str::to_owned),
            paused: paused.then(String::new),
        }
    }

    #[test]
    fn a_page_shows_codes_large_and_refreshes_itself() {
        let messages = [message(
            "ada@example.com",
            "Your code",
            "Your code is 042137.\nhttps://door.example.com/x",
        )];
        let page = inbox_page("Doorward", &asked(None, false), &messages)
            .render()
            .unwrap();
        assert!(
            page.contains("<code>042137</code>")
                && page.contains(r#"href="https://door.example.com/x""#)
        );
        assert!(
            page.contains(r#"http-equiv="refresh""#) && page.contains("2025-01-01 12:34:56 UTC")
        );
        assert!(page.contains("ada@example.com") && page.contains("Your code"));
    }

    #[test]
    fn a_reader_can_stop_it_and_keeps_what_is_shown() {
        let page = inbox_page("Doorward", &asked(Some("ada+x@example.com"), true), &[])
            .render()
            .unwrap();
        assert!(
            !page.contains("http-equiv=\"refresh\"")
                && page.contains("/dev/inbox?to=ada%2Bx%40example.com")
        );
        assert_eq!(
            address(Some("a@example.com"), true),
            "/dev/inbox?to=a%40example.com&paused="
        );
        assert_eq!(address(None, false), "/dev/inbox");
    }

    #[test]
    fn sec_1_1_2_a_message_is_text_in_a_page() {
        let hostile = "<img src=x onerror=alert(1)> https://x.example/\"onmouseover=alert(1)";
        let messages = [message("\"><script>@example.com", "<b>hi</b>", hostile)];
        let page = inbox_page("Doorward", &asked(Some("<script>"), false), &messages)
            .render()
            .unwrap();
        for markup in ["<script>", "<img", "<b>", "\"onmouseover"] {
            assert!(!page.contains(markup), "{markup}");
        }
    }

    #[test]
    fn a_message_is_written_with_milliseconds() {
        let reply = MessageReply::from(message("ada@example.com", "s", "t"));
        assert_eq!(
            (reply.kind, reply.created_at.as_str()),
            ("mail", "2025-01-01T12:34:56.250Z")
        );
    }
}
