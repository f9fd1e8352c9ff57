//! PEM (RFC 7468): base64 between lines that say what it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::KeyError;

/// Longer texts hold no single key.
const LONGEST: usize = 64 * 1024;
const COLUMNS: usize = 64;

/// A block: its label and its bytes, which may be a private key.
pub(super) struct Block {
    pub(super) label: String,
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// The first block with the first of the labels that is there. Line ends may be real, or the two characters `\n` as environment
/// variables carry them.
pub(super) fn decode(text: &str, labels: &[&str]) -> Result<Block, KeyError> {
    if text.len() > LONGEST {
        return Err(KeyError::Pem);
    }
    let text = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
    labels
        .iter()
        .find_map(|label| {
            let begin = format!("-----BEGIN {label}-----");
            let (_, rest) = text.split_once(&begin)?;
            let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
            let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
            Some(Block {
                label: (*label).to_owned(),
                der: Zeroizing::new(STANDARD.decode(body.as_bytes()).ok()?),
            })
        })
        .ok_or(KeyError::Pem)
}

/// A block with lines of 64 characters and a line end behind the last.
pub(super) fn encode(label: &str, der: &[u8]) -> String {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(COLUMNS));
        pem.push_str(line);
        pem.push('\n');
        rest = tail;
    }
    pem.push_str("-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(text: &str) -> Result<Vec<u8>, KeyError> {
        decode(text, &["KEY"]).map(|block| block.der.to_vec())
    }

    #[test]
    fn line_ends_may_be_real_or_escaped() {
        let pem = encode("KEY", &[7; 100]);
        for text in [
            pem.clone(),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\\n"),
            pem.replace('\n', "\\r\\n"),
            format!("  a comment\n{pem}\n"),
        ] {
            assert_eq!(bytes(&text), Ok(vec![7; 100]), "{text}");
        }
    }

    #[test]
    fn lines_have_64_columns() {
        let pem = encode("KEY", &[7; 100]);
        let lengths: Vec<usize> = pem.lines().map(str::len).collect();
        assert_eq!(lengths, [19, 64, 64, 8, 17]);
        assert!(pem.ends_with("-----END KEY-----\n"));
    }

    #[test]
    fn another_label_and_broken_base64_are_refused() {
        let pem = encode("KEY", &[7; 100]);
        for text in [
            String::new(),
            pem.replace("KEY", "CERTIFICATE"),
            pem.replace("BwcH", "Bw$H"),
            pem.replace("-----END", "----END"),
            " ".repeat(LONGEST + 1),
        ] {
            assert_eq!(bytes(&text), Err(KeyError::Pem));
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(der in proptest::collection::vec(any::<u8>(), 0..500)) {
            prop_assert_eq!(bytes(&encode("KEY", &der)), Ok(der));
        }

        #[test]
        fn no_text_makes_the_decoder_panic(text in "\\PC*|(-----BEGIN KEY-----\\PC*)") {
            let _ = bytes(&text);
        }
    }
}
