//! What one setting demands of itself and of others, told before anything starts.

use super::*;

#[test]
fn postgresql_needs_a_master_key_in_every_mode() {
    let url = (
        "DATABASE_URL",
        "postgresql+asyncpg://ada:lovelace1815@db/auth",
    );
    assert!(problems(environment(&[url]))[0].contains("master_key"));
    assert_eq!(
        problems(environment(&[url, ("DOORWARD_MASTER_KEY", KEY)])),
        [""; 0]
    );
    assert!(problems(environment(&[url, ("DOORWARD_MASTER_KEY", "c2hvcnQ=")]))[0].contains("32"));
}

#[test]
fn hs256_takes_families_that_promise_no_public_key() {
    let key = ("SECRET_KEY", "0123456789abcdef0123456789abcdef");
    let config = Config::load(environment(&[("ALGORITHM", "HS256"), key])).unwrap();
    assert_eq!(config.all.text("tokens.algorithm"), Some("RS256"));
    assert_eq!(config.warnings.len(), 1);
    let families = ("DOORWARD_API__FAMILIES", "session,verified");
    let config = Config::load(environment(&[("ALGORITHM", "HS256"), key, families])).unwrap();
    assert_eq!(config.all.text("tokens.algorithm"), Some("HS256"));
    assert!(
        config.warnings[0].contains("forge"),
        "{:?}",
        config.warnings
    );
    assert_eq!(
        problems(environment(&[("JWT_ALGORITHM", "HS256"), key])).len(),
        1
    );
}

#[test]
fn a_provider_needs_a_name_an_issuer_and_clients() {
    let issuer = "DOORWARD_FEDERATION__OKTA__ISSUER";
    let clients = ("DOORWARD_FEDERATION__OKTA__CLIENT_IDS", "door,door-app");
    let keys = "DOORWARD_FEDERATION__OKTA__JWKS_URI";
    let good = (issuer, "https://okta.example.com/oauth2/");
    for pairs in [
        &[("DOORWARD_FEDERATION__GOOGLE__CLIENT_IDS", "door")][..],
        &[("DOORWARD_FEDERATION__APPLE__CLIENT_IDS", "door")],
        &[good, clients],
        &[
            (issuer, "http://127.0.0.1:9000"),
            clients,
            (keys, "http://localhost:9000/keys"),
        ],
        // Nobody's clients are accepted, so that there is no such provider.
        &[("DOORWARD_FEDERATION__GOOGLE__CLIENT_IDS", "[]")],
    ] {
        assert_eq!(problems(environment(pairs)), [""; 0], "{pairs:?}");
    }
    for (pairs, word) in [
        (&[clients][..], "federation.okta.issuer"),
        (&[good], "federation.okta.client_ids"),
        (&[(issuer, "http://okta.example.com"), clients], "no https"),
        (&[(issuer, "okta"), clients], "no https"),
        (
            &[(issuer, "https://ada:secret@okta.example.com"), clients],
            "no https",
        ),
        (
            &[good, clients, (keys, "http://okta.example.com/keys")],
            "no https",
        ),
        (
            &[("DOORWARD_FEDERATION__GOOGLE__REQUIRE_NONCE", "true")],
            "client_ids",
        ),
    ] {
        let found = problems(environment(pairs));
        assert!(
            found.len() == 1 && found[0].contains(word),
            "{pairs:?}: {found:?}"
        );
        assert!(!found[0].contains("secret"), "{found:?}");
    }
    for name in ["Okta", "okta corp", &"o".repeat(33)] {
        let text = format!(
            "[federation.\"{name}\"]\nissuer = \"https://o.example\"\nclient_ids = [\"x\"]\n"
        );
        let found = problems(file(&text));
        assert!(
            found.len() == 1 && found[0].contains("no name of a provider"),
            "{found:?}"
        );
    }
    let kept =
        "[federation.okta]\nissuer = \"https://okta.example.com/oauth2/\"\nclient_ids = [\"x\"]\n";
    assert_eq!(
        value(file(kept), "federation.okta.issuer").0,
        "https://okta.example.com/oauth2/"
    );
}

#[test]
fn a_provider_of_sms_is_reached_over_tls_with_headers_that_are_headers() {
    let url = ("DOORWARD_SMS__URL", "https://sms.example.com/messages");
    let headers = r#"{"Authorization": "Bearer canary-1", "X-Account": "7"}"#;
    let mut sources = environment(&[url, ("DOORWARD_SMS__HEADERS", headers)]);
    sources
        .environment
        .push(variable("DOORWARD_SMS__BODY", r#"{"to": "{{ to }}"}"#));
    let config = Config::load(sources).unwrap();
    let provider = config.sms().unwrap();
    assert_eq!((provider.url.as_str(), provider.headers.len()), (url.1, 2));
    assert_eq!(provider.body.as_deref(), Some(r#"{"to": "{{ to }}"}"#));
    let told = format!("{:?} {config:?} {provider:?}", shown(&config));
    assert!(!told.contains("canary"), "{told}");
    assert!(Config::load(Sources::default()).unwrap().sms().is_none());
    let table = "[sms]\nurl = \"https://sms.example.com\"\nheaders = { Authorization = \"x\" }\n";
    assert_eq!(problems(file(table)), [""; 0]);
    for (name, bad) in [
        ("DOORWARD_SMS__URL", "ftp://sms.example.com"),
        ("DOORWARD_SMS__HEADERS", r#"{"no header": "x"}"#),
        ("DOORWARD_SMS__HEADERS", "{\"X-Lines\": \"a\\nb\"}"),
        ("DOORWARD_SMS__HEADERS", "Authorization: x"),
        ("DOORWARD_SMS__BODY", "to={{ to }}"),
        ("DOORWARD_SMS__BODY", r#"{"to": "{{ number }}"}"#),
    ] {
        assert_eq!(
            problems(environment(&[(name, bad)])).len(),
            1,
            "{name}={bad}"
        );
    }
    let plain = Config::load(environment(&[("SMS_API_URL", "http://sms.example.com")])).unwrap();
    assert!(
        plain.warnings[0].contains("in the clear"),
        "{:?}",
        plain.warnings
    );
}

#[test]
fn a_link_to_a_new_password_is_good_for_a_day_at_most() {
    let link = |lifetime| {
        problems(environment(&[(
            "DOORWARD_LINKS__RESET__LIFETIME",
            lifetime,
        )]))
    };
    assert_eq!(link("24h"), [""; 0]);
    assert!(link("25h")[0].contains("longer than a day"));
    assert!(link("0s")[0].contains("no time at all"));
}

#[test]
fn keys_are_looked_at_before_anything_starts() {
    let key = |algorithm| doorward_crypto::SigningKey::generate(algorithm).unwrap();
    let private = |key: &doorward_crypto::SigningKey| {
        use base64::Engine as _;
        let body = base64::engine::general_purpose::STANDARD.encode(key.to_pkcs8_der().as_slice());
        format!("-----BEGIN PRIVATE KEY-----\\n{body}\\n-----END PRIVATE KEY-----\\n")
    };
    let (one, other) = (
        key(doorward_crypto::Algorithm::Es256),
        key(doorward_crypto::Algorithm::Es256),
    );
    let check = |algorithm: &str, private: &str, public: &str| {
        let pairs = [
            ("JWT_ALGORITHM", algorithm),
            ("PRIVATE_KEY", private),
            ("PUBLIC_KEY", public),
        ];
        problems(environment(&pairs))
    };
    assert_eq!(
        check("ES256", &private(&one), &one.public().to_pem()),
        [""; 0]
    );
    for (found, word) in [
        (
            check("ES256", &private(&one), &other.public().to_pem()),
            "no pair",
        ),
        (
            check("RS256", &private(&one), &one.public().to_pem()),
            "cannot be used with RS256",
        ),
        (
            check("ES256", "keys/nothing.pem", &one.public().to_pem()),
            "neither PEM nor the path",
        ),
        (
            check("ES256", &private(&one), "keys/nothing.pem"),
            "neither PEM nor the path",
        ),
    ] {
        assert!(found.len() == 1 && found[0].contains(word), "{found:?}");
    }
}

#[test]
fn settings_that_do_not_go_together_are_named() {
    for (pairs, word) in [
        (&[("SSL_CERTFILE", "cert.pem")][..], "server.tls.key_file"),
        (&[("API_V1_STR", "/v1")], "belongs to another part"),
        (&[("API_V1_STR", "/api/login")], "belongs to another part"),
        (&[("API_V1_STR", "api/v1/")], "no path"),
        (
            &[("BACKEND_CORS_ORIGINS", "https://a.example/")],
            "no origin",
        ),
        (
            &[
                ("EMAIL_OTP_LENGTH", "4"),
                ("DOORWARD_CODES__VERIFY__UNIQUE_DIGITS", "5"),
            ],
            "unique_digits",
        ),
        (
            &[
                ("SMTP_HOST", "mail.example.com"),
                ("MAIL_FROM", "a@example.com"),
                ("DOORWARD_MAIL__TLS", "none"),
            ],
            "in the clear",
        ),
        (
            &[
                ("SMTP_HOST", "mail.example.com"),
                ("MAIL_FROM", "Ada <a@example.com>"),
            ],
            "no e-mail address",
        ),
        (
            &[
                ("REDIS_HOST", "cache"),
                ("DOORWARD_REDIS__URL", "http://cache"),
            ],
            "redis.url",
        ),
        (&[("DOORWARD_FILES__URL", "s3:bucket")], "neither a folder"),
        (&[("DOORWARD_FILES__URL", "file:")], "neither a folder"),
        (
            &[("DOORWARD_FILES__S3__SECRET_KEY", "abcdefgh12345678")],
            "files.s3.access_key",
        ),
        (
            &[("DOORWARD_FILES__S3__ENDPOINT", "http://minio:9000")],
            "the keys to it",
        ),
        (
            &[
                ("DOORWARD_FILES__S3__ENDPOINT", "http://minio:9000/files"),
                ("DOORWARD_FILES__S3__ACCESS_KEY", "doorward"),
                ("DOORWARD_FILES__S3__SECRET_KEY", "abcdefgh12345678"),
            ],
            "no address of a service",
        ),
        (&[("DATABASE_URL", "mysql://db/x")], "names no database"),
    ] {
        let found = problems(environment(pairs));
        assert!(
            found.len() == 1 && found[0].contains(word),
            "{pairs:?}: {found:?}"
        );
    }
}

#[test]
fn sec_12_3_1_files_in_the_clear_stay_in_a_private_network() {
    let said = |endpoint: &str, more: &[(&str, &str)]| {
        let mut pairs = vec![
            ("DOORWARD_FILES__URL", "s3://auth-files"),
            ("DOORWARD_FILES__S3__ENDPOINT", endpoint),
            ("DOORWARD_FILES__S3__ACCESS_KEY", "doorward"),
            ("DOORWARD_FILES__S3__SECRET_KEY", "abcdefgh12345678"),
        ];
        pairs.extend(more);
        let (warned, refused) = match Config::load(environment(&pairs)) {
            Ok(config) => (config.warnings, Vec::new()),
            Err(problems) => (
                Vec::new(),
                problems.0.iter().map(ToString::to_string).collect(),
            ),
        };
        let of_files = |lines: &[String]| lines.iter().any(|line| line.contains("files.s3"));
        (of_files(&warned), of_files(&refused))
    };
    let production = [
        ("DOORWARD_MODE", "production"),
        ("DOORWARD_SERVER__PUBLIC_URL", "https://auth.example.com"),
        ("DOORWARD_MAIL__TRANSPORT", "none"),
    ];
    let strict = [("DOORWARD_PROFILE", "strict")];
    for (endpoint, warned, refused) in [
        ("http://files.example.com", true, true),
        ("https://files.example.com", false, false),
        ("http://minio:9000", false, false),
        ("http://10.0.0.1:9000", false, false),
    ] {
        assert_eq!(said(endpoint, &production), (warned, false), "{endpoint}");
        assert_eq!(said(endpoint, &strict).1, refused, "{endpoint}");
        assert_eq!(said(endpoint, &[]), (false, false), "{endpoint}");
    }
}
