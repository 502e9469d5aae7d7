//! The consent round trip and everything that must not come of it.

use proto::auth::v1::{
    ConnectionState, ConsentOutcome, DisconnectRequest, ListConnectionsRequest,
    ListSyncableRequest, Region,
};
use sqlx::PgPool;
use tonic::Code;

use crate::harness::{BINDING, Setup, World};

#[sqlx::test(migrations = "./migrations")]
async fn a_consent_makes_a_connection_that_works(pool: PgPool) {
    let mut world = World::start(pool).await;
    let completed = world
        .consent(world.begin_request(), "admin@acme.example")
        .await;
    assert_eq!(completed.outcome(), ConsentOutcome::Connected);
    assert_eq!(completed.return_to, "/connections?tab=cards");
    assert_eq!(completed.org_id, world.member.org.to_string());
    let connection = completed.connection.expect("a connection");
    assert_eq!(connection.state(), ConnectionState::Connected);
    assert_eq!(
        (connection.subdomain.as_str(), connection.region()),
        ("acme", Region::Us)
    );
    assert_eq!(connection.account_id, "PACME01");
    assert_eq!(connection.scopes_granted, ["read"]);
    assert!(connection.scopes_missing.is_empty());
    let years = connection.access_ends_at.expect("an end").seconds
        - connection.consented_at.expect("a start").seconds;
    assert!((1_095..=1_096).contains(&(years / 86_400)));
    let lease = world.lease(&connection).await.expect("a token");
    assert!(world.sim.state().identity.is_live(&lease.access_token));
    assert_eq!(
        (lease.token_version, lease.scopes.as_slice()),
        (1, ["read".to_owned()].as_slice())
    );
    assert_eq!((world.posts("code"), world.posts("refresh")), (1, 0));
    assert_eq!(
        (
            world.audited("consent.ended").await,
            world.audited("token.leased").await
        ),
        (1, 1)
    );
    let syncable = world.replicas[0]
        .credential
        .list_syncable(ListSyncableRequest {})
        .await
        .expect("a list");
    assert_eq!(syncable.into_inner().items[0].connection_id, connection.id);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_account_in_europe_is_known_by_its_audience(pool: PgPool) {
    let mut world = World::start(pool).await;
    let completed = world
        .consent(world.begin_request(), "admin@euro.example")
        .await;
    assert_eq!(
        completed.connection.expect("a connection").region(),
        Region::Eu
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_denied_consent_comes_back_without_a_token_request(pool: PgPool) {
    let mut world = World::start(pool).await;
    let back = world
        .visit(world.begin_request(), "admin@acme.example", "deny")
        .await;
    let completed = world.complete(back).await;
    assert_eq!(completed.outcome(), ConsentOutcome::Denied);
    assert_eq!(completed.return_to, "/connections?tab=cards");
    assert_eq!(world.posts("code"), 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_state_works_once_for_its_own_browser_and_person_within_ten_minutes(pool: PgPool) {
    let mut world = World::start(pool).await;
    let email = "admin@acme.example";
    let mut refused = Vec::new();

    let mut unknown = world.visit(world.begin_request(), email, "allow").await;
    unknown.state.push('x');
    refused.push(unknown);
    let mut other_browser = world.visit(world.begin_request(), email, "allow").await;
    other_browser.browser_binding = "another cookie".to_owned();
    refused.push(other_browser.clone());
    // Once presented by the wrong browser a state is burnt for the right one too.
    other_browser.browser_binding = BINDING.to_owned();
    refused.push(other_browser);
    let mut other_person = world.visit(world.begin_request(), email, "allow").await;
    other_person.person_id = uuid::Uuid::new_v4().to_string();
    refused.push(other_person);
    let mut nobody = world.visit(world.begin_request(), email, "allow").await;
    nobody.person_id = String::new();
    refused.push(nobody);
    for request in refused {
        let completed = world.complete(request).await;
        assert_eq!(completed.outcome(), ConsentOutcome::StateRefused);
        assert_eq!(
            (completed.return_to.as_str(), completed.org_id.as_str()),
            ("/connections", "")
        );
    }
    let late = world.visit(world.begin_request(), email, "allow").await;
    world.advance(600);
    assert_eq!(
        world.complete(late).await.outcome(),
        ConsentOutcome::StateRefused
    );
    assert_eq!(world.posts("code"), 0);

    let good = world.visit(world.begin_request(), email, "allow").await;
    assert_eq!(
        world.complete(good.clone()).await.outcome(),
        ConsentOutcome::Connected
    );
    assert_eq!(
        world.complete(good).await.outcome(),
        ConsentOutcome::StateRefused
    );
    assert_eq!(world.posts("code"), 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn twenty_browsers_with_one_state_make_one_token_request(pool: PgPool) {
    let mut world = World::start(pool).await;
    let back = world
        .visit(world.begin_request(), "admin@acme.example", "allow")
        .await;
    let calls = (0..20).map(|_| {
        let (mut client, back) = (world.replicas[0].consent.clone(), back.clone());
        async move {
            client
                .complete(back)
                .await
                .expect("an outcome")
                .into_inner()
                .outcome()
        }
    });
    let outcomes = futures::future::join_all(calls).await;
    let connected = outcomes
        .iter()
        .filter(|outcome| **outcome == ConsentOutcome::Connected);
    assert_eq!((connected.count(), world.posts("code")), (1, 1));
}

#[sqlx::test(migrations = "./migrations")]
async fn reconnecting_with_another_account_changes_nothing(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    let mut request = world.begin_request();
    request.connection_id = Some(connection.id.clone());
    let completed = world.consent(request, "admin@globex.example").await;
    assert_eq!(completed.outcome(), ConsentOutcome::WrongAccount);
    assert_eq!(completed.detail, "globex consented instead of acme");
    assert_eq!(completed.connection, Some(connection.clone()));
    assert_eq!(
        world
            .lease(&connection)
            .await
            .expect("a token")
            .token_version,
        1
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn the_same_account_again_renews_its_connection(pool: PgPool) {
    let mut world = World::start(pool).await;
    let first = world.connect().await;
    let second = world.connect().await;
    assert_eq!(first.id, second.id);
    let mut request = world.begin_request();
    request.connection_id = Some(first.id.clone());
    let third = world.consent(request, "admin@acme.example").await;
    assert_eq!(third.outcome(), ConsentOutcome::Connected);
    assert_eq!(world.lease(&first).await.expect("a token").token_version, 3);
    let other = world
        .consent(world.begin_request(), "admin@globex.example")
        .await;
    assert_ne!(other.connection.expect("a connection").id, first.id);
}

#[sqlx::test(migrations = "./migrations")]
async fn only_openid_is_no_access_and_stores_nothing(pool: PgPool) {
    let mut world = World::start(pool).await;
    world
        .sim
        .state()
        .identity
        .set_grant_cap(Some(["openid".to_owned()].into()));
    let completed = world
        .consent(world.begin_request(), "admin@acme.example")
        .await;
    assert_eq!(completed.outcome(), ConsentOutcome::NoAccess);
    assert_eq!(
        completed.detail,
        "PagerDuty granted none of what was asked: read"
    );
    let stored: i64 = sqlx::query_scalar(
        "select (select count(*) from connections) + (select count(*) from grants)",
    )
    .fetch_one(&world.pool)
    .await
    .expect("a count");
    assert_eq!(stored, 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn what_was_asked_and_not_granted_is_listed(pool: PgPool) {
    let variables = vec![
        ("AUTH_PAGERDUTY_CLIENT_ID", "scoped-app".to_owned()),
        ("AUTH_PAGERDUTY_CLIENT_SECRET", "scoped-secret".to_owned()),
        (
            "AUTH_PAGERDUTY_SCOPES",
            "users.read teams.read nonsense.read".to_owned(),
        ),
    ];
    let mut world = World::with(
        pool,
        Setup {
            variables,
            ..Setup::default()
        },
    )
    .await;
    let connection = world.connect().await;
    assert_eq!(connection.scopes_granted, ["teams.read", "users.read"]);
    assert_eq!(connection.scopes_missing, ["nonsense.read"]);
    let end = connection.access_ends_at.expect("an end").seconds
        - connection.consented_at.expect("a start").seconds;
    assert!((365..=366).contains(&(end / 86_400)));
}

#[sqlx::test(migrations = "./migrations")]
async fn pagerduty_being_ill_is_an_outcome(pool: PgPool) {
    use pagerduty_sim::faults::{Fault, FaultKind};
    let mut world = World::start(pool).await;
    for kind in [
        FaultKind::Status,
        FaultKind::Html,
        FaultKind::Reset,
        FaultKind::Malformed,
        FaultKind::Truncate,
    ] {
        let id = world
            .sim
            .state()
            .faults
            .add(Fault::new("/oauth/token", kind));
        let completed = world
            .consent(world.begin_request(), "admin@acme.example")
            .await;
        assert_eq!(
            completed.outcome(),
            ConsentOutcome::ProviderUnavailable,
            "{kind:?}"
        );
        world.sim.state().faults.remove(id);
    }
    assert_eq!(world.audited("consent.ended").await, 5);
}

#[sqlx::test(migrations = "./migrations")]
async fn disconnecting_destroys_the_tokens_and_can_be_repeated(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    let request = DisconnectRequest {
        org_id: connection.org_id.clone(),
        person_id: world.member.person.to_string(),
        connection_id: connection.id.clone(),
        erase_data: false,
    };
    for _ in 0..2 {
        let ended = world.replicas[0]
            .connection
            .disconnect(request.clone())
            .await
            .expect("ended")
            .into_inner();
        assert_eq!(
            ended.connection.expect("it").state(),
            ConnectionState::Disconnected
        );
    }
    let refused = world.lease(&connection).await.expect_err("no token");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(
        chassis::code::reason(&refused).as_deref(),
        Some("DISCONNECTED")
    );
    let left: i64 = sqlx::query_scalar(
        "select count(*) from grants where coalesce(access_token, refresh_token) is not null",
    )
    .fetch_one(&world.pool)
    .await
    .expect("a count");
    assert_eq!(
        (left, world.audited("connection.disconnected").await),
        (0, 1)
    );
    let again = world.connect().await;
    assert_eq!(again.id, connection.id);
    assert_eq!(world.lease(&again).await.expect("a token").token_version, 3);
    let list = ListConnectionsRequest {
        org_id: connection.org_id,
    };
    let list = world.replicas[0]
        .connection
        .list_connections(list)
        .await
        .expect("a list")
        .into_inner();
    assert_eq!(list.connections, [again]);
}
