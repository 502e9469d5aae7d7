//! The questions put to analytics: `POST`s that change nothing. Their times carry no offset, so UTC
//! is asked for; the order never changes while paging, because the cursor is bound to it.

use serde_json::{Value, json};

use super::Place;

/// Most records in one page of analytics.
const LIMIT: u32 = 1_000;
/// Services named in one question.
pub const MOST_IDS: usize = 100;

/// `POST /analytics/raw/users`.
pub(super) fn users(_: &Place<'_>, cursor: Option<&str>) -> Value {
    paged(json!({}), "user_id", cursor)
}

/// `POST /analytics/raw/incidents`. A window that goes on where an earlier run has ended asks for
/// what has been updated since, whenever it was created.
pub(super) fn incidents(place: &Place<'_>, cursor: Option<&str>) -> Value {
    let (from, to) = (place.window.from.to_string(), place.window.to.to_string());
    let filters = if place.refresh {
        json!({ "updated_after": from, "service_ids": place.parents })
    } else {
        json!({ "created_at_start": from, "created_at_end": to, "service_ids": place.parents })
    };
    paged(filters, "created_at", cursor)
}

/// `POST /analytics/metrics/responders/teams`.
pub(super) fn responders(place: &Place<'_>, _: Option<&str>) -> Value {
    let window = place.window;
    json!({
        "filters": {
            "date_range_start": window.from.to_string(),
            "date_range_end": window.to.to_string(),
        },
        "time_zone": "Etc/UTC",
    })
}

/// `POST /analytics/metrics/pd_advance_usage/features`.
pub(super) fn advance(place: &Place<'_>, _: Option<&str>) -> Value {
    let window = place.window;
    json!({
        "filters": {
            "incident_created_at_start": window.from.to_string(),
            "incident_created_at_end": window.to.to_string(),
        },
        "time_zone": "Etc/UTC",
    })
}

fn paged(filters: Value, order_by: &str, cursor: Option<&str>) -> Value {
    let mut body = json!({
        "filters": filters,
        "time_zone": "Etc/UTC",
        "order": "asc",
        "order_by": order_by,
        "limit": LIMIT,
    });
    if let (Some(cursor), Some(body)) = (cursor, body.as_object_mut()) {
        body.insert("starting_after".to_owned(), cursor.into());
    }
    body
}
