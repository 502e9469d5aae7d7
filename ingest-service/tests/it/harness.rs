//! One organization with one connection: database, broker, simulator, and a lender of tokens.

mod broker;
mod cable;
mod lender;
mod published;
mod role;
mod synthetic;

use std::{collections::BTreeMap, time::Duration};

use chassis::{Clock, Lifecycle};
use ingest_service::{
    Changes,
    credential::Credentials,
    lease::Lease,
    pagerduty::{
        Api, RetryPolicy,
        session::{Regions, Surroundings},
    },
    publisher::{self, Publisher},
    registrar::Registrar,
    run::{self, Runner},
    store::{NewRun, RunView, Store},
};
use jiff::{SignedDuration, Timestamp};
use lapin::{Channel, Connection};
use pagerduty_sim::{
    Options, Simulator,
    faults::{Fault, FaultKind},
};
use proto::{
    RunId, auth::v1::credential_service_server::CredentialServiceServer, facts::v1::Dataset,
};
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use uuid::Uuid;

pub(crate) use broker::amqp_url;
pub(crate) use cable::{Cable, Mood};
pub(crate) use lender::{Lender, fresh_token};
pub(crate) use published::Published;
pub(crate) use role::{PLAIN_ROLE, database_url};
pub(crate) use synthetic::{Plan, Synthetic};

/// The parts, and the messages that came so far.
pub(crate) struct Harness {
    pub(crate) simulator: Simulator,
    pub(crate) store: Store,
    pub(crate) lender: Lender,
    pub(crate) auth_url: String,
    /// Where PagerDuty is; the simulator, unless a test has something worse.
    pub(crate) pagerduty_url: String,
    _lifecycle: Lifecycle,
    pub(crate) publisher: Publisher,
    pub(crate) exchange: String,
    /// What runs are told; no limit unless a test sets one.
    pub(crate) settings: run::Settings,
    /// Longest time of one request.
    pub(crate) deadline: Duration,
    channel: Channel,
    queue: String,
    _broker: Connection,
}

impl Harness {
    /// A small account without a rate limit.
    pub(crate) async fn start(pool: &PgPool) -> Self {
        Self::start_with(
            pool,
            Options {
                rate_limit: None,
                ..Options::default()
            },
        )
        .await
    }

    pub(crate) async fn start_with(pool: &PgPool, options: Options) -> Self {
        let simulator = Simulator::start(options).await.expect("the simulator");
        let lender = Lender::new(fresh_token(&simulator).await);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let auth_url = format!("http://{}", listener.local_addr().expect("bound"));
        let lifecycle = Lifecycle::new();
        let service = CredentialServiceServer::new(lender.clone());
        lifecycle.spawn("lender", async move {
            Server::builder()
                .add_service(service)
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
        });
        let url = simulator.url().to_owned();
        let exchange = format!("facts.test.{}", Uuid::now_v7());
        let (broker, channel, queue) = broker::declare(&exchange).await;
        let settings = publisher_settings(&exchange);
        let publisher = Publisher::spawn(settings, &lifecycle);
        Self {
            simulator,
            store: Store::new(role::plain(pool).await),
            lender,
            auth_url,
            pagerduty_url: url,
            _lifecycle: lifecycle,
            publisher,
            exchange,
            settings: run::Settings {
                rate_limit_per_minute: 1_000_000,
                ..run::Settings::default()
            },
            deadline: Duration::from_secs(30),
            channel,
            queue,
            _broker: broker,
        }
    }

    /// Where the harness publishes.
    pub(crate) fn publisher_settings(&self) -> publisher::Settings {
        publisher_settings(&self.exchange)
    }

    /// A worker that repeats quickly, as another process would have it.
    pub(crate) fn runner(&self) -> Runner {
        let around = Surroundings {
            api: Api::with_deadline(self.deadline).expect("a client"),
            regions: Regions {
                us: self.pagerduty_url.parse().expect("a URL"),
                eu: self.simulator.eu_url().parse().expect("a URL"),
            },
            credentials: Credentials::connect(&self.auth_url, &chassis::tls::Transport::Plaintext)
                .expect("a URL"),
            retry: RetryPolicy {
                repeats: 3,
                first_wait: Duration::from_millis(5),
                longest_wait: Duration::from_millis(20),
            },
            clock: Clock::System,
        };
        Runner::new(
            self.settings.clone(),
            self.store.clone(),
            self.publisher.clone(),
            around,
            Changes::default(),
        )
    }

    pub(crate) fn registrar(&self) -> Registrar {
        Registrar {
            credentials: Credentials::connect(&self.auth_url, &chassis::tls::Transport::Plaintext)
                .expect("a URL"),
            store: self.store.clone(),
            clock: Clock::System,
        }
    }

    pub(crate) async fn enqueue(&self) {
        let new = NewRun {
            id: RunId(Uuid::now_v7()),
            now: Clock::System.now(),
            traceparent: None,
        };
        self.store
            .enqueue(self.lender.org, self.lender.connection, &new)
            .await
            .expect("enqueued");
    }

    /// Leases the connection as a process would that sees the clock `ahead` of now.
    pub(crate) async fn claim(&self, ahead: SignedDuration) -> Lease {
        // What a killed process had open is rolled back a moment after it.
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            let now = Clock::System.now() + ahead;
            let until = now + SignedDuration::from_secs(20);
            let leases = self
                .store
                .claim("test", now, until, 16)
                .await
                .expect("claimed");
            if let [lease] = leases[..] {
                return lease;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "the connection is due and free"
            );
        }
    }

    /// Starts a run and works on it to its end.
    pub(crate) async fn sync(&self) -> RunView {
        self.enqueue().await;
        let lease = self.claim(SignedDuration::from_secs(1)).await;
        self.runner().run(lease, CancellationToken::new()).await;
        self.newest_run().await
    }

    pub(crate) async fn newest_run(&self) -> RunView {
        let run = self
            .store
            .newest_run(self.lender.org, self.lender.connection)
            .await
            .expect("read");
        run.expect("there is a run")
    }

    pub(crate) async fn published(&self) -> Published {
        let mut published = Published::default();
        self.drain(&mut published).await;
        published
    }

    pub(crate) fn truth(&self, as_of: Timestamp) -> serde_json::Value {
        let account = self.simulator.state().account("acme").expect("acme");
        pagerduty_sim::truth::truth(&account.world, as_of.as_second(), 90, &[])
    }

    pub(crate) fn add_fault(&self, fault: Fault) {
        self.simulator.state().faults.add(fault);
    }

    pub(crate) fn requests(&self) -> u64 {
        let summary = serde_json::to_value(self.simulator.state().ledger.summary()).expect("JSON");
        let by_path = summary["by_path"].as_object().expect("paths").clone();
        let paths = by_path
            .into_iter()
            .filter(|(path, _)| !path.contains("/oauth"));
        paths.map(|(_, count)| count.as_u64().unwrap_or(0)).sum()
    }

    /// The state of every dataset.
    pub(crate) async fn states(&self) -> BTreeMap<&'static str, ingest_service::dataset::State> {
        let states = self
            .store
            .dataset_states(self.lender.org, self.lender.connection)
            .await
            .expect("read");
        states
            .into_iter()
            .map(|(state, _)| (state.dataset.name(), state))
            .collect()
    }
}

/// How many records of a dataset a complete reader receives where analytics is readable; `None`: of
/// sums the reader chooses the number, and duty is compared by its intervals.
pub(crate) fn counted(truth: &serde_json::Value, dataset: Dataset) -> Option<u64> {
    let count = |name: &str| {
        let count = truth["records"][name].as_u64();
        count.unwrap_or_else(|| panic!("{name} in the truth"))
    };
    let name = dataset.name();
    match dataset {
        Dataset::ResponderAnalytics | Dataset::AdvanceUsage | Dataset::Oncalls => None,
        Dataset::UserDelegations => Some(0),
        Dataset::Subscriptions => Some(count(name) + count("team_subscriptions")),
        Dataset::IncidentWorkflows => Some(count(name) + count("incident_workflow_triggers")),
        _ => Some(count(name)),
    }
}

pub(crate) fn fault(path: &str, kind: FaultKind) -> Fault {
    Fault::new(path, kind)
}

fn publisher_settings(exchange: &str) -> publisher::Settings {
    publisher::Settings {
        url: SecretString::from(amqp_url()),
        exchange: exchange.to_owned(),
        authority: None,
    }
}
