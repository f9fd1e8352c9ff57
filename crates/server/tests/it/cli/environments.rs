//! The `.env` of each documented service, as its document writes it and with secrets of its own in it, is understood.

use super::folder::{Folder, master_key};
use super::pem::{escaped, sh};
use serde_json::Value;

/// What holds, as `config print` says it.
struct Holding(Value);

impl Holding {
    fn of(folder: &Folder) -> Self {
        Self(folder.run(&["config", "print", "--json"]).done().json())
    }

    #[track_caller]
    fn row(&self, setting: &str) -> (&str, &str) {
        let rows = self.0.as_array().unwrap();
        let row = rows.iter().find(|row| row["setting"] == setting);
        let row = row.unwrap_or_else(|| panic!("{setting} is not in {}", self.0));
        (
            row["value"].as_str().unwrap(),
            row["origin"].as_str().unwrap(),
        )
    }

    /// Each setting has this value, and it came through this name of the `.env`.
    #[track_caller]
    fn expect(&self, lines: &[(&str, &str, &str)]) {
        for (setting, value, name) in lines {
            let (found, origin) = self.row(setting);
            assert_eq!(found, *value, "{setting}, from {origin}");
            assert!(
                origin.starts_with(".env:") && origin.ends_with(&format!(" {name}")),
                "{setting}: {origin}"
            );
        }
    }
}

/// PostgreSQL needs a master key, which no document has a name for.
fn folder(env: &str) -> Folder {
    Folder::sqlite()
        .with_file(".env", env)
        .set("master_key", &master_key())
}

/// A secret as an operator makes one.
fn secret() -> String {
    master_key().replace(['/', '+', '='], "x")
}

#[test]
fn the_environment_of_the_service_with_one_time_codes() {
    let env = format!(
        "DEV_MODE=True\nSWAGGER=True\nREDOC=True\nBASE_URL=http://127.0.0.1:8000\n\
         DB_HOST=localhost\nDB_PORT=5432\nDB_USERNAME=postgres\nDB_PASSWORD={}\nDB_NAME=auth\n\
         PRIVATE_KEY_PATH=./keys/private_key.pem\nPUBLIC_KEY_PATH=./keys/public_key.pem\n\
         JWT_EXPIRATION_MINUTES=15\nRT_EXPIRATION_HOURS=72\nCODE_TOTAL_DIGITS=6\nCODE_UNIQUE_DIGITS=4\n\
         CODE_ATTEMPT=3\nCODE_COOLDOWN_SECONDS=60\nPASSWORD_ATTEMPT=3\nTOKEN_COOLDOWN_SECONDS=60\n\
         SCHEDULER_FREQUENCY_SECONDS=600\nBATCH_SIZE=1000\nLOG_SIZE_BYTES=5242880\nBACKUPS=5\n\
         SMTP_SERVER=mail.example.com\nSMTP_PORT=465\nSMTP_USERNAME=noreply@example.com\nSMTP_PASSWORD={}\n\
         SMTP_SENDER_NAME=\"Auth\"\nSMS_API_URL=https://sms.example.com/send\nSMS_API_KEY={}\n",
        secret(),
        secret(),
        secret()
    );
    let folder = folder(&env);
    make_keys(&folder);
    Holding::of(&folder).expect(&[
        ("mode", "development", "DEV_MODE"),
        ("api.docs", "true", "SWAGGER"),
        ("server.public_url", "http://127.0.0.1:8000", "BASE_URL"),
        (
            "database.url",
            "postgres://postgres:********@localhost:5432/auth",
            "DB_HOST",
        ),
        ("tokens.private_key", "********", "PRIVATE_KEY_PATH"),
        (
            "tokens.public_key",
            "./keys/public_key.pem",
            "PUBLIC_KEY_PATH",
        ),
        ("api.code.access_lifetime", "15m", "JWT_EXPIRATION_MINUTES"),
        ("api.code.refresh_lifetime", "3d", "RT_EXPIRATION_HOURS"),
        ("codes.sign_in.length", "6", "CODE_TOTAL_DIGITS"),
        ("codes.sign_in.unique_digits", "4", "CODE_UNIQUE_DIGITS"),
        ("codes.sign_in.attempts", "3", "CODE_ATTEMPT"),
        ("codes.sign_in.cooldown", "1m", "CODE_COOLDOWN_SECONDS"),
        ("codes.sign_in.lifetime", "1m", "CODE_COOLDOWN_SECONDS"),
        ("password.attempts", "3", "PASSWORD_ATTEMPT"),
        ("api.code.token_cooldown", "1m", "TOKEN_COOLDOWN_SECONDS"),
        ("cleanup.interval", "10m", "SCHEDULER_FREQUENCY_SECONDS"),
        ("cleanup.batch", "1000", "BATCH_SIZE"),
        ("logs.max_size", "5242880", "LOG_SIZE_BYTES"),
        ("logs.keep", "5", "BACKUPS"),
        ("mail.host", "mail.example.com", "SMTP_SERVER"),
        ("mail.port", "465", "SMTP_PORT"),
        ("mail.username", "noreply@example.com", "SMTP_USERNAME"),
        ("mail.password", "********", "SMTP_PASSWORD"),
        ("mail.from_name", "Auth", "SMTP_SENDER_NAME"),
        ("sms.url", "https://sms.example.com/send", "SMS_API_URL"),
        ("sms.headers", "Authorization", "SMS_API_KEY"),
    ]);
}

#[test]
fn the_environment_of_the_service_with_confirmation_links() {
    let keys = Folder::sqlite();
    sh(&keys, "openssl genrsa -out private.pem 2048");
    sh(&keys, "openssl rsa -in private.pem -pubout -out public.pem");
    let env = format!(
        "DEBUG=True\nSERVER=127.0.0.1\nSERVER_PORT=8000\n\n\
         DB_HOST=localhost\nDB_PORT=5432\nDB_NAME=auth_db\nDB_USER=auth_service_user\nDB_PASSWORD={}\n\n\
         CELERY_BROKER_URL=redis://localhost:6379/0\nSMTP_SERVER=mail.example.com\nSMTP_PORT=587\n\
         SMTP_FROM=noreply@example.com\nSMTP_USERNAME=postman\nSMTP_PASSWORD={}\n\n\
         PRIVATE_KEY=\"{}\"\nPUBLIC_KEY=\"{}\"\n\n\
         JWT_ALGORITHM=RS256\nACCESS_TOKEN_EXPIRE_MINUTES=30\nREFRESH_TOKEN_EXPIRE_DAYS=7\n",
        secret(),
        secret(),
        escaped(&keys.read("private.pem")),
        escaped(&keys.read("public.pem"))
    );
    Holding::of(&folder(&env)).expect(&[
        ("mode", "development", "DEBUG"),
        ("server.public_url", "http://127.0.0.1:8000", "SERVER"),
        (
            "database.url",
            "postgres://auth_service_user:********@localhost:5432/auth_db",
            "DB_HOST",
        ),
        ("redis.url", "redis://localhost:6379/0", "CELERY_BROKER_URL"),
        ("mail.host", "mail.example.com", "SMTP_SERVER"),
        ("mail.port", "587", "SMTP_PORT"),
        ("mail.from", "noreply@example.com", "SMTP_FROM"),
        ("mail.username", "postman", "SMTP_USERNAME"),
        ("mail.password", "********", "SMTP_PASSWORD"),
        ("tokens.private_key", "********", "PRIVATE_KEY"),
        ("tokens.algorithm", "RS256", "JWT_ALGORITHM"),
        (
            "tokens.access_lifetime",
            "30m",
            "ACCESS_TOKEN_EXPIRE_MINUTES",
        ),
        ("tokens.refresh_lifetime", "7d", "REFRESH_TOKEN_EXPIRE_DAYS"),
    ]);
}

#[test]
fn the_environment_of_the_service_with_identity_proofs() {
    let env = format!(
        "PROJECT_NAME=\"Authentication Microservice\"\nSECRET_KEY=\"{}\"\n\n\
         # Database\nPOSTGRES_SERVER=auth-service-db\nPOSTGRES_USER=postgres\nPOSTGRES_PASSWORD={}\n\
         POSTGRES_DB=auth_db\nPOSTGRES_PORT=5432\n\n# Redis\nREDIS_HOST=auth-service-redis\nREDIS_PORT=6379\n\n\
         # Email Configuration\nSMTP_HOST=mail.example.com\nSMTP_PORT=587\nSMTP_USER=door@example.com\n\
         SMTP_PASSWORD={}\nEMAILS_FROM_EMAIL=noreply@example.com\nEMAILS_FROM_NAME=\"Auth Service\"\n",
        secret(),
        secret(),
        secret()
    );
    Holding::of(&folder(&env)).expect(&[
        ("server.name", "Authentication Microservice", "PROJECT_NAME"),
        ("proof.secret_key", "********", "SECRET_KEY"),
        (
            "database.url",
            "postgres://postgres:********@auth-service-db:5432/auth_db",
            "POSTGRES_SERVER",
        ),
        (
            "redis.url",
            "redis://auth-service-redis:6379/0",
            "REDIS_HOST",
        ),
        ("mail.host", "mail.example.com", "SMTP_HOST"),
        ("mail.port", "587", "SMTP_PORT"),
        ("mail.username", "door@example.com", "SMTP_USER"),
        ("mail.password", "********", "SMTP_PASSWORD"),
        ("mail.from", "noreply@example.com", "EMAILS_FROM_EMAIL"),
        ("mail.from_name", "Auth Service", "EMAILS_FROM_NAME"),
    ]);
}

#[test]
fn the_environment_of_the_service_with_logins() {
    let env = format!(
        "# Database\nDB_HOST=localhost\nDB_PORT=5432\nDB_USER=auth_user\nDB_PASSWORD={}\nDB_TABLE=auth\n\n\
         # Redis\nREDIS_HOST=localhost\nREDIS_PORT=6379\nREDIS_DB=0\n\n# JWT\nSECRET_KEY={}\n\n\
         # SSL (for local development with HTTPS)\nSSL_CERTFILE=.ssl/cert.pem\nSSL_KEYFILE=.ssl/key.pem\nLOG_LEVEL=INFO\n",
        secret(),
        secret()
    );
    Holding::of(&folder(&env)).expect(&[
        (
            "database.url",
            "postgres://auth_user:********@localhost:5432/auth",
            "DB_HOST",
        ),
        ("redis.url", "redis://localhost:6379/0", "REDIS_HOST"),
        ("proof.secret_key", "********", "SECRET_KEY"),
        ("server.tls.cert_file", ".ssl/cert.pem", "SSL_CERTFILE"),
        ("server.tls.key_file", ".ssl/key.pem", "SSL_KEYFILE"),
        ("logs.level", "info", "LOG_LEVEL"),
    ]);
}

/// What the environment of the service with verified users says, in the order of its document.
const VERIFIED_USERS: &[(&str, &str, &str)] = &[
    ("server.name", "Authorization Service", "PROJECT_NAME"),
    ("api.v1_prefix", "/api/v1", "API_V1_STR"),
    (
        "database.url",
        "postgresql+psycopg2://user:********@db.example.com:5432/dbname",
        "DATABASE_URL",
    ),
    (
        "tokens.access_lifetime",
        "30m",
        "ACCESS_TOKEN_EXPIRE_MINUTES",
    ),
    ("tokens.refresh_lifetime", "7d", "REFRESH_TOKEN_EXPIRE_DAYS"),
    (
        "cors.origins",
        "http://localhost:3000,http://127.0.0.1:3000",
        "BACKEND_CORS_ORIGINS",
    ),
    ("mail.host", "mail.example.com", "SMTP_HOST"),
    ("mail.port", "465", "SMTP_PORT"),
    ("mail.username", "door", "SMTP_USERNAME"),
    ("mail.password", "********", "SMTP_PASSWORD"),
    ("mail.tls", "implicit", "SMTP_USE_SSL"),
    ("mail.from", "noreply@example.com", "MAIL_FROM"),
    ("codes.verify.lifetime", "10m", "EMAIL_OTP_EXPIRE_MINUTES"),
    ("codes.verify.length", "6", "EMAIL_OTP_LENGTH"),
    (
        "codes.verify.cooldown",
        "1m",
        "EMAIL_OTP_RESEND_INTERVAL_SECONDS",
    ),
    ("codes.verify.attempts", "5", "EMAIL_OTP_MAX_ATTEMPTS"),
    ("redis.url", "redis://localhost:6379/0", "REDIS_HOST"),
    (
        "rate_limit.named.login",
        "10 per 1 minute",
        "RATE_LIMIT_LOGIN",
    ),
    (
        "rate_limit.named.refresh",
        "30 per 1 minute",
        "RATE_LIMIT_REFRESH",
    ),
    (
        "rate_limit.named.send_otp",
        "5 per 1 minute",
        "RATE_LIMIT_SEND_OTP",
    ),
    (
        "rate_limit.named.verify_otp",
        "10 per 1 minute",
        "RATE_LIMIT_VERIFY_OTP",
    ),
    (
        "rate_limit.named.default",
        "100 per 1 minute",
        "RATE_LIMIT_DEFAULT",
    ),
    ("cache.lifetime", "30m", "REDIS_CACHE_EXPIRE_SECONDS"),
    ("database.pool_size", "10", "DATABASE_POOL_SIZE"),
    ("database.max_overflow", "20", "DATABASE_MAX_OVERFLOW"),
    ("database.pool_timeout", "30s", "DATABASE_POOL_TIMEOUT"),
    ("database.pool_recycle", "1h", "DATABASE_POOL_RECYCLE"),
];

#[test]
fn the_environment_of_the_service_with_verified_users() {
    let env = format!(
        "PROJECT_NAME=Authorization Service\nAPI_V1_STR=/api/v1\n\
         DATABASE_URL=postgresql+psycopg2://user:{}@db.example.com:5432/dbname\nSECRET_KEY={}\nALGORITHM=HS256\n\
         ACCESS_TOKEN_EXPIRE_MINUTES=30\nREFRESH_TOKEN_EXPIRE_DAYS=7\n\
         BACKEND_CORS_ORIGINS=\"http://localhost:3000,http://127.0.0.1:3000\"\n\
         SMTP_HOST=mail.example.com\nSMTP_PORT=465\nSMTP_USERNAME=door\nSMTP_PASSWORD={}\nSMTP_USE_SSL=True\n\
         SMTP_USE_TLS=False\nMAIL_FROM=noreply@example.com\nEMAIL_OTP_EXPIRE_MINUTES=10\nEMAIL_OTP_LENGTH=6\n\
         EMAIL_OTP_RESEND_INTERVAL_SECONDS=60\nEMAIL_OTP_MAX_ATTEMPTS=5\n\
         REDIS_HOST=localhost\nREDIS_PORT=6379\nREDIS_DB=0\nRATE_LIMIT_LOGIN=\"10/minute\"\n\
         RATE_LIMIT_REFRESH=\"30/minute\"\nRATE_LIMIT_SEND_OTP=\"5/minute\"\nRATE_LIMIT_VERIFY_OTP=\"10/minute\"\n\
         RATE_LIMIT_DEFAULT=\"100/minute\"\nREDIS_CACHE_EXPIRE_SECONDS=1800\nDATABASE_POOL_SIZE=10\n\
         DATABASE_MAX_OVERFLOW=20\nDATABASE_POOL_TIMEOUT=30\nDATABASE_POOL_RECYCLE=3600\n",
        secret(),
        secret(),
        secret()
    );
    let all_families = folder(&env);
    Holding::of(&all_families).expect(VERIFIED_USERS);
    let printed = all_families.run(&["config", "print", "--json"]);
    assert_eq!(
        Holding::of(&all_families).row("tokens.algorithm").0,
        "RS256"
    );
    assert_eq!(
        printed.stderr.matches("HS256").count(),
        1,
        "{}",
        printed.stderr
    );
    let alone = all_families.set("api.families", "verified");
    Holding::of(&alone).expect(&[
        ("tokens.algorithm", "HS256", "ALGORITHM"),
        ("tokens.hs256_key", "********", "SECRET_KEY"),
    ]);
}

#[test]
fn two_names_that_disagree_stop_the_start_and_are_both_named() {
    for (first, second) in [
        ("SMTP_SERVER=a.example.com", "SMTP_HOST=b.example.com"),
        ("SMTP_FROM=a@example.com", "MAIL_FROM=b@example.com"),
        ("DB_HOST=db\nDB_NAME=one", "DB_TABLE=two"),
        ("SMTP_USE_TLS=True", "SMTP_TLS=False"),
    ] {
        let folder = folder(&format!("{first}\n{second}\nMAIL_FROM_NAME=x\n"));
        let refused = folder.run(&["serve"]).refused().stderr;
        for line in [first, second] {
            let name = line.lines().last().unwrap().split('=').next().unwrap();
            assert!(refused.contains(name), "{name}: {refused}");
        }
    }
}

#[test]
fn a_name_of_somebody_else_is_left_alone_and_one_of_doorwards_own_must_exist() {
    let folder = folder("UVICORN_WORKERS=4\nALLOWED_HOSTS=*\nPATH_TO_NOWHERE=x\n");
    folder.run(&["config", "check"]).done();
    let folder = folder.environment("DOORWARD_UVICORN_WORKERS", "4");
    let refused = folder.run(&["config", "check"]).refused();
    assert!(
        refused.stderr.contains("DOORWARD_UVICORN_WORKERS"),
        "{refused:?}"
    );
}

/// The pair that the document of the service with one-time codes has its reader make.
fn make_keys(folder: &Folder) {
    sh(folder, "mkdir -p ./keys");
    sh(
        folder,
        "openssl genpkey -algorithm RSA -out ./keys/private_key.pem",
    );
    sh(
        folder,
        "openssl rsa -pubout -in ./keys/private_key.pem -out ./keys/public_key.pem",
    );
}
