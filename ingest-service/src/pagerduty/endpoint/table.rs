//! The rows: one for each dataset that is fetched.

use proto::facts::v1::Dataset;

use super::{
    Family, Freshness, List, MOST_IDS, Paging, Row, Shape, Times, analytics,
    fill::{belongs_to, child_of, ids, measured_over, paged_by, uncounted, windowed},
};
use crate::pagerduty::model::{
    activity, configuration as conf, duty, measure, people, presence, response,
};

/// Makes PagerDuty render shifts.
pub(super) const FINAL_SCHEDULE: (&str, &str) = ("include[]", "final_schedule");

/// Classic `read` and `write` both allow reading.
const READ: &[&str] = &["read", "write"];
/// Queries that are sent as a `POST`.
const WRITE: &[&str] = &["write"];

const fn row(dataset: Dataset, scope: &'static str, shape: Shape) -> Row {
    Row {
        dataset,
        scope,
        classic: READ,
        plan: "",
        freshness: Freshness::EachRun,
        shape,
    }
}

/// Read once a day.
const fn daily(row: Row) -> Row {
    Row {
        freshness: Freshness::Daily,
        ..row
    }
}

/// Only in accounts that bought it.
const fn bought(plan: &'static str, row: Row) -> Row {
    Row { plan, ..row }
}

const fn posted(row: Row) -> Row {
    Row {
        classic: WRITE,
        ..row
    }
}

const ANALYTICS: &str = "analytics.write";
const INCIDENTS: &str = "incidents.read";
const AUTOMATION: &str = "Automation Actions";
/// PagerDuty documents no scope.
const UNNAMED: &str = "";

/// All of them, in the order in which a run fetches them.
pub static ROWS: [Row; 33] = [
    row(Dataset::Users, "users.read", Shape::Lists(&[USERS])),
    row(
        Dataset::Licenses,
        "licenses.read",
        Shape::Lists(&[LICENSES]),
    ),
    row(
        Dataset::LicenseAllocations,
        "licenses.read",
        Shape::Lists(&[ALLOCATIONS]),
    ),
    row(
        Dataset::Abilities,
        "abilities.read",
        Shape::Lists(&[ABILITIES]),
    ),
    row(Dataset::Teams, "teams.read", Shape::Teams(TEAMS)),
    row(
        Dataset::Services,
        "services.read",
        Shape::Lists(&[SERVICES]),
    ),
    row(
        Dataset::EscalationPolicies,
        "escalation_policies.read",
        Shape::Lists(&[POLICIES]),
    ),
    row(
        Dataset::Schedules,
        "schedules.read",
        Shape::Schedules(LAYERS, SHIFTS),
    ),
    posted(row(
        Dataset::UserAnalytics,
        ANALYTICS,
        Shape::Lists(&[USER_ANALYTICS]),
    )),
    daily(row(
        Dataset::UserDelegations,
        "oauth_delegations.read",
        Shape::Children(&[DELEGATIONS]),
    )),
    daily(row(
        Dataset::Priorities,
        "priorities.read",
        Shape::Lists(&[PRIORITIES]),
    )),
    daily(row(Dataset::Tags, "tags.read", Shape::Lists(&[TAGS]))),
    daily(bought(
        "business services",
        row(
            Dataset::BusinessServices,
            "services.read",
            Shape::Lists(&[BUSINESS]),
        ),
    )),
    row(
        Dataset::MaintenanceWindows,
        "services.read",
        Shape::Lists(&[MAINTENANCE]),
    ),
    daily(bought(
        "status pages",
        row(
            Dataset::StatusPages,
            "status_pages.read",
            Shape::Lists(&[STATUS_PAGES]),
        ),
    )),
    daily(bought(
        "status pages",
        row(
            Dataset::StatusPagePosts,
            "status_pages.read",
            Shape::Children(&[POSTS]),
        ),
    )),
    daily(bought(
        "incident workflows",
        row(
            Dataset::IncidentWorkflows,
            "incident_workflows.read",
            Shape::Lists(&[WORKFLOWS, TRIGGERS]),
        ),
    )),
    bought(
        AUTOMATION,
        row(
            Dataset::AutomationActions,
            UNNAMED,
            Shape::Lists(&[ACTIONS]),
        ),
    ),
    bought(
        AUTOMATION,
        row(
            Dataset::AutomationInvocations,
            UNNAMED,
            Shape::Children(&[INVOCATIONS]),
        ),
    ),
    bought(
        "event orchestration",
        row(
            Dataset::EventOrchestrations,
            "event_orchestrations.read",
            Shape::Lists(&[ORCHESTRATIONS]),
        ),
    ),
    daily(bought(
        "AIOps",
        row(
            Dataset::AlertGroupingSettings,
            "services.read",
            Shape::Lists(&[GROUPING]),
        ),
    )),
    daily(row(
        Dataset::Extensions,
        "extensions.read",
        Shape::Lists(&[EXTENSIONS]),
    )),
    daily(row(
        Dataset::Templates,
        "templates.read",
        Shape::Lists(&[TEMPLATES]),
    )),
    daily(row(
        Dataset::Subscriptions,
        "subscribers.read",
        Shape::Children(&[OF_USERS, OF_TEAMS]),
    )),
    row(Dataset::Oncalls, "oncalls.read", Shape::Lists(&[ONCALLS])),
    row(Dataset::LogEntries, INCIDENTS, Shape::Lists(&[LOG_ENTRIES])),
    row(
        Dataset::Incidents,
        INCIDENTS,
        Shape::Lists(&[LISTED_INCIDENTS]),
    ),
    bought(
        "the audit trail",
        row(
            Dataset::AuditRecords,
            "audit_records.read",
            Shape::Lists(&[AUDIT]),
        ),
    ),
    row(
        Dataset::Notifications,
        "users:notifications.read",
        Shape::Lists(&[NOTIFICATIONS]),
    ),
    daily(posted(row(
        Dataset::ResponderAnalytics,
        ANALYTICS,
        Shape::Lists(&[RESPONDERS]),
    ))),
    daily(posted(row(
        Dataset::IncidentAnalytics,
        ANALYTICS,
        Shape::Children(&[INCIDENT_ANALYTICS]),
    ))),
    daily(bought(
        "PagerDuty Advance",
        posted(row(
            Dataset::AdvanceUsage,
            ANALYTICS,
            Shape::Lists(&[ADVANCE]),
        )),
    )),
    row(
        Dataset::ChangeEvents,
        "change_events.read",
        Shape::Lists(&[CHANGES]),
    ),
];

const USERS: List = List::classic("/users", people::users);
const LICENSES: List = paged_by(Paging::Whole, List::classic("/licenses", people::licenses));
const ALLOCATIONS: List = uncounted(List::classic("/license_allocations", people::allocations));
const ABILITIES: List = paged_by(Paging::Whole, List::classic("/abilities", conf::abilities));
const TEAMS: List = List::classic("/teams", people::teams);
const SERVICES: List = List::classic("/services", response::services);
const POLICIES: List = List::classic("/escalation_policies", duty::escalation_policies);
const LAYERS: List = List {
    times: Times::Ahead,
    fixed: &[FINAL_SCHEDULE],
    ..List::classic("/schedules", duty::schedules)
};
/// An account without shift-based schedules may not know the list.
const SHIFTS: List = List {
    optional: true,
    ..List::classic("/v3/schedules", duty::schedule_references)
};
const USER_ANALYTICS: List = paged_by(
    Paging::Body(analytics::users),
    List::classic("/analytics/raw/users", people::analytics),
);
const DELEGATIONS: Family = Family {
    parents: USERS,
    ids,
    group: 1,
    list: List {
        fixed: &[
            ("delegation_type", "web,mobile,integration"),
            ("status", "issued,revoked"),
        ],
        complete: belongs_to,
        ..paged_by(
            Paging::Cursor,
            List::classic("/users/{id}/oauth_delegations", presence::delegations),
        )
    },
};
const PRIORITIES: List = List::classic("/priorities", conf::priorities);
const TAGS: List = List::classic("/tags", conf::tags);
const BUSINESS: List = List::classic("/business_services", conf::business_services);
const MAINTENANCE: List = List {
    fixed: &[("filter", "all")],
    ..List::classic("/maintenance_windows", conf::maintenance_windows)
};
const STATUS_PAGES: List = uncounted(List::classic("/status_pages", conf::status_pages));
const POSTS: Family = Family {
    parents: STATUS_PAGES,
    ids,
    group: 1,
    list: List {
        complete: child_of,
        ..uncounted(List::classic(
            "/status_pages/{id}/posts",
            conf::status_page_posts,
        ))
    },
};
const WORKFLOWS: List = List::classic("/incident_workflows", conf::workflows);
const TRIGGERS: List = paged_by(
    Paging::Cursor,
    List::classic("/incident_workflows/triggers", conf::workflow_triggers),
);
const ACTIONS: List = paged_by(
    Paging::Cursor,
    List::classic("/automation_actions/actions", conf::automation_actions),
);
/// At most the 25 newest of a question come back, so each action is asked for by itself.
const INVOCATIONS: Family = Family {
    parents: ACTIONS,
    ids,
    group: 1,
    list: List {
        parent: Some("action_id"),
        ..paged_by(
            Paging::Whole,
            List::classic("/automation_actions/invocations", activity::invocations),
        )
    },
};
const ORCHESTRATIONS: List = uncounted(List::classic(
    "/event_orchestrations",
    conf::event_orchestrations,
));
const GROUPING: List = List {
    counts: true,
    ..paged_by(
        Paging::After,
        List::classic("/alert_grouping_settings", conf::alert_grouping_settings),
    )
};
const EXTENSIONS: List = List::classic("/extensions", conf::extensions);
const TEMPLATES: List = List::classic("/templates", conf::templates);
const OF_USERS: Family = Family {
    parents: USERS,
    ids,
    group: 1,
    list: uncounted(List::classic(
        "/users/{id}/notification_subscriptions",
        presence::subscriptions,
    )),
};
const OF_TEAMS: Family = Family {
    parents: TEAMS,
    ids,
    group: 1,
    list: uncounted(List::classic(
        "/teams/{id}/notification_subscriptions",
        presence::subscriptions,
    )),
};
const ONCALLS: List = windowed(List::classic("/oncalls", duty::oncalls));
const LOG_ENTRIES: List = List {
    fixed: &[("include[]", "channels")],
    ..windowed(List::classic("/log_entries", response::log_entries))
};
const LISTED_INCIDENTS: List = windowed(List::classic("/incidents", response::incidents));
const AUDIT: List = List {
    times: Times::PlainWindow,
    ..paged_by(
        Paging::Cursor,
        List::classic("/audit/records", activity::audit_records),
    )
};
const NOTIFICATIONS: List = windowed(List::classic("/notifications", activity::notifications));
const RESPONDERS: List = List {
    complete: measured_over,
    ..paged_by(
        Paging::Body(analytics::responders),
        List::classic("/analytics/metrics/responders/teams", measure::responders),
    )
};
/// A person's token has to name services.
const INCIDENT_ANALYTICS: Family = Family {
    parents: SERVICES,
    ids,
    group: MOST_IDS,
    list: paged_by(
        Paging::Body(analytics::incidents),
        List::classic("/analytics/raw/incidents", measure::incidents),
    ),
};
const ADVANCE: List = List {
    complete: measured_over,
    ..paged_by(
        Paging::Body(analytics::advance),
        List::classic(
            "/analytics/metrics/pd_advance_usage/features",
            measure::advance,
        ),
    )
};
const CHANGES: List = List {
    times: Times::PlainWindow,
    ..List::classic("/change_events", activity::change_events)
};
