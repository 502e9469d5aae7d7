//! The admin port: `/livez` (the process runs), `/readyz` (its dependencies answer, and it is not
//! draining), `/metrics` (Prometheus).

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use futures::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Map, Value};
use tokio::net::TcpListener;

use crate::Lifecycle;

/// Longest time a dependency has to answer a readiness check.
const CHECK_LIMIT: Duration = Duration::from_secs(1);

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The admin port before it serves.
pub struct Admin {
    listener: TcpListener,
    checks: Vec<(&'static str, Check)>,
    metrics: Option<PrometheusHandle>,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.checks.iter().map(|(name, _)| name).collect();
        f.debug_struct("Admin")
            .field("checks", &names)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Shared {
    checks: Arc<[(&'static str, Check)]>,
    metrics: Option<PrometheusHandle>,
    lifecycle: Lifecycle,
}

impl Admin {
    /// Takes the port.
    pub async fn bind(addr: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        Ok(Self {
            listener,
            checks: Vec::new(),
            metrics: None,
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves `/metrics` from this recorder.
    #[must_use]
    pub fn with_metrics(mut self, metrics: PrometheusHandle) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Adds a dependency to `/readyz`. The error text is public.
    #[must_use]
    pub fn with_check<F>(
        mut self,
        name: &'static str,
        check: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks
            .push((name, Arc::new(move || Box::pin(check()))));
        self
    }

    /// Serves on the lifecycle's tasks until the process has drained everything else.
    pub fn spawn(self, lifecycle: &Lifecycle) {
        let shared = Shared {
            checks: self.checks.into(),
            metrics: self.metrics,
            lifecycle: lifecycle.clone(),
        };
        let router = Router::new()
            .route("/livez", get(async || "ok\n"))
            .route("/readyz", get(readyz))
            .route("/metrics", get(render_metrics))
            .with_state(shared);
        let stopping = lifecycle.stopping();
        let server = axum::serve(self.listener, router)
            .with_graceful_shutdown(async move { stopping.cancelled().await });
        lifecycle.spawn("admin port", server.into_future());
    }
}

async fn readyz(State(shared): State<Shared>) -> (StatusCode, Json<Value>) {
    let mut report = Map::new();
    let mut ready = !shared.lifecycle.stopping().is_cancelled();
    report.insert("draining".into(), Value::Bool(!ready));
    for (name, check) in shared.checks.iter() {
        let answer = match tokio::time::timeout(CHECK_LIMIT, check()).await {
            Ok(Ok(())) => Value::from("ok"),
            Ok(Err(reason)) => Value::from(reason),
            Err(_) => Value::from("no answer in time"),
        };
        ready &= answer == "ok";
        report.insert((*name).to_owned(), answer);
    }
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Value::Object(report)))
}

async fn render_metrics(State(shared): State<Shared>) -> String {
    shared
        .metrics
        .map(|metrics| metrics.render())
        .unwrap_or_default()
}
