//! What holds for all families at once: one user, one kind of token, one shape of errors, one set of rules.

mod crossings;
mod enumeration;
mod everywhere;
mod first_proof;
mod hostile;
mod input;
mod lifecycle;
mod methods;
mod origins;
mod replicas;
mod switches;
mod tokens;

/// Every route of the families: method and path, with a file, a link and a provider that are not there.
const ROUTES: [(&str, &str); 35] = [
    ("POST", "/auth/code"),
    ("PUT", "/auth/token"),
    ("POST", "/auth/token"),
    ("PATCH", "/auth/refresh"),
    ("POST", "/auth/refresh"),
    ("PUT", "/user/profile"),
    ("DELETE", "/user/profile"),
    ("PATCH", "/user/credentials"),
    ("POST", "/user/password"),
    ("POST", "/auth/login"),
    ("POST", "/federation/absent/nonce"),
    ("POST", "/users"),
    ("GET", "/users"),
    ("PUT", "/users"),
    ("DELETE", "/users"),
    ("PUT", "/users/email"),
    ("PUT", "/users/password"),
    ("GET", "/users/confirm/absent"),
    ("POST", "/users/confirm/absent"),
    ("POST", "/api/v1/auth/send-code"),
    ("POST", "/api/v1/auth/verify-code"),
    ("POST", "/api/register"),
    ("POST", "/api/login"),
    ("POST", "/api/logout"),
    ("GET", "/api/profile"),
    ("POST", "/api/delete"),
    ("POST", "/api/v1/users"),
    ("POST", "/api/v1/auth/send-otp"),
    ("POST", "/api/v1/auth/verify-otp"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh-token"),
    ("GET", "/api/v1/users/profile"),
    ("POST", "/api/v1/users/upload-file"),
    ("GET", "/api/v1/users/download-file/absent.txt"),
    ("DELETE", "/api/v1/users/delete-file/absent.txt"),
];

/// Whose route it is; where families meet, whose routes they are.
fn owners(method: &str, path: &str) -> &'static [&'static str] {
    match (method, path) {
        ("POST", "/auth/token" | "/auth/refresh") => &["code", "confirm"],
        (_, "/auth/login") => &["confirm"],
        (_, path) if path.starts_with("/users") || path.starts_with("/federation/") => &["confirm"],
        (_, path) if path.starts_with("/auth/") || path.starts_with("/user/") => &["code"],
        (_, path) => match path.strip_prefix("/api/v1") {
            None => &["session"],
            Some(below) if below.ends_with("-code") || below == "/health" => &["proof"],
            Some(_) => &["verified"],
        },
    }
}

/// The path as the OpenAPI document has it.
fn template(path: &str) -> String {
    path.replace("absent.txt", "{name}")
        .replace("/confirm/absent", "/confirm/{token}")
        .replace("/federation/absent", "/federation/{provider}")
}

/// The routes that read a JSON object, with every member that they ask for.
const FORMS: [(&str, &[&str]); 11] = [
    ("/auth/login", &["email", "password"]),
    ("/users", &["email", "first_name", "last_name"]),
    ("/api/v1/auth/send-code", &["email", "project_id"]),
    ("/api/v1/auth/verify-code", &["email", "project_id", "code"]),
    ("/api/register", &["login", "password"]),
    ("/api/login", &["login", "password"]),
    ("/api/delete", &["login", "password"]),
    ("/api/v1/users", &["email", "password"]),
    ("/api/v1/auth/send-otp", &["email"]),
    ("/api/v1/auth/verify-otp", &["email", "otp"]),
    ("/api/v1/auth/login", &["email", "password"]),
];
