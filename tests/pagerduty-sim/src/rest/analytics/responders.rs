//! `POST /analytics/metrics/responders/teams`: one row per responder and team over a range of up to a year.

use axum::body::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::frame::{self, Hours};
use crate::rest::answer::{Answer, Refusal, listing};
use crate::rest::ask::Ask;
use crate::world::{Agent, DAY, Incident, What, World};

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
    date_range_start: Option<String>,
    date_range_end: Option<String>,
    team_ids: Vec<String>,
    responder_ids: Vec<String>,
}

/// One responder's sums.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    incidents: u64,
    acknowledged: u64,
    acknowledge_seconds: i64,
    notifications: u64,
    business: u64,
    off: u64,
    sleep: u64,
    on_call: i64,
    level_1: i64,
    level_2_plus: i64,
}

pub(crate) async fn by_team(ask: Ask, body: Bytes) -> Answer {
    ask.needs("analytics.write")?;
    ask.needs_ability("analytics")?;
    let wanted: Wanted = frame::body(&body)?;
    let (zone_name, zone) = frame::zone(&ask, wanted.time_zone.as_deref())?;
    let filters = &wanted.filters;
    let end = frame::bound(filters.date_range_end.as_ref(), &zone)?;
    let end = end.unwrap_or(ask.now).min(frame::midnight(&ask));
    let start = frame::bound(filters.date_range_start.as_ref(), &zone)?;
    let start = start.unwrap_or(end - 30 * DAY);
    if end - start > LONGEST {
        return Err(Refusal::invalid("the date range must not exceed one year"));
    }
    let sums = sums(&ask.world, (start, end));
    let mut rows: Vec<Value> = Vec::new();
    for (n, sums) in sums.iter().enumerate().filter(|(_, sums)| sums.is_any()) {
        let user = &ask.world.users[n];
        if !filters.responder_ids.is_empty() && !filters.responder_ids.contains(&user.id) {
            continue;
        }
        for team in user.teams() {
            let id = &ask.world.teams[team].id;
            if filters.team_ids.is_empty() || filters.team_ids.contains(id) {
                rows.push(row(&ask.world, (n, team), sums));
            }
        }
    }
    let count = rows.len();
    let mut shown = json!({
        "date_range_start": ask.utc(start),
        "date_range_end": ask.utc(end.max(start)),
    });
    if !filters.team_ids.is_empty() {
        shown["team_ids"] = json!(filters.team_ids);
    }
    let body = json!({"data": rows, "filters": shown, "time_zone": zone_name});
    Ok(listing(body, count))
}

impl Sums {
    fn is_any(&self) -> bool {
        self.incidents + self.notifications > 0 || self.on_call > 0
    }
}

fn sums(world: &World, (from, to): (i64, i64)) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); world.users.len()];
    if to <= from {
        return sums;
    }
    for day in from.div_euclid(DAY) - 1..=(to - 1).div_euclid(DAY) {
        for incident in &world.day(day).incidents {
            add(&mut sums, incident, (from, to));
        }
    }
    for policy in 0..world.policies.len() {
        for row in world.on_calls(policy, from, to) {
            let (start, end) = row.span.unwrap_or((from, to));
            let seconds = (end.min(to) - start.max(from)).max(0);
            let sums = &mut sums[row.user];
            sums.on_call += seconds;
            if row.level == 1 {
                sums.level_1 += seconds;
            } else {
                sums.level_2_plus += seconds;
            }
        }
    }
    for sums in &mut sums {
        sums.on_call = sums.on_call.min(to - from);
        sums.level_1 = sums.level_1.min(to - from);
        sums.level_2_plus = sums.level_2_plus.min(to - from);
    }
    sums
}

fn add(sums: &mut [Sums], incident: &Incident, (from, to): (i64, i64)) {
    let mut involved = Vec::new();
    for entry in incident
        .entries
        .iter()
        .filter(|entry| (from..to).contains(&entry.at))
    {
        match (entry.what, entry.agent, entry.to) {
            (What::Notify(_), _, Some(user)) => {
                sums[user].notifications += 1;
                involved.push(user);
            }
            (What::Acknowledge, Agent::User(user), _) => {
                sums[user].acknowledged += 1;
                sums[user].acknowledge_seconds += entry.at - incident.created_at;
                involved.push(user);
            }
            _ => {}
        }
    }
    for (user, at) in frame::interruptions(incident, to).filter(|(_, at)| *at >= from) {
        *match Hours::of(at) {
            Hours::Business => &mut sums[user].business,
            Hours::Off => &mut sums[user].off,
            Hours::Sleep => &mut sums[user].sleep,
        } += 1;
    }
    involved.sort_unstable();
    involved.dedup();
    for user in involved {
        sums[user].incidents += 1;
    }
}

fn row(world: &World, (n, team): (usize, usize), sums: &Sums) -> Value {
    let (user, team) = (&world.users[n], &world.teams[team]);
    let mean = sums.acknowledge_seconds / sums.acknowledged.max(1) as i64;
    json!({
        "responder_id": user.id,
        "responder_name": user.name,
        "team_id": team.id,
        "team_name": team.name,
        "mean_engaged_seconds": 600,
        "mean_time_to_acknowledge_seconds": mean,
        "total_engaged_seconds": 600 * sums.acknowledged,
        "total_incident_count": sums.incidents,
        "total_incidents_acknowledged": sums.acknowledged,
        "total_incidents_manual_escalated_from": 0,
        "total_incidents_manual_escalated_to": 0,
        "total_incidents_reassigned_from": 0,
        "total_incidents_reassigned_to": 0,
        "total_incidents_timeout_escalated_from": 0,
        "total_incidents_timeout_escalated_to": 0,
        "total_interruptions": sums.business + sums.off + sums.sleep,
        "total_business_hour_interruptions": sums.business,
        "total_off_hour_interruptions": sums.off,
        "total_sleep_hour_interruptions": sums.sleep,
        "total_notifications": sums.notifications,
        "total_seconds_on_call": sums.on_call,
        "total_seconds_on_call_level_1": sums.level_1,
        "total_seconds_on_call_level_2_plus": sums.level_2_plus,
    })
}
