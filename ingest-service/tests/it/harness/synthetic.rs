//! A PagerDuty of which only two histories are real, given by their instants: any number of records
//! at any time, with a latency, with a page that cannot be read, and with rows that move.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderValue, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

/// Lists of every other endpoint, all empty.
const EMPTY: [&str; 40] = [
    "users",
    "licenses",
    "license_allocations",
    "teams",
    "members",
    "services",
    "escalation_policies",
    "schedules",
    "oncalls",
    "data",
    "abilities",
    "priorities",
    "tags",
    "business_services",
    "maintenance_windows",
    "status_pages",
    "posts",
    "incident_workflows",
    "triggers",
    "actions",
    "invocations",
    "orchestrations",
    "alert_grouping_settings",
    "extensions",
    "templates",
    "subscriptions",
    "notification_subscriptions",
    "delegations",
    "oauth_delegations",
    "records",
    "notifications",
    "change_events",
    "usage",
    "features",
    "advance_usage",
    "webhook_subscriptions",
    "runners",
    "subscribers",
    "enablements",
    "rules",
];

/// What is there, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Plan {
    /// Instants of log entries, listed newest first.
    pub(crate) log_entries: Vec<i64>,
    /// Instants at which incidents were created, listed oldest first.
    pub(crate) incidents: Vec<i64>,
    /// How many users there are.
    pub(crate) users: usize,
    /// Every answer takes so long.
    pub(crate) latency: Duration,
    /// Pages behind the first one are answered when so many requests are under way at once.
    pub(crate) gathers: u64,
    /// A page that holds a log entry of this instant cannot be read.
    pub(crate) unreadable: AtomicI64,
    /// So many pages behind the first one show rows one place later than they were.
    pub(crate) moves: AtomicU64,
    /// Every page says that there is more, and none says how much.
    pub(crate) endless: bool,
    /// The instant whose page never comes.
    pub(crate) hangs_at: AtomicI64,
    pub(crate) requests: AtomicU64,
    pub(crate) most_at_once: AtomicU64,
    pub(crate) at_once: AtomicU64,
    pub(crate) seen: Mutex<Vec<String>>,
    pub(crate) came: Notify,
}

/// A running one.
pub(crate) struct Synthetic {
    pub(crate) url: String,
    pub(crate) plan: Arc<Plan>,
}

impl Synthetic {
    pub(crate) async fn serve(mut plan: Plan) -> Self {
        plan.log_entries.sort_unstable_by(|a, b| b.cmp(a));
        plan.incidents.sort_unstable();
        for at in [&mut plan.unreadable, &mut plan.hangs_at] {
            if *at.get_mut() == 0 {
                *at.get_mut() = i64::MIN;
            }
        }
        let plan = Arc::new(plan);
        let router = Router::new().fallback(answer).with_state(Arc::clone(&plan));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, plan }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.plan.requests.load(Ordering::SeqCst)
    }
}

async fn answer(
    State(plan): State<Arc<Plan>>,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    plan.requests.fetch_add(1, Ordering::SeqCst);
    let at_once = plan.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    plan.most_at_once.fetch_max(at_once, Ordering::SeqCst);
    plan.came.notify_waiters();
    plan.seen.lock().expect("unpoisoned").push(uri.to_string());
    if !plan.latency.is_zero() {
        tokio::time::sleep(plan.latency).await;
    }
    if query.get("offset").is_some_and(|offset| offset != "0") {
        // Who waits in vain is answered all the same: the test tells how many there were.
        let gathered = tokio::time::timeout(Duration::from_secs(10), gathered(&plan)).await;
        drop(gathered);
    }
    let response = match uri.path() {
        "/log_entries" => page(&plan, "log_entries", &query),
        "/incidents" => page(&plan, "incidents", &query),
        "/users" => page(&plan, "users", &query),
        _ => axum::Json(nothing()).into_response(),
    };
    if response.status() == StatusCode::GATEWAY_TIMEOUT {
        std::future::pending::<()>().await;
    }
    plan.at_once.fetch_sub(1, Ordering::SeqCst);
    response
}

async fn gathered(plan: &Plan) {
    loop {
        let came = plan.came.notified();
        tokio::pin!(came);
        came.as_mut().enable();
        if plan.most_at_once.load(Ordering::SeqCst) >= plan.gathers {
            return;
        }
        came.await;
    }
}

fn nothing() -> Value {
    let lists = EMPTY.iter().map(|name| ((*name).to_owned(), json!([])));
    let mut answer: serde_json::Map<String, Value> = lists.collect();
    answer.insert("more".to_owned(), json!(false));
    answer.insert("total".to_owned(), json!(0));
    Value::Object(answer)
}

fn page(plan: &Plan, name: &str, query: &HashMap<String, String>) -> Response {
    let number = |key: &str, default: usize| {
        let given = query.get(key).and_then(|text| text.parse().ok());
        given.unwrap_or(default)
    };
    let (limit, offset) = (number("limit", 25), number("offset", 0));
    if offset + limit > 10_000 {
        let body = json!({"error": {"message": "Offset+limit exceeds maximum", "code": 2002}});
        return (StatusCode::BAD_REQUEST, axum::Json(body)).into_response();
    }
    let instant = |key: &str| {
        let at: Option<Timestamp> = query.get(key).and_then(|text| text.parse().ok());
        at.map(Timestamp::as_second)
    };
    let range = instant("since").unwrap_or(i64::MIN)..instant("until").unwrap_or(i64::MAX);
    let all: Vec<(usize, i64)> = match name {
        "log_entries" => found(&plan.log_entries, &range),
        "incidents" => found(&plan.incidents, &range),
        _ => (0..plan.users).map(|n| (n, 0)).collect(),
    };
    let moved = name != "users" && offset > 0 && moves(plan);
    let from = offset - usize::from(moved);
    let rows: Vec<(usize, i64)> = all.iter().skip(from).take(limit).copied().collect();
    let has = |at: &AtomicI64| {
        let at = at.load(Ordering::SeqCst);
        name == "log_entries" && rows.iter().any(|(_, row)| *row == at)
    };
    if has(&plan.hangs_at) {
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    if has(&plan.unreadable) {
        return (StatusCode::OK, "{\"log_entries\":[{").into_response();
    }
    let counted = query.get("total").is_some_and(|total| total == "true") && !plan.endless;
    let body = json!({
        name: rows.iter().map(|row| record(name, *row)).collect::<Vec<_>>(),
        "limit": limit,
        "offset": offset,
        "more": plan.endless || from + rows.len() < all.len(),
        "total": counted.then_some(all.len()),
    });
    let mut response = axum::Json(body).into_response();
    response
        .headers_mut()
        .insert("x-rows", HeaderValue::from(rows.len()));
    response
}

fn found(instants: &[i64], range: &std::ops::Range<i64>) -> Vec<(usize, i64)> {
    let numbered = instants.iter().copied().enumerate();
    numbered.filter(|(_, at)| range.contains(at)).collect()
}

fn moves(plan: &Plan) -> bool {
    let taken = plan
        .moves
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        });
    taken.is_ok()
}

fn record(name: &str, (n, at): (usize, i64)) -> Value {
    let created_at = Timestamp::from_second(at).expect("in range").to_string();
    match name {
        "log_entries" => json!({
            "id": format!("R{n:09}"),
            "type": "acknowledge_log_entry",
            "created_at": created_at,
            "agent": {"id": "PUSER1", "type": "user_reference"},
            "channel": {"type": "website"},
            "incident": {"id": "PINC", "type": "incident_reference"},
        }),
        "incidents" => json!({
            "id": format!("Q{n:09}"),
            "incident_number": n,
            "status": "resolved",
            "urgency": "low",
            "created_at": created_at,
        }),
        _ => json!({"id": format!("P{n:06}"), "name": "Somebody", "role": "user"}),
    }
}
