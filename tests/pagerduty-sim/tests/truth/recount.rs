//! Everything counted a second time from what the REST API answers.

use std::collections::HashMap;

use pagerduty_sim::world::Size;
use serde_json::{Value, json};

use crate::office::Office;

const WINDOW: &str = "since=2025-10-17T12:00:00Z&until=2026-01-15T12:00:00Z";

/// Uses per user and feature.
pub(crate) type Counts = HashMap<(String, &'static str), u64>;

fn action(kind: &str) -> Option<&'static str> {
    Some(match kind.strip_suffix("_log_entry")? {
        "acknowledge" => "ack",
        "resolve" => "resolve",
        "assign" | "delegate" => "reassign",
        "escalate" => "escalate",
        "snooze" => "snooze",
        "urgency_change" | "field_value_change" | "custom_field_value_change" => "priority",
        "annotate" => "note",
        "trigger" => "manual_incident",
        "status_update" | "incident_status_update" => "status_update",
        _ => return None,
    })
}

fn channel(raw: &str) -> Option<&'static str> {
    Some(match raw {
        "website" | "web_trigger" => "web",
        "mobile" | "push_notification" | "ios_push_notification" | "android_push_notification" => {
            "mobile_app"
        }
        "phone" => "phone",
        "sms" => "sms",
        "email" | "short_email" => "email",
        "slack" | "msteams" => "chat",
        "api" => "api",
        _ => return None,
    })
}

fn id(reference: &Value) -> String {
    reference["id"].as_str().unwrap().to_owned()
}

async fn log_entries(office: &Office, counts: &mut Counts) {
    for entry in office
        .all(&format!("/log_entries?{WINDOW}"), "log_entries")
        .await
    {
        let Some(action) = action(entry["type"].as_str().unwrap()) else {
            continue;
        };
        if entry["agent"]["type"] == "user_reference" {
            *counts.entry((id(&entry["agent"]), action)).or_default() += 1;
            if let Some(channel) = channel(entry["channel"]["type"].as_str().unwrap()) {
                *counts.entry((id(&entry["agent"]), channel)).or_default() += 1;
            }
        }
    }
}

/// Incidents created a day before the window may have answers within it.
async fn responders(office: &Office, counts: &mut Counts) {
    let (from, to) = ("2025-10-17T12:00:00Z", "2026-01-15T12:00:00Z");
    let is_inside = |at: &Value| {
        let at: jiff::Timestamp = at.as_str().unwrap().parse().unwrap();
        at >= from.parse().unwrap() && at < to.parse().unwrap()
    };
    for incident in office
        .all("/incidents?since=2025-10-15T00:00:00Z", "incidents")
        .await
    {
        for request in incident["responder_requests"].as_array().unwrap() {
            if is_inside(&request["requested_at"]) {
                *counts
                    .entry((id(&request["requester"]), "responder"))
                    .or_default() += 1;
            }
        }
        for responder in incident["incidents_responders"].as_array().unwrap() {
            if responder["state"] != "pending" && is_inside(&responder["updated_at"]) {
                *counts
                    .entry((id(&responder["user"]), "responder"))
                    .or_default() += 1;
            }
        }
    }
}

async fn sign_ins(office: &Office, counts: &mut Counts) {
    let ask = json!({"time_zone": "Etc/UTC"});
    let (_, body) = office
        .post_as(&office.caller, "/analytics/raw/users", &ask)
        .await;
    for row in body["data"].as_array().unwrap() {
        if row["last_sign_in_at"]
            .as_str()
            .is_some_and(|at| at >= "2025-10-17T12:00:00")
        {
            *counts.entry((id(row), "signin")).or_default() += 1;
        }
    }
}

#[tokio::test]
async fn every_use_read_over_rest_agrees_with_the_truth() {
    for seed in [1, 2] {
        let office = Office::seeded(Size::Small, seed).await;
        let mut counts = Counts::new();
        log_entries(&office, &mut counts).await;
        responders(&office, &mut counts).await;
        sign_ins(&office, &mut counts).await;
        crate::chores::count(&office, &mut counts).await;
        let truth = crate::truth(&office, "window=90").await;
        for user in truth["users"].as_array().unwrap() {
            for (feature, verdict) in user["features"].as_object().unwrap() {
                if feature != "oncall" {
                    let counted = counts.iter().find(|((user_id, name), _)| {
                        user["id"] == user_id.as_str() && name == feature
                    });
                    assert_eq!(
                        verdict["uses"].as_u64(),
                        Some(counted.map_or(0, |(_, count)| *count)),
                        "{feature}"
                    );
                }
            }
        }
    }
}
