//! `GET /automation_actions/actions` and `/invocations`: actions by cursor, and only the newest of their runs.

use std::cmp::Reverse;

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, listing, object};
use super::ask::Ask;
use super::page::CursorPage;
use crate::world::{Run, long_id};

/// Runs that one query shows at most.
const SHOWN: usize = 25;

fn allowed(ask: &Ask) -> Result<(), Refusal> {
    ask.needs_access()?;
    ask.needs_ability("automation_actions")
}

pub(crate) async fn actions(ask: Ask) -> Answer {
    allowed(&ask)?;
    let page = CursorPage::new(&ask.params)?;
    let name = ask.params.one("name").unwrap_or_default().to_lowercase();
    let service = ask.params.one("service_id");
    let chosen: Vec<usize> = (0..ask.world.estate.actions.len())
        .filter(|n| {
            let action = &ask.world.estate.actions[*n];
            action.name.to_lowercase().contains(&name)
                && service.is_none_or(|id| ask.world.services[action.service].id == id)
        })
        .collect();
    Ok(page.cut("actions", &chosen, |n| action(&ask, *n)))
}

pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    allowed(&ask)?;
    let n = position(&ask, &id).ok_or_else(Refusal::not_found)?;
    Ok(object(json!({"action": action(&ask, n)})))
}

fn position(ask: &Ask, id: &str) -> Option<usize> {
    let mut actions = ask.world.estate.actions.iter();
    actions.position(|action| action.id == id)
}

fn action(ask: &Ask, n: usize) -> Value {
    let action = &ask.world.estate.actions[n];
    let last = ask.world.last_run(n, ask.now);
    let mut value = json!({
        "id": action.id,
        "type": "action",
        "summary": action.name,
        "self": format!("{}/automation_actions/actions/{}", ask.api, action.id),
        "html_url": null,
        "name": action.name,
        "description": "Restarts a job",
        "action_type": "script",
        "action_data_reference": {"script": "restart"},
        "creation_time": ask.utc(action.created_at),
        "modify_time": ask.utc(action.modified_at),
        "services": [{
            "id": ask.world.services[action.service].id,
            "type": "service_reference",
        }],
        "teams": [],
        "privileges": {"permissions": ["update", "delete", "invoke"]},
        "only_invocable_on_unresolved_incidents": false,
        "map_to_all_services": false,
        "allow_invocation_manually": true,
        "allow_invocation_from_event_orchestration": true,
    });
    if let Some(run) = last {
        value["last_run"] = json!(ask.utc(run.at));
        value["last_run_by"] = agent(ask, &run);
    }
    value
}

fn agent(ask: &Ask, run: &Run) -> Value {
    let full = ask.doer_ref(run.agent);
    json!({"id": full["id"], "type": full["type"]})
}

pub(crate) async fn invocations(ask: Ask) -> Answer {
    allowed(&ask)?;
    let count = ask.world.estate.actions.len();
    let actions: Vec<usize> = match ask.params.one("action_id") {
        Some(id) => position(&ask, id).into_iter().collect(),
        None => (0..count).collect(),
    };
    let runs = actions
        .into_iter()
        .flat_map(|n| ask.world.runs_listed(n, ask.now));
    let mut runs: Vec<Run> = runs.filter(|run| admits(&ask, run)).collect();
    runs.sort_by_key(|run| (Reverse(run.at), run.action));
    runs.truncate(SHOWN);
    let rows: Vec<Value> = runs.iter().map(|run| invocation(&ask, run)).collect();
    let count = rows.len();
    Ok(listing(json!({"invocations": rows}), count))
}

fn admits(ask: &Ask, run: &Run) -> bool {
    let state = state(run);
    ask.params.one("incident_id").is_none()
        && ask
            .params
            .one("invocation_state")
            .is_none_or(|wanted| wanted == state)
        && ask
            .params
            .one("not_invocation_state")
            .is_none_or(|not| not != state)
}

fn state(run: &Run) -> &'static str {
    if run.day % 7 == 0 {
        "error"
    } else {
        "completed"
    }
}

fn invocation(ask: &Ask, run: &Run) -> Value {
    let action = &ask.world.estate.actions[run.action];
    let moment = |state: &str, after: i64| {
        let at = ask.utc(run.at + after);
        // The schema names the instant `timestamp`, its example `creation_timestamp`.
        json!({"state": state, "timestamp": at, "creation_timestamp": at})
    };
    let id = long_id(
        ask.world.key(),
        24,
        (run.action as u64) << 32 | run.day as u64,
    );
    json!({
        "id": id,
        "type": "invocation",
        "summary": action.name,
        "self": format!("{}/automation_actions/invocations/{id}", ask.api),
        "html_url": null,
        "action_id": action.id,
        "action_snapshot": {
            "name": action.name,
            "action_type": "script",
            "action_data_reference": {"script": "restart"},
        },
        "runner_id": long_id(ask.world.key(), 25, 0),
        "state": state(run),
        "duration": 5,
        "timing": [moment("created", 0), moment("sent", 1), moment(state(run), 6)],
        "metadata": {"agent": agent(ask, run)},
    })
}
