//! How much can be at PagerDuty, and how little may be asked for it: storms, days above the offset
//! limit, rows that move, lists that never end, accounts above the offset limit.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicI64, AtomicU64},
    time::Duration,
};

use ingest_service::{dataset::Datasets, run::RunState};
use jiff::{SignedDuration, Timestamp};
use proto::facts::v1::{Completeness, Dataset};
use sqlx::PgPool;

use crate::harness::{Harness, Plan, Published, Synthetic};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn now() -> i64 {
    chassis::Clock::System.now().as_second()
}

/// `count` instants, evenly from `from` on for `length` seconds.
fn spread(count: i64, from: i64, length: i64) -> impl Iterator<Item = i64> {
    (0..count).map(move |n| from + n * length / count)
}

/// A harness on a synthetic PagerDuty that fetches these histories of the last 30 days.
async fn on(pool: &PgPool, plan: Plan, datasets: &[Dataset]) -> (Harness, Synthetic) {
    let mut harness = Harness::start(pool).await;
    let synthetic = Synthetic::serve(plan).await;
    harness.pagerduty_url.clone_from(&synthetic.url);
    harness.settings.datasets = Datasets::only(datasets);
    harness.settings.history = SignedDuration::from_hours(30 * 24);
    (harness, synthetic)
}

fn found(published: &Published, dataset: Dataset) -> usize {
    let records = published.records();
    records.get(dataset.name()).map_or(0, BTreeSet::len)
}

async fn complete(harness: &Harness, dataset: Dataset) {
    let states = harness.states().await;
    let state = &states[dataset.name()];
    assert_eq!(
        state.completeness,
        Completeness::Complete,
        "{}",
        state.reason
    );
}

async fn a_day_of(pool: &PgPool, count: i64) {
    let midnight = now() / DAY * DAY - 10 * DAY;
    let plan = Plan {
        log_entries: spread(count, midnight, DAY).collect(),
        ..Plan::default()
    };
    let (harness, synthetic) = on(pool, plan, &[Dataset::LogEntries]).await;
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let published = harness.published().await;
    published.assert_whole();
    assert_eq!(found(&published, Dataset::LogEntries), count as usize);
    complete(&harness, Dataset::LogEntries).await;
    let needed = (count as u64).div_ceil(100);
    let requests = synthetic.requests() - 1;
    println!("{count} records: {requests} requests for {needed} pages");
    assert!(
        requests as f64 <= needed as f64 * 1.03 + 1.0,
        "{requests} requests for {needed} pages"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_day_of_10001_records_arrives_whole_for_little_more_than_its_pages(pool: PgPool) {
    a_day_of(&pool, 10_001).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_day_of_17495_records_arrives_whole_for_little_more_than_its_pages(pool: PgPool) {
    a_day_of(&pool, 17_495).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_day_of_100000_records_arrives_whole_for_little_more_than_its_pages(pool: PgPool) {
    a_day_of(&pool, 100_000).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn an_alert_storm_arrives_whole_for_a_twentieth_more_than_its_pages(pool: PgPool) {
    let begin = now() - 30 * DAY + HOUR;
    let storm = now() - 11 * DAY;
    let calm = spread(18_000, begin, 29 * DAY);
    let plan = Plan {
        incidents: calm.chain(spread(12_000, storm, HOUR)).collect(),
        ..Plan::default()
    };
    let (harness, synthetic) = on(&pool, plan, &[Dataset::Incidents]).await;
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let published = harness.published().await;
    published.assert_whole();
    assert_eq!(found(&published, Dataset::Incidents), 30_000);
    complete(&harness, Dataset::Incidents).await;
    let requests = synthetic.requests() - 1;
    println!("storm: {requests} requests for 300 pages");
    assert!(requests <= 315, "{requests} requests");
}

#[sqlx::test(migrations = "./migrations")]
async fn rows_that_move_between_pages_are_noticed_and_fetched_again(pool: PgPool) {
    let plan = Plan {
        log_entries: spread(3_000, now() - 5 * DAY, DAY).collect(),
        moves: AtomicU64::new(12),
        ..Plan::default()
    };
    let (harness, _synthetic) = on(&pool, plan, &[Dataset::LogEntries]).await;
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let published = harness.published().await;
    published.assert_whole();
    assert_eq!(found(&published, Dataset::LogEntries), 3_000);
    complete(&harness, Dataset::LogEntries).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_list_that_says_more_for_ever_arrives_whole_all_the_same(pool: PgPool) {
    let plan = Plan {
        log_entries: spread(25_000, now() - 5 * DAY, DAY).collect(),
        endless: true,
        ..Plan::default()
    };
    let (harness, synthetic) = on(&pool, plan, &[Dataset::LogEntries]).await;
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let published = harness.published().await;
    published.assert_whole();
    assert_eq!(found(&published, Dataset::LogEntries), 25_000);
    println!("endless: {} requests for 250 pages", synthetic.requests());
    assert!(synthetic.requests() < 300);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_second_that_holds_more_than_can_be_had_costs_that_second_alone(pool: PgPool) {
    let full = now() - 5 * DAY;
    let around = spread(4_000, full - DAY, 2 * DAY);
    let plan = Plan {
        log_entries: around.chain(std::iter::repeat_n(full, 12_000)).collect(),
        ..Plan::default()
    };
    let (harness, _synthetic) = on(&pool, plan, &[Dataset::LogEntries]).await;
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let state = harness.states().await.remove("log_entries").expect("known");
    assert_eq!(state.completeness, Completeness::Partial);
    assert!(state.reason.starts_with("truncated"), "{}", state.reason);
    let hole = Timestamp::from_second(full + 1).expect("in range");
    assert_eq!(
        state.covered_from,
        Some(hole),
        "everything behind the second is known"
    );
    let published = harness.published().await;
    assert!(found(&published, Dataset::LogEntries) >= 13_999);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_unreadable_page_costs_its_window_alone_and_only_that_is_read_again(pool: PgPool) {
    let bad = now() / DAY * DAY - 40 * DAY;
    let plan = Plan {
        log_entries: spread(3_000, now() - 89 * DAY, 88 * DAY)
            .chain([bad])
            .collect(),
        unreadable: AtomicI64::new(bad),
        ..Plan::default()
    };
    let (mut harness, synthetic) = on(&pool, plan, &[Dataset::LogEntries]).await;
    harness.settings.history = SignedDuration::from_hours(120 * 24);
    let first = harness.sync().await;
    assert_eq!(first.state, RunState::Succeeded, "{}", first.reason);
    let state = harness.states().await.remove("log_entries").expect("known");
    assert_eq!(state.completeness, Completeness::Partial);
    assert!(state.reason.contains("malformed"), "{}", state.reason);
    let window_edge = first.as_of - SignedDuration::from_hours(30 * 24);
    assert_eq!(
        state.covered_from,
        Some(window_edge),
        "the newer window is known"
    );

    synthetic
        .plan
        .unreadable
        .store(i64::MIN, std::sync::atomic::Ordering::SeqCst);
    synthetic.plan.seen.lock().expect("unpoisoned").clear();
    let mut published = harness.published().await;
    let second = harness.sync().await;
    harness.drain(&mut published).await;
    let state = harness.states().await.remove("log_entries").expect("known");
    assert_eq!(
        state.completeness,
        Completeness::Complete,
        "{}",
        state.reason
    );
    assert!(state.covered_from <= Some(second.as_of - harness.settings.history));
    assert_eq!(found(&published, Dataset::LogEntries), 3_001);
    let seen = synthetic.plan.seen.lock().expect("unpoisoned").clone();
    let older = first.as_of - SignedDuration::from_hours(60 * 24);
    let asked: BTreeSet<String> = seen
        .iter()
        .filter_map(|uri| {
            uri.split("since=")
                .nth(1)?
                .split('&')
                .next()
                .map(str::to_owned)
        })
        .collect();
    assert!(
        asked
            .iter()
            .any(|since| since.starts_with(&older.to_string()[..10])),
        "{asked:?}"
    );
    assert!(
        asked.len() <= 3,
        "the hole, the overlap and the horizon's new edge: {asked:?}"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn an_account_above_the_offset_limit_is_marked_truncated_and_the_run_ends(pool: PgPool) {
    let plan = Plan {
        users: 10_250,
        ..Plan::default()
    };
    let (harness, _synthetic) = on(&pool, plan, &[]).await;
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded);
    assert!(run.reason.contains("truncated"), "{}", run.reason);
    let published = harness.published().await;
    published.assert_whole();
    assert_eq!(found(&published, Dataset::Users), 10_000);
    let users = harness.states().await.remove("users").expect("known");
    assert_eq!(
        users.completeness,
        Completeness::Partial,
        "nothing is deleted"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn as_many_requests_are_under_way_at_once_as_are_allowed_and_no_more(pool: PgPool) {
    const AT_ONCE: usize = 6;
    let plan = Plan {
        log_entries: spread(3_000, now() - 29 * DAY, 28 * DAY).collect(),
        incidents: spread(2_000, now() - 29 * DAY, 28 * DAY).collect(),
        gathers: AT_ONCE as u64,
        ..Plan::default()
    };
    let (mut harness, synthetic) =
        on(&pool, plan, &[Dataset::LogEntries, Dataset::Incidents]).await;
    harness.settings.concurrency = AT_ONCE;
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let most = synthetic
        .plan
        .most_at_once
        .load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(most, AT_ONCE as u64);
    let published = harness.published().await;
    published.assert_whole();
    assert_eq!(found(&published, Dataset::LogEntries), 3_000);
    assert_eq!(found(&published, Dataset::Incidents), 2_000);
}

#[sqlx::test(migrations = "./migrations")]
#[ignore = "a measurement, not a test: it wants an optimized build and an idle machine"]
async fn latency_is_paid_once_for_several_requests(pool: PgPool) {
    const LATENCY: Duration = Duration::from_millis(250);
    let plan = Plan {
        log_entries: spread(19_000, now() - 29 * DAY, 28 * DAY).collect(),
        incidents: spread(9_000, now() - 29 * DAY, 28 * DAY).collect(),
        latency: LATENCY,
        ..Plan::default()
    };
    let (mut harness, synthetic) =
        on(&pool, plan, &[Dataset::LogEntries, Dataset::Incidents]).await;
    harness.settings.concurrency = 8;
    let started = tokio::time::Instant::now();
    let run = harness.sync().await;
    let took = started.elapsed();
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let requests = synthetic.requests();
    let serial = LATENCY * requests as u32;
    let most = synthetic
        .plan
        .most_at_once
        .load(std::sync::atomic::Ordering::SeqCst);
    println!("{requests} requests in {took:?}, a serial client waits {serial:?}; {most} at once");
    assert!(most <= harness.settings.concurrency as u64);
    assert!(took * 4 <= serial, "{took:?} of {serial:?}");
}
