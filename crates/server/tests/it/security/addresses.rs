//! Names and addresses come from the configuration and the peer, never from what a request claims.

use super::{STEADY, count};
use crate::support::{Request, TestApp};
use doorward_service::inbox::Message;
use serde_json::json;

/// What a hostile client says about where it is and what it talks to.
const HOSTILE: [(&str, &str); 11] = [
    ("host", "evil.example"),
    ("forwarded", "for=1.2.3.4;host=evil.example;proto=https"),
    ("x-forwarded-for", "1.2.3.4"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "gopher"),
    ("x-forwarded-port", "6666"),
    ("x-forwarded-server", "evil.example"),
    ("x-host", "evil.example"),
    ("x-original-url", "/dev/inbox"),
    ("x-rewrite-url", "/dev/inbox"),
    ("x-real-ip", "1.2.3.4"),
];

fn hostile(request: Request) -> Request {
    HOSTILE.iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    })
}

#[tokio::test]
async fn sec_i02_what_a_request_says_about_hosts_reaches_no_mail() {
    let app = TestApp::with(&[("api.verified.disclose_existence", "false")]).await;
    let register = |email: &str| {
        app.post("/api/v1/users")
            .json(json!({"email": email, "password": "correct horse"}))
    };
    hostile(register("ada@example.com"))
        .send()
        .await
        .expect(201);
    register("bob@example.com").send().await.expect(201);
    for email in ["ada@example.com", "bob@example.com"] {
        // The notice that somebody tried, and a second code from another network.
        hostile(register(email))
            .from("198.51.100.1")
            .send()
            .await
            .expect(201);
        hostile(
            app.post("/api/v1/auth/send-otp")
                .json(json!({"email": email})),
        )
        .from("203.0.113.2")
        .send()
        .await
        .expect(200);
    }
    let (hers, his) = (
        app.mail_to("ada@example.com").await,
        app.mail_to("bob@example.com").await,
    );
    assert_eq!((hers.len(), his.len()), (3, 3));
    let texts = |mail: &[Message]| {
        let mut texts: Vec<String> = mail
            .iter()
            .map(|message| {
                message
                    .text
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .collect()
            })
            .collect();
        texts.sort_unstable();
        texts
    };
    assert_eq!(texts(&hers), texts(&his));
    for ours in hers.iter().chain(&his) {
        for part in [&ours.subject, &ours.text, &ours.html] {
            assert!(
                !part.contains("evil") && !part.contains("gopher") && !part.contains("6666"),
                "{part}"
            );
        }
    }
}

#[tokio::test]
async fn sec_i02_what_a_request_says_about_hosts_reaches_no_token() {
    let app = TestApp::with(&[("server.public_url", "http://127.0.0.1:8123")]).await;
    let ada = app.verified("ada@example.com").await;
    let login = app
        .post("/api/v1/auth/login")
        .json(json!({"email": ada.email, "password": ada.password}));
    let tokens = hostile(login).send().await.expect(200).json();
    let (_, claims) = super::forgery::open(tokens["access_token"].as_str().unwrap());
    assert_eq!(
        claims["iss"].as_str().unwrap().trim_end_matches('/'),
        "http://127.0.0.1:8123"
    );
}

#[tokio::test]
async fn sec_i27_an_untrusted_peer_has_one_limit_whatever_it_claims() {
    let app = TestApp::with(&STEADY).await;
    let mut answers = Vec::new();
    for n in 0..14 {
        let claimed = format!("203.0.113.{n}");
        let request = app
            .post("/api/v1/auth/login")
            .json(json!({"email": format!("{n}@example.com"), "password": "wrong guess"}));
        let request = request
            .header("x-forwarded-for", &claimed)
            .header("x-real-ip", &claimed)
            .header("forwarded", &format!("for={claimed}"));
        answers.push(request.send().await);
    }
    assert_eq!((count(&answers, 400), count(&answers, 429)), (10, 4));
}

#[tokio::test]
async fn sec_s16_clients_behind_a_trusted_proxy_have_limits_of_their_own() {
    let app = TestApp::with(&[
        ("server.trusted_proxies", "192.0.2.0/24"),
        ("rate_limit.named.login", "10/day"),
    ])
    .await;
    let guess = |claimed: &str| {
        let request = app
            .post("/api/v1/auth/login")
            .json(json!({"email": "nobody@example.com", "password": "wrong guess"}));
        request.header("x-forwarded-for", claimed)
    };
    // One client that invents hops in front of its own address stays one client.
    let mut answers = Vec::new();
    for n in 0..12 {
        let request = app
            .post("/api/v1/auth/login")
            .json(json!({"email": format!("{n}@example.com"), "password": "wrong guess"}));
        answers.push(
            request
                .header("x-forwarded-for", &format!("10.9.9.{n}, 203.0.113.7"))
                .send()
                .await,
        );
    }
    assert_eq!((count(&answers, 400), count(&answers, 429)), (10, 2));
    guess("203.0.113.8").send().await.expect(400);
}

#[tokio::test]
async fn sec_15_3_4_an_ipv6_client_is_its_64() {
    let app = TestApp::with(&STEADY).await;
    let mut answers = Vec::new();
    for n in 0..12 {
        let request = app
            .post("/api/v1/auth/login")
            .json(json!({"email": format!("{n}@example.com"), "password": "wrong guess"}));
        answers.push(request.from(&format!("2001:db8:1:2:{n:x}::7")).send().await);
    }
    assert_eq!((count(&answers, 400), count(&answers, 429)), (10, 2));
    let neighbour = app
        .post("/api/v1/auth/login")
        .json(json!({"email": "n@example.com", "password": "wrong guess"}));
    neighbour.from("2001:db8:1:3::7").send().await.expect(400);
}

#[tokio::test]
async fn sec_15_3_4_an_ipv4_address_that_is_mapped_into_ipv6_is_the_same_client() {
    let app = TestApp::with(&STEADY).await;
    let mut answers = Vec::new();
    for n in 0..12 {
        let request = app
            .post("/api/v1/auth/login")
            .json(json!({"email": format!("{n}@example.com"), "password": "wrong guess"}));
        answers.push(
            request
                .from(if n % 2 == 0 {
                    "198.51.100.7"
                } else {
                    "::ffff:198.51.100.7"
                })
                .send()
                .await,
        );
    }
    assert_eq!((count(&answers, 400), count(&answers, 429)), (10, 2));
}

#[tokio::test]
async fn sec_i27_a_request_id_is_taken_from_trusted_peers_alone() {
    let app = TestApp::with(&[("server.trusted_proxies", "192.0.2.1/32")]).await;
    let ask = |from: &str, id: &str| app.get("/livez").header("x-request-id", id).from(from);
    let near = ask("192.0.2.1", "from-the-proxy").send().await;
    assert_eq!(near.header("x-request-id"), Some("from-the-proxy"));
    let far = ask("198.51.100.1", "from-a-stranger").send().await;
    assert_ne!(far.header("x-request-id"), Some("from-a-stranger"));
    for hostile in ["two words", "<script>", "a\u{e9}", &"x".repeat(500)] {
        let answer = ask("192.0.2.1", hostile).send().await;
        assert_ne!(answer.header("x-request-id"), Some(hostile));
    }
}
