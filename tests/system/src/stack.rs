//! Fresh databases and empty queues for one test.

use std::path::PathBuf;

use lapin::{Connection, ConnectionProperties, options::QueueDeleteOptions, tcp::OwnedTLSConfig};
use proto::topology::{self, Lane};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use url::Url;
use uuid::Uuid;

/// A role that can neither bypass row-level security nor see other tests' data.
const ROLE: &str = "quolum_test_system";
const PASSWORD: &str = "quolum";

/// The superuser's URL.
pub fn superuser_url() -> Url {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL is set; run `cargo dev test`");
    url.parse().expect("DATABASE_URL is a URL")
}

/// The broker's URL.
pub fn amqp_url() -> String {
    std::env::var("TEST_AMQP_URL").expect("TEST_AMQP_URL is set; run `cargo dev test`")
}

/// The folder with the certificates of an encrypted stack: `ca.crt`, and `.crt` and `.key` by service.
/// Without it the services talk in the clear on the loopback interface.
pub fn certificates() -> Option<PathBuf> {
    std::env::var_os("SYSTEM_TLS").map(PathBuf::from)
}

/// Waits until no other test uses the broker's queues; they are free again when the connection is
/// dropped.
pub async fn sole_use_of_the_queues() -> PgConnection {
    const LOCK: i64 = 0x0071_756f_6c75_6d00;
    let mut connection = PgConnection::connect(superuser_url().as_str())
        .await
        .expect("PostgreSQL");
    let lock = sqlx::query("select pg_advisory_lock($1)").bind(LOCK);
    lock.execute(&mut connection).await.expect("the lock");
    connection
}

/// Makes an empty database of its own and answers the URL of its owner.
pub async fn fresh_database(service: &str) -> Url {
    let superuser = superuser_url();
    let mut connection = PgConnection::connect(superuser.as_str())
        .await
        .expect("PostgreSQL");
    let create_role = format!(
        "do $$ begin create role {ROLE} login password '{PASSWORD}'; exception when duplicate_object or unique_violation then null; end $$"
    );
    sqlx::raw_sql(AssertSqlSafe(create_role))
        .execute(&mut connection)
        .await
        .expect("a role");
    let name = format!("system_{service}_{}", Uuid::now_v7().simple());
    let create = format!("create database {name} owner {ROLE}");
    sqlx::raw_sql(AssertSqlSafe(create))
        .execute(&mut connection)
        .await
        .expect("a database");
    let mut url = superuser;
    url.set_username(ROLE).expect("a user name");
    url.set_password(Some(PASSWORD)).expect("a password");
    url.set_path(&name);
    url
}

/// Drops a database and whoever is still connected to it.
pub async fn drop_database(url: &Url) {
    let mut connection = PgConnection::connect(superuser_url().as_str())
        .await
        .expect("PostgreSQL");
    let drop = format!(
        "drop database if exists {} with (force)",
        url.path().trim_start_matches('/')
    );
    sqlx::raw_sql(AssertSqlSafe(drop))
        .execute(&mut connection)
        .await
        .expect("dropped");
}

/// Opens a connection to the broker.
pub async fn broker() -> Connection {
    let trusted = certificates().map(|folder| {
        std::fs::read_to_string(folder.join("ca.crt")).expect("the authority of the stack")
    });
    let tls = OwnedTLSConfig {
        identity: None,
        cert_chain: trusted,
    };
    let runtime = lapin::runtime::default_runtime().expect("a runtime");
    let properties = ConnectionProperties::default();
    Connection::connect_with_config(&amqp_url(), properties, tls, runtime)
        .await
        .expect("RabbitMQ")
}

/// Deletes every queue of the topology, so that nothing of an earlier test is delivered.
pub async fn delete_queues() {
    let connection = broker().await;
    let mut queues = vec![topology::PARKED.to_owned()];
    queues.extend(topology::RETRY_DELAYS.map(topology::retry_name));
    for lane in Lane::ALL {
        queues.extend((0..topology::PARTITIONS).map(|p| topology::facts_queue(lane, p)));
    }
    let channel = connection.create_channel().await.expect("a channel");
    for queue in queues {
        let deleted = channel
            .queue_delete(queue.into(), QueueDeleteOptions::default())
            .await;
        deleted.expect("deleted or absent");
    }
}
