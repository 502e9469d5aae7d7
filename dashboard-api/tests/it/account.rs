//! A small PagerDuty account as messages: four people, one license of each kind, a week of work.

use jiff::{SignedDuration, Timestamp};
use proto::{
    facts::v1::{
        Activities, Activity, Completeness, Dataset, DatasetState, Envelope, Incident, Incidents,
        License, LicenseAllocation, LicenseAllocations, Licenses, LogEntries, LogEntry, Oncall,
        Oncalls, Receipt, Responder, RunFinished, Team, TeamMember, Teams, User, UserAnalytic,
        UserAnalytics, Users, Window, envelope::Payload,
    },
    time::to_proto,
};
use uuid::Uuid;

/// One run of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) org: Uuid,
    pub(crate) connection: Uuid,
    pub(crate) id: Uuid,
    pub(crate) t: Timestamp,
}

pub(crate) fn t() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().expect("valid")
}

pub(crate) fn days_before(t: Timestamp, days: i64) -> Timestamp {
    t - SignedDuration::from_hours(24 * days)
}

pub(crate) fn user(id: &str, name: &str) -> User {
    User {
        id: id.to_owned(),
        name: name.to_owned(),
        email: format!("{}@acme.example", id.to_lowercase()),
        role: "limited_user".to_owned(),
        time_zone: "UTC".to_owned(),
        team_ids: vec!["PT1".to_owned()],
        ..User::default()
    }
}

impl Run {
    pub(crate) fn new(org: u128) -> Self {
        Self {
            org: Uuid::from_u128(org),
            connection: Uuid::from_u128(org << 8),
            id: Uuid::from_u128((org << 16) + 1),
            t: t(),
        }
    }

    /// The next run of the same connection, an hour later.
    pub(crate) fn next(&self) -> Self {
        Self {
            id: Uuid::from_u128(self.id.as_u128() + 1),
            t: self.t + SignedDuration::from_hours(1),
            ..self.clone()
        }
    }

    fn envelope(&self, dataset: Dataset, page: u32, payload: Payload) -> Envelope {
        // Every message of a run is observed a little after the one before.
        let minutes = 1 + i64::from(dataset as i32) + i64::from(page);
        Envelope {
            org_id: self.org.to_string(),
            connection_id: self.connection.to_string(),
            run_id: self.id.to_string(),
            as_of: Some(to_proto(self.t)),
            dataset: dataset.into(),
            window: dataset.is_windowed().then(|| self.window()),
            page,
            observed_at: Some(to_proto(self.t + SignedDuration::from_mins(minutes))),
            payload: Some(payload),
        }
    }

    fn window(&self) -> Window {
        Window {
            from: Some(to_proto(days_before(self.t, 365))),
            to: Some(to_proto(self.t)),
        }
    }

    /// A whole run: pages, receipts, end. `people` are the users of the account.
    pub(crate) fn messages(&self, people: Vec<User>) -> Vec<Envelope> {
        let pages: Vec<(Dataset, Payload)> = vec![
            (Dataset::Users, Payload::Users(Users { records: people })),
            (Dataset::Licenses, licenses()),
            (Dataset::LicenseAllocations, allocations(self.t)),
            (Dataset::Teams, teams()),
            (Dataset::UserAnalytics, analytics(self.t)),
            (Dataset::Oncalls, oncalls(self.t)),
            (Dataset::LogEntries, log_entries(self.t)),
            (Dataset::Incidents, incidents(self.t)),
            (
                Dataset::AuditRecords,
                Payload::Activities(Activities::default()),
            ),
        ];
        let mut messages = Vec::new();
        for (dataset, payload) in pages {
            messages.push(self.envelope(dataset, 0, payload));
            let receipt = Payload::Receipt(Receipt {
                pages: 1,
                expected: None,
                received: 1,
            });
            messages.push(self.envelope(dataset, 1, receipt));
        }
        messages.push(self.end(9));
        messages
    }

    /// A change of configuration, and a person who is woken.
    pub(crate) fn configuration(&self) -> Vec<Envelope> {
        let changed = Activity {
            id: "PA1".to_owned(),
            r#type: "update".to_owned(),
            at: Some(to_proto(days_before(self.t, 4))),
            agent_type: "user_reference".to_owned(),
            agent_id: "PU2".to_owned(),
            method: "browser".to_owned(),
            ..Activity::default()
        };
        let woken = LogEntry {
            id: "R9".to_owned(),
            r#type: "notify_log_entry".to_owned(),
            created_at: Some(to_proto(
                days_before(self.t, 8) + SignedDuration::from_hours(13),
            )),
            agent_type: "service_reference".to_owned(),
            notified_user_id: "PU2".to_owned(),
            notification_type: "sms".to_owned(),
            ..LogEntry::default()
        };
        let activities = Activities {
            records: vec![changed],
        };
        let entries = LogEntries {
            records: vec![woken],
        };
        vec![
            self.envelope(Dataset::AuditRecords, 7, Payload::Activities(activities)),
            self.envelope(Dataset::LogEntries, 7, Payload::LogEntries(entries)),
        ]
    }

    fn end(&self, receipts: u32) -> Envelope {
        let datasets = Dataset::ALL.map(|dataset| DatasetState {
            dataset: dataset.into(),
            completeness: Completeness::Complete.into(),
            covered_from: dataset
                .is_windowed()
                .then(|| to_proto(days_before(self.t, 365))),
            covered_to: Some(to_proto(self.t)),
            reason: String::new(),
        });
        let finished = Payload::RunFinished(RunFinished {
            receipts,
            datasets: datasets.to_vec(),
        });
        self.envelope(Dataset::Unspecified, 0, finished)
    }
}

/// Everybody: busy, on duty, looking on, silent.
pub(crate) fn everybody() -> Vec<User> {
    vec![
        user("PU1", "Ada Busy"),
        user("PU2", "Ben Duty"),
        User {
            role: "read_only_user".to_owned(),
            ..user("PU3", "Cleo Viewer")
        },
        user("PU4", "Dan Silent"),
    ]
}

fn license(id: &str, role_group: &str, assigned: i64) -> License {
    License {
        id: id.to_owned(),
        name: format!("{role_group} license"),
        role_group: role_group.to_owned(),
        current_value: assigned,
        allocations_available: Some(2),
        ..License::default()
    }
}

fn licenses() -> Payload {
    Payload::Licenses(Licenses {
        records: vec![
            license("PL1", "FullUser", 3),
            license("PL2", "Stakeholder", 1),
        ],
    })
}

fn allocations(t: Timestamp) -> Payload {
    let all = [
        ("PU1", "PL1"),
        ("PU2", "PL1"),
        ("PU3", "PL2"),
        ("PU4", "PL1"),
    ];
    let records = all.map(|(user, license)| LicenseAllocation {
        user_id: user.to_owned(),
        license_id: license.to_owned(),
        allocated_at: Some(to_proto(days_before(t, 300))),
    });
    Payload::LicenseAllocations(LicenseAllocations {
        records: records.to_vec(),
    })
}

fn teams() -> Payload {
    Payload::Teams(Teams {
        records: vec![Team {
            id: "PT1".to_owned(),
            name: "Core".to_owned(),
            parent_id: String::new(),
            members: vec![TeamMember {
                user_id: "PU1".to_owned(),
                role: "manager".to_owned(),
            }],
        }],
    })
}

fn analytics(t: Timestamp) -> Payload {
    let records = [
        ("PU1", Some(1)),
        ("PU2", Some(200)),
        ("PU3", Some(5)),
        ("PU4", None),
    ];
    let records = records.map(|(user, days)| UserAnalytic {
        user_id: user.to_owned(),
        created_at: Some(to_proto(days_before(t, 300))),
        last_sign_in_at: days.map(|days| to_proto(days_before(t, days))),
        ..UserAnalytic::default()
    });
    Payload::UserAnalytics(UserAnalytics {
        records: records.to_vec(),
    })
}

fn oncalls(t: Timestamp) -> Payload {
    let shift = |level, from: i64, to: i64| Oncall {
        user_id: "PU2".to_owned(),
        escalation_policy_id: "PE1".to_owned(),
        escalation_level: level,
        schedule_id: "PS1".to_owned(),
        start: Some(to_proto(days_before(t, from))),
        end: Some(to_proto(days_before(t, to))),
    };
    Payload::Oncalls(Oncalls {
        records: vec![shift(1, 10, 8), shift(2, 9, 7)],
    })
}

fn log_entries(t: Timestamp) -> Payload {
    let entry = |id: &str, kind: &str, channel: &str, at: Timestamp| LogEntry {
        id: id.to_owned(),
        r#type: format!("{kind}_log_entry"),
        created_at: Some(to_proto(at)),
        agent_type: "user_reference".to_owned(),
        agent_id: "PU1".to_owned(),
        channel_type: channel.to_owned(),
        incident_id: "PI1".to_owned(),
        ..LogEntry::default()
    };
    Payload::LogEntries(LogEntries {
        records: vec![
            entry("R1", "acknowledge", "mobile", days_before(t, 2)),
            entry("R2", "resolve", "website", days_before(t, 2)),
            entry("R3", "acknowledge", "auto", days_before(t, 90)),
            entry("R4", "acknowledge", "website", days_before(t, 91)),
            entry("R5", "notify", "website", days_before(t, 1)),
            entry("R6", "acknowledge", "website", t),
        ],
    })
}

fn incidents(t: Timestamp) -> Payload {
    let answer = |state: &str, days| Responder {
        user_id: "PU1".to_owned(),
        state: state.to_owned(),
        updated_at: Some(to_proto(days_before(t, days))),
        ..Responder::default()
    };
    Payload::Incidents(Incidents {
        records: vec![Incident {
            id: "PI1".to_owned(),
            number: 1,
            created_at: Some(to_proto(days_before(t, 3))),
            responders: vec![
                answer("joined", 2),
                answer("joined", 2),
                answer("pending", 1),
            ],
            ..Incident::default()
        }],
    })
}
