//! The consent clock: what is shown, and who is told, ahead of the end.

use proto::auth::v1::{Connection, ListConnectionsRequest, ReportConsenterRequest};
use sqlx::PgPool;

use crate::harness::World;

const DAY: i64 = 86_400;

async fn shown(world: &mut World) -> Vec<String> {
    let org_id = world.member.org.to_string();
    let list = world.replicas[0]
        .connection
        .list_connections(ListConnectionsRequest { org_id })
        .await;
    let connection = list.expect("a list").into_inner().connections.remove(0);
    let warnings = connection.warnings.into_iter();
    warnings.map(|warning| warning.kind).collect()
}

async fn report(world: &mut World, connection: &Connection, present: bool, role: &str) {
    let request = ReportConsenterRequest {
        org_id: connection.org_id.clone(),
        connection_id: connection.id.clone(),
        present,
        role: role.to_owned(),
    };
    let client = &mut world.replicas[0].credential;
    client.report_consenter(request).await.expect("taken");
}

async fn mails(world: &World) -> Vec<String> {
    let subjects = sqlx::query_scalar("select subject from outbox order by created_at, subject");
    subjects.fetch_all(&world.pool).await.expect("mail")
}

#[sqlx::test(migrations = "./migrations")]
async fn the_end_of_the_window_is_told_thirty_seven_and_one_day_ahead_once_each(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    let end = connection.access_ends_at.expect("an end").seconds;
    let mut now = world.clock.now().as_second();
    let mut told = Vec::new();
    let clock = world.replicas[0].consent_clock.clone();
    for days_ahead in (0..60).rev() {
        // The grant is renewed as time goes on, so that only the window ends.
        world.advance(end - days_ahead * DAY - now);
        now = end - days_ahead * DAY;
        sqlx::query(
            "update grants set refresh_expires_at = refresh_expires_at + interval '3 years'",
        )
        .execute(&world.pool)
        .await
        .expect("renewed");
        let new = clock.step().await.expect("a round");
        if new > 0 {
            told.push(days_ahead);
        }
        assert_eq!(new, clock.step().await.map(|_| new).expect("a round"));
        let warned = if days_ahead <= 30 {
            vec!["rolling_window".to_owned()]
        } else {
            Vec::new()
        };
        assert_eq!(shown(&mut world).await, warned, "{days_ahead} days ahead");
    }
    assert_eq!(told, [30, 7, 1]);
    assert_eq!(mails(&world).await.len(), 3);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_grant_that_is_not_renewed_warns_of_its_idle_limit(pool: PgPool) {
    let mut world = World::start(pool).await;
    world.connect().await;
    world.advance(179 * DAY);
    assert!(shown(&mut world).await.is_empty());
    world.advance(DAY);
    assert_eq!(shown(&mut world).await, ["idle_limit"]);
    world.replicas[0].ahead.step().await.expect("a round");
    assert!(shown(&mut world).await.is_empty(), "renewed");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_consenter_who_is_demoted_or_gone_is_told_once_each_and_forgotten_by_a_new_consent(
    pool: PgPool,
) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    let clock = world.replicas[0].consent_clock.clone();
    report(&mut world, &connection, true, "admin").await;
    assert!(shown(&mut world).await.is_empty());
    assert_eq!(clock.step().await.expect("a round"), 0);
    report(&mut world, &connection, true, "observer").await;
    assert_eq!(shown(&mut world).await, ["consenter_demoted"]);
    report(&mut world, &connection, false, "").await;
    for new in [1, 0] {
        assert_eq!(shown(&mut world).await, ["consenter_gone"]);
        assert_eq!(clock.step().await.expect("a round"), new);
    }
    report(&mut world, &connection, true, "observer").await;
    for new in [1, 0] {
        assert_eq!(clock.step().await.expect("a round"), new);
    }
    report(&mut world, &connection, true, "admin").await;
    assert!(shown(&mut world).await.is_empty());
    report(&mut world, &connection, false, "").await;
    world.advance(1);
    world.connect().await;
    assert!(shown(&mut world).await.is_empty());
    assert_eq!(mails(&world).await.len(), 2);
}
