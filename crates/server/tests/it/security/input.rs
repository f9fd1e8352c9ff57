//! Hostile input: parsed once, into types, or refused.

use crate::support::{Answer, TestApp};
use doorward_service::users;
use serde_json::{Value, json};

const JSON_ROUTES: [&str; 8] = [
    "/api/register",
    "/api/login",
    "/api/delete",
    "/api/v1/users",
    "/api/v1/auth/send-otp",
    "/api/v1/auth/verify-otp",
    "/api/v1/auth/login",
    "/api/v1/auth/refresh-token",
];

/// Fields that only the server sets, under every name that the families and their documents know.
fn server_owned() -> Value {
    json!({
        "id": "00000000-0000-7000-8000-000000000000", "user_id": 1, "uuid": "1", "status": "active", "is_active": true,
        "is_email_verified": true, "email_verified": true, "is_verified": true, "email_proven_at": 1, "verified": true,
        "role": "admin", "roles": ["admin"], "is_admin": true, "is_superuser": true, "scope": "admin", "epoch": 99,
        "created_at": "2000-01-01T00:00:00Z", "updated_at": 1, "last_login": "2000-01-01T00:00:00Z", "deleted_at": 1,
        "password_hash": "$2b$12$KIXQ0J2y8O8o1x1Zb0M1Oe", "hashed_password": "x", "registered_network": "x",
        "access_lifetime": 999_999, "expires_at": "2999-01-01T00:00:00Z", "session_id": "x", "tenant": "other",
    })
}

fn with_server_owned(body: Value) -> Value {
    let mut body = body;
    body.as_object_mut()
        .unwrap()
        .extend(server_owned().as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn sec_i20_no_request_sets_a_field_that_the_server_owns() {
    let app = TestApp::start().await;
    let body = with_server_owned(
        json!({"email": "ada@example.com", "password": "correct horse", "full_name": "Ada"}),
    );
    let made = app
        .post("/api/v1/users")
        .json(body)
        .send()
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&made["is_email_verified"], &made["email"]),
        (&json!(false), &json!("ada@example.com"))
    );
    assert_ne!(made["id"], server_owned()["id"]);
    assert_ne!(made["created_at"], server_owned()["created_at"]);
    let login = with_server_owned(json!({"email": "ada@example.com", "password": "correct horse"}));
    app.post("/api/v1/auth/login")
        .json(login.clone())
        .send()
        .await
        .expect(403);

    let code = app.code_for("ada@example.com").await;
    let verify = with_server_owned(json!({"email": "ada@example.com", "otp": code}));
    app.post("/api/v1/auth/verify-otp")
        .json(verify)
        .send()
        .await
        .expect(200);
    let tokens = app
        .post("/api/v1/auth/login")
        .json(login)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(tokens["access_token_expires_in"], 1800);
    let refresh = with_server_owned(json!({"refresh_token": tokens["refresh_token"]}));
    let refreshed = app
        .post("/api/v1/auth/refresh-token")
        .json(refresh)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(refreshed["access_token_expires_in"], 1800);
    let profile = app
        .get("/api/v1/users/profile")
        .bearer(tokens["access_token"].as_str().unwrap())
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&profile["id"], &profile["created_at"]),
        (&made["id"], &made["created_at"])
    );

    let body = with_server_owned(json!({"login": "bob", "password": "Correct horse 1"}));
    let made = app
        .post("/api/register")
        .json(body)
        .send()
        .await
        .expect(201)
        .json();
    let bob = users::find(&app.app, "bob").await.unwrap();
    assert_eq!(
        (json!(bob.id.to_string()), bob.email, bob.last_login_at),
        (made["id"].clone(), None, None)
    );
}

#[tokio::test]
async fn sec_15_3_7_a_member_that_is_sent_twice_is_refused() {
    let app = TestApp::start().await;
    for (n, path) in JSON_ROUTES.into_iter().enumerate() {
        for body in [
            r#"{"login":"adal","login":"eve1","email":"ada@example.com","password":"Correct horse 1","otp":"1","refresh_token":"a.b.c"}"#,
            r#"{"login":"adal","email":"ada@example.com","email":"eve@example.com","password":"Correct horse 1","otp":"1","refresh_token":"a.b.c"}"#,
            r#"{"login":"adal","email":"ada@example.com","password":"Correct horse 1","otp":"1","refresh_token":"a.b.c","refresh_token":"d.e.f"}"#,
            r#"{"login":"adal","email":"ada@example.com","password":"Correct horse 1","pass\u0077ord":"Correct horse 2","otp":"1","refresh_token":"a.b.c"}"#,
            r#"{"login":"adal","email":"ada@example.com","password":"Correct horse 1","otp":"1","refresh_token":"a.b.c","more":{"a":1,"a":2}}"#,
        ] {
            let answer = app
                .post(path)
                .body("application/json", body)
                .from(&super::stranger(n))
                .send()
                .await;
            assert_eq!(answer.status, 422, "{path}: {body}: {}", answer.text());
        }
    }
    assert!(
        users::find(&app.app, "adal").await.is_err()
            && users::find(&app.app, "ada@example.com").await.is_err()
    );
}

#[tokio::test]
async fn sec_15_3_7_a_parameter_that_is_sent_twice_is_refused() {
    let app = TestApp::start().await;
    app.get("/utils/public_key?version=1")
        .send()
        .await
        .expect(200);
    let answer = app
        .get("/utils/public_key?version=1&version=2")
        .send()
        .await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    let inbox = |query: &str| {
        app.get(&format!("/dev/inbox?{query}"))
            .header("host", "127.0.0.1:8000")
    };
    inbox("to=ada%40example.com").send().await.expect(200);
    let answer = inbox("to=ada%40example.com&to=eve%40example.com")
        .send()
        .await;
    assert_eq!(answer.status, 422, "{}", answer.text());
}

#[tokio::test]
async fn sec_3_5_2_json_routes_take_json_alone() {
    let app = TestApp::start().await;
    let body = json!({"login": "adal", "email": "ada@example.com", "password": "Correct horse 1", "otp": "1"}).to_string();
    for (n, path) in JSON_ROUTES
        .into_iter()
        .filter(|path| !path.ends_with("refresh-token"))
        .enumerate()
    {
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/json",
            "application/octet-stream",
        ] {
            let answer = app
                .post(path)
                .body(kind, body.clone())
                .from(&super::stranger(n))
                .send()
                .await;
            assert_eq!(answer.status, 422, "{path} as {kind}: {}", answer.text());
        }
    }
    assert!(
        users::find(&app.app, "adal").await.is_err()
            && users::find(&app.app, "ada@example.com").await.is_err()
    );
}

#[tokio::test]
async fn sec_1_5_2_what_is_no_text_is_refused_and_false_is_not_true() {
    let app = TestApp::start().await;
    let wrong = [
        json!(1),
        json!(true),
        json!(false),
        json!(["False"]),
        json!(null),
        json!({"$ne": null}),
        json!(1.5),
    ];
    for path in JSON_ROUTES {
        for (n, value) in wrong.iter().enumerate() {
            let body = json!({"login": value, "email": value, "password": value, "otp": value, "refresh_token": value});
            let answer = app
                .post(path)
                .json(body)
                .from(&super::stranger(n))
                .send()
                .await;
            assert_eq!(answer.status, 422, "{path}: {value}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn sec_i43_deep_and_long_bodies_are_refused_without_harm() {
    let app = TestApp::start().await;
    let nested = |opening: &str, closing: &str, depth| {
        format!(
            "{{\"login\":\"adal\",\"password\":\"Correct horse 1\",\"x\":{}1{}}}",
            opening.repeat(depth),
            closing.repeat(depth)
        )
    };
    for (n, path) in JSON_ROUTES.into_iter().enumerate() {
        let from = super::stranger(n);
        for body in [
            nested("[", "]", 200),
            nested("{\"a\":", "}", 200),
            nested("[", "", 20_000),
            "[".repeat(60_000),
        ] {
            let answer = app
                .post(path)
                .body("application/json", body)
                .from(&from)
                .send()
                .await;
            assert_eq!(answer.status, 422, "{path}: {}", answer.text());
        }
        let answer = app
            .post(path)
            .body("application/json", vec![b'a'; 1 << 20])
            .from(&from)
            .send()
            .await;
        assert_eq!(answer.status, 413, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn sec_5_2_1_a_body_at_the_limit_is_read_and_one_byte_more_is_not() {
    let app = TestApp::start().await;
    let body = |length: usize| {
        let mut body = json!({"login": "nobody", "password": "Wrong guess 1"}).to_string();
        body.push_str(&" ".repeat(length - body.len()));
        body
    };
    app.post("/api/login")
        .body("application/json", body(64 * 1024))
        .send()
        .await
        .expect(401);
    app.post("/api/login")
        .body("application/json", body(64 * 1024 + 1))
        .send()
        .await
        .expect(413);
}

#[tokio::test]
async fn sec_i36_sql_in_names_stays_text() {
    let app = TestApp::start().await;
    let statements = [
        "' OR '1'='1",
        "'; DROP TABLE users; --",
        "\") OR 1=1 --",
        "admin'/*",
        "%",
        "_____",
        "\\'; SELECT 1; --",
        "${jndi:ldap://x}",
        "{{7*7}}",
    ];
    for (n, text) in statements.iter().enumerate() {
        let from = super::stranger(n);
        let login = format!("adal{text}");
        let body = json!({"login": login, "password": "Correct horse 1"});
        app.post("/api/register")
            .json(body.clone())
            .from(&from)
            .send()
            .await
            .expect(201);
        let token = app
            .post("/api/login")
            .json(body)
            .from(&from)
            .send()
            .await
            .expect(200)
            .json();
        let profile = app
            .get("/api/profile")
            .bearer(token["access_token"].as_str().unwrap())
            .from(&from)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(profile["login"], json!(login));
        let injected = app
            .post("/api/login")
            .json(json!({"login": format!("{text}  "), "password": "Correct horse 1"}))
            .from(&from)
            .send()
            .await;
        assert!(
            matches!(injected.status, 401 | 422),
            "{text}: {}",
            injected.status
        );
        let name = json!({"email": format!("ada{n}@example.com"), "password": "correct horse", "full_name": text});
        let made = app
            .post("/api/v1/users")
            .json(name)
            .from(&from)
            .send()
            .await
            .expect(201)
            .json();
        assert_eq!(made["full_name"], json!(text));
    }
    for version in [
        "1'",
        "1 OR 1=1",
        "1;--",
        "-1",
        "0x1",
        "1e0",
        "99999999999999999999",
    ] {
        let encoded: Vec<String> = version.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let query = encoded.concat();
        let answer = app
            .get(&format!("/utils/public_key?version={query}"))
            .send()
            .await;
        assert!(
            matches!(answer.status, 404 | 422),
            "{version}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn sec_1_1_1_a_path_is_decoded_once() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for path in [
        "/api%2flogin",
        "/api/%70rofile%00",
        "/api//profile",
        "/./api/profile",
        "/api/v1/../profile",
        "/%2e%2e/livez",
    ] {
        let answer = app.get(path).bearer(&ada.access).send().await;
        assert!(
            matches!(answer.status, 400 | 404),
            "{path}: {}",
            answer.status
        );
    }
    for name in [
        "%2e%2e",
        "a%2fb",
        "..%2fsecret",
        "%00",
        "%252e%252e%252f",
        "a%5cb",
    ] {
        let answer = app
            .get(&format!("/api/v1/users/download-file/{name}"))
            .bearer(&ada.access)
            .send()
            .await;
        assert!(
            matches!(answer.status, 404 | 422),
            "{name}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn sec_2_2_1_odd_texts_are_accepted_or_refused_and_never_a_fault() {
    let app = TestApp::start().await;
    let long = "x".repeat(10_000);
    let odd = [
        "",
        " ",
        "\u{0}",
        "a\u{0}b@example.com",
        "\u{202E}evil@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
        &long,
        "💥💥💥",
        "\u{FEFF}ada",
        "ﬁﬂﬃ",
    ];
    let mut n = 0;
    for text in odd {
        for (path, body) in [
            (
                "/api/register",
                json!({"login": text, "password": "Correct horse 1"}),
            ),
            ("/api/login", json!({"login": text, "password": text})),
            ("/api/delete", json!({"login": text, "password": text})),
            (
                "/api/v1/users",
                json!({"email": text, "password": "correct horse"}),
            ),
            (
                "/api/v1/users",
                json!({"email": format!("user{n}@example.com"), "password": "correct horse", "full_name": text}),
            ),
            ("/api/v1/auth/send-otp", json!({"email": text})),
            (
                "/api/v1/auth/verify-otp",
                json!({"email": text, "otp": text}),
            ),
            (
                "/api/v1/auth/login",
                json!({"email": text, "password": text}),
            ),
            ("/api/v1/auth/refresh-token", json!({"refresh_token": text})),
        ] {
            n += 1;
            let answer = app
                .post(path)
                .json(body)
                .from(&super::stranger(n))
                .send()
                .await;
            assert!(answer.status < 500, "{path}: {text:?}: {}", answer.text());
        }
    }
    let unpaired = app
        .post("/api/register")
        .body(
            "application/json",
            r#"{"login":"ada\ud800","password":"Correct horse 1"}"#,
        )
        .send()
        .await;
    assert_refused_as_invalid(&unpaired);
}

#[track_caller]
fn assert_refused_as_invalid(answer: &Answer) {
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.json()["detail"].is_array());
}
