//! People with an action or duty in each of the last weeks.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Facts, Person, WEEKS};
use crate::{
    catalogue::{self, Feature},
    duty::{Duty, Interval},
    window::{DAY_SECONDS, day_of, monday, week_of},
};

/// The datasets that can show an action or duty.
const NEEDED: [&str; 3] = ["log_entries", "incidents", "oncalls"];

/// Distinct people with an action or duty in each of the last weeks.
pub(super) fn active(facts: &Facts, duties: &[Duty]) -> BTreeMap<i64, (i64, bool)> {
    let t = facts.t;
    let newest = week_of(day_of(t));
    let mut weeks = BTreeMap::new();
    for week in newest - WEEKS + 1..=newest {
        let people = facts.people.iter().zip(duties);
        let active = people.filter(|(person, duty)| is_active_in(facts, person, duty, week));
        weeks.insert(week, (active.count() as i64, week_is_known(facts, week)));
    }
    weeks
}

fn week_span(week: i64) -> Interval {
    let start = monday(week).saturating_mul(DAY_SECONDS);
    Interval {
        start,
        end: start + 7 * DAY_SECONDS,
    }
}

fn is_active_in(facts: &Facts, person: &Person, duty: &Duty, week: i64) -> bool {
    let until_t = Interval {
        start: i64::MIN,
        end: facts.t.as_second(),
    };
    let on_duty = week_span(week)
        .within(until_t)
        .is_some_and(|span| duty.seconds(span).all > 0);
    on_duty || action_days(facts, person).any(|day| week_of(day) == week)
}

fn action_days<'a>(facts: &'a Facts, person: &Person) -> impl Iterator<Item = i64> + use<'a> {
    let features = facts.usage.get(&person.id).into_iter().flatten();
    features
        .filter(|(id, _)| catalogue::find(id).is_some_and(Feature::is_action))
        .flat_map(|(_, usage)| usage.days())
}

fn week_is_known(facts: &Facts, week: i64) -> bool {
    let span = week_span(week);
    let instant = |second| Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    let (from, to) = (instant(span.start), instant(span.end));
    let known = facts
        .coverage
        .iter()
        .filter(|one| NEEDED.contains(&one.dataset.name()) && one.is_complete_for(from, to));
    to <= facts.t && known.count() == NEEDED.len()
}
