//! `kill -9` of a real process, again and again, at any moment: what is on the queue in the end is
//! what is at PagerDuty, nothing less and nothing more.

use std::{collections::BTreeSet, process::Stdio, time::Duration};

use ingest_service::run::RunState;
use jiff::{SignedDuration, Timestamp, civil::Date};
use proto::facts::v1::Dataset;
use sqlx::PgPool;
use tokio::process::{Child, Command};

use crate::harness::{Harness, PLAIN_ROLE, Published, amqp_url, database_url};

/// Kills in a test run; `INGEST_KILLS` asks for more.
const KILLS: u32 = 16;
/// Seconds.
const DAY: usize = 86_400;
const DATASETS: &str = "users,teams,log_entries,incidents";

/// Random enough, and the same for the same seed.
struct Dice(u64);

impl Dice {
    fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + self.0 % (most - least)
    }
}

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
        .env("INGEST_PAGERDUTY_EU_URL", harness.simulator.eu_url())
        .env("INGEST_RATE_LIMIT_PER_MINUTE", "100000")
        .env("INGEST_RATE_SHARE_PERCENT", "90")
        .env("INGEST_SYNC_INTERVAL_SECONDS", "1")
        .env("INGEST_LEASE_SECONDS", "1")
        .env("INGEST_DATASETS", DATASETS)
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command.spawn().expect("started")
}

fn day(days_ago: i64) -> Date {
    let at = chassis::Clock::System.now() - SignedDuration::from_hours(24 * days_ago);
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// A reader of its own: PagerDuty's own ids of a history before `as_of`, day by day, and less where needed.
async fn ids(harness: &Harness, name: &str, as_of: Timestamp) -> BTreeSet<String> {
    let client = reqwest::Client::new();
    let token = crate::harness::fresh_token(&harness.simulator).await;
    let mut ids = BTreeSet::new();
    let horizon = as_of - SignedDuration::from_hours(365 * 24);
    let mut left: Vec<(i64, i64)> = (horizon.as_second()..as_of.as_second())
        .step_by(DAY)
        .map(|from| (from, (from + DAY as i64).min(as_of.as_second())))
        .collect();
    while let Some((from, to)) = left.pop() {
        let mut offset = 0;
        loop {
            let url = format!("{}/{name}", harness.simulator.url());
            let at = |second| {
                Timestamp::from_second(second)
                    .expect("in range")
                    .to_string()
            };
            let query = [
                ("since", at(from)),
                ("until", at(to)),
                ("limit", "100".to_owned()),
                ("offset", offset.to_string()),
            ];
            let request = client.get(url).query(&query).bearer_auth(&token);
            let answer = request.send().await.expect("answered");
            let answer: serde_json::Value = answer.json().await.expect("JSON");
            let Some(rows) = answer[name].as_array() else {
                // More than offsets reach.
                let middle = i64::midpoint(from, to);
                left.extend([(from, middle), (middle, to)]);
                break;
            };
            offset += rows.len();
            let found = rows
                .iter()
                .map(|row| row["id"].as_str().expect("an id").to_owned());
            ids.extend(found);
            if answer["more"] != true {
                break;
            }
        }
    }
    ids
}

async fn wait_for_success(harness: &Harness, published: &mut Published) -> Timestamp {
    let deadline = tokio::time::Instant::now() + Duration::from_mins(2);
    let begun = chassis::Clock::System.now();
    loop {
        harness.drain(published).await;
        let run = harness.newest_run().await;
        if run.state == RunState::Succeeded && run.as_of > begun {
            harness.drain(published).await;
            return run.as_of;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the last run ends: {run:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn killed_at_any_moment_again_and_again_nothing_is_missing_and_nothing_is_extra(
    pool: PgPool,
) {
    let kills: u32 = std::env::vars()
        .find(|(name, _)| name == "INGEST_KILLS")
        .map_or(KILLS, |(_, kills)| kills.parse().expect("a number"));
    let harness = Harness::start(&pool).await;
    let world = harness.simulator.state().account("acme").expect("acme");
    world.world.set_spike(day(20), 10_001);
    world.world.set_spike(day(70), 17_495);
    harness.enqueue().await;
    let database = database_url(&pool, PLAIN_ROLE);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut published = Published::default();
    let (mut while_running, mut messages) = (0, 0);
    for _ in 0..kills {
        let mut process = start(&harness, &database);
        let life = Duration::from_millis(dice.between(300, 2_000));
        tokio::time::sleep(life).await;
        let run = harness.newest_run().await;
        while_running += u32::from(run.state == RunState::Running);
        process.kill().await.expect("killed");
        harness.drain(&mut published).await;
        messages = published.envelopes.len();
    }
    println!(
        "{kills} kills, {while_running} of them in the middle of a run; {messages} messages so far"
    );
    let process = start(&harness, &database);
    let as_of = wait_for_success(&harness, &mut published).await;
    drop(process);
    let expected = harness.truth(as_of);
    let records = published.records();
    for dataset in [Dataset::Users, Dataset::Teams] {
        let found = records[dataset.name()].len() as u64;
        assert_eq!(
            Some(found),
            expected["records"][dataset.name()].as_u64(),
            "{dataset:?}"
        );
    }
    for name in ["log_entries", "incidents"] {
        let at_pagerduty = ids(&harness, name, as_of).await;
        let missing: Vec<_> = at_pagerduty.difference(&records[name]).take(3).collect();
        assert!(missing.is_empty(), "{name}: missing {missing:?}");
        // Facts from before the horizon of the last run were within that of the first.
        let known = published.since(name, as_of - SignedDuration::from_hours(365 * 24), as_of);
        let extra: Vec<_> = known.difference(&at_pagerduty).take(3).collect();
        assert!(extra.is_empty(), "{name}: extra {extra:?}");
        println!("{name}: {} records, 0 missing, 0 extra", at_pagerduty.len());
    }
    assert!(
        while_running > kills / 5,
        "the kills met runs: {while_running} of {kills}"
    );
}
