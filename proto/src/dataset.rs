//! The public name of each dataset: in URLs, JSON, tables and logs.

use crate::facts::v1::{Completeness, Dataset};

impl Dataset {
    /// Every dataset, in the order in which a run fetches them.
    pub const ALL: [Self; 11] = [
        Self::Users,
        Self::Licenses,
        Self::LicenseAllocations,
        Self::Teams,
        Self::Services,
        Self::EscalationPolicies,
        Self::Schedules,
        Self::UserAnalytics,
        Self::Oncalls,
        Self::LogEntries,
        Self::Incidents,
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
        }
    }

    /// The dataset of a name; the inverse of [`Dataset::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dataset| dataset.name() == name)
    }

    /// Whether the dataset is a history cut into windows of event time; the others are snapshots.
    pub fn is_windowed(self) -> bool {
        matches!(self, Self::Oncalls | Self::LogEntries | Self::Incidents)
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
