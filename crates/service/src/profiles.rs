//! Profiles: what users say of themselves, read and changed by them.

use crate::accounts::User;
use crate::audit::{self, Event};
use crate::tokens::Caller;
use crate::{Ctx, Error, SharedApp, credentials};
use doorward_domain::{Nickname, Rejection};
pub use doorward_store::users::Change;
use doorward_store::users::{self, ProfileChange};

/// What is to become of each field: left, cleared or set.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// The whole name.
    pub full_name: Change<String>,
    /// The given name.
    pub first_name: Change<String>,
    /// The family name.
    pub last_name: Change<String>,
    /// The unique name.
    pub nickname: Change<Nickname>,
    /// In years.
    pub age: Change<i64>,
}

/// Changes the caller's profile: only what is named, and nothing else.
pub async fn update(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
    update: Update,
) -> Result<User, Error> {
    let Update {
        full_name,
        first_name,
        last_name,
        nickname,
        age,
    } = update;
    let change = ProfileChange {
        full_name,
        first_name,
        last_name,
        nickname,
        age,
    };
    let mut tx = app.write().await?;
    credentials::hold(&mut tx, ctx, caller).await?;
    let updated = users::update_profile(&mut tx, caller.user.id, &change, ctx.now).await?;
    let updated = updated.ok_or(Rejection::NicknameTaken)?;
    audit::record(&mut tx, app, ctx, Event::ProfileChanged, caller.user.id).await?;
    tx.commit().await?;
    app.caches.refresh_session(caller.session);
    Ok(User::from(&updated))
}
