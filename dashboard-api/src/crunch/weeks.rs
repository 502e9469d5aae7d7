//! People with an action or duty in each of the last weeks.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Facts, Person, WEEKS};
use crate::{
    catalogue::{self, Feature},
    duty::{Duty, Interval},
    window::{date_of, monday, week_of},
};

/// The datasets that can show an action or duty of a week.
const NEEDED: [&str; 3] = ["log_entries", "incidents", "oncalls"];

/// Distinct people with an action or duty in each of the last weeks.
pub(super) fn active(facts: &Facts, duties: &[Duty]) -> BTreeMap<i64, (i64, bool)> {
    let newest = week_of(facts.edges.today());
    let spans: Vec<(i64, Interval)> = (newest - WEEKS + 1..=newest)
        .map(|week| (week, week_span(facts, week)))
        .collect();
    let mut weeks: BTreeMap<i64, (i64, bool)> = spans
        .iter()
        .map(|(week, span)| (*week, (0, week_is_known(facts, *span))))
        .collect();
    for (person, duty) in facts.people.iter().zip(duties) {
        let acted = acted_weeks(facts, person);
        for (week, span) in &spans {
            let until_t = Interval {
                start: i64::MIN,
                end: facts.t.as_second(),
            };
            let on_duty = || {
                span.within(until_t)
                    .is_some_and(|span| duty.seconds(span).all > 0)
            };
            if (acted.contains_key(week) || on_duty())
                && let Some((people, _)) = weeks.get_mut(week)
            {
                *people += 1;
            }
        }
    }
    weeks
}

/// Days with an action of each kind, by week, of every person; the newest week last.
pub(super) fn actions(facts: &Facts) -> Vec<Vec<i32>> {
    let newest = week_of(facts.edges.today());
    let people = facts.people.iter().map(|person| {
        let acted = acted_weeks(facts, person);
        (newest - WEEKS + 1..=newest)
            .map(|week| acted.get(&week).copied().unwrap_or_default())
            .collect()
    });
    people.collect()
}

fn week_span(facts: &Facts, week: i64) -> Interval {
    let start = |week| facts.edges.calendar.start_of(date_of(monday(week)));
    Interval {
        start: start(week).as_second(),
        end: start(week + 1).as_second(),
    }
}

fn acted_weeks(facts: &Facts, person: &Person) -> BTreeMap<i64, i32> {
    let mut weeks = BTreeMap::new();
    let features = facts.usage.get(&person.id).into_iter().flatten();
    let actions = features.filter(|(id, _)| catalogue::find(id).is_some_and(Feature::is_action));
    for day in actions.flat_map(|(_, usage)| usage.days(&facts.edges)) {
        *weeks.entry(week_of(day)).or_default() += 1;
    }
    weeks
}

fn week_is_known(facts: &Facts, span: Interval) -> bool {
    let instant = |second| Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    let (from, to) = (instant(span.start), instant(span.end));
    let known = |name| facts.sources.is_complete(name, from, to);
    to <= facts.t && NEEDED.into_iter().all(known)
}
