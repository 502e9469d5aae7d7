//! `GET /incidents`, `/incidents/{id}`: incidents as they stand now.

use std::sync::Arc;

use axum::extract::Path;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::{Days, Page, Strip};
use super::users::merge;
use crate::world::{self, DAY, Day, Incident, decode_place};

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("incidents.read")?;
    let filter = Filter::new(&ask)?;
    let page = Page::classic(&ask.params)?;
    let (from, to) = range(&ask)?;
    let is_newest_first = newest_first(&ask)?;
    let (first, last) = (
        from.max(ask.world.opened_at()).div_euclid(DAY),
        (to - 1).div_euclid(DAY),
    );
    let days: Vec<i64> = if is_newest_first {
        (first..=last).rev().collect()
    } else {
        (first..=last).collect()
    };
    let walk = Days {
        count: |day: i64| {
            let is_whole = day * DAY >= from && (day + 1) * DAY <= to;
            (is_whole && filter.is_empty()).then(|| ask.world.tally(day).incidents as usize)
        },
        load: |day: i64| Picked::new(&ask, day, (from, to), (&filter, is_newest_first)),
    };
    let render = |picked: &Picked, n: usize| incident(&ask, picked.incident(n));
    let (rows, extent) = walk.page(&page, days.into_iter(), render);
    Ok(page.envelope("incidents", rows, extent))
}

pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("incidents.read")?;
    let (day, position) = find(&ask, &id)?;
    Ok(object(
        json!({"incident": incident(&ask, &day.incidents[position])}),
    ))
}

/// The day an incident's id leads to, and its position there. An incident of the future is not found.
pub(crate) fn find(ask: &Ask, id: &str) -> Result<(Arc<Day>, usize), Refusal> {
    let place = decode_place(ask.world.key(), world::PlaceKind::Incident, id)
        .ok_or_else(Refusal::not_found)?;
    let is_possible = place.day * DAY >= ask.world.opened_at() && place.day * DAY <= ask.now;
    if !is_possible {
        return Err(Refusal::not_found());
    }
    let day = ask.world.day(place.day);
    let position = place.incident as usize;
    let exists = day
        .incidents
        .get(position)
        .is_some_and(|incident| incident.created_at <= ask.now);
    if exists {
        Ok((day, position))
    } else {
        Err(Refusal::not_found())
    }
}

/// The range of creation: a month by default, six at most, ending now.
fn range(ask: &Ask) -> Result<(i64, i64), Refusal> {
    let end = ask.now + 1;
    if ask.params.one("date_range") == Some("all") {
        return Ok((ask.world.opened_at(), end));
    }
    let until = ask.params.instant("until", &ask.zone)?.unwrap_or(end);
    let since = ask
        .params
        .instant("since", &ask.zone)?
        .unwrap_or_else(|| months_after(until, -1));
    if until < since {
        return Err(Refusal::date("Until must be after since."));
    }
    if until > months_after(since, 6) {
        return Err(Refusal::date(
            "The date range must not be longer than 6 months.",
        ));
    }
    Ok((since, until.min(end)))
}

pub(crate) fn months_after(instant: i64, months: i32) -> i64 {
    let stamp = Timestamp::from_second(instant).unwrap_or_default();
    let here = TimeZone::UTC.to_datetime(stamp);
    let moved: Option<Date> = here.date().checked_add(months.months()).ok();
    let moved = moved.and_then(|date| {
        TimeZone::UTC
            .to_timestamp(date.to_datetime(here.time()))
            .ok()
    });
    moved.map_or(instant, Timestamp::as_second)
}

/// Only what orders by creation is served; both fields rise together.
fn newest_first(ask: &Ask) -> Result<bool, Refusal> {
    match ask.params.one("sort_by") {
        None
        | Some("created_at" | "created_at:asc" | "incident_number" | "incident_number:asc") => {
            Ok(false)
        }
        Some("created_at:desc" | "incident_number:desc") => Ok(true),
        Some(_) => Err(Refusal::invalid("sort_by is not supported here.")),
    }
}

/// What the query selects beside the range.
struct Filter {
    statuses: Vec<String>,
    urgencies: Vec<String>,
    services: Vec<String>,
    teams: Vec<String>,
    users: Vec<String>,
}

impl Filter {
    fn new(ask: &Ask) -> Result<Self, Refusal> {
        let set = |name| {
            ask.params
                .set(name)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let urgencies = set("urgencies");
        if !urgencies.is_empty() {
            ask.needs_ability("urgencies")?;
        }
        Ok(Self {
            statuses: set("statuses"),
            urgencies,
            services: set("service_ids"),
            teams: set("team_ids"),
            users: set("user_ids"),
        })
    }

    fn is_empty(&self) -> bool {
        let sets = [
            &self.statuses,
            &self.urgencies,
            &self.services,
            &self.teams,
            &self.users,
        ];
        sets.iter().all(|set| set.is_empty())
    }

    fn admits(&self, ask: &Ask, incident: &Incident) -> bool {
        let among = |set: &[String], value: &str| {
            set.is_empty() || set.iter().any(|wanted| wanted == value)
        };
        let service = &ask.world.services[incident.service];
        if !among(&self.services, &service.id)
            || !among(&self.teams, &ask.world.teams[service.team].id)
        {
            return false;
        }
        if self.statuses.is_empty() && self.urgencies.is_empty() && self.users.is_empty() {
            return true;
        }
        let state = incident.state_at(ask.now);
        let is_assigned = state
            .assigned
            .iter()
            .any(|(user, _)| self.users.contains(&ask.world.users[*user].id));
        among(&self.statuses, state.status)
            && among(&self.urgencies, urgency(state.is_high))
            && (self.users.is_empty() || is_assigned)
    }
}

/// The incidents of one day that match, in listing order.
struct Picked {
    day: Arc<Day>,
    positions: Vec<usize>,
}

impl Picked {
    fn new(
        ask: &Ask,
        day: i64,
        (from, to): (i64, i64),
        (filter, is_newest_first): (&Filter, bool),
    ) -> Self {
        let day = ask.world.day(day);
        let chosen = day.incidents.iter().enumerate().filter(|(_, incident)| {
            (from..to).contains(&incident.created_at)
                && (filter.is_empty() || filter.admits(ask, incident))
        });
        let mut positions: Vec<usize> = chosen.map(|(position, _)| position).collect();
        if is_newest_first {
            positions.reverse();
        }
        Self { day, positions }
    }

    fn incident(&self, n: usize) -> &Incident {
        &self.day.incidents[self.positions[n]]
    }
}

impl Strip for Picked {
    fn len(&self) -> usize {
        self.positions.len()
    }
}

fn urgency(is_high: bool) -> &'static str {
    if is_high { "high" } else { "low" }
}

/// The full object, as of now.
pub(crate) fn incident(ask: &Ask, incident: &Incident) -> Value {
    let state = incident.state_at(ask.now);
    let service = &ask.world.services[incident.service];
    let assignments = state.assigned.iter().map(|(user, at)| {
        let full = ask.params.includes("assignees") || ask.params.includes("users");
        let assignee = if full {
            super::users::user(ask, *user)
        } else {
            ask.user_ref(*user)
        };
        json!({"at": ask.time(*at), "assignee": assignee})
    });
    let acknowledgements = state.acknowledged.iter().map(|(user, at)| {
        let full = ask.params.includes("acknowledgers") || ask.params.includes("users");
        let acknowledger = if full {
            super::users::user(ask, *user)
        } else {
            ask.user_ref(*user)
        };
        json!({"at": ask.time(*at), "acknowledger": acknowledger})
    });
    let is_over = state.resolved_at.is_some();
    let mut value = ask.incident_ref(incident);
    let more = json!({
        "type": "incident",
        "incident_number": ask.incident_number(incident),
        "title": ask.title(incident),
        "description": ask.title(incident),
        "created_at": ask.time(incident.created_at),
        "updated_at": ask.time(state.updated_at),
        "status": state.status,
        "incident_key": incident.id(ask.world.key()).to_lowercase(),
        "service": included(ask, "services", || super::services::service(ask, incident.service), || ask.service_ref(incident.service)),
        "assignments": assignments.collect::<Vec<_>>(),
        "acknowledgements": acknowledgements.collect::<Vec<_>>(),
        "assigned_via": "escalation_policy",
        "last_status_change_at": ask.time(state.changed_at),
        "last_status_change_by": ask.agent_ref(state.changed_by, incident.service),
        "resolved_at": state.resolved_at.map(|at| ask.time(at)),
        "alert_counts": {"all": 1, "triggered": u8::from(!is_over), "resolved": u8::from(is_over)},
        "is_mergeable": true,
        "incident_type": {"name": "incident_default"},
        "escalation_policy": included(ask, "escalation_policies", || super::policies::policy(ask, service.policy), || ask.policy_ref(service.policy)),
        "teams": [included(ask, "teams", || super::teams::team(ask, service.team), || ask.team_ref(service.team))],
        "pending_actions": [],
        "alert_grouping": null,
        "priority": incident.priority.map(|n| ask.priority(n)),
        "resolve_reason": null,
        "conference_bridge": null,
        "urgency": urgency(state.is_high),
    });
    merge(&mut value, more);
    value["first_trigger_log_entry"] = super::log_entries::first(ask, incident);
    let (requests, responders) = responders(ask, incident);
    value["responder_requests"] = requests;
    value["incidents_responders"] = responders;
    value
}

fn included(
    ask: &Ask,
    model: &str,
    full: impl FnOnce() -> Value,
    reference: impl FnOnce() -> Value,
) -> Value {
    if ask.params.includes(model) {
        full()
    } else {
        reference()
    }
}

/// The responder requests made so far, and what became of everybody asked.
fn responders(ask: &Ask, incident: &Incident) -> (Value, Value) {
    let mut requests = Vec::new();
    let mut all = Vec::new();
    for (n, request) in incident
        .requests
        .iter()
        .enumerate()
        .filter(|(_, request)| request.at <= ask.now)
    {
        let mut targets = Vec::new();
        for invitee in &request.invitees {
            let (state, updated_at) = match invitee.answer {
                world::Answer::Joined(at) if at <= ask.now => ("joined", at),
                world::Answer::Declined(at) if at <= ask.now => ("declined", at),
                _ => ("pending", request.at),
            };
            let responder = json!({
                "state": state,
                "user": ask.user_ref(invitee.user),
                "incident": ask.incident_ref(incident),
                "updated_at": ask.time(updated_at),
                "message": "Please help",
                "requester": ask.user_ref(request.requester),
                "requested_at": ask.time(request.at),
            });
            let user = &ask.world.users[invitee.user];
            targets.push(json!({"type": "user", "id": user.id, "summary": user.name, "incident_responders": [responder]}));
            all.push(responder);
        }
        requests.push(json!({
            "id": incident.request_id(ask.world.key(), n),
            "incident": ask.incident_ref(incident),
            "requester": ask.user_ref(request.requester),
            "requested_at": ask.time(request.at),
            "message": "Please help",
            "responder_request_targets": targets,
        }));
    }
    (Value::Array(requests), Value::Array(all))
}
