//! A large account, made by counting: row `n` of a year is always the same row.

use std::{fmt::Write as _, ops::Range};

use jiff::{SignedDuration, Timestamp};
use prost::Message;
use proto::{
    facts::v1::{
        Completeness, Dataset, DatasetState, Envelope, License, LicenseAllocation,
        LicenseAllocations, Licenses, LogEntries, LogEntry, Oncall, Oncalls, Receipt, RunFinished,
        Team, TeamMember, Teams, User, Users, Window, envelope::Payload,
    },
    time::to_proto,
};
use uuid::Uuid;

pub(crate) const ORG: Uuid = Uuid::from_u128(1);
pub(crate) const CONNECTION: Uuid = Uuid::from_u128(2);
const RUN: Uuid = Uuid::from_u128(3);
/// Records on one page.
const PAGE: i64 = 100;
const YEAR: i64 = 365 * 86_400;
const TEAMS: i64 = 40;

/// What the account does most, in tenths.
const KINDS: [&str; 10] = [
    "notify",
    "notify",
    "notify",
    "notify",
    "trigger",
    "acknowledge",
    "resolve",
    "annotate",
    "assign",
    "escalate",
];
const CHANNELS: [&str; 4] = ["website", "mobile", "slack", "sms"];

pub(crate) fn now() -> Timestamp {
    Timestamp::constant(1_790_000_000, 0)
}

/// How large the account is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub(crate) users: i64,
    pub(crate) rows: i64,
}

fn user_id(number: i64) -> String {
    format!("PU{number:05}")
}

impl Account {
    pub(crate) fn at(self, row: i64) -> Timestamp {
        let seconds = i128::from(YEAR) * i128::from(row) / i128::from(self.rows);
        now() - SignedDuration::from_secs(YEAR - seconds as i64)
    }

    /// People act at their own pace: the square makes some far busier than others.
    fn person(self, row: i64, salt: i64) -> String {
        let dice = (row.wrapping_mul(2_654_435_761) + salt).rem_euclid(1_000_003);
        user_id(dice * dice / 1_000_006 * self.users / 1_000_003)
    }

    fn entry(self, row: i64) -> LogEntry {
        let kind = KINDS[row.rem_euclid(10) as usize];
        let by_person = matches!(kind, "acknowledge" | "resolve" | "annotate");
        let notified = kind == "notify";
        LogEntry {
            id: format!("R{row:012}"),
            r#type: format!("{kind}_log_entry"),
            created_at: Some(to_proto(self.at(row))),
            agent_type: if by_person {
                "user_reference"
            } else {
                "service_reference"
            }
            .to_owned(),
            agent_id: if by_person {
                self.person(row, 7)
            } else {
                "PSVC001".to_owned()
            },
            channel_type: if by_person {
                CHANNELS[(row / 10).rem_euclid(4) as usize]
            } else {
                "auto"
            }
            .to_owned(),
            incident_id: format!("Q{:010}", row / 10),
            service_id: format!("PS{:04}", row.rem_euclid(300)),
            notified_user_id: if notified {
                self.person(row, 13)
            } else {
                String::new()
            },
            notification_type: if notified {
                "sms".to_owned()
            } else {
                String::new()
            },
        }
    }

    fn envelope(self, dataset: Dataset, page: i64, payload: Payload) -> Vec<u8> {
        let window = Window {
            from: Some(to_proto(now() - SignedDuration::from_secs(YEAR))),
            to: Some(to_proto(now())),
        };
        let envelope = Envelope {
            org_id: ORG.to_string(),
            connection_id: CONNECTION.to_string(),
            run_id: RUN.to_string(),
            as_of: Some(to_proto(now())),
            dataset: dataset.into(),
            window: dataset.is_windowed().then_some(window),
            page: page as u32,
            observed_at: Some(to_proto(now())),
            payload: Some(payload),
        };
        envelope.encode_to_vec()
    }

    /// Log entries as messages of one page each.
    pub(crate) fn messages(self, rows: Range<i64>) -> impl Iterator<Item = Vec<u8>> {
        let pages = (rows.start..rows.end).step_by(PAGE as usize).zip(0..);
        pages.map(move |(first, page)| {
            let last = (first + PAGE).min(rows.end);
            let records = (first..last).map(|row| self.entry(row)).collect();
            let payload = Payload::LogEntries(LogEntries { records });
            self.envelope(Dataset::LogEntries, page, payload)
        })
    }

    /// The same rows in COPY's text form.
    pub(crate) fn text(self, rows: Range<i64>) -> String {
        let mut text = String::new();
        for row in rows {
            let one = self.entry(row);
            let at = self.at(row);
            writeln!(
                text,
                "{ORG}\t{CONNECTION}\t{}\t{at}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                one.id,
                one.r#type,
                one.agent_type,
                one.agent_id,
                one.channel_type,
                one.incident_id,
                one.service_id,
                one.notified_user_id,
                one.notification_type,
                now(),
            )
            .ok();
        }
        text
    }

    /// Everything else that a crunch needs, and the end of the run.
    pub(crate) fn snapshot(self) -> Vec<Vec<u8>> {
        let everybody = || (0..self.users).map(user_id);
        let users = everybody().map(|id| User {
            name: format!("Person {id}"),
            email: format!("{id}@acme.example"),
            role: "limited_user".to_owned(),
            id,
            ..User::default()
        });
        let allocations = everybody().map(|user_id| LicenseAllocation {
            user_id,
            license_id: "PL1".to_owned(),
            allocated_at: Some(to_proto(now() - SignedDuration::from_secs(YEAR))),
        });
        let license = License {
            id: "PL1".to_owned(),
            name: "Full user".to_owned(),
            role_group: "FullUser".to_owned(),
            current_value: self.users,
            ..License::default()
        };
        let pages = [
            (
                Dataset::Users,
                Payload::Users(Users {
                    records: users.collect(),
                }),
            ),
            (
                Dataset::Licenses,
                Payload::Licenses(Licenses {
                    records: vec![license],
                }),
            ),
            (
                Dataset::LicenseAllocations,
                Payload::LicenseAllocations(LicenseAllocations {
                    records: allocations.collect(),
                }),
            ),
            (
                Dataset::Teams,
                Payload::Teams(Teams {
                    records: self.teams(),
                }),
            ),
            (
                Dataset::Oncalls,
                Payload::Oncalls(Oncalls {
                    records: self.oncalls(),
                }),
            ),
        ];
        let mut messages = Vec::new();
        let receipt = |pages| Receipt {
            pages,
            expected: None,
            received: 0,
        };
        for (dataset, payload) in pages {
            messages.push(self.envelope(dataset, 0, payload));
            messages.push(self.envelope(dataset, 1, Payload::Receipt(receipt(1))));
        }
        for dataset in [
            Dataset::LogEntries,
            Dataset::Incidents,
            Dataset::AuditRecords,
        ] {
            messages.push(self.envelope(dataset, 0, Payload::Receipt(receipt(0))));
        }
        messages.push(self.envelope(Dataset::Unspecified, 0, end()));
        messages
    }

    fn teams(self) -> Vec<Team> {
        let member = |user| TeamMember {
            user_id: user_id(user),
            role: "responder".to_owned(),
        };
        let team = |number| Team {
            id: format!("PT{number:03}"),
            name: format!("Team {number}"),
            parent_id: String::new(),
            members: (0..self.users)
                .filter(|user| user % TEAMS == number)
                .map(member)
                .collect(),
        };
        (0..TEAMS).map(team).collect()
    }

    /// Weekly turns of five people in each of the teams.
    fn oncalls(self) -> Vec<Oncall> {
        let turn = |number: i64| {
            let (team, week) = (number % TEAMS, number / TEAMS);
            let start = now() - SignedDuration::from_secs(YEAR - week * 7 * 86_400);
            Oncall {
                user_id: user_id(team + TEAMS * (week % 5)),
                escalation_policy_id: format!("PE{team:03}"),
                escalation_level: 1,
                schedule_id: format!("PS{team:03}"),
                start: Some(to_proto(start)),
                end: Some(to_proto(start + SignedDuration::from_hours(7 * 24))),
            }
        };
        (0..TEAMS * 52).map(turn).collect()
    }
}

fn end() -> Payload {
    let datasets = Dataset::ALL.map(|dataset| DatasetState {
        dataset: dataset.into(),
        completeness: Completeness::Complete.into(),
        covered_from: dataset
            .is_windowed()
            .then(|| to_proto(now() - SignedDuration::from_secs(YEAR))),
        covered_to: Some(to_proto(now())),
        reason: String::new(),
    });
    Payload::RunFinished(RunFinished {
        receipts: 8,
        datasets: datasets.to_vec(),
    })
}
