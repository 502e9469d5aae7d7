//! Logs, traces and metrics. Logs go to standard error: JSON, or plain text on a terminal. Traces
//! go to an OTLP collector when the standard `OTEL_EXPORTER_OTLP_ENDPOINT` is set. Metrics are
//! scraped from the admin port.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing_subscriber::{
    EnvFilter, Layer, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

/// Upper bounds of duration buckets in seconds, from a cached answer to a hung upstream.
const DURATION_BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The OTLP settings make no exporter.
    #[error("the trace exporter cannot be built")]
    Exporter(#[from] ExporterBuildError),
    /// A second recorder, or wrong buckets.
    #[error("the metrics recorder cannot be installed")]
    Metrics(#[from] BuildError),
    /// A second subscriber.
    #[error("the log subscriber cannot be installed")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
}

/// Keeps telemetry alive; flush it before the process ends.
#[derive(Debug)]
pub struct Telemetry {
    tracer_provider: SdkTracerProvider,
    metrics: PrometheusHandle,
}

impl Telemetry {
    /// Installs the process-wide subscriber, propagator and metrics recorder.
    ///
    /// `otlp` says whether an OTLP endpoint is configured; the exporter reads the standard
    /// `OTEL_*` variables by itself. Must run inside a tokio runtime.
    pub fn install(service: &'static str, otlp: bool) -> Result<Self, TelemetryError> {
        let metrics = PrometheusBuilder::new()
            .set_buckets(&DURATION_BUCKETS)?
            .install_recorder()?;
        let resource = Resource::builder().with_service_name(service).build();
        let mut builder = SdkTracerProvider::builder().with_resource(resource);
        if otlp {
            builder = builder.with_batch_exporter(SpanExporter::builder().with_tonic().build()?);
        }
        let tracer_provider = builder.build();
        global::set_text_map_propagator(TraceContextPropagator::new());
        global::set_tracer_provider(tracer_provider.clone());
        let otel = tracing_opentelemetry::layer().with_tracer(tracer_provider.tracer(service));
        tracing_subscriber::registry()
            .with(log_filter())
            .with(log_layer())
            .with(otel)
            .try_init()?;
        Ok(Self {
            tracer_provider,
            metrics,
        })
    }

    /// Renders the metrics in Prometheus' text format.
    pub fn metrics(&self) -> PrometheusHandle {
        self.metrics.clone()
    }

    /// Sends what is buffered. Blocks; call it when everything else has stopped.
    pub fn shutdown(&self) {
        if let Err(error) = self.tracer_provider.shutdown() {
            tracing::warn!(%error, "traces could not be flushed");
        }
    }
}

/// `RUST_LOG`, else `info` with the noisy libraries quieter.
fn log_filter() -> EnvFilter {
    EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,lapin=warn,sqlx=warn,h2=warn,hyper=warn"))
}

fn log_layer<S>() -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        layer.compact().boxed()
    } else {
        layer
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed()
    }
}
