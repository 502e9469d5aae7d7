//! What is done beside incidents, per UTC day and on demand: configuration changes, maintenance windows, runs of
//! automation actions, posts, deployments. Each day stands alone.

use super::dice::Dice;
use super::ident::{Kind, Place, PlaceKind, object_id, place_id};
use super::people::Persona;
use super::{DAY, World};

/// Days between two configuration changes of somebody who lives by them.
const CONFIGURER_DAYS: i64 = 9;
/// Days between two maintenance windows of somebody who lives by them.
const PLANNER_DAYS: i64 = 13;
/// How far ahead windows are planned.
pub(crate) const PLANNED_AHEAD: i64 = 2 * DAY;
/// The first maintenance windows, days before the anchor.
const WINDOWS_SINCE: i64 = 420;
/// Runs of one action that PagerDuty lists.
const RUNS_LISTED: usize = 25;

/// What PagerDuty Advance does.
pub const ADVANCE_FEATURES: [&str; 4] = [
    "genai_incident_summarization",
    "genai_status_update",
    "genai_postmortem",
    "chatops_assistant",
];

/// Who did a chore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doer {
    /// Somebody with a seat.
    User(usize),
    /// Somebody who has left.
    Former(u8),
    /// An API key.
    ApiKey,
    /// An OAuth app.
    App,
    /// A workflow or an orchestration.
    Machine,
}

/// A configuration change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// UTC day.
    pub day: i64,
    /// Position among the day's changes, by time.
    pub position: u32,
    /// Seconds since 1970.
    pub at: i64,
    /// Who did it.
    pub actors: Vec<Doer>,
    /// `users`, `teams`, `schedules`, `escalation_policies` or `services`: its position in [`ROOTS`].
    pub root: usize,
    /// Which object of that kind.
    pub object: usize,
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// `browser`, `api_token` or `oauth`.
    pub method: &'static str,
}

/// Kinds of object that a change concerns: the filter's word and the reference's.
pub const ROOTS: [(&str, &str); 5] = [
    ("users", "user"),
    ("teams", "team"),
    ("schedules", "schedule"),
    ("escalation_policies", "escalation_policy"),
    ("services", "service"),
];

/// A maintenance window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Id.
    pub id: String,
    /// Counts up.
    pub number: i64,
    /// Start, seconds since 1970.
    pub starts_at: i64,
    /// End, seconds since 1970.
    pub ends_at: i64,
    /// Who made it.
    pub created_by: Doer,
    /// Services.
    pub services: Vec<usize>,
}

/// A run of an automation action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Which action.
    pub action: usize,
    /// UTC day.
    pub day: i64,
    /// Seconds since 1970.
    pub at: i64,
    /// Who started it.
    pub agent: Doer,
}

/// Something deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// UTC day.
    pub day: i64,
    /// Position among the day's.
    pub position: u32,
    /// Seconds since 1970.
    pub at: i64,
    /// Which service.
    pub service: usize,
}

impl World {
    /// The configuration changes of a day, oldest first.
    #[must_use]
    pub fn changes(&self, day: i64) -> Vec<Change> {
        if day * DAY < self.opened_at() {
            return Vec::new();
        }
        let key = self.key();
        let mut dice = Dice::new(&[key, 30, day as u64]);
        let thousandths = 500 + self.users.len() as u64 * 20;
        let count = thousandths / 1_000 + u64::from(dice.below(1_000) < thousandths % 1_000);
        let mut changes: Vec<Change> = (0..count)
            .map(|n| self.change(day, Dice::new(&[key, 31, day as u64, n]), None))
            .collect();
        for (n, _) in self.who(Persona::Configurer) {
            if (day + n as i64 * 5).rem_euclid(CONFIGURER_DAYS) == 0 {
                let dice = Dice::new(&[key, 32, day as u64, n as u64]);
                changes.push(self.change(day, dice, Some(n)));
            }
        }
        changes.sort_by_key(|change| change.at);
        for (position, change) in changes.iter_mut().enumerate() {
            change.position = position as u32;
        }
        changes
    }

    fn change(&self, day: i64, mut dice: Dice, who: Option<usize>) -> Change {
        let at = day * DAY + dice.between(0, DAY - 1);
        let root = dice.below(ROOTS.len() as u64) as usize;
        let objects = match root {
            0 => self.users.len(),
            1 => self.teams.len(),
            2 => self.schedules.len(),
            3 => self.policies.len(),
            _ => self.services.len(),
        };
        let admin = || Doer::User(usize::from(dice.clone().chance(40)));
        let actors = match (who, dice.clone().below(100)) {
            (Some(user), _) => vec![Doer::User(user)],
            (None, 0..60) => vec![admin()],
            (None, 60..75) => vec![Doer::ApiKey],
            (None, 75..85) => vec![Doer::App],
            (None, 85..92) if at < self.frame.anchor - 70 * DAY => vec![Doer::Former(0)],
            (None, 85..97) => vec![admin(), Doer::App],
            (None, _) => vec![Doer::User(0), Doer::User(1)],
        };
        dice.next();
        let method = match actors.first() {
            Some(Doer::ApiKey) => "api_token",
            Some(Doer::App) => "oauth",
            _ => "browser",
        };
        Change {
            day,
            position: 0,
            at,
            actors,
            root,
            object: dice.below(objects.max(1) as u64) as usize,
            action: dice
                .pick(&["create", "update", "update", "update", "delete"])
                .unwrap_or("update"),
            method,
        }
    }

    fn who(&self, persona: Persona) -> impl Iterator<Item = (usize, &super::User)> {
        self.users
            .iter()
            .enumerate()
            .filter(move |(_, user)| user.persona == persona)
    }

    /// The id of a change.
    pub(crate) fn change_id(&self, change: &Change) -> String {
        let place = Place {
            day: change.day,
            incident: change.position,
            entry: 0,
        };
        place_id(self.key(), PlaceKind::Change, place)
    }

    /// The id of a deployment.
    pub(crate) fn deployment_id(&self, one: &Deployment) -> String {
        let place = Place {
            day: one.day,
            incident: one.position,
            entry: 0,
        };
        place_id(self.key(), PlaceKind::Deployment, place)
    }

    /// The maintenance windows that begin on a day.
    #[must_use]
    pub fn windows(&self, day: i64) -> Vec<Window> {
        let first = self.frame.anchor.div_euclid(DAY) - WINDOWS_SINCE;
        if day < first {
            return Vec::new();
        }
        let mut dice = Dice::new(&[self.key(), 33, day as u64]);
        let mut makers = Vec::new();
        if dice.chance((10 + self.teams.len() as u64).min(60)) {
            let admin = Doer::User(usize::from(dice.chance(40)));
            let is_old = day * DAY < self.frame.anchor - 70 * DAY;
            makers.push(if is_old && dice.chance(15) {
                Doer::Former(1)
            } else {
                admin
            });
        }
        for (n, _) in self.who(Persona::Planner) {
            if (day + n as i64 * 5).rem_euclid(PLANNER_DAYS) == 0 {
                makers.push(Doer::User(n));
            }
        }
        makers
            .into_iter()
            .enumerate()
            .map(|(k, created_by)| {
                let starts_at = day * DAY + dice.between(0, DAY - 1);
                let number = (day - first) * 1_000 + k as i64 + 1;
                Window {
                    id: object_id(self.key(), Kind::Window, number as u64),
                    number,
                    starts_at,
                    ends_at: starts_at + dice.between(1, 6) * 3_600,
                    created_by,
                    services: vec![dice.below(self.services.len() as u64) as usize],
                }
            })
            .collect()
    }

    /// Every maintenance window that is known at an instant, oldest first.
    #[must_use]
    pub fn windows_known(&self, instant: i64) -> Vec<Window> {
        let first = self.frame.anchor.div_euclid(DAY) - WINDOWS_SINCE;
        let last = (instant + PLANNED_AHEAD).div_euclid(DAY);
        let days = (first..=last).flat_map(|day| self.windows(day));
        let mut windows: Vec<Window> = days
            .filter(|window| window.starts_at <= instant + PLANNED_AHEAD)
            .collect();
        windows.sort_by_key(|window| window.starts_at);
        windows
    }

    /// The newest runs of an action that are listed at an instant, newest first.
    #[must_use]
    pub fn runs_listed(&self, action: usize, instant: i64) -> Vec<Run> {
        if self.estate.actions[action].is_purged {
            return Vec::new();
        }
        self.runs(action, instant).take(RUNS_LISTED).collect()
    }

    /// The last run of an action up to and including an instant.
    #[must_use]
    pub fn last_run(&self, action: usize, instant: i64) -> Option<Run> {
        self.runs(action, instant).next()
    }

    fn runs(&self, n: usize, instant: i64) -> impl Iterator<Item = Run> {
        let action = &self.estate.actions[n];
        let today = instant.div_euclid(DAY);
        let newest = today - (today + action.phase).rem_euclid(action.period);
        (0..)
            .map(move |k| newest - k * action.period)
            .map(move |day| self.run(n, day))
            .filter(move |run| run.at <= instant)
            .take_while(|run| run.at > action.created_at)
    }

    fn run(&self, n: usize, day: i64) -> Run {
        let action = &self.estate.actions[n];
        let mut dice = Dice::new(&[self.key(), 34, n as u64, day as u64]);
        let agent = match action.runner {
            Some(user) if action.is_purged || dice.chance(85) => Doer::User(user),
            _ => Doer::Machine,
        };
        Run {
            action: n,
            day,
            at: day * DAY + action.second,
            agent,
        }
    }

    /// The posts of a status page up to and including an instant, oldest first: position and start.
    #[must_use]
    pub fn posts(&self, page: usize, instant: i64) -> Vec<(usize, i64)> {
        let page = &self.estate.status_pages[page];
        let end = instant.min(page.until - 1);
        let count = (end - page.published_at).div_euclid(page.period * DAY);
        (1..=count.max(0))
            .map(|k| (k as usize, page.published_at + k * page.period * DAY))
            .collect()
    }

    /// Credits and uses of a feature of PagerDuty Advance on a day. The first account gave it up; the third never had it.
    #[must_use]
    pub fn advance(&self, feature: usize, day: i64) -> (u64, u64) {
        let gave_up = self.frame.anchor.div_euclid(DAY) - 100;
        let is_over = self.frame.account == 0 && day >= gave_up;
        let mut dice = Dice::new(&[self.key(), 35, feature as u64, day as u64]);
        if is_over || self.frame.account == 2 || !dice.chance(30) || day < gave_up - 300 {
            return (0, 0);
        }
        let uses = 1 + dice.below(6);
        (uses * 2, uses)
    }

    /// What was deployed on a day, oldest first.
    #[must_use]
    pub fn deployments(&self, day: i64) -> Vec<Deployment> {
        let mut dice = Dice::new(&[self.key(), 36, day as u64]);
        let count = dice.below(self.services.len() as u64 / 5 + 1);
        let mut all: Vec<Deployment> = (0..count)
            .map(|_| Deployment {
                day,
                position: 0,
                at: day * DAY + dice.between(0, DAY - 1),
                service: dice.below(self.services.len() as u64) as usize,
            })
            .collect();
        all.sort_by_key(|deployment| deployment.at);
        for (position, deployment) in all.iter_mut().enumerate() {
            deployment.position = position as u32;
        }
        all
    }
}
