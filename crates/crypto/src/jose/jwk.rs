//! Public keys as JSON (RFC 7517), and back.

use aws_lc_rs::signature::{ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::public::{self, Material, PublicKey};
use super::{Algorithm, KeyError};

/// A public signature key: RSA (RFC 7518 section 6.3), P-256 (6.2) or Ed25519 (RFC 8037 section 2).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: String,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none", default)]
    purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    y: Option<String>,
}

impl Jwk {
    /// The name by which tokens refer to the key.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

impl PublicKey {
    /// The key as it stands in a key set under the name `kid`.
    pub fn jwk(&self, kid: &str) -> Jwk {
        let mut jwk = Jwk {
            kty: String::new(),
            purpose: Some("sig".to_owned()),
            alg: Some(self.algorithm().name().to_owned()),
            kid: Some(kid.to_owned()),
            crv: None,
            n: None,
            e: None,
            x: None,
            y: None,
        };
        match self.material() {
            Material::Rsa { n, e } => {
                "RSA".clone_into(&mut jwk.kty);
                jwk.n = Some(encode(n));
                jwk.e = Some(encode(e));
            }
            Material::P256 { x, y } => {
                "EC".clone_into(&mut jwk.kty);
                jwk.crv = Some("P-256".to_owned());
                jwk.x = Some(encode(x));
                jwk.y = Some(encode(y));
            }
            Material::Ed25519 { x } => {
                "OKP".clone_into(&mut jwk.kty);
                jwk.crv = Some("Ed25519".to_owned());
                jwk.x = Some(encode(x));
            }
        }
        jwk
    }

    /// A key of another issuer's key set, to be used with this algorithm alone. What the set says about the
    /// key must not contradict that.
    pub fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, KeyError> {
        let contradicts = |said: Option<&str>, meant: &str| said.is_some_and(|said| said != meant);
        if contradicts(jwk.alg.as_deref(), algorithm.name())
            || contradicts(jwk.purpose.as_deref(), "sig")
        {
            return Err(KeyError::Encoding);
        }
        let (kty, crv) = (jwk.kty.as_str(), jwk.crv.as_deref());
        let parsed = match (algorithm, kty, crv) {
            (Algorithm::Rs256 | Algorithm::Ps256, "RSA", _) => rsa(
                public::rsa_parameters(algorithm)?,
                jwk.n.as_deref(),
                jwk.e.as_deref(),
            )?,
            (Algorithm::Es256, "EC", Some("P-256")) => {
                let point = [
                    vec![4],
                    decode(jwk.x.as_deref())?,
                    decode(jwk.y.as_deref())?,
                ]
                .concat();
                parse(algorithm, &point)?
            }
            (Algorithm::EdDsa, "OKP", Some("Ed25519")) => {
                parse(algorithm, &decode(jwk.x.as_deref())?)?
            }
            _ => return Err(KeyError::Encoding),
        };
        Self::from_parsed(parsed, algorithm)
    }
}

fn rsa(
    parameters: &'static RsaParameters,
    n: Option<&str>,
    e: Option<&str>,
) -> Result<ParsedPublicKey, KeyError> {
    let components = RsaPublicKeyComponents {
        n: decode(n)?,
        e: decode(e)?,
    };
    components
        .to_parsed_public_key(parameters)
        .map_err(|_| KeyError::Encoding)
}

fn parse(algorithm: Algorithm, key: &[u8]) -> Result<ParsedPublicKey, KeyError> {
    ParsedPublicKey::new(public::verification(algorithm)?, key).map_err(|_| KeyError::Encoding)
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(member: Option<&str>) -> Result<Vec<u8>, KeyError> {
    let text = member.ok_or(KeyError::Encoding)?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Encoding)
}
