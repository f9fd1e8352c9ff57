//! What went wrong in a service with mailed codes, caches and files, and what it must be here.

use crate::support::{Form, TestApp};
use http::Method;
use serde_json::json;

#[tokio::test]
async fn sec_s24_sign_in_and_codes_tell_nothing_of_who_has_an_account() {
    let app = TestApp::start().await;
    app.verified("known@example.com").await;
    let ask = async |path: &str, email: &str| {
        let form = json!({"email": email, "password": "wrong horse", "otp": "wrong"});
        app.post(path).json(form).from("203.0.113.5").send().await
    };
    for path in ["login", "send-otp", "verify-otp"] {
        let path = format!("/api/v1/auth/{path}");
        let known = ask(&path, "known@example.com").await;
        let unknown = ask(&path, "unknown@example.com").await;
        assert_eq!(known.outside(), unknown.outside(), "{path}");
    }
}

#[tokio::test]
async fn sec_s24_what_is_kept_of_a_profile_falls_with_each_write() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let name = async || {
        let profile = app.get("/api/v1/users/profile").bearer(&ada.access).send();
        profile.await.expect(200).json()["full_name"].clone()
    };
    for full_name in ["Augusta Ada King", "Ada Byron"] {
        name().await;
        let form = json!({"full_name": full_name});
        let written = app
            .request(Method::PATCH, "/v1/me")
            .bearer(&ada.access)
            .json(form)
            .send();
        written.await.expect(200);
        assert_eq!(name().await, json!(full_name));
    }
}

#[tokio::test]
async fn sec_s24_no_request_waits_for_mail() {
    let app = TestApp::start().await;
    app.registered("ada@example.com").await;
    let shown = doorward_service::inbox::list(&app.app, None).await.unwrap();
    assert!(
        shown.is_empty(),
        "the request delivered {} messages",
        shown.len()
    );
    assert_eq!(app.mail_to("ada@example.com").await.len(), 1);
}

#[tokio::test]
async fn sec_s24_files_are_bounded_and_a_page_among_them_never_runs() {
    let app = TestApp::with(&[("files.max_size", "1KiB"), ("files.max_count", "1")]).await;
    let ada = app.signed_in("ada@example.com").await;
    let upload = async |name: &str, content: &[u8]| {
        app.post("/api/v1/users/upload-file")
            .bearer(&ada.access)
            .form(Form::file(name, "text/html", content))
            .send()
            .await
            .status
    };
    assert_eq!(upload("page.html", &[b' '; 1025]).await, 413);
    assert_eq!(
        upload("page.html", b"<!doctype html><script>alert(1)</script>").await,
        200
    );
    assert!((400..500).contains(&upload("second.html", b"<p>").await));
    let page = app
        .get("/api/v1/users/download-file/page.html")
        .bearer(&ada.access)
        .send();
    let page = page.await.expect(200);
    assert!(
        page.header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("sandbox")
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}
