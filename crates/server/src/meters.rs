//! The Prometheus recorder: one a process, since metrics are global.

use doorward_service::SharedApp;
use doorward_store::Store;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::{Arc, OnceLock};

/// Bounds in seconds: from what memory answers to what a person gives up on.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Renders what `/metrics` answers.
pub(crate) type Render = Arc<dyn Fn() -> String + Send + Sync>;

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The recorder of this process; `None` when somebody else has set another one.
fn recorder() -> Option<&'static PrometheusHandle> {
    let install = || {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS);
        builder.ok()?.install_recorder().ok()
    };
    RECORDER.get_or_init(install).as_ref()
}

/// A function that renders all metrics, with the gauges that are only looked at when asked.
pub(crate) fn render(app: &SharedApp, store: &Store) -> Render {
    let (app, store) = (Arc::clone(app), store.clone());
    let _ = recorder();
    Arc::new(move || {
        let pool = store.pool_stats();
        metrics::gauge!("doorward_database_connections", "state" => "open")
            .set(f64::from(pool.size));
        metrics::gauge!("doorward_database_connections", "state" => "idle")
            .set(f64::from(pool.idle));
        metrics::gauge!("doorward_hashing_queue")
            .set(u32::try_from(app.hashing_depth()).map_or(f64::INFINITY, f64::from));
        recorder().map_or_else(String::new, PrometheusHandle::render)
    })
}

/// Folds finished measurements together; without it, memory grows while nobody asks for metrics.
pub(crate) fn upkeep() {
    if let Some(recorder) = recorder() {
        recorder.run_upkeep();
    }
}
