//! What signs tokens: an algorithm that the families can live with, and keys that are of it and belong together.

use super::Findings;
use crate::config::documented::exposed;
use crate::config::effective::Effective;
use crate::config::pem;
use crate::config::placeholder::is_placeholder;
use doorward_crypto::{Algorithm, PublicKey, SigningKey};

/// Names what is wrong with the keys of `tokens.*`.
pub(super) fn check(all: &Effective, findings: &mut Findings) {
    algorithm(all, findings);
    pair(all, findings);
}

fn algorithm(all: &Effective, findings: &mut Findings) {
    let hs256 = all.text("tokens.algorithm") == Some("HS256");
    if hs256 && !all.hs256_is_possible() {
        findings.problem(
            all,
            "tokens.algorithm",
            "HS256 has no public key, which the families `code`, `confirm` and `proof` promise",
            "leave them out of `api.families`, or choose RS256, ES256, EdDSA or PS256",
        );
    }
    match (hs256, all.origin("tokens.hs256_key")) {
        (true, None) => findings.problem(
            all,
            "tokens.algorithm",
            "HS256 needs `tokens.hs256_key`",
            "set it to at least 32 random bytes",
        ),
        (true, Some(origin)) if !origin.is_native() => findings.warnings.push(format!(
            "{origin}: this key signs tokens now; whoever held it to check proofs could forge them"
        )),
        _ => {}
    }
    if hs256 && all.value("tokens.private_key").is_some() {
        findings.problem(
            all,
            "tokens.private_key",
            "`tokens.private_key` is no key of HS256",
            "choose another algorithm or leave the key out",
        );
    }
    if all.value("tokens.public_key").is_some() && all.value("tokens.private_key").is_none() {
        findings.problem(
            all,
            "tokens.public_key",
            "`tokens.public_key` is set without `tokens.private_key`",
            "set both or the private key alone",
        );
    }
}

const REMEDY: &str =
    "bring a pair of `tokens.algorithm`, RSA with 2048 bits or more, or leave both keys out";

/// Looks at the keys themselves, so that a bad pair stops the start even where the database holds keys already.
fn pair(all: &Effective, findings: &mut Findings) {
    let (private, public) = ("tokens.private_key", "tokens.public_key");
    let Some(text) = all.value(private).and_then(exposed) else {
        return;
    };
    let algorithm = all
        .text("tokens.algorithm")
        .and_then(|name| name.parse().ok());
    // A placeholder and HS256 have been named already.
    let Some(algorithm) = algorithm.filter(|chosen| *chosen != Algorithm::Hs256) else {
        return;
    };
    if is_placeholder(text) {
        return;
    }
    let key = match read(text, |pem| SigningKey::from_pem(pem, algorithm)) {
        Ok(key) => key,
        Err(why) => {
            return findings.problem(all, private, unusable(private, algorithm, &why), REMEDY);
        }
    };
    let Some(text) = all.text(public).filter(|text| !is_placeholder(text)) else {
        return;
    };
    match read(text, |pem| PublicKey::from_pem(pem, algorithm)) {
        Ok(given) if given.to_pem() == key.public().to_pem() => {}
        Ok(_) => {
            let what = format!("`{private}` and `{public}` are no pair");
            findings.problem(all, public, what, REMEDY);
        }
        Err(why) => findings.problem(all, public, unusable(public, algorithm, &why), REMEDY),
    }
}

fn read<K, E: std::fmt::Display>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<K, E>,
) -> Result<K, String> {
    let pem = pem::read(text).map_err(|error| {
        format!(
            "neither PEM nor the path of a file that can be read ({})",
            error.kind()
        )
    })?;
    parse(&pem).map_err(|error| error.to_string())
}

fn unusable(name: &str, algorithm: Algorithm, why: &str) -> String {
    format!("`{name}` cannot be used with {algorithm}: {why}")
}
