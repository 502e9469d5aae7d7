//! Every dataset arrives whole, and nothing private with it.

use std::collections::{BTreeMap, BTreeSet};

use ingest_service::{dataset::COLLECTED, run::RunState};
use prost::Message;
use proto::facts::v1::{Completeness, Dataset, Envelope, envelope::Payload};
use sqlx::PgPool;

use crate::harness::{Harness, counted};

/// What the simulated account holds that must stay there: addresses of all kinds, and what people wrote.
const PRIVATE: [&str; 6] = [
    "+1555",
    "5550100",
    "203.0.113.",
    "Looking into it",
    "Deployed",
    "@sms",
];

#[sqlx::test(migrations = "./migrations")]
async fn every_dataset_arrives_whole(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let published = harness.published().await;
    let states = harness.states().await;
    let truth = harness.truth(run.as_of);
    let records = published.records();
    let mut wrong = BTreeMap::new();
    for dataset in COLLECTED {
        let name = dataset.name();
        let found = records.get(name).map_or(0, BTreeSet::len) as u64;
        let expected = counted(&truth, dataset).unwrap_or(found);
        if found != expected {
            wrong.insert(name, (found, expected));
        }
        let state = &states[name];
        let readable = dataset != Dataset::UserDelegations;
        assert_eq!(
            state.completeness == Completeness::Complete,
            readable,
            "{name}: {}",
            state.reason
        );
        println!("{name}: {found}");
    }
    assert!(wrong.is_empty(), "found and expected: {wrong:?}");
    assert_eq!(
        states["user_delegations"].reason,
        "not needed: analytics tells sign-ins"
    );
    for envelope in &published.envelopes {
        let bytes = envelope.encode_to_vec();
        let text = String::from_utf8_lossy(&bytes);
        for private in PRIVATE {
            assert!(
                !text.contains(private),
                "{private} in {:?}",
                envelope.dataset()
            );
        }
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn sums_say_which_week_or_day_they_are_of(pool: PgPool) {
    const DAY: i64 = 86_400;
    let harness = Harness::start(&pool).await;
    harness.sync().await;
    let published = harness.published().await;
    let seconds = |at: &Option<prost_types::Timestamp>| at.as_ref().expect("told").seconds;
    let (mut weeks, mut days) = (0, 0);
    for Envelope { payload, .. } in &published.envelopes {
        match payload {
            Some(Payload::ResponderAnalytics(list)) => {
                for one in &list.records {
                    // 1970-01-05 was a Monday.
                    assert_eq!((seconds(&one.from) - 4 * DAY) % (7 * DAY), 0);
                    assert!(seconds(&one.to) - seconds(&one.from) <= 7 * DAY);
                    weeks += 1;
                }
            }
            Some(Payload::AdvanceUsage(list)) => {
                for one in &list.records {
                    assert_eq!(seconds(&one.from) % DAY, 0);
                    assert!(seconds(&one.to) - seconds(&one.from) <= DAY);
                    days += 1;
                }
            }
            _ => {}
        }
    }
    assert!(weeks > 0 && days > 0, "{weeks} weeks, {days} days");
}

#[sqlx::test(migrations = "./migrations")]
async fn delegations_tell_sign_ins_where_analytics_is_barred(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let without =
        "users.read licenses.read teams.read oauth_delegations.read incidents.read oncalls.read";
    harness.lender.narrow(&harness.simulator, without).await;
    let run = harness.sync().await;
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let states = harness.states().await;
    assert_eq!(
        states["user_analytics"].completeness,
        Completeness::Forbidden
    );
    let told = &states["user_delegations"];
    assert_eq!(told.completeness, Completeness::Complete, "{}", told.reason);
    let published = harness.published().await;
    let found = published
        .records()
        .get("user_delegations")
        .map_or(0, BTreeSet::len) as u64;
    let expected = harness.truth(run.as_of)["records"]["user_delegations"].as_u64();
    assert_eq!(Some(found), expected);
    for envelope in &published.envelopes {
        if let (Dataset::UserDelegations, Some(Payload::Resources(list))) =
            (envelope.dataset(), &envelope.payload)
        {
            assert!(
                list.records
                    .iter()
                    .all(|one| !one.owner_id.is_empty() && one.created_at.is_some())
            );
        }
    }
}
