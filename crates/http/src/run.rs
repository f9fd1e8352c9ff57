//! Starts a use case in a task of its own, so that a client that hangs up cancels the waiting and not the work.

use doorward_service::{Error, Fault};
use opentelemetry::trace::FutureExt as _;
use std::future::Future;
use tracing::Instrument;

/// Runs `work` to its end even if the caller is dropped meanwhile: no half-done transaction, no hash paid for and
/// thrown away. A panic in it becomes a [`Fault`].
pub async fn run<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    // The log follows the one, the trace the other.
    let work = work.in_current_span().with_current_context();
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Fault::internal(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn work_goes_on_after_the_caller_is_gone() {
        let (start, started) = oneshot::channel::<()>();
        let (finish, finished) = oneshot::channel::<()>();
        let mut waiting = Box::pin(run(async move {
            started.await.unwrap();
            finish.send(()).unwrap();
            Ok(())
        }));
        assert!((&mut waiting).now_or_never().is_none());
        drop(waiting);
        start.send(()).unwrap();
        finished.await.unwrap();
    }

    #[tokio::test]
    async fn sec_16_5_4_a_panic_in_a_use_case_is_a_fault() {
        let outcome: Result<(), Error> = run(async { panic!("on purpose") }).await;
        assert!(matches!(outcome, Err(Error::Fault(fault)) if !fault.is_unavailable()));
    }
}
