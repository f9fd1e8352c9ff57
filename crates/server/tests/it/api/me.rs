use super::{ADA, BOB, finds_fault_with, is_problem, me};
use crate::support::{Answer, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::{Value, json};

async fn update(app: &TestApp, token: &str, body: Value) -> Answer {
    app.request(http::Method::PATCH, "/v1/me")
        .bearer(token)
        .json(body)
        .send()
        .await
}

#[tokio::test]
async fn a_user_sees_every_field_and_no_secret() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let now = app.app.now().to_rfc3339();
    let answer = me(&app, &ada.access).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.json(),
        json!({
            "id": ada.id, "status": "active", "email": ADA, "email_verified": true, "phone": null, "login": null,
            "nickname": null, "first_name": null, "last_name": null, "full_name": "Ada Lovelace", "age": null,
            "has_password": true, "created_at": now, "last_login_at": now,
        })
    );
}

#[tokio::test]
async fn a_token_of_any_family_is_good_here() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let body = me(&app, &member.access).await.expect(200).json();
    assert_eq!(
        (&body["login"], &body["email"], &body["email_verified"]),
        (&json!("ada"), &Value::Null, &json!(false))
    );
}

#[tokio::test]
async fn only_what_is_named_changes_and_null_clears() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let changed = update(
        &app,
        &ada.access,
        json!({"first_name": "Ada", "nickname": "Countess", "age": 36}),
    )
    .await
    .expect(200)
    .json();
    assert_eq!(
        (
            &changed["first_name"],
            &changed["nickname"],
            &changed["age"],
            &changed["full_name"],
            &changed["last_name"]
        ),
        (
            &json!("Ada"),
            &json!("Countess"),
            &json!(36),
            &json!("Ada Lovelace"),
            &Value::Null
        )
    );
    assert_eq!(me(&app, &ada.access).await.json(), changed, "seen at once");
    let cleared = update(&app, &ada.access, json!({"full_name": null, "age": null}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&cleared["full_name"], &cleared["age"], &cleared["nickname"]),
        (&Value::Null, &Value::Null, &json!("Countess"))
    );
    assert_eq!(
        update(&app, &ada.access, json!({}))
            .await
            .expect(200)
            .json(),
        cleared
    );
}

#[tokio::test]
async fn a_change_is_seen_through_the_families() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    update(&app, &ada.access, json!({"full_name": "Augusta Ada King"}))
        .await
        .expect(200);
    let profile = app
        .get("/api/v1/users/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    assert_eq!(profile.field("full_name"), "Augusta Ada King");
}

#[tokio::test]
async fn sec_15_3_3_nothing_beside_the_profile_can_be_set() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let before = me(&app, &ada.access).await.json();
    let hostile = json!({
        "id": "00000000-0000-7000-8000-000000000000", "status": "banned", "email": BOB, "email_verified": false, "login": "root",
        "has_password": false, "password_hash": "x", "epoch": 9, "created_at": "1999-01-01T00:00:00Z", "phone": "+442079460018",
    });
    assert_eq!(
        update(&app, &ada.access, hostile).await.expect(200).json(),
        before
    );
}

#[tokio::test]
async fn a_nickname_is_one_persons_in_whatever_case() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.signed_in(ADA).await, app.signed_in(BOB).await);
    update(&app, &ada.access, json!({"nickname": "Countess"}))
        .await
        .expect(200);
    let refused = update(
        &app,
        &bob.access,
        json!({"nickname": "COUNTESS", "full_name": "Bob"}),
    )
    .await;
    is_problem(refused, 409, "nickname_taken");
    assert_eq!(
        me(&app, &bob.access).await.field("full_name"),
        "Ada Lovelace",
        "nothing of it was changed"
    );
    update(&app, &ada.access, json!({"nickname": "countess"}))
        .await
        .expect(200);
    update(&app, &ada.access, json!({"nickname": null}))
        .await
        .expect(200);
    update(&app, &bob.access, json!({"nickname": "COUNTESS"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn what_a_field_cannot_be_is_told_for_every_field_at_once() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let before = me(&app, &ada.access).await.json();
    let bad = json!({"full_name": "a\0b", "first_name": "", "last_name": "x".repeat(43), "nickname": "ab", "age": "36"});
    finds_fault_with(
        update(&app, &ada.access, bad).await,
        &["full_name", "first_name", "last_name", "nickname", "age"],
    );
    for age in [json!(-1), json!(151), json!(1.5), json!(true), json!(1e300)] {
        finds_fault_with(
            update(&app, &ada.access, json!({"age": age})).await,
            &["age"],
        );
    }
    finds_fault_with(
        update(&app, &ada.access, json!({"full_name": "x".repeat(256)})).await,
        &["full_name"],
    );
    assert_eq!(me(&app, &ada.access).await.json(), before);
    update(
        &app,
        &ada.access,
        json!({"full_name": "Ж".repeat(255), "age": 0}),
    )
    .await
    .expect(200);
}

#[tokio::test]
async fn without_a_live_token_nobody_is_signed_in() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    for (request, code) in [
        (app.get("/v1/me"), "token_missing"),
        (
            app.get("/v1/me").header("authorization", "Basic YTpi"),
            "token_missing",
        ),
        (app.get("/v1/me").bearer("garbage"), "token_malformed"),
        (app.get("/v1/me").bearer(&ada.refresh), "token_wrong_kind"),
        (
            app.request(http::Method::PATCH, "/v1/me")
                .json(json!({"age": 1})),
            "token_missing",
        ),
    ] {
        let answer = is_problem(request.send().await, 401, code);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    app.advance(Span::minutes(31));
    is_problem(me(&app, &ada.access).await, 401, "token_expired");
}

#[tokio::test]
async fn a_suspended_or_banned_user_is_told_so_and_sees_nothing() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.signed_in(ADA).await, app.signed_in(BOB).await);
    users::suspend(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    users::ban(&app.app, &app.operator(), BOB).await.unwrap();
    is_problem(me(&app, &ada.access).await, 403, "account_suspended");
    is_problem(me(&app, &bob.access).await, 403, "account_banned");
}
