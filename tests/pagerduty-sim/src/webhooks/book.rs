//! Who has subscribed to what, and what became of every delivery.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Drops in a row after which a subscription is disabled.
const DROPS: u32 = 3;
/// Seconds for which it is.
const DISABLED_SECONDS: i64 = 86_400;
/// Deliveries remembered one by one.
const KEPT: usize = 20_000;

/// A webhook subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Id.
    pub id: String,
    /// Subdomain of the account.
    pub account: String,
    /// Where events go.
    pub url: String,
    /// Which events.
    pub events: BTreeSet<String>,
    /// `account_reference`, `service_reference` or `team_reference`.
    pub filter_type: String,
    /// Which service or team.
    pub filter_id: Option<String>,
    /// Words.
    pub description: String,
    /// Whether it is switched on.
    pub active: bool,
    /// What deliveries are signed with.
    pub secret: String,
    /// Headers that are sent along.
    pub headers: BTreeMap<String, String>,
    /// Drops since the last accepted delivery.
    pub drops: u32,
    /// Until when nothing is delivered.
    pub disabled_until: Option<Timestamp>,
    /// Rises when the queue is lost.
    pub epoch: u64,
}

impl Subscription {
    /// Whether PagerDuty has given up on it for now.
    pub fn is_disabled(&self, now: Timestamp) -> bool {
        self.disabled_until.is_some_and(|until| now < until)
    }

    /// As the API shows it; the secret only once.
    pub(crate) fn json(&self, now: Timestamp, with_secret: bool) -> Value {
        let headers = self
            .headers
            .keys()
            .map(|name| json!({"name": name, "value": "-- redacted --"}));
        let mut filter = json!({"type": self.filter_type});
        if let Some(id) = &self.filter_id {
            filter["id"] = json!(id);
        }
        json!({
            "id": self.id,
            "type": "webhook_subscription",
            "active": self.active,
            "description": self.description,
            "events": self.events,
            "filter": filter,
            "delivery_method": {
                "id": format!("{}D", self.id),
                "type": "http_delivery_method",
                "url": self.url,
                "secret": with_secret.then_some(&self.secret),
                "temporarily_disabled": self.is_disabled(now),
                "custom_headers": headers.collect::<Vec<_>>(),
            },
        })
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Serialize)]
pub struct Delivered {
    /// Counts up from 1.
    pub n: u64,
    /// Subscription.
    pub subscription: String,
    /// The `X-Webhook-Id`.
    pub webhook_id: String,
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// POSTs made.
    pub attempts: u32,
    /// The last status; absent when there was none.
    pub status: Option<u16>,
    /// `pending`, `accepted`, `dropped` or `lost`.
    pub state: &'static str,
    /// Milliseconds the last POST took.
    pub post_ms: u64,
    /// Milliseconds from emission to acceptance.
    pub total_ms: u64,
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    pub(crate) deliveries: VecDeque<Delivered>,
    pub(crate) last_n: u64,
    pub(crate) sent: u64,
    pub(crate) pending: u64,
    pub(crate) accepted: u64,
    pub(crate) dropped: u64,
    pub(crate) lost: u64,
    pub(crate) posts: u64,
    pub(crate) post_ms: Vec<u64>,
    pub(crate) total_ms: Vec<u64>,
    pub(crate) is_signed_twice: bool,
    pub(crate) is_signed_wrongly: bool,
}

impl Book {
    pub(crate) fn open(&mut self, mut delivered: Delivered) -> u64 {
        self.last_n += 1;
        self.sent += 1;
        self.pending += 1;
        delivered.n = self.last_n;
        self.deliveries.push_back(delivered);
        if self.deliveries.len() > KEPT {
            self.deliveries.pop_front();
        }
        self.last_n
    }

    fn entry(&mut self, n: u64) -> Option<&mut Delivered> {
        let first = self.deliveries.front()?.n;
        let at = usize::try_from(n.checked_sub(first)?).ok()?;
        self.deliveries.get_mut(at)
    }

    /// A POST was made.
    pub(crate) fn tried(&mut self, n: u64, status: Option<u16>, post_ms: u64) {
        self.posts += 1;
        if let Some(entry) = self.entry(n) {
            entry.attempts += 1;
            entry.status = status;
            entry.post_ms = post_ms;
        }
    }

    /// The delivery is over.
    pub(crate) fn close(&mut self, n: u64, state: &'static str, total_ms: u64) {
        self.pending = self.pending.saturating_sub(1);
        match state {
            "accepted" => {
                self.accepted += 1;
                self.total_ms.push(total_ms);
            }
            "dropped" => self.dropped += 1,
            _ => self.lost += 1,
        }
        let mut post_ms = None;
        if let Some(entry) = self.entry(n) {
            entry.state = state;
            entry.total_ms = total_ms;
            post_ms = Some(entry.post_ms);
        }
        if let (Some(post_ms), "accepted") = (post_ms, state) {
            self.post_ms.push(post_ms);
        }
    }

    /// Counts an answer of the subscriber: three drops in a row disable the subscription and lose its queue.
    pub(crate) fn judge(&mut self, id: &str, is_accepted: bool, now: Timestamp) {
        let Some(subscription) = self.subscriptions.get_mut(id) else {
            return;
        };
        if is_accepted {
            subscription.drops = 0;
            return;
        }
        subscription.drops += 1;
        if subscription.drops >= DROPS {
            subscription.drops = 0;
            subscription.epoch += 1;
            subscription.disabled_until =
                Some(now + jiff::SignedDuration::from_secs(DISABLED_SECONDS));
        }
    }
}

/// A new secret: 64 hexadecimal digits, as PagerDuty's are.
pub(crate) fn new_secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}
