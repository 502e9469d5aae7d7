//! Recommendations: which seats could be given back or made cheaper, and what stands in the way; ghosts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::addon::AddOn;
use super::class::held_since;
use super::evidence::{Evidence, LOOKAHEAD};
use super::feature::{ACTIONS, Feature};
use super::question::Question;
use crate::world::{Target, World};

/// Notifications that must have been in vain before somebody is a ghost.
const GHOST_NOTIFICATIONS: u64 = 5;

/// What must be seen before a seat is touched: its license, and whatever could hold it.
const NEEDED: [&str; 6] = [
    "schedules",
    "escalation_policies",
    "teams",
    "incidents",
    "licenses",
    "license_allocations",
];

/// People on duty who are told often and never answer, by id.
pub(crate) fn ghosts(world: &World, question: &Question, evidence: &Evidence) -> Vec<String> {
    if !question.sees("log_entries") || !question.sees("oncalls") {
        return Vec::new();
    }
    let mut ghosts: Vec<String> = (0..world.users.len())
        .filter(|n| {
            evidence.duty[*n].seconds > 0
                && evidence.load[*n].notifications >= GHOST_NOTIFICATIONS
                && evidence.uses[*n][Feature::Ack as usize].count == 0
        })
        .map(|n| world.users[n].id.clone())
        .collect();
    ghosts.sort();
    ghosts
}

/// Kind, person, add-on, blockers.
type Advice = (String, Option<String>, Option<String>, Vec<&'static str>);

/// Every recommendation, sorted.
pub(crate) fn recommendations(
    world: &World,
    question: &Question,
    (evidence, classes, add_ons): (&Evidence, &[&str], &[AddOn]),
) -> Vec<Value> {
    let mut all: Vec<Advice> = Vec::new();
    for id in ghosts(world, question, evidence) {
        all.push(("ghost".to_owned(), Some(id), None, Vec::new()));
    }
    for add_on in add_ons.iter().filter(|add_on| add_on.is_waste()) {
        let id = Some(add_on.id.to_owned());
        all.push(("addon".to_owned(), None, id, Vec::new()));
    }
    if NEEDED.iter().all(|dataset| question.sees(dataset)) {
        let holds = Holds::new(world, question, evidence);
        for (n, class) in classes.iter().enumerate() {
            let Some(kind) = wanted(world, question, (evidence, n, class)) else {
                continue;
            };
            let blockers = holds.blockers(n);
            let kind = if blockers.is_empty() { kind } else { "review" };
            let id = Some(world.users[n].id.clone());
            all.push((kind.to_owned(), id, None, blockers));
        }
    }
    all.sort();
    all.into_iter()
        .map(|(kind, user_id, addon, blockers)| {
            json!({"kind": kind, "user_id": user_id, "addon": addon, "blockers": blockers})
        })
        .collect()
}

/// What would be recommended if nothing stood in the way.
fn wanted(
    world: &World,
    question: &Question,
    (evidence, n, class): (&Evidence, usize, &str),
) -> Option<&'static str> {
    let user = &world.users[n];
    match class {
        "idle" | "never" => return Some("reclaim"),
        "pending" if question.as_of - held_since(user, question) > question.grace() => {
            return Some("reclaim");
        }
        _ => {}
    }
    let is_full = !world.licenses[user.license].is_stakeholder;
    let has_cheaper = world.licenses.iter().any(|license| license.is_stakeholder);
    let acts_lightly = class == "active"
        && question.sees_everything()
        && evidence.duty[n].seconds == 0
        && ACTIONS
            .iter()
            .all(|action| action.is_light() || evidence.uses[n][*action as usize].count == 0);
    (is_full && has_cheaper && (class == "viewer" || acts_lightly)).then_some("downgrade")
}

/// What holds people in their seats.
struct Holds {
    on_schedule: BTreeSet<usize>,
    open_incident: BTreeSet<usize>,
    sole_manager: BTreeSet<usize>,
    sole_target: BTreeSet<usize>,
}

impl Holds {
    fn new(world: &World, question: &Question, evidence: &Evidence) -> Self {
        let (from, to) = (question.as_of, question.as_of + LOOKAHEAD);
        let on_schedule = |n: usize| -> BTreeSet<usize> {
            let shifts = world.schedules[n].shifts(from, to);
            shifts.iter().map(|shift| shift.user).collect()
        };
        let targeted = |target: &Target| match *target {
            Target::User(user) => BTreeSet::from([user]),
            Target::Schedule(n) => on_schedule(n),
        };
        let levels = world.policies.iter().flat_map(|policy| &policy.levels);
        let named = levels.map(|level| level.iter().flat_map(targeted).collect::<BTreeSet<_>>());
        let managers = world.teams.iter().map(|team| {
            let members = team.members.iter();
            let managers = members.filter(|(_, role)| *role == "manager");
            managers.map(|(n, _)| *n).collect::<BTreeSet<_>>()
        });
        Self {
            on_schedule: (0..world.schedules.len()).flat_map(on_schedule).collect(),
            open_incident: (0..world.users.len())
                .filter(|n| evidence.is_assigned[*n])
                .collect(),
            sole_manager: alone(managers),
            sole_target: alone(named),
        }
    }

    fn blockers(&self, n: usize) -> Vec<&'static str> {
        let holds = [
            ("on_schedule", &self.on_schedule),
            ("open_incident", &self.open_incident),
            ("sole_manager", &self.sole_manager),
            ("sole_target", &self.sole_target),
        ];
        let found = holds.into_iter().filter(|(_, people)| people.contains(&n));
        found.map(|(id, _)| id).collect()
    }
}

/// The members of the sets that have one member only.
fn alone(sets: impl Iterator<Item = BTreeSet<usize>>) -> BTreeSet<usize> {
    sets.filter(|set| set.len() == 1).flatten().collect()
}
