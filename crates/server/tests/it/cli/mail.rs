//! Mail over TLS: it leaves for a server that proves who it is, and for no other.

use super::certificates::{Certificate, KeyKind};
use super::folder::Folder;
use super::serving::Serving;
use doorward_testkit::smtp::Sink;
use serde_json::json;
use std::path::Path;

/// Both ways to TLS, as `mail.tls` names them.
const WAYS: [&str; 2] = ["starttls", "implicit"];

async fn sink(way: &str, certificate: &Certificate) -> Sink {
    if way == "implicit" {
        Sink::with_implicit_tls(&certificate.chain, &certificate.key).await
    } else {
        Sink::with_starttls(&certificate.chain, &certificate.key).await
    }
}

/// Serves with mail to the sink and these authorities trusted, and has a message sent.
async fn written_to(sink: &Sink, way: &str, authorities: &Path) -> (Folder, Serving) {
    let folder = Folder::new()
        .await
        .set("mail.transport", "smtp")
        .set("mail.host", "127.0.0.1")
        .set("mail.port", &sink.address().port().to_string())
        .set("mail.tls", way)
        .set("mail.from", "noreply@example.com")
        .environment("SSL_CERT_FILE", authorities.to_str().unwrap());
    let serving = folder.serve().await;
    let body = json!({"email": "ada@example.com", "password": "correct horse"});
    let (status, body) = serving.post("/api/v1/users", &body).await;
    assert_eq!(status, 201, "{body}");
    (folder, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_leaves_by_starttls_and_by_implicit_tls() {
    let folder = Folder::sqlite();
    let certificate = Certificate::of(&folder, "mail", KeyKind::P256);
    for way in WAYS {
        let sink = sink(way, &certificate).await;
        let _serving = written_to(&sink, way, &certificate.authority).await;
        let messages = sink.wait_for(1).await;
        assert_eq!(messages[0].to, ["ada@example.com"], "{way}");
        assert!(messages[0].data.contains("\r\nSubject: "), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_12_3_2_no_mail_leaves_for_a_server_that_does_not_prove_who_it_is() {
    let folder = Folder::sqlite();
    let other = Certificate::of(&folder, "other", KeyKind::P256);
    let unknown = Certificate::of(&folder, "unknown", KeyKind::P256);
    let elsewhere =
        Certificate::naming(&folder, "elsewhere", KeyKind::P256, "DNS:mail.example.com");
    for way in WAYS {
        for (shown, trusted) in [
            (&unknown, &other.authority),
            (&elsewhere, &elsewhere.authority),
        ] {
            let sink = sink(way, shown).await;
            let (_folder, mut serving) = written_to(&sink, way, trusted).await;
            let refused = async |serving: &Serving| {
                let log = serving.log();
                log.contains("a job failed") && log.contains("invalid peer certificate")
            };
            serving.until("the certificate is refused", refused).await;
            assert_eq!(sink.messages(), [], "{way}");
        }
    }
}
