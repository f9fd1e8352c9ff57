//! What belongs together happens together: whichever row of an effect fails, as it would if everything stopped there,
//! nothing of the effect is left, and the next try finds all as it was.

use super::QUICK;
use crate::support::{Answer, Form, PASSWORD, Person, Request, TestApp, named};
use doorward_domain::Span;
use http::Method;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const PHONE: &str = "+442079460018";
const HOME: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.9";

/// More rows than any effect here changes.
const MOST: i64 = 80;

async fn start() -> TestApp {
    let mut settings = QUICK.to_vec();
    settings.extend([
        ("codes.sign_in.cooldown", "0s"),
        ("api.code.token_cooldown", "0s"),
        ("rate_limit.enabled", "false"),
    ]);
    TestApp::with(&settings).await
}

/// What an effect changed once nothing stood in its way.
struct Done {
    answer: Answer,
    /// Rows, those that fell to a change of another among them.
    rows: i64,
}

/// Sends the request over and over, and lets another row of what it changes fail each time, until all of it goes through.
async fn interrupted_everywhere(app: &TestApp, request: impl Fn() -> Request) -> Done {
    app.expect_faults();
    app.plant_faults().await;
    let before = app.stored().await;
    for rows in 0..MOST {
        app.fail_after(rows).await;
        let answer = request().send().await;
        if answer.status < 500 {
            app.fail_after(-1).await;
            assert_ne!(app.stored().await, before, "it was done: {answer}");
            return Done { answer, rows };
        }
        assert_eq!(app.stored().await, before, "row {rows} failed: {answer}");
    }
    panic!("it never goes through");
}

fn by_code(app: &TestApp, identifier: &str, code: &str, from: &str) -> Request {
    let mut form = named(identifier);
    form["code"] = code.into();
    let request = app.request(Method::PUT, "/auth/token");
    request.json(form).from(from)
}

fn take_phone(app: &TestApp, person: &Person, code: &str) -> Request {
    let form = json!({"phone": PHONE, "code": code});
    let request = app.request(Method::PATCH, "/user/credentials");
    request.header("JWT", &person.access).json(form)
}

async fn me(app: &TestApp, person: &Person) -> Answer {
    app.get("/v1/me").bearer(&person.access).send().await
}

async fn registered_by_link(app: &TestApp) -> Answer {
    let form =
        json!({"email": ADA, "first_name": "Ada", "last_name": "Lovelace", "password": PASSWORD});
    app.post("/users").json(form).send().await.expect(200)
}

#[tokio::test]
async fn sec_s06_a_number_moves_whole_or_not_at_all_wherever_it_is_interrupted() {
    let app = start().await;
    let bob = app.by_code(BOB).await;
    let code = app.sign_in_code(PHONE).await;
    take_phone(&app, &bob, &code).send().await.expect(200);
    let ada = app.by_code(ADA).await;
    let code = app.sign_in_code(PHONE).await;
    let done = interrupted_everywhere(&app, || take_phone(&app, &ada, &code)).await;
    done.answer.expect(200);
    assert!(done.rows >= 6, "{} rows", done.rows);
    let (hers, his) = (me(&app, &ada).await.json(), me(&app, &bob).await.json());
    assert_eq!(
        (&hers["phone"], &his["phone"]),
        (&json!(PHONE), &Value::Null)
    );
    let told = app.mail_to(BOB).await;
    assert!(
        told.iter().any(|mail| mail.text.contains("telephone")),
        "{told:?}"
    );
}

#[tokio::test]
async fn sec_s06_an_account_that_loses_its_last_identifier_goes_with_it_or_keeps_it() {
    let app = start().await;
    let bob = app.by_code(PHONE).await;
    let ada = app.by_code(ADA).await;
    let code = app.sign_in_code(PHONE).await;
    let done = interrupted_everywhere(&app, || take_phone(&app, &ada, &code)).await;
    done.answer.expect(200);
    assert!(done.rows >= 6, "{} rows", done.rows);
    me(&app, &bob).await.expect(403);
    assert_eq!(me(&app, &ada).await.json()["phone"], json!(PHONE));
}

#[tokio::test]
async fn sec_s19_a_code_is_spent_with_the_account_that_it_makes_or_not_at_all() {
    let app = start().await;
    let code = app.sign_in_code(ADA).await;
    let done = interrupted_everywhere(&app, || by_code(&app, ADA, &code, HOME)).await;
    done.answer.expect(200);
    assert!(done.rows >= 6, "{} rows", done.rows);
    by_code(&app, ADA, &code, HOME).send().await.expect(401);
}

#[tokio::test]
async fn sec_s19_a_proof_is_given_with_the_user_that_it_makes_or_not_at_all() {
    let app = start().await;
    let about = json!({"email": ADA, "project_id": "shop"});
    let asked = app.post("/api/v1/auth/send-code").json(about.clone());
    asked.send().await.expect(200);
    let mut form = about;
    form["code"] = app.code_for(ADA).await.into();
    let prove = || app.post("/api/v1/auth/verify-code").json(form.clone());
    let done = interrupted_everywhere(&app, prove).await;
    done.answer.expect(200);
    assert!(done.rows >= 5, "{} rows", done.rows);
    prove().send().await.expect(401);
}

#[tokio::test]
async fn sec_i16_a_first_proof_drops_all_that_was_set_before_or_proves_nothing() {
    let app = start().await;
    registered_by_link(&app).await;
    let form = json!({"email": ADA, "password": PASSWORD});
    let signed_in = || app.post("/auth/login").json(form.clone()).send();
    let squatter = signed_in().await.expect(200).field("access_token");
    let upload = app.post("/api/v1/users/upload-file").bearer(&squatter);
    let upload = upload.form(Form::file("planted.txt", "text/plain", b"x"));
    upload.send().await.expect(200);
    let code = app.sign_in_code(ADA).await;
    let done = interrupted_everywhere(&app, || by_code(&app, ADA, &code, ELSEWHERE)).await;
    done.answer.expect(200);
    assert!(done.rows >= 12, "{} rows", done.rows);
    signed_in().await.expect(401);
    app.get("/v1/me").bearer(&squatter).send().await.expect(401);
}

#[tokio::test]
async fn sec_i16_an_address_leaves_an_account_that_is_somebodys_whole_or_stays() {
    let app = start().await;
    registered_by_link(&app).await;
    let form = json!({"email": ADA, "password": PASSWORD});
    let signed_in = app.post("/auth/login").json(form).send().await.expect(200);
    let squatter = signed_in.field("access_token");
    let code = app.sign_in_code(PHONE).await;
    let form = json!({"phone": PHONE, "code": code, "password": PASSWORD});
    let take = app.request(Method::PATCH, "/user/credentials");
    let take = take.header("JWT", &squatter).json(form);
    take.send().await.expect(200);
    let code = app.sign_in_code(ADA).await;
    let done = interrupted_everywhere(&app, || by_code(&app, ADA, &code, ELSEWHERE)).await;
    done.answer.expect(200);
    assert!(done.rows >= 8, "{} rows", done.rows);
    let squatters = app.get("/v1/me").bearer(&squatter).send().await;
    let squatters = squatters.expect(200).json();
    assert_eq!(
        (&squatters["email"], &squatters["phone"]),
        (&Value::Null, &json!(PHONE))
    );
}

#[tokio::test]
async fn sec_2_3_3_a_new_address_takes_the_place_of_the_old_one_or_does_not() {
    let app = start().await;
    let ada = app.by_code(BOB).await;
    let change = app.request(Method::PUT, "/users/email").bearer(&ada.access);
    let change = change.json(json!({"new_email": ADA}));
    change.send().await.expect(200);
    let token = app.link_token_for(ADA).await;
    let confirm = || app.get(&format!("/users/confirm/{token}"));
    let done = interrupted_everywhere(&app, confirm).await;
    done.answer.expect(200);
    assert!(done.rows >= 4, "{} rows", done.rows);
    assert_eq!(me(&app, &ada).await.json()["email"], json!(ADA));
}

/// What counts has a commit of its own, so that stopping in time makes no try undone.
#[tokio::test]
async fn sec_i05_a_try_stays_counted_whatever_fails_after_it() {
    let app = start().await;
    app.verified(ADA).await;
    app.expect_faults();
    app.plant_faults().await;
    let before = app.stored().await;
    app.fail_after(2).await;
    let form = json!({"email": ADA, "password": PASSWORD});
    let sign_in = app.post("/api/v1/auth/login").json(form).send().await;
    assert!(sign_in.status >= 500, "{sign_in}");
    app.fail_after(-1).await;
    let after = app.stored().await;
    let more: Vec<_> = after
        .lines()
        .filter(|row| !before.lines().any(|other| other == *row))
        .collect();
    let tables = more.iter().filter_map(|row| row.split([' ', '|']).next());
    assert_eq!(tables.collect::<Vec<_>>(), ["audit", "password_tries"]);
}

#[tokio::test]
async fn sec_2_3_3_an_account_is_deleted_whole_or_not_at_all() {
    let app = start().await;
    let ada = app.signed_in(ADA).await;
    let upload = app.post("/api/v1/users/upload-file").bearer(&ada.access);
    let upload = upload.form(Form::file("notes.txt", "text/plain", b"x"));
    upload.send().await.expect(200);
    let delete = || app.delete("/users").bearer(&ada.access);
    let done = interrupted_everywhere(&app, delete).await;
    done.answer.expect(200);
    assert!(done.rows >= 6, "{} rows", done.rows);
    assert!(
        app.stored_objects().len() <= 1,
        "its removal is in the queue"
    );
    app.work().await;
    assert!(app.stored_objects().is_empty());
}

#[tokio::test]
async fn sec_2_3_3_a_registration_comes_with_its_message_or_not_at_all() {
    let app = start().await;
    let form = json!({"email": ADA, "password": PASSWORD});
    let register = || app.post("/api/v1/users").json(form.clone());
    let done = interrupted_everywhere(&app, register).await;
    done.answer.expect(201);
    assert!(done.rows >= 4, "{} rows", done.rows);
    assert_eq!(app.mail_to(ADA).await.len(), 1);
}

#[tokio::test]
async fn sec_2_3_3_a_reset_sets_the_password_and_ends_the_sessions_or_does_neither() {
    let app = start().await;
    let ada = app.signed_in(ADA).await;
    app.advance(Span::seconds(1));
    let forgot = app.post("/v1/password/forgot").json(json!({"email": ADA}));
    forgot.send().await.expect(202);
    let code = app.code_for(ADA).await;
    let form = json!({"email": ADA, "code": code, "password": "Another-Horse-8-Battery"});
    let reset = || app.post("/v1/password/reset").json(form.clone());
    let done = interrupted_everywhere(&app, reset).await;
    done.answer.expect(204);
    assert!(done.rows >= 6, "{} rows", done.rows);
    me(&app, &ada).await.expect(401);
}

#[tokio::test]
async fn sec_2_3_3_a_refresh_token_turns_over_or_stays_as_it_was() {
    let app = start().await;
    let ada = app.by_code(ADA).await;
    let refresh = || {
        let request = app.request(Method::PATCH, "/auth/refresh");
        request.header("RT", &ada.refresh)
    };
    let done = interrupted_everywhere(&app, refresh).await;
    assert_ne!(done.answer.expect(200).field("RT"), ada.refresh);
}
