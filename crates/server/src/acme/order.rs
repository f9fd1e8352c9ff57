//! One order: the names are shown to be ours, a fresh key is certified, and the pair is kept for all replicas.

use super::{Keeper, authority, parse};
use anyhow::{Context, Result, bail, ensure};
use doorward_service::certificates::{self, ChallengeKind, Issued, Offer};
use instant_acme::{
    AuthorizationHandle, AuthorizationStatus, ChallengeType, Error, Identifier, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use secrecy::{ExposeSecret, SecretSlice};
use std::time::Duration;

/// How long an authority is asked whether it is done, at first every quarter of a second.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_mins(1));

/// Orders a certificate, showing by `kind` of challenge that the names are ours.
pub(super) async fn order(keeper: &Keeper, kind: ChallengeKind) -> Result<()> {
    certificates::withdraw(&keeper.app).await?;
    let mut order = begin(keeper).await?;
    prove(keeper, &mut order, kind).await?;
    let issued = finish(keeper, &mut order).await?;
    certificates::keep(&keeper.app, issued).await?;
    Ok(())
}

async fn begin(keeper: &Keeper) -> Result<Order> {
    let names: Vec<Identifier> = keeper
        .acme
        .domains
        .iter()
        .cloned()
        .map(Identifier::Dns)
        .collect();
    let new = NewOrder::new(&names);
    let account = authority::account(keeper).await?;
    let order = match account.new_order(&new).await {
        Err(error) if authority::has_forgotten(&error) => {
            authority::register(keeper).await?.new_order(&new).await
        }
        order => order,
    };
    order.context("the authority takes no order")
}

/// Answers a challenge for each name, and waits until the authority has looked.
async fn prove(keeper: &Keeper, order: &mut Order, kind: ChallengeKind) -> Result<()> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let authorization = authorization.context("an authorization cannot be read")?;
        match authorization.status {
            // Another order has shown it already (RFC 8555 section 7.5).
            AuthorizationStatus::Valid => {}
            AuthorizationStatus::Pending => answer(keeper, authorization, kind).await?,
            status => bail!("the authority has an authorization that is {status:?}"),
        }
    }
    match order.poll_ready(&PATIENCE).await {
        Ok(OrderStatus::Ready | OrderStatus::Processing | OrderStatus::Valid) => Ok(()),
        Ok(_) => bail!(reason(order).await),
        Err(Error::Api(problem)) => bail!("the authority is not convinced: {problem}"),
        Err(error) => Err(error).context("the authority did not come to a decision"),
    }
}

async fn answer(
    keeper: &Keeper,
    mut authorization: AuthorizationHandle<'_>,
    kind: ChallengeKind,
) -> Result<()> {
    let wanted = match kind {
        ChallengeKind::Http01 => ChallengeType::Http01,
        ChallengeKind::TlsAlpn01 => ChallengeType::TlsAlpn01,
    };
    let domain = authorization.identifier().to_string();
    let mut challenge = authorization
        .challenge(wanted)
        .with_context(|| format!("the authority offers no {} here", kind.as_str()))?;
    let key = challenge.key_authorization();
    let offer = Offer {
        kind,
        token: challenge.token.clone(),
        domain,
        answer: match kind {
            ChallengeKind::Http01 => key.as_str().to_owned(),
            ChallengeKind::TlsAlpn01 => key.dns_value(),
        },
    };
    certificates::offer(&keeper.app, offer).await?;
    challenge
        .set_ready()
        .await
        .context("the authority takes no answer")
}

/// What the authority found wrong, name by name.
async fn reason(order: &mut Order) -> String {
    let mut found = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if authorization.refresh().await.is_err() {
            continue;
        }
        let domain = authorization.identifier().to_string();
        for challenge in &authorization.challenges {
            if let Some(problem) = &challenge.error {
                found.push(format!("{domain}: {problem}"));
            }
        }
    }
    format!("the authority is not convinced: {}", found.join("; "))
}

/// Has a fresh key certified and checks what comes back.
async fn finish(keeper: &Keeper, order: &mut Order) -> Result<Issued> {
    let key = KeyPair::generate().context("no key can be made")?;
    let mut params = CertificateParams::new(keeper.acme.domains.clone())?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key)?;
    order
        .finalize_csr(request.der())
        .await
        .context("the authority refuses the request")?;
    let chain_pem = order
        .poll_certificate(&PATIENCE)
        .await
        .context("the authority issues nothing")?;
    let key_der = SecretSlice::from(key.serialize_der());
    let pair = parse(&chain_pem, key_der.expose_secret()).context("what was issued is no good")?;
    let missing = keeper
        .acme
        .domains
        .iter()
        .find(|name| !pair.facts.covers(name));
    if let Some(name) = missing {
        bail!("what was issued is not for `{name}`");
    }
    ensure!(
        pair.facts.expires_at > keeper.app.now(),
        "what was issued has expired; is the clock right?"
    );
    Ok(Issued {
        chain_pem,
        key_der,
        valid_from: pair.facts.valid_from,
        expires_at: pair.facts.expires_at,
    })
}
