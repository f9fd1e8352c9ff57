//! The log of this process at its most talkative, kept in memory.
//!
//! A test runs on a thread of its own, so what that thread logs is the test's; what the threads behind it log (hashing,
//! files, the database) is everybody's.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::thread::{self, ThreadId};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Default)]
struct Logs {
    own: HashMap<ThreadId, Own>,
    shared: Vec<u8>,
}

#[derive(Default)]
struct Own {
    text: Vec<u8>,
    readers: usize,
}

fn logs() -> MutexGuard<'static, Logs> {
    static LOGS: OnceLock<Mutex<Logs>> = OnceLock::new();
    let logs = LOGS.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .without_time()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(Sink)
            .finish();
        tracing::subscriber::set_global_default(subscriber)
            .expect("the tests' log is the only one");
        Mutex::default()
    });
    logs.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Where a test began to listen.
pub(crate) struct Listener {
    thread: ThreadId,
    own_from: usize,
    shared_from: usize,
}

impl Listener {
    pub(crate) fn begin() -> Self {
        let thread = thread::current().id();
        let mut logs = logs();
        let shared_from = logs.shared.len();
        let own = logs.own.entry(thread).or_default();
        own.readers += 1;
        Self {
            thread,
            own_from: own.text.len(),
            shared_from,
        }
    }

    /// What was logged since.
    pub(crate) fn heard(&self) -> String {
        let logs = logs();
        let own = logs
            .own
            .get(&self.thread)
            .map_or(&[][..], |own| &own.text[self.own_from..]);
        let shared = &logs.shared[self.shared_from..];
        format!(
            "{}{}",
            String::from_utf8_lossy(own),
            String::from_utf8_lossy(shared)
        )
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut logs = logs();
        if let Some(own) = logs.own.get_mut(&self.thread) {
            own.readers -= 1;
            if own.readers == 0 {
                logs.own.remove(&self.thread);
            }
        }
    }
}

struct Sink;

struct Line;

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut logs = logs();
        match logs.own.get_mut(&thread::current().id()) {
            Some(own) => own.text.extend_from_slice(bytes),
            None => logs.shared.extend_from_slice(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Sink {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line
    }
}
