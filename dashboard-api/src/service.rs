//! Puts the service together: the only place that builds the pool, the clients and the listeners,
//! and spawns tasks.

use std::{future::IntoFuture, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use chassis::{Clock, Lifecycle, admin::Admin};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use tokio::{net::TcpListener, sync::broadcast};

use crate::{
    config::{Config, Role},
    consumer::{Broker, Consumer},
    crunch::Cruncher,
    generations,
    http::{self, App, CursorKey, Origin, Parts},
    metrics::Metrics,
    notify::{Courier, Notifier, Vault},
    parked::ParkedQueue,
    peers::{Auth, Ingest},
    store::{Store, Unfit},
    upkeep::Upkeep,
};

/// How long the database may take to come up.
const DATABASE_PATIENCE: u32 = 30;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// News of generations that a slow listener may fall behind.
const NEWS: usize = 64;

/// The service before its tasks run.
#[derive(Debug)]
pub struct Service {
    store: Store,
    cruncher: Cruncher,
    consumer: Consumer,
    upkeep: Upkeep,
    notifier: Notifier,
    app: Arc<App>,
    http: TcpListener,
    admin: Admin,
    addrs: Addrs,
    role: Role,
    lifecycle: Lifecycle,
}

/// Where the service listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addrs {
    pub http: SocketAddr,
    pub admin: SocketAddr,
}

impl Service {
    /// Takes the ports and checks the database; nothing is served or consumed yet.
    pub async fn build(
        config: Config,
        clock: Clock,
        metrics: Option<PrometheusHandle>,
        lifecycle: Lifecycle,
    ) -> anyhow::Result<Self> {
        let broker = Broker::new(config.amqp_url.clone()).trusting(config.amqp_ca.as_ref());
        Self::build_with(config, broker, clock, metrics, lifecycle).await
    }

    /// The same with a broker whose names are its own, for tests that share one.
    pub async fn build_with(
        config: Config,
        broker: Broker,
        clock: Clock,
        metrics: Option<PrometheusHandle>,
        lifecycle: Lifecycle,
    ) -> anyhow::Result<Self> {
        let store = open(&config.database_url).await?;
        let cruncher = Cruncher::new(store.clone(), clock.clone(), Metrics);
        let parked = ParkedQueue::new(broker.clone());
        let consumer = Consumer::new(broker, store.clone(), cruncher.clone(), clock.clone());
        let http = TcpListener::bind(config.http_addr)
            .await
            .context("the HTTP port")?;
        let admin = Admin::bind(config.admin_addr)
            .await
            .context("the admin port")?;
        let addrs = Addrs {
            http: http.local_addr()?,
            admin: admin.local_addr()?,
        };
        let transport = config.tls.transport().context("DASHBOARD_TLS_CERT")?;
        transport.watch(&lifecycle);
        let auth = Auth::new(config.auth_url.as_str(), &transport).context("DASHBOARD_AUTH_URL")?;
        let ingest =
            Ingest::new(config.ingest_url.as_str(), &transport).context("DASHBOARD_INGEST_URL")?;
        let peers = (auth.clone(), ingest.clone());
        let upkeep = Upkeep::new(store.clone(), cruncher.clone(), peers, clock.clone())
            .keeping(config.retention_days);
        let vault = Vault::derive(&config.database_url).context("the destinations' key")?;
        let generations = broadcast::Sender::new(NEWS);
        let app = Arc::new(App::new(Parts {
            store: store.clone(),
            auth: auth.clone(),
            ingest,
            clock: clock.clone(),
            lifecycle: lifecycle.clone(),
            origin: Origin::of(&config.public_url),
            cursors: CursorKey::derive(&config.database_url).context("the cursors' key")?,
            generations: generations.clone(),
            parked,
            vault: vault.clone(),
            private_targets: config.allow_private_webhooks,
            form_targets: config.form_targets().to_owned(),
            per_minute: config.api_rate_per_minute,
        })?);
        let courier = Courier::new(auth, vault, config.allow_private_webhooks)?;
        let notifier = Notifier::new(store.clone(), courier, clock);
        let admin = with_checks(admin, metrics, &store, &consumer, config.role);
        Ok(Self {
            store,
            cruncher,
            consumer,
            upkeep,
            notifier,
            app,
            http,
            admin,
            addrs,
            role: config.role,
            lifecycle,
        })
    }

    pub fn addrs(&self) -> Addrs {
        self.addrs
    }

    /// Puts every task on the lifecycle.
    pub fn spawn(self) {
        let Addrs { http, admin } = self.addrs;
        tracing::info!(%http, %admin, role = ?self.role, "dashboard-api is up");
        let stopping = self.lifecycle.stopping();
        if self.role.consumes() {
            self.lifecycle
                .spawn("consumer", self.consumer.run(stopping.clone()));
            self.lifecycle
                .spawn("crunch", self.cruncher.run(stopping.clone()));
            self.lifecycle
                .spawn("upkeep", self.upkeep.run(stopping.clone()));
        }
        let sender = self.app.generations.clone();
        if self.role.consumes() {
            let news = self.notifier.run(sender.subscribe(), stopping.clone());
            self.lifecycle.spawn("notifications", news);
        }
        let news = generations::listen(self.store.pool().clone(), sender, stopping.clone());
        self.lifecycle.spawn("news of generations", news);
        if self.role.serves() {
            let router = http::router(self.app);
            let server = axum::serve(self.http, router)
                .with_graceful_shutdown(async move { stopping.cancelled().await });
            self.lifecycle.spawn("http", server.into_future());
        }
        self.admin.spawn(&self.lifecycle);
    }
}

/// The database, once it answers and is fit to serve from.
pub async fn open(url: &SecretString) -> anyhow::Result<Store> {
    let store = Store::lazy(url).context("DASHBOARD_DATABASE_URL")?;
    let mut tries = 0;
    loop {
        match store.check_fitness().await {
            Ok(()) => return Ok(store),
            Err(Unfit::Database(error)) if tries < DATABASE_PATIENCE => {
                tracing::warn!(%error, "the database does not answer yet");
                tries += 1;
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            Err(unfit) => return Err(unfit).context("the database cannot be used"),
        }
    }
}

fn with_checks(
    admin: Admin,
    metrics: Option<PrometheusHandle>,
    store: &Store,
    consumer: &Consumer,
    role: Role,
) -> Admin {
    let (store, consumer) = (store.clone(), consumer.clone());
    let mut admin = admin.with_check("database", move || {
        let store = store.clone();
        async move { store.ping().await.map_err(|_| "does not answer".to_owned()) }
    });
    if role.consumes() {
        admin = admin.with_check("broker", move || {
            let connected = consumer.is_connected();
            async move {
                connected
                    .then_some(())
                    .ok_or_else(|| "not consuming".to_owned())
            }
        });
    }
    match metrics {
        Some(metrics) => admin.with_metrics(metrics),
        None => admin,
    }
}
