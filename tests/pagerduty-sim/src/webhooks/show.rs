//! `GET /sim/webhooks`: what was sent, and what the subscribers did with it.

use serde_json::{Value, json};

use crate::state::AppState;

/// Subscriptions with their secrets, sums, latencies, and the deliveries after number `since`.
pub fn show(state: &AppState, since: u64) -> Value {
    let now = state.clock.now();
    let book = state.webhooks.book();
    let subscriptions = book.subscriptions.values().map(|subscription| {
        let mut value = subscription.json(now, true);
        value["account"] = json!(subscription.account);
        value
    });
    let deliveries: Vec<_> = book.deliveries.iter().filter(|one| one.n > since).collect();
    json!({
        "subscriptions": subscriptions.collect::<Vec<_>>(),
        "sent": book.sent,
        "accepted": book.accepted,
        "dropped": book.dropped,
        "lost": book.lost,
        "pending": book.pending,
        "posts": book.posts,
        "post_ms": spread(&book.post_ms),
        "total_ms": spread(&book.total_ms),
        "next": book.last_n,
        "deliveries": deliveries,
    })
}

/// Forgets deliveries and sums, not the subscriptions.
pub fn forget(state: &AppState) {
    let mut book = state.webhooks.book();
    book.deliveries.clear();
    book.post_ms.clear();
    book.total_ms.clear();
    (book.accepted, book.dropped, book.lost, book.posts) = (0, 0, 0, 0);
    book.sent = 0;
}

fn spread(milliseconds: &[u64]) -> Value {
    let mut sorted = milliseconds.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
    };
    json!({"count": sorted.len(), "p50": at(50), "p99": at(99), "max": sorted.last()})
}
