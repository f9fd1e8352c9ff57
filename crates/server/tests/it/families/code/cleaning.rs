//! Temporary accounts end with their code.

use super::{ADA, EAGER, ask, stranger};
use crate::support::TestApp;
use doorward_domain::{Span, Status};
use doorward_service::users;

async fn temporary(app: &TestApp) -> usize {
    let page = users::Page {
        status: Some(Status::Temp),
        after: None,
        limit: 1000,
    };
    users::list(&app.app, &page).await.unwrap().len()
}

#[tokio::test]
async fn sec_s08_a_temporary_account_goes_once_its_code_has_expired() {
    let app = TestApp::start().await;
    app.sign_in_code(ADA).await;
    app.advance(Span::seconds(299));
    app.clean().await;
    assert_eq!(temporary(&app).await, 1);
    app.advance(Span::seconds(2));
    app.clean().await;
    assert_eq!(temporary(&app).await, 0);
    assert!(users::find(&app.app, ADA).await.is_err());
    app.by_code(ADA).await;
}

#[tokio::test]
async fn sec_s08_it_goes_by_the_code_and_not_by_the_age_of_the_account() {
    let app = TestApp::start().await;
    for _ in 0..4 {
        app.sign_in_code(ADA).await;
        app.advance(Span::seconds(200));
        app.clean().await;
        assert_eq!(temporary(&app).await, 1);
    }
}

#[tokio::test]
async fn an_account_that_was_activated_stays() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    app.advance(Span::days(400));
    app.clean().await;
    let user = users::find(&app.app, ADA).await.unwrap();
    assert_eq!(user.id.to_string(), ada.id);
}

#[tokio::test]
async fn they_go_in_batches_until_none_is_left() {
    let settings = [&EAGER[..], &[("cleanup.batch", "10")]].concat();
    let app = TestApp::with(&settings).await;
    for n in 0..25 {
        let email = format!("ada{n}@example.com");
        ask(&app, &stranger(n), &email).await.expect(200);
    }
    assert_eq!(temporary(&app).await, 25);
    app.advance(Span::seconds(301));
    app.clean().await;
    assert_eq!(temporary(&app).await, 0);
}
