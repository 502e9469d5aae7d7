//! Later runs read what is new and what may have changed, in the lane that is never held up.

use ingest_service::run::RunState;
use jiff::SignedDuration;
use proto::facts::v1::{Completeness, Dataset};
use sqlx::PgPool;

use crate::harness::Harness;

#[sqlx::test(migrations = "./migrations")]
async fn a_later_run_reads_only_the_overlap_and_extends_the_coverage(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let first = harness.sync().await;
    let horizon = harness.states().await["log_entries"].covered_from;
    harness.published().await;
    let requests = harness.requests();
    let second = harness.sync().await;
    assert_eq!(second.state, RunState::Succeeded);
    assert!(second.as_of >= first.as_of);
    let published = harness.published().await;
    published.assert_whole();
    let windows = |dataset: Dataset| {
        let receipts = published.receipts().into_iter();
        receipts
            .filter(|((of, _, _), _)| *of == dataset)
            .map(|((_, from, to), _)| (from, to))
            .collect::<Vec<_>>()
    };
    let at = |at: jiff::Timestamp| Some(at.as_second());
    let log_entries = windows(Dataset::LogEntries);
    assert_eq!(
        log_entries,
        [(
            at(first.as_of - SignedDuration::from_mins(10)),
            at(second.as_of)
        )]
    );
    let incidents = windows(Dataset::Incidents);
    assert_eq!(
        incidents,
        [(
            at(first.as_of - SignedDuration::from_hours(7 * 24)),
            at(second.as_of)
        )]
    );
    for dataset in ["log_entries", "incidents", "oncalls"] {
        let state = harness.states().await.remove(dataset).expect("known");
        assert_eq!(
            (state.completeness, state.covered_to),
            (Completeness::Complete, Some(second.as_of)),
            "{dataset}"
        );
        assert_eq!(state.covered_from, horizon, "{dataset}");
    }
    let later = harness.requests() - requests;
    assert!(later * 2 < requests, "{later} requests after {requests}");
}
