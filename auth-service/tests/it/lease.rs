//! Tokens on loan, and one presentation of each refresh token whatever happens.

use std::collections::BTreeSet;

use futures::future::join_all;
use pagerduty_sim::faults::{Fault, FaultKind};
use proto::auth::v1::{Connection, ConnectionState, ListConnectionsRequest, ReportRejectedRequest};
use sqlx::PgPool;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::{Setup, World, lease_request};

const DAY: i64 = 86_400;
const LIFE: i64 = 30 * DAY;

fn reason(status: &Status) -> String {
    chassis::code::reason(status).unwrap_or_default()
}

async fn shown(world: &mut World) -> Connection {
    let request = ListConnectionsRequest {
        org_id: world.member.org.to_string(),
    };
    let list = world.replicas[0]
        .connection
        .list_connections(request)
        .await
        .expect("a list");
    list.into_inner().connections.remove(0)
}

async fn reported(world: &mut World, connection: &Connection, version: i64) -> ConnectionState {
    let request = ReportRejectedRequest {
        org_id: connection.org_id.clone(),
        connection_id: connection.id.clone(),
        token_version: version,
    };
    world.replicas[0]
        .credential
        .report_rejected(request)
        .await
        .expect("a state")
        .into_inner()
        .state()
}

#[sqlx::test(migrations = "./migrations")]
async fn three_replicas_with_fifty_callers_each_refresh_once(pool: PgPool) {
    let mut world = World::with(
        pool,
        Setup {
            replicas: 3,
            ..Setup::default()
        },
    )
    .await;
    let connection = world.connect().await;
    for round in 1..=3 {
        world.advance(LIFE);
        let calls = world.replicas.iter().flat_map(|replica| {
            (0..50).map(|_| {
                let (mut client, request) =
                    (replica.credential.clone(), lease_request(&connection));
                async move {
                    client
                        .lease_token(request)
                        .await
                        .expect("a token")
                        .into_inner()
                }
            })
        });
        let leases = join_all(calls).await;
        let versions: BTreeSet<_> = leases.iter().map(|lease| lease.token_version).collect();
        let tokens: BTreeSet<_> = leases
            .iter()
            .map(|lease| lease.access_token.clone())
            .collect();
        assert_eq!((leases.len(), versions), (150, BTreeSet::from([round + 1])));
        assert_eq!(tokens.len(), 1);
        assert!(
            tokens
                .iter()
                .all(|token| world.sim.state().identity.is_live(token))
        );
        assert_eq!(
            world.posts("refresh"),
            u64::try_from(round).expect("a count")
        );
    }
    let summary = world.sim.state().ledger.summary();
    assert_eq!(
        (
            summary.reuse_detected,
            summary.max_presentations_of_a_refresh_token
        ),
        (0, 1)
    );
    // Callers who come together are one entry, which says how many they are.
    let leased: i64 = sqlx::query_scalar(
        "select sum((detail::jsonb->>'leases')::bigint)::bigint from audit_log where action = 'token.leased'",
    )
    .fetch_one(&world.pool)
    .await
    .expect("a sum");
    assert_eq!(leased, 450);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_ill_token_endpoint_is_unavailable_for_a_while_and_then_works(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    world.advance(LIFE);
    let mut fault = Fault::new("/oauth/token", FaultKind::Status);
    fault.status = Some(503);
    fault.times = Some(1);
    world.sim.state().faults.add(fault);
    for _ in 0..5 {
        let refused = world.lease(&connection).await.expect_err("ill");
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::Unavailable, "PAGERDUTY_UNAVAILABLE")
        );
        let wait = refused
            .get_details_retry_info()
            .expect("RetryInfo")
            .retry_delay
            .expect("a delay");
        assert!((1..=3).contains(&wait.as_secs()), "{wait:?}");
    }
    assert_eq!(world.posts("refresh"), 1, "five callers, one try");
    world.advance(5);
    assert_eq!(
        world
            .lease(&connection)
            .await
            .expect("a token")
            .token_version,
        2
    );
    assert_eq!(world.posts("refresh"), 2);
    assert_eq!(shown(&mut world).await.state(), ConnectionState::Connected);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_hour_of_outage_does_not_end_the_access(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    world.advance(LIFE);
    let mut fault = Fault::new("/oauth/token", FaultKind::Status);
    fault.status = Some(500);
    let id = world.sim.state().faults.add(fault);
    for _ in 0..60 {
        let refused = world.lease(&connection).await.expect_err("ill");
        assert_eq!(refused.code(), Code::Unavailable);
        world.advance(60);
    }
    world.sim.state().faults.remove(id);
    world.advance(10);
    assert_eq!(
        world
            .lease(&connection)
            .await
            .expect("a token")
            .token_version,
        2
    );
    assert_eq!(world.sim.state().ledger.summary().reuse_detected, 0);
}

/// Leases until it works or is refused for good; PagerDuty never sees a refresh token more than twice.
async fn after_lost_answers(world: &mut World, connection: &Connection) -> Result<i64, String> {
    for _ in 0..6 {
        match world.lease(connection).await {
            Ok(lease) => return Ok(lease.token_version),
            Err(refused) if refused.code() == Code::Unavailable => world.advance(70),
            Err(refused) => return Err(reason(&refused)),
        }
    }
    panic!("neither a token nor an end");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_lost_answer_allows_one_more_presentation_and_no_third(pool: PgPool) {
    let mut world = World::start(pool).await;
    let lost = |kind, processed, times| {
        let mut fault = Fault::new("/oauth/token", kind);
        fault.processed = processed;
        fault.times = Some(times);
        fault
    };
    // (fault, whether access can survive a strict server)
    let cases = [
        (lost(FaultKind::Reset, false, 1), true),
        (lost(FaultKind::Html, false, 1), true),
        (lost(FaultKind::Reset, false, 5), false),
        (lost(FaultKind::Truncate, true, 1), false),
        (lost(FaultKind::Malformed, true, 1), false),
        (lost(FaultKind::Reset, true, 1), false),
    ];
    for (fault, survives) in cases {
        let connection = world.connect().await;
        world.advance(LIFE);
        world.sim.state().ledger.clear();
        let kind = fault.kind;
        let id = world.sim.state().faults.add(fault);
        let end = after_lost_answers(&mut world, &connection).await;
        world.sim.state().faults.remove(id);
        let summary = world.sim.state().ledger.summary();
        assert!(
            summary.max_presentations_of_a_refresh_token <= 2,
            "{kind:?}: {summary:?}"
        );
        assert!(world.posts("refresh") <= 2, "{kind:?}: {summary:?}");
        if survives {
            assert!(end.is_ok(), "{kind:?}: {end:?}");
        } else {
            assert_eq!(end, Err("RECONNECT".to_owned()), "{kind:?}");
            let card = shown(&mut world).await;
            assert_eq!(
                card.reason,
                "PagerDuty's answers to two renewals of the access were lost"
            );
        }
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_revoked_grant_asks_for_reconnect_once_and_is_never_tried_again(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    world.sim.state().identity.revoke_account("acme");
    assert_eq!(
        reported(&mut world, &connection, 1).await,
        ConnectionState::Reconnect
    );
    let posts = world.posts("refresh");
    for _ in 0..3 {
        let refused = world.lease(&connection).await.expect_err("ended");
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::FailedPrecondition, "RECONNECT")
        );
        assert_eq!(
            refused.message(),
            "PagerDuty has ended the access: it was revoked or has expired"
        );
        world.advance(LIFE);
        world.replicas[0].ahead.step().await.expect("a round");
    }
    assert_eq!((posts, world.posts("refresh")), (1, 1));
    let card = shown(&mut world).await;
    assert_eq!(card.state(), ConnectionState::Reconnect);
    assert!(!card.reason.is_empty());
    assert_eq!(world.audited("access.ended").await, 1);
    let left: i64 = sqlx::query_scalar(
        "select count(*) from grants where coalesce(access_token, refresh_token) is not null",
    )
    .fetch_one(&world.pool)
    .await
    .expect("a count");
    assert_eq!(left, 0);
    assert_eq!(world.connect().await.state(), ConnectionState::Connected);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_report_about_an_old_token_changes_nothing(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    assert_eq!(
        reported(&mut world, &connection, 1).await,
        ConnectionState::Connected
    );
    assert_eq!(
        reported(&mut world, &connection, 1).await,
        ConnectionState::Connected
    );
    assert_eq!(world.posts("refresh"), 1);
    assert_eq!(
        world
            .lease(&connection)
            .await
            .expect("a token")
            .token_version,
        2
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_fresh_token_that_is_rejected_too_ends_in_reconnect(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    assert_eq!(
        reported(&mut world, &connection, 1).await,
        ConnectionState::Connected
    );
    assert_eq!(
        reported(&mut world, &connection, 2).await,
        ConnectionState::Reconnect
    );
    assert_eq!(world.posts("refresh"), 1);
    assert_eq!(
        shown(&mut world).await.reason,
        "PagerDuty rejects even a newly issued token"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn another_organization_gets_no_token(pool: PgPool) {
    let mut world = World::start(pool).await;
    let mut connection = world.connect().await;
    connection.org_id = uuid::Uuid::new_v4().to_string();
    let refused = world.lease(&connection).await.expect_err("foreign");
    assert_eq!(refused.code(), Code::NotFound);
}

#[sqlx::test(migrations = "./migrations")]
async fn wrong_app_credentials_do_not_end_the_access(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    world.advance(LIFE);
    let mut fault = Fault::new("/oauth/token", FaultKind::Status);
    fault.status = Some(401);
    fault.times = Some(1);
    world.sim.state().faults.add(fault);
    assert_eq!(
        world
            .lease(&connection)
            .await
            .expect_err("misconfigured")
            .code(),
        Code::Unavailable
    );
    world.advance(10);
    assert_eq!(
        world
            .lease(&connection)
            .await
            .expect("a token")
            .token_version,
        2
    );
}
