use super::{
    ADA, ELSEWHERE, HOME, NEW_PASSWORD, forgot, is_problem, me, reset_by_code, reset_by_link,
};
use crate::support::{Answer, TestApp};

/// The answer to a client that asks too often.
#[track_caller]
fn is_limited(answer: Answer, limit: i64) {
    let answer = is_problem(answer, 429, "rate_limited");
    assert!(answer.number("retry-after") >= 1);
    assert_eq!(answer.number("x-ratelimit-limit"), limit);
    assert_eq!(answer.number("x-ratelimit-remaining"), 0);
}

#[tokio::test]
async fn asking_for_the_way_back_in_is_limited_to_5_a_minute() {
    let app = TestApp::start().await;
    for n in 0..5 {
        forgot(&app, HOME, &format!("nobody{n}@example.com"))
            .await
            .expect(202);
    }
    is_limited(forgot(&app, HOME, "nobody@example.com").await, 5);
    forgot(&app, ELSEWHERE, "nobody@example.com")
        .await
        .expect(202);
}

#[tokio::test]
async fn resets_are_limited_to_10_a_minute_by_code_by_link_and_by_page_together() {
    let app = TestApp::start().await;
    for n in 0..4 {
        reset_by_code(
            &app,
            HOME,
            &format!("nobody{n}@example.com"),
            "12345678",
            NEW_PASSWORD,
        )
        .await
        .expect(400);
    }
    for _ in 0..3 {
        reset_by_link(&app, "garbage", NEW_PASSWORD)
            .await
            .expect(400);
        app.post("/account/reset/garbage").send().await.expect(400);
    }
    is_limited(reset_by_link(&app, "garbage", NEW_PASSWORD).await, 10);
    let page = app.post("/account/reset/garbage").send().await.expect(429);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.number("retry-after") >= 1 && page.text().contains("Too many tries"));
    reset_by_code(&app, ELSEWHERE, ADA, "12345678", NEW_PASSWORD)
        .await
        .expect(400);
    app.get("/account/reset/garbage").send().await.expect(400);
}

#[tokio::test]
async fn every_other_route_is_limited_to_60_a_minute() {
    if !TestApp::limits_follow_the_clock() {
        // One a second is admitted meanwhile.
        return;
    }
    let app = TestApp::start().await;
    for _ in 0..60 {
        me(&app, "garbage").await.expect(401);
    }
    is_limited(me(&app, "garbage").await, 60);
    app.get("/v1/sessions").send().await.expect(401);
    for _ in 0..60 {
        app.get("/account/reset/garbage").send().await.expect(400);
    }
    app.get("/account/reset/garbage").send().await.expect(429);
    for _ in 0..70 {
        app.get("/v1/nowhere").send().await.expect(404);
    }
}
