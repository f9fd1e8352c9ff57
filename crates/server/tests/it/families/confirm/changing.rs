//! The user changed by the user: names at once, an address once it is confirmed.

use super::{
    ADA, GRACE, TAKEN, WRONG_LINK, answer, confirmed, link_to, login, member, put, registered,
    signed_in_again, succeeds, user,
};
use crate::support::{PASSWORD, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::{Value, json};

#[tokio::test]
async fn only_what_is_named_changes() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    for (form, first, last) in [
        (json!({"first_name": "Augusta"}), "Augusta", "Lovelace"),
        (json!({"last_name": "King"}), "Augusta", "King"),
        (json!({}), "Augusta", "King"),
        (
            json!({"first_name": null, "last_name": null, "email": null}),
            "Augusta",
            "King",
        ),
        (
            json!({"first_name": "Ada", "last_name": "Byron"}),
            "Ada",
            "Byron",
        ),
    ] {
        let changed = put(&app, "/users", &ada.access, form).await.expect(200);
        assert_eq!(
            changed.json(),
            json!({
                "uuid": ada.id, "email": ADA, "first_name": first, "last_name": last,
                "is_active": true,
            })
        );
        assert_eq!(user(&app, &ada.access).await.json(), changed.json());
    }
}

#[tokio::test]
async fn sec_s11_is_active_is_read_only() {
    let app = TestApp::start().await;
    let person = registered(&app, ADA).await;
    let person = signed_in_again(&app, &person).await;
    for value in [json!(true), json!("true"), json!(1), json!(null), json!([])] {
        let form = json!({"is_active": value, "first_name": "Augusta"});
        let changed = put(&app, "/users", &person.access, form).await.expect(200);
        assert_eq!(changed.json()["is_active"], json!(false));
    }
    let link = link_to(&app, ADA).await;
    app.get(&link).send().await.expect(200);
    let form = json!({"is_active": false});
    let changed = put(&app, "/users", &person.access, form).await.expect(200);
    assert_eq!(changed.json()["is_active"], json!(true));
}

#[tokio::test]
async fn sec_s11_no_field_of_the_servers_can_be_set() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let person = registered(&app, ADA).await;
    let person = signed_in_again(&app, &person).await;
    let before = format!("{:?}", users::find(&app.app, ADA).await.unwrap());
    for (name, value) in [
        ("uuid", json!("0190a0a0-0000-7000-8000-000000000000")),
        ("id", json!(1)),
        ("email_proven", json!(true)),
        ("email_proven_at", json!(1)),
        ("status", json!("banned")),
        ("password", json!("Another-Horse-8-Battery")),
        ("password_hash", json!("$argon2id$")),
        ("login", json!("root")),
        ("phone", json!("+442079460018")),
        ("is_superuser", json!(true)),
    ] {
        for path in ["/users", "/users/email", "/users/password"] {
            put(&app, path, &person.access, json!({name: value})).await;
        }
        let after = users::find(&app.app, ADA).await.unwrap();
        assert_eq!(format!("{after:?}"), before, "{name}");
    }
    login(&app, ADA, PASSWORD).await.expect(200);
}

/// Asks for another address, by either of the two routes.
async fn ask_for(app: &TestApp, route: &str, token: &str, email: &str) -> crate::support::Answer {
    let form = match route {
        "/users" => json!({"email": email}),
        _ => json!({"new_email": email}),
    };
    put(app, route, token, form).await
}

const ROUTES: [&str; 2] = ["/users", "/users/email"];

#[tokio::test]
async fn sec_s11_a_new_address_waits_for_its_proof_and_the_old_one_is_told() {
    for route in ROUTES {
        let app = TestApp::start().await;
        let ada = member(&app, ADA).await;
        let told = app.mail_to(ADA).await.len();
        app.advance(Span::seconds(1));
        let waiting = ask_for(&app, route, &ada.access, GRACE).await.expect(200);
        let expected = json!({
            "uuid": ada.id, "email": ADA, "first_name": "Ada", "last_name": "Lovelace",
            "is_active": true,
        });
        assert_eq!(waiting.json(), expected, "{route}");
        assert_eq!(user(&app, &ada.access).await.json(), expected);
        login(&app, ADA, PASSWORD).await.expect(200);
        login(&app, GRACE, PASSWORD).await.expect(401);
        assert!(
            app.mail_to(ADA).await.len() > told,
            "the old address is told"
        );

        let link = link_to(&app, GRACE).await;
        succeeds(app.get(&link).send().await, "Email confirmed successfully!");
        let changed = user(&app, &ada.access).await.expect(200);
        assert_eq!(changed.field("email"), GRACE);
        assert_eq!(changed.json()["is_active"], json!(true));
        login(&app, GRACE, PASSWORD).await.expect(200);
        login(&app, ADA, PASSWORD).await.expect(401);
        registered(&app, ADA).await;
    }
}

#[tokio::test]
async fn not_me_drops_the_change_alone() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    ask_for(&app, "/users/email", &ada.access, GRACE)
        .await
        .expect(200);
    let link = link_to(&app, GRACE).await;
    let dropped = answer(&app, &link, "not_me").send().await;
    succeeds(dropped, "Address change dropped");
    app.get(&link).send().await.says(400, WRONG_LINK);
    let kept = user(&app, &ada.access).await.expect(200);
    assert_eq!(kept.field("email"), ADA);
    registered(&app, GRACE).await;
}

#[tokio::test]
async fn a_newer_wish_voids_the_one_before() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    ask_for(&app, "/users/email", &ada.access, GRACE)
        .await
        .expect(200);
    let first = link_to(&app, GRACE).await;
    ask_for(&app, "/users/email", &ada.access, "augusta@example.com")
        .await
        .expect(200);
    app.get(&first).send().await.says(400, WRONG_LINK);
    let second = link_to(&app, "augusta@example.com").await;
    app.get(&second).send().await.expect(200);
    let changed = user(&app, &ada.access).await.expect(200);
    assert_eq!(changed.field("email"), "augusta@example.com");
}

#[tokio::test]
async fn a_taken_new_address_is_400_and_changes_nothing() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    confirmed(&app, GRACE).await;
    for route in ROUTES {
        ask_for(&app, route, &ada.access, GRACE)
            .await
            .says(400, TAKEN);
    }
    let both = json!({"email": GRACE, "first_name": "Augusta"});
    put(&app, "/users", &ada.access, both)
        .await
        .says(400, TAKEN);
    let kept = user(&app, &ada.access).await.expect(200);
    assert_eq!(kept.field("first_name"), "Ada");
}

#[tokio::test]
async fn sec_i28_undisclosed_a_taken_new_address_answers_as_a_free_one() {
    let app = TestApp::with(&[("api.confirm.disclose_existence", "false")]).await;
    let ada = member(&app, ADA).await;
    confirmed(&app, GRACE).await;
    let before = app.mail_to(GRACE).await.len();
    app.advance(Span::seconds(1));
    let taken = ask_for(&app, "/users/email", &ada.access, GRACE).await;
    let free = ask_for(&app, "/users/email", &ada.access, "augusta@example.com").await;
    assert_eq!(taken.outside(), free.outside());
    assert_eq!(taken.expect(200).field("email"), ADA);
    let mail = app.mail_to(GRACE).await;
    assert_eq!(mail.len(), before + 1);
    assert!(!mail[0].text.contains("/users/confirm/"));
    login(&app, GRACE, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_new_address_that_somebody_else_registers_meanwhile_is_theirs() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    ask_for(&app, "/users/email", &ada.access, GRACE)
        .await
        .expect(200);
    let link = link_to(&app, GRACE).await;
    let grace = registered(&app, GRACE).await;
    app.get(&link).send().await.says(400, WRONG_LINK);
    let kept = user(&app, &ada.access).await.expect(200);
    assert_eq!(kept.field("email"), ADA);
    let grace = signed_in_again(&app, &grace).await;
    assert_eq!(user(&app, &grace.access).await.field("uuid"), grace.id);
}

#[tokio::test]
async fn what_is_no_address_or_no_name_is_named() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let ada = member(&app, ADA).await;
    for (path, form, place) in [
        ("/users", json!({"email": "ada"}), "body.email"),
        ("/users", json!({"email": 7}), "body.email"),
        ("/users", json!({"first_name": 7}), "body.first_name"),
        ("/users", json!({"last_name": "a\0b"}), "body.last_name"),
        (
            "/users",
            json!({"first_name": "x".repeat(256)}),
            "body.first_name",
        ),
        ("/users/email", json!({}), "body.new_email"),
        ("/users/email", json!({"new_email": null}), "body.new_email"),
        ("/users/email", json!({"new_email": "@"}), "body.new_email"),
        ("/users/email", json!({"email": GRACE}), "body.new_email"),
    ] {
        let answer = put(&app, path, &ada.access, form).await;
        answer.finds_fault_at(place);
    }
    let answer = put(&app, "/users", &ada.access, Value::Null).await;
    answer.expect(422).faults();
}
