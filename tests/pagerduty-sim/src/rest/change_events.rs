//! `GET /change_events`: what was deployed, newest first. Nobody is named.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::page::{Days, Page, Strip};
use crate::world::{DAY, Deployment};

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("change_events.read")?;
    let page = Page::classic(&ask.params)?;
    for name in ["since", "until"] {
        if ask
            .params
            .one(name)
            .is_some_and(|text| !text.ends_with('Z'))
        {
            return Err(Refusal::date("since and until must be in UTC."));
        }
    }
    let (since, until) = ask.range(ask.now - 30 * DAY, ask.now + 1)?;
    let (from, to) = (since.max(ask.world.opened_at()), until.min(ask.now + 1));
    let teams = ask.params.set("team_ids");
    let walk = Days {
        count: |_| None,
        load: |day: i64| {
            let mut all = ask.world.deployments(day);
            all.retain(|one| {
                let team = ask.world.services[one.service].team;
                (from..to).contains(&one.at)
                    && (teams.is_empty() || teams.contains(&ask.world.teams[team].id.as_str()))
            });
            all.reverse();
            all
        },
    };
    let days = (from.div_euclid(DAY)..=(to - 1).div_euclid(DAY)).rev();
    let render = |all: &Vec<Deployment>, n: usize| event(&ask, &all[n]);
    let (rows, extent) = walk.page(&page, days, render);
    Ok(page.envelope("change_events", rows, extent))
}

impl Strip for Vec<Deployment> {
    fn len(&self) -> usize {
        self.len()
    }
}

fn event(ask: &Ask, one: &Deployment) -> Value {
    let id = ask.world.deployment_id(one);
    let integration = ask.integration_ref(one.service);
    json!({
        "id": id,
        "type": "change_event",
        "summary": "Deployed",
        "self": format!("{}/change_events/{id}", ask.api),
        "html_url": null,
        "timestamp": ask.utc(one.at),
        "source": "build pipeline",
        "integration": {"id": integration["id"], "type": "inbound_integration_reference"},
        "services": [{"id": ask.world.services[one.service].id, "type": "service_reference"}],
        "custom_details": {"build_state": "passed"},
        "links": [],
    })
}
