//! The documented names as their services would be given them.

use super::*;
use crate::config::{Config, Sources, shown};

fn variables(pairs: &[(&str, &str)]) -> Vec<Variable> {
    let variable = |(name, value): &(&str, &str)| Variable {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
        origin: Origin::Environment {
            name: (*name).to_owned(),
        },
    };
    pairs.iter().map(variable).collect()
}

fn layer(pairs: &[(&str, &str)]) -> Layer {
    let here = variables(pairs);
    let mut layer = Layer::default();
    read(&mut layer, &Names::new(&here, &[]));
    layer
}

fn set<'l>(layer: &'l Layer, name: &str) -> &'l str {
    match &layer.entries[name].value {
        Value::Text(text) => text,
        value => exposed(value).unwrap(),
    }
}

#[test]
fn every_row_names_a_setting() {
    assert!(ROWS.iter().all(|row| table::find(row.setting).is_some()));
    assert!(
        TOGETHER
            .iter()
            .all(|(setting, _)| table::find(setting).is_some())
    );
}

#[test]
fn a_database_is_made_of_its_parts() {
    let parts = [
        ("DB_HOST", "localhost"),
        ("DB_PORT", "5433"),
        ("DB_USER", "auth_user"),
        ("DB_PASSWORD", "p@ss/w"),
        ("DB_TABLE", "auth"),
    ];
    assert_eq!(
        set(&layer(&parts), "database.url"),
        "postgres://auth_user:p%40ss%2Fw@localhost:5433/auth"
    );
    assert!(
        layer(&[("DB_PORT", "5432"), ("DB_NAME", "x")])
            .entries
            .is_empty()
    );
    let both = layer(&[
        ("DB_HOST", "a"),
        ("POSTGRES_SERVER", "b"),
        ("POSTGRES_DB", "c"),
    ]);
    assert_eq!(set(&both, "database.url"), "postgres://b:5432/c");
    let three = layer(&[
        ("DB_HOST", "a"),
        ("POSTGRES_SERVER", "b"),
        ("DATABASE_URL", "postgresql+psycopg2://u:p@h/d"),
    ]);
    assert_eq!(set(&three, "database.url"), "postgresql+psycopg2://u:p@h/d");
}

#[test]
fn parts_of_an_address_may_stand_in_two_layers() {
    let below = variables(&[
        ("DB_HOST", "db"),
        ("DB_USER", "ada"),
        ("DB_PASSWORD", "old"),
        ("DB_NAME", "auth"),
    ]);
    let here = variables(&[("DB_PASSWORD", "new")]);
    let mut layer = Layer::default();
    read(&mut layer, &Names::new(&here, &below));
    assert_eq!(
        set(&layer, "database.url"),
        "postgres://ada:new@db:5432/auth"
    );
}

#[test]
fn names_of_equal_rank_that_disagree_are_both_named() {
    let found = layer(&[("SMTP_SERVER", "a"), ("SMTP_HOST", "b")]).problems;
    assert!(
        found[0].to_string().contains("SMTP_HOST") && found[0].to_string().contains("SMTP_SERVER"),
        "{found:?}"
    );
    assert_eq!(
        layer(&[("SMTP_SERVER", "a"), ("SMTP_HOST", "a")]).problems,
        []
    );
    assert_eq!(
        layer(&[("DB_HOST", "a"), ("DB_NAME", "x"), ("DB_TABLE", "y")])
            .problems
            .len(),
        1
    );
    assert_eq!(
        layer(&[("SMTP_USE_SSL", "true"), ("SMTP_USE_TLS", "true")])
            .problems
            .len(),
        1
    );
    assert_eq!(
        layer(&[("DEBUG", "true"), ("DEV_MODE", "no")])
            .problems
            .len(),
        1
    );
}

#[test]
fn what_is_no_boolean_says_nothing_about_the_mode() {
    let shell = layer(&[("DEBUG", "*")]);
    assert!(shell.hints.is_empty() && shell.problems.is_empty() && shell.warnings.len() == 1);
    assert_eq!(
        layer(&[("DEBUG", "False")]).hints["mode"].value.to_string(),
        "production"
    );
}

#[test]
fn numbers_keep_the_unit_of_their_name() {
    let found = layer(&[
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "30"),
        ("REFRESH_TOKEN_EXPIRE_DAYS", "7"),
        ("RT_EXPIRATION_HOURS", "12"),
        ("CODE_COOLDOWN_SECONDS", "90"),
    ]);
    let shown = |name: &str| found.entries[name].value.to_string();
    assert_eq!(shown("tokens.access_lifetime"), "30m");
    assert_eq!(shown("tokens.refresh_lifetime"), "7d");
    assert_eq!(shown("api.code.refresh_lifetime"), "12h");
    assert_eq!(
        (
            shown("codes.sign_in.cooldown"),
            shown("codes.sign_in.lifetime")
        ),
        ("90s".to_owned(), "90s".to_owned())
    );
    assert_eq!(
        layer(&[("ACCESS_TOKEN_EXPIRE_MINUTES", "half an hour")])
            .problems
            .len(),
        1
    );
}

#[test]
fn mail_is_protected_as_the_two_switches_say() {
    let tls = |pairs: &[(&str, &str)]| {
        layer(pairs)
            .entries
            .get("mail.tls")
            .map(|entry| entry.value.to_string())
    };
    assert_eq!(
        tls(&[("SMTP_USE_SSL", "True")]).as_deref(),
        Some("implicit")
    );
    assert_eq!(
        tls(&[("SMTP_USE_SSL", "False"), ("SMTP_USE_TLS", "True")]).as_deref(),
        Some("starttls")
    );
    assert_eq!(
        tls(&[("SMTP_USE_SSL", "False"), ("SMTP_TLS", "0")]).as_deref(),
        Some("none")
    );
    assert_eq!(tls(&[("SMTP_USE_TLS", "False")]), None);
}

#[test]
fn a_broker_of_another_kind_is_ignored_with_a_word() {
    let found = layer(&[("CELERY_BROKER_URL", "amqp://guest@localhost//")]);
    assert!(found.hints.is_empty() && found.warnings.len() == 1);
    assert!(
        layer(&[("CELERY_BROKER_URL", "redis://localhost:6379/0")])
            .hints
            .contains_key("redis.url")
    );
}

#[test]
fn a_bucket_is_made_of_a_service_and_a_name() {
    let keys = [
        ("MINIO_ACCESS_KEY", "minio"),
        ("MINIO_SECRET_KEY", "canary-1"),
    ];
    let made = |pairs: &[(&str, &str)]| {
        let mut all = keys.to_vec();
        all.extend(pairs);
        let config = Config::load(Sources {
            environment: variables(&all),
            ..Sources::default()
        });
        config.map(|config| {
            let files = config.files().to_string();
            let endpoint = config.all.url("files.s3.endpoint");
            (files, endpoint.map(String::from).unwrap_or_default())
        })
    };
    let bucket = ("MINIO_BUCKET_NAME", "auth-files");
    for (endpoint, secure, url) in [
        ("minio:9000", "", "http://minio:9000/"),
        ("localhost:9000", "False", "http://localhost:9000/"),
        ("minio:9000", "True", "https://minio:9000/"),
        ("files.example.com", "", "https://files.example.com/"),
        ("files.example.com", "0", "http://files.example.com/"),
        ("https://minio:9000", "", "https://minio:9000/"),
    ] {
        let pairs = [
            ("MINIO_ENDPOINT", endpoint),
            ("MINIO_SECURE", secure),
            bucket,
        ];
        let expected = ("s3://auth-files".to_owned(), url.to_owned());
        assert_eq!(made(&pairs).unwrap(), expected, "{endpoint}");
    }
    let problems = made(&[
        ("MINIO_ENDPOINT", "minio:9000"),
        ("MINIO_SECURE", "maybe"),
        bucket,
    ]);
    assert!(problems.unwrap_err().to_string().contains("MINIO_SECURE"));
    let nameless = layer(&[("MINIO_ENDPOINT", "minio:9000")]);
    assert!(nameless.entries.is_empty() && nameless.warnings[0].contains("MINIO_BUCKET_NAME"));
    assert!(layer(&[bucket]).entries.is_empty());
}

#[test]
fn a_native_name_of_the_layer_wins() {
    let here = variables(&[
        ("DOORWARD_MAIL__HOST", "native"),
        ("SMTP_HOST", "documented"),
        ("SMTP_PORT", "2525"),
    ]);
    let mut layer = Layer::default();
    super::super::environment::read_native(&mut layer, &here, std::path::Path::new("."));
    read(&mut layer, &Names::new(&here, &[]));
    assert_eq!(set(&layer, "mail.host"), "native");
    assert_eq!(
        layer.entries["mail.port"].origin.to_string(),
        "environment SMTP_PORT"
    );
    assert_eq!(layer.problems, []);
}

#[test]
fn quotes_that_a_runtime_passed_on_come_off() {
    assert_eq!(
        set(
            &layer(&[("PROJECT_NAME", "\"Authentication Microservice\"")]),
            "server.name"
        ),
        "Authentication Microservice"
    );
}

/// Every documented name with a value as its document would have it, and what it makes of which setting. A name that is
/// read together with others stands here with them.
const NAMES: &[(&str, &str, &str)] = &[
    ("DEBUG=True", "mode", "development"),
    ("DEV_MODE=True", "mode", "development"),
    (
        "SERVER=127.0.0.1\nSERVER_PORT=8009",
        "server.public_url",
        "http://127.0.0.1:8009",
    ),
    (
        "BASE_URL=http://127.0.0.1:8001",
        "server.public_url",
        "http://127.0.0.1:8001",
    ),
    ("PROJECT_NAME=\"Front Door\"", "server.name", "Front Door"),
    ("API_V1_STR=/auth-api/v1", "api.v1_prefix", "/auth-api/v1"),
    ("DATABASE_POOL_SIZE=5", "database.pool_size", "5"),
    ("DATABASE_MAX_OVERFLOW=7", "database.max_overflow", "7"),
    ("DATABASE_POOL_TIMEOUT=20", "database.pool_timeout", "20s"),
    ("DATABASE_POOL_RECYCLE=1800", "database.pool_recycle", "30m"),
    (
        "REDIS_HOST=cache\nREDIS_PORT=6380\nREDIS_DB=2",
        "redis.url",
        "redis://cache:6380/2",
    ),
    (
        "REDIS_URL=redis://cache:6379/1",
        "redis.url",
        "redis://cache:6379/1",
    ),
    (
        "CELERY_BROKER_URL=redis://cache:6379/3",
        "redis.url",
        "redis://cache:6379/3",
    ),
    ("REDIS_CACHE_EXPIRE_SECONDS=600", "cache.lifetime", "10m"),
    (
        "SECRET_KEY=0123456789abcdef0123456789abcdef",
        "proof.secret_key",
        "********",
    ),
    ("JWT_ALGORITHM=ES256", "tokens.algorithm", "ES256"),
    ("ALGORITHM=EdDSA", "tokens.algorithm", "EdDSA"),
    (
        "ACCESS_TOKEN_EXPIRE_MINUTES=15",
        "tokens.access_lifetime",
        "15m",
    ),
    (
        "REFRESH_TOKEN_EXPIRE_DAYS=9",
        "tokens.refresh_lifetime",
        "9d",
    ),
    (
        "JWT_EXPIRATION_MINUTES=20",
        "api.code.access_lifetime",
        "20m",
    ),
    ("RT_EXPIRATION_HOURS=36", "api.code.refresh_lifetime", "36h"),
    ("SMTP_PORT=2525", "mail.port", "2525"),
    (
        "EMAILS_FROM_NAME=\"Auth Service\"",
        "mail.from_name",
        "Auth Service",
    ),
    ("SMTP_SENDER_NAME=Door", "mail.from_name", "Door"),
    (
        "SMTP_FROM=noreply@example.com",
        "mail.from",
        "noreply@example.com",
    ),
    (
        "EMAILS_FROM_EMAIL=noreply@example.com",
        "mail.from",
        "noreply@example.com",
    ),
    (
        "MAIL_FROM=noreply@example.com",
        "mail.from",
        "noreply@example.com",
    ),
    (
        "SMTP_SERVER=mail.example.com\nSMTP_FROM=a@example.com",
        "mail.host",
        "mail.example.com",
    ),
    (
        "SMTP_HOST=mail.example.com\nSMTP_FROM=a@example.com",
        "mail.host",
        "mail.example.com",
    ),
    (
        "SMTP_USERNAME=ada\nSMTP_PASSWORD=hunter2 hunter2",
        "mail.username",
        "ada",
    ),
    (
        "SMTP_USER=ada\nSMTP_PASSWORD=hunter2 hunter2",
        "mail.username",
        "ada",
    ),
    (
        "SMTP_USER=ada\nSMTP_PASSWORD=hunter2 hunter2",
        "mail.password",
        "********",
    ),
    ("SMTP_USE_SSL=True", "mail.tls", "implicit"),
    ("SMTP_USE_TLS=True", "mail.tls", "starttls"),
    ("SMTP_TLS=1", "mail.tls", "starttls"),
    (
        "SMS_API_URL=https://sms.example.com/send",
        "sms.url",
        "https://sms.example.com/send",
    ),
    ("SMS_API_KEY=canary-1", "sms.headers", "Authorization"),
    ("EMAIL_OTP_EXPIRE_MINUTES=5", "codes.verify.lifetime", "5m"),
    ("EMAIL_OTP_LENGTH=8", "codes.verify.length", "8"),
    (
        "EMAIL_OTP_RESEND_INTERVAL_SECONDS=90",
        "codes.verify.cooldown",
        "90s",
    ),
    ("EMAIL_OTP_MAX_ATTEMPTS=4", "codes.verify.attempts", "4"),
    ("OTP_EXPIRE_SECONDS=240", "codes.proof.lifetime", "4m"),
    ("OTP_ATTEMPTS_LIMIT=2", "codes.proof.attempts", "2"),
    ("CODE_TOTAL_DIGITS=8", "codes.sign_in.length", "8"),
    ("CODE_UNIQUE_DIGITS=5", "codes.sign_in.unique_digits", "5"),
    ("CODE_ATTEMPT=4", "codes.sign_in.attempts", "4"),
    ("CODE_COOLDOWN_SECONDS=90", "codes.sign_in.cooldown", "90s"),
    ("CODE_COOLDOWN_SECONDS=90", "codes.sign_in.lifetime", "90s"),
    ("PASSWORD_ATTEMPT=7", "password.attempts", "7"),
    (
        "TOKEN_COOLDOWN_SECONDS=45",
        "api.code.token_cooldown",
        "45s",
    ),
    ("SCHEDULER_FREQUENCY_SECONDS=300", "cleanup.interval", "5m"),
    ("BATCH_SIZE=50", "cleanup.batch", "50"),
    (
        "RATE_LIMIT_LOGIN=3/minute",
        "rate_limit.named.login",
        "3 per 1 minute",
    ),
    (
        "RATE_LIMIT_REFRESH=4/minute",
        "rate_limit.named.refresh",
        "4 per 1 minute",
    ),
    (
        "RATE_LIMIT_SEND_OTP=5/hour",
        "rate_limit.named.send_otp",
        "5 per 1 hour",
    ),
    (
        "RATE_LIMIT_VERIFY_OTP=6/second",
        "rate_limit.named.verify_otp",
        "6 per 1 second",
    ),
    (
        "RATE_LIMIT_DEFAULT=7/day",
        "rate_limit.named.default",
        "7 per 1 day",
    ),
    (
        "BACKEND_CORS_ORIGINS=\"http://localhost:3000,http://127.0.0.1:3000\"",
        "cors.origins",
        "http://localhost:3000,http://127.0.0.1:3000",
    ),
    (
        "MINIO_ACCESS_KEY=minio\nMINIO_SECRET_KEY=canary-1",
        "files.s3.access_key",
        "minio",
    ),
    (
        "MINIO_ACCESS_KEY=minio\nMINIO_SECRET_KEY=canary-1",
        "files.s3.secret_key",
        "********",
    ),
    (
        "SSL_CERTFILE=.ssl/cert.pem\nSSL_KEYFILE=.ssl/key.pem",
        "server.tls.cert_file",
        ".ssl/cert.pem",
    ),
    (
        "SSL_CERTFILE=.ssl/cert.pem\nSSL_KEYFILE=.ssl/key.pem",
        "server.tls.key_file",
        ".ssl/key.pem",
    ),
    ("LOG_LEVEL=WARNING", "logs.level", "warn"),
    ("LOG_SIZE_BYTES=1048576", "logs.max_size", "1048576"),
    ("BACKUPS=3", "logs.keep", "3"),
    ("SWAGGER=False", "api.docs", "false"),
    ("REDOC=False", "api.docs", "false"),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318",
        "monitoring.otlp_endpoint",
        "http://127.0.0.1:4318",
    ),
    ("OTEL_SERVICE_NAME=auth", "monitoring.service_name", "auth"),
];

#[test]
fn every_documented_name_sets_its_setting() {
    for (dotenv, setting, expected) in NAMES {
        let sources = Sources {
            dotenv: Some((*dotenv).to_owned()),
            ..Sources::default()
        };
        let config =
            Config::load(sources).unwrap_or_else(|problems| panic!("{dotenv}: {problems}"));
        let lines = shown(&config);
        let line = lines.iter().find(|line| line.setting == *setting).unwrap();
        assert_eq!(line.value, *expected, "{dotenv}");
        assert!(
            line.origin.starts_with(".env:"),
            "{dotenv}: {}",
            line.origin
        );
    }
}

#[test]
fn no_name_of_one_setting_is_left_out_of_these_tests() {
    // Keys are tried with real ones, at the command line.
    let keys = [
        "PRIVATE_KEY",
        "PRIVATE_KEY_PATH",
        "PUBLIC_KEY",
        "PUBLIC_KEY_PATH",
    ];
    for name in ROWS.iter().flat_map(|row| row.names) {
        let tried = |(dotenv, setting, _): &(&str, &str, &str)| {
            let row = ROWS.iter().find(|row| row.setting == *setting);
            row.is_some_and(|row| row.names.contains(name))
                && dotenv
                    .lines()
                    .any(|line| line.split('=').next() == Some(*name))
        };
        assert!(keys.contains(name) || NAMES.iter().any(tried), "{name}");
    }
}

#[test]
fn names_that_mean_the_same_in_two_layers_follow_the_layers() {
    let below = variables(&[
        ("DB_HOST", "db"),
        ("DB_TABLE", "old"),
        ("DB_USERNAME", "ada"),
    ]);
    let here = variables(&[("DB_NAME", "new"), ("DB_USER", "grace")]);
    let mut layer = Layer::default();
    read(&mut layer, &Names::new(&here, &below));
    assert_eq!(layer.problems, []);
    assert_eq!(set(&layer, "database.url"), "postgres://grace@db:5432/new");
}

#[test]
fn names_of_equal_rank_that_differ_stop_the_start_and_are_both_named() {
    let on_postgres = [("DB_HOST", "db")];
    for (first, second) in [
        (("DB_NAME", "a"), ("DB_TABLE", "b")),
        (("DB_USER", "a"), ("DB_USERNAME", "b")),
        (("SMTP_USE_TLS", "true"), ("SMTP_TLS", "false")),
        (
            ("SMTP_FROM", "a@example.com"),
            ("MAIL_FROM", "b@example.com"),
        ),
        (
            ("SMTP_FROM", "a@example.com"),
            ("EMAILS_FROM_EMAIL", "b@example.com"),
        ),
        (("SMTP_USERNAME", "a"), ("SMTP_USER", "b")),
        (("EMAILS_FROM_NAME", "a"), ("SMTP_SENDER_NAME", "b")),
        (("SWAGGER", "true"), ("REDOC", "false")),
        (
            ("REDIS_URL", "redis://a/0"),
            ("CELERY_BROKER_URL", "redis://b/0"),
        ),
        (("PRIVATE_KEY", "a.pem"), ("PRIVATE_KEY_PATH", "b.pem")),
        (("PUBLIC_KEY", "a.pem"), ("PUBLIC_KEY_PATH", "b.pem")),
        (("JWT_ALGORITHM", "ES256"), ("ALGORITHM", "RS256")),
        (("DEBUG", "true"), ("DEV_MODE", "false")),
    ] {
        let pairs = [&on_postgres[..], &[first, second]].concat();
        let found = layer(&pairs).problems;
        let [problem] = found.as_slice() else {
            panic!("{first:?} {second:?}: {found:?}")
        };
        let said = problem.to_string();
        assert!(said.contains(first.0) && said.contains(second.0), "{said}");
        let alike = [&on_postgres[..], &[first, (second.0, first.1)]].concat();
        assert_eq!(layer(&alike).problems, [], "{first:?} {second:?}");
    }
}

#[test]
fn what_belongs_to_a_database_that_is_not_named_belongs_to_somebody_else() {
    let found = layer(&[
        ("DB_NAME", "a"),
        ("DB_TABLE", "b"),
        ("DB_USER", "x"),
        ("DB_USERNAME", "y"),
    ]);
    assert!(
        found.entries.is_empty() && found.problems.is_empty(),
        "{found:?}"
    );
    assert!(
        layer(&[("POSTGRES_DB", "a"), ("REDIS_PORT", "1")])
            .entries
            .is_empty()
    );
}

#[test]
fn a_key_for_the_provider_of_sms_is_a_header_that_nobody_sees() {
    let found = layer(&[
        ("SMS_API_KEY", "canary-1"),
        ("SMS_API_URL", "https://sms.example.com"),
    ]);
    assert!(!format!("{found:?}").contains("canary"), "{found:?}");
    let Value::Map(headers) = &found.entries["sms.headers"].value else {
        panic!("{found:?}")
    };
    assert_eq!(headers["Authorization"].expose_secret(), "canary-1");
}

#[test]
fn two_algorithms_that_could_both_be_followed_are_a_problem() {
    let key = "SECRET_KEY=0123456789abcdef0123456789abcdef";
    let load = |dotenv: String| {
        Config::load(Sources {
            dotenv: Some(dotenv),
            ..Sources::default()
        })
    };
    let both = format!("JWT_ALGORITHM=RS256\nALGORITHM=HS256\n{key}\n");
    assert!(load(both.clone()).is_ok(), "HS256 cannot be followed there");
    let problems = load(format!("{both}DOORWARD_API__FAMILIES=session\n")).unwrap_err();
    let said = problems.to_string();
    assert!(
        said.contains("JWT_ALGORITHM") && said.contains(" ALGORITHM"),
        "{said}"
    );
}
