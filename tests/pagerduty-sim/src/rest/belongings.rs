//! What belongs to one user: contact methods, notification rules, OAuth delegations, stakeholder subscriptions.

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, listing, object};
use super::ask::Ask;
use super::page::{CursorPage, Page};
use crate::state::AppState;
use crate::world::{Delegation, Kind};

fn user(ask: &Ask, id: &str) -> Result<usize, Refusal> {
    ask.world
        .find(Kind::User, id)
        .ok_or_else(Refusal::not_found)
}

pub(crate) async fn contact_methods(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("users:contact_methods.read")?;
    let rows = super::users::contacts(&ask, user(&ask, &id)?, true);
    let count = rows.len();
    Ok(listing(json!({"contact_methods": rows}), count))
}

pub(crate) async fn notification_rules(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("users:contact_methods.read")?;
    let n = user(&ask, &id)?;
    let count = super::users::contact_kinds(&ask, n).len().min(2);
    let rows: Vec<Value> = (0..count)
        .map(|rule| super::users::notification_rule(&ask, (n, rule), true))
        .collect();
    Ok(listing(json!({"notification_rules": rows}), count))
}

fn delegations_allowed(ask: &Ask, id: &str) -> Result<(), Refusal> {
    ask.needs("oauth_delegations.read")?;
    ask.needs_ability("oauth_delegations")?;
    if ask.caller.user_id.as_deref() == Some(id) {
        return Ok(());
    }
    ask.needs_admin()
}

pub(crate) async fn delegations(Path(id): Path<String>, ask: Ask) -> Answer {
    delegations_allowed(&ask, &id)?;
    let page = CursorPage::telling_more(&ask.params)?;
    let n = user(&ask, &id)?;
    let among = |name: &str, value: &str| {
        let wanted = ask.params.one(name);
        wanted.is_none_or(|wanted| wanted.split(',').any(|word| word.trim() == value))
    };
    let mut all = ask.world.delegations(n, ask.now);
    all.retain(|one| among("delegation_type", one.kind) && among("status", status(one)));
    Ok(page.cut("oauth_delegations", &all, |one| delegation(&ask, &id, one)))
}

/// One delegation: of the script, or a grant this simulator has issued.
pub(crate) async fn delegation_by_id(
    axum::extract::State(state): axum::extract::State<AppState>,
    Path((id, wanted)): Path<(String, String)>,
    ask: Ask,
) -> Answer {
    delegations_allowed(&ask, &id)?;
    let n = user(&ask, &id)?;
    let scripted = ask.world.delegations(n, ask.now);
    if let Some(found) = scripted.iter().find(|one| one.id == wanted) {
        return Ok(object(
            json!({"oauth_delegation": delegation(&ask, &id, found)}),
        ));
    }
    let granted = state.identity.delegations(&ask.caller.account.subdomain);
    let found = granted
        .iter()
        .find(|grant| grant.id == wanted && grant.user_id.as_deref() == Some(&id));
    let found = found.ok_or_else(Refusal::not_found)?;
    let body = json!({
        "id": found.id,
        "type": "integration",
        "delegation_type": "integration",
        "client_id": found.client_id,
        "self": format!("{}/users/{id}/oauth_delegations/{}", ask.api, found.id),
        "created_at": ask.utc(found.created_at.as_second()),
        "expires_at": ask.utc(found.expires_at.as_second()),
        "status": if found.revoked { "revoked" } else { "issued" },
        "scope": found.scope,
    });
    Ok(object(json!({"oauth_delegation": body})))
}

fn status(delegation: &Delegation) -> &'static str {
    if delegation.is_revoked {
        "revoked"
    } else {
        "issued"
    }
}

/// The schema names the kind `delegation_type`, its example `type`.
fn delegation(ask: &Ask, user: &str, one: &Delegation) -> Value {
    json!({
        "id": one.id,
        "type": one.kind,
        "delegation_type": one.kind,
        "client_id": one.client_id,
        "self": format!("{}/users/{user}/oauth_delegations/{}", ask.api, one.id),
        "created_at": ask.utc(one.created_at),
        "expires_at": ask.utc(one.expires_at),
        "status": status(one),
        "scope": "openid profile",
    })
}

pub(crate) async fn subscriptions(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("subscribers.read")?;
    let held = ask.world.subscriptions(user(&ask, &id)?);
    subscribed(&ask, (&id, "user"), &held)
}

pub(crate) async fn team_subscriptions(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("subscribers.read")?;
    let n = ask
        .world
        .find(Kind::Team, &id)
        .ok_or_else(Refusal::not_found)?;
    subscribed(&ask, (&id, "team"), &ask.world.team_subscriptions(n))
}

fn subscribed(ask: &Ask, (id, kind): (&str, &str), held: &[usize]) -> Answer {
    let page = Page::classic(&ask.params)?;
    Ok(page.cut("subscriptions", held, |n| {
        let service = &ask.world.estate.business_services[*n];
        json!({
            "subscription": {
                "subscriber_id": id,
                "subscriber_type": kind,
                "subscribable_id": service.id,
                "subscribable_type": "business_service",
                "subscribable_name": service.name,
                "account_id": ask.caller.account.id,
            }
        })
    }))
}
