//! Facts to answers: one connection's aggregates become seats, verdicts and totals for every
//! window at once. Pure: what it reads comes from `store`, what it answers goes there.

mod weeks;
mod worker;

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

pub use self::worker::{CrunchError, Cruncher};
use crate::{
    catalogue::{self, Feature, ON_CALL, RoleGroup, SIGN_IN},
    coverage::{ClassProof, Coverage},
    duty::{Assignment, Duty, DutySeconds, Interval},
    seat::{Class, ClassCounts, Evidence, class},
    usage::{FeatureUse, Usage, UseGroup, band_of},
    verdict::Verdict,
    window::{HORIZON_DAYS, Window, day_of, days_from},
};

/// Weeks in the charts, the running one included.
pub const WEEKS: i64 = 26;

/// A PagerDuty user with what else is known about the seat.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub name: String,
    pub email: String,
    pub role: String,
    pub job_title: String,
    pub time_zone: String,
    pub invited: bool,
    pub first_seen_at: Timestamp,
    /// JSON list of `{id, name}`.
    pub teams: serde_json::Value,
    pub license_id: Option<String>,
    pub license_name: Option<String>,
    pub license_role_group: Option<String>,
    pub allocated_at: Option<Timestamp>,
    /// By user analytics.
    pub created_at: Option<Timestamp>,
    pub last_sign_in_at: Option<Timestamp>,
}

/// Everything that one crunch of one connection looks at.
#[derive(Debug)]
pub struct Facts {
    pub connection: Uuid,
    /// The instant the answers speak for.
    pub t: Timestamp,
    pub people: Vec<Person>,
    /// By user and feature.
    pub usage: HashMap<String, BTreeMap<&'static str, Usage>>,
    pub assignments: HashMap<String, Vec<Assignment>>,
    /// Users with a shift, a direct target or an on-call interval now or soon.
    pub standing_by: HashSet<String>,
    pub coverage: Vec<Coverage>,
}

impl Facts {
    /// Adds uses of a feature by a user.
    pub fn add_uses(&mut self, user: &str, feature: &'static str, group: UseGroup) {
        if !self.usage.contains_key(user) {
            self.usage.insert(user.to_owned(), BTreeMap::new());
        }
        if let Some(features) = self.usage.get_mut(user) {
            features.entry(feature).or_default().add(group);
        }
    }
}

/// One seat in one window.
#[derive(Debug, Clone)]
pub struct Seat {
    pub window: Window,
    /// Position in [`Facts::people`].
    pub person: usize,
    pub class: Class,
    pub duty: DutySeconds,
    pub actions: i64,
    pub last_any: Option<(Timestamp, &'static str)>,
    /// One for each collected feature, in the catalogue's order.
    pub features: Vec<(&'static Feature, Verdict, FeatureUse)>,
}

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

/// What a crunch of one connection answers.
#[derive(Debug)]
pub struct Answers {
    pub facts: Facts,
    pub seats: Vec<Seat>,
    pub features: BTreeMap<(Window, &'static str), FeatureTotal>,
    /// People with an action or duty, by week; the bool says whether the week is over and known.
    pub weeks: BTreeMap<i64, (i64, bool)>,
}

impl Answers {
    pub fn counts(&self, window: Window) -> ClassCounts {
        let mut counts = ClassCounts::default();
        for seat in self.seats.iter().filter(|seat| seat.window == window) {
            counts.add(seat.class, 1);
        }
        counts
    }
}

/// Derives the answers.
pub fn crunch(mut facts: Facts) -> Answers {
    add_sign_ins(&mut facts);
    let duties: Vec<Duty> = facts
        .people
        .iter()
        .map(|person| duty_of(&facts, person))
        .collect();
    let mut seats = Vec::with_capacity(facts.people.len() * Window::ALL.len());
    let mut features = BTreeMap::new();
    for window in Window::ALL {
        let judge = Judge::new(&facts, window);
        for (position, (person, duty)) in facts.people.iter().zip(&duties).enumerate() {
            let seat = judge.seat(position, person, duty);
            count(&mut features, &seat);
            seats.push(seat);
        }
        explain_unknowns(&mut features, &judge, facts.people.len());
    }
    let weeks = weeks::active(&facts, &duties);
    Answers {
        facts,
        seats,
        features,
        weeks,
    }
}

fn add_sign_ins(facts: &mut Facts) {
    let t = facts.t;
    let sign_ins: Vec<_> = facts
        .people
        .iter()
        .filter_map(|person| {
            Some((
                person.id.clone(),
                person.last_sign_in_at.filter(|at| *at < t)?,
            ))
        })
        .collect();
    for (user, at) in sign_ins {
        let group = UseGroup {
            day: day_of(at),
            band: band_of(at, t),
            count: 1,
            last: at,
        };
        facts.add_uses(&user, SIGN_IN, group);
    }
}

fn duty_of(facts: &Facts, person: &Person) -> Duty {
    Duty::of(facts.assignments.get(&person.id).map_or(&[], Vec::as_slice))
}

/// What is the same for all seats of one window.
struct Judge<'a> {
    facts: &'a Facts,
    window: Window,
    span: Interval,
    proof: ClassProof,
    /// The collected features and whether all their datasets are complete.
    features: Vec<(&'static Feature, bool)>,
}

impl<'a> Judge<'a> {
    fn new(facts: &'a Facts, window: Window) -> Self {
        let t = facts.t;
        let complete = |dataset: &str| {
            let state = facts
                .coverage
                .iter()
                .find(|one| one.dataset.name() == dataset);
            state.is_some_and(|one| one.is_complete_for(window.start(t), t))
        };
        let all = |feature: &Feature| feature.datasets.iter().all(|name| complete(name));
        Self {
            facts,
            window,
            span: Interval {
                start: window.start(t).as_second(),
                end: t.as_second(),
            },
            proof: ClassProof {
                log_entries: complete("log_entries"),
                incidents: complete("incidents"),
                oncalls: complete("oncalls"),
                user_analytics: complete("user_analytics"),
            },
            features: catalogue::collected()
                .map(|feature| (feature, all(feature)))
                .collect(),
        }
    }

    fn seat(&self, position: usize, person: &Person, duty: &Duty) -> Seat {
        let group = RoleGroup::of(person.license_role_group.as_deref(), &person.role);
        let features: Vec<_> = self
            .features
            .iter()
            .map(|(feature, complete)| {
                let usage = self.use_of(feature, person, duty);
                let verdict = Verdict::of(usage.uses > 0, group.may_use(feature), *complete);
                (*feature, verdict, usage)
            })
            .collect();
        let seconds = duty.seconds(self.span);
        let actions = features
            .iter()
            .filter(|(feature, ..)| feature.is_action())
            .map(|(_, _, usage)| usage.uses)
            .sum();
        let evidence = self.evidence(person, &features, actions, seconds);
        Seat {
            window: self.window,
            person: position,
            class: class(&evidence, self.facts.t),
            duty: seconds,
            actions,
            last_any: last_any(&features),
            features,
        }
    }

    fn use_of(&self, feature: &Feature, person: &Person, duty: &Duty) -> FeatureUse {
        if feature.id == ON_CALL {
            return self.duty_use(duty);
        }
        let usage = self
            .facts
            .usage
            .get(&person.id)
            .and_then(|all| all.get(feature.id));
        usage
            .map(|usage| usage.in_window(self.window))
            .unwrap_or_default()
    }

    fn duty_use(&self, duty: &Duty) -> FeatureUse {
        let horizon = days_from(self.facts.t, -HORIZON_DAYS).as_second();
        let last = duty.last(horizon, self.span.end);
        FeatureUse {
            last: last.and_then(|second| Timestamp::from_second(second).ok()),
            uses: duty.stretches(self.span),
            active_days: duty.days(self.span),
        }
    }

    fn evidence(
        &self,
        person: &Person,
        features: &[(&'static Feature, Verdict, FeatureUse)],
        actions: i64,
        duty: DutySeconds,
    ) -> Evidence {
        let sign_in = features.iter().find(|(feature, ..)| feature.id == SIGN_IN);
        let sign_in = sign_in.map(|(_, _, usage)| *usage).unwrap_or_default();
        Evidence {
            acted: actions > 0,
            on_duty: duty.all > 0,
            signed_in: sign_in.uses > 0,
            ever_signed_in: sign_in.last.is_some(),
            invited: person.invited,
            since: person
                .allocated_at
                .or(person.created_at)
                .unwrap_or(person.first_seen_at),
            stands_by: self.facts.standing_by.contains(&person.id),
            ever_used: features.iter().any(|(_, _, usage)| usage.last.is_some()),
            proof: self.proof,
        }
    }
}

/// The latest use of all; of uses at the same instant the catalogue's first.
fn last_any(
    features: &[(&'static Feature, Verdict, FeatureUse)],
) -> Option<(Timestamp, &'static str)> {
    features
        .iter()
        .filter(|(feature, ..)| !feature.is_channel_view())
        .filter_map(|(feature, _, usage)| Some((usage.last?, feature.id)))
        .rev()
        .max_by_key(|(at, _)| *at)
}

fn count(totals: &mut BTreeMap<(Window, &'static str), FeatureTotal>, seat: &Seat) {
    for (feature, verdict, usage) in &seat.features {
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

fn explain_unknowns(
    totals: &mut BTreeMap<(Window, &'static str), FeatureTotal>,
    judge: &Judge<'_>,
    seats: usize,
) {
    for feature in catalogue::FEATURES {
        let total = totals.entry((judge.window, feature.id)).or_default();
        if !feature.collected {
            total.unknown = seats as i64;
            total.unknown_reason = Some("not collected".to_owned());
        } else if judge
            .features
            .iter()
            .any(|(one, complete)| one.id == feature.id && !complete)
        {
            total.unknown_reason = Some(missing(judge, feature));
        }
    }
}

/// Why a feature's datasets do not prove that something was not used.
fn missing(judge: &Judge<'_>, feature: &Feature) -> String {
    let t = judge.facts.t;
    let reasons = feature.datasets.iter().filter_map(|name| {
        let state = judge
            .facts
            .coverage
            .iter()
            .find(|one| one.dataset.name() == *name);
        let Some(state) = state else {
            return Some(format!("{name}: not fetched yet"));
        };
        if state.is_complete_for(judge.window.start(t), t) {
            return None;
        }
        if state.reason.is_empty() {
            return Some(format!(
                "{name}: not known for all of the last {} days",
                judge.window.days()
            ));
        }
        Some(format!("{name}: {}", state.reason))
    });
    reasons.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
