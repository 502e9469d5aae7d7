//! `GET /escalation_policies`, `/escalation_policies/{id}`.

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::Page;
use super::users::merge;
use crate::world::{Kind, Target, object_id};

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("escalation_policies.read")?;
    let page = Page::classic(&ask.params)?;
    let query = ask.params.one("query").unwrap_or_default().to_lowercase();
    let (users, teams) = (ask.params.set("user_ids"), ask.params.set("team_ids"));
    let chosen: Vec<usize> = (0..ask.world.policies.len())
        .filter(|n| {
            let policy = &ask.world.policies[*n];
            let of_team = policy
                .team
                .is_some_and(|team| teams.contains(&ask.world.teams[team].id.as_str()));
            (teams.is_empty() || of_team)
                && (users.is_empty() || names_one_of(&ask, *n, &users))
                && policy.name.to_lowercase().contains(&query)
        })
        .collect();
    Ok(page.cut("escalation_policies", &chosen, |n| policy(&ask, *n)))
}

pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("escalation_policies.read")?;
    let n = ask
        .world
        .find(Kind::Policy, &id)
        .ok_or_else(Refusal::not_found)?;
    Ok(object(json!({"escalation_policy": policy(&ask, n)})))
}

fn names_one_of(ask: &Ask, n: usize, users: &[&str]) -> bool {
    ask.world.policies[n]
        .levels
        .iter()
        .flatten()
        .any(|target| match target {
            Target::User(user) => users.contains(&ask.world.users[*user].id.as_str()),
            Target::Schedule(_) => false,
        })
}

/// The full object.
pub(crate) fn policy(ask: &Ask, n: usize) -> Value {
    let policy = &ask.world.policies[n];
    let rules: Vec<Value> = (0..policy.levels.len())
        .map(|level| rule(ask, n, level))
        .collect();
    let services =
        (0..ask.world.services.len()).filter(|service| ask.world.services[*service].policy == n);
    let services: Vec<Value> = services.map(|service| ask.service_ref(service)).collect();
    let mut value = ask.policy_ref(n);
    let more = json!({
        "type": "escalation_policy",
        "name": policy.name,
        "description": "",
        "num_loops": 0,
        "on_call_handoff_notifications": "if_has_services",
        "escalation_rules": rules,
        "services": services,
        "teams": policy.team.map(|team| ask.team_ref(team)).into_iter().collect::<Vec<_>>(),
    });
    merge(&mut value, more);
    value
}

fn rule(ask: &Ask, n: usize, level: usize) -> Value {
    let policy = &ask.world.policies[n];
    let targets = policy.levels[level].iter().map(|target| match *target {
        Target::Schedule(schedule) => ask.schedule_ref(schedule),
        Target::User(user) if ask.params.includes("targets") => super::users::user(ask, user),
        Target::User(user) => ask.user_ref(user),
    });
    json!({
        "id": object_id(ask.world.key(), Kind::Rule, (n * 8 + level) as u64),
        "escalation_delay_in_minutes": policy.delay_minutes,
        "targets": targets.collect::<Vec<_>>(),
        "escalation_rule_assignment_strategy": "assign_to_everyone",
    })
}
