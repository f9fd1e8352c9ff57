//! Bodies as they should not come, on every route that reads JSON: 422 with its list of faults, never a fault.

use super::FORMS;
use crate::support::{Answer, PASSWORD, TestApp};
use bytes::Bytes;
use serde_json::{Map, Value, json};

fn good(members: &[&str]) -> Map<String, Value> {
    let value = |name: &str| match name {
        "email" => "nobody@example.com",
        "login" => "nobody",
        "otp" | "code" => "abcdef",
        "project_id" => "shop",
        _ => PASSWORD,
    };
    members
        .iter()
        .map(|name| ((*name).to_owned(), json!(value(name))))
        .collect()
}

async fn unlimited() -> TestApp {
    TestApp::with(&[("rate_limit.enabled", "false")]).await
}

async fn send(app: &TestApp, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
    app.post(path).body(content_type, body).send().await
}

#[tokio::test]
async fn sec_1_5_2_what_is_no_json_is_422() {
    let app = unlimited().await;
    for (path, _) in FORMS {
        for body in [
            "",
            " ",
            "{",
            "}",
            "{]",
            "nul",
            "'a'",
            "{a: 1}",
            "{\"a\": }",
            "{\"email\": \"a\",}",
            "NaN",
            "\u{feff}{}",
            "{} {}",
            "login=ada&password=x",
            "<xml/>",
            "\0",
        ] {
            send(&app, path, "application/json", body)
                .await
                .expect(422)
                .faults();
        }
        send(
            &app,
            path,
            "application/json",
            &b"{\"email\": \"\xff\xfe\"}"[..],
        )
        .await
        .expect(422)
        .faults();
        send(&app, path, "application/json", &b"\x80\x81\x82"[..])
            .await
            .expect(422)
            .faults();
    }
}

#[tokio::test]
async fn json_that_is_no_object_is_422() {
    let app = unlimited().await;
    for (path, _) in FORMS {
        for body in [
            "null",
            "true",
            "7",
            "1e5",
            "\"text\"",
            "[]",
            "[{\"email\": \"a\"}]",
        ] {
            send(&app, path, "application/json", body)
                .await
                .expect(422)
                .faults();
        }
    }
}

#[tokio::test]
async fn the_wrong_content_type_is_422() {
    let app = unlimited().await;
    for (path, members) in FORMS {
        let body = Value::Object(good(members)).to_string();
        for content_type in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "text/json",
            "application/jsonp",
            "nonsense",
        ] {
            send(&app, path, content_type, body.clone())
                .await
                .expect(422)
                .faults();
        }
    }
}

#[tokio::test]
async fn json_may_say_its_charset() {
    let app = unlimited().await;
    for (path, members) in FORMS {
        let body = Value::Object(good(members)).to_string();
        let answer = send(&app, path, "Application/JSON; charset=UTF-8", body).await;
        assert_ne!(answer.status, 422, "{path}: {answer}");
    }
}

#[tokio::test]
async fn every_member_that_is_missing_is_named() {
    let app = unlimited().await;
    for (path, members) in FORMS {
        let answer = send(&app, path, "application/json", "{}").await.expect(422);
        let mut places: Vec<String> = answer
            .faults()
            .into_iter()
            .map(|(place, _)| place)
            .collect();
        places.sort_unstable();
        let mut expected: Vec<String> = members.iter().map(|name| format!("body.{name}")).collect();
        expected.sort_unstable();
        assert_eq!(places, expected, "{path}");
        for name in members {
            let mut form = good(members);
            form.remove(*name);
            app.post(path)
                .json(Value::Object(form))
                .send()
                .await
                .complains(name, "Field required");
        }
    }
}

#[tokio::test]
async fn every_member_of_a_wrong_type_is_named() {
    let app = unlimited().await;
    for (path, members) in FORMS {
        for name in members {
            for wrong in [
                json!(null),
                json!(true),
                json!(7),
                json!(1.5),
                json!([]),
                json!(["ada"]),
                json!({}),
                json!({"$ne": ""}),
            ] {
                let mut form = good(members);
                form.insert((*name).to_owned(), wrong);
                app.post(path)
                    .json(Value::Object(form))
                    .send()
                    .await
                    .finds_fault_at(&format!("body.{name}"));
            }
        }
    }
}

#[tokio::test]
async fn sec_15_3_7_a_key_sent_twice_is_422() {
    let app = unlimited().await;
    for (path, members) in FORMS {
        for name in members {
            let mut pairs: Vec<String> = good(members)
                .iter()
                .map(|(key, value)| format!("\"{key}\": {value}"))
                .collect();
            pairs.push(format!("\"{name}\": \"again\""));
            let body = format!("{{{}}}", pairs.join(", "));
            send(&app, path, "application/json", body)
                .await
                .expect(422)
                .faults();
        }
        let nested = "{\"more\": {\"a\": 1, \"a\": 2}}";
        send(&app, path, "application/json", nested)
            .await
            .expect(422)
            .faults();
    }
}

#[tokio::test]
async fn lone_surrogates_are_422() {
    let app = unlimited().await;
    for (path, members) in FORMS {
        for name in members {
            for text in ["\\ud800", "ada\\udc00", "\\udc00\\ud800"] {
                let body = format!("{{\"{name}\": \"{text}\"}}");
                send(&app, path, "application/json", body)
                    .await
                    .expect(422)
                    .faults();
            }
        }
    }
}

#[tokio::test]
async fn sec_1_5_3_nesting_is_bounded() {
    let app = unlimited().await;
    for (path, members) in FORMS {
        for body in [
            "[".repeat(30_000),
            "{\"a\":".repeat(10_000),
            format!("{}1{}", "[".repeat(5000), "]".repeat(5000)),
        ] {
            send(&app, path, "application/json", body.clone())
                .await
                .expect(422)
                .faults();
            let inside = format!("{{\"{}\": {body}}}", members[0]);
            send(&app, path, "application/json", inside)
                .await
                .expect(422)
                .faults();
        }
    }
}

#[tokio::test]
async fn a_name_of_10_000_characters_is_422() {
    let app = unlimited().await;
    for (path, members) in FORMS {
        let identifier = members[0];
        for long in [
            "a".repeat(10_000),
            "é".repeat(10_000),
            format!("{}@example.com", "a".repeat(10_000)),
            format!("a@{}.com", "b".repeat(10_000)),
        ] {
            let mut form = good(members);
            form.insert(identifier.to_owned(), json!(long));
            app.post(path)
                .json(Value::Object(form))
                .send()
                .await
                .finds_fault_at(&format!("body.{identifier}"));
        }
    }
    let mut form = good(&["email", "password"]);
    form.insert("full_name".to_owned(), json!("a".repeat(10_000)));
    app.post("/api/v1/users")
        .json(Value::Object(form))
        .send()
        .await
        .finds_fault_at("body.full_name");
}

#[tokio::test]
async fn nul_in_an_identifier_is_422() {
    let app = unlimited().await;
    for (path, members) in FORMS {
        let identifier = members[0];
        for text in ["ada\0", "\0", "a\0da@example.com", "ada@exa\0mple.com"] {
            let mut form = good(members);
            form.insert(identifier.to_owned(), json!(text));
            app.post(path)
                .json(Value::Object(form))
                .send()
                .await
                .finds_fault_at(&format!("body.{identifier}"));
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let app = unlimited().await;
    let large = format!("{{\"more\": \"{}\"}}", "x".repeat(1 << 20));
    for (path, _) in FORMS {
        let answer = send(&app, path, "application/json", large.clone())
            .await
            .expect(413);
        assert!(answer.json()["detail"].is_string(), "{answer}");
    }
    let answer = send(
        &app,
        "/api/v1/auth/refresh-token",
        "text/plain",
        "x".repeat(1 << 20),
    )
    .await
    .expect(413);
    assert!(answer.json()["detail"].is_string(), "{answer}");
}

#[tokio::test]
async fn the_limit_of_a_body_is_64_kib_and_a_setting() {
    let app = unlimited().await;
    let body = |size: usize| {
        let head = "{\"email\": \"nobody@example.com\", \"more\": \"\"}";
        head.replace("\"\"}", &format!("\"{}\"}}", "x".repeat(size - head.len())))
    };
    assert_eq!(body(1000).len(), 1000);
    send(
        &app,
        "/api/v1/auth/send-otp",
        "application/json",
        body(64 << 10),
    )
    .await
    .expect(200);
    send(
        &app,
        "/api/v1/auth/send-otp",
        "application/json",
        body((64 << 10) + 1),
    )
    .await
    .expect(413);
    let small = TestApp::with(&[("server.body_limit", "1000")]).await;
    send(
        &small,
        "/api/v1/auth/send-otp",
        "application/json",
        body(1000),
    )
    .await
    .expect(200);
    send(
        &small,
        "/api/v1/auth/send-otp",
        "application/json",
        body(1001),
    )
    .await
    .expect(413);
}

#[tokio::test]
async fn sec_16_2_5_a_refused_value_is_not_repeated() {
    let app = unlimited().await;
    for (path, members) in FORMS {
        let mut form = good(members);
        form.insert(members[0].to_owned(), json!(["canary-7-canary"]));
        form.insert("password".to_owned(), json!({"canary-7-canary": 1}));
        let answer = app
            .post(path)
            .json(Value::Object(form))
            .send()
            .await
            .expect(422);
        assert!(!answer.text().contains("canary"), "{answer}");
    }
}
