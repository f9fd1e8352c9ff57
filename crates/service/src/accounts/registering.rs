//! Registering with a password: with an address, which a mailed code proves, or with a login.

use super::claiming::{Claim, OwnerNotice, claim, hidden_holder};
use super::{User, as_shown, blank};
use crate::codes::{Asker, Target};
use crate::passwords::{self, NewPassword};
use crate::{App, Ctx, Error, SharedApp, codes, outbox};
use doorward_domain::{Email, Identifier, Login, Profile, Purpose, Rejection, UserId};
use doorward_store::WriteTx;
use doorward_store::users::NewUser;

/// Somebody registers.
#[derive(Debug)]
pub enum SignUp {
    /// With an address, which a mailed code will prove.
    Email {
        /// The address.
        email: Email,
        /// Their name.
        full_name: Option<String>,
        /// Their password.
        password: NewPassword,
    },
    /// With a login, which there is nothing to prove about.
    Login {
        /// The login.
        login: Login,
        /// Their password.
        password: NewPassword,
    },
}

/// Makes an account; for an address, sends the code that proves it.
///
/// Where a surface does not tell that an address or a login is taken, the answer is that of success with an id that
/// nobody can sign in as, it leaves the same rows, and the owner of an address is told that somebody tried.
pub async fn sign_up(app: &SharedApp, ctx: &Ctx, command: SignUp) -> Result<User, Error> {
    if let SignUp::Login { login, .. } = &command
        && app.settings.strict
        && login.looks_like_an_address()
    {
        return Err(Rejection::LoginLooksLikeAddress.into());
    }
    let hash = passwords::hash(app, command.password(), &command.names()).await?;
    let new = new_user(app, ctx, &command, hash);
    let holder = hidden_holder(app, ctx, &command.identifier()).await?;
    match &command {
        SignUp::Email { email, .. } => {
            let notice = OwnerNotice::about(app, ctx, email, holder.as_ref()).await;
            let mut tx = app.write().await?;
            let claim = claim(&mut tx, app, ctx, &new, holder.as_ref()).await?;
            send_first(&mut tx, app, ctx, email, &claim, &notice).await?;
            tx.commit().await?;
        }
        SignUp::Login { .. } => {
            let mut tx = app.write().await?;
            claim(&mut tx, app, ctx, &new, holder.as_ref()).await?;
            tx.commit().await?;
        }
    }
    outbox::ring(app);
    Ok(as_shown(&new))
}

/// Registering sends a code at once, whatever was asked for before, and its cool-down begins. Whose registration came to
/// nothing finds the cool-down too, and a code that is good for nothing; the message goes to the owner of the address.
async fn send_first(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    email: &Email,
    claim: &Claim,
    notice: &OwnerNotice,
) -> Result<(), Error> {
    let identifier = email.clone().into();
    let target = Target::of(Purpose::Verify, &identifier);
    codes::discard(tx, app, ctx, &target).await?;
    let request = |user: Option<UserId>| codes::Request {
        target,
        to: email.into(),
        user,
        dropped: user.is_none(),
        asker: Asker::NEW,
    };
    match claim {
        Claim::Made(user) => codes::put_and_send(tx, app, ctx, &request(Some(*user))).await,
        Claim::Hidden => {
            codes::put(tx, app, ctx, &request(None)).await?;
            notice.post(tx, app, ctx).await
        }
    }
}

impl SignUp {
    /// What its user is called.
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Email {
                email, full_name, ..
            } => {
                let full_name = full_name.iter().flat_map(|name| name.split_whitespace());
                std::iter::once(email.key()).chain(full_name).collect()
            }
            Self::Login { login, .. } => vec![login.key()],
        }
    }

    fn identifier(&self) -> Identifier {
        match self {
            Self::Email { email, .. } => email.clone().into(),
            Self::Login { login, .. } => login.clone().into(),
        }
    }

    const fn password(&self) -> &NewPassword {
        match self {
            Self::Email { password, .. } | Self::Login { password, .. } => password,
        }
    }
}

fn new_user(app: &App, ctx: &Ctx, command: &SignUp, hash: String) -> NewUser {
    let (email, login, full_name) = match command {
        SignUp::Email {
            email, full_name, ..
        } => (Some(email.clone()), None, full_name.clone()),
        SignUp::Login { login, .. } => (None, Some(login.clone()), None),
    };
    NewUser {
        email,
        login,
        profile: Profile {
            full_name,
            ..Profile::default()
        },
        password_hash: Some(hash),
        ..blank(app, ctx)
    }
}
