//! `GET /v3/schedules`, `/v3/schedules/{id}`: shift-based schedules.

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::{Extent, Page};
use super::schedules::{bounds, chosen, coverage, policies_of, trimmed};
use super::users::merge;
use crate::world::{DAY, Kind, Layer, ScheduleKind, object_id};

/// References only.
pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("schedules.read")?;
    let page = Page::new(&ask.params, 100, 1_000)?;
    let all = chosen(&ask, ScheduleKind::V3);
    let rows: Vec<Value> = all
        .iter()
        .skip(page.offset)
        .take(page.limit)
        .map(|n| ask.schedule_ref(*n))
        .collect();
    let extent = Extent {
        more: page.offset + rows.len() < all.len(),
        total: Some(all.len()),
    };
    Ok(page.envelope("schedules", rows, extent))
}

/// 400 for a schedule that is still layer-based.
pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("schedules.read")?;
    let n = ask
        .world
        .find(Kind::Schedule, &id)
        .ok_or_else(Refusal::not_found)?;
    let schedule = &ask.world.schedules[n];
    if schedule.kind != ScheduleKind::V3 {
        return Err(Refusal::invalid(
            "Schedule has not been upgraded; use the v2 API.",
        ));
    }
    let mut value = ask.schedule_ref(n);
    let members = schedule.members();
    let more = json!({
        "type": "schedule_v3",
        "name": schedule.name,
        "description": "",
        "time_zone": schedule.time_zone,
        "teams": [ask.team_ref(schedule.team)],
        "escalation_policies": policies_of(&ask, n),
        "users": members.iter().map(|user| ask.user_ref(*user)).collect::<Vec<_>>(),
        "rotations": [rotation(&ask, n)],
    });
    merge(&mut value, more);
    if ask.params.includes("final_schedule") {
        value["final_schedule"] = final_schedule(&ask, n)?;
    }
    Ok(object(json!({"schedule": value})))
}

fn rotation_id(ask: &Ask, n: usize) -> String {
    object_id(ask.world.key(), Kind::Rotation, n as u64)
}

fn rotation(ask: &Ask, n: usize) -> Value {
    let layers = ask.world.schedules[n].layers.iter().enumerate();
    let id = rotation_id(ask, n);
    json!({
        "self": format!("{}/v3/schedules/{}/rotations/{id}", ask.api, ask.world.schedules[n].id),
        "id": id,
        "type": "schedule_rotation",
        "events": layers.map(|(position, layer)| event(ask, (n, position), layer)).collect::<Vec<_>>(),
    })
}

fn event(ask: &Ask, (n, position): (usize, usize), layer: &Layer) -> Value {
    let zone = ask.world.schedules[n].time_zone;
    let instant = |at: i64| json!({"date_time": ask.time(at), "time_zone": zone});
    let rule = if layer.turn == DAY {
        "RRULE:FREQ=DAILY"
    } else {
        "RRULE:FREQ=WEEKLY"
    };
    let members = layer
        .members
        .iter()
        .map(|user| json!({"type": "user_member", "user_id": ask.world.users[*user].id}));
    let members: Vec<Value> = members.collect();
    let strategy = if layer.everyone {
        json!({"type": "every_member_assignment_strategy", "members": members})
    } else {
        json!({"type": "rotating_member_assignment_strategy", "shifts_per_member": 1, "members": members})
    };
    json!({
        "id": object_id(ask.world.key(), Kind::Event, (n * 4 + position) as u64),
        "type": "schedule_event",
        "name": format!("Shift {}", position + 1),
        "start_time": instant(layer.start),
        "end_time": instant(layer.start + layer.length),
        "effective_since": ask.time(layer.start),
        "effective_until": layer.end.map(|end| ask.time(end)),
        "recurrence": [rule],
        "assignment_strategy": strategy,
    })
}

fn final_schedule(ask: &Ask, n: usize) -> Result<Value, Refusal> {
    let (from, to) = bounds(ask)?;
    let shifts = ask.world.schedules[n].shifts(from, to);
    let percentage = coverage(&shifts, from, to);
    let is_whole = ask.params.flag("overflow")?;
    let rotation = rotation_id(ask, n);
    let assignments = trimmed(shifts, from, to, is_whole)
        .into_iter()
        .map(|shift| {
            json!({
                "type": "computed_shift_assignment",
                "start_time": ask.time(shift.start),
                "end_time": ask.time(shift.end),
                "member": {"type": "user_member", "user_id": ask.world.users[shift.user].id},
                "source": {"type": "schedule_rotation", "rotation_id": rotation},
            })
        });
    Ok(json!({
        "type": "final_schedule",
        "rendered_coverage_percentage": percentage,
        "computed_shift_assignments": assignments.collect::<Vec<_>>(),
    }))
}
