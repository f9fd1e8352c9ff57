//! The only error that a use case returns: a refusal from the one table, or a fault that nobody outside may read.

use doorward_domain::{Class, Rejection, Span};
use std::fmt;

/// What a use case returns when it does not do what it was asked.
#[derive(Debug)]
pub enum Error {
    /// The caller is told no, and why.
    Rejected(Refusal),
    /// Something broke. The caller learns a request id, the log learns the rest.
    Fault(Fault),
}

/// A refusal, with the wait that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which refusal.
    pub rejection: Rejection,
    /// How long to wait before trying again; there for [`Class::TooMany`] and [`Class::Unavailable`].
    pub retry_after: Option<Span>,
}

impl Refusal {
    /// A refusal that waiting helps against.
    pub const fn after(rejection: Rejection, wait: Span) -> Self {
        Self {
            rejection,
            retry_after: Some(wait),
        }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let retry_after = match rejection.class() {
            Class::TooMany | Class::Unavailable => Some(Span::seconds(1)),
            Class::Invalid
            | Class::Unauthenticated
            | Class::Forbidden
            | Class::NotFound
            | Class::Conflict
            | Class::Expired
            | Class::Unsupported => None,
        };
        Self {
            rejection,
            retry_after,
        }
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection.into())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Rejected(refusal)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<doorward_store::Error> for Error {
    fn from(error: doorward_store::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(refusal) => f.write_str(refusal.rejection.title()),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// A failure that is nobody's answer: it is logged once, at the boundary, with its whole chain of causes.
#[derive(Debug)]
pub struct Fault {
    source: Box<dyn std::error::Error + Send + Sync>,
    unavailable: bool,
}

impl Fault {
    /// A failure that trying again does not mend.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
            unavailable: false,
        }
    }

    /// A part that the operation needs is away for now.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
            unavailable: true,
        }
    }

    /// Whether the same request may succeed a little later: 503 with `Retry-After`, in place of 500.
    pub const fn is_unavailable(&self) -> bool {
        self.unavailable
    }
}

impl From<doorward_store::Error> for Fault {
    fn from(error: doorward_store::Error) -> Self {
        let unavailable = matches!(error, doorward_store::Error::Unavailable(_));
        Self {
            source: Box::new(error),
            unavailable,
        }
    }
}

impl From<doorward_crypto::OpenError> for Fault {
    fn from(error: doorward_crypto::OpenError) -> Self {
        Self::internal(error)
    }
}

impl fmt::Display for Fault {
    /// The whole chain of causes, for the log and for development mode.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        let mut cause = self.source.source();
        while let Some(inner) = cause {
            write!(f, ": {inner}")?;
            cause = inner.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_that_waiting_helps_against_says_how_long() {
        for rejection in Rejection::ALL {
            let waits = matches!(rejection.class(), Class::TooMany | Class::Unavailable);
            assert_eq!(
                Refusal::from(*rejection).retry_after.is_some(),
                waits,
                "{rejection:?}"
            );
        }
    }

    #[test]
    fn a_fault_tells_its_whole_chain_to_the_log() {
        let io = std::io::Error::other("disk on fire");
        let fault = Fault::unavailable(doorward_store::Error::Unavailable(std::sync::Arc::new(io)));
        assert!(fault.is_unavailable());
        assert!(fault.to_string().contains("disk on fire"));
    }
}
