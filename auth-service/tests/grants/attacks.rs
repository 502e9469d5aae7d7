//! What somebody with a browser of their own may try with a consent.

use auth_service::identity::{self, NewOrganization};
use pagerduty_sim::identity::IdTokenMode;
use proto::auth::v1::{BeginRequest, ConsentOutcome};
use sqlx::PgPool;

use crate::harness::{BINDING, REDIRECT, World};

const EMAIL: &str = "admin@acme.example";

async fn stored(world: &World) -> i64 {
    let count = "select (select count(*) from connections) + (select count(*) from grants)";
    let count = sqlx::query_scalar(count).fetch_one(&world.pool).await;
    count.expect("a count")
}

/// Another organization's owner, ready to begin.
async fn stranger(world: &World) -> BeginRequest {
    let new = NewOrganization {
        name: "Globex".to_owned(),
        owner_email: "owner@globex.example".to_owned(),
        owner_name: "Stranger".to_owned(),
    };
    let made = identity::create_organization(&world.store, new, world.clock.now()).await;
    let member = made.expect("an organization");
    BeginRequest {
        org_id: member.org.to_string(),
        person_id: member.person.to_string(),
        return_to: "/connections".to_owned(),
        browser_binding: "the stranger's cookie".to_owned(),
        connection_id: None,
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_state_of_another_tenant_is_refused_without_a_token_request(pool: PgPool) {
    let mut world = World::start(pool).await;
    let theirs = stranger(&world).await;
    let back = world.visit(world.begin_request(), EMAIL, "allow").await;
    // The stranger's person with the stranger's cookie, then with the stolen cookie.
    for cookie in ["the stranger's cookie", BINDING] {
        let mut stolen = back.clone();
        stolen.person_id.clone_from(&theirs.person_id);
        cookie.clone_into(&mut stolen.browser_binding);
        let completed = world.complete(stolen).await;
        assert_eq!(completed.outcome(), ConsentOutcome::StateRefused);
        assert_eq!(
            (completed.org_id.as_str(), completed.return_to.as_str()),
            ("", "/connections")
        );
    }
    assert_eq!((world.posts("code"), stored(&world).await), (0, 0));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_code_of_another_consent_is_worth_nothing(pool: PgPool) {
    let mut world = World::start(pool).await;
    let theirs = stranger(&world).await;
    let injected = world.visit(theirs, "admin@globex.example", "allow").await;
    let mut victim = world.visit(world.begin_request(), EMAIL, "allow").await;
    victim.code.clone_from(&injected.code);
    let completed = world.complete(victim).await;
    assert_eq!(completed.outcome(), ConsentOutcome::ProviderUnavailable);
    assert_eq!(
        completed.detail,
        "PagerDuty did not accept the code it had given"
    );
    assert_eq!(stored(&world).await, 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn the_redirect_uri_is_the_configured_one_whatever_authority_is_asked(pool: PgPool) {
    let mut world = World::start(pool).await;
    for host in ["evil.example", "127.0.0.1:9@evil.example"] {
        let mut request = tonic::Request::new(world.begin_request());
        for name in ["x-forwarded-host", "forwarded", "origin"] {
            let value = host.parse().expect("a value");
            request.metadata_mut().insert(name, value);
        }
        let begun = world.replicas[0]
            .consent
            .begin(request)
            .await
            .expect("begun");
        let url: url::Url = begun.into_inner().authorize_url.parse().expect("a URL");
        let mut redirects = url.query_pairs().filter(|(name, _)| name == "redirect_uri");
        assert_eq!(redirects.next().expect("one").1, REDIRECT);
        assert!(redirects.next().is_none());
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_token_without_a_region_or_from_the_future_is_refused(pool: PgPool) {
    let mut world = World::start(pool).await;
    for mode in [IdTokenMode::NoApiAudience, IdTokenMode::FutureIat] {
        world.sim.state().identity.set_id_token_mode(mode);
        let completed = world.consent(world.begin_request(), EMAIL).await;
        assert_eq!(
            completed.outcome(),
            ConsentOutcome::IdentityRefused,
            "{mode:?}"
        );
    }
    assert_eq!(stored(&world).await, 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_token_of_another_account_does_not_move_a_connection(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    world
        .sim
        .state()
        .identity
        .set_id_token_mode(IdTokenMode::OtherAccount);
    let mut request = world.begin_request();
    request.connection_id = Some(connection.id.clone());
    let completed = world.consent(request, EMAIL).await;
    assert_eq!(completed.outcome(), ConsentOutcome::WrongAccount);
    let lease = world.lease(&connection).await.expect("a token");
    assert_eq!((lease.token_version, stored(&world).await), (1, 2));
}
