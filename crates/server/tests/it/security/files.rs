//! Users' files: bounded, never run, and nobody else's.

use crate::support::{Answer, Form, Person, TestApp};
use serde_json::json;

async fn upload(app: &TestApp, person: &Person, name: &str, kind: &str, content: &[u8]) -> Answer {
    app.post("/api/v1/users/upload-file")
        .bearer(&person.access)
        .form(Form::file(name, kind, content))
        .send()
        .await
}

async fn download(app: &TestApp, person: &Person, name: &str) -> Answer {
    app.get(&format!("/api/v1/users/download-file/{name}"))
        .bearer(&person.access)
        .send()
        .await
}

async fn remove(app: &TestApp, person: &Person, name: &str) -> Answer {
    app.delete(&format!("/api/v1/users/delete-file/{name}"))
        .bearer(&person.access)
        .send()
        .await
}

const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
const HTML: &[u8] = b"<!doctype html><script>alert(1)</script>";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

#[tokio::test]
async fn sec_8_2_2_a_foreign_file_reads_like_a_missing_one() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let eve = app.signed_in("eve@example.com").await;
    upload(
        &app,
        &ada,
        "diary.txt",
        "text/plain",
        b"nobody may read this",
    )
    .await
    .expect(200);
    let (foreign, missing) = (
        download(&app, &eve, "diary.txt").await,
        download(&app, &eve, "nothing.txt").await,
    );
    assert_eq!(foreign.outside(), missing.outside());
    assert_eq!(
        foreign.expect(404).json(),
        json!({"detail": "File not found"})
    );
    assert_eq!(
        remove(&app, &eve, "diary.txt").await.outside(),
        remove(&app, &eve, "nothing.txt").await.outside()
    );
    // Ids of others inside the name lead nowhere.
    for name in [
        format!("{}%2Fdiary.txt", ada.id),
        format!("..%2F{}%2Fdiary.txt", ada.id),
        format!("user-files%2F{}%2Fdiary.txt", ada.id),
    ] {
        let answer = download(&app, &eve, &name).await;
        assert!(matches!(answer.status, 404 | 422), "{name}: {answer}");
    }
    assert_eq!(
        download(&app, &ada, "diary.txt").await.expect(200).text(),
        "nobody may read this"
    );
}

#[tokio::test]
async fn sec_8_2_2_the_same_name_of_two_users_is_two_files() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let eve = app.signed_in("eve@example.com").await;
    upload(&app, &ada, "notes.txt", "text/plain", b"hers")
        .await
        .expect(200);
    upload(&app, &eve, "notes.txt", "text/plain", b"the other's")
        .await
        .expect(200);
    remove(&app, &eve, "notes.txt").await.expect(200);
    assert_eq!(
        download(&app, &ada, "notes.txt").await.expect(200).text(),
        "hers"
    );
}

#[tokio::test]
async fn sec_1_3_4_what_could_run_is_handed_out_as_an_attachment() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let uploads: [(&str, &str, &[u8]); 6] = [
        ("image.svg", "image/svg+xml", SVG),
        ("page.html", "text/html", HTML),
        ("page.png", "image/png", HTML),
        ("image.png", "image/png", SVG),
        ("page.xhtml", "application/xhtml+xml", HTML),
        ("script.js", "text/javascript", b"alert(1)"),
    ];
    for (name, kind, content) in uploads {
        upload(&app, &ada, name, kind, content).await.expect(200);
        let answer = download(&app, &ada, name).await.expect(200);
        assert!(
            answer
                .header("content-disposition")
                .unwrap()
                .starts_with("attachment"),
            "{name}: {answer}"
        );
        assert!(
            answer
                .header("content-security-policy")
                .unwrap()
                .contains("sandbox"),
            "{name}: {answer}"
        );
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{name}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
    }
    upload(&app, &ada, "picture.png", "image/png", PNG)
        .await
        .expect(200);
    let answer = download(&app, &ada, "picture.png").await.expect(200);
    assert!(
        answer
            .header("content-disposition")
            .unwrap()
            .starts_with("inline"),
        "{answer}"
    );
    assert!(
        answer
            .header("content-security-policy")
            .unwrap()
            .contains("sandbox"),
        "{answer}"
    );
}

#[tokio::test]
async fn sec_5_2_1_a_file_at_the_limit_is_kept_and_one_byte_more_is_not() {
    let app = TestApp::with(&[("files.max_size", "100KiB")]).await;
    let ada = app.signed_in("ada@example.com").await;
    upload(
        &app,
        &ada,
        "fits.bin",
        "application/octet-stream",
        &vec![7; 100 * 1024],
    )
    .await
    .expect(200);
    upload(
        &app,
        &ada,
        "large.bin",
        "application/octet-stream",
        &vec![7; 100 * 1024 + 1],
    )
    .await
    .expect(413);
    download(&app, &ada, "large.bin").await.expect(404);
    assert_eq!(
        download(&app, &ada, "fits.bin")
            .await
            .expect(200)
            .body
            .len(),
        100 * 1024
    );
}

#[tokio::test]
async fn sec_5_2_4_a_user_has_a_bounded_number_of_files() {
    let app = TestApp::with(&[("files.max_count", "3")]).await;
    let ada = app.signed_in("ada@example.com").await;
    for name in ["1.txt", "2.txt", "3.txt"] {
        upload(&app, &ada, name, "text/plain", b"x")
            .await
            .expect(200);
    }
    let refused = upload(&app, &ada, "4.txt", "text/plain", b"x").await;
    assert!((400..500).contains(&refused.status), "{refused}");
    upload(&app, &ada, "3.txt", "text/plain", b"another")
        .await
        .expect(200);
    remove(&app, &ada, "1.txt").await.expect(200);
    upload(&app, &ada, "4.txt", "text/plain", b"x")
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_5_3_2_a_name_is_one_segment_or_refused() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for name in [
        "../evil",
        "a/b",
        "a\\\\b",
        "..",
        ".",
        "/etc/passwd",
        "a\u{1}b",
        "a\u{7f}b",
        &"n".repeat(256),
    ] {
        let answer = upload(&app, &ada, name, "text/plain", b"x").await;
        assert_eq!(answer.status, 422, "{name:?}: {answer}");
    }
    for name in [
        "plain.txt",
        "with blank.txt",
        "żółw.txt",
        "..hidden",
        &"n".repeat(255),
    ] {
        upload(&app, &ada, name, "text/plain", b"x")
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn sec_5_4_2_a_served_name_stays_one_value() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for (sent, path) in [
        ("a%22b.txt", "a%22b.txt"),
        ("semi;filename=evil.exe", "semi;filename=evil.exe"),
        ("bidi\u{202E}gpj.exe", "bidi%E2%80%AEgpj.exe"),
        ("żółw.txt", "%C5%BC%C3%B3%C5%82w.txt"),
        ("blank name.txt", "blank%20name.txt"),
    ] {
        let uploaded = upload(&app, &ada, sent, "text/plain", b"x").await;
        if uploaded.status == 422 {
            continue;
        }
        let answer = download(&app, &ada, path).await;
        let answer = if answer.status == 404 {
            download(&app, &ada, &path.replace('%', "%25")).await
        } else {
            answer
        };
        let shown = answer
            .clone()
            .expect(200)
            .header("content-disposition")
            .unwrap()
            .to_owned();
        assert!(shown.is_ascii(), "{sent:?}: {shown}");
        let (quoted, rest) = shown
            .split_once("filename=\"")
            .unwrap()
            .1
            .split_once('"')
            .unwrap();
        assert!(
            !quoted.contains(['"', ';', '\\']) || quoted.contains("evil"),
            "{sent:?}: {shown}"
        );
        assert!(!rest.contains("filename=\""), "{sent:?}: {shown}");
    }
}

#[tokio::test]
async fn sec_7_4_2_the_files_of_a_deleted_user_are_gone() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    upload(
        &app,
        &ada,
        "diary.txt",
        "text/plain",
        b"nobody may read this",
    )
    .await
    .expect(200);
    doorward_service::users::delete(&app.app, &app.operator(), &ada.email)
        .await
        .unwrap();
    app.work().await;
    app.advance(doorward_domain::Span::seconds(1));
    let again = app.signed_in("ada@example.com").await;
    download(&app, &again, "diary.txt").await.expect(404);
}
