//! A person's hand on the runs: pause, resume, cancel; what was, what will be, and what was stored.

use std::time::Duration;

use ingest_service::{Addrs, dataset::Datasets};
use proto::{
    facts::v1::{Completeness, Dataset},
    ingest::v1::{
        CancelSyncRequest, GetSyncRequest, ListRunsRequest, PauseSyncRequest, ReportStoredRequest,
        ResumeSyncRequest, Run, RunState, StartSyncRequest, report_stored_request::Item,
        sync_service_client::SyncServiceClient,
    },
    time::to_proto,
};
use sqlx::PgPool;
use tonic::{Code, transport::Channel};

use crate::{
    harness::{Harness, Plan, Synthetic},
    service::serve,
};

type Client = SyncServiceClient<Channel>;

async fn client(addrs: Addrs) -> Client {
    SyncServiceClient::connect(format!("http://{}", addrs.grpc))
        .await
        .expect("connected")
}

/// A year of log entries that takes a while.
async fn slow(pool: &PgPool) -> (Harness, Synthetic) {
    let now = chassis::Clock::System.now().as_second();
    let plan = Plan {
        log_entries: (0..20_000).map(|n| now - 1_000 - n * 300).collect(),
        latency: Duration::from_millis(100),
        users: 3,
        ..Plan::default()
    };
    let mut harness = Harness::start(pool).await;
    let synthetic = Synthetic::serve(plan).await;
    harness.pagerduty_url.clone_from(&synthetic.url);
    harness.settings.datasets = Datasets::only(&[Dataset::LogEntries]);
    (harness, synthetic)
}

struct Hand {
    client: Client,
    org_id: String,
    connection_id: String,
}

impl Hand {
    async fn of(harness: &Harness, addrs: Addrs) -> Self {
        Self {
            client: client(addrs).await,
            org_id: harness.lender.org.to_string(),
            connection_id: harness.lender.connection.to_string(),
        }
    }

    async fn start(&mut self) {
        let request = StartSyncRequest {
            org_id: self.org_id.clone(),
            connection_id: self.connection_id.clone(),
        };
        self.client.start_sync(request).await.expect("started");
    }

    async fn run(&mut self) -> Run {
        let request = GetSyncRequest {
            org_id: self.org_id.clone(),
            connection_id: self.connection_id.clone(),
        };
        let answer = self.client.get_sync(request).await.expect("a run");
        answer.into_inner().run.expect("a run")
    }

    async fn until(&mut self, met: impl Fn(&Run) -> bool) -> Run {
        let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
        loop {
            let run = self.run().await;
            if met(&run) {
                return run;
            }
            assert!(tokio::time::Instant::now() < deadline, "in time: {run:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn pause(&mut self) -> Run {
        let request = PauseSyncRequest {
            org_id: self.org_id.clone(),
            connection_id: self.connection_id.clone(),
        };
        let answer = self.client.pause_sync(request).await.expect("paused");
        answer.into_inner().run.expect("a run")
    }

    async fn resume(&mut self) -> Run {
        let request = ResumeSyncRequest {
            org_id: self.org_id.clone(),
            connection_id: self.connection_id.clone(),
        };
        let answer = self.client.resume_sync(request).await.expect("resumed");
        answer.into_inner().run.expect("a run")
    }

    async fn cancel(&mut self) -> Result<Run, tonic::Status> {
        let request = CancelSyncRequest {
            org_id: self.org_id.clone(),
            connection_id: self.connection_id.clone(),
        };
        let answer = self.client.cancel_sync(request).await?;
        Ok(answer.into_inner().run.expect("a run"))
    }
}

fn received(run: &Run, dataset: Dataset) -> i64 {
    let of = |one: &&proto::ingest::v1::DatasetProgress| {
        one.dataset
            .as_ref()
            .is_some_and(|state| state.dataset() == dataset)
    };
    run.datasets
        .iter()
        .find(of)
        .map_or(0, |one| one.records_received)
}

#[sqlx::test(migrations = "./migrations")]
async fn a_paused_run_asks_nothing_and_goes_on_where_it_was(pool: PgPool) {
    let (harness, synthetic) = slow(&pool).await;
    let (addrs, lifecycle) = serve(&pool, &harness).await;
    let mut hand = Hand::of(&harness, addrs).await;
    hand.start().await;
    let first = hand
        .until(|run| received(run, Dataset::LogEntries) > 1_000)
        .await;
    let paused = hand.pause().await;
    assert_eq!(paused.state(), RunState::Paused);
    // What was on its way may still be counted; then nothing is asked any more.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = synthetic.requests();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(synthetic.requests(), asked);
    assert_eq!(hand.run().await.state(), RunState::Paused);
    hand.resume().await;
    let done = hand.until(|run| run.state() == RunState::Succeeded).await;
    assert_eq!(done.id, first.id, "the same run");
    let published = harness.published().await;
    assert_eq!(published.records()["log_entries"].len(), 20_000);
    assert!(
        synthetic.requests() < 320,
        "{} requests",
        synthetic.requests()
    );
    lifecycle.stop();
    assert!(lifecycle.drained().await);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_cancelled_run_ends_at_once_and_keeps_what_it_closed(pool: PgPool) {
    let (harness, synthetic) = slow(&pool).await;
    let (addrs, lifecycle) = serve(&pool, &harness).await;
    let mut hand = Hand::of(&harness, addrs).await;
    hand.start().await;
    let running = hand
        .until(|run| run.expected_end_at.is_some() && received(run, Dataset::LogEntries) > 9_000)
        .await;
    assert_eq!(running.state(), RunState::Running);
    let cancelled = hand.cancel().await.expect("cancelled");
    assert_eq!(cancelled.state(), RunState::Cancelled);
    let again = hand.cancel().await.expect_err("nothing is under way");
    assert_eq!(again.code(), Code::FailedPrecondition);
    let covered = harness.states().await["log_entries"].covered_from;
    assert!(covered.is_some(), "the newest windows are known");

    synthetic.plan.seen.lock().expect("unpoisoned").clear();
    hand.start().await;
    hand.until(|run| run.state() == RunState::Succeeded).await;
    let published = harness.published().await;
    assert_eq!(published.records()["log_entries"].len(), 20_000);
    let seen = synthetic.plan.seen.lock().expect("unpoisoned").len();
    assert!(seen < 200, "only what was missing is read: {seen} requests");

    let list = ListRunsRequest {
        org_id: hand.org_id.clone(),
        connection_id: hand.connection_id.clone(),
        limit: 0,
        before: None,
    };
    let runs = hand.client.list_runs(list.clone()).await.expect("listed");
    let runs = runs.into_inner().runs;
    let states: Vec<RunState> = runs.iter().map(Run::state).collect();
    assert_eq!(states, [RunState::Succeeded, RunState::Cancelled]);
    let before = ListRunsRequest {
        before: runs[0].started_at,
        ..list
    };
    let older = hand
        .client
        .list_runs(before)
        .await
        .expect("listed")
        .into_inner()
        .runs;
    assert_eq!(older.len(), 1);
    assert_eq!(older[0].id, cancelled.id);
    lifecycle.stop();
    assert!(lifecycle.drained().await);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_short_report_is_fetched_again_once_and_then_shown(pool: PgPool) {
    let (mut harness, _synthetic) = slow(&pool).await;
    harness.settings.history = jiff::SignedDuration::from_hours(10 * 24);
    let (addrs, lifecycle) = serve(&pool, &harness).await;
    let mut hand = Hand::of(&harness, addrs).await;
    hand.start().await;
    let first = hand.until(|run| run.state() == RunState::Succeeded).await;
    let published = harness.published().await;
    let report = |run: &Run, short: i64| {
        let entries = published.receipts().into_iter();
        let entries = entries.filter(|((dataset, _, _), _)| *dataset == Dataset::LogEntries);
        let items = entries.map(|((dataset, from, to), receipt)| {
            let at = |second: Option<i64>| {
                let at = jiff::Timestamp::from_second(second.expect("windowed"));
                Some(to_proto(at.expect("in range")))
            };
            Item {
                dataset: dataset.into(),
                window_from: at(from),
                window_to: at(to),
                records: receipt.received - short,
            }
        });
        ReportStoredRequest {
            org_id: harness.lender.org.to_string(),
            connection_id: harness.lender.connection.to_string(),
            run_id: run.id.clone(),
            items: items.take(1).collect(),
        }
    };
    hand.client
        .report_stored(report(&first, 1))
        .await
        .expect("reported");
    assert_eq!(
        harness.states().await["log_entries"].completeness,
        Completeness::Partial
    );
    let second = hand
        .until(|run| run.id != first.id && run.state() == RunState::Succeeded)
        .await;
    let mut again = harness.published().await;
    harness.drain(&mut again).await;
    assert!(
        again.records()["log_entries"].len() > 100,
        "its window was read again"
    );
    let state = harness.states().await.remove("log_entries").expect("known");
    assert_eq!(
        state.completeness,
        Completeness::Complete,
        "{}",
        state.reason
    );
    let begun = |run: &Run| run.started_at.map(|at| at.seconds);
    assert!(begun(&second) >= begun(&first));
    lifecycle.stop();
    assert!(lifecycle.drained().await);
}
