//! What an event looks like: the envelope, and data whose shape depends on the type.

use serde_json::{Value, json};

use crate::rest::ask::Ask;
use crate::world::{Emitted, Incident};

/// Every type a subscription can ask for.
pub(crate) const EVENT_TYPES: [&str; 31] = [
    "incident.acknowledged",
    "incident.action_invocation.created",
    "incident.action_invocation.terminated",
    "incident.action_invocation.updated",
    "incident.annotated",
    "incident.conference_bridge.updated",
    "incident.custom_field_values.updated",
    "incident.delegated",
    "incident.escalated",
    "incident.incident_type.changed",
    "incident.priority_updated",
    "incident.reassigned",
    "incident.reopened",
    "incident.resolved",
    "incident.responder.added",
    "incident.responder.replied",
    "incident.role.assigned",
    "incident.service_updated",
    "incident.status_update_published",
    "incident.task.completed",
    "incident.task.created",
    "incident.task.updated",
    "incident.triggered",
    "incident.unacknowledged",
    "incident.workflow.completed",
    "incident.workflow.started",
    "service.created",
    "service.custom_field_values.updated",
    "service.deleted",
    "service.updated",
    "pagey.ping",
];

/// The body of a delivery.
pub(crate) fn envelope(ask: &Ask, event: &Emitted, incident: Option<&Incident>) -> String {
    let agent = event.user.map(|user| ask.user_ref(user));
    let resource = event.kind.split('.').next().unwrap_or("incident");
    let client = event.user.map(|_| json!({"name": "PagerDuty"}));
    json!({
        "event": {
            "id": event.id,
            "event_type": event.kind,
            "resource_type": resource,
            "occurred_at": format!("{}.000Z", ask.utc(event.at).trim_end_matches('Z')),
            "agent": agent,
            "client": client,
            "data": data(ask, event, incident),
        }
    })
    .to_string()
}

fn data(ask: &Ask, event: &Emitted, incident: Option<&Incident>) -> Value {
    let Some(incident) = incident else {
        return match event.kind.as_str() {
            "pagey.ping" => json!({"message": "Hello from your friend Pagey!", "type": "ping"}),
            _ => ask.service_ref(0),
        };
    };
    let reference = ask.incident_ref(incident);
    let words = "Something nobody may keep";
    match event.kind.as_str() {
        "incident.annotated" => json!({
            "incident": reference, "id": event.id, "content": words, "trimmed": false,
            "type": "incident_note",
        }),
        "incident.status_update_published" => json!({
            "incident": reference, "id": event.id, "message": words, "trimmed": false,
            "type": "incident_status_update",
        }),
        "incident.responder.added" | "incident.responder.replied" => json!({
            "incident": reference,
            "user": event.user.map(|user| ask.user_ref(user)),
            "escalation_policy": null,
            "message": words,
            "state": if event.kind.ends_with("replied") { "accepted" } else { "pending" },
            "type": "incident_responder",
        }),
        "incident.workflow.started" | "incident.workflow.completed" => json!({
            "id": event.id,
            "type": "incident_workflow_instance",
            "summary": "Workflow 1",
            "incident": reference,
            "incident_workflow": {"id": ask.world.estate.workflows[0].id, "type": "incident_workflow"},
            "workflow_trigger": {"id": ask.world.estate.workflows[0].trigger_id, "type": "workflow_trigger"},
            "service": ask.service_ref(incident.service),
        }),
        kind if kind.starts_with("incident.action_invocation") => json!({
            "incident": reference, "id": event.id, "state": "created", "type": "action_invocation",
        }),
        _ => whole(ask, incident),
    }
}

/// The incident as most events carry it.
fn whole(ask: &Ask, incident: &Incident) -> Value {
    let state = incident.state_at(ask.now);
    let service = &ask.world.services[incident.service];
    let mut value = ask.incident_ref(incident);
    let assignees = state.assigned.iter().map(|(user, _)| ask.user_ref(*user));
    let more = json!({
        "type": "incident",
        "number": ask.incident_number(incident),
        "status": state.status,
        "incident_key": incident.id(ask.world.key()).to_lowercase(),
        "created_at": ask.utc(incident.created_at),
        "title": ask.title(incident),
        "service": ask.service_ref(incident.service),
        "assignees": assignees.collect::<Vec<_>>(),
        "escalation_policy": ask.policy_ref(service.policy),
        "teams": [ask.team_ref(service.team)],
        "priority": incident.priority.map(|n| ask.priority(n)),
        "urgency": if state.is_high { "high" } else { "low" },
        "conference_bridge": null,
        "resolve_reason": null,
    });
    crate::rest::users::merge(&mut value, more);
    value
}
