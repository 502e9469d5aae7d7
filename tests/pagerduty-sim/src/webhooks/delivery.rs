//! One delivery: signed, posted, tried again, given up.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use uuid::Uuid;

use super::book::Delivered;
use super::{LANES, Webhooks};
use crate::state::AppState;

/// PagerDuty waits no longer for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The pause before the second attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Seconds after which PagerDuty gives a delivery up.
const GIVEN_UP_SECONDS: i64 = 48 * 3_600;

/// An event on its way to a subscription.
#[derive(Debug)]
pub(crate) struct Parcel {
    n: u64,
    subscription: String,
    epoch: u64,
    webhook_id: String,
    body: Arc<str>,
    since: Instant,
    emitted_at: i64,
}

/// What to send to whom.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) subscription: String,
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    /// Events of the same resource wait for each other.
    pub(crate) resource: String,
    pub(crate) body: Arc<str>,
}

impl Webhooks {
    /// Starts the workers.
    pub fn start(&self, state: &AppState) {
        let Ok(client) = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .tls_danger_accept_invalid_certs(true)
            .build()
        else {
            return;
        };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..LANES {
            let (sender, receiver) = unbounded_channel();
            lanes.push(sender);
            let (state, client) = (state.clone(), client.clone());
            let stop = self.stop.clone();
            self.tasks.spawn(async move {
                stop.run_until_cancelled(work(state, client, receiver))
                    .await;
            });
        }
    }

    /// Puts a letter into the queue of its subscription, unless that is off.
    pub(crate) fn post(&self, letter: Letter, now: jiff::Timestamp) {
        let webhook_id = Uuid::new_v4().to_string();
        let mut book = self.book();
        let Some(subscription) = book.subscriptions.get(&letter.subscription) else {
            return;
        };
        if subscription.is_disabled(now) {
            return;
        }
        let epoch = subscription.epoch;
        let n = book.open(Delivered {
            n: 0,
            subscription: letter.subscription.clone(),
            webhook_id: webhook_id.clone(),
            event_id: letter.event_id,
            event_type: letter.event_type,
            attempts: 0,
            status: None,
            state: "pending",
            post_ms: 0,
            total_ms: 0,
        });
        drop(book);
        let mut hasher = DefaultHasher::new();
        (&letter.subscription, &letter.resource).hash(&mut hasher);
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = hasher.finish() as usize % lanes.len().max(1);
        if let Some(sender) = lanes.get(lane) {
            // The receiver lives as long as the simulator.
            let _ = sender.send(Parcel {
                n,
                subscription: letter.subscription,
                epoch,
                webhook_id,
                body: letter.body,
                since: Instant::now(),
                emitted_at: now.as_second(),
            });
        }
    }
}

async fn work(state: AppState, client: reqwest::Client, mut parcels: UnboundedReceiver<Parcel>) {
    while let Some(parcel) = parcels.recv().await {
        deliver(&state, &client, &parcel).await;
    }
}

async fn deliver(state: &AppState, client: &reqwest::Client, parcel: &Parcel) {
    let mut pause = FIRST_PAUSE;
    loop {
        let age = state.clock.now().as_second() - parcel.emitted_at;
        let Some(request) = request(state, client, parcel).filter(|_| age < GIVEN_UP_SECONDS)
        else {
            return finish(state, parcel, "lost");
        };
        let started = Instant::now();
        let status = request.send().await.ok().map(|answer| answer.status());
        let code = status.map(|status| status.as_u16());
        let took = started.elapsed().as_millis() as u64;
        state.webhooks.book().tried(parcel.n, code, took);
        match status {
            Some(status) if status.is_success() => return finish(state, parcel, "accepted"),
            Some(status) if status.is_client_error() && status.as_u16() != 429 => {
                return finish(state, parcel, "dropped");
            }
            _ => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn finish(state: &AppState, parcel: &Parcel, outcome: &'static str) {
    let mut book = state.webhooks.book();
    book.close(parcel.n, outcome, parcel.since.elapsed().as_millis() as u64);
    if outcome != "lost" {
        let now = state.clock.now();
        book.judge(&parcel.subscription, outcome == "accepted", now);
    }
}

/// The signed request; nothing when the subscription is gone or its queue was lost.
fn request(
    state: &AppState,
    client: &reqwest::Client,
    parcel: &Parcel,
) -> Option<reqwest::RequestBuilder> {
    let book = state.webhooks.book();
    let subscription = book.subscriptions.get(&parcel.subscription)?;
    if subscription.epoch != parcel.epoch || !subscription.active {
        return None;
    }
    let right = signature(&subscription.secret, &parcel.body);
    let other = signature("the secret of yesterday", &parcel.body);
    let signatures = match (book.is_signed_twice, book.is_signed_wrongly) {
        (_, true) => other,
        (true, false) => format!("{other},{right}"),
        (false, false) => right,
    };
    let mut request = client
        .post(&subscription.url)
        .header("content-type", "application/json")
        .header("user-agent", "PagerDuty-Webhook/V3.0")
        .header("x-webhook-id", &parcel.webhook_id)
        .header("x-webhook-subscription", &subscription.id)
        .header("x-pagerduty-signature", signatures);
    for (name, value) in &subscription.headers {
        request = request.header(name, value);
    }
    Some(request.body(parcel.body.to_string()))
}

/// `v1=` and the hexadecimal HMAC-SHA256 of the raw body.
fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(body.as_bytes());
    format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_hmac_of_the_body() {
        // RFC 4231, test case 2.
        let expected = "v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", "what do ya want for nothing?"), expected);
    }
}
