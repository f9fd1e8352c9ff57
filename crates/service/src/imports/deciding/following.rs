//! Rows that were taken before and have changed, or were deleted, since: the user here follows, unless somebody has
//! changed them here.

use super::{Bond, Desk, Outcome, shared, stopped_there};
use crate::audit::{self, Event};
use crate::imports::Item;
use crate::imports::joining::{self, Absent, Password};
use crate::imports::reading::Incoming;
use crate::imports::report::Skip;
use crate::{Error, accounts};
use doorward_domain::{Family, Identifier, Timestamp, UserId};
use doorward_store::imports::{self, Imported};
use doorward_store::users::{self, User};
use doorward_store::{sessions, tombstones};

impl Desk<'_> {
    /// A row that was taken has changed there; the user follows, unless somebody has changed them here.
    pub(super) async fn follow(
        &mut self,
        item: &Item,
        incoming: &Incoming,
        known: &Imported,
        user: UserId,
    ) -> Result<Outcome, Error> {
        let Some(before) = self.untouched(known, user).await? else {
            return Ok(Outcome::Kept(user));
        };
        if let Some(conflict) = self.claimed_by_others(incoming, user).await? {
            return Ok(conflict);
        }
        let now = self.ctx.now;
        let bond = if known.joined {
            Bond::Joined
        } else {
            Bond::Own
        };
        let mut after = match bond {
            Bond::Joined => match stopped_there(&before, incoming) {
                Some(conflict) => return Ok(conflict),
                None => joining::joined(&before, incoming, now),
            },
            Bond::Own => self.replaced(item, incoming, known, &before).await?,
        };
        let stopped = !after.status.may_sign_in();
        let disowned = self.disowned(incoming, known, user).await?;
        if stopped || disowned || before.password_hash != after.password_hash {
            self.ended
                .extend(sessions::end_all(self.tx, user, None, now).await?);
            after.epoch = before.epoch.saturating_add(1);
        }
        self.rewrite(item, &before, &after, bond).await?;
        self.link(incoming.identity.as_ref(), user).await?;
        audit::record(self.tx, self.app, self.ctx, Event::ImportUpdated, user).await?;
        Ok(Outcome::Changed(user))
    }

    /// Unlinks what the row had for an identity, unless it has it still; what was linked here stays. Whether there was
    /// such a one.
    async fn disowned(
        &mut self,
        incoming: &Incoming,
        known: &Imported,
        user: UserId,
    ) -> Result<bool, Error> {
        // Rows of the other services have none, and say nothing of those that came from this one.
        if self.ctx.family != Family::Confirm {
            return Ok(false);
        }
        let identity = incoming.identity.as_ref();
        let kept = identity.map(|it| (it.provider.as_str(), it.subject.as_str()));
        Ok(imports::unlink(self.tx, user, known.seen_at, kept).await? > 0)
    }

    async fn replaced(
        &mut self,
        item: &Item,
        incoming: &Incoming,
        known: &Imported,
        before: &User,
    ) -> Result<User, Error> {
        let password = if item.digests.same_password(known) {
            Password::Same
        } else {
            Password::Other
        };
        let absent = if imports::of_user(self.tx, before.id).await?.len() > 1 {
            Absent::Stays
        } else {
            Absent::Goes
        };
        let now = self.ctx.now;
        Ok(joining::replaced(before, incoming, password, absent, now))
    }

    /// Somebody was deleted there. What they had proven is remembered; whoever was taken before goes here as well,
    /// unless they have been here since.
    pub(super) async fn bury(
        &mut self,
        item: &Item,
        known: Option<Imported>,
        identifiers: &[Identifier],
        at: Option<Timestamp>,
    ) -> Result<Outcome, Error> {
        let before = known.filter(|known| known.user_id.is_some());
        let mut outcome = Outcome::Skipped(Skip::Deleted);
        if let Some(known) = &before
            && let Some(user) = known.user_id
        {
            let unused = |row: &User| row.last_login_at.is_none_or(|at| at <= known.seen_at);
            let row = self.untouched(known, user).await?;
            let Some(row) = row.filter(|row| !known.joined && unused(row)) else {
                return Ok(Outcome::Kept(user));
            };
            let ended = accounts::remove(self.tx, self.app, self.ctx, &row).await?;
            self.ended.extend(ended.into_iter().flatten());
            outcome = Outcome::Removed;
        }
        for identifier in identifiers {
            let hash = self.app.tombstone(identifier);
            if !tombstones::exists(self.tx, &hash).await? {
                tombstones::insert(self.tx, &hash, at.unwrap_or(self.ctx.now)).await?;
            }
        }
        let row = self.memory(item, None, Bond::Own);
        imports::remember(self.tx, &row).await?;
        Ok(outcome)
    }

    /// The account as the import left it; `None` when somebody has changed or deleted it here since.
    async fn untouched(&mut self, known: &Imported, user: UserId) -> Result<Option<User>, Error> {
        users::lock(self.tx, user).await?;
        let row = users::by_id(self.tx, user).await?;
        Ok(row.filter(|row| row.deleted_at.is_none() && row.updated_at == known.seen_at))
    }

    /// Whether somebody else has what a row claims now.
    async fn claimed_by_others(
        &mut self,
        incoming: &Incoming,
        user: UserId,
    ) -> Result<Option<Outcome>, Error> {
        // The id is that of the user already, or is remembered beside another one.
        let claims = imports::Claims {
            id: None,
            ..incoming.claims()
        };
        for holder in imports::holders(self.tx, claims).await? {
            if holder.id == user || accounts::give_way(self.tx, self.app, self.ctx, &holder).await?
            {
                continue;
            }
            let what = shared(&holder, incoming);
            return Ok(Some(Outcome::conflict(format!(
                "its {what} is that of user {}",
                holder.id
            ))));
        }
        let owner = self.owner(incoming.identity.as_ref()).await?;
        let other = owner.filter(|owner| *owner != user);
        Ok(other.map(|owner| {
            Outcome::conflict(format!("its third-party identity is that of user {owner}"))
        }))
    }
}
