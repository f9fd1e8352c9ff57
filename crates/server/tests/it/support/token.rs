//! Tokens as anybody can read them: no signature is looked at here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

fn part(token: &str, index: usize) -> Value {
    let text = token
        .split('.')
        .nth(index)
        .unwrap_or_else(|| panic!("no JWT: {token}"));
    let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The header of a token.
pub(crate) fn header_of(token: &str) -> Value {
    part(token, 0)
}

/// The claims of a token.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The token with other claims and the signature it had.
pub(crate) fn tampered(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut changed = claims(token);
    change(&mut changed);
    let parts: Vec<&str> = token.split('.').collect();
    format!(
        "{}.{}.{}",
        parts[0],
        URL_SAFE_NO_PAD.encode(changed.to_string()),
        parts[2]
    )
}
