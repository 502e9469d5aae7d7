//! A PagerDuty that never ends its lists, which the simulator does not play.

use axum::{Json, Router, routing::get};
use ingest_service::{dataset::Datasets, run::RunState};
use proto::facts::v1::{Completeness, Dataset};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::harness::Harness;

fn list(name: &'static str, mut answer: Value) -> Json<Value> {
    let rows = answer["rows"].take();
    answer[name] = rows;
    Json(answer)
}

/// Log entries and incidents as given, everything else empty.
async fn serve(log_entries: Value, incidents: Value) -> String {
    let empty = json!({"rows": [], "more": false, "total": 0});
    let route = |name: &'static str, answer: Value| get(async move || list(name, answer.clone()));
    let analytics = json!({"data": [], "more": false});
    let router = Router::new()
        .route("/users", route("users", empty.clone()))
        .route("/licenses", route("licenses", empty.clone()))
        .route(
            "/license_allocations",
            route("license_allocations", empty.clone()),
        )
        .route("/teams", route("teams", empty.clone()))
        .route("/services", route("services", empty.clone()))
        .route(
            "/escalation_policies",
            route("escalation_policies", empty.clone()),
        )
        .route("/schedules", route("schedules", empty.clone()))
        .route("/oncalls", route("oncalls", empty))
        .route(
            "/analytics/raw/users",
            axum::routing::post(async move || Json(analytics)),
        )
        .route("/log_entries", route("log_entries", log_entries))
        .route("/incidents", route("incidents", incidents));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[sqlx::test(migrations = "./migrations")]
async fn lists_that_say_more_for_ever_end_all_the_same(pool: PgPool) {
    let mut harness = Harness::start(&pool).await;
    let entry =
        json!({"id": "R1", "type": "trigger_log_entry", "created_at": "2026-01-01T00:00:00Z"});
    let always_the_same = json!({"rows": [entry], "more": true, "total": null});
    let always_empty = json!({"rows": [], "more": true, "total": null});
    harness.pagerduty_url = serve(always_the_same, always_empty).await;
    let histories = [Dataset::LogEntries, Dataset::Incidents];
    harness.settings.datasets = Datasets::only(&histories);
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded);
    assert!(run.requests < 100, "{} requests", run.requests);
    let states = harness.states().await;
    assert_eq!(states["log_entries"].completeness, Completeness::Partial);
    assert!(
        states["log_entries"].reason.starts_with("truncated"),
        "{}",
        states["log_entries"].reason
    );
    assert_eq!(
        states["log_entries"].covered_from, None,
        "what is not whole is not covered"
    );
    assert_eq!(states["incidents"].completeness, Completeness::Complete);
    harness.published().await.assert_whole();
}
