//! The two ways in: with a password, and with the word of a third party.

use super::{NAME, bounded};
use crate::fields::{Fields, email, new_password};
use doorward_domain::{Email, PasswordRules, ProviderName, Rejection};
use doorward_service::passwords::NewPassword;
use doorward_service::sessions::SignIn;
use doorward_service::{Error, confirmations, federation};
use secrecy::SecretString;
use utoipa::ToSchema;

/// Bytes of a third party's name for somebody (OpenID Connect Core section 2).
const SUBJECT: usize = 255;

/// A new user, with a password or with a third party's word; beside a `third_party_id` a password is ignored.
#[derive(ToSchema)]
#[schema(as = confirm::Registration)]
pub(in crate::confirm) struct Registration {
    #[schema(value_type = String, format = Email)]
    email: Email,
    #[schema(max_length = 255)]
    first_name: String,
    #[schema(max_length = 255)]
    last_name: String,
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 128)]
    password: Option<NewPassword>,
    /// A configured provider.
    #[schema(example = "google")]
    auth_provider: Option<String>,
    /// Who the user is there.
    #[schema(max_length = 255)]
    third_party_id: Option<String>,
    /// The provider's word that it is so.
    #[schema(value_type = Option<String>)]
    id_token: Option<SecretString>,
}

/// What a registration asks for.
pub(in crate::confirm) enum Registering {
    /// An account with a password.
    Password(confirmations::Registration),
    /// An account with an identity.
    ThirdParty(federation::Registration),
}

impl Registration {
    pub(in crate::confirm) fn read(fields: &mut Fields, rules: &PasswordRules) -> Option<Self> {
        let email = fields.parse("email", email);
        let first_name = fields.parse("first_name", |text| bounded(text, NAME));
        let last_name = fields.parse("last_name", |text| bounded(text, NAME));
        let password = fields.optional("password", |text| new_password(text.into(), rules));
        let auth_provider = fields.optional("auth_provider", |text| Ok(text.to_owned()));
        let third_party_id = fields.optional("third_party_id", |text| bounded(text, SUBJECT));
        let id_token = fields.optional_secret("id_token");
        Some(Self {
            email: email?,
            first_name: first_name?,
            last_name: last_name?,
            password,
            auth_provider,
            third_party_id,
            id_token,
        })
    }

    /// What is asked for. A provider's token that is not there is one that is not good.
    pub(in crate::confirm) fn into_command(self) -> Result<Registering, Error> {
        let Self {
            email,
            first_name,
            last_name,
            ..
        } = self;
        match (self.third_party_id, self.password) {
            (Some(subject), _) => Ok(Registering::ThirdParty(federation::Registration {
                provider: provider(&self.auth_provider.unwrap_or_default())?,
                subject,
                id_token: self.id_token.unwrap_or_default(),
                email,
                first_name,
                last_name,
            })),
            (None, Some(password)) => Ok(Registering::Password(confirmations::Registration {
                email,
                first_name,
                last_name,
                password,
            })),
            (None, None) => Err(Rejection::CredentialMissing.into()),
        }
    }
}

/// An address and its password, or a third party's word.
#[derive(ToSchema)]
#[schema(as = confirm::Credentials)]
#[expect(dead_code, reason = "it describes the two forms")]
pub(in crate::confirm) struct Credentials {
    #[schema(format = Email)]
    email: Option<String>,
    #[schema(format = Password)]
    password: Option<String>,
    /// A configured provider, in place of an address.
    #[schema(example = "google")]
    provider: Option<String>,
    /// The provider's word, in place of a password.
    id_token: Option<String>,
}

/// How somebody signs in.
pub(in crate::confirm) enum SigningIn {
    /// With a password.
    Password(SignIn),
    /// With an identity.
    ThirdParty {
        provider: String,
        id_token: SecretString,
    },
}

impl SigningIn {
    /// Whoever names a provider signs in there.
    pub(in crate::confirm) fn read(fields: &mut Fields) -> Option<Self> {
        if let Some(provider) = fields.optional("provider", |text| Ok(text.to_owned())) {
            let id_token = fields.optional_secret("id_token").unwrap_or_default();
            return Some(Self::ThirdParty { provider, id_token });
        }
        let email = fields.parse("email", email);
        let password = fields.secret("password", Ok);
        Some(Self::Password(SignIn {
            identifier: email?.into(),
            password: password?,
        }))
    }
}

/// A provider by the name that it is configured under.
pub(in crate::confirm) fn provider(text: &str) -> Result<ProviderName, Error> {
    ProviderName::parse(text).map_err(|_| Rejection::ProviderUnknown.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Document;
    use doorward_http::MediaType;
    use secrecy::ExposeSecret;
    use serde_json::{Map, Value, json};

    const RULES: PasswordRules = PasswordRules {
        min: 8,
        max: 128,
        mixed: false,
    };

    fn read<T>(body: &Value, form: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Value> {
        Document::new(MediaType::Json, body.to_string())
            .form(form)
            .map_err(|faults| serde_json::to_value(faults.into_list()).unwrap())
    }

    /// What becomes of a registration with these members beside the names and the address.
    fn registering(more: &Value) -> Result<String, String> {
        let mut body =
            json!({"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"});
        let more: Map<String, Value> = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        let form = read(&body, |fields| Registration::read(fields, &RULES));
        let form = form.map_err(|faults| faults[0]["msg"].as_str().unwrap().to_owned())?;
        match form.into_command() {
            Ok(Registering::Password(_)) => Ok("password".to_owned()),
            Ok(Registering::ThirdParty(form)) => Ok(format!(
                "{}|{}|{}",
                form.provider.as_str(),
                form.subject,
                form.id_token.expose_secret()
            )),
            Err(Error::Rejected(refusal)) => Err(refusal.rejection.code().to_owned()),
            Err(Error::Fault(fault)) => Err(fault.to_string()),
        }
    }

    #[test]
    fn a_registration_has_a_password_or_a_third_partys_word() {
        let password = json!({"password": "Correct-Horse-7"});
        assert_eq!(registering(&password).unwrap(), "password");
        let identity =
            json!({"auth_provider": "google", "third_party_id": "1001", "id_token": "a.b.c"});
        assert_eq!(registering(&identity).unwrap(), "google|1001|a.b.c");
        for neither in [
            json!({}),
            json!({"password": null}),
            json!({"password": "", "third_party_id": ""}),
            json!({"auth_provider": "google", "id_token": "a.b.c"}),
        ] {
            assert_eq!(
                registering(&neither).unwrap_err(),
                "credential_missing",
                "{neither}"
            );
        }
    }

    #[test]
    fn sec_s10_a_third_party_id_never_becomes_a_registration_by_password() {
        let both = json!({"auth_provider": "google", "third_party_id": "1", "password": "Correct-Horse-7"});
        assert_eq!(registering(&both).unwrap(), "google|1|");
        for provider in [json!(null), json!(""), json!("../google"), json!("Gööģle")] {
            let body = json!({"auth_provider": provider, "third_party_id": "1", "id_token": "a"});
            assert_eq!(registering(&body).unwrap_err(), "provider_unknown");
        }
    }

    #[test]
    fn a_password_has_8_to_128_code_points_and_no_other_rule() {
        let told = |password: &str| registering(&json!({"password": password}));
        assert_eq!(
            told("1234567").unwrap_err(),
            "String should have at least 8 characters"
        );
        assert_eq!(
            told(&"é".repeat(129)).unwrap_err(),
            "String should have at most 128 characters"
        );
        for good in ["12345678", "        ", "пароль!!", &"é".repeat(128)] {
            assert!(told(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn names_are_needed_and_every_fault_is_told() {
        let told = read(&json!({"email": "ada", "first_name": 7}), |fields| {
            Registration::read(fields, &RULES)
        });
        assert_eq!(
            told.err().unwrap(),
            json!([
                {"loc": ["body", "email"], "msg": "value is not a valid email address", "type": "value_error"},
                {"loc": ["body", "first_name"], "msg": "Input should be a valid string", "type": "string_type"},
                {"loc": ["body", "last_name"], "msg": "Field required", "type": "missing"},
            ])
        );
    }

    #[test]
    fn who_names_a_provider_signs_in_there() {
        let way = |body: Value| {
            read(&body, SigningIn::read).map(|form| matches!(form, SigningIn::ThirdParty { .. }))
        };
        assert_eq!(
            way(json!({"email": "a@example.com", "password": "x"})),
            Ok(false)
        );
        assert_eq!(
            way(json!({"provider": "google", "id_token": "a"})),
            Ok(true)
        );
        assert_eq!(way(json!({"provider": "google"})), Ok(true));
        let null = json!({"provider": null, "email": "a@example.com", "password": "x"});
        assert_eq!(way(null), Ok(false));
        let places = way(json!({})).unwrap_err();
        assert_eq!(places[0]["loc"], json!(["body", "email"]));
        assert_eq!(places[1]["loc"], json!(["body", "password"]));
    }
}
