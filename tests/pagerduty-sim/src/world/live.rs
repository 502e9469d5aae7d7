//! What happens to an account while somebody watches: incidents and deeds added at the present, for webhooks.
//!
//! They lie over the script: a day made afresh contains them, so that polling and webhooks tell the same story.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use super::incident::{Agent, Answer, Channel, Entry, Incident, Request, What};
use super::{DAY, World};

/// One event as it was emitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// The event's id.
    pub id: String,
    /// `incident.acknowledged`, …
    pub kind: String,
    /// Who did it.
    pub user: Option<usize>,
    /// Seconds since 1970.
    pub at: i64,
    /// Day and position of the incident.
    pub incident: Option<(i64, u32)>,
}

/// What lies over the script.
#[derive(Debug, Default)]
pub(crate) struct Live {
    days: BTreeMap<i64, Vec<Incident>>,
    events: Vec<Emitted>,
}

impl World {
    /// The live incidents of a day, to follow those of the script.
    pub(crate) fn live_incidents(&self, day: i64) -> Vec<Incident> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.days.get(&day).cloned().unwrap_or_default()
    }

    /// The events emitted so far, in the order of emission.
    pub fn emitted(&self) -> Vec<Emitted> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.events.clone()
    }

    /// How many there were.
    pub fn emitted_count(&self) -> u64 {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.events.len() as u64
    }

    /// Writes down that an event was emitted.
    pub fn remember_event(&self, event: Emitted) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        live.events.push(event);
    }

    /// A new incident, opened at that instant by a person, or by a machine. Answers its day and position.
    pub fn open_live(&self, at: i64, service: usize, by: Option<usize>) -> (i64, u32) {
        let day = at.div_euclid(DAY);
        let scripted = self.scripted_count(day);
        let entry = |what, agent, channel, to| Entry {
            at,
            what,
            agent,
            channel,
            to,
        };
        let trigger = match by {
            Some(user) => entry(What::Trigger, Agent::User(user), Channel::Website, None),
            None => entry(What::Trigger, Agent::Integration, Channel::Events, None),
        };
        let owner = self
            .crew_at(self.services[service].policy, 0, at)
            .first()
            .copied();
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let incidents = live.days.entry(day).or_default();
        let position = scripted + incidents.len() as u32;
        incidents.push(Incident {
            day,
            position,
            created_at: at,
            service,
            trouble: (position % 10) as u8,
            is_high: true,
            priority: None,
            entries: vec![
                trigger,
                entry(What::Assign, Agent::Service, Channel::Auto, owner),
            ],
            requests: Vec::new(),
        });
        drop(live);
        self.forget_days();
        (day, position)
    }

    /// Changes a live incident; false when there is none.
    pub(crate) fn with_live(
        &self,
        (day, position): (i64, u32),
        change: impl FnOnce(&mut Incident),
    ) -> bool {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let incidents = live.days.entry(day).or_default();
        let found = incidents
            .iter_mut()
            .find(|incident| incident.position == position);
        let is_found = found.is_some();
        if let Some(incident) = found {
            change(incident);
        }
        drop(live);
        self.forget_days();
        is_found
    }

    /// A deed of a person on a live incident.
    pub fn add_deed(&self, incident: (i64, u32), what: What, (user, at): (Option<usize>, i64)) {
        let agent = user.map_or(Agent::Service, Agent::User);
        let channel = if user.is_some() {
            Channel::Website
        } else {
            Channel::Auto
        };
        let to = matches!(what, What::Assign | What::Delegate | What::Escalate)
            .then_some(user)
            .flatten();
        self.with_live(incident, |incident| {
            incident.entries.push(Entry {
                at,
                what,
                agent,
                channel,
                to,
            });
        });
    }

    /// A responder request on a live incident.
    pub fn add_request(&self, incident: (i64, u32), request: Request) {
        self.with_live(incident, |incident| incident.requests.push(request));
    }

    /// The first person asked on a live incident who has not answered joins. Answers who that is.
    pub fn answer_request(&self, incident: (i64, u32), at: i64) -> Option<usize> {
        let mut who = None;
        self.with_live(incident, |incident| {
            let invitees = incident
                .requests
                .iter_mut()
                .flat_map(|request| &mut request.invitees);
            for invitee in invitees {
                if invitee.answer == Answer::Silent && who.is_none() {
                    invitee.answer = Answer::Joined(at);
                    who = Some(invitee.user);
                }
            }
        });
        who
    }

    fn scripted_count(&self, day: i64) -> u32 {
        let live = self.live_incidents(day).len() as u32;
        self.tally(day).incidents - live
    }
}
