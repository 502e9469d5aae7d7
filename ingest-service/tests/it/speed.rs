//! What a process costs for each record, measured from outside. Not part of a usual test run: it
//! wants a release build, named by `INGEST_BENCH_PROGRAM`.

use std::{process::Stdio, time::Duration};

use ingest_service::run::RunState;
use pagerduty_sim::{Options, world::Size};
use sqlx::PgPool;
use tokio::process::Command;

use crate::{
    fleet::{cpu_seconds, status},
    harness::{Harness, PLAIN_ROLE, Published, amqp_url, database_url},
};

/// About 600,000 log entries of a large account.
const DAYS: &str = "44";

#[sqlx::test(migrations = "./migrations")]
#[ignore = "a measurement, not a test"]
async fn cost_of_a_hundred_thousand_records(pool: PgPool) {
    let program = std::env::vars().find(|(name, _)| name == "INGEST_BENCH_PROGRAM");
    let (_, program) = program.expect("INGEST_BENCH_PROGRAM names a release build");
    let options = Options {
        size: Size::Large,
        rate_limit: None,
        ..Options::default()
    };
    let harness = Harness::start_with(&pool, options).await;
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("INGEST_DATABASE_URL", database_url(&pool, PLAIN_ROLE))
        .env("INGEST_AMQP_URL", amqp_url())
        .env("INGEST_FACTS_EXCHANGE", &harness.exchange)
        .env("INGEST_HTTP_ADDR", "127.0.0.1:0")
        .env("INGEST_GRPC_ADDR", "127.0.0.1:0")
        .env("INGEST_ADMIN_ADDR", "127.0.0.1:0")
        .env("INGEST_ALLOW_PLAINTEXT", "true")
        .env("INGEST_AUTH_URL", &harness.auth_url)
        .env("INGEST_PAGERDUTY_US_URL", &harness.pagerduty_url)
        .env("INGEST_DATASETS", "log_entries")
        .env("INGEST_HISTORY_DAYS", DAYS)
        .env("INGEST_RATE_LIMIT_PER_MINUTE", "1000000")
        .env("INGEST_RATE_SHARE_PERCENT", "100")
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    harness.enqueue().await;
    let process = command.spawn().expect("started");
    let pid = process.id().expect("it lives");
    let started = tokio::time::Instant::now();
    let mut published = Published::default();
    let mut records = 0;
    loop {
        harness.drain(&mut published).await;
        let counts = published.records();
        records += counts
            .get("log_entries")
            .map_or(0, std::collections::BTreeSet::len);
        published.envelopes.clear();
        let run = harness.newest_run().await;
        if run.state == RunState::Succeeded {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = started.elapsed().as_secs_f64();
    let hundred_thousands = records as f64 / 100_000.0;
    println!(
        "{records} records in {took:.1} s: {:.2} CPU s per 100,000, {:.0} records/s, at most {:.0} MB",
        cpu_seconds(pid) / hundred_thousands,
        records as f64 / took,
        status(pid, "VmHWM:"),
    );
}
