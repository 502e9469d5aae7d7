//! The feature catalog as the truth knows it: what shows a use, who is eligible, which dataset must be seen.

use crate::world::{Channel, What};

/// A feature a seat can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feature {
    Signin,
    MobileApp,
    Oncall,
    Ack,
    Resolve,
    Reassign,
    Escalate,
    Snooze,
    Priority,
    Note,
    ManualIncident,
    Responder,
    StatusUpdate,
    Phone,
    Sms,
    Email,
    Chat,
    Web,
    Api,
    Maintenance,
    ConfigChange,
    WorkflowRun,
    AutomationRun,
    OrchestrationEdit,
    Stakeholder,
}

/// What else tells of a webhook event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twin {
    None,
    LogEntry,
    Incident,
}

/// How many there are.
pub(crate) const COUNT: usize = 25;

/// Features whose use makes a seat active.
pub(crate) const ACTIONS: [Feature; 15] = [
    Feature::Ack,
    Feature::Resolve,
    Feature::Reassign,
    Feature::Escalate,
    Feature::Snooze,
    Feature::Priority,
    Feature::Note,
    Feature::ManualIncident,
    Feature::Responder,
    Feature::StatusUpdate,
    Feature::Maintenance,
    Feature::ConfigChange,
    Feature::WorkflowRun,
    Feature::AutomationRun,
    Feature::OrchestrationEdit,
];

/// In catalog order, each with its id and the datasets its evidence comes from.
pub(crate) const CATALOG: [(Feature, &str, &[&str]); COUNT] = [
    (Feature::Signin, "signin", &["user_analytics"]),
    (Feature::MobileApp, "mobile_app", &["log_entries"]),
    (Feature::Oncall, "oncall", &["oncalls"]),
    (Feature::Ack, "ack", &["log_entries"]),
    (Feature::Resolve, "resolve", &["log_entries"]),
    (Feature::Reassign, "reassign", &["log_entries"]),
    (Feature::Escalate, "escalate", &["log_entries"]),
    (Feature::Snooze, "snooze", &["log_entries"]),
    (Feature::Priority, "priority", &["log_entries"]),
    (Feature::Note, "note", &["log_entries"]),
    (Feature::ManualIncident, "manual_incident", &["log_entries"]),
    (Feature::Responder, "responder", &["incidents"]),
    (Feature::StatusUpdate, "status_update", &["log_entries"]),
    (Feature::Phone, "phone", &["log_entries"]),
    (Feature::Sms, "sms", &["log_entries"]),
    (Feature::Email, "email", &["log_entries"]),
    (Feature::Chat, "chat", &["log_entries"]),
    (Feature::Web, "web", &["log_entries"]),
    (Feature::Api, "api", &["log_entries"]),
    (
        Feature::Maintenance,
        "maintenance",
        &["maintenance_windows"],
    ),
    (Feature::ConfigChange, "config_change", &["audit_records"]),
    (Feature::WorkflowRun, "workflow_run", &["webhooks"]),
    (
        Feature::AutomationRun,
        "automation_run",
        &["automation_actions", "automation_invocations"],
    ),
    (
        Feature::OrchestrationEdit,
        "orchestration_edit",
        &["event_orchestrations"],
    ),
    (Feature::Stakeholder, "stakeholder", &["subscriptions"]),
];

impl Feature {
    /// Whether a stakeholder's license includes it.
    pub(crate) fn is_for_stakeholders(self) -> bool {
        matches!(
            self,
            Self::Signin
                | Self::MobileApp
                | Self::Responder
                | Self::StatusUpdate
                | Self::Stakeholder
        )
    }

    /// Whether a plan without its datasets shows that nobody uses it.
    pub(crate) fn is_add_on(self) -> bool {
        matches!(self, Self::AutomationRun | Self::OrchestrationEdit)
    }

    /// Whether a stakeholder's license suffices for this action.
    pub(crate) fn is_light(self) -> bool {
        matches!(self, Self::Responder | Self::StatusUpdate)
    }

    /// The action a webhook event tells, and whether a log entry tells it as well.
    pub(crate) fn of_event(kind: &str) -> Option<(Self, Twin)> {
        Some(match kind {
            "incident.acknowledged" => (Self::Ack, Twin::LogEntry),
            "incident.resolved" => (Self::Resolve, Twin::LogEntry),
            "incident.reassigned" | "incident.delegated" => (Self::Reassign, Twin::LogEntry),
            "incident.escalated" => (Self::Escalate, Twin::LogEntry),
            "incident.annotated" => (Self::Note, Twin::LogEntry),
            "incident.triggered" => (Self::ManualIncident, Twin::LogEntry),
            "incident.status_update_published" => (Self::StatusUpdate, Twin::LogEntry),
            "incident.priority_updated" => (Self::Priority, Twin::None),
            "incident.workflow.started" => (Self::WorkflowRun, Twin::None),
            "incident.responder.added" | "incident.responder.replied" => {
                (Self::Responder, Twin::Incident)
            }
            _ => return None,
        })
    }

    /// The action a person's log entry is.
    pub(crate) fn of_action(what: What) -> Option<Self> {
        Some(match what {
            What::Acknowledge => Self::Ack,
            What::Resolve => Self::Resolve,
            What::Assign | What::Delegate => Self::Reassign,
            What::Escalate => Self::Escalate,
            What::Snooze => Self::Snooze,
            What::UrgencyChange | What::FieldValueChange | What::CustomFieldValueChange => {
                Self::Priority
            }
            What::Annotate => Self::Note,
            What::Trigger => Self::ManualIncident,
            What::StatusUpdate | What::IncidentStatusUpdate => Self::StatusUpdate,
            What::Notify(_)
            | What::Unacknowledge
            | What::ExhaustEscalationPath
            | What::ResponderRequest => {
                return None;
            }
        })
    }

    /// The channel an action came over.
    pub(crate) fn of_channel(channel: Channel) -> Option<Self> {
        Some(match channel {
            Channel::Website | Channel::WebTrigger => Self::Web,
            Channel::Mobile | Channel::Push | Channel::IosPush | Channel::AndroidPush => {
                Self::MobileApp
            }
            Channel::Phone => Self::Phone,
            Channel::Sms => Self::Sms,
            Channel::Email | Channel::ShortEmail => Self::Email,
            Channel::Slack | Channel::Msteams => Self::Chat,
            Channel::Api => Self::Api,
            Channel::Auto
            | Channel::Timeout
            | Channel::Events
            | Channel::Nagios
            | Channel::Note
            | Channel::Unknown => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_is_in_the_order_of_the_features() {
        for (n, (feature, ..)) in CATALOG.iter().enumerate() {
            assert_eq!(*feature as usize, n);
        }
    }
}
