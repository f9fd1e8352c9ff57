//! Files of family `verified` on the wire: a form with one part in, the bytes with careful headers out.

mod disposition;
mod form;
mod pipe;

pub(super) use form::{UploadForm, form_limit};

use crate::fields::{Faults, FieldFault, Flaw};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use disposition::Disposition;
use doorward_domain::FileName;
use doorward_service::files::kinds;
use doorward_service::files::{Download, ObjectName};
use doorward_service::ports::ByteStream;
use futures_util::{StreamExt, stream};
use http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use serde::Serialize;
use utoipa::ToSchema;

/// Nothing in a file may run, load, send or be framed, whatever it calls itself.
const SANDBOX: HeaderValue =
    HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'");

/// What a file has whose type nobody said.
const ANY_BYTES: &str = "application/octet-stream";

/// Where the file is now.
#[derive(Serialize, ToSchema)]
#[schema(as = verified::Uploaded)]
pub(super) struct Uploaded {
    message: &'static str,
    #[schema(example = "user-files/01890a5d-ac96-774b-bcce-b302099a8057/report.pdf")]
    object_name: String,
}

impl From<&ObjectName> for Uploaded {
    fn from(name: &ObjectName) -> Self {
        Self {
            message: "File uploaded successfully",
            object_name: name.to_string(),
        }
    }
}

/// The name in the path.
pub(super) fn name_in_path(text: &str) -> Result<FileName, Faults> {
    FileName::parse(text)
        .map_err(|error| Faults::one(FieldFault::path("name", Flaw::value(error.to_string()))))
}

/// A file as an answer. A browser shows it only where it is the raster image that it says it is.
pub(super) async fn respond(name: &FileName, file: Download) -> Response {
    let (first, content) = peek(file.content).await;
    let disposition = if kinds::is_raster(&file.content_type, &first) {
        Disposition::Inline
    } else {
        Disposition::Attachment
    };
    let content_type =
        HeaderValue::try_from(file.content_type).unwrap_or(HeaderValue::from_static(ANY_BYTES));
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_LENGTH, HeaderValue::from(file.size)),
        (CONTENT_DISPOSITION, disposition.header(name)),
        (CONTENT_SECURITY_POLICY, SANDBOX),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, Body::from_stream(content)).into_response()
}

/// The bytes that decide what a file is, and the whole content again. A failure stays where it was in the stream.
async fn peek(mut content: ByteStream) -> (Vec<u8>, ByteStream) {
    let mut first = Vec::with_capacity(kinds::DECIDING);
    let mut taken = Vec::new();
    while first.len() < kinds::DECIDING {
        let Some(piece) = content.next().await else {
            break;
        };
        let failed = piece.is_err();
        if let Ok(bytes) = &piece {
            first.extend(bytes.iter().take(kinds::DECIDING - first.len()));
        }
        taken.push(piece);
        if failed {
            break;
        }
    }
    (first, stream::iter(taken).chain(content).boxed())
}

#[cfg(test)]
mod tests;
