//! `GET /teams`, `/teams/{id}`, `/teams/{id}/members`.

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::Page;
use super::users::{merge, user};
use crate::world::Kind;

pub(crate) async fn list(ask: Ask) -> Answer {
    allowed(&ask)?;
    let page = Page::classic(&ask.params)?;
    let query = ask.params.one("query").unwrap_or_default().to_lowercase();
    let chosen: Vec<usize> = (0..ask.world.teams.len())
        .filter(|n| ask.world.teams[*n].name.to_lowercase().contains(&query))
        .collect();
    Ok(page.cut("teams", &chosen, |n| team(&ask, *n)))
}

pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    allowed(&ask)?;
    let n = ask
        .world
        .find(Kind::Team, &id)
        .ok_or_else(Refusal::not_found)?;
    Ok(object(json!({"team": team(&ask, n)})))
}

pub(crate) async fn members(Path(id): Path<String>, ask: Ask) -> Answer {
    allowed(&ask)?;
    let n = ask
        .world
        .find(Kind::Team, &id)
        .ok_or_else(Refusal::not_found)?;
    let page = Page::classic(&ask.params)?;
    let is_full = ask.params.includes("users");
    Ok(
        page.cut("members", &ask.world.teams[n].members, |(member, role)| {
            json!({
                "user": if is_full { user(&ask, *member) } else { ask.user_ref(*member) },
                "role": role,
            })
        }),
    )
}

fn allowed(ask: &Ask) -> Result<(), Refusal> {
    ask.needs("teams.read")?;
    ask.needs_ability("teams")
}

/// The full object.
pub(crate) fn team(ask: &Ask, n: usize) -> Value {
    let mut value = ask.team_ref(n);
    let more = json!({
        "type": "team",
        "name": ask.world.teams[n].name,
        "description": "",
        "default_role": "manager",
        "parent": null,
    });
    merge(&mut value, more);
    value
}
