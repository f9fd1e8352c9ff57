//! The documented names as their services would be given them.

use super::*;

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
