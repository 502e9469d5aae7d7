//! What the account buys beside seats: whether it is there, and whether anything happened with it.

use serde_json::{Value, json};

use super::evidence::Evidence;
use super::question::Question;
use super::report::stamp;
use crate::world::{ADVANCE_FEATURES, DAY, World};

/// One add-on.
#[derive(Debug, Clone)]
pub(crate) struct AddOn {
    pub(crate) id: &'static str,
    bought: Option<bool>,
    objects: Option<usize>,
    verdict: &'static str,
    last_at: Option<i64>,
}

impl AddOn {
    /// Paid for, and certainly not used.
    pub(crate) fn is_waste(&self) -> bool {
        self.bought == Some(true) && self.verdict == "unused"
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "bought": self.bought,
            "objects": self.objects,
            "used_in_window": self.verdict,
            "last_at": self.last_at.map(stamp),
        })
    }
}

/// What is known of an add-on before it is judged.
struct Found {
    id: &'static str,
    ability: &'static str,
    datasets: &'static [&'static str],
    objects: usize,
    /// When something happened with it; `None` where PagerDuty tells no time.
    instants: Option<Vec<i64>>,
}

/// All of them, in a fixed order.
pub(crate) fn add_ons(world: &World, question: &Question, evidence: &Evidence) -> Vec<AddOn> {
    let estate = &world.estate;
    let timeless = |id, ability, datasets, objects| Found {
        id,
        ability,
        datasets,
        objects,
        instants: None,
    };
    let found = [
        status_pages(world, question),
        Found {
            id: "aiops",
            ability: "event_intelligence",
            datasets: &["alert_grouping_settings"],
            objects: estate.groupings.len(),
            instants: Some(
                estate
                    .groupings
                    .iter()
                    .flat_map(|grouping| [grouping.created_at, grouping.updated_at])
                    .collect(),
            ),
        },
        advance(world, question),
        timeless(
            "business_services",
            "business_services",
            &["business_services"],
            estate.business_services.len(),
        ),
        workflows(world, evidence),
        automation(world, question),
        orchestration(world, question),
        timeless(
            "custom_priorities",
            "custom_priorities",
            &["priorities"],
            world.priorities.len(),
        ),
    ];
    found.map(|found| judge(found, question)).to_vec()
}

fn judge(found: Found, question: &Question) -> AddOn {
    let bought = question
        .sees("abilities")
        .then(|| question.abilities.contains(found.ability));
    let is_seen = found.datasets.iter().all(|dataset| question.sees(dataset));
    let exists = bought != Some(false) && found.datasets.iter().all(|name| question.has(name));
    let instants = found
        .instants
        .as_deref()
        .unwrap_or_default()
        .iter()
        .copied();
    let last_at = instants.filter(|at| is_seen && question.is_held(*at)).max();
    let is_heard = found.id != "workflows" || question.hears_all();
    let tells = found.objects == 0 || (found.instants.is_some() && is_heard);
    let verdict = match last_at {
        Some(at) if question.is_inside(at) => "used",
        _ if !exists => "not_eligible",
        _ if is_seen && tells => "unused",
        _ => "unknown",
    };
    AddOn {
        id: found.id,
        bought,
        objects: is_seen.then_some(found.objects),
        verdict,
        last_at,
    }
}

fn status_pages(world: &World, question: &Question) -> Found {
    let pages = world.estate.status_pages.iter().enumerate();
    let instants = pages.flat_map(|(n, page)| {
        let posts = world.posts(n, question.as_of - 1);
        posts
            .into_iter()
            .map(|(_, at)| at)
            .chain([page.published_at])
            .collect::<Vec<_>>()
    });
    Found {
        id: "status_pages",
        ability: "status_pages",
        datasets: &["status_pages", "status_page_posts"],
        objects: world.estate.status_pages.len(),
        instants: Some(instants.collect()),
    }
}

/// Analytics has the days that are over.
fn advance(world: &World, question: &Question) -> Found {
    let days = question.horizon().div_euclid(DAY)..question.as_of.div_euclid(DAY);
    let mut instants = Vec::new();
    let mut features = 0;
    for feature in 0..ADVANCE_FEATURES.len() {
        let used = days
            .clone()
            .filter(|day| world.advance(feature, *day).0 > 0)
            .map(|day| day * DAY);
        let used: Vec<i64> = used.collect();
        features += usize::from(used.iter().any(|at| question.is_inside(*at)));
        instants.extend(used);
    }
    Found {
        id: "advance",
        ability: "pagerduty_advance",
        datasets: &["advance_usage"],
        objects: features,
        instants: Some(instants),
    }
}

fn workflows(world: &World, evidence: &Evidence) -> Found {
    let made = world.estate.workflows.iter().map(|flow| flow.created_at);
    Found {
        id: "workflows",
        ability: "incident_workflows",
        datasets: &["incident_workflows"],
        objects: world.estate.workflows.len(),
        instants: Some(
            made.chain(evidence.workflow_starts.iter().copied())
                .collect(),
        ),
    }
}

fn automation(world: &World, question: &Question) -> Found {
    let before = question.as_of - 1;
    let mut instants = Vec::new();
    for (n, action) in world.estate.actions.iter().enumerate() {
        instants.extend([action.created_at, action.modified_at]);
        instants.extend(world.last_run(n, before).map(|run| run.at));
    }
    Found {
        id: "automation",
        ability: "automation_actions",
        datasets: &["automation_actions", "automation_invocations"],
        objects: world.estate.actions.len(),
        instants: Some(instants),
    }
}

fn orchestration(world: &World, question: &Question) -> Found {
    let all = world.estate.orchestrations.iter();
    let instants = all.flat_map(|one| [one.created_at, one.last_change(question.as_of - 1).1]);
    Found {
        id: "orchestration",
        ability: "event_orchestrations",
        datasets: &["event_orchestrations"],
        objects: world.estate.orchestrations.len(),
        instants: Some(instants.collect()),
    }
}
