//! What an ID token says (OpenID Connect Core 1.0 section 2), and whether it says it to us (section 3.1.3.7).

use crate::settings::{Provider, Vouching};
use doorward_crypto::{ForeignToken, JoseError};
use doorward_domain::{Email, ProviderName, Span, Timestamp};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

/// How far a provider's clock may differ from ours.
const LEEWAY: Span = Span::seconds(60);

/// Longer subjects are none (section 2).
const LONGEST_SUBJECT: usize = 255;

/// The issuer of Google's tokens, and the other spelling of it that they may carry.
const GOOGLE: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// The one provider that writes `email_verified` as text.
const APPLE: &str = "apple";

/// Whom a provider vouches for.
pub(super) struct IdToken {
    /// Who they are at that provider.
    pub(super) subject: String,
    /// Their address, if the provider has verified that it is theirs, and is to be believed about its domain.
    pub(super) verified_email: Option<Email>,
    /// What the token was asked for with.
    pub(super) nonce: Option<String>,
}

/// What is wrong with a token that its provider signed. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error(transparent)]
    Claims(#[from] JoseError),
    #[error("the token is of another kind")]
    Kind,
    #[error("the token is of another issuer")]
    Issuer,
    #[error("the token is for somebody else")]
    Audience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is from the future")]
    Early,
    #[error("the token names nobody")]
    Subject,
    #[error("`email_verified` is neither true nor false")]
    EmailVerified,
}

/// The claims. A claim of the wrong type is an error and no absence, `null` too.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    nonce: Option<String>,
    #[serde(default, deserialize_with = "present")]
    azp: Option<String>,
    #[serde(default, deserialize_with = "present")]
    email: Option<String>,
    #[serde(default, deserialize_with = "present")]
    email_verified: Option<Answer>,
    /// The Google Workspace domain that the user belongs to; elsewhere it means nothing, whatever its type.
    hd: Option<serde_json::Value>,
    /// Marks a logout token, which is signed by the same keys for the same clients (Back-Channel Logout section 2.4).
    #[serde(default, deserialize_with = "present")]
    events: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Boolean(bool),
    Text(String),
}

/// Reads a claim that is there.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    claim: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(claim).map(Some)
}

/// Reads a token that the provider signed, and checks all of it but the nonce.
pub(super) fn read(
    name: &ProviderName,
    provider: &Provider,
    token: &ForeignToken,
    now: Timestamp,
) -> Result<IdToken, Flaw> {
    let is_plain = |typ: &str| typ.eq_ignore_ascii_case("JWT");
    if !token.typ.as_deref().is_none_or(is_plain) {
        return Err(Flaw::Kind);
    }
    let claims: Claims = token.claims()?;
    if claims.events.is_some() {
        return Err(Flaw::Kind);
    }
    if !claims.is_of(&provider.issuer) {
        return Err(Flaw::Issuer);
    }
    if !claims.is_for(&provider.client_ids) {
        return Err(Flaw::Audience);
    }
    claims.check_times(now)?;
    if !names_somebody(&claims.sub) {
        return Err(Flaw::Subject);
    }
    let verified = claims.says_verified(name)?;
    let email = claims.email.as_deref().filter(|_| verified);
    let email = email.and_then(|email| Email::parse(email).ok());
    let verified_email = email.filter(|email| claims.are_believed(provider, email.domain()));
    Ok(IdToken {
        subject: claims.sub,
        verified_email,
        nonce: claims.nonce,
    })
}

impl Claims {
    fn is_of(&self, issuer: &str) -> bool {
        self.iss == issuer || (GOOGLE.contains(&issuer) && GOOGLE.contains(&self.iss.as_str()))
    }

    /// A token for several is ours when it was one of our clients that asked for it.
    fn is_for(&self, clients: &[String]) -> bool {
        match &self.aud {
            Audience::One(client) => clients.contains(client),
            Audience::Several(audience) => match audience.as_slice() {
                [] => false,
                [client] => clients.contains(client),
                several => {
                    several.iter().any(|client| clients.contains(client))
                        && self
                            .azp
                            .as_ref()
                            .is_some_and(|asked| clients.contains(asked))
                }
            },
        }
    }

    fn check_times(&self, now: Timestamp) -> Result<(), Flaw> {
        if Timestamp::from_seconds(self.exp) + LEEWAY <= now {
            return Err(Flaw::Expired);
        }
        let begins = self.iat.max(self.nbf.unwrap_or_default());
        if Timestamp::from_seconds(begins) > now + LEEWAY {
            return Err(Flaw::Early);
        }
        Ok(())
    }

    /// Whether the provider is trusted for a domain. Google runs the mail of the Workspace domains that it names in `hd`.
    fn are_believed(&self, provider: &Provider, domain: &str) -> bool {
        match &provider.vouching {
            Vouching::Everywhere => true,
            Vouching::Within(domains) => {
                domains.contains(domain)
                    || (GOOGLE.contains(&provider.issuer.as_str()) && self.is_hosted_at(domain))
            }
        }
    }

    fn is_hosted_at(&self, domain: &str) -> bool {
        let hosted = self.hd.as_ref().and_then(serde_json::Value::as_str);
        hosted.is_some_and(|hosted| hosted.eq_ignore_ascii_case(domain))
    }

    fn says_verified(&self, name: &ProviderName) -> Result<bool, Flaw> {
        match &self.email_verified {
            None => Ok(false),
            Some(Answer::Boolean(verified)) => Ok(*verified),
            Some(Answer::Text(text)) if name.as_str() == APPLE => match text.as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(Flaw::EmailVerified),
            },
            Some(Answer::Text(_)) => Err(Flaw::EmailVerified),
        }
    }
}

fn names_somebody(subject: &str) -> bool {
    (1..=LONGEST_SUBJECT).contains(&subject.len()) && !subject.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
