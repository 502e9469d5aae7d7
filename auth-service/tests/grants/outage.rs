//! The token endpoint is away, and a grant that has ended.

use pagerduty_sim::faults::{Fault, FaultKind};
use proto::auth::v1::{Connection, ConnectionState, ListConnectionsRequest, ReportRejectedRequest};
use sqlx::PgPool;

use crate::harness::{Setup, World};

const DAY: i64 = 86_400;
const MINUTE: i64 = 60;

async fn scalar(world: &World, sql: &'static str) -> i64 {
    let count = sqlx::query_scalar(sql).fetch_one(&world.pool).await;
    count.expect("a count")
}

async fn state(world: &mut World) -> ConnectionState {
    let org_id = world.member.org.to_string();
    let list = world.replicas[0]
        .connection
        .list_connections(ListConnectionsRequest { org_id })
        .await
        .expect("a list");
    list.into_inner().connections[0].state()
}

/// An hour without the token endpoint, beginning when the token is due to be refreshed ahead.
async fn hour_without_tokens(pool: PgPool, variables: Vec<(&'static str, String)>, life: i64) {
    let setup = Setup {
        replicas: 2,
        variables,
    };
    let mut world = World::with(pool, setup).await;
    let connection = world.connect().await;
    world.advance(life * 4 / 5 - 30 * MINUTE);
    let kinds = [FaultKind::Status, FaultKind::Html, FaultKind::Status];
    for minute in 0..60_usize {
        world.sim.state().faults.clear();
        let mut fault = Fault::new("/oauth/token", kinds[minute % kinds.len()]);
        fault.status = Some(503);
        world.sim.state().faults.add(fault);
        world.replicas[minute % 2]
            .ahead
            .step()
            .await
            .expect("a round");
        world.lease(&connection).await.expect("0 failed leases");
        world.advance(MINUTE);
    }
    assert!(world.posts("refresh") > 5, "it was tried");
    world.sim.state().faults.clear();
    for _ in 0..3 {
        world.advance(70);
        world.replicas[0].ahead.step().await.expect("a round");
    }
    let lease = world.lease(&connection).await.expect("a token");
    assert_eq!(lease.token_version, 2);
    assert_eq!(world.sim.state().ledger.summary().reuse_detected, 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_hour_without_the_token_endpoint_fails_no_lease_of_a_classic_app(pool: PgPool) {
    hour_without_tokens(pool, Vec::new(), 30 * DAY).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn an_hour_without_the_token_endpoint_fails_no_lease_of_a_scoped_app(pool: PgPool) {
    let variables = vec![
        ("AUTH_PAGERDUTY_CLIENT_ID", "scoped-app".to_owned()),
        ("AUTH_PAGERDUTY_CLIENT_SECRET", "scoped-secret".to_owned()),
        ("AUTH_PAGERDUTY_SCOPES", "users.read teams.read".to_owned()),
    ];
    hour_without_tokens(pool, variables, DAY).await;
}

async fn reject(world: &mut World, connection: &Connection, token_version: i64) {
    let request = ReportRejectedRequest {
        org_id: connection.org_id.clone(),
        connection_id: connection.id.clone(),
        token_version,
    };
    let client = &mut world.replicas[0].credential;
    client.report_rejected(request).await.expect("told");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_dead_grant_is_told_once_to_each_owner_and_admin_and_never_tried_again(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    world.lease(&connection).await.expect("a token");
    world.sim.state().identity.revoke_account("acme");
    reject(&mut world, &connection, 1).await;
    assert_eq!(state(&mut world).await, ConnectionState::Reconnect);
    let asked = world.sim.state().ledger.summary().requests;
    for _ in 0..5 {
        reject(&mut world, &connection, 1).await;
        world.lease(&connection).await.expect_err("ended");
        world.advance(DAY);
        world.replicas[0].ahead.step().await.expect("a round");
    }
    assert_eq!(
        world.sim.state().ledger.summary().requests,
        asked,
        "no further calls"
    );
    let mails = "select count(*) from outbox where key like 'access-ended:%'";
    assert_eq!(scalar(&world, mails).await, 1);
    // A second life and a second end are told again.
    world.advance(1);
    let connection = world.connect().await;
    world.sim.state().identity.revoke_account("acme");
    let version = scalar(&world, "select token_version from grants").await;
    reject(&mut world, &connection, version).await;
    assert_eq!(scalar(&world, mails).await, 2);
}

#[sqlx::test(migrations = "./migrations")]
async fn the_token_before_is_kept_until_the_new_pair_has_worked(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    world.advance(30 * DAY);
    let kept = "select count(*) from grants where previous_refresh_token is not null";
    world.lease(&connection).await.expect("a token");
    assert_eq!(scalar(&world, kept).await, 1);
    world.lease(&connection).await.expect("a token");
    assert_eq!(scalar(&world, kept).await, 1, "lent, and not yet proven");
    world.advance(10 * MINUTE);
    world.lease(&connection).await.expect("a token");
    assert_eq!(scalar(&world, kept).await, 0, "nobody has rejected it");
    assert_eq!(world.posts("refresh"), 1);
}
