//! Forms as browsers and OAuth 2.0 clients send them, made into the members that [`Fields`] reads.
//!
//! A body that is not there is a form without fields. JSON is one as well, so that a client whose other bodies are JSON
//! needs no second way to say the same; whoever takes encoded forms alone asks for [`Form::encoded`].

use crate::fields::{Document, Faults, FieldFault, Fields, Flaw};
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::response::{IntoResponse, Response};
use doorward_http::form::{self, FormFault};
use doorward_http::{MediaType, RawBody, media_type};
use http::StatusCode;
use serde_json::{Map, Value};

/// The fields of a form.
pub(crate) struct Form {
    media: MediaType,
    members: Map<String, Value>,
}

impl Form {
    /// Reads what the form says.
    pub(crate) fn read<T>(self, form: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Faults> {
        Fields::read(self.members, form)
    }

    /// The text of every field, where the form came in one of the encodings of forms.
    pub(crate) fn encoded(self) -> Option<Map<String, Value>> {
        match self.media {
            MediaType::Form | MediaType::Multipart => Some(self.members),
            MediaType::Json | MediaType::Text | MediaType::Other | MediaType::Missing => None,
        }
    }
}

/// What is no form.
pub(crate) enum NoForm {
    /// It can be said what is wrong with it.
    Faulty(Faults),
    /// It could not be received.
    Unread(Box<Response>),
}

impl IntoResponse for NoForm {
    fn into_response(self) -> Response {
        match self {
            Self::Faulty(faults) => faults.into_response(),
            Self::Unread(response) => *response,
        }
    }
}

impl From<FormFault> for NoForm {
    fn from(fault: FormFault) -> Self {
        let sentence = fault.to_string();
        Self::Faulty(Faults::one(match fault {
            FormFault::NotText => FieldFault::whole(Flaw::NotText),
            FormFault::DuplicateField(name) => FieldFault::body(name, Flaw::value(sentence)),
        }))
    }
}

impl From<MultipartError> for NoForm {
    fn from(error: MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let large =
                doorward_http::detail(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large");
            return Self::Unread(Box::new(large));
        }
        Self::Faulty(Faults::one(FieldFault::whole(Flaw::value(
            "There was an error parsing the body",
        ))))
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = NoForm;

    async fn from_request(request: Request, state: &S) -> Result<Self, NoForm> {
        let media = media_type(request.headers());
        let members = match media {
            MediaType::Multipart => parts(request, state).await?,
            MediaType::Form => form::parse(&whole(request, state).await?)?,
            MediaType::Json | MediaType::Text | MediaType::Other | MediaType::Missing => {
                let document = Document::new(media, whole(request, state).await?);
                document.members_if_any().map_err(NoForm::Faulty)?
            }
        };
        Ok(Self { media, members })
    }
}

async fn whole<S: Send + Sync>(request: Request, state: &S) -> Result<bytes::Bytes, NoForm> {
    match RawBody::from_request(request, state).await {
        Ok(RawBody(bytes)) => Ok(bytes),
        Err(refused) => Err(NoForm::Unread(Box::new(refused))),
    }
}

/// The parts that are fields (RFC 7578 section 4.2); a file is none.
async fn parts<S: Send + Sync>(request: Request, state: &S) -> Result<Map<String, Value>, NoForm> {
    let Ok(mut parts) = Multipart::from_request(request, state).await else {
        return Err(NoForm::Faulty(Faults::one(FieldFault::whole(Flaw::value(
            "There was an error parsing the body",
        )))));
    };
    let mut pairs = Vec::new();
    while let Some(part) = parts.next_field().await? {
        let Some(name) = part.name().map(str::to_owned) else {
            continue;
        };
        let is_file = part.file_name().is_some();
        let bytes = part.bytes().await?;
        if is_file {
            continue;
        }
        let text = String::from_utf8(bytes.into()).map_err(|_| FormFault::NotText)?;
        pairs.push((name, text));
    }
    Ok(form::gather(pairs)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::header::CONTENT_TYPE;
    use serde_json::json;

    async fn sent(content_type: &str, body: &'static str) -> Result<Form, Value> {
        let mut request = Request::post("/");
        if !content_type.is_empty() {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let request = request.body(Body::from(body)).unwrap();
        match Form::from_request(request, &()).await {
            Ok(form) => Ok(form),
            Err(NoForm::Faulty(faults)) => Err(serde_json::to_value(faults.into_list()).unwrap()),
            Err(NoForm::Unread(response)) => panic!("{response:?}"),
        }
    }

    async fn members(content_type: &str, body: &'static str) -> Value {
        let form = sent(content_type, body).await;
        Value::Object(form.ok().unwrap().members)
    }

    const URLENCODED: &str = "application/x-www-form-urlencoded";
    const MULTIPART: &str = "multipart/form-data; boundary=X";

    #[tokio::test]
    async fn a_form_is_read_in_every_encoding() {
        let told = json!({"answer": "not_me"});
        assert_eq!(members(URLENCODED, "answer=not_me").await, told);
        assert_eq!(
            members("application/json", "{\"answer\": \"not_me\"}").await,
            told
        );
        let part =
            "--X\r\nContent-Disposition: form-data; name=\"answer\"\r\n\r\nnot_me\r\n--X--\r\n";
        assert_eq!(members(MULTIPART, part).await, told);
    }

    #[tokio::test]
    async fn no_body_is_a_form_without_fields() {
        for content_type in ["", URLENCODED, "application/json", "text/plain"] {
            assert_eq!(members(content_type, "").await, json!({}), "{content_type}");
        }
    }

    #[tokio::test]
    async fn only_the_encodings_of_forms_are_encoded() {
        let form = sent(URLENCODED, "a=1").await;
        assert!(form.ok().unwrap().encoded().is_some());
        for content_type in ["application/json", ""] {
            let form = sent(content_type, "").await;
            assert!(form.ok().unwrap().encoded().is_none());
        }
    }

    #[tokio::test]
    async fn sec_3_5_2_a_body_of_another_type_is_no_form() {
        for content_type in ["text/plain", "", "application/xml"] {
            assert!(sent(content_type, "answer=not_me").await.is_err());
        }
    }

    #[tokio::test]
    async fn sec_15_3_7_a_field_sent_twice_is_named() {
        let told = sent(URLENCODED, "answer=confirm&answer=not_me").await;
        assert_eq!(
            told.err().unwrap(),
            json!([{"loc": ["body", "answer"], "msg": "Field sent twice", "type": "value_error"}])
        );
        let twice = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
                     --X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n2\r\n--X--\r\n";
        assert!(sent(MULTIPART, twice).await.is_err());
    }

    #[tokio::test]
    async fn a_form_that_breaks_off_or_holds_files_has_no_fields_from_them() {
        let file = "--X\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n1\r\n--X--\r\n";
        assert_eq!(members(MULTIPART, file).await, json!({}));
        let half = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1";
        assert!(sent(MULTIPART, half).await.is_err());
        assert!(sent("multipart/form-data", "").await.is_err());
    }
}
