//! How many records a complete reader of each dataset receives.

use serde_json::{Map, Value, json};

use super::evidence::Evidence;
use super::question::Question;
use crate::world::World;

/// Counts per dataset, as of the question's instant; what has a time is counted within the horizon.
pub(super) fn records(world: &World, question: &Question, evidence: &Evidence) -> Value {
    let mut all = happened(evidence);
    all.extend(kept(world, question));
    Value::Object(all)
}

fn happened(evidence: &Evidence) -> Map<String, Value> {
    let records = &evidence.records;
    named(&[
        ("log_entries", records.log_entries),
        ("incidents", records.incidents),
        ("incident_analytics", records.incident_analytics),
        ("notifications", records.notifications),
        ("oncalls", records.oncalls),
        ("oncalls_next_30_days", records.oncalls_next_30_days),
        ("maintenance_windows", records.maintenance_windows),
        ("audit_records", records.config_changes),
        ("automation_invocations", records.automation_invocations),
        ("change_events", records.change_events),
        ("webhooks", records.webhooks),
    ])
}

fn kept(world: &World, question: &Question) -> Map<String, Value> {
    let before = question.as_of - 1;
    let estate = &world.estate;
    let of_users =
        |count: &dyn Fn(usize) -> usize| (0..world.users.len()).map(count).sum::<usize>();
    let of_teams =
        |count: &dyn Fn(usize) -> usize| (0..world.teams.len()).map(count).sum::<usize>();
    let posts = (0..estate.status_pages.len()).map(|page| world.posts(page, before).len());
    let counts = [
        ("users", world.users.len()),
        ("licenses", world.licenses.len()),
        ("license_allocations", world.users.len()),
        ("teams", world.teams.len()),
        ("team_members", of_teams(&|n| world.teams[n].members.len())),
        ("services", world.services.len()),
        ("escalation_policies", world.policies.len()),
        ("schedules", world.schedules.len()),
        ("priorities", world.priorities.len()),
        ("abilities", question.abilities.len()),
        ("user_analytics", world.users.len()),
        (
            "user_delegations",
            of_users(&|n| world.delegations(n, before).len()),
        ),
        ("subscriptions", of_users(&|n| world.subscriptions(n).len())),
        (
            "team_subscriptions",
            of_teams(&|n| world.team_subscriptions(n).len()),
        ),
        ("tags", estate.tags.len()),
        ("business_services", estate.business_services.len()),
        ("status_pages", estate.status_pages.len()),
        ("status_page_posts", posts.sum()),
        ("incident_workflows", estate.workflows.len()),
        ("incident_workflow_triggers", estate.workflows.len()),
        ("automation_actions", estate.actions.len()),
        ("event_orchestrations", estate.orchestrations.len()),
        ("alert_grouping_settings", estate.groupings.len()),
        ("extensions", estate.extensions.len()),
        ("templates", estate.templates.len()),
    ];
    counts
        .into_iter()
        .map(|(name, count)| (name.to_owned(), json!(count)))
        .collect()
}

fn named(counts: &[(&str, u64)]) -> Map<String, Value> {
    counts
        .iter()
        .map(|(name, count)| ((*name).to_owned(), json!(count)))
        .collect()
}
