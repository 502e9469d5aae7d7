//! Every kind of access, several accounts, and the end of a connection with and without its data.

use pagerduty_sim::faults::{Fault, FaultKind};
use proto::auth::v1::{
    AccessKind, ConnectDirectlyRequest, Connection, ConnectionState, ConsentOutcome,
    DisconnectRequest, LeaseTokenResponse, ListConnectionsRequest, ListErasableRequest, Region,
    ReportRejectedRequest,
};
use sqlx::PgPool;
use tonic::{Code, Status};

use crate::harness::{Setup, World};

const DAY: i64 = 86_400;

fn scoped(kind: &str) -> Setup {
    let variables = vec![
        ("AUTH_PAGERDUTY_CLIENT_ID", "scoped-app".to_owned()),
        ("AUTH_PAGERDUTY_CLIENT_SECRET", "scoped-secret".to_owned()),
        ("AUTH_PAGERDUTY_SCOPES", "users.read teams.read".to_owned()),
        ("AUTH_PAGERDUTY_APP_KIND", kind.to_owned()),
    ];
    Setup {
        variables,
        ..Setup::default()
    }
}

async fn directly(
    world: &mut World,
    (api_key, subdomain): (&str, &str),
    region: Region,
) -> Result<Connection, Status> {
    let request = ConnectDirectlyRequest {
        org_id: world.member.org.to_string(),
        person_id: world.member.person.to_string(),
        api_key: api_key.to_owned(),
        subdomain: subdomain.to_owned(),
        region: region.into(),
    };
    let answer = world.replicas[0].connection.connect_directly(request).await;
    answer.map(|answer| answer.into_inner().connection.expect("a connection"))
}

async fn list(world: &mut World) -> Vec<Connection> {
    let org_id = world.member.org.to_string();
    let list = world.replicas[0]
        .connection
        .list_connections(ListConnectionsRequest { org_id })
        .await;
    list.expect("a list").into_inner().connections
}

async fn reject(world: &mut World, lease: &LeaseTokenResponse, of: &Connection) -> ConnectionState {
    let request = ReportRejectedRequest {
        org_id: of.org_id.clone(),
        connection_id: of.id.clone(),
        token_version: lease.token_version,
    };
    let answer = world.replicas[0].credential.report_rejected(request).await;
    answer.expect("told").into_inner().state()
}

#[sqlx::test(migrations = "./migrations")]
async fn a_scoped_app_tells_its_kind_and_its_shorter_life(pool: PgPool) {
    let mut world = World::with(pool, scoped("scoped")).await;
    let connection = world.connect().await;
    assert_eq!(connection.access_kind(), AccessKind::Scoped);
    let lease = world.lease(&connection).await.expect("a token");
    assert_eq!(lease.access_kind(), AccessKind::Scoped);
    assert_eq!(lease.pagerduty_user_id, connection.pagerduty_user_id);
    assert!(!lease.pagerduty_user_id.is_empty());
    let left = lease.expires_at.expect("an end").seconds - world.clock.now().as_second();
    assert_eq!(left, DAY);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_app_token_is_asked_for_again_when_it_ends_and_however_often_answers_are_lost(
    pool: PgPool,
) {
    let mut world = World::with(pool, scoped("app")).await;
    let request = world.begin_request();
    let refused = world.replicas[0].consent.begin(request).await;
    assert_eq!(
        refused.expect_err("no consent").code(),
        Code::FailedPrecondition
    );
    let connection = directly(&mut world, ("", "acme"), Region::Us)
        .await
        .expect("connected");
    assert_eq!(connection.access_kind(), AccessKind::App);
    assert_eq!(connection.scopes_granted, ["teams.read", "users.read"]);
    assert!(connection.access_ends_at.is_none() && connection.pagerduty_user_id.is_empty());
    let lease = world.lease(&connection).await.expect("a token");
    assert!(world.sim.state().identity.is_live(&lease.access_token));
    for _ in 0..4 {
        world.advance(DAY);
        let mut fault = Fault::new("/oauth/token", FaultKind::Truncate);
        fault.times = Some(3);
        world.sim.state().faults.add(fault);
        for _ in 0..3 {
            world.lease(&connection).await.expect_err("lost");
            world.advance(70);
        }
        let lease = world.lease(&connection).await.expect("a token");
        assert!(world.sim.state().identity.is_live(&lease.access_token));
    }
    world.advance(DAY * 4 / 5);
    assert_eq!(world.replicas[0].ahead.step().await.expect("a round"), 1);
    let lease = world.lease(&connection).await.expect("a token");
    assert_eq!(lease.token_version, 6);
    assert_eq!(list(&mut world).await.len(), 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_app_gets_no_token_for_an_account_elsewhere(pool: PgPool) {
    let mut world = World::with(pool, scoped("app")).await;
    let cases = [
        ("acme", Region::Eu, Code::Unauthenticated),
        ("nobody", Region::Us, Code::Unauthenticated),
        ("acme users.write", Region::Us, Code::InvalidArgument),
        ("", Region::Us, Code::InvalidArgument),
    ];
    for (subdomain, region, code) in cases {
        let refused = directly(&mut world, ("", subdomain), region).await;
        assert_eq!(refused.expect_err("refused").code(), code, "{subdomain}");
    }
    assert!(list(&mut world).await.is_empty());
    let euro = directly(&mut world, ("", "euro"), Region::Eu)
        .await
        .expect("connected");
    assert_eq!(
        (euro.region(), euro.account_id.as_str()),
        (Region::Eu, "eu:euro")
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn an_api_key_is_tried_sealed_and_lent_and_ends_when_it_is_rejected(pool: PgPool) {
    let mut world = World::start(pool).await;
    let refused = directly(&mut world, ("wrong-key", ""), Region::Us).await;
    assert_eq!(refused.expect_err("refused").code(), Code::Unauthenticated);
    let refused = directly(&mut world, ("acme-api-key", ""), Region::Eu).await;
    assert_eq!(
        refused.expect_err("wrong region").code(),
        Code::Unauthenticated
    );
    let refused = directly(&mut world, ("", "acme"), Region::Us).await;
    assert_eq!(
        refused.expect_err("no app").code(),
        Code::FailedPrecondition
    );
    let connection = directly(&mut world, ("acme-api-key", ""), Region::Us).await;
    let connection = connection.expect("connected");
    assert_eq!(connection.access_kind(), AccessKind::ApiKey);
    assert_eq!(
        (
            connection.subdomain.as_str(),
            connection.account_id.as_str()
        ),
        ("acme", "us:acme")
    );
    let lease = world.lease(&connection).await.expect("a key");
    assert_eq!(
        (lease.access_token.as_str(), lease.access_kind()),
        ("acme-api-key", AccessKind::ApiKey)
    );
    world.advance(400 * DAY);
    assert_eq!(world.replicas[0].ahead.step().await.expect("a round"), 0);
    let posts = world.sim.state().ledger.summary().requests;
    assert_eq!(
        reject(&mut world, &lease, &connection).await,
        ConnectionState::Reconnect
    );
    assert_eq!(world.sim.state().ledger.summary().requests, posts);
    let shown = list(&mut world).await.remove(0);
    assert!(shown.reason.contains("API key"), "{}", shown.reason);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_consent_takes_over_the_connection_that_a_key_began(pool: PgPool) {
    let mut world = World::start(pool).await;
    let by_key = directly(&mut world, ("acme-api-key", ""), Region::Us)
        .await
        .expect("connected");
    let by_consent = world.connect().await;
    assert_eq!(by_consent.id, by_key.id);
    assert_eq!(by_consent.account_id, "PACME01");
    assert_eq!(by_consent.access_kind(), AccessKind::Classic);
    // And back again: the account's id stays known.
    let again = directly(&mut world, ("acme-api-key", ""), Region::Us)
        .await
        .expect("connected");
    assert_eq!(
        (again.id.as_str(), again.account_id.as_str()),
        (by_key.id.as_str(), "PACME01")
    );
    assert_eq!(list(&mut world).await.len(), 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn another_account_is_refused_on_reconnect_and_can_be_connected_beside_the_first(
    pool: PgPool,
) {
    let mut world = World::start(pool).await;
    let acme = world.connect().await;
    let mut request = world.begin_request();
    request.connection_id = Some(acme.id.clone());
    let refused = world.consent(request, "admin@euro.example").await;
    assert_eq!(refused.outcome(), ConsentOutcome::WrongAccount);
    assert_eq!(refused.detail, "euro consented instead of acme");
    assert_eq!(list(&mut world).await, std::slice::from_ref(&acme));
    let beside = world
        .consent(world.begin_request(), "admin@euro.example")
        .await;
    let euro = beside.connection.expect("a connection");
    let (us, eu) = (
        world.lease(&acme).await.expect("a token"),
        world.lease(&euro).await.expect("a token"),
    );
    assert_eq!((us.region(), eu.region()), (Region::Us, Region::Eu));
    assert_ne!(us.access_token, eu.access_token);
}

#[sqlx::test(migrations = "./migrations")]
async fn data_is_due_for_deletion_thirty_days_after_a_disconnect_that_asks_for_it(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    let request = |erase_data| DisconnectRequest {
        org_id: connection.org_id.clone(),
        person_id: world.member.person.to_string(),
        connection_id: connection.id.clone(),
        erase_data,
    };
    let (without, with) = (request(false), request(true));
    let mut client = world.replicas[0].connection.clone();
    let ended = client
        .disconnect(without)
        .await
        .expect("ended")
        .into_inner();
    assert!(ended.connection.expect("it").erase_at.is_none());
    for _ in 0..2 {
        let ended = client
            .disconnect(with.clone())
            .await
            .expect("ended")
            .into_inner();
        let erase_at = ended.connection.expect("it").erase_at.expect("a date");
        assert_eq!(erase_at.seconds - world.clock.now().as_second(), 30 * DAY);
    }
    let due =
        async |client: &mut proto::auth::v1::connection_service_client::ConnectionServiceClient<
            _,
        >| {
            let list = client.list_erasable(ListErasableRequest {}).await;
            list.expect("a list").into_inner().items.len()
        };
    world.advance(30 * DAY - 1);
    assert_eq!(due(&mut client).await, 0);
    world.advance(1);
    assert_eq!(due(&mut client).await, 1);
    // Coming back takes the wish back.
    assert!(world.connect().await.erase_at.is_none());
    assert_eq!(due(&mut client).await, 0);
}
