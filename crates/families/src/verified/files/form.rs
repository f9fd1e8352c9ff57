//! The form that a file comes in: `multipart/form-data` (RFC 7578) with one part called `file`.

use super::ANY_BYTES;
use super::pipe::{Write, Writer, pipe};
use crate::call::Refused;
use crate::fields::{Faults, FieldFault, Flaw};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::response::{IntoResponse, Response};
use doorward_domain::FileName;
use doorward_service::files::Upload;
use http::StatusCode;
use std::future::Future;
use tokio::sync::oneshot;
use utoipa::ToSchema;

/// What a form may have around its file: boundaries, headers, small fields that nobody reads.
const AROUND: u64 = 64 * 1024;

/// Longer types are nobody's.
const CONTENT_TYPE_LENGTH: usize = 255;

/// Bytes of a whole form whose file may have `file_size`. A file that is a little larger is still read, so that its own
/// refusal can say which limit it is.
pub(crate) fn form_limit(file_size: u64) -> usize {
    usize::try_from(file_size.saturating_add(AROUND)).unwrap_or(usize::MAX)
}

/// The form; it is read as it comes.
#[derive(ToSchema)]
#[schema(as = verified::Upload)]
pub(crate) struct UploadForm {
    #[schema(value_type = String, format = Binary)]
    file: Multipart,
}

impl<S: Send + Sync> FromRequest<S> for UploadForm {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match Multipart::from_request(request, state).await {
            Ok(file) => Ok(Self { file }),
            Err(_) => Err(absent().into_response()),
        }
    }
}

impl UploadForm {
    /// Opens the form: the first future gives the file as soon as its head is there, the second moves the bytes.
    ///
    /// They run side by side, and the second says what is wrong with the form, if anything is.
    pub(crate) fn open(
        self,
    ) -> (
        impl Future<Output = Result<Upload, Refused>>,
        impl Future<Output = Result<(), Refused>>,
    ) {
        let (head, found) = oneshot::channel::<Head>();
        let (bytes, content) = pipe();
        let upload = async {
            let head = found.await.map_err(|_| absent())?;
            Ok(Upload {
                name: head.name,
                content_type: head.content_type,
                content,
            })
        };
        (upload, self.send(head, bytes))
    }

    /// Reads the form to its end, so that a refusal reaches a client that reads after it has written all.
    async fn send(mut self, head: oneshot::Sender<Head>, bytes: Writer) -> Result<(), Refused> {
        let mut head = Some(head);
        while let Some(field) = self
            .file
            .next_field()
            .await
            .map_err(|error| unreadable(&error))?
        {
            if field.name() != Some("file") {
                continue;
            }
            let Some(head) = head.take() else {
                return Err(at_file(Flaw::value("Field sent twice")).into());
            };
            let wanted = head.send(Head::of(&field)?).is_ok();
            copy(field, wanted.then_some(&bytes)).await?;
        }
        if head.is_some() {
            return Err(absent().into());
        }
        bytes.finish().await;
        Ok(())
    }
}

/// What stands before the bytes.
struct Head {
    name: FileName,
    content_type: String,
}

impl Head {
    fn of(field: &Field<'_>) -> Result<Self, Faults> {
        let name = FileName::parse(field.file_name().unwrap_or_default())
            .map_err(|error| at_file(Flaw::value(error.to_string())))?;
        Ok(Self {
            name,
            content_type: declared(field.content_type()),
        })
    }
}

/// Moves the bytes as fast as they are taken; what nobody wants any more is read and dropped.
async fn copy(mut field: Field<'_>, mut into: Option<&Writer>) -> Result<(), Refused> {
    while let Some(bytes) = field.chunk().await.map_err(|error| unreadable(&error))? {
        if let Some(writer) = into
            && writer.write(bytes).await == Write::Unwanted
        {
            into = None;
        }
    }
    Ok(())
}

/// The type as it was declared, where it can be a header again.
fn declared(content_type: Option<&str>) -> String {
    let visible = |text: &&str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    content_type
        .filter(|text| text.len() <= CONTENT_TYPE_LENGTH && text.contains('/'))
        .filter(visible)
        .unwrap_or(ANY_BYTES)
        .to_owned()
}

fn absent() -> Faults {
    at_file(Flaw::Missing)
}

fn at_file(flaw: Flaw) -> Faults {
    Faults::one(FieldFault::body("file", flaw))
}

fn unreadable(error: &MultipartError) -> Refused {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            doorward_http::detail(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large").into()
        }
        _ => Faults::one(FieldFault::whole(Flaw::value(
            "There was an error parsing the body",
        )))
        .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use bytes::Bytes;
    use futures_util::StreamExt;
    use futures_util::future::join;
    use http::header::CONTENT_TYPE;
    use serde_json::{Value, json};

    /// What the service would see, and what becomes of the form.
    async fn sent(parts: &str) -> (Option<(String, String, Vec<u8>)>, Result<(), Value>) {
        let body = parts.replace('\n', "\r\n");
        let request = Request::post("/")
            .header(CONTENT_TYPE, "multipart/form-data; boundary=X")
            .body(Body::from(body))
            .unwrap();
        let form = UploadForm::from_request(request, &()).await.ok().unwrap();
        let (upload, sending) = form.open();
        let storing = async {
            let upload = upload.await.ok()?;
            let pieces: Vec<_> = upload.content.collect().await;
            let whole: Result<Vec<Bytes>, _> = pieces.into_iter().collect();
            Some((
                upload.name.to_string(),
                upload.content_type,
                whole.ok()?.concat(),
            ))
        };
        let (sent, stored) = join(sending, storing).await;
        match sent {
            Ok(()) => (stored, Ok(())),
            Err(refused) => {
                let body = refused.into_response().into_body();
                let bytes = axum::body::to_bytes(body, 4096).await.unwrap();
                (stored, Err(serde_json::from_slice(&bytes).unwrap()))
            }
        }
    }

    fn file(name: &str, content: &str) -> String {
        format!(
            "--X\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\n\
             Content-Type: text/plain\n\n{content}\n"
        )
    }

    const OTHER: &str = "--X\nContent-Disposition: form-data; name=\"note\"\n\nhello\n";

    #[tokio::test]
    async fn the_part_called_file_is_the_upload() {
        let (stored, sent) = sent(&format!("{OTHER}{}{OTHER}--X--\n", file("a.txt", "abc"))).await;
        assert_eq!(sent, Ok(()));
        assert_eq!(
            stored.unwrap(),
            ("a.txt".to_owned(), "text/plain".to_owned(), b"abc".to_vec())
        );
    }

    #[tokio::test]
    async fn a_form_without_a_file_says_so() {
        let (stored, sent) = sent(&format!("{OTHER}--X--\n")).await;
        assert_eq!(stored, None);
        assert_eq!(
            sent.unwrap_err(),
            json!({"detail": [{"loc": ["body", "file"], "msg": "Field required", "type": "missing"}]})
        );
    }

    #[tokio::test]
    async fn sec_5_3_2_a_name_that_could_climb_is_refused_at_upload() {
        for name in ["../a", "a/b", "..", ""] {
            let (stored, sent) = sent(&format!("{}--X--\n", file(name, "abc"))).await;
            assert_eq!(stored, None);
            assert_eq!(
                sent.unwrap_err()["detail"][0]["loc"],
                json!(["body", "file"]),
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn sec_15_3_7_a_second_file_is_refused_and_the_first_not_stored() {
        let two = format!("{}{}--X--\n", file("a", "abc"), file("b", "def"));
        let (stored, sent) = sent(&two).await;
        assert_eq!(stored, None, "the store sees an upload that broke off");
        assert_eq!(sent.unwrap_err()["detail"][0]["msg"], "Field sent twice");
    }

    #[tokio::test]
    async fn a_form_that_breaks_off_stores_nothing() {
        let half = file("a", "abc");
        let (stored, sent) = sent(&half).await;
        assert_eq!(stored, None);
        assert_eq!(sent.unwrap_err()["detail"][0]["loc"], json!(["body"]));
    }

    #[test]
    fn a_declared_type_is_kept_if_it_can_be_a_header() {
        assert_eq!(
            declared(Some("text/plain; charset=utf-8")),
            "text/plain; charset=utf-8"
        );
        for odd in [
            None,
            Some(""),
            Some("text"),
            Some("text/\u{e9}"),
            Some("a/b\n"),
        ] {
            assert_eq!(declared(odd), ANY_BYTES, "{odd:?}");
        }
    }
}
