//! Files as browsers get them: what they may show, under which name they save it, and that nothing in it runs.

use crate::support::{Answer, Form, Person, TestApp};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06";

async fn there_and_back(app: &TestApp, ada: &Person, content_type: &str, content: &[u8]) -> Answer {
    let form = Form::file("file", content_type, content);
    app.post("/api/v1/users/upload-file")
        .bearer(&ada.access)
        .form(form)
        .send()
        .await
        .expect(200);
    app.get("/api/v1/users/download-file/file")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200)
}

#[tokio::test]
async fn raster_images_are_shown_and_all_else_is_saved() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for (content_type, content, kind) in [
        ("image/png", PNG, "inline"),
        (
            "image/jpeg",
            &b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01"[..],
            "inline",
        ),
        ("image/gif", b"GIF89a\x01\0\x01\0\x80\0\0", "inline"),
        ("image/webp", b"RIFF\x24\0\0\0WEBPVP8 ", "inline"),
        (
            "image/png",
            b"<html><script>alert(1)</script>",
            "attachment",
        ),
        ("image/jpeg", PNG, "attachment"),
        ("image/svg+xml", b"<svg onload=\"alert(1)\"/>", "attachment"),
        ("text/html", b"<script>alert(1)</script>", "attachment"),
        ("text/html", PNG, "attachment"),
        ("application/pdf", b"%PDF-1.7", "attachment"),
        ("text/plain", b"hello", "attachment"),
        ("", b"hello", "attachment"),
    ] {
        let answer = there_and_back(&app, &ada, content_type, content).await;
        let disposition = answer.header("content-disposition").unwrap();
        assert!(
            disposition.starts_with(&format!("{kind}; filename=")),
            "{content_type}: {disposition}"
        );
        assert_eq!(answer.body, content);
    }
}

#[tokio::test]
async fn the_content_type_is_kept() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for content_type in [
        "text/html",
        "image/png",
        "text/plain; charset=utf-8",
        "application/vnd.api+json",
        "x-odd/type",
    ] {
        let answer = there_and_back(&app, &ada, content_type, b"x").await;
        assert_eq!(answer.header("content-type"), Some(content_type));
    }
}

#[tokio::test]
async fn sec_5_4_1_an_uploaded_page_never_runs() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let answer = there_and_back(&app, &ada, "text/html", b"<script>alert(1)</script>").await;
    let policy = answer.header("content-security-policy").unwrap();
    let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
    for directive in ["sandbox", "default-src 'none'", "frame-ancestors 'none'"] {
        assert!(directives.contains(&directive), "{policy}");
    }
    assert_eq!(
        answer
            .headers
            .get_all("content-security-policy")
            .iter()
            .count(),
        1
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn sec_5_4_2_a_file_is_saved_under_its_name_and_the_name_stays_in_its_quotes() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for (name, in_path, disposition) in [
        (
            "report.pdf",
            "report.pdf",
            "attachment; filename=\"report.pdf\"",
        ),
        ("a b.txt", "a%20b.txt", "attachment; filename=\"a b.txt\""),
        (
            "Übersicht.txt",
            "%C3%9Cbersicht.txt",
            "attachment; filename=\"_bersicht.txt\"; filename*=UTF-8''%C3%9Cbersicht.txt",
        ),
        ("a;b.txt", "a;b.txt", "attachment; filename=\"a;b.txt\""),
    ] {
        let form = Form::file(name, "text/plain", b"x");
        app.post("/api/v1/users/upload-file")
            .bearer(&ada.access)
            .form(form)
            .send()
            .await
            .expect(200);
        let path = format!("/api/v1/users/download-file/{in_path}");
        let answer = app.get(&path).bearer(&ada.access).send().await.expect(200);
        assert_eq!(answer.header("content-disposition"), Some(disposition));
    }
}

#[tokio::test]
async fn a_type_that_is_no_header_value_becomes_plain_bytes() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let long = format!("text/{}", "x".repeat(1000));
    for content_type in ["nonsense", "\u{1F600}/x", &long] {
        let answer = there_and_back(&app, &ada, content_type, b"x").await;
        assert_eq!(
            answer.header("content-type"),
            Some("application/octet-stream"),
            "{content_type}"
        );
    }
}

#[tokio::test]
async fn head_tells_of_a_file_what_get_does_and_sends_no_bytes() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let got = there_and_back(&app, &ada, "image/png", PNG).await;
    let path = "/api/v1/users/download-file/file";
    let head = app
        .request(http::Method::HEAD, path)
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    assert_eq!(head.body.len(), 0);
    for name in [
        "content-type",
        "content-length",
        "content-disposition",
        "content-security-policy",
    ] {
        assert_eq!(head.header(name), got.header(name), "{name}");
    }
}
