//! `GET /users`, `/users/{id}`, `/users/me`.

use axum::extract::Path;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::Page;
use crate::world::{Kind, Persona, object_id};

/// Kinds of contact method, in the order a person has them.
const CONTACTS: [&str; 4] = ["email", "push_notification", "phone", "sms"];
const COLORS: [&str; 5] = ["green", "purple", "teal", "red", "brown"];

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("users.read")?;
    let page = Page::classic(&ask.params)?;
    let query = ask.params.one("query").unwrap_or_default().to_lowercase();
    let teams = ask.params.set("team_ids");
    let chosen: Vec<usize> = (0..ask.world.users.len())
        .filter(|n| {
            let user = &ask.world.users[*n];
            let in_team = user
                .teams()
                .any(|team| teams.contains(&ask.world.teams[team].id.as_str()));
            (teams.is_empty() || in_team)
                && (user.name.to_lowercase().contains(&query)
                    || user.email.to_lowercase().contains(&query))
        })
        .collect();
    Ok(page.cut("users", &chosen, |n| user(&ask, *n)))
}

pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("users.read")?;
    let n = ask
        .world
        .find(Kind::User, &id)
        .ok_or_else(Refusal::not_found)?;
    Ok(object(json!({"user": user(&ask, n)})))
}

/// Needs no scope, but a user behind the token.
pub(crate) async fn me(ask: Ask) -> Answer {
    let id = ask.caller.user_id.clone();
    let id =
        id.ok_or_else(|| Refusal::invalid("User cannot be determined from the access token."))?;
    let n = ask
        .world
        .find(Kind::User, &id)
        .ok_or_else(Refusal::not_found)?;
    Ok(object(json!({"user": user(&ask, n)})))
}

/// The full object.
pub(crate) fn user(ask: &Ask, n: usize) -> Value {
    let user = &ask.world.users[n];
    let role = if ask.caller.user_id.as_deref() == Some(&user.id) {
        &ask.caller.role
    } else {
        user.role.as_str()
    };
    let contacts = contacts(ask, n, ask.params.includes("contact_methods"));
    let rules: Vec<Value> = (0..contacts.len().min(2))
        .map(|rule| notification_rule(ask, (n, rule), ask.params.includes("notification_rules")))
        .collect();
    let mut value = ask.user_ref(n);
    let more = json!({
        "type": "user",
        "name": user.name,
        "email": user.email,
        "time_zone": user.time_zone,
        "color": COLORS[n % COLORS.len()],
        "avatar_url": "https://pd-static-assets.pagerduty.com/users/blank-avatar.png",
        "billed": true,
        "role": role,
        "description": "",
        "invitation_sent": user.invitation_sent,
        "job_title": user.job_title,
        "created_via_sso": user.created_via_sso,
        "teams": user.teams().map(|team| team_of(ask, team)).collect::<Vec<_>>(),
        "contact_methods": contacts,
        "notification_rules": rules,
    });
    merge(&mut value, more);
    value
}

fn team_of(ask: &Ask, team: usize) -> Value {
    if ask.params.includes("teams") {
        super::teams::team(ask, team)
    } else {
        ask.team_ref(team)
    }
}

/// Which contact methods somebody has set up.
pub(crate) fn contact_kinds(ask: &Ask, n: usize) -> &'static [&'static str] {
    let user = &ask.world.users[n];
    match user.persona {
        Persona::Responder | Persona::Ghost | Persona::FormerOnCall if user.has_mobile_app => {
            &CONTACTS
        }
        Persona::Responder | Persona::Ghost | Persona::FormerOnCall => &["email", "phone", "sms"],
        _ if user.has_mobile_app => &CONTACTS[..2],
        _ => &CONTACTS[..1],
    }
}

pub(crate) fn contacts(ask: &Ask, n: usize, is_full: bool) -> Vec<Value> {
    let kinds = contact_kinds(ask, n).iter().enumerate();
    kinds
        .map(|(position, kind)| contact(ask, (n, position), kind, is_full))
        .collect()
}

fn contact(ask: &Ask, (n, position): (usize, usize), kind: &str, is_full: bool) -> Value {
    let user = &ask.world.users[n];
    let id = object_id(ask.world.key(), Kind::Contact, (n * 4 + position) as u64);
    let mut value = json!({
        "id": id,
        "type": format!("{kind}_contact_method_reference"),
        "summary": "Default",
        "self": format!("{}/users/{}/contact_methods/{id}", ask.api, user.id),
        "html_url": null,
    });
    if !is_full {
        return value;
    }
    let address = match kind {
        "email" => user.email.clone(),
        "push_notification" => format!("{id}00000000"),
        _ => format!("55501{n:05}"),
    };
    let more = json!({
        "type": format!("{kind}_contact_method"),
        "label": "Default",
        "address": address,
        "enabled": true,
        "blacklisted": false,
    });
    merge(&mut value, more);
    match kind {
        "push_notification" => merge(
            &mut value,
            json!({
                "device_type": if n.is_multiple_of(2) { "ios" } else { "android" },
                "created_at": ask.time(user.created_at + 3_600),
                "sounds": [],
            }),
        ),
        "email" => merge(
            &mut value,
            json!({"send_short_email": false, "send_html_email": true}),
        ),
        _ => merge(&mut value, json!({"country_code": 1})),
    }
    value
}

pub(crate) fn notification_rule(ask: &Ask, (n, position): (usize, usize), is_full: bool) -> Value {
    let user = &ask.world.users[n];
    let id = object_id(
        ask.world.key(),
        Kind::NotificationRule,
        (n * 2 + position) as u64,
    );
    let minutes = position * 5;
    let mut value = json!({
        "id": id,
        "type": "assignment_notification_rule_reference",
        "summary": format!("{minutes} minutes: channel {}", contact_kinds(ask, n)[position]),
        "self": format!("{}/users/{}/notification_rules/{id}", ask.api, user.id),
        "html_url": null,
    });
    if is_full {
        let kind = contact_kinds(ask, n)[position];
        let more = json!({
            "type": "assignment_notification_rule",
            "start_delay_in_minutes": minutes,
            "urgency": "high",
            "contact_method": contact(ask, (n, position), kind, false),
        });
        merge(&mut value, more);
    }
    value
}

/// Adds the fields of `more`, which win.
pub(crate) fn merge(value: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(from)) = (value, more) {
        into.extend(from);
    }
}
