//! Where a value came from, and what is wrong with one.

use std::fmt;
use std::path::PathBuf;

/// The place that a value was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// Nobody set it, and the strict profile has a default of its own.
    Strict,
    /// A line of the configuration file.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// A variable of the `.env` file in the working folder.
    DotEnv {
        /// The variable's name.
        name: String,
        /// Counted from 1.
        line: usize,
    },
    /// A variable of the environment.
    Environment {
        /// The variable's name.
        name: String,
    },
    /// An argument of the command line.
    Flag(&'static str),
    /// A file that is looked for without being named.
    Found(PathBuf),
}

impl Origin {
    /// Whether somebody chose the value.
    pub const fn is_explicit(&self) -> bool {
        !matches!(self, Self::Default | Self::Strict)
    }

    /// Whether the value came through a name of Doorward's own, not one of a documented service.
    pub fn is_native(&self) -> bool {
        match self {
            Self::Default | Self::Strict | Self::Found(_) => false,
            Self::File { .. } | Self::Flag(_) => true,
            Self::DotEnv { name, .. } | Self::Environment { name } => name.starts_with("DOORWARD_"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Strict => f.write_str("default of the strict profile"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::DotEnv { name, line } if name.is_empty() => write!(f, ".env:{line}"),
            Self::DotEnv { name, line } => write!(f, ".env:{line} {name}"),
            Self::Environment { name } => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Found(path) => write!(f, "file {}", path.display()),
        }
    }
}

/// One thing that keeps Doorward from starting, with what to do about it. Never repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was found, when it was found at one place.
    pub origin: Option<Origin>,
    /// What is wrong, as a phrase without a full stop.
    pub what: String,
    /// What to do about it, as a phrase without a full stop.
    pub remedy: String,
}

impl Problem {
    pub(crate) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            origin: None,
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn at(mut self, origin: &Origin) -> Self {
        self.origin = Some(origin.clone());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = self.origin.as_ref().filter(|origin| origin.is_explicit()) {
            write!(f, "{origin}: ")?;
        }
        write!(f, "{}; {}", self.what, self.remedy)
    }
}

/// Every problem of a configuration at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = self.0.len();
        let noun = if many == 1 { "problem" } else { "problems" };
        write!(f, "the configuration has {many} {noun}:")?;
        for problem in &self.0 {
            write!(f, "\n  - {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
