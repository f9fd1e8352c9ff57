//! Password hashing, signatures, codes and sealing. Computes, and knows nothing else.
//!
//! Everything secret is made, compared, signed, hashed or sealed here, so that one crate alone names a
//! cryptographic library. Nothing here reads a clock, a file, a socket or a setting; randomness comes from
//! an [`Entropy`] that the caller holds.

mod code;
mod compare;
mod entropy;
mod jose;
mod keyed;
mod master;
mod password;
mod proof;
mod seal;
mod vault;

pub use crate::code::{CodeShape, CodeShapeError, numeric};
pub use crate::compare::{constant_time_eq, sha256};
pub use crate::entropy::Entropy;
pub use crate::jose::{
    Algorithm, ForeignKeys, ForeignToken, HmacKey, JoseError, Jwk, KeyError, KeySet, PublicKey,
    RsaSize, Signer, SigningKey, SigningSecret, UnknownAlgorithm, Verified, VerifyingKey,
    parse_claims,
};
pub use crate::keyed::{KeyedHash, Label};
pub use crate::master::{MasterKey, MasterKeyError};
pub use crate::password::{
    HashPool, HashRejected, Password, PoolError, PoolSize, Scheme, Verdict, adopt_hash,
    needs_rehash,
};
pub use crate::proof::proof_signature;
pub use crate::seal::OpenError;
pub use crate::vault::Vault;
