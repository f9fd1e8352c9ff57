//! People who use the service, as far as a test needs them along.

use super::app::TestApp;
use super::token::claims;
use doorward_domain::Span;
use serde_json::{Value, json};

/// Everybody's password; it keeps the rules of every family.
pub(crate) const PASSWORD: &str = "Correct-Horse-7-Battery";

/// Somebody with an address, or with a phone number in its place. What they have not got yet is empty.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) id: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// An address or a phone number, as the member that a form has for it.
pub(crate) fn named(identifier: &str) -> Value {
    if identifier.starts_with('+') {
        json!({"phone": identifier})
    } else {
        json!({"email": identifier})
    }
}

/// Somebody of family `session`, signed in.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) id: String,
    pub(crate) access: String,
}

impl TestApp {
    /// Somebody who has registered and not looked at their mail.
    pub(crate) async fn registered(&self, email: &str) -> Person {
        let form = json!({"email": email, "full_name": "Ada Lovelace", "password": PASSWORD});
        let answer = self
            .post("/api/v1/users")
            .json(form)
            .send()
            .await
            .expect(201);
        Person {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            id: answer.field("id"),
            access: String::new(),
            refresh: String::new(),
        }
    }

    /// Somebody who has registered and proven their address.
    pub(crate) async fn verified(&self, email: &str) -> Person {
        let person = self.registered(email).await;
        let otp = self.code_for(email).await;
        let form = json!({"email": email, "otp": otp});
        self.post("/api/v1/auth/verify-otp")
            .json(form)
            .send()
            .await
            .expect(200);
        person
    }

    /// Somebody who has registered, proven their address and signed in.
    pub(crate) async fn signed_in(&self, email: &str) -> Person {
        let person = self.verified(email).await;
        let form = json!({"email": email, "password": person.password});
        let answer = self
            .post("/api/v1/auth/login")
            .json(form)
            .send()
            .await
            .expect(200);
        Person {
            access: answer.field("access_token"),
            refresh: answer.field("refresh_token"),
            ..person
        }
    }

    /// A code of family `code`, asked for and read. The newest message is known by its time.
    pub(crate) async fn sign_in_code(&self, identifier: &str) -> String {
        self.advance(Span::millis(1));
        self.post("/auth/code")
            .json(named(identifier))
            .send()
            .await
            .expect(200);
        self.code_for(identifier).await
    }

    /// Somebody of family `code`, signed in with a code that was sent to an address or a phone.
    pub(crate) async fn by_code(&self, identifier: &str) -> Person {
        let mut form = named(identifier);
        form["code"] = self.sign_in_code(identifier).await.into();
        let answer = self
            .request(http::Method::PUT, "/auth/token")
            .json(form)
            .send()
            .await
            .expect(200);
        let access = answer.field("JWT");
        Person {
            email: identifier.to_owned(),
            password: String::new(),
            id: claims(&access)["sub"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            refresh: answer.field("RT"),
            access,
        }
    }

    /// Somebody of family `session`, registered and signed in.
    pub(crate) async fn member(&self, login: &str) -> Member {
        let form = json!({"login": login, "password": PASSWORD});
        let registered = self
            .post("/api/register")
            .json(form.clone())
            .send()
            .await
            .expect(201);
        let answer = self.post("/api/login").json(form).send().await.expect(200);
        Member {
            login: login.to_owned(),
            password: PASSWORD.to_owned(),
            id: registered.field("id"),
            access: answer.field("access_token"),
        }
    }
}
