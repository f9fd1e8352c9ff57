use super::{ADA, finds_fault_with, is_problem, me, refresh, rotating_session};
use crate::support::{Answer, TestApp};
use doorward_domain::Span;
use serde_json::{Value, json};

async fn by_access(app: &TestApp, token: &str) -> Answer {
    app.post("/v1/sign-out").bearer(token).send().await
}

async fn by_body(app: &TestApp, body: Value) -> Answer {
    app.post("/v1/sign-out").json(body).send().await
}

#[tokio::test]
async fn the_access_token_signs_out() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(by_access(&app, &ada.access).await.expect(204).body.len(), 0);
    is_problem(me(&app, &ada.access).await, 401, "token_revoked");
    is_problem(refresh(&app, &ada.refresh).await, 401, "token_revoked");
}

#[tokio::test]
async fn the_refresh_token_signs_out() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let native = rotating_session(&app, &ada).await;
    for person in [&ada, &native] {
        by_body(&app, json!({"refresh_token": person.refresh}))
            .await
            .expect(204);
        is_problem(me(&app, &person.access).await, 401, "token_revoked");
        is_problem(refresh(&app, &person.refresh).await, 401, "token_revoked");
    }
}

#[tokio::test]
async fn whoever_is_out_already_is_answered_alike() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let foreign = TestApp::start().await.signed_in(ADA).await;
    for token in [&foreign.access, &ada.refresh, "garbage", "a.b.c"] {
        by_access(&app, token).await.expect(204);
    }
    for token in [&foreign.refresh, &ada.access, "garbage", ""] {
        by_body(&app, json!({"refresh_token": token}))
            .await
            .expect(204);
    }
    me(&app, &ada.access).await.expect(200);
    for _ in 0..2 {
        by_access(&app, &ada.access).await.expect(204);
        by_body(&app, json!({"refresh_token": ada.refresh}))
            .await
            .expect(204);
    }
}

#[tokio::test]
async fn an_access_token_that_has_expired_does_not_keep_the_refresh_token_from_signing_out() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    app.advance(Span::minutes(31));
    let body = json!({"refresh_token": ada.refresh});
    app.post("/v1/sign-out")
        .bearer(&ada.access)
        .json(body)
        .send()
        .await
        .expect(204);
    is_problem(refresh(&app, &ada.refresh).await, 401, "token_revoked");
}

#[tokio::test]
async fn a_request_that_shows_nothing_signs_nobody_out() {
    let app = TestApp::start().await;
    is_problem(app.post("/v1/sign-out").send().await, 401, "token_missing");
    finds_fault_with(by_body(&app, json!({})).await, &["refresh_token"]);
    finds_fault_with(
        by_body(&app, json!({"refresh_token": 7})).await,
        &["refresh_token"],
    );
    let ada = app.signed_in(ADA).await;
    let odd = app
        .post("/v1/sign-out")
        .bearer(&ada.access)
        .json(json!({"refresh_token": 7}));
    finds_fault_with(odd.send().await, &["refresh_token"]);
    app.post("/v1/sign-out")
        .bearer(&ada.access)
        .json(json!({}))
        .send()
        .await
        .expect(204);
    is_problem(me(&app, &ada.access).await, 401, "token_revoked");
}
