//! People who use the service, as far as a test needs them along.

use super::app::TestApp;
use serde_json::json;

/// Everybody's password; it keeps the rules of every family.
pub(crate) const PASSWORD: &str = "Correct-Horse-7-Battery";

/// Somebody of family `verified`. What they have not got yet is empty.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) id: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
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
