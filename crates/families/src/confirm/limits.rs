//! How family `confirm` limits its clients: sign-ins, registrations and refreshes by name, every other route by itself.

use super::link;
use doorward_domain::Quota;
use doorward_http::limits::{Applies, Endpoint, rate_limit_exceeded};
use doorward_http::{LimitPlan, Rule};
use http::Method;

/// For each client and minute.
const LOGINS: u32 = 10;
const REGISTRATIONS: u32 = 5;
const REFRESHES: u32 = 30;
/// No documented number; enough for whoever reads a page, and too few to try links one after another.
const OTHERS: u32 = 100;

/// The plan of all of the family's routes, those among them that cross another family's.
///
/// The token form counts as a refresh. Where it holds a password it counts as a sign-in too, which shows in its body
/// alone: see [`sign_in`].
pub(crate) fn limits() -> LimitPlan {
    let rule = |name, routes, count| Rule {
        name,
        applies: Applies::Together(routes),
        quota: Quota::per_minute(count),
    };
    LimitPlan {
        rules: vec![
            rule("confirm_logins", vec![sign_in()], LOGINS),
            rule("confirm_registrations", vec![post("/users")], REGISTRATIONS),
            rule(
                "confirm_refreshes",
                vec![post("/auth/refresh"), post("/auth/token")],
                REFRESHES,
            ),
            Rule {
                name: "confirm_others",
                applies: Applies::Others,
                quota: Quota::per_minute(OTHERS),
            },
        ],
        same_as: vec![(post(link::PATH), Endpoint::new(Method::GET, link::PATH))],
        refuse: rate_limit_exceeded,
        headers: false,
    }
}

/// What whoever shows a password is counted as.
pub(super) fn sign_in() -> Endpoint {
    post("/auth/login")
}

fn post(path: &str) -> Endpoint {
    Endpoint::new(Method::POST, path)
}
