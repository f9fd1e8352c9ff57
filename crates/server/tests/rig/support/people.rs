//! People, and what each documented family does for them.

use super::{Answer, Call, Door};
use reqwest::Method;
use serde_json::{Value, json};

/// Everybody's password; it keeps the rules of every family.
pub(crate) const PASSWORD: &str = "Correct-Horse-7-Battery";

/// The documented families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Code,
    Confirm,
    Proof,
    Session,
    Verified,
}

pub(crate) const FAMILIES: [Family; 5] = [
    Family::Code,
    Family::Confirm,
    Family::Proof,
    Family::Session,
    Family::Verified,
];

/// Somebody with a proven address and a password, and with a login where that is how they came.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    login: Option<String>,
}

impl Person {
    /// Registers through a family at `one`, and completes what the family leaves open at `other`.
    pub(crate) async fn register(one: &Door, other: &Door, family: Family, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let form = json!({"email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace"});
        let (id, login) = match family {
            Family::Code => {
                let token = by_code(one, &email, None).await;
                set_password(other, &token).await;
                (subject(&token), None)
            }
            Family::Confirm => {
                let seen = one.messages(&email).await;
                let id = one
                    .post("/users", &form)
                    .answer()
                    .await
                    .expect(200)
                    .field("uuid");
                let link = other.read_after(&email, seen, link_in).await;
                other
                    .get(&format!("/users/confirm/{link}"))
                    .answer()
                    .await
                    .expect(200);
                (id, None)
            }
            Family::Proof => {
                let id = prove(one, other, &email).await;
                let token = by_code(other, &email, None).await;
                set_password(one, &token).await;
                (id, None)
            }
            Family::Session => {
                let id = member(one, name).await;
                let token = login(other, name).await;
                let form =
                    json!({"email": email, "code": code(one, &email).await, "password": PASSWORD});
                let adding = other
                    .call(Method::PATCH, "/user/credentials")
                    .header("JWT", &token);
                adding.json(&form).answer().await.expect(200);
                (id, Some(name.to_owned()))
            }
            Family::Verified => {
                let seen = one.messages(&email).await;
                let id = one
                    .post("/api/v1/users", &form)
                    .answer()
                    .await
                    .expect(201)
                    .field("id");
                let otp = other.read_after(&email, seen, digits_in).await;
                let show = json!({"email": email, "otp": otp});
                other
                    .post("/api/v1/auth/verify-otp", &show)
                    .answer()
                    .await
                    .expect(200);
                (id, None)
            }
        };
        Self { id, email, login }
    }

    /// Signs in through a family, or where it knows no identifier of theirs or opens no session, through another one; gives
    /// an access token.
    pub(crate) async fn enter(&self, door: &Door, family: Family) -> String {
        let form = json!({"email": self.email, "password": PASSWORD});
        match family {
            Family::Code => by_code(door, &self.email, Some(PASSWORD)).await,
            Family::Session if self.login.is_some() => {
                login(door, self.login.as_deref().unwrap()).await
            }
            Family::Verified => {
                let answer = door.post("/api/v1/auth/login", &form).answer().await;
                answer.expect(200).field("access_token")
            }
            Family::Proof => {
                assert_eq!(
                    prove(door, door, &self.email).await,
                    self.id,
                    "the proof names them"
                );
                confirmed(door, &form).await
            }
            Family::Confirm | Family::Session => confirmed(door, &form).await,
        }
    }

    /// Ends the session of a token as the family's clients would, or, where it has no way to, by the native one.
    pub(crate) async fn leave(&self, door: &Door, family: Family, token: &str) {
        let call = match family {
            Family::Code => {
                let call = door
                    .call(Method::DELETE, "/user/profile")
                    .header("JWT", token);
                call.json(&json!({"password": PASSWORD}))
            }
            Family::Confirm => door.call(Method::DELETE, "/users").bearer(token),
            Family::Proof => door
                .call(Method::DELETE, "/v1/sessions?all=true")
                .bearer(token),
            Family::Session => door.call(Method::POST, "/api/logout").bearer(token),
            Family::Verified => door.call(Method::POST, "/v1/sign-out").bearer(token),
        };
        let answer = call.answer().await;
        assert!(matches!(answer.status, 200 | 204), "{family:?}: {answer:?}");
    }
}

/// A request that shows a token to a family; to the native API where the family takes none.
pub(crate) fn show(door: &Door, family: Family, token: &str) -> Call {
    match family {
        Family::Code => door
            .call(Method::PUT, "/user/profile")
            .header("JWT", token)
            .json(&json!({})),
        Family::Confirm => door.get("/users").bearer(token),
        Family::Proof => door.get("/v1/me").bearer(token),
        Family::Session => door.get("/api/profile").bearer(token),
        Family::Verified => door.get("/api/v1/users/profile").bearer(token),
    }
}

/// Registers a login; gives the id.
pub(crate) async fn member(door: &Door, login: &str) -> String {
    let form = json!({"login": login, "password": PASSWORD});
    door.post("/api/register", &form)
        .answer()
        .await
        .expect(201)
        .field("id")
}

/// Signs in with a login; gives the access token.
pub(crate) async fn login(door: &Door, login: &str) -> String {
    let form = json!({"login": login, "password": PASSWORD});
    door.post("/api/login", &form)
        .answer()
        .await
        .expect(200)
        .field("access_token")
}

/// The claim `sub`, unverified.
pub(crate) fn subject(token: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["sub"].as_str().unwrap().to_owned()
}

async fn confirmed(door: &Door, form: &Value) -> String {
    let answer: Answer = door.post("/auth/login", form).answer().await;
    answer.expect(200).field("access_token")
}

/// A sign-in code, asked for and read.
async fn code(door: &Door, email: &str) -> String {
    let seen = door.messages(email).await;
    door.post("/auth/code", &json!({"email": email}))
        .answer()
        .await
        .expect(200);
    door.read_after(email, seen, digits_in).await
}

async fn by_code(door: &Door, email: &str, password: Option<&str>) -> String {
    let form = json!({"email": email, "code": code(door, email).await, "password": password});
    let answer = door
        .call(Method::PUT, "/auth/token")
        .json(&form)
        .answer()
        .await;
    answer.expect(200).field("JWT")
}

async fn set_password(door: &Door, token: &str) {
    let call = door.post("/user/password", &json!({"password": PASSWORD}));
    call.header("JWT", token).answer().await.expect(200);
}

/// Proves an address to a project; gives the id in the proof.
async fn prove(one: &Door, other: &Door, email: &str) -> String {
    let seen = one.messages(email).await;
    let mut form = json!({"email": email, "project_id": "shop"});
    one.post("/api/v1/auth/send-code", &form)
        .answer()
        .await
        .expect(200);
    form["code"] = other.read_after(email, seen, digits_in).await.into();
    let answer = other.post("/api/v1/auth/verify-code", &form).answer().await;
    answer.expect(200).field("auth_user_id")
}

/// A line that is a code.
fn digits_in(text: &str) -> Option<String> {
    let is_code = |line: &&str| {
        (4..=10).contains(&line.len()) && line.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.lines().map(str::trim).find(is_code).map(str::to_owned)
}

/// The secret at the end of a confirmation link.
pub(crate) fn link_in(text: &str) -> Option<String> {
    let (_, secret) = text.split_once("/users/confirm/")?;
    secret.split_whitespace().next().map(str::to_owned)
}
