//! Refreshing: the next tokens, the spent ones, and how often there are any.

use super::{ADA, EAGER, TOO_MANY_TOKENS, call, is_over, profile, refresh, waits};
use crate::support::{TestApp, claims, tampered};
use doorward_domain::Span;
use doorward_service::keys::{self, Rotation};
use serde_json::json;

const NO_RT: &str = "Header RT is required";
const NO_JWT: &str = "Header JWT is required";

#[tokio::test]
async fn refreshing_gives_the_sessions_next_tokens() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    app.advance(Span::minutes(31));
    is_over(profile(&app, &ada.access).await);
    let answer = refresh(&app, &ada.refresh).await.expect(200);
    assert_eq!(answer.members(), ["JWT", "RT"]);
    let (access, successor) = (answer.field("JWT"), answer.field("RT"));
    profile(&app, &access).await.expect(200);
    let (old, new) = (claims(&ada.refresh), claims(&successor));
    assert_eq!((&old["sid"], &old["id"]), (&new["sid"], &new["id"]));
    assert_ne!(old["jti"], new["jti"]);
}

#[tokio::test]
async fn the_old_refresh_token_dies_after_the_grace_and_takes_the_session_along() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    let first = refresh(&app, &ada.refresh).await.expect(200);
    app.advance(Span::seconds(9));
    let again = refresh(&app, &ada.refresh).await.expect(200);
    assert_eq!(again.field("RT"), first.field("RT"));
    app.advance(Span::seconds(1));
    is_over(refresh(&app, &ada.refresh).await);
    is_over(refresh(&app, &first.field("RT")).await);
    is_over(profile(&app, &first.field("JWT")).await);
}

#[tokio::test]
async fn post_with_the_header_refreshes_like_patch() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    let post = |token: &str| app.post("/auth/refresh").header("RT", token);
    let answer = post(&ada.refresh).send().await.expect(200);
    assert_eq!(answer.members(), ["JWT", "RT"]);
    // What the body says does not matter, whatever it is.
    let more = post(&answer.field("RT")).json(json!({"refresh_token": 7}));
    assert_eq!(more.send().await.expect(200).members(), ["JWT", "RT"]);
    post(&ada.access)
        .send()
        .await
        .says(401, "Expected an refresh token");
}

#[tokio::test]
async fn refreshes_count_towards_the_cool_down_and_repeated_answers_do_not() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    app.advance(Span::seconds(18));
    waits(refresh(&app, &ada.refresh).await, TOO_MANY_TOKENS, 42);
    app.advance(Span::seconds(42));
    let first = refresh(&app, &ada.refresh).await.expect(200);
    app.advance(Span::seconds(5));
    for _ in 0..3 {
        let again = refresh(&app, &ada.refresh).await.expect(200);
        assert_eq!(again.field("RT"), first.field("RT"));
    }
    let successor = first.field("RT");
    waits(refresh(&app, &successor).await, TOO_MANY_TOKENS, 55);
    app.advance(Span::seconds(55));
    refresh(&app, &successor).await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_that_lies_idle_for_its_lifetime_has_expired() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    app.advance(Span::days(7));
    is_over(refresh(&app, &ada.refresh).await);
}

#[tokio::test]
async fn sec_s21_a_token_of_the_other_kind_is_told_so() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    refresh(&app, &ada.access)
        .await
        .says(401, "Expected an refresh token");
    profile(&app, &ada.refresh)
        .await
        .says(401, "Expected an access token");
    for other in [app.signed_in("bob@example.com").await] {
        refresh(&app, &other.access)
            .await
            .says(401, "Expected an refresh token");
        profile(&app, &other.refresh)
            .await
            .says(401, "Expected an access token");
    }
}

#[tokio::test]
async fn sec_s05_what_is_no_token_of_ours_is_422_in_one_of_two_sentences() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    let foreign = TestApp::start().await.by_code(ADA).await;
    let forged = |token: &str| tampered(token, |claims| claims["sub"] = json!("someone"));
    for (access, token) in [
        (forged(&ada.access), forged(&ada.refresh)),
        (foreign.access.clone(), foreign.refresh.clone()),
    ] {
        refresh(&app, &token)
            .await
            .says(422, "Token has an invalid signature");
        profile(&app, &access)
            .await
            .says(422, "Token has an invalid signature");
    }
    for garbage in ["garbage", "a.b.c", "..", "a.b", "null"] {
        refresh(&app, garbage)
            .await
            .says(422, "Invalid token format");
        profile(&app, garbage)
            .await
            .says(422, "Invalid token format");
    }
}

#[tokio::test]
async fn a_missing_header_is_422_and_named() {
    let app = TestApp::start().await;
    for value in [None, Some(""), Some(" ")] {
        let with = |request: crate::support::Request, name| match value {
            Some(value) => request.header(name, value),
            None => request,
        };
        let patch = app.request(http::Method::PATCH, "/auth/refresh");
        with(patch, "RT").send().await.says(422, NO_RT);
        for (method, path) in [
            ("PUT", "/user/profile"),
            ("DELETE", "/user/profile"),
            ("PATCH", "/user/credentials"),
            ("POST", "/user/password"),
        ] {
            let request = app.request(method.parse().unwrap(), path);
            let request = with(request.json(json!({})), "JWT");
            request.send().await.says(422, NO_JWT);
        }
    }
    let basic = app.request(http::Method::PUT, "/user/profile");
    let basic = basic.header("authorization", "Basic YTpi").json(json!({}));
    basic.send().await.says(422, NO_JWT);
}

#[tokio::test]
async fn tokens_are_taken_from_authorization_too_and_their_own_headers_count_before_it() {
    let app = TestApp::with(&EAGER).await;
    let (ada, bob) = (app.by_code(ADA).await, app.by_code("bob@example.com").await);
    let bearer = app
        .request(http::Method::PUT, "/user/profile")
        .bearer(&ada.access)
        .json(json!({}));
    assert_eq!(bearer.send().await.expect(200).field("email"), ADA);
    let both = call(&app, "PUT", "/user/profile", &ada.access);
    let both = both.bearer(&bob.access).json(json!({}));
    assert_eq!(both.send().await.expect(200).field("email"), ADA);
    let garbage = call(&app, "PUT", "/user/profile", "garbage");
    let garbage = garbage.bearer(&bob.access).json(json!({}));
    garbage.send().await.says(422, "Invalid token format");
    let patch = || app.request(http::Method::PATCH, "/auth/refresh");
    patch().bearer(&ada.refresh).send().await.expect(200);
    let both = patch().header("RT", &ada.access).bearer(&bob.refresh);
    both.send().await.says(401, "Expected an refresh token");
}

#[tokio::test]
async fn sec_15_3_7_a_header_sent_twice_is_no_token() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    let twice = call(&app, "PUT", "/user/profile", &ada.access)
        .header("JWT", &ada.access)
        .json(json!({}));
    twice.send().await.says(422, "Invalid token format");
}

#[tokio::test]
async fn a_session_that_was_ended_elsewhere_is_over() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    app.post("/api/logout")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    is_over(profile(&app, &ada.access).await);
    is_over(refresh(&app, &ada.refresh).await);
}

#[tokio::test]
async fn sec_i09_a_spent_token_is_dead_at_every_familys_endpoint() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    let successor = refresh(&app, &ada.refresh).await.expect(200).field("RT");
    app.advance(Span::seconds(10));
    app.post("/v1/tokens/refresh")
        .json(json!({"refresh_token": ada.refresh}))
        .send()
        .await
        .expect(401);
    is_over(refresh(&app, &successor).await);
}

#[tokio::test]
async fn verified_refuses_a_live_token_of_the_family_and_leaves_it_good() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    app.post("/api/v1/auth/refresh-token")
        .json(json!({"refresh_token": ada.refresh}))
        .send()
        .await
        .says(401, "Invalid refresh token");
    refresh(&app, &ada.refresh).await.expect(200);
}

#[tokio::test]
async fn a_session_of_verified_gets_the_same_refresh_token_back() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.signed_in(ADA).await;
    let answer = refresh(&app, &ada.refresh).await.expect(200);
    assert_eq!(answer.field("RT"), ada.refresh);
    profile(&app, &answer.field("JWT")).await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_outlives_a_restart_and_a_rotation_of_keys() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    keys::rotate(&app.app, &app.operator(), Rotation::AtOnce)
        .await
        .unwrap();
    let again = app.beside(&EAGER).await;
    let successor = refresh(&again, &ada.refresh).await.expect(200);
    let kid = crate::support::header_of(&successor.field("RT"));
    assert_eq!(kid["kid"], json!("2"));
    refresh(&app, &successor.field("RT")).await.expect(200);
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_send_both_headers() {
    let origin = "https://app.example.com";
    let app = TestApp::with(&[("cors.origins", origin)]).await;
    for (method, path) in [("PUT", "/user/profile"), ("PATCH", "/auth/refresh")] {
        let answer = app
            .request(http::Method::OPTIONS, path)
            .header("origin", origin)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "content-type,jwt,rt")
            .send()
            .await
            .expect(204);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        let headers = answer.header("access-control-allow-headers").unwrap();
        assert!(headers.contains("jwt") && headers.contains("rt"));
        let methods = answer.header("access-control-allow-methods").unwrap();
        assert!(methods.contains(method), "{methods}");
    }
}

#[tokio::test]
async fn the_headers_are_described() {
    let app = TestApp::start().await;
    let document = app.get("/openapi.json").send().await.expect(200).json();
    for (path, method, header) in [
        ("/auth/refresh", "patch", "RT"),
        ("/user/profile", "put", "JWT"),
        ("/user/profile", "delete", "JWT"),
        ("/user/credentials", "patch", "JWT"),
        ("/user/password", "post", "JWT"),
    ] {
        let parameter = &document["paths"][path][method]["parameters"][0];
        assert_eq!(
            (&parameter["name"], &parameter["in"]),
            (&json!(header), &json!("header")),
            "{method} {path}"
        );
    }
}
