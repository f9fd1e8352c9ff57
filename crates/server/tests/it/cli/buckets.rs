//! Files in a bucket, for the binary: a doctor's look at it, a start without it, and what it is told from.

use super::folder::Folder;
use doorward_testkit::bucket::Bucket;

fn in_bucket(bucket: &Bucket) -> Folder {
    let endpoint = bucket.endpoint();
    Folder::sqlite()
        .environment("MINIO_ENDPOINT", endpoint.trim_start_matches("http://"))
        .environment("MINIO_BUCKET_NAME", "doorward-test")
        .environment("MINIO_ACCESS_KEY", &bucket.access_key)
        .environment("MINIO_SECRET_KEY", &bucket.secret_key)
}

fn words(folder: &Folder) -> (String, String) {
    let checks = folder.run(&["doctor", "--json"]).json();
    let checks = checks.as_array().unwrap();
    let files = checks
        .iter()
        .find(|check| check["name"] == "files")
        .unwrap();
    let text = |name: &str| files[name].as_str().unwrap().to_owned();
    (text("state"), text("words"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_writes_into_the_bucket_and_reads_it_back() {
    let bucket = Bucket::start();
    let (state, said) = words(&in_bucket(&bucket));
    assert_eq!(state, "good", "{said}");
    assert!(said.contains("s3://doorward-test"), "{said}");
    assert!(bucket.objects().is_empty(), "nothing is left behind");

    let wrong = in_bucket(&bucket).set("files.s3.secret_key", "canary-2 canary-2");
    let (state, said) = words(&wrong);
    assert_eq!(state, "broken", "{said}");
    assert!(
        said.contains("SignatureDoesNotMatch") && said.contains("files.s3"),
        "{said}"
    );
    assert!(!said.contains("canary"), "{said}");

    bucket.stop();
    let (state, said) = words(&in_bucket(&bucket));
    assert!(state == "broken" && said.contains("refused"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_writes_into_the_folder_for_files() {
    let folder = Folder::sqlite();
    std::fs::create_dir_all(folder.path("doorward-data/files")).unwrap();
    let (state, said) = words(&folder);
    assert!(state == "good" && said.contains("files"), "{said}");
    assert_eq!(
        std::fs::read_dir(folder.path("doorward-data/files"))
            .unwrap()
            .count(),
        0
    );
    let taken = Folder::sqlite()
        .with_file("files", "no folder")
        .set("files.url", "file:files");
    assert_eq!(words(&taken).0, "broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_without_its_bucket() {
    let bucket = Bucket::start();
    bucket.stop();
    let serving = in_bucket(&bucket).serve().await;
    assert_eq!(serving.get("/readyz").send().await.unwrap().status(), 200);
    serving.stop().await;
}
