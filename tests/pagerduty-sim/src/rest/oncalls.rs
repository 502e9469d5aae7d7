//! `GET /oncalls`: who is on call, by every target of every level, for both kinds of schedule.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::page::Page;
use crate::world::{DAY, Kind, OnCall};

/// Longer ranges are refused.
const LONGEST: i64 = 92 * DAY;
/// Shifts further ahead are not rendered.
const FORESIGHT: i64 = 90 * DAY;

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("oncalls.read")?;
    let page = Page::classic(&ask.params)?;
    let since = ask.params.instant("since", &ask.zone)?.unwrap_or(ask.now);
    let until = ask
        .params
        .instant("until", &ask.zone)?
        .unwrap_or(since.max(ask.now));
    if until < since {
        return Err(Refusal::date("Until must be after since."));
    }
    if until - since > LONGEST {
        return Err(Refusal::date(
            "The date range must not be longer than 3 months.",
        ));
    }
    let mut rows = rows(&ask, since, until);
    if ask.params.flag("earliest")? {
        let mut seen = HashSet::new();
        rows.sort_by_key(|row| row.span.map_or(i64::MIN, |(start, _)| start));
        rows.retain(|row| seen.insert((row.policy, row.level, row.user)));
    }
    Ok(page.cut("oncalls", &rows, |row| oncall(&ask, row)))
}

/// Periods that overlap the range (an instant is a range of one second), none of them cut.
fn rows(ask: &Ask, since: i64, until: i64) -> Vec<OnCall> {
    let world = &ask.world;
    let until = until.min(ask.now + FORESIGHT).max(since + 1);
    let wanted = |name: &str, kind: Kind| -> Option<HashSet<usize>> {
        let ids = ask.params.set(name);
        (!ids.is_empty()).then(|| ids.iter().filter_map(|id| world.find(kind, id)).collect())
    };
    let users = wanted("user_ids", Kind::User);
    let policies = wanted("escalation_policy_ids", Kind::Policy);
    let schedules = wanted("schedule_ids", Kind::Schedule);
    (0..world.policies.len())
        .filter(|policy| {
            policies
                .as_ref()
                .is_none_or(|wanted| wanted.contains(policy))
        })
        .flat_map(|policy| world.on_calls(policy, since, until))
        .filter(|row| {
            users
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&row.user))
        })
        .filter(|row| {
            schedules.as_ref().is_none_or(|wanted| {
                row.schedule
                    .is_some_and(|schedule| wanted.contains(&schedule))
            })
        })
        .collect()
}

fn oncall(ask: &Ask, row: &OnCall) -> Value {
    let user = if ask.params.includes("users") {
        super::users::user(ask, row.user)
    } else {
        ask.user_ref(row.user)
    };
    let policy = if ask.params.includes("escalation_policies") {
        super::policies::policy(ask, row.policy)
    } else {
        ask.policy_ref(row.policy)
    };
    json!({
        "user": user,
        "schedule": row.schedule.map(|schedule| ask.schedule_ref(schedule)),
        "escalation_policy": policy,
        "escalation_level": row.level,
        "start": row.span.map(|(start, _)| ask.time(start)),
        "end": row.span.map(|(_, end)| ask.time(end)),
    })
}
