//! Response work: services, log entries, incidents. Titles, notes and addresses are never read.

use proto::facts::v1::{Incident, LogEntry, Responder, ResponderRequest, Service};
use serde::Deserialize;

use super::{
    classic,
    value::{Instant, Integer, Many, One, Reference, Text},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct ServiceRow {
    id: Text,
    name: Text,
    summary: Text,
    status: Text,
    escalation_policy: One<Reference>,
    teams: Many<Reference>,
    created_at: Instant,
    last_incident_timestamp: Instant,
}

impl ServiceRow {
    fn fact(self) -> Option<Service> {
        Some(Service {
            id: self.id.filled()?,
            name: self
                .name
                .filled()
                .unwrap_or_else(|| self.summary.or_empty()),
            status: self.status.or_empty(),
            escalation_policy_id: self.escalation_policy.id_or_empty(),
            team_ids: self.teams.ids(),
            created_at: self.created_at.proto(),
            last_incident_at: self.last_incident_timestamp.proto(),
        })
    }
}

classic!(
    /// `GET /services`.
    services, services: ServiceRow => Services
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct NotificationRow {
    r#type: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChannelRow {
    r#type: Text,
    notification: One<NotificationRow>,
}

/// Of a reference only the id: there are hundreds of thousands of these.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    id: Text,
}

/// Id and type.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Typed {
    id: Text,
    r#type: Text,
}

impl One<Named> {
    fn id(self) -> Option<String> {
        self.0?.id.filled()
    }

    fn id_or_empty(self) -> String {
        self.id().unwrap_or_default()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LogEntryRow {
    id: Text,
    r#type: Text,
    created_at: Instant,
    agent: One<Typed>,
    channel: One<ChannelRow>,
    incident: One<Named>,
    service: One<Named>,
    user: One<Named>,
}

impl LogEntryRow {
    fn fact(self) -> Option<LogEntry> {
        let agent = self.agent.0.unwrap_or_default();
        let channel = self.channel.0.unwrap_or_default();
        let kind = self.r#type.or_empty();
        let is_notify = kind == "notify_log_entry";
        let notification = channel.notification.0.unwrap_or_default();
        let only_notify = |text: String| if is_notify { text } else { String::new() };
        Some(LogEntry {
            id: self.id.filled()?,
            created_at: Some(self.created_at.proto()?),
            agent_type: agent.r#type.or_empty(),
            agent_id: agent.id.or_empty(),
            channel_type: channel.r#type.or_empty(),
            incident_id: self.incident.id_or_empty(),
            service_id: self.service.id_or_empty(),
            notified_user_id: only_notify(self.user.id_or_empty()),
            notification_type: only_notify(notification.r#type.or_empty()),
            r#type: kind,
        })
    }
}

classic!(
    /// `GET /log_entries`.
    log_entries, log_entries: LogEntryRow => LogEntries
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct AssignmentRow {
    assignee: One<Named>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RequestRow {
    requester: One<Named>,
    requested_at: Instant,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResponderRow {
    user: One<Named>,
    state: Text,
    requester: One<Named>,
    requested_at: Instant,
    updated_at: Instant,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IncidentRow {
    id: Text,
    incident_number: Integer,
    status: Text,
    urgency: Text,
    created_at: Instant,
    updated_at: Instant,
    resolved_at: Instant,
    service: One<Named>,
    escalation_policy: One<Named>,
    priority: One<Named>,
    assignments: Many<AssignmentRow>,
    responder_requests: Many<RequestRow>,
    incidents_responders: Many<ResponderRow>,
}

impl RequestRow {
    fn fact(self) -> Option<ResponderRequest> {
        Some(ResponderRequest {
            requester_id: self.requester.id()?,
            requested_at: self.requested_at.proto(),
        })
    }
}

impl ResponderRow {
    fn fact(self) -> Option<Responder> {
        Some(Responder {
            user_id: self.user.id()?,
            state: self.state.or_empty(),
            requester_id: self.requester.id_or_empty(),
            requested_at: self.requested_at.proto(),
            updated_at: self.updated_at.proto(),
        })
    }
}

impl IncidentRow {
    fn fact(self) -> Option<Incident> {
        let assignees = self.assignments.0.into_iter();
        Some(Incident {
            id: self.id.filled()?,
            number: self.incident_number.0.unwrap_or(0),
            status: self.status.or_empty(),
            urgency: self.urgency.or_empty(),
            created_at: Some(self.created_at.proto()?),
            updated_at: self.updated_at.proto(),
            resolved_at: self.resolved_at.proto(),
            service_id: self.service.id_or_empty(),
            escalation_policy_id: self.escalation_policy.id_or_empty(),
            priority_id: self.priority.id_or_empty(),
            assignee_ids: assignees.filter_map(|one| one.assignee.id()).collect(),
            responder_requests: self
                .responder_requests
                .0
                .into_iter()
                .filter_map(RequestRow::fact)
                .collect(),
            responders: self
                .incidents_responders
                .0
                .into_iter()
                .filter_map(ResponderRow::fact)
                .collect(),
        })
    }
}

classic!(
    /// `GET /incidents`.
    incidents, incidents: IncidentRow => Incidents
);
