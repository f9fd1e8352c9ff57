//! The little of DER (X.690) that public keys are taken apart with.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
pub(super) const SEQUENCE: u8 = 0x30;

/// Reads elements one after another; anything unexpected is `None`.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(der: &'a [u8]) -> Self {
        Self(der)
    }

    /// The contents of the next element, when it has this tag.
    pub(super) fn element(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        let (length, rest) = length(rest)?;
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (found == tag).then_some(contents)
    }

    /// The next element, an unsigned number, as big-endian bytes without leading zeros.
    fn unsigned(&mut self) -> Option<&'a [u8]> {
        match self.element(INTEGER)? {
            [0, rest @ ..] if !rest.is_empty() => Some(rest),
            [first, ..] if *first >= 0x80 => None,
            whole => Some(whole),
        }
    }
}

fn length(der: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = der.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
    if bytes.is_empty() || bytes.len() > 2 {
        return None;
    }
    let length = bytes
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte));
    Some((length, rest))
}

/// The key inside a `SubjectPublicKeyInfo` (RFC 5280 section 4.1).
pub(super) fn subject_public_key(spki: &[u8]) -> Option<&[u8]> {
    let mut info = Reader::new(Reader::new(spki).element(SEQUENCE)?);
    info.element(SEQUENCE)?;
    match info.element(BIT_STRING)? {
        [0, key @ ..] => Some(key),
        _ => None,
    }
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017 appendix A.1.1).
pub(super) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut key = Reader::new(Reader::new(der).element(SEQUENCE)?);
    Some((key.unsigned()?, key.unsigned()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_lose_their_sign_byte_and_keep_the_rest() {
        let der = [0x30, 0x08, 0x02, 0x03, 0x00, 0x80, 0x01, 0x02, 0x01, 0x03];
        assert_eq!(rsa_public_key(&der), Some((&[0x80, 0x01][..], &[3][..])));
    }

    #[test]
    fn a_negative_number_is_no_modulus() {
        assert_eq!(
            rsa_public_key(&[0x30, 0x06, 0x02, 0x01, 0x80, 0x02, 0x01, 0x03]),
            None
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = subject_public_key(&bytes);
            let _ = rsa_public_key(&bytes);
        }
    }
}
