//! Refreshing ahead, and replicas that die while they refresh.

use auth_service::{
    grant::{INTENT_LIFE, SealedPair},
    store::grant,
};
use proto::{ConnectionId, OrgId, auth::v1::Connection};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::{Setup, World};

const DAY: i64 = 86_400;

fn ids(connection: &Connection) -> (OrgId, ConnectionId) {
    (
        connection.org_id.parse().expect("an id"),
        connection.id.parse().expect("an id"),
    )
}

/// What nobody may ever find in the database.
fn pair(world: &World) -> SealedPair {
    SealedPair {
        access_token: vec![0],
        refresh_token: Some(vec![0]),
        previous: None,
        issued_at: world.clock.now(),
        expires_at: world.clock.now(),
        refresh_expires_at: world.clock.now(),
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_grant_is_refreshed_when_a_fifth_of_its_life_is_left(pool: PgPool) {
    let mut world = World::with(
        pool,
        Setup {
            replicas: 2,
            ..Setup::default()
        },
    )
    .await;
    let connection = world.connect().await;
    world.advance(22 * DAY);
    assert_eq!(world.replicas[0].ahead.step().await.expect("a round"), 0);
    world.advance(2 * DAY);
    let (one, two) = futures::join!(
        world.replicas[0].ahead.step(),
        world.replicas[1].ahead.step()
    );
    assert!(one.expect("a round") + two.expect("a round") >= 1);
    assert_eq!(world.posts("refresh"), 1);
    assert_eq!(
        world
            .lease(&connection)
            .await
            .expect("a token")
            .token_version,
        2
    );
    assert_eq!(world.replicas[0].ahead.step().await.expect("a round"), 0);
    assert_eq!(world.audited("token.refreshed").await, 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_refresh_whose_holder_died_is_taken_over_and_the_dead_one_writes_nothing(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    let (org, id) = ids(&connection);
    world.advance(30 * DAY);
    // A replica writes its intent and stops there.
    let mut tx = world.store.tenant(org).await.expect("a transaction");
    let seen = grant::find(&mut tx, org, id)
        .await
        .expect("read")
        .expect("a grant");
    let stopped = grant::claim(&mut tx, &seen, Uuid::new_v4(), world.clock.now())
        .await
        .expect("written");
    let stopped = stopped.expect("claimed");
    assert!(
        grant::claim(&mut tx, &seen, Uuid::new_v4(), world.clock.now())
            .await
            .expect("read")
            .is_none()
    );
    tx.commit().await.expect("committed");
    world.advance(INTENT_LIFE.as_secs());
    assert_eq!(
        world
            .lease(&connection)
            .await
            .expect("a token")
            .token_version,
        2
    );
    // The replica wakes up with an answer of its own.
    let mut tx = world.store.tenant(org).await.expect("a transaction");
    assert!(
        !grant::renew(&mut tx, &stopped, &pair(&world), false)
            .await
            .expect("refused")
    );
    let late = grant::hold_back(&mut tx, &stopped, 9, world.clock.now()).await;
    assert!(!late.expect("refused"));
    tx.commit().await.expect("committed");
    assert_eq!(
        world
            .lease(&connection)
            .await
            .expect("a token")
            .token_version,
        2
    );
    assert_eq!(world.posts("refresh"), 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_token_that_two_dead_replicas_may_have_sent_is_not_sent_again(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    let (org, id) = ids(&connection);
    world.advance(30 * DAY);
    let mut claims = Vec::new();
    for _ in 0..2 {
        let mut tx = world.store.tenant(org).await.expect("a transaction");
        let seen = grant::find(&mut tx, org, id)
            .await
            .expect("read")
            .expect("a grant");
        let claim = grant::claim(&mut tx, &seen, Uuid::new_v4(), world.clock.now()).await;
        claims.push(claim.expect("written").expect("claimed"));
        tx.commit().await.expect("committed");
        world.advance(INTENT_LIFE.as_secs());
    }
    // The first one wakes up while the second one holds the intent.
    let mut tx = world.store.tenant(org).await.expect("a transaction");
    let late = grant::renew(&mut tx, &claims[0], &pair(&world), false).await;
    assert!(!late.expect("refused by the fence"));
    tx.commit().await.expect("committed");
    let refused = world.lease(&connection).await.expect_err("ended");
    assert_eq!(
        chassis::code::reason(&refused).as_deref(),
        Some("RECONNECT")
    );
    assert_eq!(world.posts("refresh"), 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_new_consent_fences_off_a_refresh_under_way(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    let (org, id) = ids(&connection);
    let mut tx = world.store.tenant(org).await.expect("a transaction");
    let seen = grant::find(&mut tx, org, id)
        .await
        .expect("read")
        .expect("a grant");
    let claim = grant::claim(&mut tx, &seen, Uuid::new_v4(), world.clock.now())
        .await
        .expect("written");
    tx.commit().await.expect("committed");
    world.connect().await;
    world.replicas[0]
        .ahead
        .refresher
        .condemn(claim.expect("claimed").into(), "late")
        .await
        .expect("nothing done");
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
async fn consents_nobody_came_back_from_lose_their_verifier_and_go(pool: PgPool) {
    let mut world = World::start(pool).await;
    let request = world.begin_request();
    world.replicas[0]
        .consent
        .begin(request)
        .await
        .expect("begun");
    let count = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(&world.pool);
    world.advance(601);
    world.replicas[0].ahead.step().await.expect("a round");
    assert_eq!(
        count("select count(*) from consents where verifier is not null")
            .await
            .expect("a count"),
        0
    );
    assert_eq!(
        count("select count(*) from consents")
            .await
            .expect("a count"),
        1
    );
    world.advance(2 * DAY);
    world.replicas[0].ahead.step().await.expect("a round");
    assert_eq!(
        count("select count(*) from consents")
            .await
            .expect("a count"),
        0
    );
}
