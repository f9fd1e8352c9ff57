//! The account at the authority, made once and kept sealed in the database.

use super::Keeper;
use anyhow::{Context, Result};
use doorward_service::certificates;
use instant_acme::{Account, AccountCredentials, Error, NewAccount};
use secrecy::{ExposeSecret, SecretSlice};

/// What an authority says of an account that it has forgotten (RFC 8555 section 6.7).
const UNKNOWN: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// The account that is kept, or a new one.
pub(super) async fn account(keeper: &Keeper) -> Result<Account> {
    match certificates::account(&keeper.app).await? {
        Some(kept) => restore(keeper, &kept).await,
        None => register(keeper).await,
    }
}

async fn restore(keeper: &Keeper, kept: &SecretSlice<u8>) -> Result<Account> {
    let credentials: AccountCredentials = serde_json::from_slice(kept.expose_secret())
        .context("the account that is kept cannot be read")?;
    let builder = Account::builder_with_http(Box::new(keeper.client.clone()));
    let account = builder.from_credentials(credentials).await;
    account.context("the authority cannot be asked")
}

/// Makes an account: the operator, who named the authority and the names, agrees to its terms.
pub(super) async fn register(keeper: &Keeper) -> Result<Account> {
    let contact = keeper.acme.contact.as_ref();
    let contact = contact.map(|address| format!("mailto:{address}"));
    let contact: Vec<&str> = contact.as_deref().into_iter().collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let builder = Account::builder_with_http(Box::new(keeper.client.clone()));
    let directory = keeper.acme.directory.to_string();
    let made = builder.create(&new, directory, None).await;
    let (account, credentials) = made.context("no account can be made at the authority")?;
    let kept = SecretSlice::from(serde_json::to_vec(&credentials)?);
    certificates::keep_account(&keeper.app, &kept).await?;
    tracing::info!("an account was made at the certificate authority");
    Ok(account)
}

/// Whether the authority has forgotten the account.
pub(super) fn has_forgotten(error: &Error) -> bool {
    matches!(error, Error::Api(problem) if problem.r#type.as_deref() == Some(UNKNOWN))
}
