//! The routes with their layers, and the listeners.
//!
//! From outside in: ledger → faults → (REST only) content headers → rate limit → authentication → handlers.

use std::net::SocketAddr;

use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use http::StatusCode;

use crate::account::Region;
use crate::authentication::{authenticate, content_headers, error_body};
use crate::state::{AppState, BaseUrl};
use crate::tls::Certificates;
use crate::{control, faults, identity, ledger, rate_limit, rest, truth};

/// Everything the simulator serves on one listener.
pub fn router(state: &AppState, base: BaseUrl) -> Router {
    let played = Router::new()
        .nest(Region::Eu.path_prefix(), api(state, Region::Eu))
        .merge(identity::router())
        .merge(api(state, Region::Us))
        .layer(from_fn_with_state(state.clone(), faults::inject))
        .layer(from_fn_with_state(state.clone(), ledger::record));
    let sim = Router::new()
        .merge(control::router())
        .nest("/sim/truth", truth::router())
        .layer(from_fn(control::loopback_only));
    Router::new()
        .merge(played)
        .merge(sim)
        .layer(Extension(base))
        .with_state(state.clone())
}

/// The REST API of one region.
fn api(state: &AppState, region: Region) -> Router<AppState> {
    rest::router()
        .fallback(not_found)
        .layer(from_fn_with_state((state.clone(), region), authenticate))
        .layer(from_fn_with_state(state.clone(), rate_limit::enforce_daily))
        .layer(from_fn_with_state(state.clone(), rate_limit::enforce))
        .layer(from_fn(content_headers))
}

async fn not_found(_: Request) -> Response {
    (
        StatusCode::NOT_FOUND,
        Json(error_body("Not Found", 2100, &[])),
    )
        .into_response()
}

/// A bound listener, ready to serve.
#[derive(Debug)]
pub struct Listener {
    socket: std::net::TcpListener,
    /// The address it is bound to.
    pub address: SocketAddr,
}

impl Listener {
    /// Binds; port 0 takes a free one.
    pub fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let socket = std::net::TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Serves until the handle says stop; over TLS when there are certificates.
    pub async fn serve(
        self,
        router: Router,
        certificates: Option<&Certificates>,
        handle: Handle<SocketAddr>,
    ) -> std::io::Result<()> {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        if let Some(certificates) = certificates {
            let config = RustlsConfig::from_config(certificates.server.clone());
            axum_server::from_tcp_rustls(self.socket, config)?
                .handle(handle)
                .serve(service)
                .await
        } else {
            axum_server::from_tcp(self.socket)?
                .handle(handle)
                .serve(service)
                .await
        }
    }
}
