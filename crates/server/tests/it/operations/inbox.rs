//! The development inbox: messages that would have gone out, for one person on one machine.

use crate::support::{Request, TestApp, named};
use serde_json::json;

fn inbox(app: &TestApp, query: &str) -> Request {
    app.get(&format!("/dev/inbox{query}"))
        .header("host", "127.0.0.1:8000")
}

#[tokio::test]
async fn messages_are_listed_newest_first_and_found_by_their_address() {
    let app = TestApp::start().await;
    app.registered("Ada@Example.com").await;
    app.work().await;
    app.advance(doorward_domain::Span::seconds(1));
    app.registered("bob@example.com").await;
    app.work().await;
    let all = inbox(&app, "").send().await.expect(200).json();
    assert_eq!(
        (&all[0]["to"], &all[1]["to"]),
        (&json!("bob@example.com"), &json!("Ada@Example.com"))
    );
    for spelling in [
        "ada%40example.com",
        "ADA%40EXAMPLE.COM",
        "Ada%40Example.com",
    ] {
        let hers = inbox(&app, &format!("?to={spelling}"))
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(hers.as_array().unwrap().len(), 1);
        let mut members: Vec<_> = hers[0].as_object().unwrap().keys().cloned().collect();
        members.sort_unstable();
        assert_eq!(
            members,
            ["created_at", "html", "id", "kind", "subject", "text", "to"]
        );
        assert_eq!(hers[0]["kind"], "mail");
        let at = hers[0]["created_at"].as_str().unwrap();
        assert!(
            at.ends_with('Z') && at.len() == "2025-01-01T12:34:56.000Z".len(),
            "{at}"
        );
    }
    assert_eq!(
        inbox(&app, "?to=nobody%40example.com")
            .send()
            .await
            .expect(200)
            .json(),
        json!([])
    );
}

#[tokio::test]
async fn a_browser_gets_a_page_that_shows_the_code() {
    let app = TestApp::start().await;
    app.registered("ada@example.com").await;
    let code = app.code_for("ada@example.com").await;
    let page = inbox(&app, "")
        .header("accept", "text/html,*/*;q=0.8")
        .send()
        .await
        .expect(200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html; charset=utf-8")
    );
    assert!(
        page.text().contains(&format!("<code>{code}</code>"))
            && page.text().contains("ada@example.com")
    );
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("default-src 'none'")
    );
    assert!(!page.text().contains("<script"));
}

#[tokio::test]
async fn the_inbox_can_be_emptied() {
    let app = TestApp::start().await;
    app.registered("ada@example.com").await;
    app.work().await;
    app.delete("/dev/inbox")
        .header("host", "127.0.0.1:8000")
        .send()
        .await
        .expect(204);
    assert_eq!(inbox(&app, "").send().await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn no_web_page_reads_the_inbox() {
    let app = TestApp::start().await;
    for host in [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.0.2.7:8000",
        "evil.example@127.0.0.1",
    ] {
        for method in ["GET", "DELETE"] {
            let answer = app
                .request(method.parse().unwrap(), "/dev/inbox")
                .header("host", host)
                .send()
                .await;
            assert_eq!(answer.status, 403, "{method} for {host}: {answer}");
        }
    }
    app.get("/dev/inbox").send().await.expect(403);
    let other_page = inbox(&app, "")
        .header("origin", "https://evil.example")
        .send()
        .await;
    assert_eq!(other_page.status, 403);
    assert_eq!(other_page.header("access-control-allow-origin"), None);
    for host in [
        "127.0.0.1:8000",
        "localhost:8000",
        "[::1]:8000",
        "127.0.0.1",
    ] {
        app.get("/dev/inbox")
            .header("host", host)
            .send()
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn where_no_message_ends_in_it_there_is_no_inbox() {
    let settings = [
        ("mail.transport", "none"),
        ("sms.url", "http://127.0.0.1:9/sms"),
    ];
    let app = TestApp::with(&settings).await;
    inbox(&app, "").send().await.expect(404);
}

#[tokio::test]
async fn text_messages_are_shown_there_wherever_mail_goes() {
    let app = TestApp::with(&[("mail.transport", "none")]).await;
    for to in [named("+442079460018"), named("ada@example.com")] {
        app.post("/auth/code").json(to).send().await.expect(200);
    }
    app.work().await;
    let shown = inbox(&app, "").send().await.expect(200).json();
    let shown = shown.as_array().unwrap();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["kind"], "sms");
}

#[tokio::test]
async fn what_is_in_the_inbox_rests_sealed() {
    if crate::cli::folder::on_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(&[("data_dir", folder.path().to_str().unwrap())]).await;
    app.registered("ada@example.com").await;
    let code = app.code_for("ada@example.com").await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains("Your code") && !text.contains(&format!(" {code}")),
            "{}",
            path.display()
        );
    }
}
