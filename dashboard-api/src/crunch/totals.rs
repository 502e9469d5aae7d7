//! Sums over seats: by feature, by team, by license, by month.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};

use super::{Facts, Seat};
use crate::{
    catalogue::{FEATURES, ON_CALL},
    duty::{Duty, Interval},
    seat::Class,
    verdict::Verdict,
    window::{Window, date_of},
};

/// Totals of one feature in one window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeatureTotal {
    pub used: i64,
    pub unused: i64,
    pub unknown: i64,
    pub not_eligible: i64,
    pub uses: i64,
    pub unknown_reason: Option<String>,
}

pub(super) fn count(totals: &mut BTreeMap<(Window, &'static str), FeatureTotal>, seat: &Seat) {
    for (feature, (verdict, usage)) in FEATURES.iter().zip(&seat.features) {
        let total = totals.entry((seat.window, feature.id)).or_default();
        total.uses += usage.uses;
        match verdict {
            Verdict::Used => total.used += 1,
            Verdict::Unused => total.unused += 1,
            Verdict::Unknown => total.unknown += 1,
            Verdict::NotEligible => total.not_eligible += 1,
        }
    }
}

/// What seats are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKind {
    All,
    Team,
    License,
}

impl GroupKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Team => "team",
            Self::License => "license",
        }
    }
}

/// Seats of a group by verdict, one entry for each feature in the catalogue's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeatureGroup {
    pub name: String,
    pub used: Vec<i32>,
    pub eligible: Vec<i32>,
    pub unknown: Vec<i32>,
}

impl FeatureGroup {
    fn named(name: &str) -> Self {
        let none = vec![0; FEATURES.len()];
        Self {
            name: name.to_owned(),
            used: none.clone(),
            eligible: none.clone(),
            unknown: none,
        }
    }

    fn add(&mut self, seat: &Seat) {
        let columns = self.used.iter_mut().zip(&mut self.eligible);
        let columns = columns.zip(&mut self.unknown);
        for (((used, eligible), unknown), (verdict, _)) in columns.zip(&seat.features) {
            *used += i32::from(*verdict == Verdict::Used);
            *eligible += i32::from(*verdict != Verdict::NotEligible);
            *unknown += i32::from(*verdict == Verdict::Unknown);
        }
    }
}

pub(super) fn groups(
    facts: &Facts,
    seats: &[Seat],
) -> BTreeMap<(Window, GroupKind, String), FeatureGroup> {
    let mut groups = BTreeMap::new();
    let mut add = |seat: &Seat, kind: GroupKind, id: &str, name: &str| {
        groups
            .entry((seat.window, kind, id.to_owned()))
            .or_insert_with(|| FeatureGroup::named(name))
            .add(seat);
    };
    for seat in seats {
        let Some(person) = facts.people.get(seat.person) else {
            continue;
        };
        add(seat, GroupKind::All, "", "");
        for (id, name) in &person.teams {
            add(seat, GroupKind::Team, id, name);
        }
        let license = person.license_id.as_deref().unwrap_or_default();
        let name = person.license_name.as_deref().unwrap_or_default();
        add(seat, GroupKind::License, license, name);
    }
    groups
}

/// One team in one window; a person in two teams counts in both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamTotal {
    pub name: String,
    pub parent_id: String,
    pub members: i32,
    pub seats: i32,
    pub by_class: BTreeMap<&'static str, i32>,
    /// By license id ('' for none) and class.
    pub by_license: BTreeMap<String, BTreeMap<&'static str, i32>>,
    pub duty_seconds: i64,
}

impl TeamTotal {
    pub fn of_class(&self, class: Class) -> i32 {
        self.by_class.get(class.name()).copied().unwrap_or_default()
    }
}

pub(super) fn teams(facts: &Facts, seats: &[Seat]) -> BTreeMap<(Window, String), TeamTotal> {
    let mut totals = BTreeMap::new();
    for window in Window::ALL {
        for team in &facts.structure.teams {
            let total = TeamTotal {
                name: team.name.clone(),
                parent_id: team.parent_id.clone(),
                members: i32::try_from(team.members.len()).unwrap_or(i32::MAX),
                ..TeamTotal::default()
            };
            totals.insert((window, team.id.clone()), total);
        }
    }
    for seat in seats {
        let Some(person) = facts.people.get(seat.person) else {
            continue;
        };
        for (id, name) in &person.teams {
            let total = totals.entry((seat.window, id.clone())).or_default();
            if total.name.is_empty() {
                total.name.clone_from(name);
            }
            total.seats += 1;
            *total.by_class.entry(seat.class.name()).or_default() += 1;
            let license = person.license_id.clone().unwrap_or_default();
            let of_license = total.by_license.entry(license).or_default();
            *of_license.entry(seat.class.name()).or_default() += 1;
            total.duty_seconds += seat.duty.all;
        }
    }
    totals
}

/// People and uses of one feature in one calendar month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    pub month: Date,
    pub feature: &'static str,
    pub people: i64,
    pub uses: i64,
    pub complete: bool,
}

/// The months of the horizon. Sign-ins are not among them: only the last one is known.
pub(super) fn months(facts: &Facts, duties: &[Duty]) -> Vec<Month> {
    let mut people: BTreeMap<(&'static str, Date), i64> = BTreeMap::new();
    for features in facts.usage.values() {
        for (feature, usage) in features {
            let days = usage.days(&facts.edges);
            let months: BTreeSet<Date> = days.map(|day| date_of(day).first_of_month()).collect();
            for month in months {
                *people.entry((feature, month)).or_default() += 1;
            }
        }
    }
    let mut rows = Vec::new();
    let mut month = date_of(facts.edges.first()).first_of_month();
    while month <= date_of(facts.edges.today()) {
        let next = month.last_of_month().tomorrow().unwrap_or(Date::MAX);
        let calendar = &facts.edges.calendar;
        let (from, to) = (calendar.start_of(month), calendar.start_of(next));
        for feature in FEATURES
            .iter()
            .filter(|one| one.id != crate::catalogue::SIGN_IN)
        {
            let complete = to <= facts.t
                && feature
                    .datasets
                    .iter()
                    .all(|name| facts.sources.is_complete(name, from, to));
            let (people, uses) = if feature.id == ON_CALL {
                on_call(facts, duties, (from, to))
            } else {
                let people = people.get(&(feature.id, month)).copied();
                let uses = facts.months.get(&(feature.id, month)).copied();
                (people.unwrap_or_default(), uses.unwrap_or_default())
            };
            rows.push(Month {
                month,
                feature: feature.id,
                people,
                uses,
                complete,
            });
        }
        month = next;
    }
    rows
}

/// People on duty and their stretches of duty.
fn on_call(facts: &Facts, duties: &[Duty], (from, to): (Timestamp, Timestamp)) -> (i64, i64) {
    let span = Interval {
        start: from.as_second(),
        end: to.min(facts.t).as_second(),
    };
    let stretches = duties.iter().map(|duty| duty.stretches(span));
    stretches
        .filter(|count| *count > 0)
        .fold((0, 0), |(people, all), count| (people + 1, all + count))
}
