//! Facts to answers: one connection's aggregates become seats, verdicts and totals for every
//! window at once. Pure: what it reads comes from `store`, what it answers goes there.

mod addons;
mod judge;
mod load;
mod totals;
mod weeks;
mod worker;

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

pub use self::{
    addons::{AddonFacts, AddonVerdict},
    judge::since,
    load::Load,
    totals::{FeatureGroup, FeatureTotal, GroupKind, Month, TeamTotal},
    worker::{CrunchError, Cruncher},
};
use crate::{
    catalogue::{RESPONDER, SIGN_IN},
    coverage::Sources,
    duty::{Assignment, Duty, DutySeconds},
    seat::{Class, ClassCounts},
    structure::{Bonds, Structure},
    usage::{Edges, FeatureUse, Usage, UseGroup},
    verdict::Verdict,
    window::Window,
};

/// Weeks in the charts, the running one included.
pub const WEEKS: i64 = 26;

/// A PagerDuty user with what else is known about the seat.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub id: String,
    pub name: String,
    pub email: String,
    pub role: String,
    pub job_title: String,
    pub time_zone: String,
    pub invited: bool,
    pub first_seen_at: Timestamp,
    /// Id and name, by id.
    pub teams: Vec<(String, String)>,
    pub license_id: Option<String>,
    pub license_name: Option<String>,
    pub license_role_group: Option<String>,
    pub allocated_at: Option<Timestamp>,
    /// By user analytics.
    pub created_at: Option<Timestamp>,
    pub last_sign_in_at: Option<Timestamp>,
    /// The newest web or mobile session.
    pub newest_session_at: Option<Timestamp>,
    pub contact_method_types: Vec<String>,
    pub downloaded_mobile_app: Option<bool>,
}

/// What the organization decides about its answers.
#[derive(Debug, Clone)]
pub struct Rules {
    pub grace_days: i64,
    pub time_zone: String,
    /// Datasets whose absence does not keep a seat from being judged.
    pub accepted_blind_spots: Vec<String>,
    /// The window that recommendations and history speak of.
    pub window: Window,
    /// By user: the reason and the last day.
    pub exemptions: HashMap<String, (String, Option<Date>)>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            grace_days: crate::window::GRACE_DAYS,
            time_zone: "UTC".to_owned(),
            accepted_blind_spots: Vec::new(),
            window: Window::Days90,
            exemptions: HashMap::new(),
        }
    }
}

/// Time between the creation of incidents and their first acknowledgement, which was this person's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AckTime {
    pub incidents: i64,
    pub seconds: i64,
}

/// Incidents of one week by their creation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IncidentWeek {
    pub incidents: i64,
    pub high_urgency: i64,
    pub acknowledged: AckTime,
    pub resolved: AckTime,
}

/// Everything that one crunch of one connection looks at.
#[derive(Debug)]
pub struct Facts {
    pub connection: Uuid,
    /// The instant the answers speak for.
    pub t: Timestamp,
    pub edges: Edges,
    pub rules: Rules,
    pub people: Vec<Person>,
    /// By user and feature or measure.
    pub usage: HashMap<String, BTreeMap<&'static str, Usage>>,
    /// Uses by feature and calendar month (its first day).
    pub months: BTreeMap<(&'static str, Date), i64>,
    /// Up to the standby horizon.
    pub assignments: HashMap<String, Vec<Assignment>>,
    /// Subscriptions held by user.
    pub subscriptions: HashMap<String, i64>,
    /// By user and band of the acknowledgement.
    pub ack_times: HashMap<String, [AckTime; Window::ALL.len() + 1]>,
    /// By the week's number.
    pub incident_weeks: BTreeMap<i64, IncidentWeek>,
    pub structure: Structure,
    pub addons: AddonFacts,
    pub sources: Sources,
}

impl Facts {
    /// With nothing in it yet.
    pub fn empty(connection: Uuid, t: Timestamp, rules: Rules, sources: Sources) -> Self {
        Self {
            connection,
            t,
            edges: Edges::new(t, crate::window::Calendar::named(&rules.time_zone)),
            rules,
            people: Vec::new(),
            usage: HashMap::new(),
            months: BTreeMap::new(),
            assignments: HashMap::new(),
            subscriptions: HashMap::new(),
            ack_times: HashMap::new(),
            incident_weeks: BTreeMap::new(),
            structure: Structure::default(),
            addons: AddonFacts::default(),
            sources,
        }
    }

    /// Adds uses of a feature by a user.
    pub fn add_uses(&mut self, user: &str, feature: &'static str, group: UseGroup) {
        if !self.usage.contains_key(user) {
            self.usage.insert(user.to_owned(), BTreeMap::new());
        }
        if let Some(features) = self.usage.get_mut(user) {
            let usage = features.entry(feature).or_default();
            usage.add(group, &self.edges);
        }
        if feature != SIGN_IN {
            let month = crate::window::date_of(group.day).first_of_month();
            *self.months.entry((feature, month)).or_default() += group.count;
        }
    }

    /// Adds uses at one instant before `t`.
    pub fn add_use(&mut self, user: &str, feature: &'static str, at: Timestamp) {
        let group = self.edges.group(at, 1);
        self.add_uses(user, feature, group);
    }

    fn usage_of(&self, user: &str, feature: &str) -> Option<&Usage> {
        self.usage.get(user)?.get(feature)
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
    /// Actions other than those that a stakeholder license allows.
    pub full_actions: i64,
    pub last_any: Option<(Timestamp, &'static str)>,
    /// One for each feature, in the catalogue's order.
    pub features: Vec<(Verdict, FeatureUse)>,
}

/// What a crunch of one connection answers.
#[derive(Debug)]
pub struct Answers {
    pub facts: Facts,
    pub bonds: Bonds,
    pub seats: Vec<Seat>,
    pub features: BTreeMap<(Window, &'static str), FeatureTotal>,
    pub groups: BTreeMap<(Window, GroupKind, String), FeatureGroup>,
    pub months: Vec<Month>,
    pub teams: BTreeMap<(Window, String), TeamTotal>,
    pub loads: Vec<Load>,
    pub addons: Vec<(Window, AddonVerdict)>,
    /// People with an action or duty, by week; the bool says whether the week is over and known.
    pub weeks: BTreeMap<i64, (i64, bool)>,
    /// Actions of each person by week, the newest last.
    pub weeks_of_people: Vec<Vec<i32>>,
    /// Duty within 30 days on policies of each of a person's teams.
    pub team_duty: Vec<Vec<i64>>,
}

impl Answers {
    pub fn counts(&self, window: Window) -> ClassCounts {
        let mut counts = ClassCounts::default();
        for seat in self.seats_in(window) {
            counts.add(seat.class, 1);
        }
        counts
    }

    pub fn seats_in(&self, window: Window) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter(move |seat| seat.window == window)
    }

    pub fn person(&self, seat: &Seat) -> Option<&Person> {
        self.facts.people.get(seat.person)
    }
}

/// Derives the answers.
pub fn crunch(mut facts: Facts) -> Answers {
    add_sign_ins(&mut facts);
    let mut bonds = facts.structure.bonds(facts.t);
    load::add_assigned(&facts, &mut bonds);
    let duties: Vec<Duty> = facts
        .people
        .iter()
        .map(|person| Duty::of(facts.assignments.get(&person.id).map_or(&[], Vec::as_slice)))
        .collect();
    let mut seats = Vec::with_capacity(facts.people.len() * Window::ALL.len());
    let mut features = BTreeMap::new();
    for window in Window::ALL {
        let judge = judge::Judge::new(&facts, &bonds, window);
        for (position, (person, duty)) in facts.people.iter().zip(&duties).enumerate() {
            let seat = judge.seat(position, person, duty);
            totals::count(&mut features, &seat);
            seats.push(seat);
        }
        judge.explain_unknowns(&mut features);
    }
    Answers {
        groups: totals::groups(&facts, &seats),
        months: totals::months(&facts, &duties),
        teams: totals::teams(&facts, &seats),
        loads: load::loads(&facts, &duties),
        addons: addons::verdicts(&facts),
        weeks: weeks::active(&facts, &duties),
        weeks_of_people: weeks::actions(&facts),
        team_duty: load::team_duty(&facts),
        bonds,
        facts,
        seats,
        features,
    }
}

/// Analytics tell the last sign-in; where they are not readable the newest session stands in.
fn add_sign_ins(facts: &mut Facts) {
    let t = facts.t;
    let newest = |person: &Person| {
        let known = [person.last_sign_in_at, person.newest_session_at];
        known.into_iter().flatten().filter(|at| *at < t).max()
    };
    let sign_ins: Vec<_> = facts
        .people
        .iter()
        .filter_map(|person| Some((person.id.clone(), newest(person)?)))
        .collect();
    for (user, at) in sign_ins {
        facts.add_use(&user, SIGN_IN, at);
    }
}

/// Features of actions that a stakeholder license allows.
const STAKEHOLDER_ACTIONS: [&str; 2] = [RESPONDER, crate::catalogue::STATUS_UPDATE];

#[cfg(test)]
mod tests;
