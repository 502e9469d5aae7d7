//! `GET /schedules`, `/schedules/{id}`: layer-based schedules; shift-based ones are in `schedules_v3`.

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::Page;
use super::users::merge;
use crate::world::{DAY, Kind, Layer, ScheduleKind, Shift, Target, object_id};

const TWO_WEEKS: i64 = 14 * DAY;

/// What of a schedule to render.
struct Rendering {
    from: i64,
    to: i64,
    /// Entries may reach beyond the range instead of being cut at it.
    is_whole: bool,
    with_layers: bool,
    with_final: bool,
    with_overrides: bool,
}

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("schedules.read")?;
    let page = Page::classic(&ask.params)?;
    let (from, to) = bounds(&ask)?;
    let rendering = Rendering {
        from,
        to,
        is_whole: false,
        with_layers: ask.params.includes("schedule_layers"),
        with_final: ask.params.includes("final_schedule"),
        with_overrides: ask.params.includes("overrides_subschedule"),
    };
    let chosen = chosen(&ask, ScheduleKind::V2);
    Ok(page.cut("schedules", &chosen, |n| schedule(&ask, *n, &rendering)))
}

pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("schedules.read")?;
    let n = ask
        .world
        .find(Kind::Schedule, &id)
        .ok_or_else(Refusal::not_found)?;
    if ask.world.schedules[n].kind != ScheduleKind::V2 {
        return Err(Refusal::not_found());
    }
    let (from, to) = bounds(&ask)?;
    let is_whole = ask.params.flag("overflow")?;
    let rendering = Rendering {
        from,
        to,
        is_whole,
        with_layers: true,
        with_final: true,
        with_overrides: true,
    };
    Ok(object(json!({"schedule": schedule(&ask, n, &rendering)})))
}

/// Schedules of a kind that match `query` and `team_ids[]`.
pub(crate) fn chosen(ask: &Ask, kind: ScheduleKind) -> Vec<usize> {
    let query = ask.params.one("query").unwrap_or_default().to_lowercase();
    let teams = ask.params.set("team_ids");
    (0..ask.world.schedules.len())
        .filter(|n| {
            let schedule = &ask.world.schedules[*n];
            schedule.kind == kind
                && (teams.is_empty() || teams.contains(&ask.world.teams[schedule.team].id.as_str()))
                && schedule.name.to_lowercase().contains(&query)
        })
        .collect()
}

/// The range to render: two weeks from the end that is given, else from now.
pub(crate) fn bounds(ask: &Ask) -> Result<(i64, i64), Refusal> {
    let since = ask.params.instant("since", &ask.zone)?;
    let until = ask.params.instant("until", &ask.zone)?;
    let (from, to) = match (since, until) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, from + TWO_WEEKS),
        (None, Some(to)) => (to - TWO_WEEKS, to),
        (None, None) => (ask.now, ask.now + TWO_WEEKS),
    };
    if to < from {
        Err(Refusal::date("Until must be after since."))
    } else {
        Ok((from, to))
    }
}

/// Policies that use a schedule.
pub(crate) fn policies_of(ask: &Ask, n: usize) -> Vec<Value> {
    let uses = |policy: &usize| {
        ask.world.policies[*policy]
            .levels
            .iter()
            .flatten()
            .any(|target| *target == Target::Schedule(n))
    };
    (0..ask.world.policies.len())
        .filter(uses)
        .map(|policy| ask.policy_ref(policy))
        .collect()
}

/// Cuts shifts at the range, unless they may overflow.
pub(crate) fn trimmed(mut shifts: Vec<Shift>, from: i64, to: i64, is_whole: bool) -> Vec<Shift> {
    if !is_whole {
        for shift in &mut shifts {
            shift.start = shift.start.max(from);
            shift.end = shift.end.min(to);
        }
    }
    shifts
}

/// Percent of the range in which somebody is on shift.
pub(crate) fn coverage(shifts: &[Shift], from: i64, to: i64) -> f64 {
    let (mut covered, mut reached) = (0, from);
    for shift in shifts {
        let start = shift.start.max(reached);
        let end = shift.end.min(to);
        if end > start {
            covered += end - start;
            reached = end;
        }
    }
    if to > from {
        covered as f64 * 100.0 / (to - from) as f64
    } else {
        0.0
    }
}

fn schedule(ask: &Ask, n: usize, rendering: &Rendering) -> Value {
    let schedule = &ask.world.schedules[n];
    let members = schedule.members();
    let mut value = ask.schedule_ref(n);
    let more = json!({
        "type": "schedule",
        "name": schedule.name,
        "time_zone": schedule.time_zone,
        "description": "",
        "escalation_policies": policies_of(ask, n),
        "users": members.iter().map(|user| ask.user_ref(*user)).collect::<Vec<_>>(),
        "teams": [ask.team_ref(schedule.team)],
    });
    merge(&mut value, more);
    if rendering.with_layers {
        let layers = schedule.layers.iter().enumerate().rev();
        let layers =
            layers.map(|(position, layer_of)| layer(ask, (n, position), layer_of, rendering));
        value["schedule_layers"] = layers.collect();
    }
    if rendering.with_final {
        let shifts = schedule.shifts(rendering.from, rendering.to);
        value["final_schedule"] = subschedule(ask, "Final Schedule", shifts, rendering);
    }
    if rendering.with_overrides {
        value["overrides_subschedule"] = subschedule(ask, "Overrides", Vec::new(), rendering);
    }
    value
}

fn layer(ask: &Ask, (n, position): (usize, usize), layer: &Layer, rendering: &Rendering) -> Value {
    let id = object_id(ask.world.key(), Kind::Layer, (n * 4 + position) as u64);
    let mut value = subschedule(
        ask,
        "",
        layer.shifts(rendering.from, rendering.to),
        rendering,
    );
    let members = layer
        .members
        .iter()
        .map(|user| json!({"user": ask.user_ref(*user)}));
    let more = json!({
        "id": id,
        "name": format!("Layer {}", position + 1),
        "start": ask.time(layer.start),
        "end": layer.end.map(|end| ask.time(end)),
        "rotation_virtual_start": ask.time(layer.start),
        "rotation_turn_length_seconds": layer.turn,
        "users": members.collect::<Vec<_>>(),
        "restrictions": [],
    });
    merge(&mut value, more);
    value
}

fn subschedule(ask: &Ask, name: &str, shifts: Vec<Shift>, rendering: &Rendering) -> Value {
    let (from, to) = (rendering.from, rendering.to);
    let percentage = coverage(&shifts, from, to);
    let entries = trimmed(shifts, from, to, rendering.is_whole)
        .into_iter()
        .map(|shift| {
            json!({
                "start": ask.time(shift.start),
                "end": ask.time(shift.end),
                "user": ask.user_ref(shift.user),
            })
        });
    json!({
        "name": name,
        "rendered_schedule_entries": entries.collect::<Vec<_>>(),
        "rendered_coverage_percentage": percentage,
    })
}
