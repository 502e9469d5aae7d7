//! The public name of each dataset: in URLs, JSON, tables and logs.

use crate::facts::v1::{Completeness, Dataset};

impl Dataset {
    /// Every dataset, in the order in which a run fetches them and pages show them.
    pub const ALL: [Self; 34] = [
        Self::Users,
        Self::Licenses,
        Self::LicenseAllocations,
        Self::Abilities,
        Self::Teams,
        Self::Services,
        Self::EscalationPolicies,
        Self::Schedules,
        Self::UserAnalytics,
        Self::UserDelegations,
        Self::Priorities,
        Self::Tags,
        Self::BusinessServices,
        Self::MaintenanceWindows,
        Self::StatusPages,
        Self::StatusPagePosts,
        Self::IncidentWorkflows,
        Self::AutomationActions,
        Self::AutomationInvocations,
        Self::EventOrchestrations,
        Self::AlertGroupingSettings,
        Self::Extensions,
        Self::Templates,
        Self::Subscriptions,
        Self::Oncalls,
        Self::LogEntries,
        Self::Incidents,
        Self::AuditRecords,
        Self::Notifications,
        Self::ResponderAnalytics,
        Self::IncidentAnalytics,
        Self::AdvanceUsage,
        Self::ChangeEvents,
        Self::Webhooks,
    ];

    /// For example `log_entries`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Users => "users",
            Self::Licenses => "licenses",
            Self::LicenseAllocations => "license_allocations",
            Self::Teams => "teams",
            Self::Services => "services",
            Self::EscalationPolicies => "escalation_policies",
            Self::Schedules => "schedules",
            Self::Oncalls => "oncalls",
            Self::LogEntries => "log_entries",
            Self::Incidents => "incidents",
            Self::UserAnalytics => "user_analytics",
            Self::Abilities => "abilities",
            Self::Priorities => "priorities",
            Self::Tags => "tags",
            Self::BusinessServices => "business_services",
            Self::MaintenanceWindows => "maintenance_windows",
            Self::StatusPages => "status_pages",
            Self::StatusPagePosts => "status_page_posts",
            Self::IncidentWorkflows => "incident_workflows",
            Self::AutomationActions => "automation_actions",
            Self::AutomationInvocations => "automation_invocations",
            Self::EventOrchestrations => "event_orchestrations",
            Self::AlertGroupingSettings => "alert_grouping_settings",
            Self::Extensions => "extensions",
            Self::Templates => "templates",
            Self::Subscriptions => "subscriptions",
            Self::UserDelegations => "user_delegations",
            Self::AuditRecords => "audit_records",
            Self::Notifications => "notifications",
            Self::ChangeEvents => "change_events",
            Self::ResponderAnalytics => "responder_analytics",
            Self::IncidentAnalytics => "incident_analytics",
            Self::AdvanceUsage => "advance_usage",
            Self::Webhooks => "webhooks",
        }
    }

    /// The dataset of a name; the inverse of [`Dataset::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dataset| dataset.name() == name)
    }

    /// Whether the dataset is a history cut into windows of event time; the others are snapshots.
    pub fn is_windowed(self) -> bool {
        matches!(
            self,
            Self::Oncalls
                | Self::LogEntries
                | Self::Incidents
                | Self::AuditRecords
                | Self::Notifications
                | Self::ChangeEvents
                | Self::ResponderAnalytics
                | Self::IncidentAnalytics
                | Self::AdvanceUsage
        )
    }
}

impl Completeness {
    /// For example `not_in_plan`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified | Self::Pending => "pending",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Forbidden => "forbidden",
            Self::NotInPlan => "not_in_plan",
        }
    }

    /// The inverse of [`Completeness::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Complete,
            Self::Partial,
            Self::Forbidden,
            Self::NotInPlan,
        ]
        .into_iter()
        .find(|completeness| completeness.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dataset_is_found_by_its_name() {
        for dataset in Dataset::ALL {
            assert_eq!(Dataset::from_name(dataset.name()), Some(dataset));
        }
        assert_eq!(Dataset::from_name("unspecified"), None);
    }
}
