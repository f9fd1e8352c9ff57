//! Identities at other providers: registering and signing in with an ID token (OpenID Connect Core 1.0).
//!
//! Who somebody is at a provider, is the provider's name and the token's `sub`, and only a token that its provider
//! signed, for a client of ours, says so: what a request claims beside it is compared with it and otherwise believed in
//! nothing. The provider is asked for its keys before a transaction is opened, and never inside of one.

mod id_token;
mod linking;
mod providers;
mod published_keys;

pub(crate) use providers::Providers;

use crate::tokens::{Path, Tokens};
use crate::{App, Ctx, Error, SharedApp, former_names, sessions};
use doorward_crypto::Label;
use doorward_domain::{Email, ProviderName, Rejection, Span};
use doorward_store::{WriteTx, identities, nonces, users};
use secrecy::{ExposeSecret, SecretString};

pub use linking::register;

use id_token::IdToken;
use providers::Provider;

/// Long enough to sign in at a provider with its second factor.
const NONCE_LIFETIME: Span = Span::seconds(600);

/// What an ID token must carry to be good once.
#[derive(Clone, Debug)]
pub struct Nonce {
    /// 256 random bits in base64url; kept as a keyed hash alone.
    pub value: SecretString,
    /// How long it is good.
    pub lifetime: Span,
}

/// Somebody registers with an identity.
#[derive(Debug)]
pub struct Registration {
    /// Who vouches for them.
    pub provider: ProviderName,
    /// Who they say they are there; the token must say the same.
    pub subject: String,
    /// The provider's word.
    pub id_token: SecretString,
    /// The address that the account is to have.
    pub email: Email,
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
}

/// Makes a nonce for an ID token of this provider: good once, for [`Nonce::lifetime`].
pub async fn nonce(app: &SharedApp, ctx: &Ctx, provider: &ProviderName) -> Result<Nonce, Error> {
    let provider = app.providers.find(provider)?;
    let value = app.entropy.url_token();
    let hash = nonce_hash(app, value.expose_secret());
    let mut tx = app.write().await?;
    let expires_at = ctx.now + NONCE_LIFETIME;
    nonces::insert(&mut tx, &hash, provider.name().as_str(), expires_at).await?;
    tx.commit().await?;
    Ok(Nonce {
        value,
        lifetime: NONCE_LIFETIME,
    })
}

/// Begins a session for whoever an ID token names.
///
/// It never registers: an identity that nobody has is one refusal with an account that may not sign in.
pub async fn sign_in(
    app: &SharedApp,
    ctx: &Ctx,
    provider: &ProviderName,
    id_token: SecretString,
) -> Result<Tokens, Error> {
    let provider = app.providers.find(provider)?;
    let token = provider.read(app, ctx, &id_token).await?;
    spend_nonce(app, ctx, provider, &token).await?;
    let mut tx = app.write().await?;
    let user = lock_owner(&mut tx, provider, &token).await?;
    let user = user.filter(|user| user.status.may_sign_in());
    let user = user.ok_or(Rejection::InvalidCredentials)?;
    let opened = sessions::open(&mut tx, app, ctx, Path::Federation, &user).await?;
    tx.commit().await?;
    opened.tokens(app, ctx)
}

/// The account that has an identity, as nobody changes it until the transaction ends: the first proof of its address
/// by somebody else takes the identity away.
async fn lock_owner(
    tx: &mut WriteTx,
    provider: &Provider,
    token: &IdToken,
) -> Result<Option<users::User>, Error> {
    let (name, subject) = (provider.name().as_str(), &token.subject);
    let Some(id) = identities::owner(tx, name, subject).await? else {
        return Ok(None);
    };
    users::lock(tx, id).await?;
    if identities::owner(tx, name, subject).await? != Some(id) {
        return Ok(None);
    }
    Ok(users::by_id(tx, id).await?)
}

/// Spends the nonce of a token, in a commit of its own: a token that leads to a refusal was used too. A nonce that is
/// not ours, not this provider's or not good any more makes the token worthless, and so does a missing one where one is
/// demanded.
async fn spend_nonce(
    app: &App,
    ctx: &Ctx,
    provider: &Provider,
    token: &IdToken,
) -> Result<(), Error> {
    let good = match &token.nonce {
        Some(nonce) => {
            let mut tx = app.write().await?;
            let mut spent = false;
            for hash in former_names::either(app, Label::Nonce, &[nonce.as_bytes()]) {
                spent |= nonces::spend(&mut tx, &hash, provider.name().as_str(), ctx.now).await?;
            }
            tx.commit().await?;
            spent
        }
        None => !provider.demands_nonce(),
    };
    if good {
        return Ok(());
    }
    tracing::info!(provider = %provider.name(), "an ID token was refused: its nonce is missing, spent or not ours");
    Err(Rejection::ProviderTokenInvalid.into())
}

fn nonce_hash(app: &App, nonce: &str) -> String {
    app.vault.keyed(Label::Nonce, &[nonce.as_bytes()]).to_hex()
}
