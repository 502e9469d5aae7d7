//! How fast tokens are lent: real service, real PostgreSQL (`DATABASE_URL`), mutual TLS, 64 calls in
//! flight; beside an empty tonic call over the same kind of connection in the same run. One JSON object
//! per figure on standard output; `cargo dev bench auth` starts it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on fails"
)]

#[path = "../tests/grants/certificates.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod certificates;
#[path = "../tests/it/harness.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod harness;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use auth_service::{Config, Service, store::MIGRATIONS, vault};
use certificates::{Authority, Folder};
use chassis::{
    Clock, Lifecycle,
    tls::{self, Identity, Peer, Transport},
};
use harness::{Setup, World, lease_request};
use proto::auth::v1::{Connection, credential_service_client::CredentialServiceClient};
use secrecy::ExposeSecret;
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{net::TcpListener, task::JoinSet};
use tonic::transport::{Channel, Server};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

const IN_FLIGHT: usize = 64;
/// As many as a few replicas of ingest-service would hold.
const CHANNELS: usize = 4;
const WARM_UP: Duration = Duration::from_secs(2);
const LENGTH: Duration = Duration::from_secs(8);

#[derive(Clone)]
struct House {
    server: Transport,
    client: Transport,
    folder: Arc<Folder>,
}

impl House {
    fn new() -> Self {
        let (folder, authority) = (Folder::new(), Authority::new());
        let transport = |name: &str| {
            let files = folder.write(name, &authority.issue(name), &authority.pem);
            Transport::Mutual(Identity::load(files).expect("loaded"))
        };
        Self {
            server: transport("auth-service"),
            client: transport("ingest-service"),
            folder: Arc::new(folder),
        }
    }

    fn channel(&self, addr: std::net::SocketAddr) -> Channel {
        let peer = Peer {
            url: &format!("https://{addr}"),
            service: "auth-service",
        };
        tls::channel(peer, &self.client, |endpoint| endpoint).expect("a channel")
    }
}

/// A tonic server that does nothing else.
async fn empty_server(house: &House, lifecycle: &Lifecycle) -> Vec<Channel> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let (_, health) = tonic_health::server::health_reporter();
    let incoming = tls::incoming(listener, &house.server, lifecycle);
    let server = Server::builder()
        .add_service(health)
        .serve_with_incoming(incoming);
    lifecycle.spawn("empty", server);
    (0..CHANNELS).map(|_| house.channel(addr)).collect()
}

async fn lender(house: &House, world: &World, keys: &str, lifecycle: &Lifecycle) -> Vec<Channel> {
    let mut variables = harness::variables(&world.pool, &world.sim);
    variables.insert("AUTH_VAULT_KEYS".to_owned(), keys.to_owned());
    let mut config = Config::from_variables(variables).expect("settings");
    config.tls.files = Some(house.folder.files("auth-service"));
    let service = Service::build(config, Clock::System, None, lifecycle.clone())
        .await
        .expect("a service");
    let addr = service.addrs().grpc;
    service.spawn();
    (0..CHANNELS).map(|_| house.channel(addr)).collect()
}

struct Found {
    per_second: f64,
    p99_ms: f64,
}

/// Calls as fast as they are answered, `IN_FLIGHT` at a time.
async fn load<F>(call: impl Fn(usize) -> F + Clone + Send + 'static) -> Found
where
    F: Future<Output = ()> + Send + 'static,
{
    let started = Instant::now();
    let (from, until) = (started + WARM_UP, started + WARM_UP + LENGTH);
    let mut workers = JoinSet::new();
    for worker in 0..IN_FLIGHT {
        let call = call.clone();
        workers.spawn(async move {
            let mut took = Vec::new();
            loop {
                let before = Instant::now();
                if before >= until {
                    return took;
                }
                call(worker).await;
                if before >= from {
                    took.push(before.elapsed());
                }
            }
        });
    }
    let mut took: Vec<Duration> = workers.join_all().await.into_iter().flatten().collect();
    took.sort_unstable();
    Found {
        per_second: took.len() as f64 / LENGTH.as_secs_f64(),
        p99_ms: took[took.len() * 99 / 100].as_secs_f64() * 1_000.0,
    }
}

async fn connections(world: &mut World) -> Vec<Connection> {
    let mut made = Vec::new();
    for account in ["acme", "globex", "euro"] {
        let email = format!("admin@{account}.example");
        let completed = world.consent(world.begin_request(), &email).await;
        made.push(completed.connection.expect("a connection"));
    }
    made
}

async fn measure(pool: PgPool) {
    let keys = vault::generate_key("k1")
        .expect("a key")
        .expose_secret()
        .to_owned();
    let setup = Setup {
        variables: vec![("AUTH_VAULT_KEYS", keys.clone())],
        ..Setup::default()
    };
    let mut world = World::with(pool, setup).await;
    let connections = Arc::new(connections(&mut world).await);
    let (house, lifecycle) = (House::new(), Lifecycle::new());
    let empty = empty_server(&house, &lifecycle).await;
    let lending = lender(&house, &world, &keys, &lifecycle).await;
    let empty_found = load(move |worker| {
        let mut client = HealthClient::new(empty[worker % CHANNELS].clone());
        async move {
            client
                .check(HealthCheckRequest::default())
                .await
                .expect("an answer");
        }
    })
    .await;
    let lease_found = load(move |worker| {
        let mut client = CredentialServiceClient::new(lending[worker % CHANNELS].clone());
        let request = lease_request(&connections[worker % connections.len()]);
        async move {
            client.lease_token(request).await.expect("a token");
        }
    })
    .await;
    lifecycle.stop();
    tell(&empty_found, &lease_found);
}

fn tell(empty: &Found, lease: &Found) {
    let figures = [
        serde_json::json!({ "name": "auth leases", "value": lease.per_second, "unit": "calls/s",
                            "reference": empty.per_second }),
        serde_json::json!({ "name": "auth lease p99", "value": lease.p99_ms, "unit": "ms",
                            "reference": empty.p99_ms, "bar": 2.0 }),
        serde_json::json!({ "name": "auth price of a lease", "value": empty.per_second / lease.per_second,
                            "unit": "empty calls", "bar": 2.0 }),
    ];
    for figure in figures {
        println!("{figure}");
    }
}

fn main() {
    let told = std::env::vars_os().find(|(name, _)| name == "DATABASE_URL");
    let Some(url) = told.and_then(|(_, url)| url.into_string().ok()) else {
        panic!("DATABASE_URL is not set");
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let options: PgConnectOptions = url.parse().expect("a URL");
        let name = format!("bench_{}", uuid::Uuid::new_v4().simple());
        let mut server = options.connect().await.expect("a server");
        let create = format!("create database {name}");
        sqlx::query(AssertSqlSafe(create))
            .execute(&mut server)
            .await
            .expect("created");
        let pool = PgPoolOptions::new()
            .connect_with(options.database(&name))
            .await
            .expect("a pool");
        MIGRATIONS.run(&pool).await.expect("migrated");
        measure(pool.clone()).await;
        pool.close().await;
        let remove = format!("drop database {name} with (force)");
        sqlx::query(AssertSqlSafe(remove))
            .execute(&mut server)
            .await
            .expect("dropped");
    });
}
