//! The running service: the only place that builds pools, clients and listeners and spawns tasks.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use backon::{ConstantBuilder, Retryable};
use chassis::{
    Clock, Lifecycle,
    admin::Admin,
    tls::{self, Transport},
};
use metrics_exporter_prometheus::PrometheusHandle;
use proto::auth::v1::{
    audit_service_server::AuditServiceServer, connection_service_server::ConnectionServiceServer,
    consent_service_server::ConsentServiceServer,
    credential_service_server::CredentialServiceServer,
    identity_service_server::IdentityServiceServer,
    invitation_service_server::InvitationServiceServer, member_service_server::MemberServiceServer,
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::net::TcpListener;
use tonic::transport::Server;
use uuid::Uuid;

use crate::{
    config::Config,
    consent::{Consents, Provider},
    consent_clock::ConsentClock,
    grpc::{MESSAGE_LIMIT, access::CALLERS, audit::Audit},
    keys,
    mail::Mailer,
    metrics::Metrics,
    pagerduty::{http::Http, id_token::Expected, jwks::Jwks, token::TokenEndpoint},
    refresh::Refresher,
    refresh_ahead::RefreshAhead,
    store::Store,
    vault::Vault,
};

use grants::Grants;
use people::People;

mod grants;
mod people;

/// A service with our message limit in both directions; the generated types share no trait for it.
macro_rules! capped {
    ($service:expr) => {
        $service
            .max_decoding_message_size(MESSAGE_LIMIT)
            .max_encoding_message_size(MESSAGE_LIMIT)
    };
}
/// Connections to the database of one replica.
const POOL_SIZE: u32 = 10;
/// Longest wait for one of them.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// No statement of ours takes longer; a lock that does is given up.
const STATEMENT_LIMIT: &str = "10s";
/// How long a database that is not there yet is waited for at start.
const DATABASE_WAIT: Duration = Duration::from_secs(30);
/// Longest gRPC call: an exchange with PagerDuty and its transactions.
const CALL_LIMIT: Duration = Duration::from_secs(28);

/// Where the service listens.
#[derive(Debug, Clone, Copy)]
pub struct Addrs {
    /// gRPC.
    pub grpc: SocketAddr,
    /// Probes and metrics.
    pub admin: SocketAddr,
}

/// The service, bound and not yet serving.
pub struct Service {
    addrs: Addrs,
    listener: TcpListener,
    transport: Transport,
    admin: Admin,
    consents: Consents,
    people: People,
    grants: Grants,
    lifecycle: Lifecycle,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("addrs", &self.addrs)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Connects, checks schema and vault keys, and takes the ports.
    pub async fn build(
        config: Config,
        clock: Clock,
        metrics: Option<PrometheusHandle>,
        lifecycle: Lifecycle,
    ) -> anyhow::Result<Self> {
        let store = open_store(&config.database_url).await?;
        check_schema(&store).await?;
        check_keys(&store, &config.vault).await?;
        keys::replenish(&store, &config.vault, clock.now()).await?;
        let provider = provider(&config)?;
        let transport = config.tls.transport().context("AUTH_TLS_CERT")?;
        let listener = TcpListener::bind(config.grpc_addr)
            .await
            .context("bind AUTH_GRPC_ADDR")?;
        let mut admin = Admin::bind(config.admin_addr)
            .await
            .context("bind AUTH_ADMIN_ADDR")?;
        if let Some(metrics) = metrics {
            admin = admin.with_metrics(metrics);
        }
        let pinged = store.clone();
        let admin = admin.with_check("database", move || {
            let store = pinged.clone();
            async move { store.ping().await.map_err(|_| "no answer".to_owned()) }
        });
        let addrs = Addrs {
            grpc: listener.local_addr()?,
            admin: admin.local_addr()?,
        };
        let refresher = Refresher {
            store: store.clone(),
            vault: config.vault.clone(),
            endpoint: provider.as_ref().map(|provider| provider.endpoint.clone()),
            clock: clock.clone(),
            lifecycle: lifecycle.clone(),
            metrics: Metrics,
            holder: Uuid::new_v4(),
        };
        let consents = Consents {
            store,
            vault: config.vault,
            provider,
            public_url: config.redirect_url,
            clock,
            lifecycle: lifecycle.clone(),
            metrics: Metrics,
        };
        let grants = Grants::new(&consents, refresher, &config.identity)?;
        let people = People::new(&consents, config.mail.as_ref(), config.oidc)?;
        Ok(Self {
            addrs,
            listener,
            transport,
            admin,
            consents,
            people,
            grants,
            lifecycle,
        })
    }

    /// Where it listens.
    pub fn addrs(&self) -> Addrs {
        self.addrs
    }

    /// The reconciler that refreshes ahead, for tests that call its `step` themselves.
    pub fn refresh_ahead(&self) -> RefreshAhead {
        self.grants.ahead.clone()
    }

    /// The reconciler that tells of accesses about to end, for the same.
    pub fn consent_clock(&self) -> ConsentClock {
        self.grants.clock.clone()
    }

    /// The reconciler that sends mail, for tests that call its `step` themselves.
    pub fn mailer(&self) -> Mailer {
        self.people.mailer.clone()
    }

    /// Puts all tasks on the lifecycle.
    pub fn spawn(self) {
        let reconciler = self.refresh_ahead();
        let stopping = self.lifecycle.stopping();
        let (store, clock) = (self.consents.store.clone(), self.consents.clock.clone());
        let (_, health) = tonic_health::server::health_reporter();
        let server = Server::builder()
            .trace_fn(chassis::trace::grpc_server_span)
            .timeout(CALL_LIMIT)
            .layer(CALLERS)
            .add_service(health)
            .add_service(capped!(IdentityServiceServer::new(self.people.identity)))
            .add_service(capped!(MemberServiceServer::new(self.people.members)))
            .add_service(capped!(InvitationServiceServer::new(
                self.people.invitations
            )))
            .add_service(capped!(AuditServiceServer::new(Audit { store, clock })))
            .add_service(capped!(ConnectionServiceServer::new(
                self.grants.connections
            )))
            .add_service(capped!(ConsentServiceServer::new(self.consents)))
            .add_service(capped!(CredentialServiceServer::new(
                self.grants.credentials
            )))
            .serve_with_incoming_shutdown(
                tls::incoming(self.listener, &self.transport, &self.lifecycle),
                stopping.clone().cancelled_owned(),
            );
        self.lifecycle.spawn("grpc", server);
        self.transport.watch(&self.lifecycle);
        self.lifecycle
            .spawn("refresh ahead", reconciler.run(stopping.clone()));
        self.lifecycle
            .spawn("consent clock", self.grants.clock.run(stopping.clone()));
        self.lifecycle
            .spawn("mail", self.people.mailer.run(stopping));
        self.admin.spawn(&self.lifecycle);
        tracing::info!(grpc = %self.addrs.grpc, admin = %self.addrs.admin, "auth-service listens");
    }
}

/// Opens the pool, waiting a while for a database that is just starting.
pub async fn open_store(url: &SecretString) -> anyhow::Result<Store> {
    let options: PgConnectOptions = url
        .expose_secret()
        .parse()
        .map_err(|_| anyhow::anyhow!("AUTH_DATABASE_URL is no PostgreSQL address"))?;
    let options = options.application_name("auth-service").options([
        ("statement_timeout", STATEMENT_LIMIT),
        ("idle_in_transaction_session_timeout", STATEMENT_LIMIT),
    ]);
    let connect = async || -> Result<PgPool, sqlx::Error> {
        PgPoolOptions::new()
            .max_connections(POOL_SIZE)
            .acquire_timeout(ACQUIRE_LIMIT)
            .connect_with(options.clone())
            .await
    };
    let every_second = ConstantBuilder::default()
        .with_delay(Duration::from_secs(1))
        .without_max_times();
    let pool = (|| connect()).retry(every_second).notify(
        |error: &sqlx::Error, _| tracing::warn!(%error, "the database cannot be reached yet"),
    );
    let pool = tokio::time::timeout(DATABASE_WAIT, pool).await;
    let pool = pool.context("the database did not answer within 30 s")??;
    Ok(Store::new(pool))
}

async fn check_schema(store: &Store) -> anyhow::Result<()> {
    let missing = store.missing_migrations().await?;
    ensure!(
        missing.is_empty(),
        "the schema is older than this binary (migrations {missing:?}); run `auth-service migrate`"
    );
    Ok(())
}

/// A secret that cannot be opened any more is found at start and not when somebody needs it.
async fn check_keys(store: &Store, vault: &Vault) -> anyhow::Result<()> {
    let missing = keys::missing(store, vault).await?;
    ensure!(
        missing.is_empty(),
        "AUTH_VAULT_KEYS lacks the key(s) {} that stored secrets are sealed with",
        missing.join(", ")
    );
    Ok(())
}

fn provider(config: &Config) -> anyhow::Result<Option<Provider>> {
    let Some(app) = &config.app else {
        tracing::warn!("no PagerDuty app is configured; nothing can be connected");
        return Ok(None);
    };
    let identity = &config.identity;
    let http = Http::new().context("build the HTTP client")?;
    let endpoint = TokenEndpoint::new(app, &identity.url, &config.redirect_url, http.clone())
        .context("AUTH_PAGERDUTY_IDENTITY_URL makes no address")?;
    Ok(Some(Provider {
        kind: app.kind,
        endpoint,
        jwks: Arc::new(Jwks::new(&identity.url, http)),
        expected: Expected {
            client_id: app.client_id.clone(),
            issuers: identity.issuers.clone(),
            api_urls: identity.api_urls.clone(),
        },
    }))
}
