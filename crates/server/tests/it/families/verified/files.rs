//! Files on their way in and out of the store: names, limits, whose they are.

use super::object_name;
use crate::support::{Answer, Form, Person, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

const ADA: &str = "ada@example.com";

async fn upload(app: &TestApp, person: &Person, form: Form) -> Answer {
    app.post("/api/v1/users/upload-file")
        .bearer(&person.access)
        .form(form)
        .send()
        .await
}

async fn download(app: &TestApp, person: &Person, name: &str) -> Answer {
    app.get(&format!("/api/v1/users/download-file/{name}"))
        .bearer(&person.access)
        .send()
        .await
}

async fn delete(app: &TestApp, person: &Person, name: &str) -> Answer {
    app.delete(&format!("/api/v1/users/delete-file/{name}"))
        .bearer(&person.access)
        .send()
        .await
}

#[tokio::test]
async fn an_uploaded_file_is_named_by_its_user_and_comes_back_as_it_was() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let answer = upload(
        &app,
        &ada,
        Form::file("notes.txt", "text/plain", b"dear diary"),
    )
    .await
    .expect(200);
    assert_eq!(answer.members(), ["message", "object_name"]);
    assert_eq!(answer.field("object_name"), object_name(&ada, "notes.txt"));
    let back = download(&app, &ada, "notes.txt").await.expect(200);
    assert_eq!(back.text(), "dear diary");
    assert_eq!(back.header("content-type"), Some("text/plain"));
    assert_eq!(back.number("content-length"), 10);
}

#[tokio::test]
async fn a_deleted_file_is_gone() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    upload(
        &app,
        &ada,
        Form::file("notes.txt", "text/plain", b"dear diary"),
    )
    .await
    .expect(200);
    let answer = delete(&app, &ada, "notes.txt").await.expect(200);
    assert_eq!(answer.members(), ["message"]);
    download(&app, &ada, "notes.txt")
        .await
        .says(404, "File not found");
    delete(&app, &ada, "notes.txt")
        .await
        .says(404, "File not found");
    app.work().await;
    download(&app, &ada, "notes.txt")
        .await
        .says(404, "File not found");
}

#[tokio::test]
async fn sec_8_2_2_files_of_others_are_not_found() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        app.signed_in(ADA).await,
        app.signed_in("bob@example.com").await,
    );
    upload(
        &app,
        &ada,
        Form::file("notes.txt", "text/plain", b"dear diary"),
    )
    .await
    .expect(200);
    download(&app, &bob, "notes.txt")
        .await
        .says(404, "File not found");
    delete(&app, &bob, "notes.txt")
        .await
        .says(404, "File not found");
    let foreign = object_name(&ada, "notes.txt").replace('/', "%2F");
    assert_ne!(download(&app, &bob, &foreign).await.status, 200);
    download(&app, &ada, "notes.txt").await.expect(200);
}

#[tokio::test]
async fn two_users_may_name_their_files_alike() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        app.signed_in(ADA).await,
        app.signed_in("bob@example.com").await,
    );
    upload(&app, &ada, Form::file("notes.txt", "text/plain", b"of ada"))
        .await
        .expect(200);
    upload(&app, &bob, Form::file("notes.txt", "text/plain", b"of bob"))
        .await
        .expect(200);
    delete(&app, &bob, "notes.txt").await.expect(200);
    app.work().await;
    assert_eq!(
        download(&app, &ada, "notes.txt").await.expect(200).text(),
        "of ada"
    );
}

#[tokio::test]
async fn a_file_of_the_same_name_overwrites() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    upload(&app, &ada, Form::file("notes.txt", "text/plain", b"first"))
        .await
        .expect(200);
    upload(
        &app,
        &ada,
        Form::file("notes.txt", "application/json", b"{}"),
    )
    .await
    .expect(200);
    app.work().await;
    let back = download(&app, &ada, "notes.txt").await.expect(200);
    assert_eq!(
        (back.text().as_str(), back.header("content-type")),
        ("{}", Some("application/json"))
    );
    delete(&app, &ada, "notes.txt").await.expect(200);
    download(&app, &ada, "notes.txt").await.expect(404);
}

#[tokio::test]
async fn a_name_is_one_path_segment() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let long = "a".repeat(256);
    for name in [
        "",
        ".",
        "..",
        "...",
        "../escape",
        "a/b",
        "/etc/passwd",
        "a\\\\b",
        "..\\\\..\\\\x",
        "a\tb",
        &long,
    ] {
        upload(&app, &ada, Form::file(name, "text/plain", b"x"))
            .await
            .finds_fault_at("body.file");
    }
    for name in [
        ".%2E",
        "%2E%2E%2Fetc",
        "a%2Fb",
        "a%5Cb",
        "a%00b",
        "a%0D%0Ab",
        "%E2%80%AEgpj.exe",
        &long,
    ] {
        let found = download(&app, &ada, name).await.expect(422).faults();
        assert!(found[0].0.starts_with("path."), "{found:?}");
        delete(&app, &ada, name).await.expect(422).faults();
    }
}

#[tokio::test]
async fn odd_names_that_are_one_segment_are_names() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let longest = "a".repeat(255);
    let names = [
        ("a", "a"),
        (".hidden", ".hidden"),
        ("..a", "..a"),
        ("-rf", "-rf"),
        ("a b", "a%20b"),
        ("100%41.txt", "100%2541.txt"),
        ("caf\u{e9}.txt", "caf%C3%A9.txt"),
        ("文件.txt", "%E6%96%87%E4%BB%B6.txt"),
        ("a;b&c?.txt", "a;b&c%3F.txt"),
        (longest.as_str(), longest.as_str()),
    ];
    for (name, in_path) in names {
        let answer = upload(&app, &ada, Form::file(name, "text/plain", name.as_bytes()))
            .await
            .expect(200);
        assert_eq!(answer.field("object_name"), object_name(&ada, name));
        assert_eq!(download(&app, &ada, in_path).await.expect(200).text(), name);
        delete(&app, &ada, in_path).await.expect(200);
    }
}

#[tokio::test]
async fn a_name_counts_its_bytes_and_not_its_characters() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    upload(&app, &ada, Form::file(&"é".repeat(127), "", b"x"))
        .await
        .expect(200);
    upload(&app, &ada, Form::file(&"é".repeat(128), "", b"x"))
        .await
        .finds_fault_at("body.file");
}

#[tokio::test]
async fn names_are_told_apart_by_case() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    upload(&app, &ada, Form::file("Notes.txt", "text/plain", b"upper"))
        .await
        .expect(200);
    upload(&app, &ada, Form::file("notes.txt", "text/plain", b"lower"))
        .await
        .expect(200);
    assert_eq!(download(&app, &ada, "Notes.txt").await.text(), "upper");
    assert_eq!(download(&app, &ada, "notes.txt").await.text(), "lower");
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    upload(&app, &ada, Form::file("empty", "", b""))
        .await
        .expect(200);
    let back = download(&app, &ada, "empty").await.expect(200);
    assert_eq!((back.body.len(), back.number("content-length")), (0, 0));
    assert_eq!(
        back.header("content-type"),
        Some("application/octet-stream")
    );
}

#[tokio::test]
async fn files_are_exempt_from_the_body_limit() {
    let app = TestApp::with(&[("server.body_limit", "1KiB")]).await;
    let ada = app.signed_in(ADA).await;
    let content = vec![7; 3 << 20];
    upload(&app, &ada, Form::file("large.bin", "", &content))
        .await
        .expect(200);
    assert_eq!(
        download(&app, &ada, "large.bin").await.expect(200).body,
        content
    );
}

#[tokio::test]
async fn sec_5_2_4_a_file_has_10_mib_at_most() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let mut content = vec![b'x'; 10 << 20];
    upload(&app, &ada, Form::file("full.bin", "", &content))
        .await
        .expect(200);
    content.push(b'x');
    let refused = upload(&app, &ada, Form::file("over.bin", "", &content))
        .await
        .expect(413);
    assert!(refused.json()["detail"].is_string(), "{refused}");
    download(&app, &ada, "over.bin").await.expect(404);
}

#[tokio::test]
async fn a_file_that_is_too_large_leaves_the_one_it_would_have_replaced() {
    let app = TestApp::with(&[("files.max_size", "1KiB")]).await;
    let ada = app.signed_in(ADA).await;
    upload(&app, &ada, Form::file("a", "", b"small"))
        .await
        .expect(200);
    upload(&app, &ada, Form::file("a", "", &[0; 1025]))
        .await
        .expect(413);
    upload(&app, &ada, Form::file("a", "", &vec![0; 900_000]))
        .await
        .expect(413);
    assert_eq!(download(&app, &ada, "a").await.expect(200).text(), "small");
}

#[tokio::test]
async fn sec_5_2_4_a_user_has_so_many_files_at_most() {
    let app = TestApp::with(&[("files.max_count", "3")]).await;
    let (ada, bob) = (
        app.signed_in(ADA).await,
        app.signed_in("bob@example.com").await,
    );
    for name in ["a", "b", "c"] {
        upload(&app, &ada, Form::file(name, "", b"x"))
            .await
            .expect(200);
    }
    let refused = upload(&app, &ada, Form::file("d", "", b"x")).await;
    assert!((400..500).contains(&refused.status), "{refused}");
    assert!(refused.json()["detail"].is_string(), "{refused}");
    upload(&app, &ada, Form::file("a", "", b"again"))
        .await
        .expect(200);
    upload(&app, &bob, Form::file("d", "", b"x"))
        .await
        .expect(200);
    delete(&app, &ada, "b").await.expect(200);
    upload(&app, &ada, Form::file("d", "", b"x"))
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_5_2_2_where_any_type_is_off_a_file_is_what_it_says() {
    let app = TestApp::with(&[("files.any_type", "false")]).await;
    let ada = app.signed_in(ADA).await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and the rest of the picture";
    upload(&app, &ada, Form::file("a.png", "image/png", png))
        .await
        .expect(200);
    let kept = app
        .get("/api/v1/users/download-file/a.png")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    assert_eq!(&kept.body[..], png);
    upload(&app, &ada, Form::file("notes", "text/plain", b"hello"))
        .await
        .expect(200);
    let page = b"<!doctype html><script>alert(1)</script>";
    for (name, kind) in [("b.png", "image/png"), ("b.txt", "text/plain")] {
        let refused = upload(&app, &ada, Form::file(name, kind, page)).await;
        assert_eq!(refused.status, 400, "{refused}");
    }
    assert_eq!(app.stored_objects().len(), 2);
}

#[tokio::test]
async fn parallel_uploads_do_not_exceed_the_number_of_files() {
    let app = TestApp::with(&[("files.max_count", "3")]).await;
    let ada = app.signed_in(ADA).await;
    let names: Vec<String> = (0..12).map(|n| format!("file{n}")).collect();
    let all = names
        .iter()
        .map(|name| upload(&app, &ada, Form::file(name, "", b"x")));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        3
    );
}

#[tokio::test]
async fn a_form_without_a_file_is_422() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    upload(&app, &ada, Form::default())
        .await
        .finds_fault_at("body.file");
    upload(&app, &ada, Form::default().field("other", "x"))
        .await
        .finds_fault_at("body.file");
    upload(
        &app,
        &ada,
        Form::default().part("image", "a.png", "image/png", b"x"),
    )
    .await
    .finds_fault_at("body.file");
    upload(&app, &ada, Form::default().field("file", "no name"))
        .await
        .finds_fault_at("body.file");
    let form = Form::file("a", "", b"x").part("file", "b", "", b"y");
    upload(&app, &ada, form).await.finds_fault_at("body.file");
}

#[tokio::test]
async fn a_body_that_is_no_form_is_422() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let send = |content_type: String, body: &'static str| {
        app.post("/api/v1/users/upload-file")
            .bearer(&ada.access)
            .body(&content_type, body)
            .send()
    };
    for (content_type, body) in [
        ("application/json", "{\"file\": \"x\"}"),
        ("text/plain", "x"),
        ("multipart/form-data", "x"),
        ("multipart/form-data; boundary=x", ""),
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nunfinished",
        ),
        ("multipart/form-data; boundary=x", "--x--\r\n"),
        ("multipart/form-data; boundary=x", "no boundary in here"),
        ("", ""),
    ] {
        send(content_type.to_owned(), body)
            .await
            .expect(422)
            .faults();
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let broken = Form::file("half.bin", "", &vec![7; 100_000]).broken_off();
    let cut = broken.slice(..50_000);
    let request = app
        .post("/api/v1/users/upload-file")
        .bearer(&ada.access)
        .body(&Form::content_type(), cut);
    request.send().await.expect(422);
    download(&app, &ada, "half.bin")
        .await
        .says(404, "File not found");
}

#[tokio::test]
async fn deleting_the_user_deletes_the_files() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    upload(
        &app,
        &ada,
        Form::file("notes.txt", "text/plain", b"dear diary"),
    )
    .await
    .expect(200);
    users::delete(&app.app, &app.operator(), ADA).await.unwrap();
    app.work().await;
    app.advance(Span::seconds(1));
    let new = app.signed_in(ADA).await;
    assert_ne!(new.id, ada.id);
    download(&app, &new, "notes.txt")
        .await
        .says(404, "File not found");
    assert!(
        app.stored_objects().is_empty(),
        "{:?}",
        app.stored_objects()
    );
}

#[tokio::test]
async fn replaced_deleted_and_refused_files_leave_no_bytes_behind() {
    let app = TestApp::with(&[("files.max_size", "1KiB")]).await;
    let ada = app.signed_in(ADA).await;
    upload(&app, &ada, Form::file("a", "", b"first"))
        .await
        .expect(200);
    upload(&app, &ada, Form::file("a", "", b"second"))
        .await
        .expect(200);
    upload(&app, &ada, Form::file("b", "", b"third"))
        .await
        .expect(200);
    upload(&app, &ada, Form::file("c", "", &[0; 1025]))
        .await
        .expect(413);
    delete(&app, &ada, "b").await.expect(200);
    app.advance(Span::hours(2));
    app.work().await;
    assert_eq!(app.stored_objects().len(), 1, "{:?}", app.stored_objects());
}

#[tokio::test]
async fn anybody_signed_in_through_any_family_has_files() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let request = app.post("/api/v1/users/upload-file").bearer(&member.access);
    let answer = request
        .form(Form::file("a.txt", "text/plain", b"x"))
        .send()
        .await
        .expect(200);
    assert_eq!(
        answer.json()["object_name"],
        json!(format!("user-files/{}/a.txt", member.id))
    );
}
