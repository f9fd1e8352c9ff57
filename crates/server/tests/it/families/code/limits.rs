//! How many codes and tokens a client may ask for, whatever the identifier.

use super::{ask, shown, token};
use crate::families::exhaust;
use crate::support::{Answer, TestApp, named};
use http::Method;

const HOME: &str = super::HOME;
const NEIGHBOUR: &str = "192.0.2.2";

/// The refusal of a limit: one sentence that tells the wait.
#[track_caller]
fn is_limited(answer: Answer) {
    let seconds = answer.number("retry-after");
    assert!(seconds > 0);
    answer.says(429, &format!("Too many requests, cooldown: {seconds}"));
}

#[tokio::test]
async fn a_client_asks_for_twenty_codes_a_minute() {
    let app = TestApp::start().await;
    let refused = exhaust(20, |n| {
        let email = format!("ada{n}@example.com");
        let app = &app;
        async move { ask(app, HOME, &email).await }
    })
    .await;
    is_limited(refused);
    ask(&app, NEIGHBOUR, "ada@example.com").await.expect(200);
}

#[tokio::test]
async fn a_client_asks_for_thirty_tokens_a_minute_by_whichever_way() {
    let app = TestApp::start().await;
    let refused = exhaust(30, |n| {
        let app = &app;
        async move {
            let form = shown(&format!("ada{n}@example.com"), "123456");
            let post = |path| app.post(path).header("RT", "garbage");
            match n % 4 {
                0 => token(app, HOME, form).await,
                1 => app.post("/auth/token").json(form).send().await,
                2 => {
                    let request = app.request(Method::PATCH, "/auth/refresh");
                    request.header("RT", "garbage").send().await
                }
                _ => post("/auth/refresh").send().await,
            }
        }
    })
    .await;
    is_limited(refused);
    let form = shown("ada@example.com", "123456");
    token(&app, NEIGHBOUR, form).await.expect(401);
    // Codes are counted apart.
    ask(&app, HOME, "ada@example.com").await.expect(200);
}

#[tokio::test]
async fn a_client_is_an_ipv6_subnet_of_64_bits() {
    let app = TestApp::start().await;
    let mut n = 0;
    let refused = exhaust(20, |_| {
        n += 1;
        let (ip, email) = (format!("2001:db8::{n:x}"), format!("ada{n}@example.com"));
        let app = &app;
        async move { ask(app, &ip, &email).await }
    })
    .await;
    is_limited(refused);
    ask(&app, "2001:db8:0:1::1", "ada@example.com")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_request_that_is_refused_for_its_form_counts_like_any_other() {
    let app = TestApp::start().await;
    let refused = exhaust(20, |_| app.post("/auth/code").json(named("ada")).send()).await;
    is_limited(refused);
}
