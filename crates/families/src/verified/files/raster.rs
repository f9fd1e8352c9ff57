//! Which bytes are a raster image: the only content that a browser may show in its own window.
//!
//! A declared type is a claim of whoever uploaded the file; the first bytes must say the same. Vector images are
//! documents that can carry scripts, and are therefore not on the list.

/// So many bytes decide.
pub(super) const DECIDING: usize = 12;

/// Whether `first`, the first bytes of a file, are the raster image that `content_type` says they are.
pub(super) fn is_raster(content_type: &str, first: &[u8]) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    sniff(first).is_some_and(|found| essence.eq_ignore_ascii_case(found))
}

fn sniff(first: &[u8]) -> Option<&'static str> {
    match first {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        [
            _,
            _,
            _,
            _,
            b'f',
            b't',
            b'y',
            b'p',
            b'a',
            b'v',
            b'i',
            b'f' | b's',
            ..,
        ] => Some("image/avif"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
