//! `--files`: the files that the service with e-mailed codes kept.

use super::*;
use crate::cli::serving::answer;
use doorward_testkit::bucket::Bucket;

fn bucket() -> tempfile::TempDir {
    let bucket = tempfile::tempdir().unwrap();
    for (path, bytes) in [
        ("1/hello.txt", &b"hello"[..]),
        ("1/cat.png", b"\x89PNG\r\n\x1a\n...."),
        ("1/a b.txt", b"blank"),
        ("2/other.txt", b"other"),
        ("99/nobody.txt", b"nobody"),
    ] {
        let path = bucket.path().join("user-files").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    bucket
}

async fn service() -> Service {
    let rows = format!(
        "(1, 'ada@example.com', NULL, '{HASH}', NULL, true), \
         (2, 'grace@example.com', NULL, '{HASH}', NULL, true), \
         (3, 'joan@example.com', NULL, '{HASH}', NULL, true)"
    );
    Service::with(Family::Verified, &rows).await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_move_once_with_their_users() {
    let (service, bucket, folder) = (service().await, bucket(), Folder::new().await);
    let from = format!("file:{}", bucket.path().display());
    let report = service
        .import(&folder, &["--files", &from, "--json"])
        .done()
        .json();
    assert_eq!(
        report["files"],
        json!({"copied": 4, "kept": 0, "not_taken": []})
    );
    let serving = folder.serve().await;
    let tokens = serving.sign_in("ada@example.com", PASSWORD).await;
    let token = tokens["access_token"].as_str().unwrap();
    let get = |name: &str| {
        serving
            .get(&format!("/api/v1/users/download-file/{name}"))
            .bearer_auth(token)
    };
    let hello = get("hello.txt").send().await.unwrap();
    assert_eq!(hello.status(), 200);
    assert_eq!(hello.bytes().await.unwrap(), "hello");
    let cat = get("cat.png").send().await.unwrap();
    assert_eq!(cat.headers()["content-type"], "image/png");
    assert_eq!(get("a%20b.txt").send().await.unwrap().status(), 200);
    assert_eq!(answer(get("other.txt")).await.0, 404, "somebody else's");

    let delete = serving.request(
        reqwest::Method::DELETE,
        "/api/v1/users/delete-file/hello.txt",
    );
    assert_eq!(answer(delete.bearer_auth(token)).await.0, 200);
    let again = service
        .import(&folder, &["--files", &from, "--json"])
        .done()
        .json();
    assert_eq!(
        again["files"],
        json!({"copied": 0, "kept": 4, "not_taken": []})
    );
    assert_eq!(
        answer(get("hello.txt")).await.0,
        404,
        "what its user deleted stays deleted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_kept_are_told_and_a_rehearsal_copies_none() {
    let (service, bucket) = (service().await, bucket());
    std::fs::create_dir(bucket.path().join("user-files/2/deep")).unwrap();
    let folder = Folder::new().await.set("files.max_size", "4");
    folder.serve().await.stop().await;
    let from = format!("file:{}", bucket.path().display());
    let rehearsed = service.half_imported(&folder, &["--files", &from, "--dry-run"]);
    assert_eq!(rehearsed["files"]["copied"], 4);
    assert_eq!(
        rehearsed["files"]["not_taken"][0]["id"],
        "user-files/2/deep/"
    );
    let report = service.half_imported(&folder, &["--files", &from]);
    assert_eq!(
        (&report["taken"], &report["files"]["copied"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(report["files"]["not_taken"].as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_move_out_of_the_bucket_itself() {
    let (service, bucket) = (service().await, Bucket::start());
    for (key, bytes) in [
        ("user-files/1/hello.txt", &b"hello"[..]),
        ("user-files/1/a b~%41.txt", b"odd"),
        ("user-files/2/deep/down.txt", b"deep"),
        ("user-files/99/nobody.txt", b"nobody"),
        ("elsewhere/1/hello.txt", b"no user's"),
    ] {
        bucket.keep(key, bytes);
    }
    let folder = Folder::new()
        .await
        .set("files.s3.endpoint", &bucket.endpoint())
        .set("files.s3.access_key", &bucket.access_key)
        .set("files.s3.secret_key", &bucket.secret_key);
    let from = bucket.url();
    let report = service.half_imported(&folder, &["--files", &from]);
    assert_eq!(report["files"]["copied"], 2, "{report}");
    assert_eq!(report["files"]["not_taken"][0]["id"], "user-files/2/deep/");
    assert_eq!(bucket.objects().len(), 5, "nothing is written to it");
    let again = service.half_imported(&folder, &["--files", &from]);
    assert_eq!(
        (&again["files"]["copied"], &again["files"]["kept"]),
        (&json!(0), &json!(2))
    );
    let serving = folder.serve().await;
    let tokens = serving.sign_in("ada@example.com", PASSWORD).await;
    for (name, content) in [("hello.txt", "hello"), ("a%20b~%2541.txt", "odd")] {
        let path = format!("/api/v1/users/download-file/{name}");
        let token = tokens["access_token"].as_str().unwrap();
        let file = serving.get(&path).bearer_auth(token).send().await.unwrap();
        assert_eq!(file.status(), 200, "{name}");
        assert_eq!(file.bytes().await.unwrap(), content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_cannot_be_read_is_said_before_anything_is_taken() {
    let (service, bucket) = (service().await, Bucket::start());
    let folder = Folder::sqlite()
        .set("files.s3.endpoint", &bucket.endpoint())
        .set("files.s3.access_key", &bucket.access_key)
        .set("files.s3.secret_key", "canary-2 canary-2");
    let outcome = service
        .import(&folder, &["--files", &bucket.url()])
        .refused();
    let said = outcome.complaint();
    assert!(
        said.contains("SignatureDoesNotMatch") && said.contains("files.s3"),
        "{said}"
    );
    assert!(!said.contains("canary"), "{said}");
    assert!(!folder.path("doorward-data/doorward.db").exists());
}
