//! One request of the native API on its way to one operation, and a refusal on its way back.

use super::problem::Problem;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use doorward_domain::{Family, Rejection};
use doorward_http::{Authorization, Context, State};
use doorward_service::tokens::{self, Caller};
use doorward_service::{Ctx, Error, SharedApp};
use http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use std::future::Future;
use std::sync::Arc;

/// A request to the native API.
pub(super) struct Call {
    web: State,
    ctx: Ctx,
    authorization: Authorization,
}

impl Call {
    /// Does `work` to its end, whatever becomes of the client.
    pub(super) async fn run<D, W>(
        &self,
        work: impl FnOnce(SharedApp, Ctx) -> W,
    ) -> Result<D, Refused>
    where
        D: Send + 'static,
        W: Future<Output = Result<D, Error>> + Send + 'static,
    {
        self.attempt(work)
            .await
            .map_err(|error| self.refuse(&error))
    }

    /// Does `work` to its end, for handlers that look at a refusal before they answer it.
    pub(super) async fn attempt<D, W>(
        &self,
        work: impl FnOnce(SharedApp, Ctx) -> W,
    ) -> Result<D, Error>
    where
        D: Send + 'static,
        W: Future<Output = Result<D, Error>> + Send + 'static,
    {
        doorward_http::run(work(Arc::clone(&self.web.app), self.ctx.clone())).await
    }

    /// What the client reads in place of what it asked for.
    pub(super) fn refuse(&self, error: &Error) -> Refused {
        Problem::answer(&self.web, &self.ctx, error).into()
    }

    /// The bearer token, if there is one.
    pub(super) fn bearer(&self) -> Option<SecretString> {
        match &self.authorization {
            Authorization::Bearer(token) => Some(token.clone()),
            Authorization::Missing | Authorization::OtherScheme => None,
        }
    }

    /// Whoever the access token belongs to.
    pub(super) async fn caller(&self) -> Result<Caller, Refused> {
        let Some(token) = self.bearer() else {
            return Err(self.refuse(&Rejection::TokenMissing.into()));
        };
        self.run(
            |app, ctx| async move { tokens::authenticate(&app, &ctx, token.expose_secret()).await },
        )
        .await
    }
}

impl FromRequestParts<State> for Call {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &State) -> Result<Self, Self::Rejection> {
        let Context(ctx) = Context::from_request_parts(parts, web).await?;
        let Ok(authorization) = Authorization::from_request_parts(parts, web).await;
        Ok(Self {
            web: Arc::clone(web),
            ctx: ctx.through(Family::Native),
            authorization,
        })
    }
}

/// An answer that says no.
pub(super) struct Refused(Box<Response>);

impl From<Response> for Refused {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}
