//! The answer's shape, fixed by contract.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::class::{CLASSES, class};
use super::evidence::Evidence;
use super::feature::{CATALOG, COUNT, Feature};
use super::question::Question;
use super::{addon, advice};
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
    let classes: Vec<&'static str> = (0..world.users.len())
        .map(|n| class(world, question, evidence, n))
        .collect();
    let seats = classes.iter().enumerate();
    let users: Vec<Value> = seats
        .map(|(n, class)| seat(world, question, (evidence, n, class), &mut tallies))
        .collect();
    let features: Map<String, Value> = CATALOG
        .iter()
        .zip(tallies)
        .map(|((_, id, _), tally)| ((*id).to_owned(), tally.json()))
        .collect();
    let add_ons = addon::add_ons(world, question, evidence);
    let advice = advice::recommendations(world, question, (evidence, &classes, &add_ons));
    let by_class = count(classes.iter().copied());
    let sum = |part: fn(&super::duty::Duty) -> i64| evidence.duty.iter().map(part).sum::<i64>();
    json!({
        "as_of": stamp(question.as_of),
        "window_days": question.window_days,
        "seats_total": world.users.len(),
        "utilization_percent": utilization(world.users.len() as u64, &by_class),
        "by_class": named(&by_class),
        "duty": {
            "seconds": sum(|duty| duty.seconds),
            "level_1_seconds": sum(|duty| duty.level_1),
            "level_2_plus_seconds": sum(|duty| duty.level_2_plus),
            "people": evidence.duty.iter().filter(|duty| duty.seconds > 0).count(),
        },
        "features": features,
        "users": users,
        "recommendations": advice,
        "ghosts": advice::ghosts(world, question, evidence),
        "addons": add_ons.iter().map(addon::AddOn::json).collect::<Vec<_>>(),
        "teams": teams(world, evidence, &classes),
        "oncall_load": oncall_load(world, question, evidence),
        "records": super::records::records(world, question, evidence),
    })
}

fn count<'a>(classes: impl Iterator<Item = &'a str>) -> [u64; CLASSES.len()] {
    let mut by_class = [0; CLASSES.len()];
    for class in classes {
        by_class[CLASSES.iter().position(|name| *name == class).unwrap_or(0)] += 1;
    }
    by_class
}

fn named(by_class: &[u64; CLASSES.len()]) -> Map<String, Value> {
    CLASSES
        .iter()
        .zip(by_class)
        .map(|(name, count)| ((*name).to_owned(), json!(count)))
        .collect()
}

/// Per team: its members' seats. Who is in two teams counts in both.
fn teams(world: &World, evidence: &Evidence, classes: &[&str]) -> Map<String, Value> {
    let row = |team: &crate::world::Team| {
        let members = || team.members.iter().map(|(n, _)| *n);
        let by_class = count(members().map(|n| classes[n]));
        let of = |class: &str| {
            CLASSES
                .iter()
                .position(|name| *name == class)
                .map(|n| by_class[n])
        };
        json!({
            "seats": team.members.len(),
            "active": of("active"),
            "idle": of("idle"),
            "by_class": named(&by_class),
            "duty_seconds": members().map(|n| evidence.duty[n].seconds).sum::<i64>(),
        })
    };
    let rows = world.teams.iter().map(|team| (team.id.clone(), row(team)));
    rows.collect()
}

/// Everybody for whom being on call meant anything. What cannot be seen is null.
fn oncall_load(world: &World, question: &Question, evidence: &Evidence) -> Map<String, Value> {
    let sees = |dataset: &str| question.sees(dataset);
    let mut rows = Map::new();
    for (n, user) in world.users.iter().enumerate() {
        let (duty, load) = (&evidence.duty[n], &evidence.load[n]);
        let mean = load.mean_ack_seconds();
        if duty.seconds == 0 && load.notifications == 0 && mean.is_none() {
            continue;
        }
        let row = json!({
            "seconds": sees("oncalls").then_some(duty.seconds),
            "business_seconds": sees("oncalls").then_some(load.business_seconds),
            "notifications": sees("log_entries").then_some(load.notifications),
            "sleep_notifications": sees("log_entries").then_some(load.sleep_notifications),
            "mean_ack_seconds": mean,
        });
        rows.insert(user.id.clone(), row);
    }
    rows
}

/// Percent of active seats among those that can be judged, with one decimal, half up.
fn utilization(total: u64, by_class: &[u64; CLASSES.len()]) -> Option<f64> {
    let [exempt, active, _, _, new, unknown, ..] = *by_class;
    let judged = total - exempt - new - unknown;
    (judged > 0).then(|| ((2_000 * active + judged) / (2 * judged)) as f64 / 10.0)
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
    for ((feature, id, datasets), tally) in CATALOG.iter().zip(tallies) {
        let is_bought = !feature.is_add_on() || datasets.iter().all(|name| question.has(name));
        let is_eligible = is_bought && (!is_stakeholder || feature.is_for_stakeholders());
        let is_seen = match feature {
            Feature::Signin => question.sees(question.sign_in_source()),
            Feature::WorkflowRun => question.hears_all(),
            _ => datasets.iter().all(|dataset| question.sees(dataset)),
        };
        let verdict = verdict(evidence, (n, *feature), is_eligible, is_seen);
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
    } else if feature == Feature::Stakeholder {
        (evidence.held[n], 0, None, evidence.held[n] > 0)
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

pub(super) fn stamp(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .unwrap_or_default()
        .to_string()
}
