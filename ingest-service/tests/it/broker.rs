//! The broker refuses or loses: nothing counts before it is confirmed.

use ingest_service::run::RunState;
use jiff::SignedDuration;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::harness::Harness;

async fn until(mut met: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !met().await {
        assert!(tokio::time::Instant::now() < deadline, "in time");
        tokio::task::yield_now().await;
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn without_a_queue_nothing_is_checkpointed_and_all_arrives_once_there_is_one(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness.delete_queue().await;
    harness.enqueue().await;
    let lease = harness.claim(SignedDuration::from_secs(1)).await;
    let runner = harness.runner();
    let consumer_comes = async {
        let waiting = Err("waiting for the consumer".to_owned());
        until(async || harness.publisher.health() == waiting).await;
        let run = harness.newest_run().await;
        let progress = harness
            .store
            .progress_of(harness.lender.org, run.id)
            .await
            .expect("read");
        assert!(
            progress
                .iter()
                .all(|(_, one)| one.windows_done == 0 && one.received == 0),
            "{progress:?}"
        );
        harness.declare_queue().await;
    };
    tokio::join!(runner.run(lease, CancellationToken::new()), consumer_comes);
    assert_eq!(harness.newest_run().await.state, RunState::Succeeded);
    assert_eq!(harness.publisher.health(), Ok(()));
    harness.published().await.assert_whole();
}

#[sqlx::test(migrations = "./migrations")]
async fn an_exchange_that_goes_and_comes_back_costs_no_message(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness.enqueue().await;
    let lease = harness.claim(SignedDuration::from_secs(1)).await;
    let runner = harness.runner();
    let mut published = crate::harness::Published::default();
    let interruption = async {
        until(async || harness.queued().await >= 10).await;
        harness.drain(&mut published).await;
        // The broker closes the publisher's channel at its next message.
        harness.delete_exchange().await;
        until(async || harness.publisher.health().is_err()).await;
        harness.declare_exchange().await;
    };
    tokio::join!(runner.run(lease, CancellationToken::new()), interruption);
    assert_eq!(harness.newest_run().await.state, RunState::Succeeded);
    harness.drain(&mut published).await;
    published.assert_whole();
}
