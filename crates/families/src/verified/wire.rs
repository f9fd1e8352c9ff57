//! What family `verified` reads and writes, files apart.

use crate::fields::{Document, Faults, FieldFault, Fields, Flaw, email, new_password};
use doorward_domain::{Email, PasswordRules};
use doorward_http::MediaType;
use doorward_service::accounts::{SignUp, User};
use doorward_service::passwords::NewPassword;
use doorward_service::sessions::SignIn;
use doorward_service::tokens::Tokens;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Code points of a name: more than anybody's, and few enough to be shown.
const FULL_NAME: usize = 255;

/// A new user.
#[derive(ToSchema)]
#[schema(as = verified::Registration)]
pub(super) struct Registration {
    #[schema(value_type = String, format = Email)]
    email: Email,
    #[schema(max_length = 255)]
    full_name: Option<String>,
    #[schema(value_type = String, format = Password, min_length = 6, max_length = 512)]
    password: NewPassword,
}

impl Registration {
    pub(super) fn read(fields: &mut Fields, rules: &PasswordRules) -> Option<Self> {
        let email = fields.parse("email", email);
        let full_name = fields.optional_text("full_name", FULL_NAME);
        let password = fields.secret("password", |text| new_password(text, rules));
        Some(Self {
            email: email?,
            full_name,
            password: password?,
        })
    }
}

impl From<Registration> for SignUp {
    fn from(form: Registration) -> Self {
        Self::Email {
            email: form.email,
            full_name: form.full_name,
            password: form.password,
        }
    }
}

/// Where the code goes.
#[derive(ToSchema)]
#[schema(as = verified::Address)]
pub(super) struct Address {
    #[schema(value_type = String, format = Email)]
    pub(super) email: Email,
}

impl Address {
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.parse("email", email);
        Some(Self { email: email? })
    }
}

/// The code that the address got.
#[derive(ToSchema)]
#[schema(as = verified::Verification)]
pub(super) struct Verification {
    #[schema(value_type = String, format = Email)]
    pub(super) email: Email,
    #[schema(value_type = String, example = "123456")]
    pub(super) otp: SecretString,
}

impl Verification {
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.parse("email", email);
        let otp = fields.secret("otp", Ok);
        Some(Self {
            email: email?,
            otp: otp?,
        })
    }
}

/// An address and its password.
#[derive(ToSchema)]
#[schema(as = verified::Credentials)]
pub(super) struct Credentials {
    #[schema(value_type = String, format = Email)]
    email: Email,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

impl Credentials {
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.parse("email", email);
        let password = fields.secret("password", Ok);
        Some(Self {
            email: email?,
            password: password?,
        })
    }
}

impl From<Credentials> for SignIn {
    fn from(form: Credentials) -> Self {
        Self {
            identifier: form.email.into(),
            password: form.password,
        }
    }
}

/// A refresh token.
#[derive(ToSchema)]
#[schema(as = verified::Refresh)]
pub(super) struct Refresh {
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

impl Refresh {
    /// Reads the token from the three shapes in which it comes: as it is, as a JSON string, and as the member of an
    /// object. What says that it is JSON must be JSON; what says less may still be it. The token is its own secret, so
    /// that nothing is gained by sending it across origins.
    pub(super) fn read(body: &Document) -> Result<SecretString, Faults> {
        let json = match body.media() {
            MediaType::Json => true,
            MediaType::Text | MediaType::Form | MediaType::Missing => {
                body.text()?.starts_with(['"', '{'])
            }
            MediaType::Multipart | MediaType::Other => {
                return Err(Faults::one(FieldFault::whole(Flaw::NotText)));
            }
        };
        if json {
            return Self::from_json(body.json()?);
        }
        match body.text()? {
            "" => Err(Faults::one(FieldFault::whole(Flaw::Missing))),
            token => Ok(token.into()),
        }
    }

    fn from_json(value: Value) -> Result<SecretString, Faults> {
        let flaw = match value {
            Value::String(token) => return Ok(token.into()),
            Value::Object(members) => {
                let form = Fields::read(members, |fields| {
                    let token = fields.secret("refresh_token", Ok);
                    Some(Self {
                        refresh_token: token?,
                    })
                })?;
                return Ok(form.refresh_token);
            }
            Value::Null => Flaw::Missing,
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => Flaw::NotText,
        };
        Err(Faults::one(FieldFault::whole(flaw)))
    }
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = verified::User)]
pub(super) struct UserReply {
    #[schema(format = "uuid")]
    id: String,
    /// `null` for a user who signs in by something else.
    email: Option<String>,
    full_name: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    is_email_verified: bool,
}

impl From<&User> for UserReply {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.clone(),
            full_name: user.full_name.clone(),
            created_at: user.created_at.to_rfc3339(),
            is_email_verified: user.email_proven,
        }
    }
}

/// The tokens of a session; where refresh tokens do not turn over, a refresh has none to tell, as the old one stays
/// good.
#[derive(Serialize, ToSchema)]
#[schema(as = verified::Tokens)]
pub(super) struct TokenReply<'a> {
    access_token: &'a str,
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// In seconds.
    access_token_expires_in: i64,
    #[schema(format = DateTime)]
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_expires_in: Option<i64>,
}

impl<'a> From<&'a Tokens> for TokenReply<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        let refresh = tokens.refresh.as_ref();
        Self {
            access_token: tokens.access_token.expose_secret(),
            token_type: "bearer",
            access_token_expires_in: tokens.access_lifetime.as_seconds(),
            expires_at: tokens.access_expires_at.to_rfc3339(),
            refresh_token: refresh.map(|refresh| refresh.token.expose_secret()),
            refresh_token_expires_in: refresh.map(|refresh| refresh.lifetime.as_seconds()),
        }
    }
}

impl TokenReply<'_> {
    /// What a refresh answers where the token that was shown stays good: it is not repeated.
    pub(super) fn without_refresh(self) -> Self {
        Self {
            refresh_token: None,
            refresh_token_expires_in: None,
            ..self
        }
    }
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[schema(as = verified::Done)]
pub(super) struct Done {
    message: &'static str,
}

impl Done {
    pub(super) const CODE_SENT: Self = Self {
        message: "OTP sent",
    };
    pub(super) const VERIFIED: Self = Self {
        message: "Email verified successfully",
    };
    pub(super) const FILE_DELETED: Self = Self {
        message: "File deleted successfully",
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(media: MediaType, text: &'static str) -> Result<String, Value> {
        Refresh::read(&Document::new(media, text))
            .map(|token| token.expose_secret().to_owned())
            .map_err(|faults| serde_json::to_value(faults.into_list()).unwrap())
    }

    #[test]
    fn a_refresh_token_comes_as_text_as_a_json_string_or_as_a_member() {
        for (media, text) in [
            (MediaType::Text, "a.b.c"),
            (MediaType::Text, " a.b.c\n"),
            (MediaType::Text, "\"a.b.c\""),
            (MediaType::Missing, "a.b.c"),
            (MediaType::Missing, "{\"refresh_token\": \"a.b.c\"}"),
            (MediaType::Form, "a.b.c"),
            (MediaType::Json, "\"a.b.c\""),
            (
                MediaType::Json,
                "{\"refresh_token\": \"a.b.c\", \"more\": 1}",
            ),
        ] {
            assert_eq!(read(media, text).unwrap(), "a.b.c", "{media:?} {text}");
        }
    }

    #[test]
    fn what_holds_no_refresh_token_says_what_is_wrong() {
        for (media, text, fault) in [
            (
                MediaType::Text,
                "",
                json!({"loc": ["body"], "msg": "Field required", "type": "missing"}),
            ),
            (
                MediaType::Json,
                "",
                json!({"loc": ["body"], "msg": "Field required", "type": "missing"}),
            ),
            (
                MediaType::Json,
                "null",
                json!({"loc": ["body"], "msg": "Field required", "type": "missing"}),
            ),
            (
                MediaType::Json,
                "{}",
                json!({"loc": ["body", "refresh_token"], "msg": "Field required", "type": "missing"}),
            ),
            (
                MediaType::Json,
                "7",
                json!({"loc": ["body"], "msg": "Input should be a valid string", "type": "string_type"}),
            ),
            (
                MediaType::Json,
                "a.b.c",
                json!({"loc": ["body", 0], "msg": "JSON decode error", "type": "json_invalid"}),
            ),
            (
                MediaType::Multipart,
                "a.b.c",
                json!({"loc": ["body"], "msg": "Input should be a valid string", "type": "string_type"}),
            ),
        ] {
            assert_eq!(
                read(media, text).unwrap_err(),
                json!([fault]),
                "{media:?} {text}"
            );
        }
    }

    #[test]
    fn a_registration_tells_all_its_faults_with_pydantics_words() {
        let rules = PasswordRules {
            min: 6,
            max: 512,
            mixed: false,
        };
        let body = Document::new(
            MediaType::Json,
            r#"{"email": "ada", "full_name": 1, "password": "short"}"#,
        );
        let faults = body
            .form(|fields| Registration::read(fields, &rules))
            .err()
            .unwrap();
        assert_eq!(
            serde_json::to_value(faults.into_list()).unwrap(),
            json!([
                {"loc": ["body", "email"], "msg": "value is not a valid email address", "type": "value_error"},
                {"loc": ["body", "full_name"], "msg": "Input should be a valid string", "type": "string_type"},
                {"loc": ["body", "password"], "msg": "String should have at least 6 characters", "type": "string_too_short"},
            ])
        );
    }
}
