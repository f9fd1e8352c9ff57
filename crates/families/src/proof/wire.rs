//! What family `proof` reads and writes.

use crate::fields::{Fields, Flaw, email};
use doorward_domain::{Email, ProjectId, ProjectIdError};
use doorward_service::proofs::Proof;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

/// Where the code goes, and whom the proof is for.
#[derive(ToSchema)]
#[schema(as = proof::CodeRequest)]
pub(super) struct CodeRequest {
    #[schema(value_type = String, format = Email)]
    pub(super) email: Email,
    #[schema(rename = "project_id", value_type = String, min_length = 1, max_length = 64)]
    pub(super) project: ProjectId,
}

impl CodeRequest {
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.parse("email", email);
        let project = fields.parse("project_id", project);
        Some(Self {
            email: email?,
            project: project?,
        })
    }
}

/// The code that the address got for this project.
#[derive(ToSchema)]
#[schema(as = proof::Guess)]
pub(super) struct Guess {
    #[schema(value_type = String, format = Email)]
    pub(super) email: Email,
    #[schema(rename = "project_id", value_type = String, min_length = 1, max_length = 64)]
    pub(super) project: ProjectId,
    #[schema(value_type = String, example = "123456")]
    pub(super) code: SecretString,
}

impl Guess {
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.parse("email", email);
        let project = fields.parse("project_id", project);
        let code = fields.secret("code", Ok);
        Some(Self {
            email: email?,
            project: project?,
            code: code?,
        })
    }
}

fn project(text: &str) -> Result<ProjectId, Flaw> {
    ProjectId::parse(text).map_err(|error| match error {
        ProjectIdError::Length if text.is_empty() => Flaw::TooShort(1),
        ProjectIdError::Length => Flaw::TooLong(64),
        ProjectIdError::Control => Flaw::value(error.to_string()),
    })
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[schema(as = proof::Done)]
pub(super) struct Done {
    message: &'static str,
}

impl Done {
    pub(super) const CODE_SENT: Self = Self {
        message: "Verification code sent successfully",
    };
}

/// A signed statement that somebody holds an address. It is no token: no route takes it for one.
#[derive(Serialize, ToSchema)]
#[schema(as = proof::Proof)]
pub(super) struct ProofReply<'a> {
    #[schema(format = "uuid")]
    auth_user_id: String,
    email: &'a str,
    project_id: &'a str,
    verified: bool,
    /// Unix seconds.
    issued_at: i64,
    /// HMAC-SHA256 in lower-case hexadecimal digits over the five members above, as Python's
    /// `json.dumps(payload, sort_keys=True)` writes them; left out where no key is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
    /// The same as a compact JWS for the project as `aud`, good for ten minutes, under a key of the key set.
    jws: &'a str,
}

impl<'a> From<&'a Proof> for ProofReply<'a> {
    fn from(proof: &'a Proof) -> Self {
        Self {
            auth_user_id: proof.user.to_string(),
            email: &proof.email,
            project_id: proof.project.as_str(),
            verified: true,
            issued_at: proof.issued_at.as_seconds(),
            signature: proof.signature.as_deref(),
            jws: &proof.jws,
        }
    }
}

/// That the family is there.
#[derive(Serialize, ToSchema)]
#[schema(as = proof::Health)]
pub(super) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

impl Health {
    pub(super) const OK: Self = Self { status: "ok" };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Document;
    use doorward_http::MediaType;
    use serde_json::{Value, json};

    fn faults(body: &Value) -> Value {
        let body = Document::new(MediaType::Json, body.to_string());
        let faults = body.form(Guess::read).err().unwrap();
        serde_json::to_value(faults.into_list()).unwrap()
    }

    #[test]
    fn a_guess_tells_all_its_faults_with_pydantics_words() {
        assert_eq!(
            faults(&json!({"email": "ada", "project_id": "", "code": 123_456})),
            json!([
                {"loc": ["body", "email"], "msg": "value is not a valid email address", "type": "value_error"},
                {"loc": ["body", "project_id"], "msg": "String should have at least 1 character", "type": "string_too_short"},
                {"loc": ["body", "code"], "msg": "Input should be a valid string", "type": "string_type"},
            ])
        );
    }

    #[test]
    fn sec_s17_a_project_has_1_to_64_characters_and_none_that_ends_a_line() {
        let told = |project: &str| {
            let body = json!({"email": "ada@example.com", "project_id": project, "code": "1"});
            faults(&body)[0]["type"].as_str().unwrap().to_owned()
        };
        assert_eq!(told(&"é".repeat(65)), "string_too_long");
        for bad in ["shop\r\nBcc: eve@example.com", "shop\0", "\u{7f}"] {
            assert_eq!(told(bad), "value_error");
        }
    }
}
