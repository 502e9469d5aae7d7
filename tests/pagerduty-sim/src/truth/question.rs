//! What is asked: as of when, over which window, and what cannot be seen.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::world::DAY;

/// Facts older than this many days are not held.
const HORIZON_DAYS: i64 = 365;

/// The four sources that can show a use.
const SOURCES: [&str; 4] = ["log_entries", "incidents", "oncalls", "user_analytics"];

/// Everything an answer depends on beside the world.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) as_of: i64,
    pub(crate) window_days: i64,
    /// Datasets that are not complete; their facts do not count.
    pub(crate) hidden: BTreeSet<String>,
}

impl Question {
    /// The window's first second.
    pub(crate) fn start(&self) -> i64 {
        self.as_of - self.window_days * DAY
    }

    /// The first second of which facts are held.
    pub(crate) fn horizon(&self) -> i64 {
        self.as_of - HORIZON_DAYS * DAY
    }

    pub(crate) fn sees(&self, dataset: &str) -> bool {
        !self.hidden.contains(dataset)
    }

    /// Whether everything done and every duty is seen.
    pub(crate) fn sees_doings(&self) -> bool {
        SOURCES[..3].iter().all(|dataset| self.sees(dataset))
    }

    /// Whether every source of use is seen.
    pub(crate) fn sees_everything(&self) -> bool {
        SOURCES.iter().all(|dataset| self.sees(dataset))
    }
}

/// Reads `account`, `as_of` (now when absent), `window` (90 when absent) and `hidden`.
pub(crate) fn parse(query: &str, now: i64) -> Result<(String, Question), String> {
    let mut account = "acme".to_owned();
    let mut question = Question {
        as_of: now,
        window_days: 90,
        hidden: BTreeSet::new(),
    };
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "account" => account = value.into_owned(),
            "as_of" => {
                let stamp: Timestamp = value.parse().map_err(|error| format!("as_of: {error}"))?;
                question.as_of = stamp.as_second();
            }
            "window" => {
                let days = value.parse().ok().filter(|days| (1..=180).contains(days));
                question.window_days = days.ok_or("window: 1 to 180 days")?;
            }
            "hidden" => question.hidden.extend(
                value
                    .split(',')
                    .map(str::trim)
                    .filter(|dataset| !dataset.is_empty())
                    .map(str::to_owned),
            ),
            other => return Err(format!("unknown parameter {other}")),
        }
    }
    Ok((account, question))
}
