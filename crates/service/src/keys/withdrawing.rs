//! Withdrawing a key that somebody else holds: at once, whatever it costs those whose tokens it signed.

use super::keyring::signing;
use super::making::{Times, fresh_key};
use super::{KeyInfo, add_successor, describe};
use crate::audit::{self, Event};
use crate::{Ctx, Error, SharedApp};
use doorward_crypto::Algorithm;
use doorward_domain::{KeyVersion, Rejection};

/// Takes a key out of use: it leaves the key set, signs nothing, and no token that it signed is believed, here at once and
/// at every other replica within a second. Verifiers that keep the key set believe them until they fetch it again. Where
/// no other key can sign, one is made that does so at once. Gives the key as it is afterwards.
///
/// # Errors
/// [`Rejection::KeyVersionUnknown`] where there is no such key, or it was withdrawn before.
pub async fn withdraw(app: &SharedApp, ctx: &Ctx, version: KeyVersion) -> Result<KeyInfo, Error> {
    app.keyring.reload(app).await?;
    let loaded = app.keyring.loaded();
    let known = loaded.keys.iter().find(|key| key.version == version);
    if known.is_none_or(|key| key.withdrawn_at.is_some()) {
        return Err(Rejection::KeyVersionUnknown.into());
    }
    let signs = signing(&loaded.keys, ctx.now).is_some_and(|key| key.version == version);
    let successor = if signs && app.settings.tokens.algorithm != Algorithm::Hs256 {
        let times = Times {
            now: ctx.now,
            signs_from: ctx.now,
        };
        Some(fresh_key(app, loaded.next_version(), times).await?)
    } else {
        None
    };
    let mut tx = app.write().await?;
    if let Some(new) = &successor
        && !add_successor(&mut tx, app, new).await?
    {
        return Err(
            crate::Fault::unavailable("another process made a key at the same moment").into(),
        );
    }
    if !doorward_store::keys::withdraw(&mut tx, version, ctx.now).await? {
        return Err(Rejection::KeyVersionUnknown.into());
    }
    let nobody = audit::Subject::default();
    audit::record(&mut tx, app, ctx, Event::KeyWithdrawn, nobody).await?;
    tx.commit().await?;
    describe(app, ctx, version).await
}
