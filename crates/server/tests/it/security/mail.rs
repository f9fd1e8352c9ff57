//! Mail: one message to exactly the stored address, whatever the address and the text hold.

use crate::support::TestApp;
use doorward_crypto::Entropy;
use doorward_domain::{JobId, Span};
use doorward_server::config::{Config, Origin, Sources, Variable};
use doorward_service::Clock;
use doorward_service::ports::{Mail, Mailer, SendError};
use doorward_testkit::smtp::Sink;
use serde_json::json;
use std::sync::Arc;

fn settings(port: &str) -> [(&'static str, &str); 5] {
    [
        ("mail.transport", "smtp"),
        ("mail.host", "127.0.0.1"),
        ("mail.port", port),
        ("mail.tls", "none"),
        ("mail.from", "noreply@example.com"),
    ]
}

/// The transport alone, as the configuration makes it, with the folder that its service lives in.
async fn mailer(sink: &Sink) -> (Arc<dyn Mailer>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let port = sink.address().port().to_string();
    let mut pairs = settings(&port).to_vec();
    pairs.push(("data_dir", folder.path().to_str().unwrap()));
    let environment = pairs.iter().map(|(setting, value)| {
        let name = format!("DOORWARD_{}", setting.replace('.', "__").to_uppercase());
        Variable {
            origin: Origin::Environment { name: name.clone() },
            name,
            value: (*value).to_owned(),
        }
    });
    let config = Config::load(Sources {
        environment: environment.collect(),
        ..Sources::default()
    })
    .unwrap();
    let doorward = doorward_server::build(&config, Clock::system(), Entropy::os())
        .await
        .unwrap();
    (doorward.couriers.mailer, folder)
}

fn mail(to: &str, text: &str) -> Mail {
    Mail {
        id: JobId::new(Clock::system().now(), Entropy::os().bytes()),
        to: to.to_owned(),
        subject: "Hello".to_owned(),
        text: text.to_owned(),
        html: format!("<p>{text}</p>"),
    }
}

#[tokio::test]
async fn sec_i38_a_message_goes_to_exactly_the_stored_address() {
    let sink = Sink::start().await;
    let port = sink.address().port().to_string();
    let app = TestApp::with(&settings(&port)).await;
    let hostile = [
        "ada@example.com\r\nBcc: eve@evil.example",
        "ada@example.com\nRCPT TO:<eve@evil.example>",
        "ada@example.com, eve@evil.example",
        "ada@example.com; eve@evil.example",
        "ada@example.com>,<eve@evil.example",
        "<ada@example.com> ORCPT=rfc822;eve@evil.example",
        "\"ada eve@evil.example\"@example.com",
        "ada%evil.example@example.com",
        "@evil.example:ada@example.com",
        "ada@[127.0.0.1]",
        "ada(eve@evil.example)@example.com",
        "ada\u{0}@example.com",
        "ada\u{FF20}evil.example@example.com",
        "=?utf-8?q?eve?=@example.com",
        "-oQ/tmp/x@example.com",
        "plain@example.com",
        "O'Hara+tag@example.com",
        "żółw@example.com",
        "ada@bücher.example",
    ];
    let mut accepted = Vec::new();
    for (n, address) in hostile.into_iter().enumerate() {
        let answer = app
            .post("/api/v1/users")
            .json(json!({"email": address, "password": "correct horse"}))
            .from(&super::stranger(n))
            .send()
            .await;
        assert!(matches!(answer.status, 201 | 422), "{address:?}: {answer}");
        if answer.status == 201 {
            accepted.push(answer.field("email"));
        }
    }
    assert!(
        accepted
            .iter()
            .any(|address| address == "plain@example.com")
    );
    app.work().await;
    let messages = sink.messages();
    for message in &messages {
        assert_eq!(message.to.len(), 1, "{message:?}");
        assert!(
            !message.to[0].contains("evil.example") || accepted.contains(&message.to[0]),
            "{message:?}"
        );
        assert!(
            !message.data.to_lowercase().contains("\r\nbcc:"),
            "{message:?}"
        );
    }
    let mut to: Vec<_> = messages
        .iter()
        .map(|message| message.to[0].clone())
        .collect();
    let mut ascii: Vec<_> = accepted
        .into_iter()
        .filter(|address| address.is_ascii())
        .collect();
    to.retain(|address| address.is_ascii() && !address.contains("xn--"));
    to.sort_unstable();
    ascii.sort_unstable();
    assert_eq!(to, ascii);
}

#[tokio::test]
async fn sec_i38_a_hostile_address_that_reached_the_transport_goes_nowhere_else() {
    let sink = Sink::start().await;
    let (mailer, _folder) = mailer(&sink).await;
    for to in [
        "ada@example.com\r\nRCPT TO:<eve@evil.example>",
        "ada@example.com> SIZE=1\r\nDATA\r\n",
        "ada@example.com,eve@evil.example",
        "",
        "ada",
        "ada@example.com\u{0}",
    ] {
        let sent = mailer.send(&mail(to, "hello")).await;
        assert!(
            matches!(sent, Err(SendError::Permanent(_))),
            "{to:?}: {sent:?}"
        );
    }
    assert_eq!(sink.messages(), []);
}

#[tokio::test]
async fn sec_1_3_11_no_text_ends_its_message_early() {
    let sink = Sink::start().await;
    let (mailer, _folder) = mailer(&sink).await;
    let smuggled =
        "MAIL FROM:<evil@evil.example>\r\nRCPT TO:<eve@evil.example>\r\nDATA\r\nsmuggled\r\n.\r\n";
    let texts: Vec<_> = [
        "\r.\r",
        "\n.\n",
        "\r\n.\r\n",
        "\r\n.\n",
        "\n.\r\n",
        "\r.\r\n",
        "\r\n.\r",
        "\u{0}\r\n.\r\n",
    ]
    .into_iter()
    .map(|end| format!("before{end}{smuggled}"))
    .collect();
    for text in &texts {
        mailer.send(&mail("ada@example.com", text)).await.unwrap();
    }
    let messages = sink.wait_for(texts.len()).await;
    assert_eq!(messages.len(), texts.len());
    for message in messages {
        assert_eq!(
            (message.from.as_str(), message.to),
            ("noreply@example.com", vec!["ada@example.com".to_owned()])
        );
    }
}

#[tokio::test]
async fn sec_1_3_11_a_subject_stays_one_header() {
    let sink = Sink::start().await;
    let (mailer, _folder) = mailer(&sink).await;
    let mut mail = mail("ada@example.com", "hello");
    mail.subject = "Hello\r\nBcc: eve@evil.example\r\n\r\nbody".to_owned();
    if mailer.send(&mail).await.is_ok() {
        let message = sink.wait_for(1).await.remove(0);
        assert_eq!(message.to, ["ada@example.com"]);
        let head = message
            .data
            .split("\r\n\r\n")
            .next()
            .unwrap()
            .to_lowercase();
        assert!(!head.lines().any(|line| line.starts_with("bcc:")), "{head}");
    }
}

#[tokio::test]
async fn sec_1_3_7_template_syntax_in_a_name_is_text() {
    let app = TestApp::with(&[("server.name", "{{ 7*7 }} {% raw %} <b>Door</b>")]).await;
    app.registered("ada@example.com").await;
    let message = app.mail_to("ada@example.com").await.remove(0);
    assert!(
        format!("{}{}", message.subject, message.text).contains("{{ 7*7 }} {% raw %} <b>Door</b>"),
        "{}",
        message.text
    );
    assert!(
        !message.html.contains("<b>Door</b>") && message.html.contains("{{ 7*7 }}"),
        "{}",
        message.html
    );
}

#[tokio::test]
async fn sec_12_3_1_a_server_without_tls_gets_no_mail_unless_it_is_told_so() {
    let sink = Sink::start().await;
    let port = sink.address().port().to_string();
    let mut pairs = settings(&port).to_vec();
    pairs.retain(|(name, _)| *name != "mail.tls");
    let app = TestApp::with(&pairs).await;
    app.registered("ada@example.com").await;
    app.work().await;
    assert_eq!(sink.messages(), []);
}

#[tokio::test]
async fn sec_14_2_7_a_code_that_has_ended_is_not_mailed() {
    let sink = Sink::start().await;
    let port = sink.address().port().to_string();
    let app = TestApp::with(&settings(&port)).await;
    app.registered("ada@example.com").await;
    app.advance(Span::minutes(11));
    app.work().await;
    assert_eq!(sink.messages(), []);
}
