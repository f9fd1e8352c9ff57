//! Files in a bucket: as large as they may be, and what happens while the service that has it is away.

use crate::support::{Answer, Form, Person, TestApp};
use doorward_domain::Span;
use doorward_testkit::bucket::Bucket;

const ADA: &str = "ada@example.com";
const MIB: usize = 1024 * 1024;

async fn with(bucket: &Bucket, secret_key: &str, max_size: &str) -> TestApp {
    TestApp::with(&[
        ("files.url", &bucket.url()),
        ("files.s3.endpoint", &bucket.endpoint()),
        ("files.s3.access_key", &bucket.access_key),
        ("files.s3.secret_key", secret_key),
        ("files.max_size", max_size),
    ])
    .await
}

async fn upload(app: &TestApp, ada: &Person, content: &[u8]) -> Answer {
    app.post("/api/v1/users/upload-file")
        .bearer(&ada.access)
        .form(Form::file("file.bin", "", content))
        .send()
        .await
}

async fn download(app: &TestApp, ada: &Person) -> Answer {
    app.get("/api/v1/users/download-file/file.bin")
        .bearer(&ada.access)
        .send()
        .await
}

async fn delete(app: &TestApp, ada: &Person) -> Answer {
    app.delete("/api/v1/users/delete-file/file.bin")
        .bearer(&ada.access)
        .send()
        .await
}

#[track_caller]
fn is_away(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer}");
    assert!(answer.header("retry-after").is_some(), "{answer}");
}

#[tokio::test]
async fn a_file_of_several_parts_comes_back_as_it_was_and_goes() {
    let bucket = Bucket::start();
    let app = with(&bucket, &bucket.secret_key, "12MiB").await;
    let ada = app.signed_in(ADA).await;
    let content: Vec<u8> = (0..=250).cycle().take(11 * MIB).collect();
    upload(&app, &ada, &content).await.expect(200);
    assert_eq!((bucket.objects().len(), bucket.unfinished()), (1, 0));
    let back = download(&app, &ada).await.expect(200);
    assert!(back.body == content, "{} bytes", back.body.len());
    delete(&app, &ada).await.expect(200);
    app.work().await;
    assert!(bucket.objects().is_empty());
}

#[tokio::test]
async fn sec_5_2_4_a_file_that_is_too_large_leaves_no_part_in_the_bucket() {
    let bucket = Bucket::start();
    let app = with(&bucket, &bucket.secret_key, "6MiB").await;
    let ada = app.signed_in(ADA).await;
    upload(&app, &ada, &vec![7; 6 * MIB + 1]).await.expect(413);
    assert_eq!((bucket.objects().len(), bucket.unfinished()), (0, 0));
}

#[tokio::test]
async fn a_bucket_that_is_away_is_503_and_serves_again_when_it_is_back() {
    let bucket = Bucket::start();
    let app = with(&bucket, &bucket.secret_key, "1MiB").await;
    app.expect_faults();
    let ada = app.signed_in(ADA).await;
    upload(&app, &ada, b"before").await.expect(200);
    bucket.stop();
    is_away(&upload(&app, &ada, b"meanwhile").await);
    is_away(&download(&app, &ada).await);
    app.get("/readyz").send().await.expect(200);
    bucket.resume();
    assert_eq!(download(&app, &ada).await.expect(200).text(), "before");
    upload(&app, &ada, b"after").await.expect(200);
    assert_eq!(download(&app, &ada).await.expect(200).text(), "after");
    app.advance(Span::hours(2));
    app.work().await;
    assert_eq!(bucket.objects().len(), 1, "what was replaced is removed");
}

#[tokio::test]
async fn a_file_that_is_deleted_while_the_bucket_is_away_goes_when_it_is_back() {
    let bucket = Bucket::start();
    let app = with(&bucket, &bucket.secret_key, "1MiB").await;
    let ada = app.signed_in(ADA).await;
    upload(&app, &ada, b"hello").await.expect(200);
    bucket.stop();
    delete(&app, &ada).await.expect(200);
    download(&app, &ada).await.expect(404);
    for _ in 0..20 {
        app.work().await;
        app.advance(Span::hours(2));
    }
    bucket.resume();
    assert_eq!(bucket.objects().len(), 1);
    app.advance(Span::hours(2));
    app.work().await;
    assert!(bucket.objects().is_empty());
}

#[tokio::test]
async fn a_start_does_not_wait_for_the_bucket_and_wrong_keys_are_503() {
    let bucket = Bucket::start();
    bucket.stop();
    let app = with(&bucket, "another secret", "1MiB").await;
    app.expect_faults();
    let ada = app.signed_in(ADA).await;
    is_away(&upload(&app, &ada, b"hello").await);
    bucket.resume();
    is_away(&upload(&app, &ada, b"hello").await);
    assert!(bucket.objects().is_empty());
}
