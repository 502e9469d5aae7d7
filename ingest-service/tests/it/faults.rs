//! PagerDuty says no, or says nonsense: one dataset suffers, the rest goes on, nothing is lost.

use std::collections::BTreeSet;

use ingest_service::run::RunState;
use jiff::SignedDuration;
use pagerduty_sim::faults::FaultKind;
use proto::facts::v1::{Completeness, Dataset};
use sqlx::PgPool;

use crate::harness::{Harness, fault, fresh_token};

/// Everything but the named datasets is complete.
async fn assert_others_complete(harness: &Harness, except: &[&str]) {
    for (dataset, state) in harness.states().await {
        // What analytics tells is not asked for twice.
        if !except.contains(&dataset) && dataset != "user_delegations" {
            assert_eq!(
                state.completeness,
                Completeness::Complete,
                "{dataset}: {}",
                state.reason
            );
        }
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_plan_and_a_role_each_cost_one_dataset(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let account = harness.simulator.state().account("acme").expect("acme");
    let mut abilities = account.abilities();
    abilities.remove("analytics");
    account.set_abilities(abilities);
    let mut forbidden = fault("/licenses", FaultKind::Status);
    forbidden.status = Some(403);
    harness.add_fault(forbidden);
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded);
    let states = harness.states().await;
    assert_eq!(
        states["user_analytics"].completeness,
        Completeness::NotInPlan
    );
    assert_eq!(states["licenses"].completeness, Completeness::Forbidden);
    assert!(!states["licenses"].reason.is_empty());
    let analytics = [
        "user_analytics",
        "responder_analytics",
        "incident_analytics",
    ];
    let except = [&analytics[..], &["licenses"]].concat();
    assert_others_complete(&harness, &except).await;
    let published = harness.published().await;
    published.assert_whole();
    let finished = published.finished().expect("the run's end");
    assert_eq!(
        finished.datasets.len(),
        ingest_service::dataset::COLLECTED.len(),
        "the run's end tells the state of every dataset"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn malformed_answers_cost_one_dataset_and_the_next_run_fills_the_hole(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let mut malformed = fault("/log_entries", FaultKind::Malformed);
    malformed.after = 5;
    harness.add_fault(malformed);
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded);
    let entries = harness.states().await.remove("log_entries").expect("known");
    assert_eq!(entries.completeness, Completeness::Partial);
    assert!(entries.reason.contains("malformed"), "{}", entries.reason);
    assert_others_complete(&harness, &["log_entries"]).await;

    harness.simulator.state().faults.clear();
    let mut published = harness.published().await;
    let run = harness.sync().await;
    harness.drain(&mut published).await;
    let entries = harness.states().await.remove("log_entries").expect("known");
    assert_eq!(
        entries.completeness,
        Completeness::Complete,
        "{}",
        entries.reason
    );
    let covered_from = entries.covered_from.expect("covered");
    assert!(covered_from <= run.as_of - SignedDuration::from_hours(365 * 24));
    let found = published
        .records()
        .get("log_entries")
        .map_or(0, BTreeSet::len) as u64;
    let expected = harness.truth(run.as_of)["records"]["log_entries"]
        .as_u64()
        .expect("a number");
    assert!(found >= expected, "{found} of {expected}");
}

#[sqlx::test(migrations = "./migrations")]
async fn passing_faults_of_every_kind_are_not_felt(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let kinds = [
        ("/users", FaultKind::Reset),
        ("/teams", FaultKind::Truncate),
        ("/services", FaultKind::Html),
        ("/log_entries", FaultKind::Malformed),
        ("/incidents", FaultKind::Status),
        ("/oncalls", FaultKind::Huge),
    ];
    for (path, kind) in kinds {
        let mut passing = fault(path, kind);
        passing.times = Some(2);
        harness.add_fault(passing);
    }
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded);
    assert_others_complete(&harness, &[]).await;
    harness.published().await.assert_whole();
}

#[sqlx::test(migrations = "./migrations")]
async fn an_account_whose_seats_cannot_be_read_fails_and_says_so_at_the_end(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let mut down = fault("/users", FaultKind::Status);
    down.status = Some(503);
    harness.add_fault(down);
    let run = harness.sync().await;
    assert_eq!(
        (run.state, run.reason.as_str()),
        (RunState::Failed, "users: PagerDuty answers 503")
    );
    let published = harness.published().await;
    let finished = published.finished().expect("the end is told all the same");
    let users = finished
        .datasets
        .iter()
        .find(|one| one.dataset() == Dataset::Users);
    assert_eq!(
        users.map(proto::facts::v1::DatasetState::completeness),
        Some(Completeness::Partial)
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_429_is_waited_out_and_counted(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let mut limited = fault("/teams", FaultKind::Status);
    limited.status = Some(429);
    limited.times = Some(1);
    limited
        .headers
        .insert("ratelimit-reset".to_owned(), "1".to_owned());
    harness.add_fault(limited);
    let before = chassis::Clock::System.now();
    let run = harness.sync().await;
    assert_eq!((run.state, run.rate_limited), (RunState::Succeeded, 1));
    assert!(chassis::Clock::System.now().duration_since(before) >= SignedDuration::from_secs(1));
    assert_others_complete(&harness, &[]).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_rejected_token_is_reported_and_replaced_once(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness.simulator.state().identity.revoke_account("acme");
    let good = fresh_token(&harness.simulator).await;
    *harness.lender.after_rejection.lock().expect("unpoisoned") = Some(good);
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded);
    assert_others_complete(&harness, &[]).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_dead_grant_ends_the_run_with_reconnect_and_asks_nothing_more(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness.simulator.state().identity.revoke_account("acme");
    let run = harness.sync().await;
    assert_eq!(
        (run.state, run.reason.as_str()),
        (RunState::Failed, "reconnect")
    );
    assert_eq!((run.requests, run.next_run_at), (1, None));
    let now = chassis::Clock::System.now() + SignedDuration::from_hours(1000);
    assert!(
        harness
            .store
            .claim("test", now, now, 16)
            .await
            .expect("claimed")
            .is_empty()
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn while_no_token_can_be_had_the_run_waits_and_then_goes_on(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness
        .lender
        .ill
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let run = harness.sync().await;
    assert_eq!((run.state, run.requests), (RunState::Running, 0));
    let now = chassis::Clock::System.now();
    assert!(
        harness
            .store
            .claim("test", now, now, 16)
            .await
            .expect("claimed")
            .is_empty(),
        "it waits"
    );
    harness
        .lender
        .ill
        .store(false, std::sync::atomic::Ordering::SeqCst);
    let lease = harness.claim(SignedDuration::from_secs(61)).await;
    harness
        .runner()
        .run(lease, tokio_util::sync::CancellationToken::new())
        .await;
    let resumed = harness.newest_run().await;
    assert_eq!((resumed.id, resumed.state), (run.id, RunState::Succeeded));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_european_account_is_asked_at_the_european_address(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness.lender.move_to_europe(&harness.simulator).await;
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded);
    assert_others_complete(&harness, &[]).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn the_registrar_follows_the_list_of_connections(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let registrar = harness.registrar();
    assert_eq!(registrar.step().await.expect("compared"), 1);
    let now = chassis::Clock::System.now();
    let due = async |at| {
        harness
            .store
            .claim("test", at, at, 16)
            .await
            .expect("claimed")
            .len()
    };
    assert_eq!(due(now).await, 0, "whoever connects has the first word");
    assert_eq!(due(now + SignedDuration::from_secs(31)).await, 1);
    harness.simulator.state().identity.revoke_account("acme");
    harness.enqueue().await;
    let lease = harness.claim(SignedDuration::from_secs(60)).await;
    harness
        .runner()
        .run(lease, tokio_util::sync::CancellationToken::new())
        .await;
    assert_eq!(registrar.step().await.expect("compared"), 0);
    assert_eq!(
        due(now + SignedDuration::from_hours(1000)).await,
        0,
        "a dead grant is left alone"
    );
}
