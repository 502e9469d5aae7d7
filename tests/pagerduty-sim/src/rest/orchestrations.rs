//! `GET /event_orchestrations`, `/event_orchestrations/{id}`.

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::Page;

fn allowed(ask: &Ask) -> Result<(), Refusal> {
    ask.needs("event_orchestrations.read")?;
    ask.needs_ability("event_orchestrations")
}

pub(crate) async fn list(ask: Ask) -> Answer {
    allowed(&ask)?;
    let page = Page::classic(&ask.params)?;
    let all: Vec<usize> = (0..ask.world.estate.orchestrations.len()).collect();
    Ok(page.cut("orchestrations", &all, |n| orchestration(&ask, *n)))
}

pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    allowed(&ask)?;
    let mut all = ask.world.estate.orchestrations.iter();
    let n = all.position(|orchestration| orchestration.id == id);
    let n = n.ok_or_else(Refusal::not_found)?;
    Ok(object(json!({"orchestration": orchestration(&ask, n)})))
}

fn orchestration(ask: &Ask, n: usize) -> Value {
    let orchestration = &ask.world.estate.orchestrations[n];
    let (editor, updated_at) = orchestration.last_change(ask.now);
    let user = |n: usize| {
        let full = ask.user_ref(n);
        json!({"id": full["id"], "type": full["type"], "self": full["self"]})
    };
    let team = orchestration.team.map(|team| ask.team_ref(team));
    json!({
        "id": orchestration.id,
        "self": format!("{}/event_orchestrations/{}", ask.api, orchestration.id),
        "name": orchestration.name,
        "description": "Routes events",
        "team": team.map(|full| json!({"id": full["id"], "type": full["type"], "self": full["self"]})),
        "routes": n % 5,
        "created_at": ask.utc(orchestration.created_at),
        "created_by": user(orchestration.created_by),
        "updated_at": ask.utc(updated_at),
        "updated_by": user(editor),
        "version": format!("v{updated_at}"),
    })
}
