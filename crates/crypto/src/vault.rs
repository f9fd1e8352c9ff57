//! The vault: everything that hangs on the master key, and on the one before it during a change.

use std::fmt;

use zeroize::Zeroizing;

use crate::keyed::{Derivation, KeyedHash, Label};
use crate::master::MasterKey;
use crate::seal::{OpenError, Sealer};
use crate::{Entropy, HmacKey};

/// Seals and hashes with the current master key; opens and recognises with the previous one too.
pub struct Vault {
    current: Keys,
    previous: Option<Keys>,
}

struct Keys {
    derivation: Derivation,
    sealer: Sealer,
}

impl Keys {
    fn new(master: &MasterKey) -> Self {
        let derivation = Derivation::new(master);
        let sealer = Sealer::new(&derivation);
        Self { derivation, sealer }
    }
}

impl Vault {
    /// A vault under `current`; `previous` is the master key that was used before, until all is sealed anew.
    pub fn new(current: &MasterKey, previous: Option<&MasterKey>) -> Self {
        Self {
            current: Keys::new(current),
            previous: previous.map(Keys::new),
        }
    }

    /// Whether there is a previous master key.
    pub const fn has_previous(&self) -> bool {
        self.previous.is_some()
    }

    /// The hash under which something is remembered. Each part counts as a whole: `["ab", "c"]` and
    /// `["a", "bc"]` differ.
    pub fn keyed(&self, label: Label, parts: &[&[u8]]) -> KeyedHash {
        self.current.derivation.hash(label, parts)
    }

    /// The hash under which the previous master key remembered it, while there is one.
    pub fn keyed_previous(&self, label: Label, parts: &[&[u8]]) -> Option<KeyedHash> {
        let previous = self.previous.as_ref()?;
        Some(previous.derivation.hash(label, parts))
    }

    /// Whether `stored` is the hash of the parts under the current master key or the previous one.
    pub fn recognises(&self, label: Label, parts: &[&[u8]], stored: &KeyedHash) -> bool {
        let current = self.keyed(label, parts).matches(stored);
        let previous = self
            .keyed_previous(label, parts)
            .is_some_and(|hash| hash.matches(stored));
        current | previous
    }

    /// The key that signs tokens nobody else verifies.
    pub fn hmac_key(&self, label: Label) -> HmacKey {
        HmacKey::derived(&self.current.derivation.labelled(label))
    }

    /// The key that signed them before the master key changed, while there is one.
    pub fn hmac_key_previous(&self, label: Label) -> Option<HmacKey> {
        let previous = self.previous.as_ref()?;
        Some(HmacKey::derived(&previous.derivation.labelled(label)))
    }

    /// Seals `plain` for one place. `context` names that place (table, column, row) and must be given again
    /// to open it.
    pub fn seal(&self, entropy: &Entropy, context: &str, plain: &[u8]) -> Vec<u8> {
        self.current.sealer.seal(entropy, context, plain)
    }

    /// Opens what [`Vault::seal`] made for this place, under the current master key or the previous one.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let opened = self.current.sealer.open(context, sealed);
        match (opened, &self.previous) {
            (Err(_), Some(previous)) => previous.sealer.open(context, sealed),
            (opened, _) => opened,
        }
    }

    /// Whether the value does not open with the current master key alone, and so is to be sealed anew before
    /// the previous one is forgotten.
    pub fn needs_reseal(&self, context: &str, sealed: &[u8]) -> bool {
        self.current.sealer.open(context, sealed).is_err()
    }

    /// What the database keeps to tell whether a process holds its master key. Says nothing about the key.
    pub fn check_value(&self) -> String {
        self.keyed(Label::Check, &[b"doorward"]).to_hex()
    }

    /// Whether a kept check value is the current master key's or the previous one's.
    pub fn answers_to(&self, check_value: &str) -> bool {
        KeyedHash::from_hex(check_value)
            .is_some_and(|kept| self.recognises(Label::Check, &[b"doorward"], &kept))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Vault(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn master(seed: u64) -> MasterKey {
        MasterKey::generate(&Entropy::seeded(seed))
    }

    fn vault() -> Vault {
        Vault::new(&master(1), None)
    }

    const LABELS: [Label; 10] = [
        Label::Code,
        Label::Link,
        Label::Refresh,
        Label::Network,
        Label::Subject,
        Label::Nonce,
        Label::Tombstone,
        Label::Jti,
        Label::RateKey,
        Label::Check,
    ];

    #[test]
    fn every_label_and_every_cut_of_the_parts_gives_another_hash() {
        let vault = vault();
        let cuts: [&[&[u8]]; 6] = [
            &[],
            &[b""],
            &[b"abc"],
            &[b"ab", b"c"],
            &[b"a", b"bc"],
            &[b"abc", b""],
        ];
        let hashes: HashSet<String> = LABELS
            .iter()
            .flat_map(|label| cuts.map(|parts| vault.keyed(*label, parts).to_hex()))
            .collect();
        assert_eq!(hashes.len(), LABELS.len() * cuts.len());
    }

    #[test]
    fn a_hash_survives_its_text_form() {
        let hash = vault().keyed(Label::Code, &[b"123456"]);
        assert!(KeyedHash::from_hex(&hash.to_hex()).unwrap().matches(&hash));
        for text in ["", "00", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64)] {
            assert!(KeyedHash::from_hex(text).is_none(), "{text}");
        }
        assert_eq!(format!("{hash:?}"), "KeyedHash(..)");
    }

    #[test]
    fn what_is_sealed_opens_in_its_own_place_alone() {
        let (vault, entropy) = (vault(), Entropy::os());
        for plain in [&b""[..], b"x", &[7; 5000]] {
            let sealed = vault.seal(&entropy, "keys/1", plain);
            assert_eq!(vault.open("keys/1", &sealed).unwrap().as_slice(), plain);
            assert_eq!(vault.open("keys/2", &sealed), Err(OpenError));
        }
    }

    #[test]
    fn sec_11_3_3_any_flipped_bit_fails_to_open() {
        let vault = vault();
        let sealed = vault.seal(&Entropy::os(), "keys/1", b"a private key");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(vault.open("keys/1", &changed), Err(OpenError), "bit {bit}");
        }
    }

    #[test]
    fn a_shortened_value_fails_to_open() {
        let vault = vault();
        let sealed = vault.seal(&Entropy::os(), "keys/1", b"a private key");
        for length in 0..sealed.len() {
            assert_eq!(vault.open("keys/1", &sealed[..length]), Err(OpenError));
        }
    }

    #[test]
    fn sec_11_3_4_no_nonce_repeats_under_a_key() {
        let (vault, entropy) = (vault(), Entropy::os());
        let nonces: HashSet<Vec<u8>> = (0..10_000)
            .map(|_| vault.seal(&entropy, "", b"")[1..13].to_vec())
            .collect();
        assert_eq!(nonces.len(), 10_000);
    }

    #[test]
    fn a_changed_master_key_still_opens_and_recognises_what_was() {
        let (old, entropy) = (Vault::new(&master(1), None), Entropy::os());
        let changed = Vault::new(&master(2), Some(&master(1)));
        let sealed = old.seal(&entropy, "keys/1", b"secret");
        let hash = old.keyed(Label::Code, &[b"123456"]);

        assert_eq!(
            changed.open("keys/1", &sealed).unwrap().as_slice(),
            b"secret"
        );
        assert!(changed.needs_reseal("keys/1", &sealed));
        assert!(changed.recognises(Label::Code, &[b"123456"], &hash));
        assert!(!changed.recognises(Label::Link, &[b"123456"], &hash));
        assert!(changed.answers_to(&old.check_value()));

        let anew = changed.seal(&entropy, "keys/1", b"secret");
        assert!(!changed.needs_reseal("keys/1", &anew));
        assert_eq!(old.open("keys/1", &anew), Err(OpenError));
        assert!(!old.answers_to(&changed.check_value()));
    }

    #[test]
    fn another_master_key_shares_no_hash() {
        let other = Vault::new(&master(2), None);
        assert!(!other.recognises(
            Label::Code,
            &[b"123456"],
            &vault().keyed(Label::Code, &[b"123456"])
        ));
        assert!(!other.answers_to("not a check value"));
    }
}
