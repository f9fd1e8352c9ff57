//! Forms that carry files (RFC 7578), written as browsers write them.

use bytes::Bytes;

const BOUNDARY: &str = "----doorward-test-boundary";

/// A `multipart/form-data` body.
#[derive(Default)]
pub(crate) struct Form(Vec<u8>);

impl Form {
    /// The form that uploads one file.
    pub(crate) fn file(name: &str, content_type: &str, content: &[u8]) -> Self {
        Self::default().part("file", name, content_type, content)
    }

    /// One more part with a file in it; an empty type says nothing.
    pub(crate) fn part(self, field: &str, name: &str, content_type: &str, content: &[u8]) -> Self {
        let disposition = format!("form-data; name=\"{field}\"; filename=\"{name}\"");
        self.raw(&disposition, content_type, content)
    }

    /// One more field without a file.
    pub(crate) fn field(self, field: &str, content: &str) -> Self {
        self.raw(
            &format!("form-data; name=\"{field}\""),
            "",
            content.as_bytes(),
        )
    }

    /// One more part under a disposition written by hand.
    pub(crate) fn raw(mut self, disposition: &str, content_type: &str, content: &[u8]) -> Self {
        let mut head = format!("--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n");
        if !content_type.is_empty() {
            head = format!("{head}Content-Type: {content_type}\r\n");
        }
        self.0.extend_from_slice(head.as_bytes());
        self.0.extend_from_slice(b"\r\n");
        self.0.extend_from_slice(content);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    /// The type to send it with.
    pub(crate) fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// The whole form.
    pub(crate) fn finish(mut self) -> Bytes {
        self.0
            .extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0.into()
    }

    /// The form as it stands when the connection breaks in the middle.
    pub(crate) fn broken_off(self) -> Bytes {
        self.0.into()
    }
}
