//! The profile: what changes, what stays, what is refused.

use super::{ADA, BOB, call, profile, update};
use crate::support::{PASSWORD, TestApp};
use doorward_domain::Status;
use doorward_service::users;
use serde_json::{Value, json};

fn told(changes: Value) -> Value {
    let mut told = json!({
        "email": ADA, "phone": null, "first_name": null, "last_name": null, "nickname": null, "age": null,
        "password": false,
    });
    let Value::Object(changes) = changes else {
        panic!("changes are an object");
    };
    told.as_object_mut().unwrap().extend(changes);
    told
}

#[tokio::test]
async fn an_empty_object_reads_the_profile() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    let answer = profile(&app, &ada.access).await.expect(200);
    assert_eq!(answer.json(), told(json!({})));
}

#[tokio::test]
async fn only_sent_fields_change_and_null_clears() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    let all =
        json!({"first_name": "Ada", "last_name": "Lovelace", "nickname": "Countess", "age": 36});
    let answer = update(&app, &ada.access, all.clone()).await.expect(200);
    assert_eq!(answer.json(), told(all));
    let form = json!({"first_name": "Augusta", "age": null});
    let answer = update(&app, &ada.access, form).await.expect(200);
    let now =
        told(json!({"first_name": "Augusta", "last_name": "Lovelace", "nickname": "Countess"}));
    assert_eq!(answer.json(), now);
    assert_eq!(profile(&app, &ada.access).await.expect(200).json(), now);
    let none = json!({"first_name": null, "last_name": null, "nickname": null, "age": null});
    let answer = update(&app, &ada.access, none).await.expect(200);
    assert_eq!(answer.json(), told(json!({})));
}

#[tokio::test]
async fn what_has_the_wrong_length_or_kind_changes_nothing() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    let long = "é".repeat(43);
    for (form, sentence) in [
        (
            json!({"nickname": "ab"}),
            "String should have at least 3 characters",
        ),
        (
            json!({"nickname": long}),
            "String should have at most 42 characters",
        ),
        (
            json!({"first_name": ""}),
            "String should have at least 1 character",
        ),
        (
            json!({"last_name": long}),
            "String should have at most 42 characters",
        ),
        (json!({"first_name": "a\0b"}), "must not contain NUL"),
        (json!({"first_name": 7}), "Input should be a valid string"),
        (
            json!({"nickname": ["ada"]}),
            "Input should be a valid string",
        ),
        (
            json!({"age": 17}),
            "Input should be greater than or equal to 18",
        ),
        (
            json!({"age": -1}),
            "Input should be greater than or equal to 18",
        ),
        (json!({"age": 36.5}), "Input should be a valid integer"),
        (json!({"age": 36.0}), "Input should be a valid integer"),
        (json!({"age": "36"}), "Input should be a valid integer"),
        (json!({"age": true}), "Input should be a valid integer"),
        (json!({"age": u64::MAX}), "Input should be a valid integer"),
    ] {
        let mut form = form;
        let member = form.as_object().unwrap().keys().next().cloned().unwrap();
        let other = if member == "age" { "last_name" } else { "age" };
        form[other] = if other == "age" {
            json!(36)
        } else {
            json!("Byron")
        };
        update(&app, &ada.access, form).await.says(422, sentence);
    }
    let answer = profile(&app, &ada.access).await.expect(200);
    assert_eq!(answer.json(), told(json!({})));
}

#[tokio::test]
async fn the_bounds_themselves_are_allowed_and_counted_in_code_points() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    let long = "é".repeat(42);
    for form in [
        json!({"nickname": "äöü", "first_name": "é", "last_name": long, "age": 18}),
        json!({"nickname": long, "first_name": long, "last_name": "L"}),
    ] {
        let answer = update(&app, &ada.access, form.clone()).await.expect(200);
        let now = answer.json();
        for (name, value) in form.as_object().unwrap() {
            assert_eq!(&now[name], value, "{name}");
        }
    }
}

#[tokio::test]
async fn lengths_and_the_least_age_are_settings() {
    let app = TestApp::with(&[
        ("api.code.nickname_length", "5-6"),
        ("api.code.name_length", "2-3"),
        ("api.code.min_age", "21"),
    ])
    .await;
    let ada = app.by_code(ADA).await;
    let bad = [
        json!({"nickname": "four"}),
        json!({"nickname": "sevenly"}),
        json!({"first_name": "A"}),
        json!({"last_name": "Abcd"}),
        json!({"age": 20}),
    ];
    for form in bad {
        update(&app, &ada.access, form).await.expect(422);
    }
    let good = json!({"nickname": "fiver", "first_name": "Ada", "last_name": "Lo", "age": 21});
    update(&app, &ada.access, good).await.expect(200);
}

#[tokio::test]
async fn a_nickname_is_one_persons_in_whatever_case() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.by_code(ADA).await, app.by_code(BOB).await);
    let form = json!({"nickname": "Countess"});
    update(&app, &ada.access, form.clone()).await.expect(200);
    update(&app, &ada.access, form).await.expect(200);
    for taken in ["Countess", "COUNTESS", "countess"] {
        let form = json!({"nickname": taken, "first_name": "Bob"});
        update(&app, &bob.access, form)
            .await
            .says(409, "Nickname already exists");
    }
    let unchanged = profile(&app, &bob.access).await.expect(200).json();
    assert_eq!(unchanged["first_name"], json!(null));
    update(&app, &ada.access, json!({"nickname": null}))
        .await
        .expect(200);
    update(&app, &bob.access, json!({"nickname": "Countess"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_15_3_3_unknown_fields_are_ignored_and_never_change_anything_else() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    let form = json!({
        "first_name": "Ada", "email": BOB, "phone": "+442079460018", "password": PASSWORD, "status": "banned",
        "id": "00000000-0000-7000-8000-000000000000", "full_name": "Eve", "role": "admin", "email_proven_at": null,
    });
    let answer = update(&app, &ada.access, form).await.expect(200);
    assert_eq!(answer.json(), told(json!({"first_name": "Ada"})));
    let user = users::find(&app.app, ADA).await.unwrap();
    assert_eq!(
        (user.id.to_string(), user.status, user.full_name),
        (ada.id, Status::Active, None)
    );
    let ignored = update(&app, &ada.access, json!({"role": "admin"})).await;
    ignored.expect(200);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_422_and_no_body_is_too() {
    let app = TestApp::start().await;
    let ada = app.by_code(ADA).await;
    let put = || call(&app, "PUT", "/user/profile", &ada.access);
    put().send().await.says(422, "Field required");
    put().json(json!([])).send().await.expect(422);
    let put = put().body("text/plain", "{}");
    put.send().await.expect(422);
}

#[tokio::test]
async fn what_a_user_of_another_family_lacks_is_null() {
    let app = TestApp::start().await;
    let member = app.member("bob").await;
    let answer = profile(&app, &member.access).await.expect(200);
    assert_eq!(
        answer.json(),
        json!({
            "email": null, "phone": null, "first_name": null, "last_name": null, "nickname": null, "age": null,
            "password": true,
        })
    );
    let form = json!({"nickname": "Bobby"});
    update(&app, &member.access, form).await.expect(200);
}
