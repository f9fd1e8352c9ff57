//! The public keys that verify tokens, as a key set and as PEM.

use crate::refusals::refuse;
use axum::extract::State as Shared;
use axum::response::Response;
use doorward_domain::KeyVersion;
use doorward_http::{Context, Detail, Query, State, detail, json};
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use serde::{Deserialize, Serialize};
use std::num::ParseIntError;

/// Verifiers keep the key set for as long as a new key is published before it signs.
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// A JSON Web Key Set (RFC 7517 section 5), as the document describes it.
#[derive(utoipa::ToSchema)]
#[schema(as = KeySet)]
#[expect(dead_code, reason = "it describes what `service` serialises")]
pub(crate) struct KeySet {
    /// Signing, next, and retired keys until the last token they signed has expired.
    keys: Vec<serde_json::Value>,
}

/// The public keys that verify tokens.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "keys",
    responses((status = 200, description = "The keys that verify tokens now", body = KeySet)),
)]
pub(crate) async fn jwks(Shared(web): Shared<State>, Context(ctx): Context) -> Response {
    let keys = doorward_service::keys::jwks(&web.app, ctx.now);
    let mut response = json(StatusCode::OK, &keys);
    response.headers_mut().insert(CACHE_CONTROL, FIVE_MINUTES);
    response
}

/// Which key is asked for.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Counts from 1; without it, the key that signs now.
    #[param(value_type = Option<i64>)]
    version: Option<String>,
}

impl Asked {
    fn version(self) -> Result<Option<KeyVersion>, ParseIntError> {
        let version = self.version.map(|text| text.parse().map(KeyVersion));
        version.transpose()
    }
}

/// A public key as text.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PublicKey)]
pub(crate) struct PublicKeyReply {
    /// Counts from 1 and grows by one with every rotation.
    version: i64,
    /// SPKI in PEM.
    public_key: String,
}

/// The key that signs now, or the one of a version, as PEM.
#[utoipa::path(
    get,
    path = "/utils/public_key",
    tag = "keys",
    params(Asked),
    responses(
        (status = 200, description = "The key", body = PublicKeyReply),
        (status = 404, description = "No key of this version, or no public key at all", body = Detail),
        (status = 422, description = "The version is no number, or sent twice", body = Detail),
    ),
)]
pub(crate) async fn public_key(
    Shared(web): Shared<State>,
    Context(ctx): Context,
    asked: Result<Query<Asked>, Response>,
) -> Response {
    let Ok(Ok(version)) = asked.map(|Query(asked)| asked.version()) else {
        // Its readers are clients of family `code`, for whom `detail` is a sentence in every status.
        return detail(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Input should be a valid integer",
        );
    };
    match doorward_service::keys::public_key(&web.app, version, ctx.now) {
        Ok(key) => json(
            StatusCode::OK,
            &PublicKeyReply {
                version: key.version.0,
                public_key: key.pem,
            },
        ),
        Err(error) => refuse(&web, &ctx, &error),
    }
}
