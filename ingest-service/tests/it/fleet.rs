//! Many connections, most of them idle: what one replica costs at rest, and what two make of the
//! death of one.

use std::{process::Stdio, time::Duration};

use jiff_sqlx::ToSqlx;
use proto::ConnectionId;
use sqlx::PgPool;
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::harness::{Harness, PLAIN_ROLE, Plan, Synthetic, amqp_url, database_url};

const CONNECTIONS: usize = 1_000;
const DUE: usize = 24;
/// Clock ticks of `/proc/PID/stat` in a second.
const TICKS: f64 = 100.0;

fn start(harness: &Harness, database: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingest-service"));
    command
        .env_clear()
        .env("INGEST_DATABASE_URL", database)
        .env("INGEST_AMQP_URL", amqp_url())
        .env("INGEST_FACTS_EXCHANGE", &harness.exchange)
        .env("INGEST_HTTP_ADDR", "127.0.0.1:0")
        .env("INGEST_GRPC_ADDR", "127.0.0.1:0")
        .env("INGEST_ADMIN_ADDR", "127.0.0.1:0")
        .env("INGEST_ALLOW_PLAINTEXT", "true")
        .env("INGEST_AUTH_URL", &harness.auth_url)
        .env("INGEST_PAGERDUTY_US_URL", &harness.pagerduty_url)
        .env("INGEST_DATASETS", "log_entries")
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command.spawn().expect("started")
}

pub(crate) fn status(pid: u32, field: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = text
        .lines()
        .find(|line| line.starts_with(field))
        .expect("there");
    let number = line.split_whitespace().nth(1).expect("a number");
    number.parse::<f64>().expect("a number") / 1024.0
}

pub(crate) fn cpu_seconds(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let fields: Vec<&str> = text
        .rsplit(')')
        .next()
        .expect("fields")
        .split_whitespace()
        .collect();
    let ticks = |n: usize| fields[n].parse::<f64>().expect("ticks");
    (ticks(11) + ticks(12)) / TICKS
}

async fn count(pool: &PgPool, question: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(question.to_owned()))
        .fetch_one(pool)
        .await
        .expect("counted")
}

async fn until(pool: &PgPool, question: &str, least: i64, limit: Duration) {
    let deadline = tokio::time::Instant::now() + limit;
    while count(pool, question).await < least {
        assert!(
            tokio::time::Instant::now() < deadline,
            "in time: {question}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_thousand_idle_connections_cost_little_and_two_replicas_survive_the_loss_of_one(
    pool: PgPool,
) {
    let mut harness = Harness::start(&pool).await;
    let now = chassis::Clock::System.now();
    let plan = Plan {
        log_entries: (0..300)
            .map(|n| now.as_second() - 1_000 - n * 3_600)
            .collect(),
        users: 3,
        latency: Duration::from_millis(50),
        ..Plan::default()
    };
    let synthetic = Synthetic::serve(plan).await;
    harness.pagerduty_url.clone_from(&synthetic.url);
    let connections: Vec<Uuid> = (0..CONNECTIONS).map(|_| Uuid::now_v7()).collect();
    let listed = connections.iter().map(|id| ConnectionId(*id)).collect();
    *harness.lender.others.lock().expect("unpoisoned") = listed;
    sqlx::query(
        "insert into connections (org_id, connection_id, seen_at, next_run_at, backfilled)
         select $1, id, $3, $3 + interval '1 hour', true from unnest($2::uuid[]) id",
    )
    .bind(harness.lender.org.0)
    .bind(&connections)
    .bind(now.to_sqlx())
    .execute(&pool)
    .await
    .expect("inserted");

    let database = database_url(&pool, PLAIN_ROLE);
    let mut first = start(&harness, &database);
    let pid = first.id().expect("it lives");
    // The first comparison with auth-service's list is behind it.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let before = cpu_seconds(pid);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (percent, resident) = ((cpu_seconds(pid) - before) * 10.0, status(pid, "VmRSS:"));
    println!("at rest with {CONNECTIONS} connections: {percent:.1} % of a core, {resident:.0} MB");
    assert!(percent <= 5.0, "{percent} % of a core");
    assert!(resident <= 120.0, "{resident} MB");

    let second = start(&harness, &database);
    sqlx::query("update connections set next_run_at = now() where connection_id = any($1)")
        .bind(&connections[..DUE])
        .execute(&pool)
        .await
        .expect("due");
    let holders =
        "select count(distinct lease_holder) from connections where lease_holder is not null";
    until(
        &pool,
        "select count(*) from runs where state = 'running'",
        4,
        Duration::from_secs(30),
    )
    .await;
    let shared = count(&pool, holders).await;
    first.kill().await.expect("killed");
    let killed = tokio::time::Instant::now();
    let done = "select count(*) from runs where state = 'succeeded'";
    until(&pool, done, DUE as i64, Duration::from_mins(1)).await;
    println!(
        "{shared} replica(s) at work; after the loss of one all was done in {:?}",
        killed.elapsed()
    );
    drop(second);
}
