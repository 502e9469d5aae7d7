//! The broker, the database or PagerDuty goes away, or says nothing, in the middle of a run.

use std::{sync::atomic::AtomicI64, time::Duration};

use chassis::Lifecycle;
use ingest_service::{
    dataset::Datasets,
    publisher::{self, Publisher},
    run::RunState,
    store::Store,
};
use jiff::SignedDuration;
use proto::facts::v1::{Completeness, Dataset};
use secrecy::SecretString;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::harness::{
    Cable, Harness, Mood, PLAIN_ROLE, Plan, Published, Synthetic, amqp_url, database_url,
};

const DATASETS: [Dataset; 3] = [Dataset::Teams, Dataset::LogEntries, Dataset::Incidents];

async fn until(mut met: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(40);
    while !met().await {
        assert!(tokio::time::Instant::now() < deadline, "in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn history() -> Plan {
    let now = chassis::Clock::System.now().as_second();
    Plan {
        log_entries: (0..12_000).map(|n| now - 1_000 - n * 200).collect(),
        incidents: (0..2_000).map(|n| now - 1_000 - n * 1_200).collect(),
        latency: Duration::from_millis(20),
        users: 3,
        ..Plan::default()
    }
}

async fn on(pool: &PgPool, plan: Plan) -> (Harness, Synthetic) {
    let mut harness = Harness::start(pool).await;
    let synthetic = Synthetic::serve(plan).await;
    harness.pagerduty_url.clone_from(&synthetic.url);
    harness.settings.datasets = Datasets::only(&DATASETS);
    harness.settings.history = SignedDuration::from_hours(30 * 24);
    (harness, synthetic)
}

/// A cable to the broker, and a publisher behind it.
async fn cable_to_the_broker(harness: &mut Harness) -> (Cable, Lifecycle) {
    let mut url: url::Url = amqp_url().parse().expect("a URL");
    let target = format!(
        "{}:{}",
        url.host_str().expect("a host"),
        url.port().unwrap_or(5672)
    );
    let cable = Cable::lay(target).await;
    url.set_host(Some("127.0.0.1")).expect("set");
    url.set_port(Some(cable.addr.port())).expect("set");
    let lifecycle = Lifecycle::new();
    let settings = publisher::Settings {
        url: SecretString::from(url.to_string()),
        exchange: harness.exchange.clone(),
        ..harness.publisher_settings()
    };
    harness.publisher = Publisher::spawn(settings, &lifecycle);
    (cable, lifecycle)
}

async fn assert_all(harness: &Harness, published: &mut Published) {
    assert_eq!(harness.newest_run().await.state, RunState::Succeeded);
    harness.drain(published).await;
    published.assert_whole();
    let records = published.records();
    assert_eq!(records["log_entries"].len(), 12_000);
    assert_eq!(records["incidents"].len(), 2_000);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_broker_that_restarts_in_the_middle_of_a_run_costs_no_message(pool: PgPool) {
    let (mut harness, _synthetic) = on(&pool, history()).await;
    let (cable, _lifecycle) = cable_to_the_broker(&mut harness).await;
    harness.enqueue().await;
    let lease = harness.claim(SignedDuration::from_secs(1)).await;
    let runner = harness.runner();
    let restarts = async {
        for messages in [4, 8, 12] {
            until(async || harness.queued().await >= messages).await;
            cable.turn(Mood::Cut);
            until(async || harness.publisher.health().is_err()).await;
            cable.turn(Mood::Well);
        }
    };
    tokio::join!(runner.run(lease, CancellationToken::new()), restarts);
    assert_all(&harness, &mut Published::default()).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_broker_that_says_nothing_is_noticed_by_the_publish_deadline(pool: PgPool) {
    let (mut harness, _synthetic) = on(&pool, history()).await;
    let (cable, _lifecycle) = cable_to_the_broker(&mut harness).await;
    harness.enqueue().await;
    let lease = harness.claim(SignedDuration::from_secs(1)).await;
    let runner = harness.runner();
    let alarm = async {
        until(async || harness.queued().await >= 4).await;
        // As an alarm does: what is sent stays unanswered.
        cable.turn(Mood::Silent);
        until(async || harness.publisher.health().is_err()).await;
        let run = harness.newest_run().await;
        assert_eq!(run.state, RunState::Running, "nothing is given up");
        cable.turn(Mood::Well);
    };
    tokio::join!(runner.run(lease, CancellationToken::new()), alarm);
    assert_all(&harness, &mut Published::default()).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_database_that_restarts_in_the_middle_leaves_a_run_that_goes_on(pool: PgPool) {
    let (mut harness, _synthetic) = on(&pool, history()).await;
    let mut url: url::Url = database_url(&pool, PLAIN_ROLE).parse().expect("a URL");
    let target = format!(
        "{}:{}",
        url.host_str().expect("a host"),
        url.port().unwrap_or(5432)
    );
    let cable = Cable::lay(target).await;
    url.set_port(Some(cable.addr.port())).expect("set");
    let direct = harness.store.clone();
    let far = sqlx::postgres::PgPoolOptions::new()
        .acquire_timeout(Duration::from_secs(5))
        .connect(url.as_str())
        .await
        .expect("connected");
    harness.enqueue().await;
    let mut ahead = SignedDuration::from_secs(1);
    let mut published = Published::default();
    for messages in [4, 6] {
        let lease = harness.claim(ahead).await;
        harness.store = Store::new(far.clone());
        let runner = harness.runner();
        let restart = async {
            until(async || harness.queued().await >= messages).await;
            cable.turn(Mood::Cut);
        };
        tokio::join!(runner.run(lease, CancellationToken::new()), restart);
        harness.store = direct.clone();
        cable.turn(Mood::Well);
        assert_eq!(harness.newest_run().await.state, RunState::Running);
        harness.drain(&mut published).await;
        ahead += SignedDuration::from_secs(30);
    }
    let lease = harness.claim(ahead).await;
    harness.runner().run(lease, CancellationToken::new()).await;
    assert_all(&harness, &mut published).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_request_that_is_never_answered_costs_its_window_and_no_more(pool: PgPool) {
    let mut plan = history();
    let stuck = plan.log_entries[11_500];
    plan.hangs_at = AtomicI64::new(stuck);
    let (mut harness, _synthetic) = on(&pool, plan).await;
    harness.deadline = Duration::from_millis(500);
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let states = harness.states().await;
    assert_eq!(states["log_entries"].completeness, Completeness::Partial);
    let reason = &states["log_entries"].reason;
    assert!(reason.contains("did not answer in time"), "{reason}");
    assert_eq!(states["incidents"].completeness, Completeness::Complete);
    let covered_from = states["log_entries"].covered_from.expect("the newer part");
    assert!(covered_from.as_second() > stuck);
    assert!(covered_from < run.as_of);
}
