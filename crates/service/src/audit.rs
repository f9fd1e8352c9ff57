//! The audit trail: one row for each change and each counted try, in the transaction of what it tells of.

use crate::{App, Ctx, Fault};
use doorward_domain::{JobId, SessionId, UserId};
use doorward_store::WriteTx;

macro_rules! events {
    ($($(#[$meta:meta])* $name:ident = $word:literal;)+) => {
        /// What can be read in the audit trail. The catalogue of events is made from this list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event {
            $($(#[$meta])* $name),+
        }

        impl Event {
            /// Every event, with the word that is stored.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $word)),+];

            /// The word that is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

events! {
    /// An account was made.
    SignedUp = "signed_up";
    /// Somebody registered with what is another account's, and was not told so.
    RegistrationRefused = "registration_refused";
    /// A code was asked for, whether or not there is an account.
    CodeRequested = "code_requested";
    /// A code was tried and was wrong.
    CodeRefused = "code_refused";
    /// An address was proven.
    AddressProven = "address_proven";
    /// What was set before the first proof was dropped.
    UnprovenClaimsDropped = "unproven_claims_dropped";
    /// A password is about to be checked; the try counts.
    PasswordTried = "password_tried";
    /// Somebody signed in, and a session began.
    SignedIn = "signed_in";
    /// A session was ended by its holder.
    SignedOut = "signed_out";
    /// A spent refresh token was used again, and its session ended.
    RefreshReused = "refresh_reused";
    /// All sessions of a user were ended.
    SignedOutEverywhere = "signed_out_everywhere";
    /// An account was suspended.
    Suspended = "suspended";
    /// An account was banned.
    Banned = "banned";
    /// An account was made good again.
    Restored = "restored";
    /// An account was deleted.
    Deleted = "deleted";
    /// An account that nobody proved or used was removed.
    UnprovenRemoved = "unproven_removed";
    /// The profile was changed.
    ProfileChanged = "profile_changed";
    /// A user set a new password.
    PasswordChanged = "password_changed";
    /// An address was proven to another service.
    ProofGiven = "proof_given";
    /// A file was stored.
    FileStored = "file_stored";
    /// A file was deleted.
    FileDeleted = "file_deleted";
    /// A signing key got a successor.
    KeyRotated = "key_rotated";
    /// A signing key that was made elsewhere was taken in.
    KeyImported = "key_imported";
    /// A signing key was taken out of use, and every token that it signed with it.
    KeyWithdrawn = "key_withdrawn";
    /// An authority issued a certificate.
    CertificateIssued = "certificate_issued";
    /// A link that confirms an address was asked for again.
    LinkRequested = "link_requested";
    /// The owner of an address said that it was registered by somebody else, and the registration was dropped.
    RegistrationDropped = "registration_dropped";
    /// An account is to have another address, once that is confirmed.
    AddressChangeRequested = "address_change_requested";
    /// A change of address came to nothing: its owner disowned it, or somebody else had it by then.
    AddressChangeDropped = "address_change_dropped";
    /// An identity at another provider was linked to an account.
    IdentityLinked = "identity_linked";
    /// A session that had no row any more was opened anew for a refresh token that needs none.
    SessionReopened = "session_reopened";
    /// An account was taken over from another service.
    Imported = "imported";
    /// What another service knew of the same person was added to an account.
    ImportJoined = "import_joined";
    /// An account that was taken over was changed, as it was changed where it came from.
    ImportUpdated = "import_updated";
    /// An operator made a link to a new password.
    ResetStarted = "reset_started";
    /// An account has another address or number, which its user proved to hold.
    ContactChanged = "contact_changed";
    /// An account lost an address or a number to somebody who proved to hold it.
    ContactLost = "contact_lost";
    /// An old copy took the place of the database; everything that it would have revived is void.
    DatabaseRestored = "database_restored";
}

/// Whom an event is about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) user: Option<UserId>,
    pub(crate) session: Option<SessionId>,
}

impl From<UserId> for Subject {
    fn from(user: UserId) -> Self {
        Self {
            user: Some(user),
            session: None,
        }
    }
}

impl From<Option<UserId>> for Subject {
    /// Somebody of whom it is not told whether they have an account.
    fn from(user: Option<UserId>) -> Self {
        Self {
            user,
            session: None,
        }
    }
}

impl Subject {
    pub(crate) const fn session(user: UserId, session: SessionId) -> Self {
        Self {
            user: Some(user),
            session: Some(session),
        }
    }
}

/// Writes the row of an event into the transaction that makes it true.
pub(crate) async fn record(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    event: Event,
    subject: impl Into<Subject>,
) -> Result<(), Fault> {
    let subject = subject.into();
    let row = doorward_store::audit::Event {
        id: JobId::new(ctx.now, app.entropy.bytes()).to_string(),
        at: ctx.now,
        event: event.as_str().to_owned(),
        outcome: event.outcome().to_owned(),
        user_id: subject.user,
        session_id: subject.session,
        family: ctx.family,
        address: Some(ctx.client.to_string()),
        request_id: Some(ctx.request_id.clone()),
        detail: None,
    };
    Ok(doorward_store::audit::insert(tx, &row).await?)
}

impl Event {
    /// Whether what was tried came to pass.
    const fn outcome(self) -> &'static str {
        match self {
            Self::PasswordTried => "counted",
            Self::CodeRefused | Self::RegistrationRefused => "refused",
            Self::SignedUp
            | Self::CodeRequested
            | Self::AddressProven
            | Self::UnprovenClaimsDropped
            | Self::SignedIn
            | Self::SignedOut
            | Self::SignedOutEverywhere
            | Self::ProfileChanged
            | Self::PasswordChanged
            | Self::ProofGiven
            | Self::RefreshReused
            | Self::Suspended
            | Self::Banned
            | Self::Restored
            | Self::Deleted
            | Self::UnprovenRemoved
            | Self::FileStored
            | Self::FileDeleted
            | Self::KeyRotated
            | Self::CertificateIssued
            | Self::LinkRequested
            | Self::RegistrationDropped
            | Self::AddressChangeRequested
            | Self::AddressChangeDropped
            | Self::IdentityLinked
            | Self::SessionReopened
            | Self::Imported
            | Self::ImportJoined
            | Self::ImportUpdated
            | Self::ResetStarted
            | Self::ContactChanged
            | Self::ContactLost
            | Self::KeyImported
            | Self::KeyWithdrawn
            | Self::DatabaseRestored => "done",
        }
    }
}
