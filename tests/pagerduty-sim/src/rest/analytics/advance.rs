//! `POST /analytics/metrics/pd_advance_usage/features`: what PagerDuty Advance did, per feature, over a range.

use axum::body::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::frame;
use crate::rest::answer::{Answer, Refusal, listing};
use crate::rest::ask::Ask;
use crate::world::{ADVANCE_FEATURES, DAY};

const LONGEST: i64 = 366 * DAY;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    filters: Filters,
    time_zone: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filters {
    incident_created_at_start: Option<String>,
    incident_created_at_end: Option<String>,
}

/// Only features that were used have a row.
pub(crate) async fn features(ask: Ask, body: Bytes) -> Answer {
    ask.needs("analytics.write")?;
    ask.needs_ability("pagerduty_advance")?;
    let wanted: Wanted = frame::body(&body)?;
    let (zone_name, zone) = frame::zone(&ask, wanted.time_zone.as_deref())?;
    let end = frame::bound(wanted.filters.incident_created_at_end.as_ref(), &zone)?;
    let end = end.unwrap_or(ask.now).min(frame::midnight(&ask));
    let start = frame::bound(wanted.filters.incident_created_at_start.as_ref(), &zone)?;
    let start = start.unwrap_or(end - 30 * DAY);
    if end - start > LONGEST {
        return Err(Refusal::invalid("the date range must not exceed one year"));
    }
    let days = start.div_euclid(DAY)..end.div_euclid(DAY).max(start.div_euclid(DAY));
    let rows: Vec<Value> = (0..ADVANCE_FEATURES.len())
        .filter_map(|feature| {
            let used = days.clone().map(|day| ask.world.advance(feature, day));
            let (credits, uses) = used.fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
            (uses > 0).then(|| {
                json!({
                    "feature_id": ADVANCE_FEATURES[feature],
                    "total_credits_used": credits,
                    "total_use_count": uses,
                    "total_proactive_credits_used": 0,
                    "total_proactive_use_count": 0,
                })
            })
        })
        .collect();
    let count = rows.len();
    let body = json!({
        "data": rows,
        "filters": {
            "incident_created_at_start": ask.utc(start),
            "incident_created_at_end": ask.utc(end.max(start)),
        },
        "time_zone": zone_name,
    });
    Ok(listing(body, count))
}
