//! A subscriber that answers as it is told, and remembers what it got.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken harness must fail loudly"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// One delivery.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) webhook_id: String,
    pub(crate) signatures: Vec<String>,
    pub(crate) raw: Vec<u8>,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Desk {
    answers: Mutex<VecDeque<u16>>,
    got: Mutex<Vec<Got>>,
}

pub(crate) struct Listener {
    pub(crate) url: String,
    desk: Arc<Desk>,
    server: tokio::task::JoinHandle<()>,
}

impl Listener {
    /// Answers these statuses in turn, then 202.
    pub(crate) async fn open(answers: Vec<u16>) -> Self {
        let desk = Arc::new(Desk {
            answers: Mutex::new(answers.into()),
            got: Mutex::default(),
        });
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        let router = Router::new()
            .route("/hook", post(take))
            .with_state(desk.clone());
        let mut set = tokio::task::JoinSet::new();
        set.spawn(async move { axum::serve(socket, router).await.unwrap() });
        let server = tokio::runtime::Handle::current().spawn(async move {
            set.join_next().await;
        });
        Self { url, desk, server }
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.desk.got.lock().unwrap().clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let signatures = header("x-pagerduty-signature");
    let signatures = signatures.split(',').map(|one| one.trim().to_owned());
    desk.got.lock().unwrap().push(Got {
        webhook_id: header("x-webhook-id"),
        signatures: signatures.collect(),
        raw: raw.to_vec(),
        body: serde_json::from_slice(&raw).unwrap(),
    });
    let answer = desk.answers.lock().unwrap().pop_front();
    StatusCode::from_u16(answer.unwrap_or(202)).unwrap()
}

/// `v1=` and the HMAC of the body.
pub(crate) fn sign(secret: &str, raw: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(raw);
    format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}
