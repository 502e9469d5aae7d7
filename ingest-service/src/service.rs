//! The only place that builds pools, clients and listeners and that spawns tasks.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use backon::{ConstantBuilder, Retryable};
use chassis::{
    Clock, Lifecycle,
    admin::Admin,
    tls::{self, Transport},
};
use futures::Stream;
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusHandle;
use proto::ingest::v1::sync_service_server::SyncServiceServer;
use secrecy::ExposeSecret;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::net::TcpListener;
use tonic::transport::Server;

use crate::{
    Config,
    change::Changes,
    credential::Credentials,
    grpc::{CALLERS, SyncApi},
    http,
    pagerduty::{
        Api, RetryPolicy,
        session::{Regions, Surroundings},
    },
    publisher::{self, Publisher},
    registrar::Registrar,
    run::{self, Runner},
    scheduler::{LeaseTerms, Scheduler},
    store::{MIGRATIONS, Store},
    visit::Visits,
    webhook::{Intake, Receiver, Secrets, Subscriber},
};

/// How long PostgreSQL may take to appear at start.
const DATABASE_PATIENCE: usize = 30;
/// Waiting longer for a connection means that the database is ill.
const ACQUIRE_DEADLINE: Duration = Duration::from_secs(5);
/// Longest time the server works on, or waits for a lock in, one of our statements.
const STATEMENT_LIMITS: [(&str, &str); 2] = [("statement_timeout", "60s"), ("lock_timeout", "15s")];
/// Enough for the runs of one process: each transaction is short.
const POOL_SIZE: u32 = 16;

/// The service, built and bound, not yet running.
#[derive(Debug)]
pub struct Service {
    lifecycle: Lifecycle,
    addrs: Addrs,
    admin: Admin,
    http: TcpListener,
    grpc: TcpListener,
    transport: Transport,
    sync: SyncApi,
    receiver: Receiver,
    scheduler: Scheduler,
    registrar: Registrar,
}

/// Where it listens.
#[derive(Debug, Clone, Copy)]
pub struct Addrs {
    /// The public port.
    pub http: SocketAddr,
    /// `quolum.ingest.v1`.
    pub grpc: SocketAddr,
    /// Probes and metrics.
    pub admin: SocketAddr,
}

impl Addrs {
    fn of(http: &TcpListener, grpc: &TcpListener, admin: &Admin) -> anyhow::Result<Self> {
        Ok(Self {
            http: http.local_addr()?,
            grpc: grpc.local_addr()?,
            admin: admin.local_addr()?,
        })
    }
}

impl Service {
    /// Connects to the database, binds every port, and starts connecting to the broker.
    pub async fn build(
        config: Config,
        clock: Clock,
        metrics: Option<PrometheusHandle>,
        lifecycle: Lifecycle,
    ) -> anyhow::Result<Self> {
        let store = Store::new(pool(&config).await?);
        store.require_schema().await?;
        let http = listen(config.http_addr, "INGEST_HTTP_ADDR").await?;
        let grpc = listen(config.grpc_addr, "INGEST_GRPC_ADDR").await?;
        let publisher = Publisher::spawn(broker(&config), &lifecycle);
        let admin = admin(&config, metrics, &store, &publisher).await?;
        let addrs = Addrs::of(&http, &grpc, &admin)?;
        let transport = config.tls.transport().context("INGEST_TLS_CERT")?;
        let credentials = Credentials::connect(config.auth_url.as_str(), &transport)
            .context("INGEST_AUTH_URL")?;
        let changes = Changes::default();
        let around = surroundings(&config, credentials.clone(), clock.clone())?;
        let subscriber = subscriber(&config, &store, &around, &lifecycle);
        let intake = Intake::spawn(&store, &publisher, &clock, &lifecycle);
        let receiver = Receiver::new(&subscriber, intake);
        let settings = run_settings(&config);
        let interval = settings.interval;
        let runner = Runner::new(settings, store.clone(), publisher, around, changes.clone());
        let scheduler = Scheduler::new(
            store.clone(),
            Arc::new(runner),
            clock.clone(),
            lifecycle.clone(),
        )
        .with_terms(LeaseTerms::of(config.lease));
        let sync = SyncApi {
            store: store.clone(),
            clock: clock.clone(),
            poke: scheduler.poke(),
            changes,
            lifecycle: lifecycle.clone(),
            stops: scheduler.stops(),
            interval,
            datasets: config.datasets.clone(),
            subscriber,
        };
        Ok(Self {
            lifecycle,
            addrs,
            admin,
            http,
            grpc,
            transport,
            sync,
            receiver,
            scheduler,
            registrar: Registrar {
                credentials,
                store,
                clock,
            },
        })
    }

    /// Where it listens.
    pub fn addrs(&self) -> Addrs {
        self.addrs
    }

    /// Puts every task on the lifecycle.
    pub fn spawn(self) {
        let Addrs { http, grpc, admin } = self.addrs;
        tracing::info!(%http, %grpc, %admin, "ingest-service is up");
        let lifecycle = &self.lifecycle;
        let stopping = lifecycle.stopping();
        let http_stop = stopping.clone();
        let http_server = axum::serve(self.http, http::router(self.receiver))
            .with_graceful_shutdown(async move { http_stop.cancelled().await });
        lifecycle.spawn("public port", http_server.into_future());
        let incoming = tls::incoming(self.grpc, &self.transport, lifecycle);
        lifecycle.spawn("grpc", serve_grpc(incoming, self.sync, lifecycle.clone()));
        self.transport.watch(lifecycle);
        lifecycle.spawn("registrar", self.registrar.run(stopping));
        lifecycle.spawn("scheduler", self.scheduler.run());
        self.admin.spawn(lifecycle);
    }
}

/// Brings the schema to this binary's version.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let pool = pool(config).await?;
    MIGRATIONS.run(&pool).await.context("migrations")
}

async fn pool(config: &Config) -> anyhow::Result<PgPool> {
    let url = config.database_url.expose_secret();
    let options: PgConnectOptions = url.parse().context("INGEST_DATABASE_URL")?;
    let options = options.options(STATEMENT_LIMITS);
    let connect = || {
        PgPoolOptions::new()
            .max_connections(POOL_SIZE)
            .acquire_timeout(ACQUIRE_DEADLINE)
            .connect_with(options.clone())
    };
    let waits = ConstantBuilder::default()
        .with_delay(Duration::from_secs(1))
        .with_max_times(DATABASE_PATIENCE);
    connect
        .retry(waits)
        .notify(|error, _| tracing::warn!(%error, "the database cannot be reached"))
        .await
        .context("INGEST_DATABASE_URL: the database cannot be reached")
}

async fn listen(addr: SocketAddr, setting: &'static str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr).await.context(setting)
}

fn broker(config: &Config) -> publisher::Settings {
    publisher::Settings {
        url: config.amqp_url.clone(),
        authority: config
            .amqp_ca
            .as_ref()
            .map(|pem| pem.expose_secret().to_owned()),
        exchange: config.facts_exchange.clone(),
    }
}

async fn admin(
    config: &Config,
    metrics: Option<PrometheusHandle>,
    store: &Store,
    publisher: &Publisher,
) -> anyhow::Result<Admin> {
    let (store, publisher) = (store.clone(), publisher.clone());
    let admin = Admin::bind(config.admin_addr)
        .await
        .context("INGEST_ADMIN_ADDR")?
        .with_check("database", move || {
            let store = store.clone();
            async move { store.ping().await.map_err(|_| "does not answer".to_owned()) }
        })
        .with_check("broker", move || std::future::ready(publisher.health()));
    Ok(match metrics {
        Some(metrics) => admin.with_metrics(metrics),
        None => admin,
    })
}

fn surroundings(
    config: &Config,
    credentials: Credentials,
    clock: Clock,
) -> anyhow::Result<Surroundings> {
    Ok(Surroundings {
        api: Api::new().context("the HTTP client cannot be built")?,
        regions: Regions {
            us: config.pagerduty_us_url.clone(),
            eu: config.pagerduty_eu_url.clone(),
        },
        credentials,
        retry: RetryPolicy::default(),
        clock,
    })
}

fn subscriber(
    config: &Config,
    store: &Store,
    around: &Surroundings,
    lifecycle: &Lifecycle,
) -> Subscriber {
    let (limit, share) = (config.rate_limit_per_minute, config.rate_share_percent);
    Subscriber {
        store: store.clone(),
        credentials: around.credentials.clone(),
        visits: Visits::new(around.clone(), limit, share, lifecycle.stopping()),
        public_url: config.public_url.clone(),
        secrets: Secrets::default(),
        clock: around.clock.clone(),
    }
}

fn run_settings(config: &Config) -> run::Settings {
    run::Settings {
        datasets: config.datasets.clone(),
        history: SignedDuration::from_hours(24 * i64::from(config.history_days)),
        interval: SignedDuration::try_from(config.sync_interval).unwrap_or(SignedDuration::MAX),
        rate_limit_per_minute: config.rate_limit_per_minute,
        rate_share_percent: config.rate_share_percent,
        incident_rate_share_percent: config.incident_rate_share_percent,
        analytics_per_day: config.analytics_per_day,
        concurrency: config.concurrency as usize,
        ..run::Settings::default()
    }
}

async fn serve_grpc(
    incoming: impl Stream<Item = std::io::Result<tls::Accepted>>,
    sync: SyncApi,
    lifecycle: Lifecycle,
) -> Result<(), tonic::transport::Error> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<SyncServiceServer<SyncApi>>().await;
    let stopping = lifecycle.stopping();
    Server::builder()
        .trace_fn(chassis::trace::grpc_server_span)
        .layer(CALLERS)
        .add_service(health_service)
        .add_service(SyncServiceServer::new(sync))
        .serve_with_incoming_shutdown(incoming, async move {
            stopping.cancelled().await;
        })
        .await
}
