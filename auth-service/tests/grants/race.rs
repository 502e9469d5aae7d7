//! Replicas, callers, expiries: each refresh token is shown to PagerDuty exactly once.

use std::collections::BTreeSet;

use futures::future::join_all;
use sqlx::PgPool;

use crate::harness::{Setup, World, lease_request};

/// Of a scoped app's access token: a hundred of them fit into the year of its consent.
const LIFE: i64 = 86_400;
const REPLICAS: usize = 3;
const CALLERS: usize = 200;
const EXPIRIES: i64 = 100;

#[sqlx::test(migrations = "./migrations")]
async fn three_replicas_with_two_hundred_callers_refresh_once_in_each_of_a_hundred_expiries(
    pool: PgPool,
) {
    let setup = Setup {
        replicas: REPLICAS,
        variables: vec![
            ("AUTH_PAGERDUTY_CLIENT_ID", "scoped-app".to_owned()),
            ("AUTH_PAGERDUTY_CLIENT_SECRET", "scoped-secret".to_owned()),
            ("AUTH_PAGERDUTY_SCOPES", "users.read teams.read".to_owned()),
        ],
    };
    let mut world = World::with(pool, setup).await;
    let connection = world.connect().await;
    for round in 1..=EXPIRIES {
        world.advance(LIFE);
        let calls = world.replicas.iter().flat_map(|replica| {
            (0..CALLERS).map(|_| {
                let mut client = replica.credential.clone();
                let request = lease_request(&connection);
                async move { client.lease_token(request).await }
            })
        });
        let leases: Result<Vec<_>, _> = join_all(calls).await.into_iter().collect();
        let leases = leases.expect("0 failed callers");
        let versions: BTreeSet<_> = leases
            .iter()
            .map(|lease| lease.get_ref().token_version)
            .collect();
        assert_eq!(versions, BTreeSet::from([round + 1]));
        assert_eq!(leases.len(), REPLICAS * CALLERS);
    }
    let summary = world.sim.state().ledger.summary();
    assert_eq!(world.posts("refresh"), 100);
    assert_eq!(summary.reuse_detected, 0);
    assert_eq!(summary.max_presentations_of_a_refresh_token, 1);
    let leased: i64 = sqlx::query_scalar(
        "select sum((detail::jsonb->>'leases')::bigint)::bigint from audit_log where action = 'token.leased'",
    )
    .fetch_one(&world.pool)
    .await
    .expect("a sum");
    assert_eq!(
        leased,
        REPLICAS as i64 * CALLERS as i64 * EXPIRIES,
        "every lease is in the log"
    );
}
