//! `GET /maintenance_windows`, `/maintenance_windows/{id}`.

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::Page;
use crate::world::Window;

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("services.read")?;
    let page = Page::classic(&ask.params)?;
    let word = ask.params.one("filter").unwrap_or("all");
    let (teams, services) = (ask.params.set("team_ids"), ask.params.set("service_ids"));
    let of_services = |window: &Window| {
        let mut mine = window.services.iter().map(|n| &ask.world.services[*n]);
        (teams.is_empty() && services.is_empty())
            || mine.any(|service| {
                services.contains(&service.id.as_str())
                    || teams.contains(&ask.world.teams[service.team].id.as_str())
            })
    };
    let is_wanted: fn(&Window, i64) -> bool = match word {
        "past" => |window, now| window.ends_at <= now,
        "future" => |window, now| window.starts_at > now,
        "ongoing" => |window, now| window.starts_at <= now && window.ends_at > now,
        "open" => |window, now| window.ends_at > now,
        "all" => |_, _| true,
        _ => return Err(Refusal::invalid("filter is not known.")),
    };
    let mut windows = ask.world.windows_known(ask.now);
    windows.retain(|window| is_wanted(window, ask.now) && of_services(window));
    Ok(page.cut("maintenance_windows", &windows, |one| window(&ask, one)))
}

pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("services.read")?;
    let windows = ask.world.windows_known(ask.now);
    let found = windows.iter().find(|window| window.id == id);
    let found = found.ok_or_else(Refusal::not_found)?;
    Ok(object(json!({"maintenance_window": window(&ask, found)})))
}

fn window(ask: &Ask, window: &Window) -> Value {
    let services = window.services.iter();
    let teams = services.clone().map(|n| ask.world.services[*n].team);
    let words = format!("Maintenance {}", window.number);
    json!({
        "id": window.id,
        "type": "maintenance_window",
        "summary": words,
        "self": format!("{}/maintenance_windows/{}", ask.api, window.id),
        "html_url": format!("{}/service-directory/maintenance-windows/{}", ask.web, window.id),
        "sequence_number": window.number,
        "start_time": ask.time(window.starts_at),
        "end_time": ask.time(window.ends_at),
        "description": words,
        "services": services.map(|n| ask.service_ref(*n)).collect::<Vec<_>>(),
        "teams": teams.map(|n| ask.team_ref(n)).collect::<Vec<_>>(),
        "created_by": ask.doer_ref(window.created_by),
    })
}
