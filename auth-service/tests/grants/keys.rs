//! Vault keys while the service works with them, and secrets of other services.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use auth_service::{
    keys,
    vault::{self, Vault},
};
use proto::auth::v1::{Connection, OpenRequest, SealRequest};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use tonic::{Code, Status};

use crate::harness::{Setup, World, lease_request};

fn ring(ids: &[&str]) -> String {
    let keys = ids.iter().map(|id| vault::generate_key(id).expect("a key"));
    let keys: Vec<_> = keys.map(|key| key.expose_secret().to_owned()).collect();
    keys.join(",")
}

fn with_ring(ring: &str) -> Setup {
    Setup {
        variables: vec![("AUTH_VAULT_KEYS", ring.to_owned())],
        ..Setup::default()
    }
}

async fn seal(world: &World, of: &Connection, field: &str, secret: &[u8]) -> Vec<u8> {
    let request = SealRequest {
        org_id: of.org_id.clone(),
        connection_id: of.id.clone(),
        field: field.to_owned(),
        secret: secret.to_vec(),
    };
    let mut client = world.replicas[0].credential.clone();
    client
        .seal(request)
        .await
        .expect("sealed")
        .into_inner()
        .sealed
}

async fn open(
    world: &World,
    of: &Connection,
    field: &str,
    sealed: &[u8],
) -> Result<Vec<u8>, Status> {
    let request = OpenRequest {
        org_id: of.org_id.clone(),
        connection_id: of.id.clone(),
        field: field.to_owned(),
        sealed: sealed.to_vec(),
    };
    let mut client = world.replicas[0].credential.clone();
    client
        .open(request)
        .await
        .map(|answer| answer.into_inner().secret)
}

#[sqlx::test(migrations = "./migrations")]
async fn keys_are_rotated_under_load_and_every_read_succeeds(pool: PgPool) {
    let (old, new) = (ring(&["old"]), ring(&["new"]));
    let mut world = World::with(pool, with_ring(&format!("{old},{new}"))).await;
    let acme = world.connect().await;
    let euro = world
        .consent(world.begin_request(), "admin@euro.example")
        .await;
    let euro = euro.connection.expect("a connection");
    let sealed = seal(&world, &acme, "webhook_secret", b"whsec").await;
    // A consent under way keeps its verifier.
    let pending = world
        .visit(world.begin_request(), "admin@globex.example", "allow")
        .await;
    let stop = Arc::new(AtomicBool::new(false));
    let load = tokio::task::JoinSet::from_iter([acme.clone(), euro.clone()].map(|connection| {
        let (stop, mut client) = (stop.clone(), world.replicas[0].credential.clone());
        async move {
            let mut reads = 0;
            while !stop.load(Ordering::Relaxed) {
                client
                    .lease_token(lease_request(&connection))
                    .await
                    .expect("0 failed reads");
                reads += 1;
            }
            reads
        }
    }));
    let vaults: [Vault; 2] =
        [format!("{new},{old}"), format!("{old},{new}")].map(|ring| ring.parse().expect("a ring"));
    for round in 0..10 {
        let vault = &vaults[round % 2];
        let count = keys::rotate(&world.store, vault, &world.clock)
            .await
            .expect("rotated");
        assert_eq!(count, 6, "two pairs, a verifier, a connection's key");
        let again = keys::rotate(&world.store, vault, &world.clock)
            .await
            .expect("nothing left");
        assert_eq!(again, 0);
        assert_eq!(
            open(&world, &acme, "webhook_secret", &sealed)
                .await
                .expect("opened"),
            b"whsec"
        );
    }
    let vault = &vaults[0];
    keys::rotate(&world.store, vault, &world.clock)
        .await
        .expect("rotated");
    stop.store(true, Ordering::Relaxed);
    assert!(load.join_all().await.iter().all(|reads: &i32| *reads > 10));
    let completed = world.complete(pending).await;
    assert!(completed.connection.is_some(), "{completed:?}");
    let needed: Vec<_> = keys::list(&world.store, &new.parse().expect("a ring"))
        .await
        .expect("a list")
        .into_iter()
        .map(|key| (key.id, key.is_present, key.values > 0, key.encryptions > 0))
        .collect();
    // The consent that ended after the rotation was sealed by the service, whose first key is `old`.
    assert_eq!(
        needed,
        [
            ("new".to_owned(), true, true, true),
            ("old".to_owned(), false, true, true)
        ]
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_rotation_that_meets_a_spoiled_value_says_so_and_changes_nothing_of_it(pool: PgPool) {
    let (old, new) = (ring(&["old"]), ring(&["new"]));
    let mut world = World::with(pool, with_ring(&old)).await;
    world.connect().await;
    sqlx::query("update grants set refresh_token = set_byte(refresh_token, 30, 255 - get_byte(refresh_token, 30))")
        .execute(&world.pool)
        .await
        .expect("spoiled");
    let vault: Vault = format!("{new},{old}").parse().expect("a ring");
    let error = keys::rotate(&world.store, &vault, &world.clock).await;
    assert_eq!(
        error.expect_err("spoiled").to_string(),
        "a value of `refresh_token` cannot be sealed anew"
    );
    let still: i64 = sqlx::query_scalar(
        "select count(*) from grants where substring(refresh_token from 2 for 3) = 'old'",
    )
    .fetch_one(&world.pool)
    .await
    .expect("a count");
    assert_eq!(still, 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn swapped_rows_columns_and_organizations_do_not_open(pool: PgPool) {
    let mut world = World::start(pool).await;
    let acme = world.connect().await;
    let euro = world
        .consent(world.begin_request(), "admin@euro.example")
        .await;
    let euro = euro.connection.expect("a connection");
    let swap = "update grants g set access_token = other.access_token from grants other
                where g.connection_id <> other.connection_id";
    sqlx::query(swap)
        .execute(&world.pool)
        .await
        .expect("swapped");
    for connection in [&acme, &euro] {
        let refused = world.lease(connection).await.expect_err("moved");
        assert_eq!(refused.code(), Code::Internal);
    }
    sqlx::query(swap)
        .execute(&world.pool)
        .await
        .expect("swapped back");
    world.lease(&acme).await.expect("a token");
    sqlx::query("update grants set access_token = refresh_token")
        .execute(&world.pool)
        .await
        .expect("moved");
    assert_eq!(
        world.lease(&acme).await.expect_err("moved").code(),
        Code::Internal
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_secret_of_another_service_opens_for_its_connection_and_field_only(pool: PgPool) {
    let mut world = World::start(pool).await;
    let acme = world.connect().await;
    let euro = world
        .consent(world.begin_request(), "admin@euro.example")
        .await;
    let euro = euro.connection.expect("a connection");
    let secret = [0, 159, 146, 150, 255];
    let sealed = seal(&world, &acme, "webhook_secret", &secret).await;
    assert_ne!(sealed, seal(&world, &acme, "webhook_secret", &secret).await);
    seal(&world, &euro, "webhook_secret", &secret).await;
    assert_eq!(
        open(&world, &acme, "webhook_secret", &sealed)
            .await
            .expect("opened"),
        secret
    );
    let mut foreign = acme.clone();
    foreign.org_id = uuid::Uuid::new_v4().to_string();
    let refused = |answer: Result<Vec<u8>, Status>| answer.expect_err("refused").code();
    assert_eq!(
        refused(open(&world, &acme, "other", &sealed).await),
        Code::FailedPrecondition
    );
    assert_eq!(
        refused(open(&world, &euro, "webhook_secret", &sealed).await),
        Code::FailedPrecondition
    );
    assert_eq!(
        refused(open(&world, &foreign, "webhook_secret", &sealed).await),
        Code::NotFound
    );
    for index in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[index / 8] ^= 1 << (index % 8);
        assert_eq!(
            refused(open(&world, &acme, "webhook_secret", &flipped).await),
            Code::FailedPrecondition
        );
    }
    assert_eq!(
        refused(open(&world, &acme, "webhook_secret", &[]).await),
        Code::FailedPrecondition
    );
}
