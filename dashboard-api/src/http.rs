//! The front door: the JSON API, the consent round trip, sign-in and the page. Handlers parse, ask
//! and render; decisions are made elsewhere.

mod access;
mod answer;
mod asked;
mod connect;
mod connections;
mod cookies;
mod cursor;
mod events;
mod features;
mod headers;
mod licenses;
mod overview;
mod page;
mod problem;
mod session;
mod shapes;
mod sign_in;
mod sync;
mod user;
mod users;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use chassis::{Clock, Lifecycle};
use tokio::sync::broadcast;
use utoipa::{OpenApi, openapi::OpenApi as Document};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{access::Sessions, headers::SecurityHeaders, problem::Problem};
pub use self::{cookies::Origin, cursor::CursorKey};
use crate::{
    generations::NewGeneration,
    metrics::Metrics,
    peers::{Auth, Ingest},
    store::Store,
};

/// Largest body of any request; ours are short forms.
const BODY_LIMIT: usize = 64 * 1024;

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
    pub(crate) sessions: Sessions,
    pub(crate) security: SecurityHeaders,
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
    /// Where the Connect form may lead besides ourselves, as CSP sources.
    pub form_targets: String,
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
            sessions: Sessions::default(),
        })
    }
}

type Shared = Arc<App>;

#[derive(OpenApi)]
#[openapi(info(
    title = "quolum",
    description = "Who uses what of PagerDuty. Every answer names its generation and the instant it speaks for.",
))]
struct Api;

fn api() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(session::show))
        .routes(routes!(connections::list))
        .routes(routes!(connections::start_sync))
        .routes(routes!(connections::disconnect))
        .routes(routes!(events::follow))
        .routes(routes!(overview::show))
        .routes(routes!(features::list))
        .routes(routes!(users::list))
        .routes(routes!(user::show))
        .routes(routes!(licenses::list))
}

/// The document that describes the JSON API.
pub fn openapi() -> Document {
    api().split_for_parts().1
}

/// All routes.
pub fn router(app: Shared) -> Router {
    let (api, document) = api().split_for_parts();
    let document = Arc::new(document);
    let routes = api
        .route(
            "/api/openapi.json",
            get(async move || Json((*document).clone())),
        )
        .route("/sign-in", post(sign_in::redeem).get(page::index))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/connect/pagerduty", post(connect::begin))
        .route("/connect/callback", get(connect::complete))
        .route("/assets/{*path}", get(page::asset))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .route_layer(middleware::from_fn_with_state(app.clone(), access::guard))
        .fallback(page::fallback);
    routes
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(app.clone(), headers::dress))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_description_is_the_one_the_code_makes() {
        let committed: serde_json::Value =
            serde_json::from_str(include_str!("../openapi.json")).expect("JSON");
        let made = serde_json::to_value(super::openapi()).expect("serializes");
        assert_eq!(
            committed, made,
            "run `dashboard-api openapi > dashboard-api/openapi.json`"
        );
    }
}
