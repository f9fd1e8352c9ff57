//! Refreshing: the next tokens, the spent ones, and those that serve until they are over.

use super::{
    ADA, GRACE, NEW_PASSWORD, WRONG_REFRESH, is_unauthenticated, member, put, refresh,
    signed_in_again, user,
};
use crate::support::{PASSWORD, TestApp, claims, tampered};
use doorward_domain::Span;
use doorward_service::users;
use http::Method;
use serde_json::json;

const STATELESS: [(&str, &str); 1] = [("tokens.refresh", "stateless")];

#[tokio::test]
async fn refreshing_answers_the_next_tokens_of_the_session() {
    let app = TestApp::start().await;
    let person = member(&app, ADA).await;
    app.advance(Span::minutes(31));
    let answer = refresh(&app, &person.refresh).await.expect(200);
    let body = answer.json();
    assert_eq!(
        body,
        json!({
            "access_token": body["access_token"], "refresh_token": body["refresh_token"],
            "token_type": "bearer", "expires_in": 1800,
        })
    );
    let (old, new) = (
        claims(&person.access),
        claims(&answer.field("access_token")),
    );
    assert_eq!((&old["sid"], &old["uuid"]), (&new["sid"], &new["uuid"]));
    user(&app, &answer.field("access_token")).await.expect(200);
}

#[tokio::test]
async fn the_token_just_used_gets_the_same_successor_for_ten_seconds() {
    let app = TestApp::start().await;
    let person = member(&app, ADA).await;
    let first = refresh(&app, &person.refresh).await.expect(200);
    app.advance(Span::seconds(9));
    let again = refresh(&app, &person.refresh).await.expect(200);
    assert_eq!(first.field("refresh_token"), again.field("refresh_token"));
    app.advance(Span::seconds(2));
    is_unauthenticated(refresh(&app, &person.refresh).await, WRONG_REFRESH);
    let next = first.field("refresh_token");
    is_unauthenticated(refresh(&app, &next).await, WRONG_REFRESH);
    user(&app, &first.field("access_token")).await.expect(401);
}

#[tokio::test]
async fn what_is_no_refresh_token_of_ours_is_401() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let ada = member(&app, ADA).await;
    let grace = member(&app, GRACE).await;
    let stolen = tampered(&ada.refresh, |claims| claims["sub"] = json!(grace.id));
    let foreign = member(&TestApp::start().await, ADA).await.refresh;
    for token in ["", "garbage", "a.b.c", "..", &stolen, &foreign, &ada.access] {
        is_unauthenticated(refresh(&app, token).await, WRONG_REFRESH);
    }
}

#[tokio::test]
async fn what_is_missing_or_no_text_is_named() {
    let app = TestApp::start().await;
    for form in [
        json!({}),
        json!({"refresh_token": null}),
        json!({"refresh_token": 7}),
    ] {
        let answer = app.post("/auth/refresh").json(form).send().await;
        answer.finds_fault_at("body.refresh_token");
    }
    let answer = app.post("/auth/refresh").send().await.expect(422);
    answer.faults();
}

#[tokio::test]
async fn sec_s12_a_token_serves_its_kind_alone() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let person = member(&app, ADA).await;
    for (method, path) in [
        (Method::GET, "/users"),
        (Method::PUT, "/users"),
        (Method::PUT, "/users/email"),
        (Method::PUT, "/users/password"),
        (Method::DELETE, "/users"),
    ] {
        let answer = app
            .request(method.clone(), path)
            .bearer(&person.refresh)
            .json(json!({}))
            .send()
            .await;
        is_unauthenticated(answer, super::WRONG_TOKEN);
    }
    is_unauthenticated(refresh(&app, &person.access).await, WRONG_REFRESH);
    user(&app, &person.access).await.expect(200);
    refresh(&app, &person.refresh).await.expect(200);
}

#[tokio::test]
async fn sec_s12_a_stopped_or_deleted_users_refresh_is_401() {
    for settings in [&[][..], &STATELESS] {
        let app = TestApp::with(settings).await;
        for (email, stop) in [
            (ADA, "suspend"),
            (GRACE, "ban"),
            ("eve@example.com", "delete"),
        ] {
            let person = member(&app, email).await;
            let ctx = app.operator();
            match stop {
                "suspend" => drop(users::suspend(&app.app, &ctx, email).await.unwrap()),
                "ban" => drop(users::ban(&app.app, &ctx, email).await.unwrap()),
                _ => drop(
                    app.delete("/users")
                        .bearer(&person.access)
                        .send()
                        .await
                        .expect(200),
                ),
            }
            is_unauthenticated(refresh(&app, &person.refresh).await, WRONG_REFRESH);
            is_unauthenticated(user(&app, &person.access).await, super::WRONG_TOKEN);
        }
    }
}

#[tokio::test]
async fn stateless_the_same_token_serves_until_it_expires() {
    let app = TestApp::with(&STATELESS).await;
    let person = member(&app, ADA).await;
    let other = app.beside(&STATELESS).await;
    for _ in 0..6 {
        let answer = refresh(&other, &person.refresh).await.expect(200);
        user(&app, &answer.field("access_token")).await.expect(200);
        refresh(&app, &person.refresh).await.expect(200);
        app.advance(Span::days(1));
    }
    app.advance(Span::days(1));
    is_unauthenticated(refresh(&app, &person.refresh).await, WRONG_REFRESH);
}

#[tokio::test]
async fn sec_s12_stateless_a_password_change_ends_every_refresh_token_signed_before() {
    let app = TestApp::with(&STATELESS).await;
    let person = member(&app, ADA).await;
    let elsewhere = signed_in_again(&app, &person).await;
    let form = json!({"old_password": PASSWORD, "new_password": NEW_PASSWORD});
    put(&app, "/users/password", &person.access, form)
        .await
        .expect(200);
    for token in [&person.refresh, &elsewhere.refresh] {
        is_unauthenticated(refresh(&app, token).await, WRONG_REFRESH);
    }
    let answer = super::login(&app, ADA, NEW_PASSWORD).await.expect(200);
    refresh(&app, &answer.field("refresh_token"))
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_s12_signed_out_everywhere_no_refresh_token_is_good() {
    for settings in [&[][..], &STATELESS] {
        let app = TestApp::with(settings).await;
        let person = member(&app, ADA).await;
        let elsewhere = signed_in_again(&app, &person).await;
        app.delete("/v1/sessions?all=true")
            .bearer(&person.access)
            .send()
            .await
            .expect(204);
        for token in [&person.refresh, &elsewhere.refresh] {
            is_unauthenticated(refresh(&app, token).await, WRONG_REFRESH);
        }
    }
}

#[tokio::test]
async fn a_session_that_was_signed_out_refuses_its_refresh_token() {
    for settings in [&[][..], &STATELESS] {
        let app = TestApp::with(settings).await;
        let person = member(&app, ADA).await;
        app.post("/v1/sign-out")
            .bearer(&person.access)
            .send()
            .await
            .expect(204);
        is_unauthenticated(refresh(&app, &person.refresh).await, WRONG_REFRESH);
    }
}
