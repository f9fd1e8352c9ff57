//! The Prometheus recorder: one a process, since metrics are global. What is measured is the [`catalogue`].

mod catalogue;
mod couriers;
mod process;
mod readings;

pub(crate) use couriers::measured;

use doorward_service::SharedApp;
use doorward_store::Store;
use futures_util::FutureExt;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use readings::Readings;
use std::sync::{Arc, OnceLock};

pub(crate) use doorward_web::RenderMetrics as Render;

/// Bounds in seconds: from what memory answers to what a person gives up on.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The recorder of this process; `None` when somebody else has set another one.
fn recorder() -> Option<&'static PrometheusHandle> {
    let install = || {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS);
        let handle = builder.ok()?.install_recorder().ok()?;
        catalogue::describe();
        Some(handle)
    };
    RECORDER.get_or_init(install).as_ref()
}

/// From now on measurements are kept; before, they are lost.
pub(crate) fn begin() {
    let _ = recorder();
}

/// A function that renders all metrics, with the gauges that are only looked at when asked.
pub(crate) fn render(app: &SharedApp, store: &Store) -> Render {
    begin();
    let readings = Arc::new(Readings::new(Arc::clone(app), store.clone()));
    Arc::new(move || {
        let readings = Arc::clone(&readings);
        let rendered = async move {
            readings.take().await;
            recorder().map_or_else(String::new, PrometheusHandle::render)
        };
        rendered.boxed()
    })
}

/// Folds finished measurements together; without it, memory grows while nobody asks for metrics.
pub(crate) fn upkeep() {
    if let Some(recorder) = recorder() {
        recorder.run_upkeep();
    }
}
