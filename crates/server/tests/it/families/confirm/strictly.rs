//! Where a program's `GET` confirms nothing, the link alone does not either: the password goes with it.

use super::{
    ADA, BROWSER, GRACE, URLENCODED, WRONG_LINK, answer, link_to, login, member, open, put,
    registered, succeeds,
};
use crate::support::{Answer, PASSWORD, Request, TestApp};
use doorward_service::users;
use serde_json::json;

const CONFIRMED: &str = "Email confirmed successfully!";
const WRONG: &str = "The password is wrong.";

async fn start() -> TestApp {
    TestApp::with(&[
        ("api.confirm.confirm_on_get", "false"),
        ("rate_limit.enabled", "false"),
    ])
    .await
}

async fn mailed(app: &TestApp) -> String {
    registered(app, ADA).await;
    link_to(app, ADA).await
}

/// A button, as a browser sends it together with the field.
fn press(app: &TestApp, link: &str, button: &str, password: &str) -> Request {
    let request = app.post(link).header("accept", BROWSER);
    request.body(URLENCODED, format!("answer={button}&password={password}"))
}

/// The same as a program says it.
fn confirm(app: &TestApp, link: &str, password: &str) -> Request {
    let form = json!({"answer": "confirm", "password": password});
    app.post(link).json(form)
}

async fn is_confirmed(app: &TestApp) -> bool {
    users::find(&app.app, ADA).await.unwrap().email_proven
}

#[track_caller]
fn asks_again(answer: Answer, status: u16, words: &str) {
    let page = answer.expect(status).text();
    assert!(
        page.contains(r#"role="alert""#) && page.contains(words),
        "{page}"
    );
    assert!(
        page.contains(r#"name="password""#) && page.contains(r#"value="not_me""#),
        "{page}"
    );
}

#[tokio::test]
async fn sec_3_5_3_the_page_asks_for_the_password_and_its_form_confirms() {
    let app = start().await;
    let link = mailed(&app).await;
    let page = open(&app, &link).send().await.expect(200).text();
    assert!(
        page.contains(r#"<label for="password">The password that you chose"#),
        "{page}"
    );
    assert!(
        page.contains("formnovalidate"),
        "the other button needs none: {page}"
    );
    asks_again(
        press(&app, &link, "confirm", "").send().await,
        422,
        "Please type the password",
    );
    asks_again(
        press(&app, &link, "confirm", "not-it").send().await,
        403,
        "This is not the password",
    );
    assert!(!is_confirmed(&app).await);
    let page = press(&app, &link, "confirm", PASSWORD)
        .send()
        .await
        .expect(200)
        .text();
    assert!(page.contains("Your address is confirmed"), "{page}");
    assert!(is_confirmed(&app).await);
}

#[tokio::test]
async fn sec_3_5_3_a_program_sends_the_password_along() {
    let app = start().await;
    let link = mailed(&app).await;
    let told = app.get(&link).send().await.expect(200).json();
    assert_eq!(told["takes_password"], true);
    let without = answer(&app, &link, "confirm").send().await.expect(422);
    assert!(
        without.text().contains("The password is needed here."),
        "{without}"
    );
    confirm(&app, &link, "not-it").send().await.says(403, WRONG);
    succeeds(confirm(&app, &link, PASSWORD).send().await, CONFIRMED);
    confirm(&app, &link, PASSWORD)
        .send()
        .await
        .says(400, WRONG_LINK);
}

#[tokio::test]
async fn sec_i05_wrong_passwords_beside_a_link_count_as_those_of_signing_in() {
    let app = start().await;
    let link = mailed(&app).await;
    for _ in 0..10 {
        confirm(&app, &link, "not-it").send().await.says(403, WRONG);
    }
    let stopped = confirm(&app, &link, PASSWORD).send().await.expect(429);
    assert!(stopped.number("retry-after") >= 1);
    login(&app, ADA, PASSWORD).await.expect(429);
    let page = press(&app, &link, "confirm", PASSWORD).send().await;
    assert!(page.number("retry-after") >= 1);
    asks_again(page, 429, "too many wrong passwords");
    app.advance(doorward_domain::Span::minutes(2));
    succeeds(confirm(&app, &link, PASSWORD).send().await, CONFIRMED);
    login(&app, ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn sec_i16_who_did_not_register_confirms_nothing_by_mistake_and_still_drops_it() {
    let app = start().await;
    let link = mailed(&app).await;
    press(&app, &link, "confirm", "whatever")
        .send()
        .await
        .expect(403);
    let page = press(&app, &link, "not_me", "")
        .send()
        .await
        .expect(200)
        .text();
    assert!(page.contains("The registration is dropped"), "{page}");
    login(&app, ADA, PASSWORD).await.expect(401);
}

#[tokio::test]
async fn a_new_address_takes_the_password_of_its_account() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    let strict = app.beside(&[("api.confirm.confirm_on_get", "false")]).await;
    let form = json!({"new_email": GRACE});
    put(&strict, "/users/email", &ada.access, form)
        .await
        .expect(200);
    let link = link_to(&strict, GRACE).await;
    let page = open(&strict, &link).send().await.expect(200).text();
    assert!(page.contains("The password of your account"), "{page}");
    confirm(&strict, &link, "not-it")
        .send()
        .await
        .says(403, WRONG);
    succeeds(confirm(&strict, &link, PASSWORD).send().await, CONFIRMED);
    login(&strict, GRACE, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn the_password_is_nobodys_answer_to_a_link_that_is_dead() {
    let app = start().await;
    for link in ["/users/confirm/x", "/users/confirm/%FF"] {
        confirm(&app, link, PASSWORD)
            .send()
            .await
            .says(400, WRONG_LINK);
    }
}
