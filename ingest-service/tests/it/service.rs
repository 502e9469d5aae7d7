//! The whole service in this process: gRPC in front, scheduler and registrar behind.

use std::{net::SocketAddr, time::Duration};

use chassis::{Clock, Lifecycle};
use ingest_service::{Addrs, Config, Service};
use proto::ingest::v1::{
    GetSyncRequest, RunState, StartSyncRequest, WatchSyncRequest,
    sync_service_client::SyncServiceClient,
};
use secrecy::SecretString;
use sqlx::PgPool;
use tonic::Code;

use crate::harness::{Harness, PLAIN_ROLE, amqp_url, database_url};

pub(crate) async fn serve(pool: &PgPool, harness: &Harness) -> (Addrs, Lifecycle) {
    let free = "127.0.0.1:0".parse().expect("an address");
    serve_at(pool, harness, (free, None)).await
}

/// The same with a public port and the address under which PagerDuty knows it.
pub(crate) async fn serve_at(
    pool: &PgPool,
    harness: &Harness,
    (http_addr, public_url): (SocketAddr, Option<url::Url>),
) -> (Addrs, Lifecycle) {
    let url = database_url(pool, PLAIN_ROLE);
    let free = "127.0.0.1:0".parse().expect("an address");
    let config = Config {
        database_url: SecretString::from(url),
        amqp_url: SecretString::from(amqp_url()),
        amqp_ca: None,
        facts_exchange: harness.exchange.clone(),
        http_addr,
        grpc_addr: free,
        admin_addr: free,
        tls: chassis::tls::Settings::default(),
        auth_url: harness.auth_url.parse().expect("a URL"),
        pagerduty_us_url: harness.pagerduty_url.parse().expect("a URL"),
        pagerduty_eu_url: harness.simulator.eu_url().parse().expect("a URL"),
        rate_limit_per_minute: 1_000_000,
        rate_share_percent: 50,
        incident_rate_share_percent: 50,
        analytics_per_day: 500,
        concurrency: harness.settings.concurrency as u32,
        lease: Duration::from_secs(20),
        sync_interval: Duration::from_hours(1),
        history_days: (harness.settings.history.as_hours() / 24) as u32,
        datasets: harness.settings.datasets.clone(),
        public_url,
    };
    let lifecycle = Lifecycle::new();
    let service = Service::build(config, Clock::System, None, lifecycle.clone())
        .await
        .expect("built");
    let addrs = service.addrs();
    service.spawn();
    (addrs, lifecycle)
}

#[sqlx::test(migrations = "./migrations")]
async fn a_sync_is_started_once_watched_to_its_end_and_stops_within_the_drain_limit(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let (addrs, lifecycle) = serve(&pool, &harness).await;
    let mut client = SyncServiceClient::connect(format!("http://{}", addrs.grpc))
        .await
        .expect("connected");
    let (org_id, connection_id) = (
        harness.lender.org.to_string(),
        harness.lender.connection.to_string(),
    );

    let stranger = GetSyncRequest {
        org_id: connection_id.clone(),
        connection_id: connection_id.clone(),
    };
    let unknown = client
        .get_sync(stranger)
        .await
        .expect_err("never synchronized");
    assert_eq!(unknown.code(), Code::NotFound);

    let start = StartSyncRequest {
        org_id: org_id.clone(),
        connection_id: connection_id.clone(),
    };
    // The registrar may have been faster; either way there is one run under way.
    let started = client.start_sync(start.clone()).await;
    let again = client
        .start_sync(start)
        .await
        .expect_err("one is under way");
    assert!(started.is_ok() || started.is_err_and(|status| status.code() == Code::AlreadyExists));
    assert_eq!(again.code(), Code::AlreadyExists);
    assert_eq!(
        chassis::code::reason(&again).as_deref(),
        Some("ALREADY_RUNNING")
    );

    let watch = WatchSyncRequest {
        org_id,
        connection_id,
    };
    let mut changes = client
        .watch_sync(watch)
        .await
        .expect("watching")
        .into_inner();
    let mut last = None;
    let mut seen = 0;
    while let Some(change) = changes.message().await.expect("a change") {
        seen += 1;
        last = change.run;
    }
    let run = last.expect("a run");
    assert_eq!(run.state(), RunState::Succeeded, "{}", run.reason);
    assert!(seen >= 2, "progress was seen");
    assert_eq!(run.datasets.len(), ingest_service::dataset::COLLECTED.len());
    assert!(
        run.datasets
            .iter()
            .all(|one| one.windows_done == one.windows_planned
                && (one.requests > 0 || one.windows_planned == 0))
    );
    assert!(run.next_run_at.is_some());

    let ready = reqwest::get(format!("http://{}/readyz", addrs.admin))
        .await
        .expect("answered");
    assert_eq!(ready.status(), 200);
    let webhook = reqwest::get(format!("http://{}/webhooks/pagerduty/x", addrs.http))
        .await
        .expect("answered");
    assert_eq!(webhook.status(), 405, "webhooks are delivered by POST");
    lifecycle.stop();
    assert!(lifecycle.drained().await);
}

#[sqlx::test(migrations = "./migrations")]
async fn one_trace_goes_from_the_call_to_every_request_and_message(pool: PgPool) {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let _telemetry =
        chassis::telemetry::Telemetry::install("ingest-service", false).expect("installed");
    let harness = Harness::start(&pool).await;
    let (addrs, lifecycle) = serve(&pool, &harness).await;
    let mut client = SyncServiceClient::connect(format!("http://{}", addrs.grpc))
        .await
        .expect("connected");
    let (org_id, connection_id) = (
        harness.lender.org.to_string(),
        harness.lender.connection.to_string(),
    );
    let mut start = tonic::Request::new(StartSyncRequest {
        org_id: org_id.clone(),
        connection_id: connection_id.clone(),
    });
    let header = format!("00-{TRACE}-b7ad6b7169203331-01")
        .parse()
        .expect("a header");
    start.metadata_mut().insert("traceparent", header);
    client.start_sync(start).await.expect("started");
    let watch = WatchSyncRequest {
        org_id,
        connection_id,
    };
    let mut changes = client
        .watch_sync(watch)
        .await
        .expect("watching")
        .into_inner();
    while changes.message().await.expect("a change").is_some() {}
    let published = harness.published().await;
    assert!(published.finished().is_some());
    assert_eq!(published.untraced, 0);
    assert!(
        published
            .traceparents
            .iter()
            .all(|header| header.contains(TRACE)),
        "{:?}",
        published.traceparents
    );
    let ledger = serde_json::to_value(harness.simulator.state().ledger.page(0)).expect("JSON");
    for entry in ledger["entries"].as_array().expect("entries") {
        if entry["path"] != "/oauth/token" {
            assert!(
                entry["traceparent"]
                    .as_str()
                    .is_some_and(|header| header.contains(TRACE)),
                "{entry}"
            );
        }
    }
    lifecycle.stop();
    assert!(lifecycle.drained().await);
}
