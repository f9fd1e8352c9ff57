//! Text messages by way of a provider that takes them over HTTP, and the other ways that `sms.*` leaves.
//!
//! What a provider answers may name numbers and stays out of logs: of a refusal only the status is told.

use crate::config::{Config, SmsProvider};
use crate::{http_client, traces};
use anyhow::{Context, Result, anyhow};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use doorward_service::inbox::Inbox;
use doorward_service::ports::{SendError, Sms, SmsSender};
use doorward_service::settings::SmsRoute;
use doorward_service::sms::SmsBody;
use doorward_service::{SharedApp, health};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// For one message, from the look-up of the name to the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Builds what delivers text messages.
pub(crate) fn sender(config: &Config, app: &SharedApp) -> Result<Arc<dyn SmsSender>> {
    Ok(match (app.settings().sms, config.sms()) {
        (SmsRoute::Provider, Some(provider)) => Arc::new(HttpSms::new(provider)?),
        (SmsRoute::Inbox, _) => Arc::new(Inbox::new(Arc::clone(app))),
        (SmsRoute::Nowhere | SmsRoute::Provider, _) => Arc::new(Dropped(Arc::clone(app))),
    })
}

/// Hands messages to a provider.
struct HttpSms {
    client: Client,
    url: Url,
    headers: HeaderMap,
    body: SmsBody,
}

impl HttpSms {
    fn new(provider: SmsProvider) -> Result<Self> {
        let body = SmsBody::parse(provider.body.as_deref());
        Ok(Self {
            client: http_client::build()?,
            url: provider.url,
            headers: headers(&provider.headers)?,
            body: body.map_err(|error| anyhow!("`sms.body`: {error}"))?,
        })
    }

    async fn deliver(&self, sms: &Sms) -> Result<(), SendError> {
        let request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .headers(traces::outbound())
            .timeout(PATIENCE)
            .body(self.body.fill(sms)?);
        match request.send().await {
            Ok(answer) => sorted(answer.status()),
            Err(error) => Err(SendError::Away(unreached(error))),
        }
    }
}

impl SmsSender for HttpSms {
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<(), SendError>> {
        self.deliver(sms).boxed()
    }
}

/// The headers of every request; their values are an operator's secrets.
fn headers(configured: &[(String, SecretString)]) -> Result<HeaderMap> {
    let json = HeaderValue::from_static("application/json");
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    for (name, value) in configured {
        let no_header = || format!("`sms.headers`: `{}` is no header", name.escape_debug());
        let mut value = HeaderValue::from_str(value.expose_secret()).with_context(no_header)?;
        value.set_sensitive(true);
        let name = HeaderName::from_bytes(name.as_bytes()).with_context(no_header)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// What trying again may mend, and what it will not. A redirect is a wrong address in the configuration, and who mends
/// that wants the messages that wait.
fn sorted(status: StatusCode) -> Result<(), SendError> {
    let text = || format!("the SMS provider answered with status {}", status.as_u16());
    let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    if status.is_success() {
        Ok(())
    } else if status.is_client_error() && !passing.contains(&status) {
        Err(SendError::Permanent(text()))
    } else if status.is_server_error() || status.is_redirection() {
        Err(SendError::Away(text()))
    } else {
        Err(SendError::Temporary(text()))
    }
}

/// Why there was no answer. The address may hold a key of the operator's and is not told.
fn unreached(error: reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "the SMS provider took too long"
    } else if error.is_connect() {
        "the SMS provider cannot be reached"
    } else {
        "the SMS provider broke off"
    };
    let error = anyhow::Error::new(error.without_url());
    format!("{what}: {}", error.root_cause())
}

/// Nobody can be reached by telephone: what was put into the queue before that was so is counted, so that nobody
/// wonders for long.
struct Dropped(SharedApp);

impl SmsSender for Dropped {
    fn send<'a>(&'a self, _: &'a Sms) -> BoxFuture<'a, Result<(), SendError>> {
        async move {
            health::note_dropped_message(&self.0);
            Ok(())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_trying_again_may_mend_is_tried_again() {
        let sort = |status| sorted(StatusCode::from_u16(status).unwrap());
        for accepted in [200, 201, 202, 204] {
            assert!(sort(accepted).is_ok(), "{accepted}");
        }
        for passing in [408, 429] {
            let sorted = sort(passing);
            assert!(matches!(sorted, Err(SendError::Temporary(_))), "{passing}");
        }
        for away in [301, 302, 307, 500, 502, 503] {
            let sorted = sort(away);
            assert!(matches!(sorted, Err(SendError::Away(_))), "{away}");
        }
        for lasting in [400, 401, 403, 404, 422] {
            let sorted = sort(lasting);
            assert!(matches!(sorted, Err(SendError::Permanent(_))), "{lasting}");
        }
    }

    #[test]
    fn a_body_that_is_no_json_stops_the_start() {
        let provider = SmsProvider {
            url: Url::parse("https://sms.example.com/send").unwrap(),
            headers: Vec::new(),
            body: Some(r#"{"to": {{ to }}}"#.to_owned()),
        };
        let refusal = HttpSms::new(provider).err().unwrap().to_string();
        assert!(
            refusal.contains("`sms.body`") && refusal.contains("quotes"),
            "{refusal}"
        );
    }

    #[test]
    fn an_operators_headers_win_and_are_secret() {
        let configured = [
            ("Authorization".to_owned(), SecretString::from("Key abc")),
            ("content-type".to_owned(), SecretString::from("text/json")),
        ];
        let headers = headers(&configured).unwrap();
        assert_eq!(headers.len(), 2);
        assert_eq!(headers[CONTENT_TYPE], "text/json");
        assert!(headers["authorization"].is_sensitive());
        assert!(!format!("{headers:?}").contains("abc"));
    }
}
