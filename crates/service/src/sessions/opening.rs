//! How a session begins, whatever the way to it: through one gate.

use crate::accounts::User;
use crate::audit::{self, Event};
use crate::tokens::{self, Claims, Grant, Path, Tokens};
use crate::{App, Ctx, Error, Settings};
use doorward_domain::{Family, SessionId, Span, UserId};
use doorward_store::sessions::{self, Session};
use doorward_store::{WriteTx, known_networks, users};

/// Longer ones are cut before they are stored.
const MOST_USER_AGENT: usize = 200;

/// A session whose row is in a transaction. Once that is committed, it has tokens.
#[must_use = "a session without its tokens is of no use to anybody"]
pub(crate) struct Opened {
    path: Path,
    user: User,
    epoch: i64,
    session: Session,
}

/// Begins a session in the transaction that used up what allowed it.
///
/// The gate: the account is in use, and nothing changed about it since `row` was read; its epoch says so. Else the
/// refusal is [`Path::overtaken`], and the transaction can only be dropped.
pub(crate) async fn open(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    path: Path,
    row: &users::User,
) -> Result<Opened, Error> {
    let user = User::from(row);
    tokens::admit(app, ctx.family, path, &user)?;
    if !users::touch_login(tx, row.id, row.epoch, ctx.now).await? {
        return Err(path.overtaken().into());
    }
    let session = new_session(app, ctx, row.id);
    if !sessions::insert(tx, &session).await? {
        return Err(path.overtaken().into());
    }
    let network = app.network(ctx.client.network());
    known_networks::remember(tx, row.id, &network, ctx.now).await?;
    let subject = audit::Subject::session(row.id, session.id);
    audit::record(tx, app, ctx, Event::SignedIn, subject).await?;
    Ok(Opened {
        path,
        user,
        epoch: row.epoch,
        session,
    })
}

impl Opened {
    /// The tokens that the session begins with; to be called once its row is committed.
    pub(crate) fn tokens(&self, app: &App, ctx: &Ctx) -> Result<Tokens, Error> {
        let session = &self.session;
        let needs_no_row = app.settings.tokens.stateless_refresh && !session.rotates;
        let grant = Grant {
            path: self.path,
            user: &self.user,
            session: session.id,
            counter: session.counter,
            issued_at: session.created_at,
            session_ends_at: session.expires_at,
            access_lifetime: session.access_lifetime,
            refresh_lifetime: has_refresh(ctx.family).then_some(session.refresh_lifetime),
            epoch: needs_no_row.then_some(self.epoch),
        };
        tokens::issue(app, ctx, &grant)
    }
}

/// The row that the session of a refresh token has or had, as far as the token tells.
pub(crate) fn of_claims(app: &App, ctx: &Ctx, claims: &Claims) -> Session {
    Session {
        id: claims.session,
        created_at: claims.issued_at,
        rotated_at: claims.issued_at,
        expires_at: claims.expires_at,
        refresh_lifetime: claims.expires_at.since(claims.issued_at),
        rotates: false,
        ..new_session(app, ctx, claims.user)
    }
}

/// Whether a family's answer has a place for a refresh token.
const fn has_refresh(family: Family) -> bool {
    match family {
        Family::Session | Family::Proof => false,
        Family::Code | Family::Confirm | Family::Verified | Family::Native => true,
    }
}

/// Whether a refresh spends the refresh token: not where a family's answer has no place for the next one.
const fn rotates(settings: &Settings, family: Family) -> bool {
    let has_place = match family {
        Family::Code | Family::Confirm | Family::Native => true,
        Family::Verified => settings.verified.rotate_refresh,
        Family::Session | Family::Proof => false,
    };
    has_place && !settings.tokens.stateless_refresh
}

fn new_session(app: &App, ctx: &Ctx, user: UserId) -> Session {
    let settings = &app.settings;
    let (access_lifetime, refresh_lifetime) = lifetimes(settings, ctx.family);
    let rotates = rotates(settings, ctx.family);
    // Where the refresh token stays the same, the session ends with it, and where there is none, with its access token.
    let lasts = if rotates {
        settings.tokens.session_lifetime
    } else if has_refresh(ctx.family) {
        refresh_lifetime
    } else {
        access_lifetime
    };
    Session {
        id: SessionId::new(ctx.now, app.entropy.bytes()),
        user_id: user,
        family: ctx.family,
        created_at: ctx.now,
        last_used_at: ctx.now,
        expires_at: ctx.now.truncated_to_seconds() + lasts,
        counter: 0,
        rotated_at: ctx.now,
        rotates,
        access_lifetime,
        refresh_lifetime,
        address: Some(ctx.client.to_string()),
        user_agent: ctx
            .user_agent
            .as_ref()
            .map(|agent| agent.chars().take(MOST_USER_AGENT).collect()),
        ended_at: None,
    }
}

/// How long access and refresh tokens of a session are good that is opened through a family.
const fn lifetimes(settings: &Settings, family: Family) -> (Span, Span) {
    let (code, session, usual) = (&settings.code, &settings.session, &settings.tokens);
    match family {
        Family::Code => (code.access_lifetime, code.refresh_lifetime),
        Family::Session => (session.access_lifetime, usual.refresh_lifetime),
        Family::Confirm | Family::Proof | Family::Verified | Family::Native => {
            (usual.access_lifetime, usual.refresh_lifetime)
        }
    }
}
