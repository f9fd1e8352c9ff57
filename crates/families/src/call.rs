//! One request of a family on its way to one operation, and a refusal on its way back.
//!
//! A handler reads its form, hands one operation to [`Call::run`] and writes its reply. Everything else is the same for
//! every route of a family: whose token it is, and what the family's [`Table`] says to a refusal.

use crate::detail::Answer;
use crate::fields::Faults;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use doorward_domain::{Family, Quota, Rejection};
use doorward_http::{Authorization, Context, NamedLimits, State};
use doorward_service::tokens::{self, Caller};
use doorward_service::{Ctx, Error, Settings, SharedApp};
use http::header::AUTHORIZATION;
use http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

/// A family's translation of every refusal.
pub(crate) trait Table: Copy + Send + Sync + 'static {
    /// Whose table it is.
    const FAMILY: Family;
    /// Every place where a refusal can meet its caller.
    const ALL: &'static [Self];
    /// The place where an access token is looked at.
    const TOKEN: Self;

    /// What is said to `rejection` here.
    fn answer(self, rejection: Rejection) -> Answer;

    /// The limit that a client reads of here, in families whose 429 tells one.
    fn limit(self, _: &NamedLimits) -> Option<Quota> {
        None
    }
}

/// A request through one family.
pub(crate) struct Call<T> {
    web: State,
    ctx: Ctx,
    authorization: Authorization,
    /// Whether there is a header `Authorization` at all.
    authorizes: bool,
    table: PhantomData<T>,
}

impl<T: Table> Call<T> {
    /// What the operator decided.
    pub(crate) fn settings(&self) -> &Settings {
        self.web.app.settings()
    }

    /// What the surfaces share.
    pub(crate) const fn web(&self) -> &State {
        &self.web
    }

    /// The circumstances of the request.
    pub(crate) const fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// Does `work` to its end, whatever becomes of the client, and refuses as the table says for `at`.
    pub(crate) async fn run<D, W>(
        &self,
        at: T,
        work: impl FnOnce(SharedApp, Ctx) -> W,
    ) -> Result<D, Refused>
    where
        D: Send + 'static,
        W: Future<Output = Result<D, Error>> + Send + 'static,
    {
        self.attempt(work)
            .await
            .map_err(|error| self.refuse(at, &error))
    }

    /// Does `work` to its end, for handlers that look at a refusal before they answer it.
    pub(crate) async fn attempt<D, W>(
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
    pub(crate) fn refuse(&self, at: T, error: &Error) -> Refused {
        match error {
            Error::Rejected(refusal) => {
                let limit = at.limit(&self.web.http.named);
                Refused::from(at.answer(refusal.rejection).respond(refusal, limit))
            }
            Error::Fault(fault) => Refused::from(self.web.fault(&self.ctx, fault)),
        }
    }

    /// The bearer token, if there is one.
    pub(crate) fn bearer(&self) -> Option<SecretString> {
        match &self.authorization {
            Authorization::Bearer(token) => Some(token.clone()),
            Authorization::Missing | Authorization::OtherScheme => None,
        }
    }

    /// Whether something else than a bearer token is shown where one belongs.
    pub(crate) fn shows_something_else(&self) -> bool {
        self.authorizes && self.bearer().is_none()
    }

    /// The bearer token, where nothing goes without one.
    pub(crate) fn token(&self, at: T) -> Result<SecretString, Refused> {
        self.bearer()
            .ok_or_else(|| self.refuse(at, &Rejection::TokenMissing.into()))
    }

    /// Whoever the access token belongs to.
    pub(crate) async fn caller(&self) -> Result<Caller, Refused> {
        self.caller_of(self.token(T::TOKEN)?).await
    }

    /// Whoever this access token belongs to.
    pub(crate) async fn caller_of(&self, token: SecretString) -> Result<Caller, Refused> {
        self.run(T::TOKEN, |app, ctx| async move {
            tokens::authenticate(&app, &ctx, token.expose_secret()).await
        })
        .await
    }
}

impl<T: Table> FromRequestParts<State> for Call<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &State) -> Result<Self, Self::Rejection> {
        let Context(ctx) = Context::from_request_parts(parts, web).await?;
        let Ok(authorization) = Authorization::from_request_parts(parts, web).await;
        Ok(Self {
            web: Arc::clone(web),
            ctx: ctx.through(T::FAMILY),
            authorization,
            authorizes: parts.headers.contains_key(AUTHORIZATION),
            table: PhantomData,
        })
    }
}

/// An answer that says no.
pub(crate) struct Refused(Box<Response>);

impl From<Response> for Refused {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl From<Faults> for Refused {
    fn from(faults: Faults) -> Self {
        faults.into_response().into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// Proves that a table answers every refusal everywhere, and with no fault.
#[cfg(test)]
pub(crate) fn assert_table_is_whole<T: Table + std::fmt::Debug>() {
    for at in T::ALL {
        for rejection in Rejection::ALL {
            let answer = at.answer(*rejection);
            let status = answer.status();
            let fault = status.is_server_error()
                && rejection.class() != doorward_domain::Class::Unavailable;
            assert!(
                (status.is_client_error() || status.is_server_error()) && !fault,
                "{at:?} {rejection:?}"
            );
            assert!(!answer.sentence().is_empty(), "{at:?} {rejection:?}");
            assert_ne!(status, http::StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
}
