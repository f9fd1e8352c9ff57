//! The threads of the pool and the queue before them.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

use super::super::argon::Scratch;
use super::{PoolError, PoolSize};

type Job = Box<dyn FnOnce(&mut Scratch, &Line) + Send>;

pub(super) struct Workers {
    line: Arc<Line>,
    threads: Vec<JoinHandle<()>>,
}

/// The jobs that wait. A place is taken from submission until the work is done.
struct Line {
    state: Mutex<State>,
    changed: Condvar,
    places: usize,
}

struct State {
    waiting: VecDeque<Job>,
    running: usize,
    open: bool,
}

impl Workers {
    pub(super) fn start(size: PoolSize, blocks: usize) -> io::Result<Self> {
        let line = Arc::new(Line {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                running: 0,
                open: true,
            }),
            changed: Condvar::new(),
            places: size.queue.saturating_add(size.threads.get()),
        });
        let mut workers = Self {
            line,
            threads: Vec::with_capacity(size.threads.get()),
        };
        for number in 0..size.threads.get() {
            let line = Arc::clone(&workers.line);
            let thread = Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || line.work_off(&mut Scratch::keeping(blocks)))?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Queues the work, or refuses it when every place is taken. The receiver fails when the work panics or
    /// never runs.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Scratch) -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, PoolError> {
        let (answer, receiver) = oneshot::channel();
        self.line.push(Box::new(move |scratch, line| {
            let outcome = catch_unwind(AssertUnwindSafe(|| work(scratch)));
            line.leave();
            if let Ok(value) = outcome {
                // The receiver may be gone; the work was done in its place all the same.
                drop(answer.send(value));
            } else {
                tracing::error!("a hashing job panicked");
            }
        }))?;
        Ok(receiver)
    }

    pub(super) fn depth(&self) -> usize {
        let state = self.line.lock();
        state.waiting.len() + state.running
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.line.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a hashing thread ended by a panic");
            }
        }
    }
}

impl Line {
    /// No job runs under the lock, so a poisoned one still guards a sound state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) -> Result<(), PoolError> {
        let mut state = self.lock();
        if state.waiting.len() + state.running >= self.places {
            return Err(PoolError::Busy);
        }
        state.waiting.push_back(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    fn close(&self) {
        let forgotten = {
            let mut state = self.lock();
            state.open = false;
            std::mem::take(&mut state.waiting)
        };
        drop(forgotten);
        self.changed.notify_all();
    }

    fn work_off(&self, scratch: &mut Scratch) {
        while let Some(job) = self.take() {
            job(scratch, self);
        }
    }

    /// Gives the place of a running job back, before its answer is sent: whoever has the answer finds it free.
    fn leave(&self) {
        self.lock().running -= 1;
    }

    /// The next job, waiting for one if need be; `None` once the line is closed.
    fn take(&self) -> Option<Job> {
        let mut state = self.lock();
        while state.open && state.waiting.is_empty() {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let job = state.waiting.pop_front()?;
        state.running += 1;
        Some(job)
    }
}
