//! Text messages: handed to the provider that `sms.*` names, over HTTP.

use crate::support::{TestApp, named};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::post;
use doorward_domain::Span;
use doorward_service::users;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const PHONE: &str = "+442079460018";

/// A provider on a port of loopback.
struct Provider {
    url: String,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<(HeaderMap, Bytes)>>,
    answers: Mutex<VecDeque<StatusCode>>,
}

impl Provider {
    async fn start() -> Self {
        let seen = Arc::new(Seen::default());
        let own = Arc::clone(&seen);
        let take = post(async move |headers: HeaderMap, body: Bytes| own.take(headers, body));
        let elsewhere = Arc::clone(&seen);
        let taken_in = post(async move |headers, body| elsewhere.take(headers, body));
        let routes = Router::new()
            .route("/sms", take)
            .route("/elsewhere", taken_in);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/sms", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, seen, task }
    }

    /// The next requests are answered so; those that follow are taken.
    fn answer_next(&self, statuses: &[u16]) {
        let mut answers = self.seen.answers.lock().unwrap();
        answers.extend(
            statuses
                .iter()
                .map(|status| StatusCode::from_u16(*status).unwrap()),
        );
    }

    fn requests(&self) -> Vec<(HeaderMap, Bytes)> {
        self.seen.requests.lock().unwrap().clone()
    }

    fn bodies(&self) -> Vec<Value> {
        let requests = self.requests();
        requests
            .iter()
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }
}

impl Seen {
    fn take(&self, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
        self.requests.lock().unwrap().push((headers, body));
        let status = self.answers.lock().unwrap().pop_front();
        let to = HeaderValue::from_static("/elsewhere");
        let headers = HeaderMap::from_iter([(axum::http::header::LOCATION, to)]);
        (status.unwrap_or(StatusCode::ACCEPTED), headers)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn with(provider: &Provider, more: &[(&str, &str)]) -> TestApp {
    let mut settings = vec![
        ("sms.url", provider.url.as_str()),
        ("codes.sign_in.cooldown", "0s"),
        ("codes.sign_in.lifetime", "1h"),
    ];
    settings.extend_from_slice(more);
    TestApp::with(&settings).await
}

async fn ask(app: &TestApp) {
    let request = app.post("/auth/code").json(named(PHONE));
    request.send().await.expect(200);
    app.work().await;
}

fn code_in(text: &Value) -> String {
    let lines = text.as_str().unwrap().lines();
    let code = lines
        .filter(|line| line.len() == 6)
        .find(|line| line.parse::<u32>().is_ok());
    code.unwrap_or_else(|| panic!("no code in {text}"))
        .to_owned()
}

#[tokio::test]
async fn a_text_message_is_handed_to_the_provider_and_its_code_signs_in() {
    let provider = Provider::start().await;
    let app = with(&provider, &[]).await;
    ask(&app).await;
    let [body] = &provider.bodies()[..] else {
        panic!("{} requests", provider.requests().len());
    };
    assert_eq!(
        (body["to"].as_str(), body.as_object().unwrap().len()),
        (Some(PHONE), 2)
    );
    let mut form = named(PHONE);
    form["code"] = code_in(&body["text"]).into();
    app.post("/auth/token").json(form).send().await.expect(200);
    let (headers, _) = &provider.requests()[0];
    assert_eq!(headers["content-type"], "application/json");
    assert!(
        app.mail_to(PHONE).await.is_empty(),
        "what is sent is not shown in the inbox"
    );
}

#[tokio::test]
async fn the_body_is_the_operators_and_so_are_the_headers() {
    let provider = Provider::start().await;
    let body = r#"{"messages": [{"destination": "{{ to }}", "otp": "{{ code }}", "content": "{{ text }}"}]}"#;
    let app = with(
        &provider,
        &[
            ("sms.body", body),
            (
                "sms.headers",
                r#"{"Authorization": "Key one-two-three", "X-Sender": "Doorward"}"#,
            ),
        ],
    )
    .await;
    ask(&app).await;
    let sent = &provider.bodies()[0]["messages"][0];
    assert_eq!(sent["destination"], PHONE);
    assert_eq!(sent["otp"], code_in(&sent["content"]));
    let (headers, _) = &provider.requests()[0];
    assert_eq!(headers["authorization"], "Key one-two-three");
    assert_eq!(headers["x-sender"], "Doorward");
}

#[tokio::test]
async fn a_message_that_was_not_taken_is_tried_again_within_half_a_minute() {
    let provider = Provider::start().await;
    let app = with(&provider, &[]).await;
    for passing in [500, 503, 429, 408] {
        provider.answer_next(&[passing, passing]);
        let before = provider.requests().len();
        ask(&app).await;
        assert_eq!(provider.requests().len(), before + 1);
        for _ in 0..2 {
            app.advance(Span::seconds(15));
            app.work().await;
        }
        let bodies = provider.bodies();
        assert_eq!(bodies.len(), before + 3, "{passing}");
        assert_eq!(bodies[before], bodies[before + 2], "it is the same message");
    }
}

#[tokio::test]
async fn a_message_that_is_refused_for_good_is_not_tried_again() {
    let provider = Provider::start().await;
    let app = with(&provider, &[]).await;
    for lasting in [400, 401, 403, 404] {
        provider.answer_next(&[lasting]);
        let before = provider.requests().len();
        ask(&app).await;
        app.advance(Span::minutes(2));
        app.work().await;
        assert_eq!(provider.requests().len(), before + 1, "{lasting}");
    }
}

#[tokio::test]
async fn sec_15_3_2_a_provider_cannot_send_a_message_elsewhere() {
    let provider = Provider::start().await;
    let app = with(&provider, &[]).await;
    for redirect in [301, 302, 307, 308] {
        provider.answer_next(&[redirect]);
        let before = provider.requests().len();
        ask(&app).await;
        assert_eq!(provider.requests().len(), before + 1, "{redirect}");
        app.advance(Span::seconds(15));
        app.work().await;
        assert_eq!(
            provider.requests().len(),
            before + 2,
            "it waits until that is mended"
        );
    }
}

#[tokio::test]
async fn a_provider_that_is_away_costs_no_message() {
    let provider = Provider::start().await;
    let gone = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let nowhere = format!("http://{}/sms", gone.local_addr().unwrap());
    drop(gone);
    let app = TestApp::with(&[("sms.url", &nowhere)]).await;
    ask(&app).await;
    let mended = app.beside(&[("sms.url", &provider.url)]).await;
    mended.advance(Span::seconds(15));
    mended.work().await;
    assert_eq!(provider.bodies()[0]["to"], PHONE);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_way_of_a_phone() {
    let app = TestApp::start().await;
    let made = users::Create {
        email: None,
        login: None,
        phone: Some(doorward_domain::Phone::parse(PHONE).unwrap()),
        full_name: None,
        password: None,
    };
    users::create(&app.app, &app.operator(), made)
        .await
        .unwrap();
    let forgot = json!({"phone": "+44 (20) 7946-0018"});
    app.post("/v1/password/forgot")
        .json(forgot)
        .send()
        .await
        .expect(202);
    let message = &app.mail_to(PHONE).await[0];
    assert!(
        !message.text.contains("http"),
        "a telephone gets a code alone: {}",
        message.text
    );
    let code = app.code_for(PHONE).await;
    let reset = json!({"phone": PHONE, "code": code, "password": "another-Horse-8-Staple"});
    app.advance(Span::seconds(1));
    app.post("/v1/password/reset")
        .json(reset.clone())
        .send()
        .await
        .expect(204);
    assert!(users::find(&app.app, PHONE).await.unwrap().has_password);
    let told = &app.mail_to(PHONE).await[0];
    assert!(told.text.contains("was set anew"), "{}", told.text);
    app.post("/v1/password/reset")
        .json(reset)
        .send()
        .await
        .expect(400);
}

#[tokio::test]
async fn sec_6_3_8_a_number_without_an_account_is_told_and_sent_nothing() {
    let app = TestApp::start().await;
    let forgot = json!({"phone": PHONE});
    let answer = app.post("/v1/password/forgot").json(forgot).send().await;
    assert_eq!(answer.expect(202).json(), json!({}));
    assert!(app.mail_to(PHONE).await.is_empty());
}

#[tokio::test]
async fn where_no_text_message_leaves_a_password_forgotten_by_phone_is_refused_and_leaves_nothing()
{
    let app = TestApp::with(&[
        ("mode", "production"),
        ("server.public_url", "https://auth.example.com"),
        ("mail.transport", "none"),
    ])
    .await;
    let forgot = json!({"phone": PHONE});
    let answer = app.post("/v1/password/forgot").json(forgot).send().await;
    assert_eq!(answer.expect(400).field("code"), "phone_unavailable");
    app.work().await;
    let ready = app.get("/readyz").send().await.expect(200).json();
    assert!(!ready["notices"].to_string().contains("dropped"), "{ready}");
}
