//! What a recommendation rests on, as a list that can be shown, exported and checked: what was
//! found last, and which datasets prove that there is nothing else.

use serde_json::{Value, json};

use crate::{
    catalogue::{FEATURES, find},
    crunch::{AddonVerdict, Answers, Load, Seat},
    window::Window,
};

/// Datasets that prove the absence of use.
const PROOFS: [&str; 14] = [
    "users",
    "license_allocations",
    "log_entries",
    "incidents",
    "oncalls",
    "user_analytics",
    "user_delegations",
    "maintenance_windows",
    "audit_records",
    "automation_actions",
    "automation_invocations",
    "event_orchestrations",
    "schedules",
    "escalation_policies",
];

fn coverage(answers: &Answers, datasets: &[&str]) -> impl Iterator<Item = Value> {
    let states: Vec<Value> = datasets
        .iter()
        .filter_map(|name| answers.facts.sources.state(name))
        .map(|state| {
            json!({
                "kind": "coverage",
                "dataset": state.dataset.name(),
                "state": state.completeness.name(),
                "covered_from": state.from,
                "covered_to": state.to,
                "reason": state.reason,
            })
        })
        .collect();
    states.into_iter()
}

pub(super) fn of_seat(answers: &Answers, seat: &Seat, window: Window) -> Value {
    let Some(person) = answers.person(seat) else {
        return json!([]);
    };
    let mut items = vec![json!({
        "kind": "seat",
        "dataset": "license_allocations",
        "id": person.license_id,
        "at": person.allocated_at,
        "class": seat.class.name(),
        "window_days": window.days(),
    })];
    let used = FEATURES.iter().zip(&seat.features);
    items.extend(used.filter_map(|(feature, (verdict, usage))| {
        let at = usage.last?;
        Some(json!({
            "kind": "last_use",
            "feature": feature.id,
            "dataset": feature.datasets.first(),
            "verdict": verdict.name(),
            "at": at,
        }))
    }));
    let blind = answers.facts.rules.accepted_blind_spots.iter();
    items.extend(blind.map(|name| json!({"kind": "accepted_blind_spot", "dataset": name})));
    items.extend(coverage(answers, &PROOFS));
    Value::Array(items)
}

pub(super) fn of_ghost(answers: &Answers, load: &Load) -> Value {
    let mut items = vec![json!({
        "kind": "load",
        "window_days": load.window.days(),
        "duty_seconds": load.duty_seconds,
        "notifications": load.notifications,
        "sleep_notifications": load.sleep_notifications,
        "acknowledgements": 0,
    })];
    items.extend(coverage(answers, &["log_entries", "oncalls"]));
    Value::Array(items)
}

pub(super) fn of_addon(answers: &Answers, one: &AddonVerdict, window: Window) -> Value {
    let mut items = vec![json!({
        "kind": "addon",
        "id": one.addon.id,
        "ability": one.addon.ability,
        "objects": one.objects,
        "at": one.last_at,
        "window_days": window.days(),
    })];
    items.extend(coverage(answers, &["abilities"]));
    items.extend(coverage(answers, one.addon.datasets));
    Value::Array(items)
}

/// The rule behind a feature, for the reader of an evidence bundle.
pub fn definition(feature: &str) -> Option<&'static str> {
    find(feature).map(|feature| feature.definition)
}
