//! What is done beside incidents, counted a second time from what the REST API answers.

use jiff::Timestamp;
use serde_json::Value;

use crate::office::Office;
use crate::recount::Counts;

const FROM: &str = "2025-10-17T12:00:00Z";
const TO: &str = "2026-01-15T12:00:00Z";

fn is_inside(at: &Value) -> bool {
    let at: Timestamp = at.as_str().unwrap().parse().unwrap();
    at >= FROM.parse().unwrap() && at < TO.parse().unwrap()
}

fn add(counts: &mut Counts, agent: &Value, feature: &'static str) {
    if agent["type"] == "user_reference" {
        let id = agent["id"].as_str().unwrap().to_owned();
        *counts.entry((id, feature)).or_default() += 1;
    }
}

/// All rows of a list that is read with a cursor; `path` ends with a query.
pub(crate) async fn by_cursor(office: &Office, path: &str, name: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = office
            .read(&format!("{path}&limit=7&cursor={cursor}"))
            .await;
        rows.extend(body[name].as_array().unwrap().clone());
        match body["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return rows,
        }
    }
}

pub(crate) async fn count(office: &Office, counts: &mut Counts) {
    for window in office
        .all("/maintenance_windows?filter=all", "maintenance_windows")
        .await
    {
        if is_inside(&window["start_time"]) {
            add(counts, &window["created_by"], "maintenance");
        }
    }
    for (since, until) in [
        (FROM, "2025-11-17T12:00:00Z"),
        ("2025-11-17T12:00:00Z", "2025-12-17T12:00:00Z"),
        ("2025-12-17T12:00:00Z", TO),
    ] {
        let path = format!("/audit/records?since={since}&until={until}");
        for record in by_cursor(office, &path, "records").await {
            for actor in record["actors"].as_array().unwrap() {
                add(counts, actor, "config_change");
            }
        }
    }
    for edited in office.all("/event_orchestrations?", "orchestrations").await {
        let made = (&edited["created_by"], &edited["created_at"]);
        let changed = (&edited["updated_by"], &edited["updated_at"]);
        if is_inside(made.1) {
            add(counts, made.0, "orchestration_edit");
        }
        if changed != made && is_inside(changed.1) {
            add(counts, changed.0, "orchestration_edit");
        }
    }
    automation(office, counts).await;
    for user in office.all("/users?", "users").await {
        let id = user["id"].as_str().unwrap();
        let path = format!("/users/{id}/notification_subscriptions?");
        for _ in office.all(&path, "subscriptions").await {
            *counts.entry((id.to_owned(), "stakeholder")).or_default() += 1;
        }
    }
}

async fn automation(office: &Office, counts: &mut Counts) {
    for action in by_cursor(office, "/automation_actions/actions?", "actions").await {
        let id = action["id"].as_str().unwrap();
        let path = format!("/automation_actions/invocations?action_id={id}");
        let mut seen = Vec::new();
        for run in office.read(&path).await["invocations"].as_array().unwrap() {
            let made = &run["timing"][0]["timestamp"];
            seen.push((run["metadata"]["agent"]["id"].clone(), made.clone()));
            if is_inside(made) {
                add(counts, &run["metadata"]["agent"], "automation_run");
            }
        }
        let last = (
            action["last_run_by"]["id"].clone(),
            action["last_run"].clone(),
        );
        if !action["last_run"].is_null() && !seen.contains(&last) && is_inside(&last.1) {
            add(counts, &action["last_run_by"], "automation_run");
        }
    }
}
