//! Kinds of files that say what they are: by their name, their declared type and their first bytes.
//!
//! Where `files.any_type` is off, the three must agree: a page that calls itself a picture is not kept. A file that is
//! of no kind on this list by any of the three is just bytes, and is kept.

/// So many first bytes tell every kind on the list.
pub const DECIDING: usize = 16;

/// A kind of file.
struct Kind {
    /// Media types that declare it; the usual one first.
    types: &'static [&'static str],
    /// How its names end.
    endings: &'static [&'static str],
    begins: fn(&[u8]) -> bool,
    /// Whether it is a picture made of points: the only content that a browser may show in its own window. Vector
    /// images are documents that can carry scripts.
    raster: bool,
}

const KINDS: [Kind; 9] = [
    Kind {
        types: &["image/png"],
        endings: &["png"],
        begins: |bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        raster: true,
    },
    Kind {
        types: &["image/jpeg", "image/jpg"],
        endings: &["jpg", "jpeg"],
        begins: |bytes| bytes.starts_with(b"\xff\xd8\xff"),
        raster: true,
    },
    Kind {
        types: &["image/gif"],
        endings: &["gif"],
        begins: |bytes| bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
        raster: true,
    },
    Kind {
        types: &["image/webp"],
        endings: &["webp"],
        begins: |bytes| bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
        raster: true,
    },
    Kind {
        types: &["image/avif"],
        endings: &["avif"],
        begins: |bytes| matches!(bytes.get(4..12), Some(b"ftypavif" | b"ftypavis")),
        raster: true,
    },
    Kind {
        types: &["application/pdf"],
        endings: &["pdf"],
        begins: |bytes| bytes.starts_with(b"%PDF-"),
        raster: false,
    },
    Kind {
        types: &["application/gzip", "application/x-gzip"],
        endings: &["gz", "tgz"],
        begins: |bytes| bytes.starts_with(b"\x1f\x8b"),
        raster: false,
    },
    Kind {
        types: &["text/html", "application/xhtml+xml"],
        endings: &["html", "htm", "xhtml"],
        begins: |bytes| opens_with(bytes, &["<!doctype html", "<html"]),
        raster: false,
    },
    Kind {
        types: &["image/svg+xml"],
        endings: &["svg"],
        begins: |bytes| opens_with(bytes, &["<svg"]),
        raster: false,
    },
];

/// The media type of a file that nobody declared one for: the usual one of its kind, by its name.
pub(crate) fn by_name(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    KINDS
        .iter()
        .find(|kind| said(kind.endings, ending))
        .and_then(|kind| kind.types.first())
        .copied()
        .unwrap_or("application/octet-stream")
}

/// Whether name, declared type and first bytes speak of one kind, or of none.
pub(super) fn agree(name: &str, content_type: &str, first: &[u8]) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let essence = essence(content_type);
    KINDS.iter().all(|kind| {
        let (declared, named) = (said(kind.types, essence), said(kind.endings, ending));
        declared == named && named == (kind.begins)(first)
    })
}

/// Whether a file may be shown in the browser's own window: its declared type is a raster image, and its first bytes
/// are that image. A declared type alone is a claim of whoever sent it.
pub fn is_raster(content_type: &str, first: &[u8]) -> bool {
    let essence = essence(content_type);
    KINDS
        .iter()
        .any(|kind| kind.raster && said(kind.types, essence) && (kind.begins)(first))
}

/// A media type without its parameters (RFC 9110 section 8.3.1).
fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

fn said(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether text opens with one of these tags, blanks and a byte order mark aside.
fn opens_with(bytes: &[u8], tags: &[&str]) -> bool {
    let bytes = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    tags.iter().any(|tag| {
        let start = bytes.get(..tag.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn sec_5_2_2_name_type_and_bytes_agree_or_are_of_no_kind() {
        for (name, kind, bytes) in [
            ("a.png", "image/png", PNG),
            ("A.JPEG", "Image/JPEG; x=1", b"\xff\xd8\xff\xe0"),
            (
                "page.html",
                "text/html; charset=utf-8",
                b"\n<!DOCTYPE html>",
            ),
            ("notes.txt", "text/plain", b"hello"),
            ("noname", "application/octet-stream", b"\0\x01\x02"),
            ("empty.txt", "text/plain", b""),
        ] {
            assert!(agree(name, kind, bytes), "{name} {kind}");
        }
        for (name, kind, bytes) in [
            ("a.png", "image/png", &b"<!doctype html>"[..]),
            ("a.png", "text/plain", PNG),
            ("a.txt", "image/png", PNG),
            ("a.txt", "text/plain", PNG),
            ("a.png", "image/png", b"\xff\xd8\xff\xe0"),
            ("a.txt", "text/plain", b"<html><script>"),
            ("a.pdf", "application/pdf", b"MZ"),
            ("a.png", "image/png", b""),
        ] {
            assert!(!agree(name, kind, bytes), "{name} {kind}");
        }
    }

    #[test]
    fn sec_5_2_2_an_image_is_one_by_its_bytes_and_by_its_type() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        assert!(is_raster("image/png", png));
        assert!(is_raster("Image/PNG; charset=binary", png));
        assert!(!is_raster("image/jpeg", png), "type and bytes disagree");
        assert!(!is_raster("image/png", b"<html><script>alert(1)"));
        assert!(is_raster("image/jpeg", b"\xFF\xD8\xFF\xE0\0\x10JFIF\0"));
        assert!(is_raster("image/gif", b"GIF89a\x01\0\x01\0\x80\0"));
        assert!(is_raster("image/webp", b"RIFF\x24\0\0\0WEBPVP8 "));
        assert!(is_raster("image/avif", b"\0\0\0\x20ftypavif"));
    }

    #[test]
    fn sec_5_3_1_documents_are_never_images() {
        for (content_type, first) in [
            ("image/svg+xml", &b"<svg onload=alert(1)>"[..]),
            ("text/html", b"<html>"),
            ("image/png", b""),
            ("application/pdf", b"%PDF-1.7"),
            ("", b""),
        ] {
            assert!(!is_raster(content_type, first), "{content_type}");
        }
    }
}
