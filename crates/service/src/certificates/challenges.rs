//! What an authority asks to see before it believes that a name is ours, and the answers, which every replica gives.

use super::wanted;
use crate::{App, Error, SharedApp};
use doorward_domain::Span;
use doorward_store::certificates::{self as rows, NewChallenge};

/// An authority looks within minutes; an order that broke off leaves its answers no longer than this.
const OFFERED_FOR: Span = Span::hours(1);

/// Tokens have 22 characters at least (RFC 8555 section 8.1); those of authorities have some 43.
const LONGEST_TOKEN: usize = 128;

/// How control of a name is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeKind {
    /// A document at a well-known path on port 80 (RFC 8555 section 8.3).
    Http01,
    /// A certificate in a handshake on port 443 (RFC 8737).
    TlsAlpn01,
}

impl ChallengeKind {
    /// Its registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        }
    }
}

/// The answer to one challenge.
pub struct Offer {
    /// Which kind of challenge it is.
    pub kind: ChallengeKind,
    /// Its token.
    pub token: String,
    /// The name that is to be shown to be ours.
    pub domain: String,
    /// What the authority is to see: the key authorization, or for a handshake its digest as base64url.
    pub answer: String,
}

/// Lets every replica give this answer from now on.
pub async fn offer(app: &SharedApp, offer: Offer) -> Result<(), Error> {
    let now = app.now();
    let challenge = NewChallenge {
        kind: offer.kind.as_str().to_owned(),
        token: offer.token,
        domain: offer.domain,
        answer: offer.answer,
        offered_at: now,
        expires_at: now + OFFERED_FOR,
    };
    let mut tx = app.write().await?;
    rows::offer(&mut tx, &challenge).await?;
    Ok(tx.commit().await?)
}

/// Gives no answers any more: what an order before this one left over.
pub async fn withdraw(app: &SharedApp) -> Result<(), Error> {
    let mut tx = app.write().await?;
    rows::withdraw(&mut tx).await?;
    Ok(tx.commit().await?)
}

/// The document that belongs at the well-known path with this token.
pub async fn answer_over_http(app: &App, token: &str) -> Result<Option<String>, Error> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if token.is_empty() || token.len() > LONGEST_TOKEN || !token.bytes().all(plain) {
        return Ok(None);
    }
    let kind = ChallengeKind::Http01.as_str();
    let mut tx = app.read().await?;
    Ok(rows::answer_by_token(&mut tx, kind, token, app.now()).await?)
}

/// The digest, as base64url, that the certificate for this name has to show. Names that are not configured are not
/// looked for.
pub async fn answer_over_tls(app: &App, domain: &str) -> Result<Option<String>, Error> {
    let domain = domain.to_ascii_lowercase();
    if !wanted(app)?.domains.contains(&domain) {
        return Ok(None);
    }
    let kind = ChallengeKind::TlsAlpn01.as_str();
    let mut tx = app.read().await?;
    Ok(rows::answer_by_domain(&mut tx, kind, &domain, app.now()).await?)
}
