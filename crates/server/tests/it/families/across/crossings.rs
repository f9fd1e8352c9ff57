use crate::support::{PASSWORD, TestApp};
use doorward_domain::{Email, Login};
use doorward_service::passwords::NewPassword;
use doorward_service::users;
use serde_json::{Value, json};

#[tokio::test]
async fn a_token_of_session_works_at_verified_with_null_for_what_the_user_lacks() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let answer = app
        .get("/api/v1/users/profile")
        .bearer(&member.access)
        .send()
        .await
        .expect(200);
    assert_eq!(
        answer.json(),
        json!({
            "id": member.id, "email": null, "full_name": null, "created_at": app.app.now().to_rfc3339(),
            "is_email_verified": false,
        })
    );
}

#[tokio::test]
async fn a_token_of_verified_works_at_session_with_null_for_what_the_user_lacks() {
    let app = TestApp::start().await;
    let person = app.signed_in("ada@example.com").await;
    let answer = app
        .get("/api/profile")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    let now = app.app.now().to_rfc3339();
    assert_eq!(
        answer.json(),
        json!({"id": person.id, "login": null, "created_at": now, "last_login": now})
    );
}

#[tokio::test]
async fn a_token_of_verified_is_logged_out_through_session() {
    let app = TestApp::start().await;
    let person = app.signed_in("ada@example.com").await;
    app.post("/api/logout")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    app.get("/api/v1/users/profile")
        .bearer(&person.access)
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn a_user_signs_in_through_every_family_that_accepts_one_of_their_identifiers() {
    let app = TestApp::start().await;
    let create = users::Create {
        email: Some(Email::parse("ada@example.com").unwrap()),
        login: Some(Login::parse("ada").unwrap()),
        phone: None,
        full_name: Some("Ada Lovelace".to_owned()),
        password: Some(NewPassword::parse(PASSWORD.into(), &users::OPERATORS_RULES).unwrap()),
    };
    let user = users::create(&app.app, &app.operator(), create)
        .await
        .unwrap();
    let by_login = json!({"login": "ada", "password": PASSWORD});
    let by_email = json!({"email": "ada@example.com", "password": PASSWORD});
    let first = app
        .post("/api/login")
        .json(by_login)
        .send()
        .await
        .expect(200)
        .field("access_token");
    let second = app
        .post("/api/v1/auth/login")
        .json(by_email)
        .send()
        .await
        .expect(200)
        .field("access_token");
    for token in [&first, &second] {
        let profile = app
            .get("/api/profile")
            .bearer(token)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&profile["id"], &profile["login"]),
            (&json!(user.id.to_string()), &json!("ada"))
        );
        let profile = app
            .get("/api/v1/users/profile")
            .bearer(token)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&profile["id"], &profile["email"]),
            (&json!(user.id.to_string()), &json!("ada@example.com"))
        );
    }
}

#[tokio::test]
async fn an_address_is_no_login_and_a_login_is_no_address() {
    let app = TestApp::start().await;
    app.verified("ada@example.com").await;
    app.member("bob@example.com").await;
    let as_login = json!({"login": "ada@example.com", "password": PASSWORD});
    app.post("/api/login")
        .json(as_login)
        .send()
        .await
        .expect(401);
    let as_email = json!({"email": "bob@example.com", "password": PASSWORD});
    app.post("/api/v1/auth/login")
        .json(as_email)
        .send()
        .await
        .expect(400);
}

#[tokio::test]
async fn times_are_rfc_3339_in_utc_with_z() {
    let app = TestApp::start().await;
    let person = app.signed_in("ada@example.com").await;
    let profile = app
        .get("/api/profile")
        .bearer(&person.access)
        .send()
        .await
        .expect(200)
        .json();
    for time in [&profile["created_at"], &profile["last_login"]] {
        let Value::String(text) = time else {
            panic!("{time}")
        };
        let read: jiff::Timestamp = text.parse().unwrap();
        assert!(text.ends_with('Z'), "{text}");
        assert_eq!(read.as_millisecond(), app.app.now().as_millis());
    }
}

#[tokio::test]
async fn health_root_and_public_key_are_the_servers_own_whatever_is_on() {
    let app = TestApp::with(&[("api.families", "session")]).await;
    for path in ["/health", "/", "/utils/public_key"] {
        app.get(path).send().await.expect(200);
    }
}
