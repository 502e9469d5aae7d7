//! `GET /services`, `/services/{id}`.

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::Page;
use super::users::merge;
use crate::world::{DAY, Kind};

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("services.read")?;
    let page = Page::classic(&ask.params)?;
    let query = ask.params.one("query").unwrap_or_default().to_lowercase();
    let name = ask.params.one("name");
    let teams = ask.params.set("team_ids");
    let chosen: Vec<usize> = (0..ask.world.services.len())
        .filter(|n| {
            let service = &ask.world.services[*n];
            (teams.is_empty() || teams.contains(&ask.world.teams[service.team].id.as_str()))
                && service.name.to_lowercase().contains(&query)
                && name.is_none_or(|name| name == service.name)
        })
        .collect();
    Ok(page.cut("services", &chosen, |n| service(&ask, *n)))
}

pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("services.read")?;
    let n = ask
        .world
        .find(Kind::Service, &id)
        .ok_or_else(Refusal::not_found)?;
    Ok(object(json!({"service": service(&ask, n)})))
}

/// The full object.
pub(crate) fn service(ask: &Ask, n: usize) -> Value {
    let service = &ask.world.services[n];
    let policy = if ask.params.includes("escalation_policies") {
        super::policies::policy(ask, service.policy)
    } else {
        ask.policy_ref(service.policy)
    };
    let team = if ask.params.includes("teams") {
        super::teams::team(ask, service.team)
    } else {
        ask.team_ref(service.team)
    };
    let mut value = ask.service_ref(n);
    let more = json!({
        "type": "service",
        "name": service.name,
        "description": "",
        "created_at": ask.time(service.created_at),
        "updated_at": ask.time(service.created_at),
        "status": "active",
        "auto_resolve_timeout": 14_400,
        "acknowledgement_timeout": 1_800,
        "last_incident_timestamp": last_incident(ask, n).map(|at| ask.time(at)),
        "escalation_policy": policy,
        "teams": [team],
        "integrations": [ask.integration_ref(n)],
        "incident_urgency_rule": {"type": "constant", "urgency": "high"},
        "support_hours": null,
        "scheduled_actions": [],
        "addons": [],
        "response_play": null,
        "alert_creation": "create_alerts_and_incidents",
        "auto_pause_notifications_parameters": {"enabled": false, "timeout": 120},
    });
    merge(&mut value, more);
    value
}

/// The newest incident of today or yesterday; older ones are not looked for.
fn last_incident(ask: &Ask, service: usize) -> Option<i64> {
    let today = ask.now.div_euclid(DAY);
    [today, today - 1].into_iter().find_map(|day| {
        let day = ask.world.day(day);
        let mine = |created: &&crate::world::Incident| {
            created.service == service && created.created_at <= ask.now
        };
        day.incidents
            .iter()
            .rev()
            .find(mine)
            .map(|incident| incident.created_at)
    })
}
