use super::{
    ADA, BOB, ELSEWHERE, HOME, finds_fault_with, is_problem, me, refresh, rotating_session,
};
use crate::support::{Answer, PASSWORD, Person, TestApp, claims};
use doorward_domain::Span;
use serde_json::{Value, json};

async fn list(app: &TestApp, token: &str) -> Vec<Value> {
    let body = app
        .get("/v1/sessions")
        .bearer(token)
        .send()
        .await
        .expect(200)
        .json();
    body["sessions"].as_array().unwrap().clone()
}

async fn end(app: &TestApp, token: &str, id: &str) -> Answer {
    app.delete(&format!("/v1/sessions/{id}"))
        .bearer(token)
        .send()
        .await
}

fn session_of(person: &Person) -> String {
    claims(&person.access)["sid"].as_str().unwrap().to_owned()
}

/// Another session of somebody who is signed in, from elsewhere.
async fn on_the_phone(app: &TestApp, person: &Person) -> Person {
    app.advance(Span::seconds(1));
    let form = json!({"email": person.email, "password": PASSWORD});
    let request = app
        .post("/api/v1/auth/login")
        .json(form)
        .from(ELSEWHERE)
        .header("user-agent", "Ada's phone");
    let answer = request.send().await.expect(200);
    Person {
        access: answer.field("access_token"),
        refresh: answer.field("refresh_token"),
        ..person.clone()
    }
}

#[tokio::test]
async fn a_user_sees_where_they_are_signed_in() {
    let app = TestApp::start().await;
    let desk = app.signed_in(ADA).await;
    let begun = app.app.now();
    let phone = on_the_phone(&app, &desk).await;
    app.signed_in(BOB).await;
    let later = begun + Span::seconds(1);
    assert_eq!(
        list(&app, &desk.access).await,
        [
            json!({
                "id": session_of(&phone), "current": false, "family": "verified", "created_at": later.to_rfc3339(),
                "last_used_at": later.to_rfc3339(), "expires_at": (later + Span::days(7)).to_rfc3339(),
                "address": ELSEWHERE, "user_agent": "Ada's phone",
            }),
            json!({
                "id": session_of(&desk), "current": true, "family": "verified", "created_at": begun.to_rfc3339(),
                "last_used_at": begun.to_rfc3339(), "expires_at": (begun + Span::days(7)).to_rfc3339(),
                "address": HOME, "user_agent": null,
            }),
        ]
    );
    let seen: Vec<_> = list(&app, &phone.access)
        .await
        .iter()
        .map(|session| session["current"].clone())
        .collect();
    assert_eq!(seen, [json!(true), json!(false)]);
}

#[tokio::test]
async fn a_session_that_has_ended_is_listed_no_more() {
    let app = TestApp::start().await;
    let desk = app.signed_in(ADA).await;
    app.advance(Span::days(6));
    let phone = on_the_phone(&app, &desk).await;
    assert_eq!(list(&app, &phone.access).await.len(), 2);
    app.advance(Span::days(1));
    let fresh = refresh(&app, &phone.refresh)
        .await
        .expect(200)
        .field("access_token");
    assert_eq!(
        list(&app, &fresh).await.len(),
        1,
        "the older one is over by itself"
    );
}

#[tokio::test]
async fn ending_a_session_ends_its_tokens_everywhere_and_no_other() {
    let app = TestApp::start().await;
    let desk = app.signed_in(ADA).await;
    let phone = on_the_phone(&app, &desk).await;
    assert_eq!(
        end(&app, &desk.access, &session_of(&phone))
            .await
            .expect(204)
            .body
            .len(),
        0
    );
    is_problem(me(&app, &phone.access).await, 401, "token_revoked");
    app.get("/api/v1/users/profile")
        .bearer(&phone.access)
        .send()
        .await
        .expect(401);
    is_problem(refresh(&app, &phone.refresh).await, 401, "token_revoked");
    me(&app, &desk.access).await.expect(200);
    assert_eq!(list(&app, &desk.access).await.len(), 1);
    is_problem(
        end(&app, &desk.access, &session_of(&phone)).await,
        404,
        "session_not_found",
    );
}

#[tokio::test]
async fn the_session_that_asks_can_be_ended_too() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    end(&app, &ada.access, &session_of(&ada)).await.expect(204);
    is_problem(me(&app, &ada.access).await, 401, "token_revoked");
}

#[tokio::test]
async fn sec_8_2_2_a_foreign_session_reads_like_one_that_is_not_there_and_stays() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.signed_in(ADA).await, app.signed_in(BOB).await);
    let foreign = is_problem(
        end(&app, &bob.access, &session_of(&ada)).await,
        404,
        "session_not_found",
    );
    for id in [
        "019a0000-0000-7000-8000-000000000000",
        "42",
        "x",
        "%00",
        &session_of(&ada).to_uppercase(),
    ] {
        let unknown = is_problem(end(&app, &bob.access, id).await, 404, "session_not_found");
        assert_eq!(unknown.body, foreign.body, "{id}");
    }
    me(&app, &ada.access).await.expect(200);
    refresh(&app, &ada.refresh).await.expect(200);
}

#[tokio::test]
async fn all_other_sessions_end_at_once() {
    let app = TestApp::start().await;
    let desk = app.signed_in(ADA).await;
    let phone = on_the_phone(&app, &desk).await;
    let native = rotating_session(&app, &desk).await;
    let bob = app.signed_in(BOB).await;
    app.delete("/v1/sessions")
        .bearer(&desk.access)
        .send()
        .await
        .expect(204);
    me(&app, &desk.access).await.expect(200);
    me(&app, &bob.access).await.expect(200);
    for ended in [&phone, &native] {
        is_problem(me(&app, &ended.access).await, 401, "token_revoked");
        is_problem(refresh(&app, &ended.refresh).await, 401, "token_revoked");
    }
    app.delete("/v1/sessions?all=false")
        .bearer(&desk.access)
        .send()
        .await
        .expect(204);
    me(&app, &desk.access).await.expect(200);
}

#[tokio::test]
async fn all_sessions_end_when_all_is_said() {
    let app = TestApp::start().await;
    let desk = app.signed_in(ADA).await;
    let phone = on_the_phone(&app, &desk).await;
    app.delete("/v1/sessions?all=true")
        .bearer(&phone.access)
        .send()
        .await
        .expect(204);
    for ended in [&phone, &desk] {
        is_problem(me(&app, &ended.access).await, 401, "token_revoked");
    }
}

#[tokio::test]
async fn what_is_neither_true_nor_false_ends_nothing() {
    let app = TestApp::start().await;
    let desk = app.signed_in(ADA).await;
    let phone = on_the_phone(&app, &desk).await;
    let ask = |query: &str| {
        app.delete(&format!("/v1/sessions{query}"))
            .bearer(&desk.access)
            .send()
    };
    for query in ["?all", "?all=yes", "?all=1", "?all=TRUE"] {
        finds_fault_with(ask(query).await, &["all"]);
    }
    finds_fault_with(ask("?all=true&all=false").await, &[""]);
    me(&app, &desk.access).await.expect(200);
    me(&app, &phone.access).await.expect(200);
}

#[tokio::test]
async fn sessions_are_for_their_user_alone() {
    let app = TestApp::start().await;
    for request in [
        app.get("/v1/sessions"),
        app.delete("/v1/sessions"),
        app.delete("/v1/sessions/x"),
    ] {
        is_problem(request.send().await, 401, "token_missing");
    }
}

#[tokio::test]
async fn a_session_says_to_the_minute_when_it_was_last_used() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    app.advance(Span::minutes(10));
    refresh(&app, &ada.refresh).await.expect(200);
    assert_eq!(
        list(&app, &ada.access).await[0]["last_used_at"],
        json!(app.app.now().to_rfc3339())
    );
}
