//! `POST /analytics/raw/incidents`: one row per incident, as the nightly pipeline saw it, by keyset.

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use super::frame::{self, Hours};
use crate::caller::TokenKind;
use crate::rest::answer::{Answer, Refusal, listing};
use crate::rest::ask::Ask;
use crate::world::{Agent, Answer as Reply, DAY, Incident, PlaceKind, What, decode_place};

const MOST: usize = 1_000;
/// The range when none is given.
const USUAL: i64 = 366 * DAY;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    filters: Filters,
    time_zone: Option<String>,
    order: Option<String>,
    order_by: Option<String>,
    limit: Option<usize>,
    starting_after: Option<String>,
    ending_before: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filters {
    created_at_start: Option<String>,
    created_at_end: Option<String>,
    updated_after: Option<String>,
    urgency: Option<String>,
    team_ids: Vec<String>,
    service_ids: Vec<String>,
}

/// What a row must be to be shown.
struct Choice<'a> {
    ask: &'a Ask,
    filters: &'a Filters,
    range: (i64, i64),
    updated_after: i64,
    midnight: i64,
}

pub(crate) async fn raw(ask: Ask, body: Bytes) -> Answer {
    ask.needs("analytics.write")?;
    ask.needs_ability("analytics")?;
    let wanted: Wanted = frame::body(&body)?;
    let filters = &wanted.filters;
    let is_chosen = !filters.team_ids.is_empty() || !filters.service_ids.is_empty();
    let is_user = matches!(ask.caller.kind, TokenKind::Classic | TokenKind::Scoped);
    if is_user && !is_chosen {
        return Err(Refusal::invalid("team_ids or service_ids must be given"));
    }
    let limit = wanted.limit.unwrap_or(100);
    if limit == 0 || limit > MOST {
        return Err(Refusal::invalid("limit must be between 1 and 1000"));
    }
    if wanted.ending_before.is_some()
        || wanted.order_by.as_deref().unwrap_or("created_at") != "created_at"
    {
        return Err(Refusal::invalid("only forwards and by created_at here"));
    }
    let is_descending = wanted.order.as_deref() != Some("asc");
    let (zone_name, zone) = frame::zone(&ask, wanted.time_zone.as_deref())?;
    let midnight = frame::midnight(&ask);
    let end = frame::bound(filters.created_at_end.as_ref(), &zone)?.unwrap_or(midnight);
    let start = frame::bound(filters.created_at_start.as_ref(), &zone)?.unwrap_or(midnight - USUAL);
    let choice = Choice {
        ask: &ask,
        filters,
        range: (start.max(ask.world.opened_at()), end.min(midnight)),
        updated_after: frame::bound(filters.updated_after.as_ref(), &zone)?.unwrap_or(i64::MIN),
        midnight,
    };
    let after = wanted
        .starting_after
        .as_deref()
        .map(|text| named(&ask, text));
    let (rows, more) = choice.page((after.transpose()?, limit, is_descending), &zone);
    let cursor = |row: Option<&Value>| row.map(|row| cursor(&row["id"], &row["created_at"]));
    let count = rows.len();
    let body = json!({
        "first": cursor(rows.first()),
        "last": cursor(rows.last()),
        "limit": limit,
        "more": more,
        "order": if is_descending { "desc" } else { "asc" },
        "order_by": "created_at",
        "filters": shown(filters),
        "starting_after": wanted.starting_after,
        "ending_before": null,
        "time_zone": zone_name,
        "data": rows,
    });
    Ok(listing(body, count))
}

fn shown(filters: &Filters) -> Value {
    let mut value = json!({});
    if !filters.team_ids.is_empty() {
        value["team_ids"] = json!(filters.team_ids);
    }
    if !filters.service_ids.is_empty() {
        value["service_ids"] = json!(filters.service_ids);
    }
    value
}

fn cursor(id: &Value, created_at: &Value) -> String {
    STANDARD.encode(json!({"id": id, "value": created_at, "order_by": "created_at"}).to_string())
}

/// Day and position of the incident that a cursor names.
fn named(ask: &Ask, cursor: &str) -> Result<(i64, u32), Refusal> {
    let refused = || Refusal::invalid("cursor is not valid");
    let bytes = STANDARD.decode(cursor).map_err(|_| refused())?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| refused())?;
    let id = value["id"].as_str().ok_or_else(refused)?;
    let place = decode_place(ask.world.key(), PlaceKind::Incident, id).ok_or_else(refused)?;
    Ok((place.day, place.incident))
}

impl Choice<'_> {
    fn page(
        &self,
        (after, limit, is_descending): (Option<(i64, u32)>, usize, bool),
        zone: &TimeZone,
    ) -> (Vec<Value>, bool) {
        let (mut first, mut last) = (
            self.range.0.div_euclid(DAY),
            (self.range.1 - 1).div_euclid(DAY),
        );
        if let Some((day, _)) = after {
            if is_descending {
                last = last.min(day);
            } else {
                first = first.max(day);
            }
        }
        let mut days: Vec<i64> = (first..=last).collect();
        if is_descending {
            days.reverse();
        }
        let mut rows = Vec::new();
        for number in days {
            let day = self.ask.world.day(number);
            let mut positions: Vec<usize> = (0..day.incidents.len()).collect();
            if is_descending {
                positions.reverse();
            }
            for incident in positions.into_iter().map(|n| &day.incidents[n]) {
                let here = (number, incident.position);
                let is_past = after.is_some_and(|after| {
                    if is_descending {
                        here >= after
                    } else {
                        here <= after
                    }
                });
                if is_past || !self.admits(incident) {
                    continue;
                }
                if rows.len() == limit {
                    return (rows, true);
                }
                rows.push(self.row(incident, zone));
            }
        }
        (rows, false)
    }

    /// The midnight at which the pipeline saw the incident's last change.
    fn updated_at(&self, incident: &Incident) -> i64 {
        let state = incident.state_at(self.midnight - 1);
        (state.updated_at.div_euclid(DAY) + 1) * DAY
    }

    fn admits(&self, incident: &Incident) -> bool {
        let service = &self.ask.world.services[incident.service];
        let team = &self.ask.world.teams[service.team].id;
        let among = |set: &[String], id: &String| set.is_empty() || set.contains(id);
        (self.range.0..self.range.1).contains(&incident.created_at)
            && among(&self.filters.service_ids, &service.id)
            && among(&self.filters.team_ids, team)
            && self.updated_at(incident) > self.updated_after
            && self.filters.urgency.as_ref().is_none_or(|urgency| {
                (urgency == "high") == incident.state_at(self.midnight - 1).is_high
            })
    }

    fn row(&self, incident: &Incident, zone: &TimeZone) -> Value {
        let (ask, world) = (self.ask, &self.ask.world);
        let bare = |at: i64| super::bare(at, zone);
        let state = incident.state_at(self.midnight - 1);
        let service = &world.services[incident.service];
        let (team, policy) = (&world.teams[service.team], &world.policies[service.policy]);
        let mut row = json!({
            "id": incident.id(world.key()),
            "incident_number": ask.incident_number(incident),
            "description": ask.title(incident),
            "created_at": bare(incident.created_at),
            "updated_at": bare(self.updated_at(incident)),
            "resolved_at": state.resolved_at.map(bare),
            "status": state.status,
            "urgency": if state.is_high { "high" } else { "low" },
            "major": false,
            "service_id": service.id,
            "service_name": service.name,
            "team_id": team.id,
            "team_name": team.name,
            "escalation_policy_id": policy.id,
            "escalation_policy_name": policy.name,
            "seconds_to_resolve": state.resolved_at.map(|at| at - incident.created_at),
        });
        self.people(incident, &mut row);
        self.counts(incident, &mut row);
        row
    }

    /// Who did what.
    fn people(&self, incident: &Incident, row: &mut Value) {
        let past = || {
            let entries = incident.entries.iter();
            entries.filter(|entry| entry.at < self.midnight)
        };
        let acknowledged = past().filter_map(|entry| match entry.agent {
            Agent::User(user) if entry.what == What::Acknowledge => Some((entry.at, user)),
            _ => None,
        });
        let mut acknowledged: Vec<(i64, usize)> = acknowledged.collect();
        acknowledged.sort_unstable();
        let mut people: Vec<usize> = acknowledged.iter().map(|(_, user)| *user).collect();
        people.sort_unstable();
        people.dedup();
        let asked = incident.requests.iter().flat_map(|one| &one.invitees);
        let joined =
            asked.filter(|one| matches!(one.answer, Reply::Joined(at) if at < self.midnight));
        let joined: Vec<usize> = joined.map(|one| one.user).collect();
        let ended = past().rev().find(|entry| entry.what == What::Resolve);
        let resolver = match ended.map(|entry| entry.agent) {
            Some(Agent::User(user)) => vec![user],
            _ => Vec::new(),
        };
        let users = &self.ask.world.users;
        let ids = |of: &[usize]| of.iter().map(|n| users[*n].id.clone()).collect::<Vec<_>>();
        let names = |of: &[usize]| {
            of.iter()
                .map(|n| users[*n].name.clone())
                .collect::<Vec<_>>()
        };
        let first = acknowledged.first();
        row["acknowledged_user_ids"] = json!(ids(&people));
        row["acknowledged_user_names"] = json!(names(&people));
        row["acknowledgement_count"] = json!(acknowledged.len());
        row["joined_user_ids"] = json!(ids(&joined));
        row["joined_user_names"] = json!(names(&joined));
        row["resolved_by_user_id"] = json!(ids(&resolver).first());
        row["resolved_by_user_name"] = json!(names(&resolver).first());
        row["auto_resolved"] = json!(ended.is_some() && resolver.is_empty());
        row["seconds_to_first_ack"] = json!(first.map(|(at, _)| at - incident.created_at));
    }

    fn counts(&self, incident: &Incident, row: &mut Value) {
        let escalations = |by_person: bool| {
            let past = incident
                .entries
                .iter()
                .filter(|entry| entry.at < self.midnight);
            past.filter(|entry| entry.what == What::Escalate)
                .filter(|entry| matches!(entry.agent, Agent::User(_)) == by_person)
                .count()
        };
        row["escalation_count"] = json!(escalations(true) + escalations(false));
        row["manual_escalation_count"] = json!(escalations(true));
        row["timeout_escalation_count"] = json!(escalations(false));
        let count = |hours: Hours| {
            frame::interruptions(incident, self.midnight)
                .filter(|(_, at)| Hours::of(*at) == hours)
                .count()
        };
        row["business_hour_interruptions"] = json!(count(Hours::Business));
        row["off_hour_interruptions"] = json!(count(Hours::Off));
        row["sleep_hour_interruptions"] = json!(count(Hours::Sleep));
        let told = incident
            .entries
            .iter()
            .filter(|entry| entry.at < self.midnight);
        let told = told.filter(|entry| matches!(entry.what, What::Notify(_)));
        row["total_notifications"] = json!(told.count());
    }
}
