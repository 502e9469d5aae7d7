//! What is asked: as of when, over which window, what cannot be seen, what the organization has settled.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::world::DAY;

/// Facts older than this many days are not held.
const HORIZON_DAYS: i64 = 365;

/// The sources beside sign-ins that can show a use: all of them are needed to say that there was none.
const DOINGS: [&str; 8] = [
    "log_entries",
    "incidents",
    "oncalls",
    "maintenance_windows",
    "audit_records",
    "automation_actions",
    "automation_invocations",
    "event_orchestrations",
];

/// Where the absence of the ability proves that nobody uses the feature.
const ADD_ONS: [&str; 3] = [
    "automation_actions",
    "automation_invocations",
    "event_orchestrations",
];

/// What a plan without an ability does not answer.
const GATED: [(&str, &[&str]); 9] = [
    (
        "analytics",
        &[
            "user_analytics",
            "responder_analytics",
            "incident_analytics",
        ],
    ),
    ("audit_trail", &["audit_records"]),
    (
        "automation_actions",
        &["automation_actions", "automation_invocations"],
    ),
    ("event_intelligence", &["alert_grouping_settings"]),
    ("event_orchestrations", &["event_orchestrations"]),
    ("incident_workflows", &["incident_workflows"]),
    ("oauth_delegations", &["user_delegations"]),
    ("pagerduty_advance", &["advance_usage"]),
    ("status_pages", &["status_pages", "status_page_posts"]),
];

/// Everything an answer depends on beside the world.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) as_of: i64,
    pub(crate) window_days: i64,
    /// Datasets that are not complete; their facts do not count.
    pub(crate) hidden: BTreeSet<String>,
    /// Datasets that the plan does not have.
    pub(crate) not_in_plan: BTreeSet<String>,
    /// What the plan has; unknown where `abilities` is hidden.
    pub(crate) abilities: BTreeSet<String>,
    /// Ids of people an admin took out of the reckoning.
    pub(crate) exempt: BTreeSet<String>,
    pub(crate) grace_days: i64,
    /// Blind spots the organization lives with.
    pub(crate) accepted: BTreeSet<String>,
    /// Whether sign-ins are taken from delegations instead of analytics.
    pub(crate) signs_in_by_delegation: bool,
    /// From when on webhooks were received, if they were.
    pub(crate) webhooks_from: Option<i64>,
    /// How far log entries were read.
    pub(crate) log_entries_to: i64,
    /// How far incidents were read.
    pub(crate) incidents_to: i64,
}

impl Question {
    pub(crate) fn new(as_of: i64, window_days: i64) -> Self {
        Self {
            as_of,
            window_days,
            hidden: BTreeSet::new(),
            not_in_plan: BTreeSet::new(),
            abilities: crate::account::Account::every_ability(),
            exempt: BTreeSet::new(),
            grace_days: 30,
            accepted: BTreeSet::new(),
            signs_in_by_delegation: false,
            webhooks_from: None,
            log_entries_to: as_of,
            incidents_to: as_of,
        }
    }

    /// The window's first second.
    pub(crate) fn start(&self) -> i64 {
        self.as_of - self.window_days * DAY
    }

    /// The first second of which facts are held.
    pub(crate) fn horizon(&self) -> i64 {
        self.as_of - HORIZON_DAYS * DAY
    }

    /// Whether an instant lies in the window.
    pub(crate) fn is_inside(&self, at: i64) -> bool {
        (self.start()..self.as_of).contains(&at)
    }

    /// Whether a fact of that instant is held at all.
    pub(crate) fn is_held(&self, at: i64) -> bool {
        (self.horizon()..self.as_of).contains(&at)
    }

    /// How long a new seat is left in peace.
    pub(crate) fn grace(&self) -> i64 {
        self.grace_days * DAY
    }

    pub(crate) fn sees(&self, dataset: &str) -> bool {
        !self.hidden.contains(dataset) && self.has(dataset)
    }

    /// Whether the plan has the dataset.
    pub(crate) fn has(&self, dataset: &str) -> bool {
        !self.not_in_plan.contains(dataset)
    }

    /// Where sign-ins are looked for.
    pub(crate) fn sign_in_source(&self) -> &'static str {
        if self.signs_in_by_delegation {
            "user_delegations"
        } else {
            "user_analytics"
        }
    }

    /// Since when webhooks are held.
    pub(crate) fn webhooks_since(&self) -> Option<i64> {
        self.webhooks_from.filter(|_| self.sees("webhooks"))
    }

    /// Whether webhooks cover all of the window.
    pub(crate) fn hears_all(&self) -> bool {
        self.webhooks_since()
            .is_some_and(|from| from <= self.start())
    }

    /// Whether everything done and every duty is seen.
    pub(crate) fn sees_doings(&self) -> bool {
        DOINGS.iter().all(|dataset| {
            let is_proof = ADD_ONS.contains(dataset) && !self.has(dataset);
            self.sees(dataset) || is_proof || self.accepted.contains(*dataset)
        })
    }

    /// Whether every source of use is seen.
    pub(crate) fn sees_everything(&self) -> bool {
        self.sees_doings() && self.sees(self.sign_in_source())
    }

    /// Takes over what the account's plan has.
    pub(crate) fn with_abilities(mut self, abilities: BTreeSet<String>) -> Self {
        for (ability, datasets) in GATED {
            if !abilities.contains(ability) {
                self.not_in_plan
                    .extend(datasets.iter().map(|dataset| (*dataset).to_owned()));
            }
        }
        self.abilities = abilities;
        self
    }
}

/// Reads the query: `account`, `as_of` (now when absent), `window` (90 when absent) and the rest.
pub(crate) fn parse(query: &str, now: i64) -> Result<(String, Question), String> {
    let mut account = "acme".to_owned();
    let given: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let as_of = given.iter().find(|(name, _)| name == "as_of");
    let as_of = as_of.map_or(Ok(now), |(name, value)| instant(name, value))?;
    let mut question = Question::new(as_of, 90);
    for (name, value) in given {
        match name.as_str() {
            "account" => account = value,
            "as_of" => {}
            "window" => question.window_days = days(&name, &value, 180)?,
            "grace_days" => question.grace_days = days(&name, &value, 365)?,
            "hidden" => question.hidden.extend(list(&value)),
            "not_in_plan" => question.not_in_plan.extend(list(&value)),
            "exempt" => question.exempt.extend(list(&value)),
            "accepted" => question.accepted.extend(list(&value)),
            "signin_from" => {
                question.signs_in_by_delegation = match value.as_str() {
                    "delegations" => true,
                    "analytics" => false,
                    _ => return Err("signin_from: analytics or delegations".to_owned()),
                }
            }
            "webhooks_from" => question.webhooks_from = Some(instant(&name, &value)?),
            "log_entries_to" => question.log_entries_to = instant(&name, &value)?,
            "incidents_to" => question.incidents_to = instant(&name, &value)?,
            other => return Err(format!("unknown parameter {other}")),
        }
    }
    Ok((account, question))
}

fn instant(name: &str, value: &str) -> Result<i64, String> {
    let stamp: Timestamp = value.parse().map_err(|error| format!("{name}: {error}"))?;
    Ok(stamp.as_second())
}

fn days(name: &str, value: &str, most: i64) -> Result<i64, String> {
    let days = value.parse().ok().filter(|days| (1..=most).contains(days));
    days.ok_or_else(|| format!("{name}: 1 to {most} days"))
}

fn list(value: &str) -> Vec<String> {
    let names = value.split(',').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}
