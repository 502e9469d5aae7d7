//! What is bought for the whole account, and which ability of the plan stands for it.

/// One add-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addon {
    pub id: &'static str,
    pub name: &'static str,
    /// PagerDuty's name of the ability.
    pub ability: &'static str,
    /// Datasets that hold its objects and what they did.
    pub datasets: &'static [&'static str],
    /// Whether its objects tell when they were used at all.
    pub tells_time: bool,
}

const fn addon(
    id: &'static str,
    name: &'static str,
    ability: &'static str,
    datasets: &'static [&'static str],
) -> Addon {
    Addon {
        id,
        name,
        ability,
        datasets,
        tells_time: true,
    }
}

/// Every add-on, in the order in which pages list them.
pub const ADDONS: &[Addon] = &[
    addon(
        "status_pages",
        "Status pages",
        "status_pages",
        &["status_pages", "status_page_posts"],
    ),
    addon(
        "aiops",
        "AIOps",
        "event_intelligence",
        &["alert_grouping_settings"],
    ),
    addon(
        "advance",
        "PagerDuty Advance",
        "pagerduty_advance",
        &["advance_usage"],
    ),
    Addon {
        tells_time: false,
        ..addon(
            "business_services",
            "Business services",
            "business_services",
            &["business_services"],
        )
    },
    addon(
        "workflows",
        "Incident workflows",
        "incident_workflows",
        &["incident_workflows", "webhooks"],
    ),
    addon(
        "automation",
        "Automation actions",
        "automation_actions",
        &["automation_actions", "automation_invocations"],
    ),
    addon(
        "orchestration",
        "Event orchestration",
        "event_orchestrations",
        &["event_orchestrations"],
    ),
    Addon {
        tells_time: false,
        ..addon(
            "custom_priorities",
            "Custom priorities",
            "custom_priorities",
            &["priorities"],
        )
    },
];

pub fn find(id: &str) -> Option<&'static Addon> {
    ADDONS.iter().find(|addon| addon.id == id)
}
