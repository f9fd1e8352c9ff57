//! The configuration as a whole: layers, problems, modes and profiles.

use super::*;

mod acme;
mod deviations;
mod rules;

fn variable(name: &str, value: &str) -> Variable {
    Variable {
        name: name.to_owned(),
        value: value.to_owned(),
        origin: Origin::Environment {
            name: name.to_owned(),
        },
    }
}

fn environment(pairs: &[(&str, &str)]) -> Sources {
    Sources {
        environment: pairs
            .iter()
            .map(|(name, value)| variable(name, value))
            .collect(),
        ..Sources::default()
    }
}

fn file(text: &str) -> Sources {
    Sources {
        toml: Some((PathBuf::from("doorward.toml"), text.to_owned())),
        ..Sources::default()
    }
}

fn problems(sources: Sources) -> Vec<String> {
    match Config::load(sources) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.0.iter().map(ToString::to_string).collect(),
    }
}

fn value(sources: Sources, name: &str) -> (String, String) {
    let config = Config::load(sources).unwrap();
    let line = shown(&config)
        .into_iter()
        .find(|line| line.setting == name)
        .unwrap();
    (line.value, line.origin)
}

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

#[test]
fn without_any_setting_there_is_a_working_configuration() {
    let config = Config::load(Sources::default()).unwrap();
    assert!(config.is_development() && config.docs() && config.warnings.is_empty());
    assert_eq!(config.public_url().as_str(), "http://127.0.0.1:8000/");
    assert_eq!(
        config.database_url(),
        DatabaseUrl::Sqlite(PathBuf::from("./doorward-data/doorward.db"))
    );
    assert!(matches!(config.mail(), Mail::Inbox));
}

#[test]
fn each_layer_lies_over_the_one_below() {
    let mut sources = file(
        "[logs]\nlevel = \"debug\"\n[server]\nname = \"file\"\nbind = \"127.0.0.1:1\"\n[cleanup]\nbatch = 7\n",
    );
    assert_eq!(
        value(sources.clone(), "logs.level"),
        ("debug".to_owned(), "doorward.toml:2".to_owned())
    );
    sources.dotenv = Some(
        "DOORWARD_SERVER__NAME=dotenv\nDOORWARD_SERVER__BIND=127.0.0.1:2\nLOG_LEVEL=Warning\n"
            .to_owned(),
    );
    assert_eq!(
        value(sources.clone(), "server.name"),
        (
            "dotenv".to_owned(),
            ".env:1 DOORWARD_SERVER__NAME".to_owned()
        )
    );
    assert_eq!(
        value(sources.clone(), "logs.level"),
        ("warn".to_owned(), ".env:3 LOG_LEVEL".to_owned())
    );
    sources
        .environment
        .push(variable("PROJECT_NAME", "environment"));
    sources
        .environment
        .push(variable("DOORWARD_SERVER__BIND", "127.0.0.1:3"));
    assert_eq!(
        value(sources.clone(), "server.name"),
        (
            "environment".to_owned(),
            "environment PROJECT_NAME".to_owned()
        )
    );
    sources.flags.bind = Some("127.0.0.1:4".to_owned());
    assert_eq!(
        value(sources.clone(), "server.bind"),
        ("127.0.0.1:4".to_owned(), "flag --bind".to_owned())
    );
    assert_eq!(
        value(sources, "cleanup.batch"),
        ("7".to_owned(), "doorward.toml:7".to_owned())
    );
}

#[test]
fn sec_13_2_3_every_problem_is_named_at_once_with_its_remedy() {
    let mut sources =
        file("mode = \"production\"\n[codes.verify]\nlength = 3\n[server]\nbinde = \"x\"\n");
    sources.environment = vec![
        variable("DOORWARD_NONE", "1"),
        variable("SECRET_KEY", "your-secret-key-here"),
        variable("SMTP_PORT", "many"),
    ];
    let found = problems(sources);
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn sec_6_3_2_no_example_of_the_documents_starts_production() {
    let samples = [
        ("DB_PASSWORD", "admin"),
        ("DB_PASSWORD", "password"),
        ("DB_PASSWORD", "secure-password"),
        ("DB_PASSWORD", "postgres"),
        ("SECRET_KEY", "your-super-secret-key"),
        ("SECRET_KEY", "your-secret-key-here"),
        ("SECRET_KEY", "your-very-secure-secret-key-here"),
        (
            "PRIVATE_KEY",
            "-----BEGIN PRIVATE KEY-----...-----END PRIVATE KEY-----",
        ),
        ("DOORWARD_TOKENS__HS256_KEY", "changeme"),
        ("DOORWARD_PROOF__SECRET_KEY", "short"),
        (
            "DATABASE_URL",
            "postgresql+psycopg2://user:password@host:5432/dbname",
        ),
    ];
    for (name, sample) in samples {
        let base = [
            ("DOORWARD_SERVER__PUBLIC_URL", "https://auth.example.com"),
            ("DOORWARD_MAIL__TRANSPORT", "none"),
            ("DOORWARD_MASTER_KEY", KEY),
            ("DB_HOST", "localhost"),
        ];
        let mut sources = environment(&base);
        sources.environment.push(variable(name, sample));
        let mut production = sources.clone();
        production
            .environment
            .push(variable("DOORWARD_MODE", "production"));
        let found = problems(production);
        assert_eq!(found.len(), 1, "{name}={sample}: {found:?}");
        assert!(
            found.iter().all(|problem| !problem.contains(sample)),
            "{found:?}"
        );
        assert!(
            !Config::load(sources).unwrap().warnings.is_empty(),
            "{name}={sample}"
        );
    }
}

#[test]
fn production_starts_with_what_it_needs_and_not_without() {
    let complete = [
        ("DOORWARD_MODE", "production"),
        ("DOORWARD_SERVER__PUBLIC_URL", "https://auth.example.com"),
        ("DOORWARD_SERVER__BIND", "0.0.0.0:8000"),
        ("SMTP_HOST", "smtp.example.com"),
        ("MAIL_FROM", "noreply@example.com"),
    ];
    let config = Config::load(environment(&complete)).unwrap();
    assert!(!config.is_development() && !config.docs() && config.logs().json);
    for missing in [1, 3, 4] {
        let rest: Vec<_> = complete
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != missing)
            .map(|(_, pair)| *pair)
            .collect();
        assert_eq!(
            problems(environment(&rest)).len(),
            1,
            "without {}",
            complete[missing].0
        );
    }
    let mut plain = environment(&complete);
    plain.environment[1].value = "http://auth.example.com".to_owned();
    assert_eq!(problems(plain.clone()).len(), 1);
    plain.environment[1].value = "http://127.0.0.1:8000".to_owned();
    assert_eq!(problems(plain.clone()), [""; 0]);
    plain
        .environment
        .push(variable("DOORWARD_MAIL__TRANSPORT", "inbox"));
    assert_eq!(problems(plain).len(), 1);
}

#[test]
fn sec_13_4_5_development_listens_on_loopback_alone() {
    let open = environment(&[("DOORWARD_SERVER__BIND", "0.0.0.0:8000")]);
    assert!(problems(open.clone())[0].contains("--expose-development"));
    let mut exposed = open;
    exposed.flags.expose_development = true;
    assert_eq!(problems(exposed), [""; 0]);
    assert_eq!(
        problems(environment(&[("DOORWARD_SERVER__BIND", "[::1]:8000")])),
        [""; 0]
    );
}

#[test]
fn a_hint_never_moves_a_mode_that_was_chosen() {
    assert_eq!(
        value(environment(&[("DEBUG", "True")]), "mode").0,
        "development"
    );
    let mut chosen = file("mode = \"development\"\n");
    chosen.environment.push(variable("DEBUG", "false"));
    assert_eq!(
        value(chosen, "mode"),
        ("development".to_owned(), "doorward.toml:1".to_owned())
    );
    assert!(
        problems(environment(&[("DEBUG", "False")]))
            .iter()
            .any(|problem| problem.contains("production"))
    );
}

#[test]
fn the_strict_profile_has_defaults_of_its_own_and_refuses_what_loosens_them() {
    let strict = [
        ("DOORWARD_PROFILE", "strict"),
        ("DOORWARD_TOKENS__AUDIENCE", "example"),
    ];
    assert_eq!(
        value(environment(&strict), "tokens.algorithm"),
        (
            "ES256".to_owned(),
            "default of the strict profile".to_owned()
        )
    );
    assert_eq!(
        value(environment(&strict), "api.session.access_lifetime").0,
        "1h"
    );
    assert_eq!(
        value(environment(&strict), "codes.verify.lifetime").0,
        "10m"
    );
    for (name, loose) in [
        ("DOORWARD_TOKENS__ALGORITHM", "RS256"),
        ("DOORWARD_TOKENS__REUSE_GRACE", "1s"),
        ("DOORWARD_API__VERIFIED__DISCLOSE_EXISTENCE", "true"),
        ("DOORWARD_API__FAMILIES", "code,session"),
        ("DOORWARD_API__SESSION__ACCESS_LIFETIME", "2h"),
        ("DOORWARD_CODES__VERIFY__LIFETIME", "11m"),
        ("DOORWARD_RATE_LIMIT__ENABLED", "false"),
        ("DOORWARD_SERVER__PLAIN_HTTP", "warn"),
        ("DOORWARD_API__CODE__DISCLOSE_STATE", "true"),
        ("DOORWARD_API__CODE__MOVE_IDENTIFIER", "documented"),
        ("DOORWARD_API__CONFIRM__DISCLOSE_EXISTENCE", "true"),
        ("DOORWARD_API__CONFIRM__CONFIRM_ON_GET", "true"),
        ("DOORWARD_API__CONFIRM__PASSWORD_FORM", "true"),
        ("DOORWARD_API__VERIFIED__ROTATE_REFRESH", "false"),
        ("DOORWARD_TOKENS__REFRESH", "stateless"),
        ("DOORWARD_ACCOUNTS__REAUTHENTICATE", "documented"),
        ("DOORWARD_FEDERATION__LINK", "verified"),
        ("DOORWARD_CODES__SIGN_IN__UNIQUE_DIGITS", "4"),
        ("DOORWARD_CODES__VERIFY__LENGTH", "5"),
        ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
    ] {
        let mut sources = environment(&strict);
        sources.environment.push(variable(name, loose));
        assert_eq!(problems(sources).len(), 1, "{name}={loose}");
    }
    assert!(problems(environment(&strict[..1]))[0].contains("tokens.audience"));
    let provider = [
        (
            "DOORWARD_FEDERATION__OKTA__ISSUER",
            "https://okta.example.com",
        ),
        ("DOORWARD_FEDERATION__OKTA__CLIENT_IDS", "door"),
        ("DOORWARD_FEDERATION__OKTA__REQUIRE_NONCE", "false"),
    ];
    let found = problems(environment(&[&strict[..], &provider[..]].concat()));
    assert!(
        found.len() == 1 && found[0].contains("federation.okta.require_nonce"),
        "{found:?}"
    );
}

#[test]
fn sec_s14_a_sample_key_is_none_and_development_makes_its_own() {
    let sample = "-----BEGIN PRIVATE KEY-----...-----END PRIVATE KEY-----";
    let public = "-----BEGIN PUBLIC KEY-----...-----END PUBLIC KEY-----";
    let pair = [("PRIVATE_KEY", sample), ("PUBLIC_KEY", public)];
    let config = Config::load(environment(&pair)).unwrap();
    assert!(
        config.warnings[0].contains("PRIVATE_KEY"),
        "{:?}",
        config.warnings
    );
    assert!(config.all.value("tokens.private_key").is_none());
    assert!(config.all.value("tokens.public_key").is_none());
    let production = [
        ("DOORWARD_MODE", "production"),
        ("DOORWARD_SERVER__PUBLIC_URL", "https://a.example"),
    ];
    let found = problems(environment(
        &[
            &pair[..],
            &production,
            &[("DOORWARD_MAIL__TRANSPORT", "none")],
        ]
        .concat(),
    ));
    assert!(
        found.len() == 1 && found[0].contains("placeholder"),
        "{found:?}"
    );
}

#[test]
fn sec_s14_the_sample_environment_of_each_document_starts_in_development_with_warnings() {
    let environments = [
        "PROJECT_NAME=\"Authentication Microservice\"\nSECRET_KEY=\"your-super-secret-key\"\nREDIS_HOST=auth-service-redis\nREDIS_PORT=6379\nSMTP_HOST=smtp.example.com\nSMTP_PORT=587\nSMTP_USER=your-email@example.com\nSMTP_PASSWORD=your-app-password\nEMAILS_FROM_EMAIL=noreply@example.com\nEMAILS_FROM_NAME=\"Auth Service\"\n",
        "REDIS_HOST=localhost\nREDIS_PORT=6379\nREDIS_DB=0\nSECRET_KEY=your-secret-key-here\nLOG_LEVEL=INFO\n",
        "PROJECT_NAME=Authorization Service\nAPI_V1_STR=/api/v1\nSECRET_KEY=your-secret-key-here\nALGORITHM=HS256\nACCESS_TOKEN_EXPIRE_MINUTES=30\nREFRESH_TOKEN_EXPIRE_DAYS=7\nBACKEND_CORS_ORIGINS=\"http://localhost:3000,http://127.0.0.1:3000\"\nRATE_LIMIT_LOGIN=10/minute\n",
    ];
    for text in environments {
        let sources = Sources {
            dotenv: Some(text.to_owned()),
            ..Sources::default()
        };
        let config = Config::load(sources).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(!config.warnings.is_empty(), "{text}");
    }
}

#[test]
fn sec_13_3_2_a_print_shows_no_secret() {
    let sources = environment(&[
        (
            "DATABASE_URL",
            "postgres://ada:canary-1@db/auth?sslpassword=canary-2",
        ),
        ("DOORWARD_MASTER_KEY", KEY),
        ("REDIS_URL", "redis://:canary-3@cache/0"),
        ("SMTP_USERNAME", "ada"),
        ("SMTP_PASSWORD", "canary-4"),
        ("SECRET_KEY", "canary-5-0123456789abcdef0123456789abcdef"),
    ]);
    let config = Config::load(sources).unwrap();
    let text = format!("{:?} {config:?}", shown(&config));
    assert!(!text.contains("canary") && !text.contains(KEY), "{text}");
    assert!(text.contains("postgres://ada:********@db/auth"));
}

#[test]
fn a_new_file_is_a_configuration_that_holds() {
    let entropy = doorward_crypto::Entropy::seeded(1);
    assert_eq!(
        problems(file(&draft(Draft::Development, &entropy))),
        [""; 0]
    );
    let production = problems(file(&draft(Draft::Production, &entropy)));
    assert!(
        production
            .iter()
            .all(|problem| problem.contains("public_url") || problem.contains("mail")),
        "{production:?}"
    );
    let uncommented: String = draft(Draft::Development, &entropy)
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| rest.contains(" = ") && !rest.starts_with(char::is_uppercase))
                .unwrap_or(line)
        })
        .fold(String::new(), |all, line| all + line + "\n");
    let unknown: Vec<_> = problems(file(&uncommented))
        .into_iter()
        .filter(|problem| problem.contains("there is no setting") || problem.contains("no TOML"))
        .collect();
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn the_reference_page_lists_every_setting() {
    insta::assert_snapshot!(reference());
}
