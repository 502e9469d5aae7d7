//! `POST /analytics/raw/users`: one row per user, as the nightly pipeline saw them.

pub(crate) mod advance;
mod frame;
pub(crate) mod incidents;
pub(crate) mod responders;

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, listing};
use super::ask::{Ask, account_zone, named_zone};
use super::params::instant;
use super::users::contact_kinds;
use crate::world::{Target, User};

const MOST: usize = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    filters: Option<Filters>,
    time_zone: Option<String>,
    order: Option<String>,
    order_by: Option<String>,
    limit: Option<usize>,
    starting_after: Option<String>,
    ending_before: Option<String>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Filters {
    created_at_start: Option<String>,
    created_at_end: Option<String>,
    team_ids: Vec<String>,
    user_ids: Vec<String>,
    role_ids: Vec<String>,
}

pub(crate) async fn raw_users(ask: Ask, body: Bytes) -> Answer {
    ask.needs("analytics.write")?;
    ask.needs_ability("analytics")?;
    let wanted: Wanted = if body.is_empty() {
        Wanted::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| Refusal::invalid(&error.to_string()))?
    };
    let limit = wanted.limit.unwrap_or(MOST);
    if limit == 0 || limit > MOST {
        return Err(Refusal::invalid("limit must be between 1 and 1000"));
    }
    let is_descending = match wanted.order.as_deref() {
        None | Some("desc") => true,
        Some("asc") => false,
        Some(_) => return Err(Refusal::invalid("order must be asc or desc")),
    };
    let order_by = wanted.order_by.as_deref().unwrap_or("user_id");
    if order_by != "user_id" {
        return Err(Refusal::invalid("order_by is not supported here"));
    }
    let zone_name = wanted
        .time_zone
        .as_deref()
        .unwrap_or_else(|| account_zone(&ask.caller));
    let zone =
        named_zone(zone_name).ok_or_else(|| Refusal::invalid("time_zone is not recognized"))?;
    let filters = wanted.filters.clone().unwrap_or_default();
    let mut chosen = chosen(&ask, &filters, &zone);
    chosen.sort_by(|a, b| ask.world.users[*a].id.cmp(&ask.world.users[*b].id));
    if is_descending {
        chosen.reverse();
    }
    let (page, more) = cut(&ask, &chosen, &wanted, limit)?;
    let cursor_of = |n: Option<&usize>| n.map(|n| cursor(&ask.world.users[*n].id));
    let facts = Facts::new(&ask);
    let body = json!({
        "data": page.iter().map(|n| row(&ask, &facts, *n, &zone)).collect::<Vec<_>>(),
        "first": cursor_of(page.first()),
        "last": cursor_of(page.last()),
        "limit": limit,
        "more": more,
        "order": if is_descending { "desc" } else { "asc" },
        "order_by": order_by,
        "filters": shown(&filters),
        "time_zone": zone_name,
    });
    Ok(listing(body, page.len()))
}

/// The users the filters name, in no order.
fn chosen(ask: &Ask, filters: &Filters, zone: &TimeZone) -> Vec<usize> {
    let bound = |text: &Option<String>| text.as_deref().and_then(|text| instant(text, zone));
    let from = bound(&filters.created_at_start).unwrap_or(i64::MIN);
    let to = bound(&filters.created_at_end).unwrap_or(i64::MAX);
    (0..ask.world.users.len())
        .filter(|n| {
            let user = &ask.world.users[*n];
            let in_team = user
                .teams()
                .any(|team| filters.team_ids.contains(&ask.world.teams[team].id));
            (from..to).contains(&user.created_at)
                && (filters.team_ids.is_empty() || in_team)
                && (filters.user_ids.is_empty() || filters.user_ids.contains(&user.id))
                && (filters.role_ids.is_empty()
                    || filters
                        .role_ids
                        .iter()
                        .any(|role| role == user.role.as_str()))
        })
        .collect()
}

/// Keyset paging: what follows (or precedes) the object a cursor names, whether or not it still exists.
fn cut(
    ask: &Ask,
    chosen: &[usize],
    wanted: &Wanted,
    limit: usize,
) -> Result<(Vec<usize>, bool), Refusal> {
    let id = |n: &usize| ask.world.users[*n].id.as_str();
    let is_descending = wanted.order.as_deref() != Some("asc");
    let precedes = |a: &str, b: &str| if is_descending { a > b } else { a < b };
    if let Some(cursor) = &wanted.ending_before {
        let end = named(cursor)?;
        let before: Vec<usize> = chosen
            .iter()
            .copied()
            .filter(|n| precedes(id(n), &end))
            .collect();
        let first = before.len().saturating_sub(limit);
        return Ok((before[first..].to_vec(), first > 0));
    }
    let after = match &wanted.starting_after {
        None => chosen.to_vec(),
        Some(cursor) => {
            let start = named(cursor)?;
            chosen
                .iter()
                .copied()
                .filter(|n| precedes(&start, id(n)))
                .collect()
        }
    };
    let more = after.len() > limit;
    Ok((after.into_iter().take(limit).collect(), more))
}

fn cursor(id: &str) -> String {
    STANDARD.encode(json!({"id": id, "value": id, "order_by": "user_id"}).to_string())
}

fn named(cursor: &str) -> Result<String, Refusal> {
    let refused = || Refusal::invalid("cursor is not valid");
    let bytes = STANDARD.decode(cursor).map_err(|_| refused())?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| refused())?;
    value["id"].as_str().map(str::to_owned).ok_or_else(refused)
}

/// Only the filters that were given.
fn shown(filters: &Filters) -> Value {
    let mut value = json!({});
    let mut show = |name: &str, given: Value, is_given: bool| {
        if is_given {
            value[name] = given;
        }
    };
    show(
        "created_at_start",
        json!(filters.created_at_start),
        filters.created_at_start.is_some(),
    );
    show(
        "created_at_end",
        json!(filters.created_at_end),
        filters.created_at_end.is_some(),
    );
    show(
        "team_ids",
        json!(filters.team_ids),
        !filters.team_ids.is_empty(),
    );
    show(
        "roles",
        json!(filters.role_ids),
        !filters.role_ids.is_empty(),
    );
    value
}

/// How often each user is named on policies and schedules.
struct Facts {
    policies: Vec<u32>,
    schedules: Vec<u32>,
}

impl Facts {
    fn new(ask: &Ask) -> Self {
        let world = &ask.world;
        let mut facts = Self {
            policies: vec![0; world.users.len()],
            schedules: vec![0; world.users.len()],
        };
        for schedule in &world.schedules {
            schedule
                .members()
                .iter()
                .for_each(|user| facts.schedules[*user] += 1);
        }
        for policy in &world.policies {
            for target in policy.levels.iter().flatten() {
                match target {
                    Target::User(user) => facts.policies[*user] += 1,
                    Target::Schedule(n) => {
                        world.schedules[*n]
                            .members()
                            .iter()
                            .for_each(|user| facts.policies[*user] += 1);
                    }
                }
            }
        }
        facts
    }
}

fn row(ask: &Ask, facts: &Facts, n: usize, zone: &TimeZone) -> Value {
    let user: &User = &ask.world.users[n];
    let team = user.team.map(|team| &ask.world.teams[team]);
    let channels: Vec<&str> = contact_kinds(ask, n)
        .iter()
        .map(|kind| channel_word(kind))
        .collect();
    let signed_in = user.last_sign_in(ask.now).map(|at| bare(at, zone));
    json!({
        "id": user.id,
        "user_name": user.name,
        "email": user.email,
        "account_id": ask.world.account_number(),
        "description": null,
        "time_zone": user.time_zone,
        "role": user.role.as_str(),
        "team_id": team.map(|team| &team.id),
        "team_name": team.map(|team| &team.name),
        "created_at": bare(user.created_at, zone),
        "last_sign_in_at": signed_in,
        "default_notification_channel_count": channels.len(),
        "escalation_policies_count": facts.policies[n],
        "schedules_count": facts.schedules[n],
        "channel_types_configured": channels,
        "team_count": user.teams().count(),
        "downloaded_mobile_app": user.has_mobile_app,
        "notification_methods": true,
        "on_escalation_policy": facts.policies[n] > 0,
        "on_schedule": facts.schedules[n] > 0,
        "signed_up": signed_in.is_some(),
    })
}

fn channel_word(kind: &str) -> &'static str {
    match kind {
        "email" => "EmailChannel",
        "push_notification" => "PushNotificationChannel",
        "phone" => "PhoneChannel",
        _ => "SmsChannel",
    }
}

/// Analytics writes instants without an offset, in the zone of the answer.
fn bare(at: i64, zone: &TimeZone) -> String {
    let stamp = Timestamp::from_second(at).unwrap_or_default();
    zone.to_datetime(stamp).to_string()
}
