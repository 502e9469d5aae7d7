//! What stops a start.

use auth_service::{Config, Service, vault};
use chassis::{Clock, Lifecycle};
use secrecy::ExposeSecret;
use sqlx::PgPool;

use crate::harness::{World, variables};

async fn start(variables: std::collections::BTreeMap<String, String>) -> String {
    let config = Config::from_variables(variables).expect("settings");
    let started = Service::build(config, Clock::System, None, Lifecycle::new()).await;
    started.map(drop).expect_err("no start").to_string()
}

#[sqlx::test(migrations = "./migrations")]
async fn a_key_that_is_still_needed_and_missing_is_named(pool: PgPool) {
    let mut world = World::start(pool).await;
    world.connect().await;
    let mut variables = variables(&world.pool, &world.sim);
    let other = vault::generate_key("k2").expect("a key");
    variables.insert(
        "AUTH_VAULT_KEYS".to_owned(),
        other.expose_secret().to_owned(),
    );
    let words = start(variables).await;
    assert_eq!(
        words,
        "AUTH_VAULT_KEYS lacks the key(s) k1 that stored secrets are sealed with"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn an_older_schema_is_refused_with_what_to_do(pool: PgPool) {
    let world = World::start(pool).await;
    let forget = sqlx::query("delete from _sqlx_migrations where version = 3");
    forget.execute(&world.pool).await.expect("forgotten");
    let words = start(variables(&world.pool, &world.sim)).await;
    assert!(
        words.contains("migrations [3]") && words.contains("auth-service migrate"),
        "{words}"
    );
}
