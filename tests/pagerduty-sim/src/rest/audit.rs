//! `GET /audit/records`: changes of the configuration, newest first, by cursor.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::page::CursorPage;
use crate::world::{Change, DAY, Doer, ROOTS};

/// The longest range.
const LONGEST: i64 = 31 * DAY;
/// How long records are kept.
const RETENTION: i64 = 366 * DAY;
/// A day has fewer changes than this.
const PER_DAY: u64 = 100_000;

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("audit_records.read")?;
    ask.needs_ability("audit_trail")?;
    ask.needs_admin()?;
    let page = CursorPage::new(&ask.params)?;
    let (from, to) = ask.range(ask.now - DAY, ask.now + 1)?;
    if to - from > LONGEST {
        return Err(Refusal::date(
            "The date range must not be longer than 31 days.",
        ));
    }
    let filter = Filter::new(&ask)?;
    let (from, to) = (from.max(ask.now - RETENTION), to.min(ask.now + 1));
    let first = from.div_euclid(DAY);
    // A cursor names the record that was shown last: day and position, counted from the end of the range.
    let shown = (page.start > 0).then_some((page.start / PER_DAY, page.start % PER_DAY));
    let newest = shown.map_or((to - 1).div_euclid(DAY), |(day, _)| day as i64);
    let mut rows: Vec<Value> = Vec::new();
    let mut last = None;
    for day in (first..=newest).rev() {
        let mut changes = ask.world.changes(day);
        changes.retain(|change| {
            let is_after = shown
                .is_none_or(|(of, at)| (change.day as u64, u64::from(change.position)) < (of, at));
            (from..to).contains(&change.at) && is_after && filter.admits(&ask, change)
        });
        for change in changes.iter().rev() {
            if rows.len() == page.limit {
                let next = last.map(CursorPage::write);
                return Ok(page.envelope("records", rows, next));
            }
            rows.push(record(&ask, change));
            last = Some(change.day as u64 * PER_DAY + u64::from(change.position));
        }
    }
    Ok(page.envelope("records", rows, None))
}

struct Filter {
    roots: Vec<String>,
    actions: Vec<String>,
    actor: Option<(String, Option<String>)>,
    method: Option<String>,
}

impl Filter {
    fn new(ask: &Ask) -> Result<Self, Refusal> {
        let set = |name| {
            ask.params
                .set(name)
                .into_iter()
                .map(str::to_owned)
                .collect()
        };
        let (kind, id) = (ask.params.one("actor_type"), ask.params.one("actor_id"));
        if kind.is_none() && id.is_some() {
            return Err(Refusal::invalid(
                "actor_type must be present when actor_id is.",
            ));
        }
        Ok(Self {
            roots: set("root_resource_types"),
            actions: set("actions"),
            actor: kind.map(|kind| (kind.to_owned(), id.map(str::to_owned))),
            method: ask.params.one("method_type").map(str::to_owned),
        })
    }

    fn admits(&self, ask: &Ask, change: &Change) -> bool {
        let among = |set: &[String], value: &str| set.is_empty() || set.iter().any(|v| v == value);
        let is_actor = self.actor.as_ref().is_none_or(|(kind, id)| {
            change.actors.iter().any(|doer| {
                let actor = ask.doer_ref(*doer);
                actor["type"] == kind.as_str()
                    && id.as_ref().is_none_or(|id| actor["id"] == id.as_str())
            })
        });
        among(&self.roots, ROOTS[change.root].0)
            && among(&self.actions, change.action)
            && self
                .method
                .as_ref()
                .is_none_or(|method| method == change.method)
            && is_actor
    }
}

fn record(ask: &Ask, change: &Change) -> Value {
    let root = root(ask, change);
    let token = matches!(change.actors.first(), Some(Doer::ApiKey | Doer::App)).then_some("3xyz");
    let actors = change.actors.iter().map(|doer| {
        let full = ask.doer_ref(*doer);
        json!({"id": full["id"], "type": full["type"], "summary": full["summary"]})
    });
    json!({
        "id": ask.world.change_id(change),
        "self": null,
        "execution_time": format!("{}.000Z", ask.utc(change.at).trim_end_matches('Z')),
        "execution_context": {"request_id": null, "remote_address": "203.0.113.7"},
        "actors": actors.collect::<Vec<_>>(),
        "method": {"type": change.method, "truncated_token": token, "description": null},
        "root_resource": root,
        "action": change.action,
        "details": {
            "resource": root,
            "fields": [{"name": "name", "value": "after", "before_value": "before"}],
            "references": null,
        },
    })
}

fn root(ask: &Ask, change: &Change) -> Value {
    let full = match change.root {
        0 => ask.user_ref(change.object),
        1 => ask.team_ref(change.object),
        2 => ask.schedule_ref(change.object),
        3 => ask.policy_ref(change.object),
        _ => ask.service_ref(change.object),
    };
    json!({
        "id": full["id"],
        "type": format!("{}_reference", ROOTS[change.root].1),
        "summary": full["summary"],
    })
}
