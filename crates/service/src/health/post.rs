//! Whether those who take our messages are there, as far as this process has tried.

use crate::ports::SendError;
use std::sync::atomic::{AtomicU32, Ordering};

/// So many tries in a row find nobody before it is said: one is a restart over there, or a connection that broke.
const TRIES: u32 = 3;

/// Who carries messages out of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Courier {
    /// Mail, by `mail.transport`.
    Mail,
    /// Text messages, by `sms.url`.
    Sms,
}

impl Courier {
    /// Its word in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }
}

/// For each courier, how many tries in a row found nobody. Any answer ends the row, a refusal of one message too.
#[derive(Debug, Default)]
pub(crate) struct Post {
    mail: AtomicU32,
    sms: AtomicU32,
}

impl Post {
    pub(crate) fn note(&self, courier: Courier, outcome: &Result<(), SendError>) {
        let row = self.row(courier);
        if matches!(outcome, Err(SendError::Away(_))) {
            // It stays at its end instead of starting over.
            let longer = |tries: u32| tries.checked_add(1);
            let _ = row.fetch_update(Ordering::Relaxed, Ordering::Relaxed, longer);
        } else {
            row.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_away(&self, courier: Courier) -> bool {
        self.row(courier).load(Ordering::Relaxed) >= TRIES
    }

    const fn row(&self, courier: Courier) -> &AtomicU32 {
        match courier {
            Courier::Mail => &self.mail,
            Courier::Sms => &self.sms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tries_in_a_row_that_find_nobody_count() {
        let post = Post::default();
        let away = || Err(SendError::Away("refused".to_owned()));
        let later = || Err(SendError::Temporary("greylisted".to_owned()));
        for outcome in [
            away(),
            away(),
            later(),
            away(),
            away(),
            Ok(()),
            away(),
            away(),
        ] {
            post.note(Courier::Mail, &outcome);
            assert!(!post.is_away(Courier::Mail), "{outcome:?}");
        }
        post.note(Courier::Mail, &away());
        assert!(post.is_away(Courier::Mail));
        assert!(!post.is_away(Courier::Sms));
        post.note(Courier::Mail, &later());
        assert!(!post.is_away(Courier::Mail));
    }
}
