//! The answer's shape, fixed by contract.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::class::{CLASSES, class};
use super::evidence::Evidence;
use super::feature::{CATALOG, COUNT, Feature};
use super::question::Question;
use crate::world::World;

/// One person's verdict on one feature.
struct Verdict {
    word: &'static str,
    uses: u64,
    active_days: u64,
    last: Option<i64>,
}

/// Counts of verdicts of one feature.
#[derive(Clone, Copy, Default)]
struct Tally {
    used: u64,
    unused: u64,
    unknown: u64,
    not_eligible: u64,
    uses: u64,
}

pub(crate) fn report(world: &World, question: &Question, evidence: &Evidence) -> Value {
    let mut tallies = [Tally::default(); COUNT];
    let mut by_class = [0_u64; CLASSES.len()];
    let mut users = Vec::with_capacity(world.users.len());
    for n in 0..world.users.len() {
        let class = class(world, question, evidence, n);
        by_class[CLASSES.iter().position(|name| *name == class).unwrap_or(0)] += 1;
        users.push(seat(world, question, (evidence, n, class), &mut tallies));
    }
    let classes: Map<String, Value> = CLASSES
        .iter()
        .zip(by_class)
        .map(|(name, count)| ((*name).to_owned(), json!(count)))
        .collect();
    let features: Map<String, Value> = CATALOG
        .iter()
        .zip(tallies)
        .map(|((_, id, _), tally)| ((*id).to_owned(), tally.json()))
        .collect();
    let sum = |part: fn(&super::duty::Duty) -> i64| evidence.duty.iter().map(part).sum::<i64>();
    json!({
        "as_of": stamp(question.as_of),
        "window_days": question.window_days,
        "seats_total": world.users.len(),
        "by_class": classes,
        "utilization_percent": utilization(world.users.len() as u64, &by_class),
        "duty": {
            "seconds": sum(|duty| duty.seconds),
            "level_1_seconds": sum(|duty| duty.level_1),
            "level_2_plus_seconds": sum(|duty| duty.level_2_plus),
            "people": evidence.duty.iter().filter(|duty| duty.seconds > 0).count(),
        },
        "features": features,
        "users": users,
        "records": records(world, evidence),
    })
}

/// Percent of active seats among those that can be judged, with one decimal, half up.
fn utilization(total: u64, by_class: &[u64; CLASSES.len()]) -> Option<f64> {
    let [exempt, active, _, _, new, unknown, ..] = *by_class;
    let judged = total - exempt - new - unknown;
    (judged > 0).then(|| ((2_000 * active + judged) / (2 * judged)) as f64 / 10.0)
}

fn records(world: &World, evidence: &Evidence) -> Value {
    let records = &evidence.records;
    json!({
        "users": world.users.len(),
        "licenses": world.licenses.len(),
        "license_allocations": world.users.len(),
        "teams": world.teams.len(),
        "services": world.services.len(),
        "escalation_policies": world.policies.len(),
        "schedules": world.schedules.len(),
        "priorities": world.priorities.len(),
        "user_analytics": world.users.len(),
        "log_entries": records.log_entries,
        "incidents": records.incidents,
        "oncalls": records.oncalls,
        "oncalls_next_30_days": records.oncalls_next_30_days,
    })
}

fn seat(
    world: &World,
    question: &Question,
    (evidence, n, class): (&Evidence, usize, &str),
    tallies: &mut [Tally; COUNT],
) -> Value {
    let is_stakeholder = world.licenses[world.users[n].license].is_stakeholder;
    let duty = &evidence.duty[n];
    let mut features = Map::new();
    for ((feature, id, dataset), tally) in CATALOG.iter().zip(tallies) {
        let is_eligible = !is_stakeholder || feature.is_for_stakeholders();
        let verdict = verdict(evidence, (n, *feature), is_eligible, question.sees(dataset));
        tally.add(&verdict);
        let shown = json!({
            "verdict": verdict.word,
            "uses": verdict.uses,
            "active_days": verdict.active_days,
            "last": verdict.last.map(stamp),
        });
        features.insert((*id).to_owned(), shown);
    }
    json!({
        "id": world.users[n].id,
        "class": class,
        "duty_seconds": duty.seconds,
        "duty_level_1_seconds": duty.level_1,
        "duty_level_2_plus_seconds": duty.level_2_plus,
        "features": features,
    })
}

fn verdict(
    evidence: &Evidence,
    (n, feature): (usize, Feature),
    is_eligible: bool,
    is_seen: bool,
) -> Verdict {
    let (uses, active_days, last, is_used) = if feature == Feature::Oncall {
        let duty = &evidence.duty[n];
        (duty.uses, duty.active_days, duty.last, duty.seconds > 0)
    } else {
        let uses = &evidence.uses[n][feature as usize];
        (uses.count, uses.active_days(), uses.last, uses.count > 0)
    };
    let word = match (is_used, is_eligible, is_seen) {
        (true, _, _) => "used",
        (false, false, _) => "not_eligible",
        (false, true, true) => "unused",
        (false, true, false) => "unknown",
    };
    Verdict {
        word,
        uses,
        active_days,
        last,
    }
}

impl Tally {
    fn add(&mut self, verdict: &Verdict) {
        self.uses += verdict.uses;
        *match verdict.word {
            "used" => &mut self.used,
            "unused" => &mut self.unused,
            "unknown" => &mut self.unknown,
            _ => &mut self.not_eligible,
        } += 1;
    }

    fn json(self) -> Value {
        json!({
            "used": self.used,
            "unused": self.unused,
            "unknown": self.unknown,
            "not_eligible": self.not_eligible,
            "uses": self.uses,
        })
    }
}

fn stamp(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .unwrap_or_default()
        .to_string()
}
