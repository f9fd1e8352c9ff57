//! What family `session` reads and writes.

use crate::fields::{Faults, FieldFault, Fields, Flaw};
use doorward_domain::{Login, PasswordFault, PasswordRules, Timestamp};
use doorward_service::accounts::{DeleteByPassword, SignUp, User};
use doorward_service::passwords::NewPassword;
use doorward_service::sessions::SignIn;
use doorward_service::tokens::Tokens;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

/// A login and the password that it gets.
#[derive(ToSchema)]
#[schema(as = session::Registration)]
pub(super) struct Registration {
    #[schema(value_type = String, min_length = 3, max_length = 100)]
    login: Login,
    /// Needs an upper-case letter, a lower-case letter and a digit.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    password: NewPassword,
}

impl Registration {
    pub(super) fn read(fields: &mut Fields, rules: &PasswordRules) -> Option<Self> {
        let login = fields.parse("login", login);
        let password = fields.secret("password", |text| {
            NewPassword::parse(text, rules).map_err(unfit)
        });
        Some(Self {
            login: login?,
            password: password?,
        })
    }
}

impl From<Registration> for SignUp {
    fn from(form: Registration) -> Self {
        Self::Login {
            login: form.login,
            password: form.password,
        }
    }
}

/// A login and its password.
#[derive(ToSchema)]
#[schema(as = session::Credentials)]
pub(super) struct Credentials {
    #[schema(value_type = String, min_length = 3, max_length = 100)]
    login: Login,
    #[schema(value_type = String, format = Password, min_length = 1)]
    password: SecretString,
}

impl Credentials {
    /// An empty password is refused here, before anything is looked up; it breaks every rule.
    pub(super) fn read(fields: &mut Fields, rules: &PasswordRules) -> Option<Self> {
        let login = fields.parse("login", login);
        let password = fields.secret("password", |text| {
            if text.expose_secret().is_empty() {
                Err(unfit(PasswordFault::TooShort(rules.min)))
            } else {
                Ok(text)
            }
        });
        Some(Self {
            login: login?,
            password: password?,
        })
    }

    /// What is said in place of "wrong" if the password turns out to be.
    pub(super) fn complaint(&self, rules: &PasswordRules) -> Option<Faults> {
        let fault = rules.check(self.password.expose_secret()).err()?;
        Some(Faults::one(FieldFault::body("password", unfit(fault))))
    }

    pub(super) fn into_deletion(self, bearer: Option<SecretString>) -> DeleteByPassword {
        DeleteByPassword {
            login: self.login,
            password: self.password,
            bearer,
        }
    }
}

impl From<Credentials> for SignIn {
    fn from(form: Credentials) -> Self {
        Self {
            identifier: form.login.into(),
            password: form.password,
        }
    }
}

fn login(text: &str) -> Result<Login, Flaw> {
    Login::parse(text).map_err(|error| Flaw::value(error.to_string()))
}

fn unfit(fault: PasswordFault) -> Flaw {
    Flaw::value(fault.to_string())
}

/// The new user's id.
#[derive(Serialize, ToSchema)]
#[schema(as = session::Registered)]
pub(super) struct Registered {
    #[schema(format = "uuid")]
    id: String,
}

impl From<&User> for Registered {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
        }
    }
}

/// The token of a new session.
#[derive(Serialize, ToSchema)]
#[schema(as = session::Token)]
pub(super) struct TokenReply<'a> {
    access_token: &'a str,
    #[schema(example = "bearer")]
    token_type: &'static str,
}

impl<'a> From<&'a Tokens> for TokenReply<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        Self {
            access_token: tokens.access_token.expose_secret(),
            token_type: "bearer",
        }
    }
}

/// Whoever is signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = session::Profile)]
pub(super) struct Profile {
    #[schema(format = "uuid")]
    id: String,
    /// `null` for a user who signs in by something else.
    login: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_login: Option<String>,
}

impl From<&User> for Profile {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            login: user.login.clone(),
            created_at: user.created_at.to_rfc3339(),
            last_login: user.last_login_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[schema(as = session::Done)]
pub(super) struct Done {
    message: &'static str,
}

impl Done {
    pub(super) const SIGNED_OUT: Self = Self {
        message: "Successfully logged out",
    };
    pub(super) const DELETED: Self = Self {
        message: "User deleted successfully",
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Document;
    use doorward_http::MediaType;
    use serde_json::{Value, json};

    const RULES: PasswordRules = PasswordRules {
        min: 8,
        max: 128,
        mixed: true,
    };

    fn body(login: &str, password: &str) -> Document {
        let body = json!({"login": login, "password": password});
        Document::new(MediaType::Json, body.to_string())
    }

    fn messages(faults: Faults) -> Vec<String> {
        let list = serde_json::to_value(faults.into_list()).unwrap();
        let faults = list.as_array().unwrap();
        faults
            .iter()
            .map(|fault| fault["msg"].as_str().unwrap().to_owned())
            .collect()
    }

    fn registering(login: &str, password: &str) -> Vec<String> {
        let read = body(login, password).form(|fields| Registration::read(fields, &RULES));
        read.err().map(messages).unwrap_or_default()
    }

    #[test]
    fn registering_complains_in_the_documented_words_and_order() {
        for (password, complaint) in [
            ("Abc1", "Password must be at least 8 characters long"),
            (
                "abcdefgh",
                "Password must contain at least one uppercase letter",
            ),
            (
                "ABCDEFGH",
                "Password must contain at least one lowercase letter",
            ),
            ("Abcdefgh", "Password must contain at least one digit"),
        ] {
            assert_eq!(registering("ada", password), [complaint]);
        }
        assert_eq!(
            registering("ad", "short"),
            [
                "Login must be at least 3 characters long",
                "Password must be at least 8 characters long"
            ]
        );
        assert!(registering("ada", "Abcdefg1").is_empty());
    }

    #[test]
    fn signing_in_takes_a_password_of_any_make_but_an_empty_one() {
        let read = |login, password| {
            body(login, password).form(|fields| Credentials::read(fields, &RULES))
        };
        assert_eq!(
            read("ad", "").map_err(messages).err().unwrap(),
            [
                "Login must be at least 3 characters long",
                "Password must be at least 8 characters long"
            ]
        );
        let form = read("ada", "secret").ok().unwrap();
        assert_eq!(
            form.complaint(&RULES).map(messages).unwrap(),
            ["Password must be at least 8 characters long"]
        );
        let form = read("ada", "Abcdefg1").ok().unwrap();
        assert_eq!(form.complaint(&RULES), None);
    }

    #[test]
    fn a_complaint_reads_like_any_fault_of_a_field() {
        let form = body("ada", "abcdefgh").form(|fields| Credentials::read(fields, &RULES));
        let complaint = form.ok().unwrap().complaint(&RULES).unwrap();
        let told: Value = serde_json::to_value(complaint.into_list()).unwrap();
        assert_eq!(
            told,
            json!([{
                "loc": ["body", "password"],
                "msg": "Password must contain at least one uppercase letter",
                "type": "value_error"
            }])
        );
    }
}
