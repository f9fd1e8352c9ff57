//! The one source of randomness.
//!
//! Every secret, salt and nonce is drawn from an [`Entropy`] that the process makes once and hands on, so
//! that a test can replay a run from a seed and nothing draws from a weaker source by accident. Signing
//! keys alone are made by the library that owns them, from the operating system.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use zeroize::Zeroizing;

/// Bytes in one output of the seeded stream.
const BLOCK: usize = 32;

/// Random bytes, from the operating system or, in tests, from a seed. Clones share one stream.
#[derive(Clone)]
pub struct Entropy(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Stream>),
}

/// HMAC-SHA256 over a counter: reproducible, and safe to share between threads.
struct Stream {
    key: hmac::Key,
    counter: AtomicU64,
}

impl Entropy {
    /// The generator of the operating system, as aws-lc draws from it.
    pub fn os() -> Self {
        Self(Source::System)
    }

    /// The same bytes for the same seed and the same order of calls. For tests alone: whoever knows the
    /// seed knows every secret.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Stream {
            key: hmac::Key::new(hmac::HMAC_SHA256, &seed.to_be_bytes()),
            counter: AtomicU64::new(0),
        })))
    }

    /// Overwrites `buffer` with random bytes.
    ///
    /// # Panics
    /// When the operating system gives no randomness: no secret can be made then, and to go on would be
    /// worse than to stop.
    pub fn fill(&self, buffer: &mut [u8]) {
        match &self.0 {
            Source::System => {
                rand::fill(buffer).expect("the operating system always has randomness");
            }
            Source::Seeded(stream) => stream.fill(buffer),
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number from zero up to, but not including, `bound`, each equally likely. A bound of zero or one
    /// leaves zero alone.
    pub fn below(&self, bound: u64) -> u64 {
        let bound = bound.max(1);
        // 2^64 modulo `bound`: so many of the lowest draws would favour small results.
        let biased = bound.wrapping_neg() % bound;
        loop {
            let draw = u64::from_be_bytes(self.bytes());
            if draw >= biased {
                return draw % bound;
            }
        }
    }

    /// 256 random bits in base64url without padding: 43 characters that no URL, header or cookie escapes.
    pub fn url_token(&self) -> SecretString {
        let bytes = Zeroizing::new(self.bytes::<32>());
        SecretString::from(URL_SAFE_NO_PAD.encode(bytes.as_ref()))
    }
}

impl Stream {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(BLOCK) {
            let count = self.counter.fetch_add(1, Ordering::Relaxed);
            let tag = hmac::sign(&self.key, &count.to_be_bytes());
            for (byte, random) in chunk.iter_mut().zip(tag.as_ref()) {
                *byte = *random;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_and_another_seed_another() {
        let first = Entropy::seeded(7).bytes::<80>();
        assert_eq!(first, Entropy::seeded(7).bytes::<80>());
        assert_ne!(first, Entropy::seeded(8).bytes::<80>());
    }

    #[test]
    fn clones_continue_one_stream() {
        let entropy = Entropy::seeded(7);
        assert_ne!(entropy.clone().bytes::<32>(), entropy.bytes::<32>());
    }

    #[test]
    fn a_bound_is_never_reached() {
        let entropy = Entropy::os();
        for bound in [0, 1, 2, 3, 10, 1 << 40, u64::MAX] {
            for _ in 0..200 {
                assert!(entropy.below(bound) < bound.max(1));
            }
        }
    }

    #[test]
    fn a_bound_just_over_half_the_range_is_drawn_from_evenly() {
        let (entropy, bound) = (Entropy::seeded(1), (1_u64 << 63) + 1);
        let low = (0..20_000)
            .filter(|_| entropy.below(bound) < bound / 2)
            .count();
        assert!(
            (9_500..10_500).contains(&low),
            "{low} of 20000 in the lower half"
        );
    }

    #[test]
    fn sec_11_5_1_an_url_token_holds_256_bits_and_never_repeats() {
        let entropy = Entropy::os();
        let tokens: HashSet<String> = (0..10_000)
            .map(|_| entropy.url_token().expose_secret().to_owned())
            .collect();
        assert_eq!(tokens.len(), 10_000);
        assert!(tokens.iter().all(|token| {
            token.len() == 43 && URL_SAFE_NO_PAD.decode(token).unwrap().len() == 32
        }));
    }
}
