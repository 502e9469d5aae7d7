//! `/webhook_subscriptions`: the only thing the REST surface lets anybody write.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, Refusal, object};
use super::ask::Ask;
use super::page::Page;
use crate::caller::TokenKind;
use crate::state::{AppState, BaseUrl};
use crate::webhooks::{EVENT_TYPES, Subscription, emit, new_secret};

const WRITE: &str = "webhook_subscriptions.write";

#[derive(Debug, Deserialize)]
struct Body {
    webhook_subscription: Draft,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Draft {
    delivery_method: Option<Method>,
    events: Option<BTreeSet<String>>,
    filter: Option<Filter>,
    description: Option<String>,
    active: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Method {
    url: Option<String>,
    custom_headers: Vec<Header>,
}

#[derive(Debug, Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Debug, Deserialize)]
struct Filter {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: Option<String>,
}

pub(crate) async fn list(State(state): State<AppState>, ask: Ask) -> Answer {
    ask.needs("webhook_subscriptions.read")?;
    let page = Page::classic(&ask.params)?;
    let now = state.clock.now();
    let book = state.webhooks.book();
    let mine = book.subscriptions.values();
    let mine: Vec<&Subscription> = mine.filter(|one| is_mine(&ask, one)).collect();
    Ok(page.cut("webhook_subscriptions", &mine, |one| one.json(now, false)))
}

pub(crate) async fn create(State(state): State<AppState>, ask: Ask, body: Bytes) -> Answer {
    ask.needs(WRITE)?;
    let draft = read(&body)?;
    let method = draft.delivery_method.as_ref();
    if method.is_none_or(|method| method.url.is_none())
        || draft.events.is_none()
        || draft.filter.is_none()
    {
        return Err(Refusal::invalid(
            "delivery_method, events and filter are required",
        ));
    }
    let mut subscription = Subscription {
        id: format!(
            "PW{}",
            &Uuid::new_v4().simple().to_string()[..5].to_uppercase()
        ),
        account: ask.caller.account.subdomain.clone(),
        url: String::new(),
        events: BTreeSet::new(),
        filter_type: String::new(),
        filter_id: None,
        description: String::new(),
        active: true,
        secret: new_secret(),
        headers: BTreeMap::new(),
        drops: 0,
        disabled_until: None,
        epoch: 0,
    };
    apply(&ask, draft, &mut subscription)?;
    let shown = subscription.json(state.clock.now(), true);
    let mut book = state.webhooks.book();
    book.subscriptions
        .insert(subscription.id.clone(), subscription);
    Ok(object(json!({"webhook_subscription": shown})))
}

fn read(body: &Bytes) -> Result<Draft, Refusal> {
    let body: Body =
        serde_json::from_slice(body).map_err(|error| Refusal::invalid(&error.to_string()))?;
    Ok(body.webhook_subscription)
}

/// Takes the draft over; a scoped token must be allowed to read whatever it wants to hear of.
fn apply(ask: &Ask, draft: Draft, into: &mut Subscription) -> Result<(), Refusal> {
    if let Some(events) = draft.events {
        if events.is_empty()
            || events
                .iter()
                .any(|name| !EVENT_TYPES.contains(&name.as_str()))
        {
            return Err(Refusal::invalid("events are not known"));
        }
        if ask.caller.kind != TokenKind::Classic {
            for event in &events {
                ask.needs(match event.as_str() {
                    name if name.starts_with("incident.workflow") => "incident_workflows.read",
                    name if name.starts_with("service.") => "services.read",
                    _ => "incidents.read",
                })?;
            }
        }
        into.events = events;
    }
    if let Some(filter) = draft.filter {
        let needs_id = match filter.kind.as_str() {
            "account_reference" => false,
            "service_reference" | "team_reference" => true,
            _ => return Err(Refusal::invalid("filter type is not known")),
        };
        if needs_id && filter.id.is_none() {
            return Err(Refusal::invalid("filter id is required"));
        }
        (into.filter_type, into.filter_id) = (filter.kind, filter.id);
    }
    if let Some(method) = draft.delivery_method {
        if let Some(url) = method.url {
            let is_web =
                url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
            if !is_web {
                return Err(Refusal::invalid("delivery_method url is not valid"));
            }
            into.url = url;
        }
        let headers = method.custom_headers.into_iter();
        into.headers = headers.map(|header| (header.name, header.value)).collect();
    }
    into.description = draft
        .description
        .unwrap_or_else(|| into.description.clone());
    into.active = draft.active.unwrap_or(into.active);
    Ok(())
}

fn is_mine(ask: &Ask, subscription: &Subscription) -> bool {
    subscription.account == ask.caller.account.subdomain
}

fn with_mine<T>(
    state: &AppState,
    ask: &Ask,
    id: &str,
    change: impl FnOnce(&mut Subscription) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut book = state.webhooks.book();
    let found = book.subscriptions.get_mut(id);
    let found = found.filter(|one| is_mine(ask, one));
    change(found.ok_or_else(Refusal::not_found)?)
}

fn shown(state: &AppState, one: &Subscription) -> Value {
    json!({"webhook_subscription": one.json(state.clock.now(), false)})
}

pub(crate) async fn one(State(state): State<AppState>, Path(id): Path<String>, ask: Ask) -> Answer {
    ask.needs("webhook_subscriptions.read")?;
    with_mine(&state, &ask, &id, |one| Ok(object(shown(&state, one))))
}

pub(crate) async fn update(
    State(state): State<AppState>,
    Path(id): Path<String>,
    ask: Ask,
    body: Bytes,
) -> Answer {
    ask.needs(WRITE)?;
    let draft = read(&body)?;
    with_mine(&state, &ask, &id, |one| {
        apply(&ask, draft, one)?;
        Ok(object(shown(&state, one)))
    })
}

pub(crate) async fn remove(
    State(state): State<AppState>,
    Path(id): Path<String>,
    ask: Ask,
) -> Result<Response, Refusal> {
    ask.needs(WRITE)?;
    with_mine(&state, &ask, &id, |_| Ok(()))?;
    state.webhooks.book().subscriptions.remove(&id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(crate) async fn enable(
    State(state): State<AppState>,
    Path(id): Path<String>,
    ask: Ask,
) -> Answer {
    ask.needs(WRITE)?;
    with_mine(&state, &ask, &id, |one| {
        one.disabled_until = None;
        one.drops = 0;
        Ok(object(shown(&state, one)))
    })
}

pub(crate) async fn ping(
    State(state): State<AppState>,
    Extension(base): Extension<BaseUrl>,
    Path(id): Path<String>,
    ask: Ask,
) -> Result<Response, Refusal> {
    ask.needs(WRITE)?;
    with_mine(&state, &ask, &id, |_| Ok(()))?;
    emit::ping(&state, &base, &ask.caller.account, &id);
    Ok(StatusCode::ACCEPTED.into_response())
}
