//! A caller at one account's REST API, without sockets: the real router, the real world, a fixed time.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "each test binary uses a part of it; a broken harness must fail loudly"
)]

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use axum::{Extension, Router};
use http_body_util::BodyExt;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use pagerduty_sim::caller::{Caller, TokenKind};
use pagerduty_sim::state::{AppState, BaseUrl};
use pagerduty_sim::world::Size;
use pagerduty_sim::{Options, Simulator, rest, truth};
use serde_json::Value;
use tower::ServiceExt;

/// The history's last day.
pub(crate) const ANCHOR: Date = date(2026, 1, 15);
/// Noon of the anchor.
pub(crate) const NOW: &str = "2026-01-15T12:00:00Z";
pub(crate) const API: &str = "https://api.sim.example";

pub(crate) struct Office {
    simulator: Simulator,
    router: Router,
    pub(crate) caller: Caller,
}

/// Status and body; a body that is not JSON is null.
pub(crate) type Reply = (u16, Value);

impl Office {
    pub(crate) async fn open(size: Size) -> Self {
        Self::seeded(size, 1).await
    }

    /// An office of acme's admin with a Classic token that may write.
    pub(crate) async fn seeded(size: Size, seed: u64) -> Self {
        let options = Options {
            size,
            seed,
            anchor: Some(ANCHOR),
            rate_limit: None,
            ..Options::default()
        };
        let simulator = Simulator::start(options).await.expect("simulator starts");
        let clock = &simulator.state().clock;
        let now: Timestamp = NOW.parse().expect("instant");
        // Half a second in, so that the wait for the next whole second never matters within a test.
        clock.advance(now.as_second() - clock.now().as_second());
        let account = simulator.state().account("acme").expect("acme").clone();
        let caller = Caller {
            user_id: Some(account.admin.user_id.clone()),
            role: account.admin.role(),
            region: account.region,
            account,
            scopes: ["openid", "write"].map(str::to_owned).into(),
            client_id: "classic-app".to_owned(),
            kind: TokenKind::Classic,
        };
        let router = rest::router()
            .nest("/sim/truth", truth::router())
            .layer(Extension(BaseUrl(Arc::from(API))))
            .with_state(simulator.state().clone());
        Self {
            simulator,
            router,
            caller,
        }
    }

    pub(crate) fn state(&self) -> &AppState {
        self.simulator.state()
    }

    pub(crate) fn now(&self) -> i64 {
        self.state().clock.now().as_second()
    }

    pub(crate) fn with_scopes(&self, kind: TokenKind, scopes: &[&str]) -> Caller {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Caller {
            kind,
            scopes,
            ..self.caller.clone()
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.get_as(&self.caller, path).await
    }

    /// The body of an answer that must be 200.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn get_as(&self, caller: &Caller, path: &str) -> Reply {
        let request = Request::get(path).body(Body::empty()).expect("request");
        self.send(caller, request).await
    }

    pub(crate) async fn post_as(&self, caller: &Caller, path: &str, body: &Value) -> Reply {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(
            caller,
            request.body(Body::from(body.to_string())).expect("request"),
        )
        .await
    }

    async fn send(&self, caller: &Caller, mut request: Request<Body>) -> Reply {
        request.extensions_mut().insert(caller.clone());
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        let status = response.status().as_u16();
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("body")
            .to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    /// All rows of a list within offset reach; `path` ends with a query.
    pub(crate) async fn all(&self, path: &str, name: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        loop {
            let body = self
                .read(&format!("{path}&limit=100&offset={}", rows.len()))
                .await;
            rows.extend(body[name].as_array().expect("rows").clone());
            if body["more"] == false {
                return rows;
            }
        }
    }
}
