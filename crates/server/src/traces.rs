//! Traces, handed to a collector by OTLP over HTTP.
//!
//! Spans wait in a queue of fixed length and leave in batches, from a thread of their own: no request waits for a
//! collector. What it does not take is lost, which is counted, and said once. Only spans that are marked as
//! [`TRACED`] are handed over, and no event, so that what leaves the house is what somebody decided to tell.

use crate::config::Tracing;
use crate::http_client;
use anyhow::{Context, Result};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use doorward_crypto::Entropy;
use doorward_domain::TRACED;
use metrics::counter;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context as OtelContext, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use secrecy::ExposeSecret;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::{Metadata, Subscriber, info, warn};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// How long a collector may take for a batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a process that stops waits for the last batch.
const FAREWELL: Duration = Duration::from_secs(3);

/// The spans of this process on their way out.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to collect as configured; inside of the runtime that batches are sent from.
    pub(crate) fn start(tracing: &Tracing) -> Result<Self> {
        let headers = tracing.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(endpoint(&tracing.endpoint))
            .with_timeout(PATIENCE)
            .with_headers(headers.collect())
            .with_http_client(Carrier {
                runtime: Handle::current(),
                client: http_client::build()?,
                collector: Arc::default(),
            })
            .build()
            .context("`monitoring.otlp_endpoint` cannot be used")?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(share(tracing.sample))))
            .with_resource(resource(tracing))
            .build();
        Ok(Self(provider))
    }

    /// What takes spans from the code.
    pub(crate) fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'s> LookupSpan<'s> + Send + Sync,
    {
        let marked = |metadata: &Metadata<'_>| metadata.is_span() && metadata.target() == TRACED;
        OpenTelemetryLayer::new(self.0.tracer("doorward"))
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(marked))
            .boxed()
    }

    /// Hands over what is left. A collector that is away delays the end by [`FAREWELL`] and no longer.
    pub(crate) async fn finish(self) {
        // It waits for the thread that sends, and so not on one that the runtime needs.
        let farewell = move || self.0.shutdown_with_timeout(FAREWELL);
        if !matches!(tokio::task::spawn_blocking(farewell).await, Ok(Ok(()))) {
            warn!("the last traces were not handed over");
        }
    }
}

/// What tells another service which span asks it (W3C Trace Context section 3.2); nothing outside of a trace.
pub(crate) fn outbound() -> HeaderMap {
    let context = OtelContext::current();
    let span = context.span().span_context().clone();
    let text = format!(
        "00-{}-{}-{:02x}",
        span.trace_id(),
        span.span_id(),
        span.trace_flags()
    );
    let value = HeaderValue::from_str(&text)
        .ok()
        .filter(|_| span.is_valid());
    HeaderMap::from_iter(value.map(|value| (TRACEPARENT, value)))
}

/// OTLP adds the signal to the address that is configured, like every exporter of OpenTelemetry.
fn endpoint(base: &Url) -> String {
    format!("{}/v1/traces", base.as_str().trim_end_matches('/'))
}

fn share(percent: u32) -> Sampler {
    Sampler::TraceIdRatioBased(f64::from(percent) / 100.0)
}

/// Who speaks. The instance has a name of its own at each start, so that replicas are told apart.
fn resource(tracing: &Tracing) -> Resource {
    let instance = u64::from_be_bytes(Entropy::os().bytes());
    Resource::builder()
        .with_service_name(tracing.service.clone())
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", format!("{instance:016x}")),
        ])
        .build()
}

/// Takes batches to the collector. The thread that sends them has no runtime, so the process's own does.
#[derive(Debug)]
struct Carrier {
    runtime: Handle,
    client: reqwest::Client,
    collector: Arc<Collector>,
}

impl HttpClient for Carrier {
    fn send_bytes<'c, 'f>(
        &'c self,
        batch: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'c: 'f,
        Self: 'f,
    {
        let (client, collector) = (self.client.clone(), Arc::clone(&self.collector));
        let sending = self.runtime.spawn(async move {
            let answer = client.send_bytes(batch).await;
            collector.note(&answer);
            answer
        });
        Box::pin(async move { sending.await? })
    }
}

/// Whether the collector took the last batch.
#[derive(Debug, Default)]
struct Collector {
    away: AtomicBool,
}

impl Collector {
    fn note(&self, answer: &Result<Response<Bytes>, HttpError>) {
        let trouble = match answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!(
                "it answered with status {}",
                answer.status().as_u16()
            )),
            Err(_) => Some("it cannot be reached".to_owned()),
        };
        let word = if trouble.is_none() { "taken" } else { "lost" };
        counter!("doorward_trace_exports_total", "outcome" => word).increment(1);
        let was_away = self.away.swap(trouble.is_some(), Ordering::Relaxed);
        match trouble {
            Some(trouble) if !was_away => {
                warn!(
                    trouble,
                    "the collector of traces takes none; requests go on without"
                );
            }
            None if was_away => info!("the collector of traces takes them again"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_signal_follows_the_configured_address() {
        for (configured, asked) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            (
                "https://c.example.com/otlp/",
                "https://c.example.com/otlp/v1/traces",
            ),
        ] {
            assert_eq!(endpoint(&Url::parse(configured).unwrap()), asked);
        }
    }
}
