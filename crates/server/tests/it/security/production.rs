//! Production: no development aid, nothing of the inside, plain HTTP as it was decided.

use crate::cli::folder::Folder;
use crate::support::{Form, TestApp};
use serde_json::json;

const PRODUCTION: [(&str, &str); 3] = [
    ("mode", "production"),
    ("server.public_url", "https://auth.example.com"),
    ("mail.transport", "none"),
];

async fn production(more: &[(&str, &str)]) -> TestApp {
    let mut settings = PRODUCTION.to_vec();
    settings.extend_from_slice(more);
    TestApp::with(&settings).await
}

#[tokio::test]
async fn sec_13_4_2_production_serves_no_development_aid() {
    let app = production(&[]).await;
    for path in [
        "/dev/inbox",
        "/dev/inbox?to=ada%40example.com",
        "/dev",
        "/debug",
        "/.git/HEAD",
        "/.env",
        "/doorward.toml",
        "/doorward-data/master.key",
    ] {
        for host in ["auth.example.com", "127.0.0.1:8000", "localhost"] {
            let answer = app.get(path).header("host", host).send().await;
            assert_eq!(
                answer.expect(404).json(),
                json!({"detail": "Not Found"}),
                "{path}"
            );
        }
    }
    app.delete("/dev/inbox")
        .header("host", "127.0.0.1:8000")
        .send()
        .await
        .expect(404);
}

#[tokio::test]
async fn sec_13_4_5_production_opens_docs_and_metrics_by_name_alone() {
    let app = production(&[]).await;
    for path in [
        "/docs",
        "/redoc",
        "/openapi.json",
        "/api/v1/openapi.json",
        "/metrics",
    ] {
        app.get(path).send().await.expect(404);
    }
    let app = production(&[("api.docs", "true")]).await;
    for path in ["/docs", "/redoc", "/openapi.json"] {
        app.get(path).send().await.expect(200);
    }
    app.get("/metrics").send().await.expect(404);
}

#[tokio::test]
async fn sec_13_4_7_only_built_in_assets_are_served() {
    let app = TestApp::start().await;
    for path in [
        "/assets/",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e",
        "/assets/.htaccess",
        "/static/",
        "/docs/..%2f..%2fetc%2fpasswd",
        "/docs/../Cargo.toml",
    ] {
        let answer = app.get(path).send().await;
        assert_eq!(answer.status, 404, "{path}: {answer}");
    }
}

#[tokio::test]
async fn sec_4_1_2_where_plain_http_is_refused_only_probes_and_near_peers_are_answered() {
    let app = production(&[
        ("server.plain_http", "refuse"),
        ("server.trusted_proxies", "10.0.0.0/8"),
    ])
    .await;
    let refused = app
        .post("/api/login")
        .json(json!({"login": "nobody", "password": "Wrong guess 1"}))
        .from("198.51.100.1")
        .send()
        .await
        .expect(403);
    assert!(refused.field("detail").contains("server.plain_http"));
    for probe in ["/livez", "/readyz", "/health", "/api/v1/health"] {
        app.get(probe).from("198.51.100.1").send().await.expect(200);
    }
    let login = || {
        app.post("/api/login")
            .json(json!({"login": "nobody", "password": "Wrong guess 1"}))
    };
    login().from("127.0.0.1").send().await.expect(401);
    login()
        .from("10.0.0.1")
        .header("x-forwarded-for", "198.51.100.1")
        .header("x-forwarded-proto", "https")
        .send()
        .await
        .expect(401);
    login()
        .from("198.51.100.1")
        .header("x-forwarded-proto", "https")
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn sec_12_2_1_by_default_plain_http_is_noticed() {
    let app = production(&[]).await;
    app.get("/api/profile")
        .from("198.51.100.1")
        .send()
        .await
        .expect(403);
    let ready = app.get("/readyz").send().await.expect(200).json();
    assert_eq!(ready["status"], "ok");
    assert!(
        ready["notices"].to_string().to_lowercase().contains("http"),
        "{ready}"
    );
}

#[tokio::test]
async fn sec_13_4_2_a_development_server_is_not_opened_to_the_network_by_accident() {
    let folder = Folder::sqlite();
    for bind in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let outcome = folder.run(&["serve", "--bind", bind]).refused();
        assert!(
            outcome.stderr.contains("--expose-development"),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn sec_16_5_1_a_fault_in_production_tells_its_request_id_alone() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("canary-folder");
    let app = production(&[("files.url", &format!("file:{}", files.display()))]).await;
    app.expect_faults();
    let bob = app.member("bob").await;
    let upload = || {
        app.post("/api/v1/users/upload-file")
            .bearer(&bob.access)
            .form(Form::file("a.txt", "text/plain", b"hello"))
    };
    upload().send().await.expect(200);
    // The folder for files is gone, and something else stands in its place.
    std::fs::remove_dir_all(&files).unwrap();
    std::fs::write(&files, "no folder").unwrap();
    let answer = upload().send().await;
    assert!(matches!(answer.status, 500 | 503), "{answer}");
    assert_eq!(answer.members(), ["detail", "request_id"]);
    let reason = if answer.status == 500 {
        "Internal Server Error"
    } else {
        "Service Unavailable"
    };
    assert_eq!(
        (
            answer.field("detail").as_str(),
            Some(answer.field("request_id").as_str())
        ),
        (reason, answer.header("x-request-id"))
    );
}

#[tokio::test]
async fn sec_13_4_3_no_folder_is_listed() {
    let app = TestApp::start().await;
    for path in [
        "/assets",
        "/assets/",
        "/docs/swagger-ui/",
        "/redoc/static/",
        "/files/",
        "/doorward-data/",
        "/user-files/",
        "/dev/",
        "/.well-known/",
        "/utils/",
        "/api/v1/users/download-file/",
    ] {
        let answer = app.get(path).send().await;
        assert_eq!(answer.status, 404, "{path}: {answer}");
    }
}
