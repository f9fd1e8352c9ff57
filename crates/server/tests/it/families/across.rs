//! What holds for all families at once: one user, one kind of token, one shape of errors, one set of rules.

mod crossings;
mod enumeration;
mod first_proof;
mod hostile;
mod input;
mod lifecycle;
mod methods;
mod origins;
mod replicas;
mod switches;
mod tokens;

/// Every route of the families: method and path, with a file that is not there.
const ROUTES: [(&str, &str); 16] = [
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

/// The routes that read a JSON object, with every member that they ask for.
const FORMS: [(&str, &[&str]); 9] = [
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
