//! `GET /log_entries`, `/log_entries/{id}`, `/incidents/{id}/log_entries`: what was done to incidents, newest first.

use std::sync::Arc;

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::{Days, Page, Strip};
use super::users::merge;
use crate::world::{
    Agent, Channel, DAY, DayLog, Entry, Incident, Moment, PlaceKind, What, decode_place,
};

const NOTIFICATIONS: [&str; 4] = [
    "push_notification",
    "sms_notification",
    "phone_notification",
    "email_notification",
];

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("incidents.read")?;
    let page = Page::classic(&ask.params)?;
    let (since, until) = ask.range(ask.world.opened_at(), ask.now + 1)?;
    let (from, to) = (since.max(ask.world.opened_at()), until.min(ask.now + 1));
    let filter = Filter::new(&ask)?;
    let walk = Days {
        count: |day: i64| {
            let is_whole = day * DAY >= from && (day + 1) * DAY <= to;
            if is_whole {
                filter.count(&ask, day)
            } else {
                None
            }
        },
        load: |day: i64| Picked::new(&ask, day, (from, to), &filter),
    };
    let days = (from.div_euclid(DAY)..=(to - 1).div_euclid(DAY)).rev();
    let render = |picked: &Picked, n: usize| {
        let moment = picked.moment(n);
        log_entry(&ask, picked.log.incident(moment), usize::from(moment.entry))
    };
    let (rows, extent) = walk.page(&page, days, render);
    Ok(page.envelope("log_entries", rows, extent))
}

pub(crate) async fn of_incident(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("incidents.read")?;
    let (day, position) = super::incidents::find(&ask, &id)?;
    let page = Page::classic(&ask.params)?;
    let (from, to) = ask.range(ask.world.opened_at(), ask.now + 1)?;
    let filter = Filter::new(&ask)?;
    let incident = &day.incidents[position];
    let chosen: Vec<usize> = (0..incident.entries.len())
        .rev()
        .filter(|n| {
            let entry = &incident.entries[*n];
            (from..to.min(ask.now + 1)).contains(&entry.at) && filter.admits(&ask, incident, entry)
        })
        .collect();
    Ok(page.cut("log_entries", &chosen, |n| log_entry(&ask, incident, *n)))
}

pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("incidents.read")?;
    let place =
        decode_place(ask.world.key(), PlaceKind::LogEntry, &id).ok_or_else(Refusal::not_found)?;
    if place.day * DAY < ask.world.opened_at() || place.day * DAY > ask.now {
        return Err(Refusal::not_found());
    }
    let day = ask.world.day(place.day);
    let incident = day
        .incidents
        .get(place.incident as usize)
        .ok_or_else(Refusal::not_found)?;
    let entry = incident
        .entries
        .get(usize::from(place.entry))
        .filter(|entry| entry.at <= ask.now);
    entry.ok_or_else(Refusal::not_found)?;
    Ok(object(
        json!({"log_entry": log_entry(&ask, incident, usize::from(place.entry))}),
    ))
}

/// What the query selects beside the range.
struct Filter {
    is_overview: bool,
    teams: Vec<String>,
}

impl Filter {
    fn new(ask: &Ask) -> Result<Self, Refusal> {
        let teams = ask
            .params
            .set("team_ids")
            .into_iter()
            .map(str::to_owned)
            .collect();
        Ok(Self {
            is_overview: ask.params.flag("is_overview")?,
            teams,
        })
    }

    fn is_empty(&self) -> bool {
        !self.is_overview && self.teams.is_empty()
    }

    fn admits(&self, ask: &Ask, incident: &Incident, entry: &Entry) -> bool {
        let team = ask.world.services[incident.service].team;
        (!self.is_overview || entry.what.is_overview())
            && (self.teams.is_empty() || self.teams.contains(&ask.world.teams[team].id))
    }

    /// How many entries a whole day has, where the tallies tell.
    fn count(&self, ask: &Ask, day: i64) -> Option<usize> {
        if !self.teams.is_empty() {
            return None;
        }
        let (own, before) = (ask.world.tally(day), ask.world.tally(day - 1));
        let count = if self.is_overview {
            own.own_overview + before.spill_overview
        } else {
            own.own + before.spill
        };
        Some(count as usize)
    }
}

/// The entries of one day that match.
struct Picked {
    log: Arc<DayLog>,
    /// A stretch of the day's moments, or single ones of it, oldest first.
    chosen: Chosen,
}

enum Chosen {
    Stretch(std::ops::Range<usize>),
    Singles(Vec<usize>),
}

impl Picked {
    fn new(ask: &Ask, day: i64, (from, to): (i64, i64), filter: &Filter) -> Self {
        let log = ask.world.log(day);
        let first = log.moments.partition_point(|moment| moment.at < from);
        let last = log
            .moments
            .partition_point(|moment| moment.at < to)
            .max(first);
        let chosen = if filter.is_empty() {
            Chosen::Stretch(first..last)
        } else {
            let admitted = |n: &usize| {
                let moment = log.moments[*n];
                filter.admits(ask, log.incident(moment), log.entry(moment))
            };
            Chosen::Singles((first..last).filter(admitted).collect())
        };
        Self { log, chosen }
    }

    /// The `n`-th newest.
    fn moment(&self, n: usize) -> Moment {
        let position = match &self.chosen {
            Chosen::Stretch(stretch) => stretch.end - 1 - n,
            Chosen::Singles(singles) => singles[singles.len() - 1 - n],
        };
        self.log.moments[position]
    }
}

impl Strip for Picked {
    fn len(&self) -> usize {
        match &self.chosen {
            Chosen::Stretch(stretch) => stretch.len(),
            Chosen::Singles(singles) => singles.len(),
        }
    }
}

/// The entry that opened an incident, as the incident shows it.
pub(crate) fn first(ask: &Ask, incident: &Incident) -> Value {
    if ask.params.includes("first_trigger_log_entries") {
        return log_entry(ask, incident, 0);
    }
    let id = incident.entry_id(ask.world.key(), 0);
    let mut value = links(ask, incident, &id);
    merge(
        &mut value,
        json!({"type": "trigger_log_entry_reference", "summary": "Triggered"}),
    );
    value
}

fn links(ask: &Ask, incident: &Incident, id: &str) -> Value {
    let incident = incident.id(ask.world.key());
    json!({
        "id": id,
        "self": format!("{}/log_entries/{id}?incident_id={incident}", ask.api),
        "html_url": format!("{}/incidents/{incident}/log_entries/{id}", ask.web),
    })
}

fn log_entry(ask: &Ask, incident: &Incident, n: usize) -> Value {
    let entry = &incident.entries[n];
    let service = &ask.world.services[incident.service];
    let full = |model| ask.params.includes(model);
    let mut value = links(ask, incident, &incident.entry_id(ask.world.key(), n));
    let more = json!({
        "type": entry.what.as_str(),
        "summary": summary(ask, entry),
        "created_at": ask.time(entry.at),
        "agent": ask.agent_ref(entry.agent, incident.service),
        "channel": channel(ask, incident, entry),
        "service": if full("services") { super::services::service(ask, incident.service) } else { ask.service_ref(incident.service) },
        "incident": if full("incidents") { super::incidents::incident(ask, incident) } else { ask.incident_ref(incident) },
        "teams": [if full("teams") { super::teams::team(ask, service.team) } else { ask.team_ref(service.team) }],
        "contexts": [],
    });
    merge(&mut value, more);
    merge(&mut value, particulars(ask, incident, entry));
    value
}

/// What only some kinds of entry have.
fn particulars(ask: &Ask, incident: &Incident, entry: &Entry) -> Value {
    match entry.what {
        What::Trigger => json!({"event_details": {"description": ask.title(incident)}}),
        What::Acknowledge => json!({"acknowledgement_timeout": 1_800}),
        What::Notify(_) => json!({"user": entry.to.map(|user| ask.user_ref(user))}),
        What::Assign | What::Delegate | What::Escalate => {
            json!({"assignees": entry.to.map(|user| ask.user_ref(user)).into_iter().collect::<Vec<_>>()})
        }
        What::Snooze => {
            json!({"changed_actions": [{"type": "unacknowledge", "at": ask.time(entry.at + 14_400)}]})
        }
        What::StatusUpdate | What::IncidentStatusUpdate => json!({"message": "We are on it."}),
        _ => json!({}),
    }
}

/// Without `include[]=channels` hardly more than its type.
fn channel(ask: &Ask, incident: &Incident, entry: &Entry) -> Value {
    let mut value = json!({"type": entry.channel.as_str()});
    if !ask.params.includes("channels") {
        return value;
    }
    let more = match (entry.what, entry.channel) {
        (What::Notify(kind), _) => json!({
            "notification": {
                "type": NOTIFICATIONS[usize::from(kind) % NOTIFICATIONS.len()],
                "address": if kind == 0 { None } else { Some("…45") },
                "status": "success",
            }
        }),
        (What::Snooze, _) => json!({"duration": 14_400}),
        (What::Annotate, _) => json!({"summary": "Looking into it."}),
        (What::Trigger, _) => json!({
            "summary": ask.title(incident),
            "subject": ask.title(incident),
            "details": {"severity": "critical"},
        }),
        (_, Channel::Slack) => json!({
            "user": {"id": "U0123456"},
            "team": {"id": "T0123456"},
            "channel": {"id": "C0123456"},
        }),
        _ => json!({"summary": entry.channel.as_str()}),
    };
    merge(&mut value, more);
    value
}

fn summary(ask: &Ask, entry: &Entry) -> String {
    let who = match entry.agent {
        Agent::User(user) => ask.world.users[user].name.as_str(),
        Agent::Former(_) => "a former colleague",
        Agent::Service | Agent::Integration => "PagerDuty",
    };
    let to = entry.to.map(|user| ask.world.users[user].name.as_str());
    let word = entry
        .what
        .as_str()
        .trim_end_matches("_log_entry")
        .replace('_', " ");
    match to {
        Some(to) => format!("{word} by {who}: {to}"),
        None => format!("{word} by {who} through {}", entry.channel.as_str()),
    }
}
