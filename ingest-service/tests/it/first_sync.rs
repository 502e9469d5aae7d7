//! A first synchronization: everything arrives, politely.

use std::collections::BTreeSet;

use ingest_service::{dataset::Datasets, run::RunState};
use jiff::{SignedDuration, Timestamp};
use pagerduty_sim::Options;
use proto::facts::v1::{Completeness, Dataset, envelope::Payload};
use sqlx::PgPool;

use crate::harness::{Harness, Published, counted};

/// What is read of an account without what is found one parent at a time.
const LISTED: &str = "users,licenses,license_allocations,teams,services,escalation_policies,schedules,\
    oncalls,log_entries,incidents,user_analytics,priorities,abilities";

/// Distinct records of a history within the horizon.
fn assert_records(published: &Published, truth: &serde_json::Value, datasets: &Datasets) {
    let records = published.records();
    for dataset in datasets.iter() {
        let found = records.get(dataset.name()).map_or(0, BTreeSet::len) as u64;
        if let Some(expected) = counted(truth, dataset) {
            assert_eq!(found, expected, "{}", dataset.name());
        }
    }
}

/// On-call intervals that overlap `[as_of - 365 days, as_of)`.
fn past_duty(published: &Published, as_of: Timestamp) -> u64 {
    let horizon = (as_of - SignedDuration::from_hours(365 * 24)).as_second();
    let mut intervals = BTreeSet::new();
    for envelope in &published.envelopes {
        if let Some(Payload::Oncalls(list)) = &envelope.payload {
            for one in &list.records {
                let start = one.start.as_ref().map_or(i64::MIN, |at| at.seconds);
                let end = one.end.as_ref().map_or(i64::MAX, |at| at.seconds);
                if start < as_of.as_second() && end > horizon {
                    intervals.insert(format!("{one:?}"));
                }
            }
        }
    }
    intervals.len() as u64
}

#[sqlx::test(migrations = "./migrations")]
async fn a_first_sync_publishes_exactly_what_there_is(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let run = harness.sync().await;
    assert_eq!((run.state, run.reason.as_str()), (RunState::Succeeded, ""));
    let published = harness.published().await;
    published.assert_whole();
    let truth = harness.truth(run.as_of);
    assert_records(&published, &truth, &harness.settings.datasets);
    assert_eq!(
        past_duty(&published, run.as_of),
        truth["records"]["oncalls"].as_u64().expect("a number")
    );
    for (dataset, state) in harness.states().await {
        // What analytics tells is not asked for twice.
        if dataset == "user_delegations" {
            assert_eq!(state.completeness, Completeness::Pending);
            continue;
        }
        assert_eq!(
            state.completeness,
            Completeness::Complete,
            "{dataset}: {}",
            state.reason
        );
        assert_eq!(state.covered_to, Some(run.as_of), "{dataset}");
    }
    assert_eq!(run.requests as u64, harness.requests());
}

#[sqlx::test(migrations = "./migrations")]
async fn a_day_of_17495_log_entries_arrives_whole_and_costs_little_more_than_its_pages(
    pool: PgPool,
) {
    let mut harness = Harness::start(&pool).await;
    harness.settings.datasets = LISTED.parse().expect("names");
    let day = (jiff::Timestamp::from_second(chassis::Clock::System.now().as_second())
        .expect("now")
        - SignedDuration::from_hours(40 * 24))
    .to_zoned(jiff::tz::TimeZone::UTC)
    .date();
    harness
        .simulator
        .state()
        .account("acme")
        .expect("acme")
        .world
        .set_spike(day, 17_495);
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded);
    let published = harness.published().await;
    published.assert_whole();
    let truth = harness.truth(run.as_of);
    assert_records(&published, &truth, &harness.settings.datasets);
    let entries = harness.states().await.remove("log_entries").expect("known");
    assert_eq!(
        entries.completeness,
        Completeness::Complete,
        "{}",
        entries.reason
    );
    let needed = pages_needed(&published);
    let requests = harness.requests();
    println!("{requests} requests for {needed} pages");
    assert!(
        requests as f64 <= needed as f64 * 1.03,
        "{requests} requests for {needed} pages"
    );
}

/// What a reader that knew all windows beforehand would ask: each page, each team's members, each shift-based schedule
/// (their list ends in a request of its own).
fn pages_needed(published: &Published) -> u64 {
    let mut needed = 0;
    for ((dataset, _, _), receipt) in published.receipts() {
        let pages = match dataset {
            Dataset::UserAnalytics => (receipt.received as u64).div_ceil(1000),
            _ => (receipt.received as u64).div_ceil(100),
        };
        needed += pages.max(1);
    }
    for envelope in &published.envelopes {
        needed += match &envelope.payload {
            Some(Payload::Teams(teams)) => teams.records.len() as u64,
            Some(Payload::Schedules(list)) => {
                let shift_based = list
                    .records
                    .iter()
                    .filter(|one| one.kind() == proto::facts::v1::ScheduleKind::Shifts);
                shift_based.count() as u64
            }
            _ => 0,
        };
    }
    needed + 1
}

#[sqlx::test(migrations = "./migrations")]
async fn a_limit_that_a_whole_sync_exceeds_brings_no_429_of_our_own_making(pool: PgPool) {
    const LIMIT: u32 = 60;
    // These cost about 70 requests; without a pace they would all fall into one minute.
    let mut harness = Harness::start_with(
        &pool,
        Options {
            rate_limit: Some(LIMIT),
            ..Options::default()
        },
    )
    .await;
    harness.settings.rate_limit_per_minute = LIMIT;
    harness.settings.rate_share_percent = 90;
    harness.settings.datasets = "teams,services,schedules,oncalls,log_entries,incidents"
        .parse()
        .expect("names");
    let run = harness.sync().await;
    assert_eq!((run.state, run.rate_limited), (RunState::Succeeded, 0));
    let summary = serde_json::to_value(harness.simulator.state().ledger.summary()).expect("JSON");
    assert_eq!(summary["rate_limited"], 0);
    let most = summary["max_requests_in_60s"].as_u64().expect("a number");
    println!(
        "{} requests, at most {most} in 60 s of {LIMIT}",
        run.requests
    );
    assert!(
        run.requests > i64::from(LIMIT),
        "the limit would have been met"
    );
    assert!(
        most <= u64::from(LIMIT * 90 / 100) + 1,
        "{most} requests in a minute"
    );
}
