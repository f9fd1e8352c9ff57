//! What family `code` reads and writes.

use crate::fields::{Fields, Flaw, email, new_password, phone};
use doorward_domain::{Email, Identifier, Nickname, PasswordRules, Phone, Rejection, Span};
use doorward_service::accounts::User;
use doorward_service::credentials::{Move, PasswordChange};
use doorward_service::passwords::NewPassword;
use doorward_service::profiles::Update;
use doorward_service::sessions::SignInByCode;
use doorward_service::settings::CodeFamily;
use doorward_service::tokens::Tokens;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

/// Where the code goes: exactly one of the two.
#[derive(ToSchema)]
#[schema(as = code::CodeRequest)]
pub(super) struct CodeRequest {
    #[schema(value_type = Option<String>, format = Email)]
    email: Option<Email>,
    /// With its country, such as `+442079460018`.
    #[schema(value_type = Option<String>)]
    phone: Option<Phone>,
}

impl CodeRequest {
    pub(super) fn read(fields: &mut Fields) -> Self {
        Self {
            email: fields.optional("email", email),
            phone: fields.optional("phone", phone),
        }
    }

    pub(super) fn into_identifier(self) -> Result<Identifier, Rejection> {
        one_of(self.email, self.phone)
    }
}

/// The code that the address or the phone got, and the password where the account has one.
#[derive(ToSchema)]
#[schema(as = code::Guess)]
pub(super) struct Guess {
    #[schema(value_type = Option<String>, format = Email)]
    email: Option<Email>,
    /// With its country, such as `+442079460018`.
    #[schema(value_type = Option<String>)]
    phone: Option<Phone>,
    #[schema(value_type = String, example = "123456")]
    code: SecretString,
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

impl Guess {
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.optional("email", email);
        let phone = fields.optional("phone", phone);
        let code = fields.secret("code", Ok);
        let password = fields.optional_secret("password");
        Some(Self {
            email,
            phone,
            code: code?,
            password,
        })
    }

    pub(super) fn into_sign_in(self) -> Result<SignInByCode, Rejection> {
        Ok(SignInByCode {
            identifier: one_of(self.email, self.phone)?,
            code: self.code,
            password: self.password,
        })
    }

    pub(super) fn into_move(self) -> Result<Move, Rejection> {
        Ok(Move {
            identifier: one_of(self.email, self.phone)?,
            code: self.code,
            password: self.password,
        })
    }
}

/// The password, where the account has one.
#[derive(ToSchema)]
#[schema(as = code::Deletion)]
pub(super) struct Deletion {
    #[schema(value_type = Option<String>, format = Password)]
    pub(super) password: Option<SecretString>,
}

impl Deletion {
    pub(super) fn read(fields: &mut Fields) -> Self {
        let password = fields.optional_secret("password");
        Self { password }
    }
}

/// The password that the account gets, `null` for none, and the one that it has.
#[derive(ToSchema)]
#[schema(as = code::Password)]
pub(super) struct PasswordForm {
    #[schema(rename = "old_password", value_type = Option<String>, format = Password)]
    old: Option<SecretString>,
    #[schema(rename = "password", required = true, value_type = Option<String>, format = Password, min_length = 6, max_length = 128)]
    new: Option<NewPassword>,
}

impl PasswordForm {
    pub(super) fn read(fields: &mut Fields, rules: &PasswordRules) -> Self {
        let old = fields.optional_secret("old_password");
        let new = fields.secret_or_null("password", |text| new_password(text, rules));
        Self { old, new }
    }
}

impl From<PasswordForm> for PasswordChange {
    fn from(form: PasswordForm) -> Self {
        Self {
            old: form.old,
            new: form.new,
        }
    }
}

/// What is to change: a field that is left out stays, `null` clears it.
#[derive(ToSchema)]
#[schema(as = code::ProfileUpdate)]
#[expect(dead_code, reason = "it describes what `Update` is read from")]
pub(super) struct ProfileUpdate {
    #[schema(min_length = 1, max_length = 42)]
    first_name: Option<String>,
    #[schema(min_length = 1, max_length = 42)]
    last_name: Option<String>,
    /// Nobody else has it, in whatever case.
    #[schema(min_length = 3, max_length = 42)]
    nickname: Option<String>,
    /// In years.
    #[schema(minimum = 18)]
    age: Option<i64>,
}

impl ProfileUpdate {
    /// `None` where nothing is to change.
    pub(super) fn read(fields: &mut Fields, family: &CodeFamily) -> Option<Update> {
        let named = ["first_name", "last_name", "nickname", "age"];
        let changes = named.iter().any(|name| fields.has(name));
        let update = Update {
            first_name: fields.change_text("first_name", &family.name, Ok),
            last_name: fields.change_text("last_name", &family.name, Ok),
            nickname: fields.change_text("nickname", &family.nickname, |text| {
                Nickname::parse(&text, family.nickname.clone())
                    .map_err(|error| Flaw::value(error.to_string()))
            }),
            age: fields.change_integer("age", family.min_age),
            ..Update::default()
        };
        changes.then_some(update)
    }
}

fn one_of(email: Option<Email>, phone: Option<Phone>) -> Result<Identifier, Rejection> {
    match (email, phone) {
        (Some(email), None) => Ok(email.into()),
        (None, Some(phone)) => Ok(phone.into()),
        (Some(_), Some(_)) | (None, None) => Err(Rejection::IdentifierAmbiguous),
    }
}

/// When the next code can be asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = code::Cooldown)]
pub(super) struct Cooldown {
    /// In seconds.
    #[schema(example = 60)]
    cooldown: i64,
}

impl From<Span> for Cooldown {
    fn from(cooldown: Span) -> Self {
        Self {
            cooldown: cooldown.as_seconds(),
        }
    }
}

/// The tokens of a session, under the names of the headers that they are sent back in.
#[derive(Serialize, ToSchema)]
#[schema(as = code::Tokens)]
pub(super) struct TokenReply<'a> {
    #[serde(rename = "JWT")]
    jwt: &'a str,
    /// `null` for the session of a family that has no refresh tokens.
    #[serde(rename = "RT")]
    #[schema(required = true)]
    rt: Option<&'a str>,
}

impl<'a> From<&'a Tokens> for TokenReply<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        let refresh = tokens.refresh.as_ref();
        Self {
            jwt: tokens.access_token.expose_secret(),
            rt: refresh.map(|refresh| refresh.token.expose_secret()),
        }
    }
}

/// A user; what is not said is `null`.
#[derive(Serialize, ToSchema)]
#[schema(as = code::Profile)]
pub(super) struct Profile<'a> {
    #[schema(required = true)]
    email: Option<&'a str>,
    /// In E.164.
    #[schema(required = true)]
    phone: Option<&'a str>,
    #[schema(required = true)]
    first_name: Option<&'a str>,
    #[schema(required = true)]
    last_name: Option<&'a str>,
    #[schema(required = true)]
    nickname: Option<&'a str>,
    /// In years.
    #[schema(required = true)]
    age: Option<i64>,
    /// Whether one is set.
    password: bool,
}

impl<'a> From<&'a User> for Profile<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            email: user.email.as_deref(),
            phone: user.phone.as_deref(),
            first_name: user.first_name.as_deref(),
            last_name: user.last_name.as_deref(),
            nickname: user.nickname.as_deref(),
            age: user.age,
            password: user.has_password,
        }
    }
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[schema(as = code::Done)]
pub(super) struct Done {
    detail: &'static str,
}

impl Done {
    pub(super) const DELETED: Self = Self {
        detail: "Profile deleted successfully",
    };
    pub(super) const PASSWORD_SET: Self = Self {
        detail: "Password was set successfully",
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{Document, Faults};
    use doorward_http::MediaType;
    use serde_json::{Value, json};

    fn document(body: &Value) -> Document {
        Document::new(MediaType::Json, body.to_string())
    }

    fn identifier(body: &Value) -> Result<String, String> {
        let form = document(body).form(|fields| Some(CodeRequest::read(fields)));
        let form = form.map_err(|faults| faults.into_sentence().into_owned())?;
        let identifier = form.into_identifier();
        identifier
            .map(|identifier| identifier.key())
            .map_err(|rejection| rejection.code().to_owned())
    }

    #[test]
    fn exactly_one_of_email_and_phone_is_needed() {
        let (email, phone) = ("Ada@Example.com", "+44 20 7946 0018");
        for one in [
            json!({"email": email}),
            json!({"email": email, "phone": null}),
            json!({"email": email, "phone": ""}),
        ] {
            assert_eq!(identifier(&one).unwrap(), "email:ada@example.com", "{one}");
        }
        for one in [
            json!({"phone": phone}),
            json!({"phone": phone, "email": null}),
            json!({"phone": phone, "email": ""}),
        ] {
            assert_eq!(identifier(&one).unwrap(), "phone:+442079460018", "{one}");
        }
        for other in [
            json!({}),
            json!({"email": null, "phone": null}),
            json!({"email": "", "phone": ""}),
            json!({"email": email, "phone": phone}),
        ] {
            assert_eq!(identifier(&other).unwrap_err(), "identifier_ambiguous");
        }
    }

    #[test]
    fn the_first_fault_of_a_form_is_told_alone() {
        for (body, sentence) in [
            (
                json!({"email": "ada", "phone": "1"}),
                "value is not a valid email address",
            ),
            (
                json!({"phone": "020 7946 0018"}),
                "value is not a valid phone number",
            ),
            (json!({"email": 7}), "Input should be a valid string"),
        ] {
            assert_eq!(identifier(&body).unwrap_err(), sentence);
        }
        let told = |body: &Value| document(body).form(Guess::read).err();
        let told = |body: &Value| told(body).map(Faults::into_sentence).unwrap();
        assert_eq!(told(&json!({"email": "a@example.com"})), "Field required");
        assert_eq!(
            told(&json!({"email": "a@example.com", "code": 123_456})),
            "Input should be a valid string"
        );
    }
}
