//! Every way in which an id_token can be wrong, against the simulator that makes them.

use pagerduty_sim::identity::IdTokenMode;
use proto::auth::v1::ConsentOutcome;
use sqlx::PgPool;

use crate::harness::World;

const JWKS: &str = "/global/oauth/anonymous/jwks";

async fn outcome(world: &mut World, mode: IdTokenMode) -> ConsentOutcome {
    world.sim.state().identity.set_id_token_mode(mode);
    world
        .consent(world.begin_request(), "admin@acme.example")
        .await
        .outcome()
}

#[sqlx::test(migrations = "./migrations")]
async fn what_pagerduty_varies_is_accepted(pool: PgPool) {
    let mut world = World::start(pool).await;
    for mode in [
        IdTokenMode::Normal,
        IdTokenMode::AppIssuer,
        IdTokenMode::AmrList,
    ] {
        assert_eq!(
            outcome(&mut world, mode).await,
            ConsentOutcome::Connected,
            "{mode:?}"
        );
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn every_forged_or_foreign_token_is_refused_and_nothing_is_stored(pool: PgPool) {
    let mut world = World::start(pool).await;
    let refused = [
        IdTokenMode::WrongIssuer,
        IdTokenMode::WrongAudience,
        IdTokenMode::NoAud,
        IdTokenMode::WrongAzp,
        IdTokenMode::Expired,
        IdTokenMode::FutureNbf,
        IdTokenMode::BadSignature,
        IdTokenMode::UnknownKid,
        IdTokenMode::AlgNone,
        IdTokenMode::Hs256,
        IdTokenMode::WrongAtHash,
        IdTokenMode::NoSub,
        IdTokenMode::NoExp,
        IdTokenMode::NoIat,
        IdTokenMode::Garbage,
    ];
    for mode in refused {
        assert_eq!(
            outcome(&mut world, mode).await,
            ConsentOutcome::IdentityRefused,
            "{mode:?}"
        );
    }
    let stored: i64 = sqlx::query_scalar("select count(*) from connections")
        .fetch_one(&world.pool)
        .await
        .expect("a count");
    assert_eq!(stored, 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_unknown_key_fetches_the_keys_at_most_once_a_minute(pool: PgPool) {
    let mut world = World::start(pool).await;
    let fetched = |world: &World| {
        world
            .sim
            .state()
            .ledger
            .summary()
            .by_path
            .get(JWKS)
            .copied()
            .unwrap_or_default()
    };
    assert_eq!(
        outcome(&mut world, IdTokenMode::Normal).await,
        ConsentOutcome::Connected
    );
    assert_eq!(fetched(&world), 1);
    for _ in 0..3 {
        assert_eq!(
            outcome(&mut world, IdTokenMode::UnknownKid).await,
            ConsentOutcome::IdentityRefused
        );
    }
    assert_eq!(fetched(&world), 1);
    world.advance(61);
    for _ in 0..3 {
        assert_eq!(
            outcome(&mut world, IdTokenMode::UnknownKid).await,
            ConsentOutcome::IdentityRefused
        );
    }
    assert_eq!(fetched(&world), 2);
    world.sim.state().identity.rotate_key();
    world.advance(61);
    assert_eq!(
        outcome(&mut world, IdTokenMode::Normal).await,
        ConsentOutcome::Connected
    );
    assert_eq!(fetched(&world), 3);
}
