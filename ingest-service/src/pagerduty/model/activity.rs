//! What happened once: audit records, invocations, notifications, change events. Addresses, remote
//! addresses and everything that a person wrote are never read.

use proto::facts::v1::Activity;
use serde::Deserialize;

use super::{
    classic,
    value::{Instant, Many, One, Reference, Text},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Method {
    r#type: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AuditRow {
    id: Text,
    execution_time: Instant,
    actors: Many<Reference>,
    method: One<Method>,
    root_resource: One<Reference>,
    action: Text,
}

impl AuditRow {
    /// One for each actor; one without an agent when none is told.
    fn facts(self) -> Vec<Activity> {
        let (Some(id), Some(at)) = (self.id.filled(), self.execution_time.proto()) else {
            return Vec::new();
        };
        let root = self.root_resource.0.unwrap_or_default();
        let record = Activity {
            id,
            r#type: self.action.or_empty(),
            at: Some(at),
            subject_type: root.r#type.or_empty(),
            subject_id: root.id.or_empty(),
            method: self.method.0.unwrap_or_default().r#type.or_empty(),
            ..Activity::default()
        };
        if self.actors.0.is_empty() {
            return vec![record];
        }
        let actors = self.actors.0.into_iter();
        let by = |actor: Reference| Activity {
            agent_type: actor.r#type.or_empty(),
            agent_id: actor.id.or_empty(),
            ..record.clone()
        };
        actors.map(by).collect()
    }
}

classic!(
    /// `GET /audit/records`.
    audit_records, records: AuditRow => Activities many AuditRow::facts
);

/// The schema names the time `timestamp`, the example `creation_timestamp`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Transition {
    state: Text,
    timestamp: Instant,
    creation_timestamp: Instant,
}

impl Transition {
    fn at(&self) -> Option<jiff::Timestamp> {
        self.timestamp.0.or(self.creation_timestamp.0)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InvocationContext {
    agent: One<Reference>,
    incident: One<Reference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InvocationRow {
    id: Text,
    action_id: Text,
    state: Text,
    metadata: One<InvocationContext>,
    timing: Many<Transition>,
}

impl InvocationRow {
    /// It happened when it was created; the transitions come in any order.
    fn fact(self) -> Option<Activity> {
        let is_creation = |one: &&Transition| one.state.0.as_deref() == Some("created");
        let created = self
            .timing
            .0
            .iter()
            .find(is_creation)
            .and_then(Transition::at);
        let first = || self.timing.0.iter().filter_map(Transition::at).min();
        let context = self.metadata.0.unwrap_or_default();
        let agent = context.agent.0.unwrap_or_default();
        Some(Activity {
            id: self.id.filled()?,
            r#type: "automation_invocation".to_owned(),
            at: Some(proto::time::to_proto(created.or_else(first)?)),
            agent_type: agent.r#type.or_empty(),
            agent_id: agent.id.or_empty(),
            subject_type: "automation_action".to_owned(),
            subject_id: self.action_id.or_empty(),
            status: self.state.or_empty(),
            incident_id: context.incident.id_or_empty(),
            ..Activity::default()
        })
    }
}

classic!(
    /// `GET /automation_actions/invocations`: the 25 newest of an action.
    invocations, invocations: InvocationRow => Activities
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct NotificationRow {
    id: Text,
    r#type: Text,
    started_at: Instant,
    status: Text,
    user: One<Reference>,
}

impl NotificationRow {
    fn fact(self) -> Option<Activity> {
        let user = self.user.0.unwrap_or_default();
        Some(Activity {
            id: self.id.filled()?,
            r#type: self.r#type.or_empty(),
            at: Some(self.started_at.proto()?),
            agent_type: user.r#type.or_empty(),
            agent_id: user.id.or_empty(),
            status: self.status.or_empty(),
            ..Activity::default()
        })
    }
}

classic!(
    /// `GET /notifications`.
    notifications, notifications: NotificationRow => Activities
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChangeRow {
    id: Text,
    timestamp: Instant,
    integration: One<Reference>,
    services: Many<Reference>,
}

impl ChangeRow {
    fn fact(self) -> Option<Activity> {
        let integration = self.integration.0.unwrap_or_default();
        Some(Activity {
            id: self.id.filled()?,
            r#type: "change_event".to_owned(),
            at: Some(self.timestamp.proto()?),
            subject_type: integration.r#type.or_empty(),
            subject_id: integration.id.or_empty(),
            service_ids: self.services.ids(),
            ..Activity::default()
        })
    }
}

classic!(
    /// `GET /change_events`.
    change_events, change_events: ChangeRow => Activities
);
