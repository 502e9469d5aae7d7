//! Sign-in links and sessions.

use auth_service::identity::{self, NewOrganization};
use proto::auth::v1::{GetSessionRequest, RedeemSignInLinkRequest, Role, SignOutRequest};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use tonic::Code;

use crate::harness::World;

async fn signed_in(world: &mut World) -> String {
    let link = identity::create_link(&world.store, " OWNER@acme.example", world.clock.now())
        .await
        .expect("a link");
    let redeem = RedeemSignInLinkRequest {
        token: link.expose_secret().to_owned(),
    };
    let session = world.replicas[0]
        .identity
        .redeem_sign_in_link(redeem.clone())
        .await
        .expect("a session");
    let again = world.replicas[0]
        .identity
        .redeem_sign_in_link(redeem)
        .await
        .expect_err("used");
    assert_eq!(again.code(), Code::Unauthenticated);
    session.into_inner().session_token
}

async fn session(
    world: &mut World,
    token: &str,
) -> Result<proto::auth::v1::GetSessionResponse, Code> {
    let request = GetSessionRequest {
        session_token: token.to_owned(),
    };
    let answer = world.replicas[0].identity.get_session(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| status.code())
}

#[sqlx::test(migrations = "./migrations")]
async fn a_link_signs_in_once_and_the_session_tells_who(pool: PgPool) {
    let mut world = World::start(pool).await;
    let token = signed_in(&mut world).await;
    let who = session(&mut world, &token).await.expect("a session");
    assert_eq!(who.role(), Role::Owner);
    assert_eq!(who.person.expect("a person").email, "owner@acme.example");
    assert_eq!(who.organization.expect("an organization").name, "Acme");
    let out = SignOutRequest {
        session_token: token.clone(),
    };
    for _ in 0..2 {
        world.replicas[0]
            .identity
            .sign_out(out.clone())
            .await
            .expect("signed out");
    }
    assert_eq!(
        session(&mut world, &token).await.expect_err("signed out"),
        Code::Unauthenticated
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_link_is_good_for_a_quarter_of_an_hour(pool: PgPool) {
    let mut world = World::start(pool).await;
    let link = identity::create_link(&world.store, "owner@acme.example", world.clock.now())
        .await
        .expect("a link");
    world.advance(15 * 60);
    let redeem = RedeemSignInLinkRequest {
        token: link.expose_secret().to_owned(),
    };
    let late = world.replicas[0]
        .identity
        .redeem_sign_in_link(redeem)
        .await
        .expect_err("expired");
    assert_eq!(late.code(), Code::Unauthenticated);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_session_ends_after_an_idle_hour_and_after_twelve_hours_anyway(pool: PgPool) {
    let mut world = World::start(pool).await;
    let idle = signed_in(&mut world).await;
    world.advance(3_599);
    assert!(session(&mut world, &idle).await.is_ok());
    world.advance(3_600);
    assert!(session(&mut world, &idle).await.is_err());
    let busy = signed_in(&mut world).await;
    for _ in 0..23 {
        world.advance(30 * 60);
        assert!(session(&mut world, &busy).await.is_ok());
    }
    world.advance(30 * 60);
    assert!(session(&mut world, &busy).await.is_err());
}

#[sqlx::test(migrations = "./migrations")]
async fn creating_the_same_organization_again_answers_the_same_ids(pool: PgPool) {
    let world = World::start(pool).await;
    let new = |name: &str| NewOrganization {
        name: name.to_owned(),
        owner_email: "owner@acme.example".to_owned(),
        owner_name: "Owner".to_owned(),
    };
    let same = identity::create_organization(&world.store, new("Acme"), world.clock.now())
        .await
        .expect("the same");
    assert_eq!(same, world.member);
    let other = identity::create_organization(&world.store, new("Globex"), world.clock.now())
        .await
        .expect("another");
    assert_eq!(other.person, world.member.person);
    assert_ne!(other.org, world.member.org);
    let unknown =
        identity::create_link(&world.store, "nobody@acme.example", world.clock.now()).await;
    assert!(unknown.is_err());
}
