//! `POST /sim/webhooks/emit`: lets things happen now, and tells the subscribers.
//!
//! What an event says is also true in the account: its twin stands in `/log_entries`, a responder's answer in the
//! incident. An event that is lost on purpose happens all the same.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use uuid::Uuid;

use super::delivery::Letter;
use super::event::{EVENT_TYPES, envelope};
use crate::account::Account;
use crate::rest::ask::Ask;
use crate::state::{AppState, BaseUrl};
use crate::world::{Answer, Emitted, Invitee, Persona, Request, What, World};

/// Events that share one incident.
const PER_INCIDENT: u64 = 12;

/// What is to happen.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Events {
    /// That many, of all types.
    Count(u64),
    /// These.
    List(Vec<Wanted>),
}

/// One event asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Wanted {
    /// Its type; somebody does it.
    Type(String),
    /// Its type, and who does it.
    By {
        /// The type.
        event_type: String,
        /// The user's id; nobody when null.
        user_id: Option<String>,
        /// How long ago it happened.
        #[serde(default)]
        seconds_ago: i64,
    },
}

/// The body of the request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Whose people act.
    pub account: String,
    /// What happens.
    pub events: Events,
    /// How many in a second; all at once when absent.
    #[serde(default)]
    pub per_second: Option<u32>,
    /// How many of them are delivered twice.
    #[serde(default)]
    pub duplicate: u64,
    /// How many of them are not delivered at all.
    #[serde(default)]
    pub lose: u64,
    /// Whether they are delivered in another order than they happened.
    #[serde(default)]
    pub shuffle: bool,
    /// Whether deliveries carry a second signature from now on.
    #[serde(default)]
    pub second_signature: bool,
    /// Whether deliveries carry a wrong signature only from now on.
    #[serde(default)]
    pub wrong_signature: bool,
}

/// An event before it has happened.
#[derive(Debug, Clone)]
struct Plan {
    kind: String,
    user: Option<usize>,
    is_given: bool,
    seconds_ago: i64,
}

/// Lets the events happen. Answers those that have; with `per_second` none has yet.
pub fn emit(
    state: &AppState,
    base: &BaseUrl,
    account: &Arc<Account>,
    order: &Order,
) -> Result<Vec<Emitted>, String> {
    let plans = plans(&account.world, &order.events)?;
    {
        let mut book = state.webhooks.book();
        book.is_signed_twice = order.second_signature;
        book.is_signed_wrongly = order.wrong_signature;
    }
    let stage = Stage {
        state: state.clone(),
        base: base.clone(),
        account: account.clone(),
    };
    let order = order.clone();
    let Some(pace) = order.per_second else {
        return Ok(stage.play(&plans, &order));
    };
    let stop = state.webhooks.stop.clone();
    state.webhooks.tasks.spawn(async move {
        let pause = Duration::from_secs(1) / pace.max(1);
        let paced = async {
            let mut ticks = tokio::time::interval(pause);
            for plan in &plans {
                ticks.tick().await;
                stage.play(std::slice::from_ref(plan), &order);
            }
        };
        stop.run_until_cancelled(paced).await;
    });
    Ok(Vec::new())
}

fn plans(world: &World, events: &Events) -> Result<Vec<Plan>, String> {
    let plan = |kind: &str, is_given: bool| Plan {
        kind: kind.to_owned(),
        user: None,
        is_given,
        seconds_ago: 0,
    };
    match events {
        Events::Count(count) => Ok((0..*count)
            .map(|n| plan(EVENT_TYPES[n as usize % (EVENT_TYPES.len() - 1)], false))
            .collect()),
        Events::List(list) => list
            .iter()
            .map(|wanted| match wanted {
                Wanted::Type(kind) => Ok(plan(kind, false)),
                Wanted::By {
                    event_type,
                    user_id,
                    seconds_ago,
                } => {
                    let mut plan = plan(event_type, true);
                    plan.seconds_ago = *seconds_ago;
                    if let Some(id) = user_id {
                        let mut users = world.users.iter();
                        let n = users.position(|user| user.id == *id);
                        plan.user = Some(n.ok_or_else(|| format!("no user {id}"))?);
                    }
                    Ok(plan)
                }
            })
            .collect(),
    }
}

/// Where events happen.
struct Stage {
    state: AppState,
    base: BaseUrl,
    account: Arc<Account>,
}

impl Stage {
    fn play(&self, plans: &[Plan], order: &Order) -> Vec<Emitted> {
        let mut emitted = Vec::new();
        let mut incident = None;
        for (n, plan) in plans.iter().enumerate() {
            let count = self.account.world.emitted_count() + n as u64;
            if incident.is_none() || count.is_multiple_of(PER_INCIDENT) {
                incident = None;
            }
            emitted.push(self.happen(plan, &mut incident, count));
        }
        let mut letters: Vec<Emitted> = emitted.iter().skip(order.lose as usize).cloned().collect();
        let again: Vec<Emitted> = letters
            .iter()
            .take(order.duplicate as usize)
            .cloned()
            .collect();
        letters.extend(again);
        if order.shuffle {
            letters.sort_by_key(|event| crate::identity::token_hash(&event.id));
        }
        self.send(&letters, order.shuffle);
        emitted
    }

    /// Makes it true.
    fn happen(&self, plan: &Plan, incident: &mut Option<(i64, u32)>, count: u64) -> Emitted {
        let world = &self.account.world;
        let at = self.state.clock.now().as_second() - plan.seconds_ago;
        let is_machine = matches!(
            plan.kind.as_str(),
            "incident.unacknowledged" | "incident.workflow.completed" | "service.deleted"
        );
        let user = plan.user.or_else(|| {
            (!plan.is_given && !is_machine && count % 9 != 8)
                .then(|| actor(world, &plan.kind, (count, at)))
                .flatten()
        });
        let mut event = Emitted {
            id: Uuid::new_v4().simple().to_string().to_uppercase(),
            kind: plan.kind.clone(),
            user,
            at,
            incident: None,
        };
        if plan.kind.starts_with("incident.") {
            let service = count as usize % world.services.len();
            let is_opened = plan.kind == "incident.triggered";
            let here = match *incident {
                Some(here) if !is_opened => here,
                _ => world.open_live(at, service, user.filter(|_| is_opened)),
            };
            *incident = Some(here);
            event.incident = Some(here);
            self.deed(&mut event, here);
        }
        world.remember_event(event.clone());
        event
    }

    fn deed(&self, event: &mut Emitted, here: (i64, u32)) {
        let world = &self.account.world;
        let what = match event.kind.as_str() {
            "incident.acknowledged" => What::Acknowledge,
            "incident.unacknowledged" => What::Unacknowledge,
            "incident.resolved" => What::Resolve,
            "incident.reassigned" => What::Assign,
            "incident.delegated" => What::Delegate,
            "incident.escalated" => What::Escalate,
            "incident.annotated" => What::Annotate,
            "incident.status_update_published" => What::StatusUpdate,
            "incident.responder.added" => {
                let Some(requester) = event.user else { return };
                let asked = (requester + 1) % world.users.len();
                let invitee = Invitee {
                    user: asked,
                    answer: Answer::Silent,
                };
                let request = Request {
                    requester,
                    at: event.at,
                    invitees: vec![invitee],
                };
                return world.add_request(here, request);
            }
            "incident.responder.replied" => {
                event.user = world.answer_request(here, event.at);
                return;
            }
            _ => return,
        };
        world.add_deed(here, what, (event.user, event.at));
    }

    fn send(&self, events: &[Emitted], is_unordered: bool) {
        let now = self.state.clock.now();
        let ask = Ask::of_account(&self.account, now.as_second(), &self.base);
        for event in events {
            let incident = event.incident.and_then(|(day, position)| {
                let day = self.account.world.day(day);
                day.incidents.get(position as usize).cloned()
            });
            let place = incident.as_ref().map(|incident| incident.service);
            let body: Arc<str> = envelope(&ask, event, incident.as_ref()).into();
            let resource = match (is_unordered, event.incident) {
                (false, Some((day, position))) => format!("{day}/{position}"),
                _ => event.id.clone(),
            };
            for subscription in self.subscribers(&event.kind, place) {
                let letter = Letter {
                    subscription,
                    event_id: event.id.clone(),
                    event_type: event.kind.clone(),
                    resource: resource.clone(),
                    body: body.clone(),
                };
                self.state.webhooks.post(letter, now);
            }
        }
    }

    fn subscribers(&self, kind: &str, service: Option<usize>) -> Vec<String> {
        let world = &self.account.world;
        let book = self.state.webhooks.book();
        let mine = book.subscriptions.values().filter(|subscription| {
            let ids = service.map(|n| {
                let service = &world.services[n];
                (service.id.as_str(), world.teams[service.team].id.as_str())
            });
            let is_here = match (subscription.filter_type.as_str(), ids) {
                ("service_reference", Some((service, _))) => {
                    subscription.filter_id.as_deref() == Some(service)
                }
                ("team_reference", Some((_, team))) => {
                    subscription.filter_id.as_deref() == Some(team)
                }
                ("account_reference", _) => true,
                _ => false,
            };
            subscription.account == self.account.subdomain
                && subscription.active
                && subscription.events.contains(kind)
                && is_here
        });
        mine.map(|subscription| subscription.id.clone()).collect()
    }
}

/// Tells one subscription that it is there.
pub(crate) fn ping(state: &AppState, base: &BaseUrl, account: &Arc<Account>, subscription: &str) {
    let now = state.clock.now();
    let ask = Ask::of_account(account, now.as_second(), base);
    let event = Emitted {
        id: Uuid::new_v4().simple().to_string().to_uppercase(),
        kind: "pagey.ping".to_owned(),
        user: None,
        at: now.as_second(),
        incident: None,
    };
    let letter = Letter {
        subscription: subscription.to_owned(),
        event_id: event.id.clone(),
        event_type: event.kind.clone(),
        resource: event.id.clone(),
        body: envelope(&ask, &event, None).into(),
    };
    state.webhooks.post(letter, now);
}

/// Somebody who acts at that instant.
fn actor(world: &World, kind: &str, (count, at): (u64, i64)) -> Option<usize> {
    let is_light = kind.contains("status_update") || kind.contains("responder");
    let candidates: Vec<usize> = (0..world.users.len())
        .filter(|n| {
            let user = &world.users[*n];
            user.acts_at(at) || (is_light && user.persona == Persona::Herald)
        })
        .collect();
    let n = (count as usize * 7).checked_rem(candidates.len())?;
    candidates.get(n).copied()
}
