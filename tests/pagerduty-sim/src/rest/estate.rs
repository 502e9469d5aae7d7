//! What the account keeps: tags, business services, status pages, workflows, grouping settings, extensions, templates.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, listing, object};
use super::ask::Ask;
use super::page::{CursorPage, Page};
use super::users::merge;
use crate::world::{Kind, Piece, StatusPage, Workflow, object_id};

pub(crate) async fn tags(ask: Ask) -> Answer {
    ask.needs("tags.read")?;
    let page = Page::classic(&ask.params)?;
    let query = ask.params.one("query").unwrap_or_default().to_lowercase();
    let all: Vec<usize> = (0..ask.world.estate.tags.len())
        .filter(|n| ask.world.estate.tags[*n].label.contains(&query))
        .collect();
    Ok(page.cut("tags", &all, |n| tag(&ask, *n)))
}

fn tag(ask: &Ask, n: usize) -> Value {
    let tag = &ask.world.estate.tags[n];
    json!({
        "id": tag.id,
        "type": "tag",
        "summary": tag.label,
        "self": format!("{}/tags/{}", ask.api, tag.id),
        "html_url": null,
        "label": tag.label,
    })
}

/// The users, teams or escalation policies that carry a tag: every one of each kind carries one of the tags.
pub(crate) async fn tagged(Path((id, kind)): Path<(String, String)>, ask: Ask) -> Answer {
    ask.needs("tags.read")?;
    let page = Page::classic(&ask.params)?;
    let tags = &ask.world.estate.tags;
    let n = tags.iter().position(|tag| tag.id == id);
    let n = n.ok_or_else(Refusal::not_found)?;
    let (count, reference): (usize, fn(&Ask, usize) -> Value) = match kind.as_str() {
        "users" => (ask.world.users.len(), |ask, n| ask.user_ref(n)),
        "teams" => (ask.world.teams.len(), |ask, n| ask.team_ref(n)),
        "escalation_policies" => (ask.world.policies.len(), |ask, n| ask.policy_ref(n)),
        _ => return Err(Refusal::not_found()),
    };
    let all: Vec<usize> = (0..count).filter(|one| one % tags.len() == n).collect();
    Ok(page.cut(&kind, &all, |one| {
        let full = reference(&ask, *one);
        json!({"id": full["id"], "type": full["type"]})
    }))
}

pub(crate) async fn business_services(ask: Ask) -> Answer {
    ask.needs("services.read")?;
    let page = Page::classic(&ask.params)?;
    Ok(page.cut(
        "business_services",
        &ask.world.estate.business_services,
        |one| {
            json!({
                "id": one.id,
                "type": "business_service",
                "summary": one.name,
                "self": format!("{}/business_services/{}", ask.api, one.id),
                "html_url": null,
                "name": one.name,
                "description": "What the business sees",
                "point_of_contact": "The office",
                "team": one.team.map(|team| ask.team_ref(team)),
            })
        },
    ))
}

fn pages_allowed(ask: &Ask) -> Result<(), Refusal> {
    ask.needs("status_pages.read")?;
    ask.needs_ability("status_pages")
}

pub(crate) async fn status_pages(ask: Ask) -> Answer {
    pages_allowed(&ask)?;
    let page = Page::classic(&ask.params)?;
    let wanted = ask.params.one("status_page_type");
    let all: Vec<&StatusPage> = ask
        .world
        .estate
        .status_pages
        .iter()
        .filter(|page| wanted.is_none_or(|wanted| wanted == visibility(page)))
        .collect();
    Ok(page.cut("status_pages", &all, |one| {
        json!({
            "id": one.id,
            "type": "status_page",
            "name": one.name,
            "published_at": ask.utc(one.published_at),
            "status_page_type": visibility(one),
            "url": format!("https://status-{}.example", one.id.to_lowercase()),
        })
    }))
}

fn visibility(page: &StatusPage) -> &'static str {
    if page.is_private { "private" } else { "public" }
}

pub(crate) async fn posts(Path(id): Path<String>, ask: Ask) -> Answer {
    pages_allowed(&ask)?;
    let page = Page::classic(&ask.params)?;
    let mut pages = ask.world.estate.status_pages.iter();
    let n = pages.position(|page| page.id == id);
    let n = n.ok_or_else(Refusal::not_found)?;
    let posts = ask.world.posts(n, ask.now);
    let here = format!("{}/status_pages/{id}", ask.api);
    Ok(page.cut("posts", &posts, |(k, at)| {
        let post = object_id(ask.world.key(), Kind::Post, (n * 100_000 + k) as u64);
        let update = object_id(
            ask.world.key(),
            Kind::Post,
            (50_000_000 + n * 100_000 + k) as u64,
        );
        json!({
            "id": post,
            "self": format!("{here}/posts/{post}"),
            "type": "status_page_post",
            "post_type": if k % 3 == 0 { "maintenance" } else { "incident" },
            "status_page": {"id": id, "type": "status_page"},
            "title": "Something to know",
            "starts_at": ask.utc(*at),
            "ends_at": ask.utc(at + 7_200),
            "updates": [{
                "id": update,
                "self": format!("{here}/posts/{post}/post_updates/{update}"),
                "type": "status_page_post_update",
            }],
            "postmortem": null,
        })
    }))
}

fn workflows_allowed(ask: &Ask) -> Result<(), Refusal> {
    ask.needs("incident_workflows.read")?;
    ask.needs_ability("incident_workflows")
}

pub(crate) async fn workflows(ask: Ask) -> Answer {
    workflows_allowed(&ask)?;
    let page = Page::classic(&ask.params)?;
    let query = ask.params.one("query").unwrap_or_default().to_lowercase();
    let all: Vec<&Workflow> = ask
        .world
        .estate
        .workflows
        .iter()
        .filter(|workflow| workflow.name.to_lowercase().contains(&query))
        .collect();
    Ok(page.cut("incident_workflows", &all, |one| workflow(&ask, one)))
}

fn workflow(ask: &Ask, workflow: &Workflow) -> Value {
    json!({
        "id": workflow.id,
        "type": "incident_workflow",
        "summary": workflow.name,
        "self": format!("{}/incident_workflows/{}", ask.api, workflow.id),
        "html_url": format!("{}/flex-workflows/workflows/{}", ask.web, workflow.id),
        "name": workflow.name,
        "description": "Calls the others",
        "created_at": ask.utc(workflow.created_at),
        "is_enabled": workflow.is_enabled,
        "team": workflow.team.map(|team| {
            let full = ask.team_ref(team);
            json!({"id": full["id"], "type": full["type"]})
        }),
        "steps": [],
    })
}

pub(crate) async fn triggers(ask: Ask) -> Answer {
    workflows_allowed(&ask)?;
    let page = CursorPage::telling_more(&ask.params)?;
    let (of, kind) = (
        ask.params.one("workflow_id"),
        ask.params.one("trigger_type"),
    );
    let all: Vec<&Workflow> = ask
        .world
        .estate
        .workflows
        .iter()
        .filter(|one| {
            of.is_none_or(|id| one.id == id) && kind.is_none_or(|kind| kind == trigger_kind(one))
        })
        .collect();
    Ok(page.cut("triggers", &all, |one| trigger(&ask, one)))
}

fn trigger_kind(workflow: &Workflow) -> &'static str {
    if workflow.is_manual {
        "manual"
    } else {
        "conditional"
    }
}

fn trigger(ask: &Ask, one: &Workflow) -> Value {
    let here = format!("{}/incident_workflows/triggers/{}", ask.api, one.trigger_id);
    let mut value = json!({
        "id": one.trigger_id,
        "type": "workflow_trigger",
        "summary": one.name,
        "self": here,
        "html_url": null,
        "trigger_type": trigger_kind(one),
        "trigger_type_name": "Trigger",
        "trigger_url": here,
        "workflow_id": one.id,
        "workflow_name": one.name,
        "workflow": workflow(ask, one),
        "is_subscribed_to_all_services": true,
        "services": [],
        "permissions": {"restricted": false},
        "is_disabled": !one.is_enabled,
    });
    if !one.is_manual {
        value["condition"] = json!("incident.priority matches 'P1'");
    }
    value
}

/// Read with `after` and `before`; the answer says nothing of `more`.
pub(crate) async fn groupings(ask: Ask) -> Answer {
    ask.needs("services.read")?;
    ask.needs_ability("event_intelligence")?;
    let all = &ask.world.estate.groupings;
    let page = CursorPage::new(&ask.params)?;
    let position = |name: &str| -> Result<Option<usize>, Refusal> {
        let Some(word) = ask.params.one(name).filter(|word| !word.is_empty()) else {
            return Ok(None);
        };
        let n = word.strip_prefix("at-").and_then(|n| n.parse().ok());
        n.map(Some)
            .ok_or_else(|| Refusal::invalid("The cursor is not valid."))
    };
    let (after, before) = (position("after")?, position("before")?);
    let end = before.unwrap_or(all.len()).min(all.len());
    let start = match (after, before) {
        (Some(after), _) => after.min(all.len()),
        (None, Some(before)) => before.saturating_sub(page.limit),
        (None, None) => 0,
    };
    let end = end.min(start + page.limit).max(start);
    let rows: Vec<Value> = (start..end).map(|n| grouping(&ask, n)).collect();
    let count = rows.len();
    let wants_total = ask.params.flag("total")?;
    let body = json!({
        "alert_grouping_settings": rows,
        "after": (end < all.len()).then(|| format!("at-{end}")),
        "before": (start > 0).then(|| format!("at-{start}")),
        "limit": page.limit,
        "total": wants_total.then_some(all.len()),
    });
    Ok(listing(body, count))
}

fn grouping(ask: &Ask, n: usize) -> Value {
    let grouping = &ask.world.estate.groupings[n];
    let services = grouping.services.iter().map(|service| {
        let service = &ask.world.services[*service];
        json!({"id": service.id, "type": "service_reference", "name": service.name})
    });
    let config = match grouping.kind {
        "time" => json!({"timeout": 600}),
        "intelligent" => json!({"time_window": 600}),
        _ => json!({"time_window": 600, "aggregate": "all", "fields": ["summary"]}),
    };
    json!({
        "id": grouping.id,
        "name": format!("Grouping {}", n + 1),
        "description": "Less noise",
        "type": grouping.kind,
        "config": config,
        "services": services.collect::<Vec<_>>(),
        "created_at": ask.utc(grouping.created_at),
        "updated_at": ask.utc(grouping.updated_at),
    })
}

pub(crate) async fn extensions(ask: Ask) -> Answer {
    ask.needs("extensions.read")?;
    let page = Page::classic(&ask.params)?;
    Ok(page.cut("extensions", &ask.world.estate.extensions, |one| {
        let schema = object_id(ask.world.key(), Kind::ExtensionSchema, 0);
        let mut value = piece(&ask, one, "extensions");
        let more = json!({
            "type": "extension",
            "endpoint_url": "https://chat.example/hook",
            "extension_schema": {
                "id": schema,
                "type": "extension_schema_reference",
                "summary": "Generic Webhook",
                "self": format!("{}/extension_schemas/{schema}", ask.api),
                "html_url": null,
            },
            "extension_objects": [ask.service_ref(one.service)],
            "temporarily_disabled": false,
            "config": {"token": "not-to-be-kept"},
        });
        merge(&mut value, more);
        value
    }))
}

pub(crate) async fn templates(ask: Ask) -> Answer {
    ask.needs("templates.read")?;
    let page = Page::classic(&ask.params)?;
    Ok(page.cut("templates", &ask.world.estate.templates, |one| {
        let user = ask.user_ref(one.created_by);
        let author = json!({"id": user["id"], "type": user["type"], "self": user["self"]});
        let mut value = piece(&ask, one, "templates");
        let more = json!({
            "type": "template",
            "template_type": "status_update",
            "description": "What to say",
            "created_at": ask.utc(one.created_at),
            "created_by": author,
            "updated_at": ask.utc(one.created_at),
            "updated_by": author,
        });
        merge(&mut value, more);
        value
    }))
}

fn piece(ask: &Ask, piece: &Piece, path: &str) -> Value {
    json!({
        "id": piece.id,
        "name": piece.name,
        "summary": piece.name,
        "self": format!("{}/{path}/{}", ask.api, piece.id),
        "html_url": null,
    })
}

pub(crate) async fn enablements(Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("services.read")?;
    let n = ask
        .world
        .find(Kind::Service, &id)
        .ok_or_else(Refusal::not_found)?;
    let has = ask.caller.account.has_ability("event_intelligence");
    let updated_at = ask.utc(ask.world.services[n].created_at);
    Ok(object(json!({
        "enablements": [{"feature": "aiops", "enabled": has && n % 2 == 0, "updated_at": updated_at}],
    })))
}

pub(crate) async fn session_configurations(ask: Ask) -> Result<Response, Refusal> {
    ask.needs("session_configurations.read")?;
    Ok(object(json!({
        "session_configurations": [
            {"type": "web", "absolute_session_ttl": 604_800, "idle_session_ttl": 43_200},
            {"type": "mobile", "absolute_session_ttl": 7_776_000, "idle_session_ttl": 86_400},
        ],
    })))
}
