//! A database of its own under a plain role, and a running service when a test wants one.

use std::time::Duration;

use chassis::{Clock, Lifecycle};
use dashboard_api::{
    Config, Service,
    config::Role,
    consumer::{Broker, Names},
    crunch::Cruncher,
    message::FactsMessage,
    metrics::Metrics,
    store::Store,
};
use jiff::Timestamp;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ExchangeDeleteOptions, QueueDeleteOptions},
};
use prost::Message;
use proto::{ConnectionId, OrgId, facts::v1::Envelope, topology};
use sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

use crate::{account, peers};

/// The role that owns the tables in tests; made where it does not exist yet.
const PLAIN_ROLE: &str = "quolum_test_dashboard";
const PLAIN_PASSWORD: &str = "quolum";
const DEADLINE: Duration = Duration::from_secs(20);
/// Delays between the attempts of a message, short for tests.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(100)];

/// The schema in the test's own database, as the plain role sees it.
pub(crate) async fn open(superuser: &PgPool) -> Store {
    let options = superuser.connect_options();
    let database = options
        .get_database()
        .expect("a database of its own")
        .to_owned();
    for statement in [
        format!(
            "do $$ begin create role {PLAIN_ROLE} login password '{PLAIN_PASSWORD}'; \
             exception when duplicate_object or unique_violation then null; end $$"
        ),
        format!("alter database \"{database}\" owner to {PLAIN_ROLE}"),
        format!("alter schema public owner to {PLAIN_ROLE}"),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(superuser)
            .await
            .expect("owner changed");
    }
    let plain = options
        .as_ref()
        .clone()
        .username(PLAIN_ROLE)
        .password(PLAIN_PASSWORD);
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .connect_with(plain)
        .await;
    let store = Store::new(pool.expect("the plain role may connect"));
    store.migrate().await.expect("migrated");
    store
}

pub(crate) fn clock() -> Clock {
    Clock::manual(account::t())
}

pub(crate) fn decoded(envelope: &Envelope) -> FactsMessage {
    FactsMessage::decode(&envelope.encode_to_vec(), None).expect("decodes")
}

/// Applies messages one by one, as they come.
pub(crate) async fn apply(store: &Store, envelopes: &[Envelope]) {
    for envelope in envelopes {
        let message = decoded(envelope);
        let applied = store.apply(message.org, &[&message], account::t()).await;
        applied.expect("applied");
    }
}

pub(crate) async fn crunch(store: &Store) -> usize {
    let cruncher = Cruncher::new(store.clone(), clock(), Metrics);
    cruncher.step().await.expect("crunched")
}

/// Polls until it holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !holds().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "not in time: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A running service with its own database, exchanges and queues.
pub(crate) struct House {
    pub(crate) url: String,
    pub(crate) broker: Broker,
    pub(crate) store: Store,
    pub(crate) http: reqwest::Client,
    channel: Channel,
    connection: Connection,
    lifecycle: Lifecycle,
}

impl House {
    pub(crate) async fn open(superuser: &PgPool) -> Self {
        let store = open(superuser).await;
        let amqp = amqp_url();
        let prefix = format!("it-{}.", Uuid::now_v7().simple());
        let broker = Broker::new(amqp.clone().into())
            .isolated(Names::prefixed(&prefix), RETRY_DELAYS.to_vec());
        let lifecycle = Lifecycle::new();
        let peers = peers::serve(&lifecycle).await;
        let service = Service::build_with(
            config(superuser, &amqp, &peers),
            broker.clone(),
            clock(),
            None,
            lifecycle.clone(),
        );
        let service = service.await.expect("the service starts");
        let url = format!("http://{}", service.addrs().http);
        service.spawn();
        let connection = Connection::connect(&amqp, ConnectionProperties::default()).await;
        let connection = connection.expect("RabbitMQ answers");
        let channel = connection.create_channel().await.expect("a channel");
        broker.declare(&channel).await.expect("declared");
        Self {
            url,
            broker,
            store,
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .expect("a client"),
            channel,
            connection,
            lifecycle,
        }
    }

    /// Publishes a body where the connection's messages go.
    pub(crate) async fn publish(&self, connection: Uuid, lane: topology::Lane, body: &[u8]) {
        let partition = topology::partition(ConnectionId(connection));
        let confirm = self
            .channel
            .basic_publish(
                self.broker.names().facts_exchange().as_str().into(),
                topology::routing_key(lane, partition).as_str().into(),
                BasicPublishOptions::default(),
                body,
                BasicProperties::default().with_delivery_mode(2),
            )
            .await;
        confirm.expect("published").await.expect("sent");
    }

    /// Waits for a generation of an organization.
    pub(crate) async fn generation(&self, org: Uuid, number: i64) {
        eventually("a generation", || async {
            let found = self
                .store
                .generation(OrgId(org), None)
                .await
                .expect("answers");
            found.is_some_and(|generation| generation.number >= number)
        })
        .await;
    }

    /// A GET as a member of the organization.
    pub(crate) fn get(&self, org: Uuid, role: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.http
            .get(url)
            .header("cookie", format!("sid={role}.{org}"))
    }

    /// A POST of our own page.
    pub(crate) fn post(&self, org: Uuid, role: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.http
            .post(url)
            .header("cookie", format!("sid={role}.{org}"))
            .header("origin", "http://localhost:8080")
            .header("x-requested-with", "quolum")
    }

    /// Ends everything, so that the database and the broker are left as they were.
    pub(crate) async fn close(self) {
        self.lifecycle.stop();
        assert!(self.lifecycle.drained().await, "all tasks ended well");
        let names = self.broker.names();
        let mut queues = names.facts_queues();
        queues.extend(RETRY_DELAYS.map(|delay| names.retry(delay)));
        queues.push(names.parked());
        for queue in &queues {
            let options = QueueDeleteOptions::default();
            self.channel
                .queue_delete(queue.as_str().into(), options)
                .await
                .expect("deleted");
        }
        let mut exchanges = vec![names.facts_exchange(), names.parked()];
        exchanges.extend(RETRY_DELAYS.map(|delay| names.retry(delay)));
        for exchange in &exchanges {
            let options = ExchangeDeleteOptions::default();
            self.channel
                .exchange_delete(exchange.as_str().into(), options)
                .await
                .expect("deleted");
        }
        self.connection
            .close(200, "bye".into())
            .await
            .expect("closed");
        self.store.pool().close().await;
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "tests are told where the servers are"
)]
fn amqp_url() -> String {
    std::env::var("TEST_AMQP_URL").expect("TEST_AMQP_URL names a RabbitMQ")
}

fn config(superuser: &PgPool, amqp: &str, peers: &str) -> Config {
    let options = superuser.connect_options();
    let database = options.get_database().expect("a database");
    let (host, port) = (options.get_host(), options.get_port());
    let local = "127.0.0.1:0".parse().expect("an address");
    Config {
        database_url: format!("postgres://{PLAIN_ROLE}:{PLAIN_PASSWORD}@{host}:{port}/{database}")
            .into(),
        amqp_url: amqp.to_owned().into(),
        amqp_ca: None,
        http_addr: local,
        admin_addr: local,
        tls: chassis::tls::Settings::default(),
        auth_url: peers.parse().expect("a URL"),
        ingest_url: peers.parse().expect("a URL"),
        public_url: "http://localhost:8080".parse().expect("a URL"),
        retention_days: 400,
        api_rate_per_minute: 100_000,
        allow_private_webhooks: true,
        role: Role::All,
    }
}

/// An instant of the account.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("valid")
}
