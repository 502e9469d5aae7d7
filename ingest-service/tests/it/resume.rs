//! A process that dies in the middle: another one goes on with the same run, without a hole.

use ingest_service::{
    dataset::State,
    lease::Lease,
    run::{RunState, Tally},
    store::StoreError,
    window::{Interval, Planned},
};
use jiff::SignedDuration;
use proto::facts::v1::Dataset;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::harness::{Harness, Published};

#[sqlx::test(migrations = "./migrations")]
async fn a_run_killed_at_any_stage_is_resumed_without_a_hole(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness.enqueue().await;
    let mut ahead = SignedDuration::from_secs(1);
    let mut first = None;
    for messages in [5, 30, 60] {
        let lease = harness.claim(ahead).await;
        assert_stale_fences_are_refused(&harness, first.replace(lease)).await;
        let runner = harness.runner();
        let reached = async {
            while harness.queued().await < messages {
                tokio::task::yield_now().await;
            }
        };
        // Dropping the run at whatever it waits for is what a kill looks like from outside.
        tokio::select! {
            () = runner.run(lease, CancellationToken::new()) => panic!("the run ended before {messages} messages"),
            () = reached => {}
        }
        assert_eq!(harness.newest_run().await.state, RunState::Running);
        ahead += SignedDuration::from_secs(30);
    }
    let lease = harness.claim(ahead).await;
    harness.runner().run(lease, CancellationToken::new()).await;
    let run = harness.newest_run().await;
    assert_eq!(run.state, RunState::Succeeded);

    let published = harness.published().await;
    published.assert_whole();
    let runs: std::collections::BTreeSet<_> = published
        .envelopes
        .iter()
        .map(|one| one.run_id.clone())
        .collect();
    assert_eq!(runs.len(), 1, "it is the same run all along");
    assert_union(&published, &harness.truth(run.as_of));
}

/// Whatever a process writes whose lease was taken over is refused.
async fn assert_stale_fences_are_refused(harness: &Harness, dead: Option<Lease>) {
    let Some(dead) = dead else { return };
    let run = harness.newest_run().await.id;
    let window = Planned {
        dataset: Dataset::Users,
        interval: Interval::instant(harness.newest_run().await.as_of),
    };
    let refused = [
        harness
            .store
            .renew(&dead, chassis::Clock::System.now())
            .await,
        harness.store.release(&dead, None).await,
        harness.store.plan(&dead, run, &[]).await,
        harness
            .store
            .complete(&dead, run, window, &Tally::default())
            .await,
        harness
            .store
            .decide(&dead, run, &State::pending(Dataset::Users))
            .await,
    ];
    for result in refused {
        assert!(
            matches!(result, Err(StoreError::LeaseLost(_))),
            "{result:?}"
        );
    }
}

fn assert_union(published: &Published, truth: &serde_json::Value) {
    let records = published.records();
    for dataset in [
        Dataset::Users,
        Dataset::Teams,
        Dataset::LogEntries,
        Dataset::Incidents,
        Dataset::UserAnalytics,
    ] {
        let found = records[dataset.name()].len() as u64;
        assert_eq!(
            Some(found),
            truth["records"][dataset.name()].as_u64(),
            "{}",
            dataset.name()
        );
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_process_that_is_asked_to_stop_gives_its_lease_back(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness.enqueue().await;
    let lease = harness.claim(SignedDuration::from_secs(1)).await;
    let stop = CancellationToken::new();
    let runner = harness.runner();
    let stopping = async {
        while harness.queued().await < 5 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    tokio::join!(runner.run(lease, stop.clone()), stopping);
    assert_eq!(harness.newest_run().await.state, RunState::Running);
    let next = harness.claim(SignedDuration::from_secs(1)).await;
    assert_eq!(next.fence, lease.fence + 1, "free at once");
}

#[sqlx::test(migrations = "./migrations")]
async fn two_processes_never_get_the_same_connection(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness.enqueue().await;
    let now = chassis::Clock::System.now() + SignedDuration::from_secs(1);
    let until = now + SignedDuration::from_secs(20);
    let claims = futures::future::join_all((0..8).map(|n| {
        let store = harness.store.clone();
        async move {
            store
                .claim(&format!("process {n}"), now, until, 16)
                .await
                .expect("claimed")
                .len()
        }
    }));
    assert_eq!(claims.await.into_iter().sum::<usize>(), 1);
}
