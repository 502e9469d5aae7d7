//! One trace runs from the Connect click to the committed rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use sqlx::{Connection, PgConnection};
use system::{Options, System, process::LOOK, stack};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// Per trace id: service and span name of every span received.
type Spans = Arc<Mutex<BTreeMap<String, BTreeSet<(String, String)>>>>;

#[derive(Clone, Default)]
struct Collector(Spans);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut traces = self.0.lock().expect("not poisoned");
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.map(|r| r.attributes).unwrap_or_default();
            let name = attributes
                .into_iter()
                .find(|a| a.key == "service.name")
                .and_then(|a| a.value);
            let service = format!("{:?}", name.and_then(|value| value.value));
            for span in resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans)
            {
                let id = u128::from_be_bytes(span.trace_id.try_into().expect("16 bytes"));
                let id = format!("{id:032x}");
                traces
                    .entry(id)
                    .or_default()
                    .insert((service.clone(), span.name));
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn collector() -> (Collector, String) {
    let collector = Collector::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let service = TraceServiceServer::new(collector.clone());
    let server = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    (collector, url)
}

#[tokio::test]
async fn one_trace_runs_from_the_connect_click_to_the_committed_rows() {
    let (collector, url) = collector().await;
    let system = System::start(Options {
        otlp_endpoint: Some(url),
        ..Options::default()
    })
    .await;
    let mut browser = system.owner("acme").await;
    system.connect(&mut browser, "admin@acme.example").await;
    system.stored(&mut browser).await;

    let mut superuser = stack::superuser_url();
    superuser.set_path(system.dashboard_database.path());
    let mut connection = PgConnection::connect(superuser.as_str())
        .await
        .expect("PostgreSQL");
    let ids: Vec<String> = sqlx::query_scalar("select distinct trace_id from pages")
        .fetch_all(&mut connection)
        .await
        .expect("the ledger of pages");
    assert_eq!(ids.len(), 1, "rows of one sync carry one trace: {ids:?}");

    let end = Instant::now() + Duration::from_secs(20);
    let services = ["auth-service", "ingest-service", "dashboard-api"];
    loop {
        let spans = collector
            .0
            .lock()
            .expect("not poisoned")
            .get(&ids[0])
            .cloned()
            .unwrap_or_default();
        let seen = |service: &str| spans.iter().any(|(name, _)| name.contains(service));
        let click = spans
            .iter()
            .any(|(_, name)| name.contains("/connect/pagerduty"));
        if services.iter().all(|service| seen(service)) && click {
            break;
        }
        assert!(Instant::now() < end, "trace {} has only {spans:#?}", ids[0]);
        tokio::time::sleep(LOOK).await;
    }
    system.stop().await;
}
