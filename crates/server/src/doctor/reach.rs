//! Whether those whom Doorward asks over HTTP answer: the provider of SMS, and the providers of identities.

use super::{Check, PATIENCE};
use crate::assemble::federation;
use crate::config::Config;
use crate::http_client::{self, root_cause};
use doorward_service::settings::Provider;
use reqwest::{Method, StatusCode};
use url::Url;

/// Asks without a header and without a body: the provider's key is not for trying out, and no message goes out.
pub(super) async fn sms(config: &Config) -> Check {
    const NAME: &str = "SMS";
    let Some(provider) = config.sms() else {
        return without_provider(NAME, config);
    };
    let host = provider.url.host_str().unwrap_or_default();
    match ask(Method::HEAD, provider.url.clone()).await {
        Ok(_) => Check::good(NAME, format!("`{host}` answers")),
        Err(why) => Check::broken(
            NAME,
            format!("`{host}` cannot be reached: {why}; look at `sms.url`"),
        ),
    }
}

fn without_provider(name: &'static str, config: &Config) -> Check {
    if config.is_development() {
        Check::good(name, "shown in the inbox")
    } else if config
        .all
        .list("api.families")
        .iter()
        .any(|on| on == "code")
    {
        let words = "no `sms.url`: nobody can sign in or set a new password by phone";
        Check::warning(name, words)
    } else {
        Check::good(name, "no provider, and no family that needs one")
    }
}

/// Asks each identity provider for its keys, or for the document that says where they are.
pub(super) async fn providers(config: &Config) -> Vec<Check> {
    const NAME: &str = "identity provider";
    let providers = match federation(config) {
        Ok(federation) => federation.providers,
        Err(error) => return vec![Check::broken(NAME, format!("{error:#}"))],
    };
    let mut found = Vec::new();
    for (name, provider) in &providers {
        let Some(url) = keys_of(provider) else {
            let words = format!("the issuer of `{name}` is no address");
            found.push(Check::broken(NAME, words));
            continue;
        };
        found.push(match ask(Method::GET, url.clone()).await {
            Ok(status) if status.is_success() => Check::good(NAME, format!("`{name}` answers")),
            Ok(status) => Check::broken(
                NAME,
                format!("`{url}` answers {status}; look at `federation.{name}`"),
            ),
            Err(why) => Check::broken(
                NAME,
                format!("`{url}` cannot be reached: {why}; look at `federation.{name}`"),
            ),
        });
    }
    found
}

/// OpenID Connect Discovery 1.0 section 4.
fn keys_of(provider: &Provider) -> Option<Url> {
    let document = || {
        format!(
            "{}/.well-known/openid-configuration",
            provider.issuer.trim_end_matches('/')
        )
    };
    provider
        .jwks_uri
        .clone()
        .or_else(|| Url::parse(&document()).ok())
}

/// The status of an answer, whatever it says, or what kept one away.
async fn ask(method: Method, url: Url) -> Result<StatusCode, String> {
    let client = http_client::build().map_err(|error| format!("{error:#}"))?;
    let asked = client.request(method, url).timeout(PATIENCE).send().await;
    asked
        .map(|answer| answer.status())
        .map_err(|error| root_cause(&error))
}
