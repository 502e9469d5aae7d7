//! The front door: the JSON API, the consent round trip, sign-in and the page. Handlers parse, ask
//! and render; decisions are made elsewhere.

mod access;
mod addons;
mod answer;
mod api;
mod api_keys;
mod asked;
mod audit_log;
mod body;
mod connect;
mod connections;
mod cookies;
mod cursor;
mod datasets;
mod docs;
mod events;
mod evidence;
mod export;
mod features;
mod finance;
mod headers;
mod heads;
mod idempotency;
mod invitations;
mod licenses;
mod limits;
mod members;
mod money;
mod oncall_load;
mod opened;
mod overview;
mod page;
mod privacy;
mod problem;
mod recommendations;
mod routes;
mod session;
mod settings;
mod shapes;
mod sign_in;
mod stream;
mod sync;
mod teams;
mod user;
mod users;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use chassis::{Clock, Lifecycle};
use jiff::civil::Date;
use tokio::sync::{Semaphore, broadcast};

use self::{
    access::Sessions, answer::Answers, events::Streams, headers::SecurityHeaders, heads::Heads,
    limits::Limits, problem::Problem,
};
pub use self::{
    api::openapi,
    cookies::Origin,
    cursor::CursorKey,
    routes::{AccessLine, access_table},
};
use crate::{
    generations::NewGeneration,
    metrics::Metrics,
    notify::Vault,
    parked::ParkedQueue,
    peers::{Auth, Ingest},
    store::Store,
};

/// Largest body of any request; ours are short forms.
const BODY_LIMIT: usize = 64 * 1024;
/// Files that are written at the same time; each holds a connection to the database.
const EXPORTS: usize = 4;

/// What handlers share.
#[derive(Debug)]
pub struct App {
    pub store: Store,
    pub auth: Auth,
    pub ingest: Ingest,
    pub clock: Clock,
    pub metrics: Metrics,
    pub lifecycle: Lifecycle,
    /// Where browsers see us.
    pub origin: Origin,
    pub cursors: CursorKey,
    pub generations: broadcast::Sender<NewGeneration>,
    pub parked: ParkedQueue,
    pub vault: Vault,
    /// News may go to addresses of a private network.
    pub private_targets: bool,
    pub(crate) sessions: Sessions,
    pub(crate) security: SecurityHeaders,
    pub(crate) heads: Heads,
    pub(crate) answers: Answers,
    pub(crate) limits: Limits,
    pub(crate) parameters: api::Parameters,
    pub(crate) exports: Arc<Semaphore>,
    pub(crate) streams: Streams,
}

/// The parts of an [`App`] that only the service can make.
#[derive(Debug)]
pub struct Parts {
    pub store: Store,
    pub auth: Auth,
    pub ingest: Ingest,
    pub clock: Clock,
    pub lifecycle: Lifecycle,
    pub origin: Origin,
    pub cursors: CursorKey,
    pub generations: broadcast::Sender<NewGeneration>,
    pub parked: ParkedQueue,
    pub vault: Vault,
    pub private_targets: bool,
    /// Where the Connect form may lead besides ourselves, as CSP sources.
    pub form_targets: String,
    /// Requests of one session or key in a minute.
    pub per_minute: u32,
}

impl App {
    pub fn new(parts: Parts) -> anyhow::Result<Self> {
        Ok(Self {
            security: SecurityHeaders::new(&parts.form_targets)?,
            store: parts.store,
            auth: parts.auth,
            ingest: parts.ingest,
            clock: parts.clock,
            metrics: Metrics,
            lifecycle: parts.lifecycle,
            origin: parts.origin,
            cursors: parts.cursors,
            generations: parts.generations,
            parked: parts.parked,
            vault: parts.vault,
            private_targets: parts.private_targets,
            sessions: Sessions::default(),
            heads: Heads::default(),
            answers: Answers::default(),
            limits: Limits::new(parts.per_minute),
            parameters: api::parameters(),
            exports: Arc::new(Semaphore::new(EXPORTS)),
            streams: Streams::default(),
        })
    }

    /// The calendar day by UTC.
    fn today(&self) -> Date {
        self.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date()
    }
}

type Shared = Arc<App>;

/// All routes.
pub fn router(app: Shared) -> Router {
    let (api, _) = api::api().split_for_parts();
    let routes = api
        .route("/api/openapi.json", get(docs::document))
        .route("/api/docs", get(docs::page))
        .route("/sign-in", post(sign_in::redeem).get(page::index))
        .route("/sign-in/oidc", post(sign_in::begin_oidc))
        .route("/sign-in/oidc/callback", get(sign_in::complete_oidc))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/connect/pagerduty", post(connect::begin))
        .route("/connect/callback", get(connect::complete))
        .route("/invite/accept", post(invitations::accept))
        .route("/assets/{*path}", get(page::asset))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .route_layer(middleware::from_fn_with_state(app.clone(), access::guard))
        .fallback(page::fallback);
    routes
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(app.clone(), headers::dress))
        .with_state(app)
}
