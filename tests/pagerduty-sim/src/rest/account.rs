//! What the account owns: licenses and their allocations, abilities, priorities.

use axum::extract::Path;
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, listing};
use super::ask::Ask;
use super::page::Page;
use crate::account::Account;
use crate::world::Role;

const FULL_ROLES: [Role; 6] = [
    Role::Owner,
    Role::Admin,
    Role::User,
    Role::LimitedUser,
    Role::Observer,
    Role::RestrictedAccess,
];
const STAKEHOLDER_ROLES: [Role; 2] = [Role::ReadOnlyUser, Role::ReadOnlyLimitedUser];

pub(crate) async fn licenses(ask: Ask) -> Answer {
    ask.needs("licenses.read")?;
    ask.needs_admin()?;
    let rows: Vec<Value> = (0..ask.world.licenses.len())
        .map(|n| {
            let used = ask
                .world
                .users
                .iter()
                .filter(|user| user.license == n)
                .count();
            let purchased = ask.world.licenses[n].purchased;
            let mut value = license(&ask, n);
            value["current_value"] = json!(used);
            value["allocations_available"] =
                json!(purchased.map(|bought| i64::from(bought) - used as i64));
            value
        })
        .collect();
    let count = rows.len();
    Ok(listing(json!({"licenses": rows}), count))
}

pub(crate) async fn license_allocations(ask: Ask) -> Answer {
    ask.needs("licenses.read")?;
    ask.needs_admin()?;
    let page = Page::classic(&ask.params)?;
    Ok(page.cut("license_allocations", &ask.world.users, |user| {
        json!({
            "user": {"id": user.id, "type": "user_reference"},
            "license": license(&ask, user.license),
            "allocated_at": ask.time(user.allocated_at),
        })
    }))
}

fn license(ask: &Ask, n: usize) -> Value {
    let license = &ask.world.licenses[n];
    let roles: Vec<&str> = if license.is_stakeholder {
        STAKEHOLDER_ROLES.iter().map(|role| role.as_str()).collect()
    } else {
        FULL_ROLES.iter().map(|role| role.as_str()).collect()
    };
    json!({
        "id": license.id,
        "type": "license",
        "name": license.name,
        "summary": license.name,
        "description": license.description,
        "valid_roles": roles,
        "role_group": if license.is_stakeholder { "Stakeholder" } else { "FullUser" },
        "self": null,
        "html_url": null,
    })
}

pub(crate) async fn abilities(ask: Ask) -> Answer {
    ask.needs("abilities.read")?;
    let abilities = ask.caller.account.abilities();
    let count = abilities.len();
    Ok(listing(json!({"abilities": abilities}), count))
}

/// 204 has, 402 lacks, 404 never heard of.
pub(crate) async fn ability(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("abilities.read")?;
    if ask.caller.account.has_ability(&id) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let is_known = Account::every_ability().contains(&id);
    Err(if is_known {
        Refusal::not_in_plan(&id)
    } else {
        Refusal::not_found()
    })
}

pub(crate) async fn priorities(ask: Ask) -> Answer {
    ask.needs("priorities.read")?;
    let page = Page::classic(&ask.params)?;
    let all: Vec<usize> = (0..ask.world.priorities.len()).collect();
    Ok(page.cut("priorities", &all, |n| ask.priority(*n)))
}
