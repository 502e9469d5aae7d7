//! The burden of being on call: hours inside and outside of business, notifications, sleep, who
//! answers, and who is called without ever answering.

use super::{Facts, WEEKS};
use crate::{
    catalogue::{NOTIFIED, WOKEN, sleep},
    duty::{Assignment, Duty, Interval},
    structure::Bonds,
    window::{AHEAD_DAYS, Window, date_of, days_from, monday, week_of},
};

/// Notifications without any answer that make a ghost of somebody on duty.
const GHOST_NOTIFICATIONS: i64 = 5;
/// Days of duty by which a person in several teams is split between them.
const SPLIT_DAYS: i64 = 30;

/// The load of one person in one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    pub window: Window,
    pub person: usize,
    pub duty_seconds: i64,
    pub business_seconds: i64,
    pub notifications: i64,
    pub sleep_notifications: i64,
    pub acknowledged: i64,
    pub mean_ack_seconds: Option<i64>,
    /// Seconds of duty by week, the running one last.
    pub weeks: Vec<i64>,
    pub ghost: bool,
}

/// Everybody with any figure in a window.
pub(super) fn loads(facts: &Facts, duties: &[Duty]) -> Vec<Load> {
    let business = business_hours(facts);
    let mut loads = Vec::new();
    for window in Window::ALL {
        for (position, duty) in duties.iter().enumerate() {
            if let Some(load) = load(facts, window, (position, duty), &business) {
                loads.push(load);
            }
        }
    }
    loads
}

fn load(
    facts: &Facts,
    window: Window,
    (position, duty): (usize, &Duty),
    business: &[Interval],
) -> Option<Load> {
    let person = facts.people.get(position)?;
    let span = Interval {
        start: window.start(facts.t).as_second(),
        end: facts.t.as_second(),
    };
    let uses = |feature: &str| {
        let usage = facts.usage_of(&person.id, feature);
        usage.map_or(0, |usage| usage.in_window(window, &facts.edges).uses)
    };
    let times = facts.ack_times.get(&person.id).copied().unwrap_or_default();
    let met = times.iter().take(window.index() + 1);
    let (incidents, seconds) = met.fold((0, 0), |(incidents, seconds), time| {
        (incidents + time.incidents, seconds + time.seconds)
    });
    let mut load = Load {
        window,
        person: position,
        duty_seconds: duty.seconds(span).all,
        business_seconds: duty.seconds_within(business, span),
        notifications: uses(NOTIFIED),
        sleep_notifications: uses(WOKEN),
        acknowledged: incidents,
        mean_ack_seconds: (incidents > 0).then(|| seconds.div_euclid(incidents)),
        weeks: Vec::new(),
        ghost: false,
    };
    let nothing = load.duty_seconds == 0 && load.notifications == 0 && incidents == 0;
    if nothing {
        return None;
    }
    load.weeks = weeks(facts, duty);
    load.ghost = is_ghost(facts, window, &load, uses("ack"));
    Some(load)
}

/// Called often and never answering; only where nothing can have been missed.
fn is_ghost(facts: &Facts, window: Window, load: &Load, acknowledgements: i64) -> bool {
    let from = window.start(facts.t);
    let known = |name| facts.sources.is_complete(name, from, facts.t);
    load.duty_seconds > 0
        && load.notifications >= GHOST_NOTIFICATIONS
        && acknowledgements == 0
        && known("log_entries")
        && known("oncalls")
}

fn weeks(facts: &Facts, duty: &Duty) -> Vec<i64> {
    let newest = week_of(facts.edges.today());
    let start = |week| {
        let at = facts.edges.calendar.start_of(date_of(monday(week)));
        at.min(facts.t).as_second()
    };
    (newest - WEEKS + 1..=newest)
        .map(|week| {
            let span = Interval {
                start: start(week),
                end: start(week + 1),
            };
            duty.seconds(span).all
        })
        .collect()
}

/// Business hours of the longest window, in order.
fn business_hours(facts: &Facts) -> Vec<Interval> {
    let calendar = &facts.edges.calendar;
    let first = calendar.day_of(Window::Days180.start(facts.t));
    let (opens, closes) = sleep::BUSINESS_HOURS;
    (first..=facts.edges.today())
        .filter(|day| day - monday(week_of(*day)) < 5)
        .map(|day| Interval {
            start: calendar.hour(day, opens).as_second(),
            end: calendar.hour(day, closes).as_second(),
        })
        .collect()
}

/// People who are on call now or soon stand by too.
pub(super) fn add_assigned(facts: &Facts, bonds: &mut Bonds) {
    let ahead = Interval {
        start: facts.t.as_second(),
        end: days_from(facts.t, AHEAD_DAYS).as_second(),
    };
    for (user, assignments) in &facts.assignments {
        let soon = |one: &Assignment| one.interval.within(ahead).is_some();
        if assignments.iter().any(soon) {
            bonds.standing_by.insert(user.clone());
        }
    }
}

/// Seconds of duty on policies of each team of each person, for those in more than one.
pub(super) fn team_duty(facts: &Facts) -> Vec<Vec<i64>> {
    let span = Interval {
        start: days_from(facts.t, -SPLIT_DAYS).as_second(),
        end: facts.t.as_second(),
    };
    let people = facts.people.iter().map(|person| {
        if person.teams.len() < 2 {
            return vec![0; person.teams.len()];
        }
        let all = facts.assignments.get(&person.id);
        let of_team = |team: &str| {
            let own = all.into_iter().flatten().filter(|one| {
                let policy = one
                    .policy
                    .and_then(|place| facts.structure.policies.get(place));
                policy.is_some_and(|policy| policy.team_ids.iter().any(|id| id == team))
            });
            let own: Vec<Assignment> = own.copied().collect();
            Duty::of(&own).seconds(span).all
        };
        person.teams.iter().map(|(id, _)| of_team(id)).collect()
    });
    people.collect()
}
