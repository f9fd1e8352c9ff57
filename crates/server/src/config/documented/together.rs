//! Names that are read together, or that say less than a setting: addresses made of parts, hints, switches.

use super::{Names, agree, hint, value_of};
use crate::config::environment::unquoted;
use crate::config::files::is_near;
use crate::config::layer::Layer;
use crate::config::origin::Problem;
use crate::config::value::{Value, boolean};
use secrecy::SecretString;
use std::collections::BTreeMap;
use url::Url;

/// Reads all of them into the layer.
pub(super) fn read(layer: &mut Layer, names: &Names<'_>) {
    mode(layer, names);
    public_url(layer, names);
    database(layer, names);
    redis(layer, names);
    algorithm(layer, names);
    mail_tls(layer, names);
    bucket(layer, names);
    others(layer, names);
}

fn mode(layer: &mut Layer, names: &Names<'_>) {
    for name in ["DEBUG", "DEV_MODE"] {
        let Some(variable) = names.here(name) else {
            continue;
        };
        match boolean(unquoted(&variable.value)) {
            Some(debug) => {
                let word = if debug { "development" } else { "production" };
                hint(
                    layer,
                    "mode",
                    Value::Text(word.to_owned()),
                    &variable.origin,
                );
            }
            None => layer.warnings.push(format!(
                "{}: this is no boolean and is ignored; `mode` says what it meant",
                variable.origin
            )),
        }
    }
}

fn public_url(layer: &mut Layer, names: &Names<'_>) {
    let Some(variable) = names.here("SERVER") else {
        return;
    };
    let port = names.text("SERVER_PORT").unwrap_or("80");
    let url = format!("http://{}:{port}", unquoted(&variable.value));
    if let Ok(value) = value_of("server.public_url", url) {
        hint(layer, "server.public_url", value, &variable.origin);
    } else {
        let problem = Problem::new(
            "`SERVER` and `SERVER_PORT` make no address",
            "write a host name and a port, or set `server.public_url`",
        );
        layer.problems.push(problem.at(&variable.origin));
    }
}

/// `DATABASE_URL` before `POSTGRES_*` before `DB_*`.
fn database(layer: &mut Layer, names: &Names<'_>) {
    if layer.entries.contains_key("database.url") {
        return;
    }
    if let Some(variable) = names.here("DATABASE_URL") {
        let location = SecretString::from(unquoted(&variable.value));
        agree(
            layer,
            "database.url",
            Value::Location(location),
            &variable.origin,
        );
        return;
    }
    let postgres = [
        "POSTGRES_SERVER",
        "POSTGRES_PORT",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "POSTGRES_DB",
    ];
    if compose(layer, names, &postgres, names.text("POSTGRES_DB")) {
        return;
    }
    if names.text("DB_HOST").is_none() {
        return;
    }
    let database = one_of(layer, names, ["DB_NAME", "DB_TABLE"]);
    let user = one_of(layer, names, ["DB_USER", "DB_USERNAME"]);
    let parts = ["DB_HOST", "DB_PORT", user, "DB_PASSWORD", database];
    compose(layer, names, &parts, names.text(database));
}

/// Which of two names of equal rank counts: the one that this layer has, else the one of the layer below. Two of this
/// layer that differ are a problem.
fn one_of<'n>(layer: &mut Layer, names: &Names<'_>, [first, second]: [&'n str; 2]) -> &'n str {
    match (names.here(first), names.here(second)) {
        (Some(one), Some(other)) if unquoted(&one.value) != unquoted(&other.value) => {
            let what = format!("`{first}` and `{second}` mean the same, and differ");
            let problem = Problem::new(what, "keep one of the two").at(&other.origin);
            layer.problems.push(problem);
            first
        }
        (None, Some(_)) => second,
        (None, None) if names.text(first).is_none() => second,
        _ => first,
    }
}

/// Makes `database.url` of host, port, user and password; the last part is the database's name. True when this layer
/// says any of them and a host is known.
fn compose(
    layer: &mut Layer,
    names: &Names<'_>,
    parts: &[&str; 5],
    database: Option<&str>,
) -> bool {
    let [host, port, user, password, _] = parts;
    let Some(said) = parts.iter().find_map(|name| names.here(name)) else {
        return false;
    };
    let Some(host_text) = names.text(host) else {
        return false;
    };
    let origin = names.here(host).unwrap_or(said).origin.clone();
    let url = Url::parse(&format!("postgres://{host_text}"))
        .ok()
        .filter(Url::has_host)
        .and_then(|mut url| {
            url.set_username(names.text(user).unwrap_or_default())
                .ok()?;
            url.set_password(names.text(password)).ok()?;
            url.set_port(Some(names.text(port).unwrap_or("5432").parse().ok()?))
                .ok()?;
            url.set_path(database.unwrap_or_default());
            Some(url)
        });
    if let Some(url) = url {
        let location = SecretString::from(url.as_str());
        agree(layer, "database.url", Value::Location(location), &origin);
    } else {
        let what = format!("`{host}` and `{port}` name no server");
        let problem = Problem::new(what, "write a host name and a port number");
        layer.problems.push(problem.at(&origin));
    }
    true
}

fn redis(layer: &mut Layer, names: &Names<'_>) {
    let parts = ["REDIS_HOST", "REDIS_PORT", "REDIS_DB"];
    if let (Some(said), Some(host)) = (
        parts.iter().find_map(|name| names.here(name)),
        names.text("REDIS_HOST"),
    ) {
        let port = names.text("REDIS_PORT").unwrap_or("6379");
        let number = names.text("REDIS_DB").unwrap_or("0");
        let url = SecretString::from(format!("redis://{host}:{port}/{number}"));
        agree(layer, "redis.url", Value::Location(url), &said.origin);
    }
    for name in ["REDIS_URL", "CELERY_BROKER_URL"] {
        let Some(variable) = names.here(name) else {
            continue;
        };
        let url = unquoted(&variable.value);
        if url.starts_with("redis") {
            hint(
                layer,
                "redis.url",
                Value::Location(SecretString::from(url)),
                &variable.origin,
            );
        } else {
            layer.warnings.push(format!(
                "{}: this is no address of a Redis server and is ignored",
                variable.origin
            ));
        }
    }
}

/// `ALGORITHM=HS256` stands in the documents' example and is only a hint there; the rules decide what becomes of it.
fn algorithm(layer: &mut Layer, names: &Names<'_>) {
    for name in ["JWT_ALGORITHM", "ALGORITHM"] {
        let Some(variable) = names.here(name) else {
            continue;
        };
        match value_of("tokens.algorithm", unquoted(&variable.value).to_owned()) {
            Ok(Value::Text(word)) if name == "ALGORITHM" && word == "HS256" => {
                hint(
                    layer,
                    "tokens.algorithm",
                    Value::Text(word),
                    &variable.origin,
                );
            }
            Ok(value) => agree(layer, "tokens.algorithm", value, &variable.origin),
            Err(problem) => layer.problems.push(problem.at(&variable.origin)),
        }
    }
    if let Some(variable) = names.here("SECRET_KEY") {
        let key = SecretString::from(unquoted(&variable.value));
        hint(
            layer,
            "tokens.hs256_key",
            Value::Secret(key),
            &variable.origin,
        );
    }
}

fn mail_tls(layer: &mut Layer, names: &Names<'_>) {
    let switch = |layer: &mut Layer, name: &str| {
        let variable = names.here(name)?;
        let yes = boolean(unquoted(&variable.value));
        if yes.is_none() {
            let problem =
                Problem::new(format!("`{name}` is no boolean"), "write `true` or `false`");
            layer.problems.push(problem.at(&variable.origin));
        }
        yes.map(|yes| (yes, variable.origin.clone()))
    };
    let implicit = switch(layer, "SMTP_USE_SSL");
    let spelling = one_of(layer, names, ["SMTP_USE_TLS", "SMTP_TLS"]);
    let starttls = switch(layer, spelling);
    let word = |word: &str| Value::Text(word.to_owned());
    if let Some((true, origin)) = &implicit {
        agree(layer, "mail.tls", word("implicit"), origin);
    }
    if let Some((true, origin)) = &starttls {
        agree(layer, "mail.tls", word("starttls"), origin);
    }
    if let (Some((false, _)), Some((false, origin))) = (&implicit, &starttls) {
        agree(layer, "mail.tls", word("none"), origin);
    }
}

fn others(layer: &mut Layer, names: &Names<'_>) {
    if let Some(variable) = names.here("SMS_API_KEY") {
        let headers = BTreeMap::from([(
            "Authorization".to_owned(),
            SecretString::from(unquoted(&variable.value)),
        )]);
        agree(layer, "sms.headers", Value::Map(headers), &variable.origin);
    }
}

/// The bucket and the service that has it, where both are named.
fn bucket(layer: &mut Layer, names: &Names<'_>) {
    let parts = ["MINIO_ENDPOINT", "MINIO_BUCKET_NAME", "MINIO_SECURE"];
    let (Some(said), Some(endpoint)) = (
        parts.iter().find_map(|name| names.here(name)),
        names.text("MINIO_ENDPOINT"),
    ) else {
        return;
    };
    let origin = names.here("MINIO_ENDPOINT").unwrap_or(said).origin.clone();
    let Some(bucket) = names.text("MINIO_BUCKET_NAME") else {
        layer.warnings.push(format!(
            "{origin}: without `MINIO_BUCKET_NAME` this names no bucket and is ignored; files are kept where `files.url` says"
        ));
        return;
    };
    let Some(url) = minio(endpoint, names) else {
        let what = "`MINIO_ENDPOINT` and `MINIO_SECURE` name no service";
        let remedy = "write a host name with a port number, and `true` or `false`";
        layer.problems.push(Problem::new(what, remedy).at(&origin));
        return;
    };
    agree(layer, "files.s3.endpoint", Value::Url(url), &origin);
    let place = Value::Text(format!("s3://{bucket}"));
    agree(layer, "files.url", place, &origin);
}

/// Where nobody says whether it is secure: yes, but for a service that is near.
fn minio(endpoint: &str, names: &Names<'_>) -> Option<Url> {
    let secure = match names.text("MINIO_SECURE") {
        Some(text) => Some(boolean(text)?),
        None => None,
    };
    if endpoint.contains("://") {
        return Url::parse(endpoint).ok();
    }
    let plain = Url::parse(&format!("http://{endpoint}")).ok()?;
    if secure.unwrap_or(!is_near(&plain)) {
        Url::parse(&format!("https://{endpoint}")).ok()
    } else {
        Some(plain)
    }
}
