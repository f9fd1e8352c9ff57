//! The ids that users had where they came from.

use crate::accounts::User;
use crate::{Error, SharedApp};
use doorward_domain::{Family, Rejection, UserId};
use doorward_store::{imports, users};
use std::fmt;
use std::str::FromStr;

/// An id that a user had in a documented service: `session:42`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldId {
    /// Which service.
    pub family: Family,
    /// The id there.
    pub id: String,
}

/// Why a text is no such id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an old id is a family and the id that the user had there, such as `session:42`")]
pub struct OldIdError;

impl FromStr for OldId {
    type Err = OldIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (family, id) = text.split_once(':').ok_or(OldIdError)?;
        let family: Family = family.parse().map_err(|_| OldIdError)?;
        if id.is_empty() || !Family::DOCUMENTED.contains(&family) {
            return Err(OldIdError);
        }
        Ok(Self {
            family,
            id: id.to_owned(),
        })
    }
}

impl fmt::Display for OldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.family, self.id)
    }
}

/// The user who had that id.
pub async fn find(app: &SharedApp, old: &OldId) -> Result<User, Error> {
    let mut tx = app.read().await?;
    let imported = imports::find(&mut tx, old.family, &old.id).await?;
    let user = imported
        .and_then(|row| row.user_id)
        .ok_or(Rejection::UserNotFound)?;
    let row = users::by_id(&mut tx, user).await?;
    Ok(User::from(&row.ok_or(Rejection::UserNotFound)?))
}

/// The ids that a user had, by family.
pub async fn old_ids(app: &SharedApp, user: UserId) -> Result<Vec<OldId>, Error> {
    let mut tx = app.read().await?;
    let rows = imports::of_user(&mut tx, user).await?;
    let ids = rows.into_iter().map(|row| OldId {
        family: row.family,
        id: row.source_id,
    });
    Ok(ids.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_id_is_a_family_and_what_follows() {
        let old: OldId = "session:42".parse().unwrap();
        assert_eq!((old.family, old.id.as_str()), (Family::Session, "42"));
        assert_eq!(old.to_string(), "session:42");
        for bad in ["", "42", "session:", "native:42", "Session:42", ":42"] {
            assert_eq!(bad.parse::<OldId>(), Err(OldIdError), "{bad}");
        }
    }
}
