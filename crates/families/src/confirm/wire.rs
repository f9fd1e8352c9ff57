//! What family `confirm` reads and writes, links and the token form apart.

mod entering;

pub(super) use entering::{Credentials, Registering, Registration, SigningIn, provider};

use crate::fields::{Fields, Flaw, email, new_password};
use doorward_domain::{Email, PasswordRules};
use doorward_service::accounts::User;
use doorward_service::federation::Nonce;
use doorward_service::passwords::NewPassword;
use doorward_service::profiles::{Change, Update};
use doorward_service::tokens::Tokens;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

/// Code points of a name: more than anybody's, and few enough to be shown.
const NAME: usize = 255;

/// A refresh token.
#[derive(ToSchema)]
#[schema(as = confirm::Refresh)]
pub(super) struct Refresh {
    #[schema(value_type = String)]
    pub(super) refresh_token: SecretString,
}

impl Refresh {
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let refresh_token = fields.secret("refresh_token", Ok);
        Some(Self {
            refresh_token: refresh_token?,
        })
    }
}

/// What is to change about a user; what is left out or `null` stays. Whether an address is confirmed cannot be set.
#[derive(ToSchema)]
#[schema(as = confirm::Changes)]
pub(super) struct Changes {
    #[schema(max_length = 255)]
    first_name: Option<String>,
    #[schema(max_length = 255)]
    last_name: Option<String>,
    /// It becomes the user's once the link that is mailed to it is confirmed.
    #[schema(value_type = Option<String>, format = Email)]
    pub(super) email: Option<Email>,
}

impl Changes {
    pub(super) fn read(fields: &mut Fields) -> Self {
        Self {
            first_name: fields.optional_text("first_name", NAME),
            last_name: fields.optional_text("last_name", NAME),
            email: fields.optional("email", email),
        }
    }

    /// What of it is the profile's, if anything is.
    pub(super) fn profile(self) -> Option<Update> {
        let named = self.first_name.is_some() || self.last_name.is_some();
        let change = |name: Option<String>| name.map_or(Change::Keep, Change::Set);
        named.then(|| Update {
            first_name: change(self.first_name),
            last_name: change(self.last_name),
            ..Update::default()
        })
    }
}

/// The address that a user is to have.
#[derive(ToSchema)]
#[schema(as = confirm::NewEmail)]
pub(super) struct NewEmail {
    #[schema(value_type = String, format = Email)]
    pub(super) new_email: Email,
}

impl NewEmail {
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let new_email = fields.parse("new_email", email);
        Some(Self {
            new_email: new_email?,
        })
    }
}

/// The password that a user has, and the one that they are to have.
#[derive(ToSchema)]
#[schema(as = confirm::PasswordChange)]
pub(super) struct PasswordChange {
    #[schema(value_type = String, format = Password)]
    pub(super) old_password: SecretString,
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    pub(super) new_password: NewPassword,
}

impl PasswordChange {
    pub(super) fn read(fields: &mut Fields, rules: &PasswordRules) -> Option<Self> {
        let old_password = fields.secret("old_password", Ok);
        let new_password = fields.secret("new_password", |text| new_password(text, rules));
        Some(Self {
            old_password: old_password?,
            new_password: new_password?,
        })
    }
}

fn bounded(text: &str, max: usize) -> Result<String, Flaw> {
    crate::fields::storable(text.to_owned(), max)
}

/// The new user's id.
#[derive(Serialize, ToSchema)]
#[schema(as = confirm::Registered)]
pub(super) struct Registered {
    #[schema(format = "uuid")]
    uuid: String,
}

impl From<&User> for Registered {
    fn from(user: &User) -> Self {
        Self {
            uuid: user.id.to_string(),
        }
    }
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
#[schema(as = confirm::Tokens)]
pub(super) struct TokenReply<'a> {
    access_token: &'a str,
    /// `null` for a session of a family that has none.
    #[schema(required = true)]
    refresh_token: Option<&'a str>,
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// In seconds.
    expires_in: i64,
}

impl<'a> From<&'a Tokens> for TokenReply<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        let refresh = tokens.refresh.as_ref();
        Self {
            access_token: tokens.access_token.expose_secret(),
            refresh_token: refresh.map(|refresh| refresh.token.expose_secret()),
            token_type: "bearer",
            expires_in: tokens.access_lifetime.as_seconds(),
        }
    }
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = confirm::User)]
pub(super) struct UserReply<'a> {
    #[schema(format = "uuid")]
    uuid: String,
    /// `null` for a user who signs in by something else.
    #[schema(required = true)]
    email: Option<&'a str>,
    #[schema(required = true)]
    first_name: Option<&'a str>,
    #[schema(required = true)]
    last_name: Option<&'a str>,
    /// Whether the address is confirmed.
    is_active: bool,
}

impl<'a> From<&'a User> for UserReply<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            uuid: user.id.to_string(),
            email: user.email.as_deref(),
            first_name: user.first_name.as_deref(),
            last_name: user.last_name.as_deref(),
            is_active: user.email_proven,
        }
    }
}

/// A value that an ID token is to carry, once.
#[derive(Serialize, ToSchema)]
#[schema(as = confirm::Nonce)]
pub(super) struct NonceReply<'a> {
    nonce: &'a str,
    /// In seconds.
    expires_in: i64,
}

impl<'a> From<&'a Nonce> for NonceReply<'a> {
    fn from(nonce: &'a Nonce) -> Self {
        Self {
            nonce: nonce.value.expose_secret(),
            expires_in: nonce.lifetime.as_seconds(),
        }
    }
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[schema(as = confirm::Done)]
pub(super) struct Done {
    message: &'static str,
}

impl Done {
    pub(super) const PASSWORD_CHANGED: Self = Self {
        message: "Password updated successfully",
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

    fn changes(body: &Value) -> Changes {
        let document = Document::new(MediaType::Json, body.to_string());
        let read = document.form(|fields| Some(Changes::read(fields)));
        read.ok().unwrap()
    }

    #[test]
    fn sec_s11_only_names_and_an_address_can_be_changed() {
        let nothing = changes(&json!({
            "is_active": true, "uuid": "x", "email": null, "first_name": null, "password": "y",
        }));
        assert!(nothing.email.is_none() && nothing.profile().is_none());
        let update = changes(&json!({"last_name": "King"})).profile().unwrap();
        assert_eq!(
            (update.first_name, update.last_name),
            (Change::Keep, Change::Set("King".to_owned()))
        );
    }
}
