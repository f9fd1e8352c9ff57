//! Verifies access tokens of Doorward with jsonwebtoken: `verify-tokens ISSUER TOKEN`.

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use std::process::ExitCode;
use std::time::Duration;

/// The claims that a service is likely to use.
#[derive(Debug, Deserialize)]
struct Claims {
    /// The user's id.
    sub: String,
    /// What the token is for.
    r#type: String,
}

/// Make one and keep it. Fetch another key set after five minutes, and when a token names a key that is not in it, at most
/// once in a few seconds.
struct Verifier {
    issuer: String,
    keys: JwkSet,
}

impl Verifier {
    fn fetch(issuer: &str) -> reqwest::Result<Self> {
        let client = reqwest::blocking::Client::builder()
            .timeout(Duration::from_secs(5))
            .build()?;
        let address = format!("{issuer}/.well-known/jwks.json");
        Ok(Self {
            issuer: issuer.to_owned(),
            keys: client.get(address).send()?.error_for_status()?.json()?,
        })
    }

    /// The claims of a good access token.
    fn verify(&self, token: &str) -> Result<Claims, Error> {
        let header = decode_header(token)?;
        let key = header.kid.and_then(|kid| self.keys.find(&kid));
        let key = key.ok_or(ErrorKind::InvalidToken)?;
        // A key belongs to one algorithm, which the key says and not the token.
        let algorithm = key.common.key_algorithm.ok_or(ErrorKind::InvalidAlgorithm)?;
        let mut rules = Validation::new(algorithm.to_string().parse()?);
        rules.set_issuer(&[&self.issuer]);
        rules.set_required_spec_claims(&["exp", "iss", "sub"]);
        rules.leeway = 5;
        // Where Doorward has an audience: `rules.set_audience(&["my-service"])`.
        rules.validate_aud = false;
        let claims = decode::<Claims>(token, &DecodingKey::from_jwk(key)?, &rules)?.claims;
        // Refresh tokens and identity proofs may be signed with the same key.
        if claims.r#type == "access" {
            Ok(claims)
        } else {
            Err(ErrorKind::InvalidToken.into())
        }
    }
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(issuer), Some(token)) = (arguments.next(), arguments.next()) else {
        return Err("usage: verify-tokens ISSUER TOKEN".into());
    };
    match Verifier::fetch(&issuer)?.verify(&token) {
        Ok(claims) => {
            println!("{}", claims.sub);
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => {
            eprintln!("refused: {refusal}");
            Ok(ExitCode::FAILURE)
        }
    }
}
