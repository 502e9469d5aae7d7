//! One incident told from its trigger to its end, always within a day.

use super::habit::{HABITS, RARE};
use crate::world::dice::{Dice, key};
use crate::world::incident::{Agent, Answer, Channel, Entry, Incident, Invitee, Request, What};
use crate::world::people::Persona;
use crate::world::{DAY, World};

/// An incident is over this many seconds after it began, so that a day's log needs two days only.
const LONGEST: i64 = 86_000;

/// An incident being told.
pub(super) struct Tale<'w> {
    world: &'w World,
    dice: Dice,
    now: i64,
    incident: Incident,
}

impl<'w> Tale<'w> {
    pub(super) fn new(world: &'w World, day: i64, mut dice: Dice) -> Self {
        let now = day * DAY + dice.between(0, DAY - 1);
        let incident = Incident {
            day,
            position: 0,
            created_at: now,
            service: dice.below(world.services.len() as u64) as usize,
            trouble: dice.below(10) as u8,
            is_high: dice.chance(75),
            priority: dice.chance(30).then(|| dice.below(5) as usize),
            entries: Vec::with_capacity(10),
            requests: Vec::new(),
        };
        Self {
            world,
            dice,
            now,
            incident,
        }
    }

    /// Something breaks; those on call are told; somebody may answer.
    pub(super) fn alarm(mut self) -> Incident {
        let helper = self.helper().filter(|_| self.dice.chance(5));
        match helper {
            Some(user) => self.act(What::Trigger, user, None),
            None => self.machine_trigger(),
        }
        let owner = self.page();
        let owner = owner.map(|owner| self.respond(owner));
        self.close(owner);
        self.incident
    }

    /// Somebody who is not on call opens an incident, writes about it and closes it.
    pub(super) fn routine(mut self, user: usize) -> Incident {
        self.now = self.incident.created_at;
        self.act(What::Trigger, user, None);
        self.wait(60, 900);
        self.act(What::Annotate, user, None);
        if self.dice.chance(50) {
            self.wait(60, 900);
            self.act(What::StatusUpdate, user, None);
        }
        if self.dice.chance(40) {
            self.wait(60, 900);
            self.invite(user);
        }
        self.wait(300, 7_200);
        self.act(What::Resolve, user, None);
        self.incident
    }

    /// A stakeholder is asked to join and keeps the others informed.
    pub(super) fn briefing(mut self, user: usize) -> Incident {
        self.machine_trigger();
        self.wait(60, 600);
        let requester = self.helper().unwrap_or(0);
        let answer = Answer::Joined(self.now + self.dice.between(30, 900));
        self.request(requester, vec![Invitee { user, answer }]);
        self.wait(900, 1_800);
        self.act(What::IncidentStatusUpdate, user, None);
        self.close(None);
        self.incident
    }

    /// Somebody is told again and again, in vain.
    pub(super) fn ignored(mut self, user: usize) -> Incident {
        if let Some(team) = self.world.users[user].team {
            // Services are dealt to the teams in turn, so that this one is the team's first.
            self.incident.service = team;
        }
        self.machine_trigger();
        self.tell(What::Assign, Agent::Service, Channel::Auto, Some(user));
        self.notify(user);
        self.wait(300, 900);
        self.notify(user);
        self.close(None);
        self.incident
    }

    /// The last thing somebody did here, safely before midnight.
    pub(super) fn farewell(mut self, user: usize) -> Incident {
        let noon = self.incident.day * DAY + DAY / 2 + self.dice.between(0, 9_000);
        self.now = noon;
        self.incident.created_at = noon;
        self.machine_trigger();
        self.wait(10, 60);
        self.tell(What::Notify(1), Agent::Service, Channel::Auto, Some(user));
        self.wait(60, 600);
        self.act(What::Acknowledge, user, None);
        self.wait(600, 3_600);
        self.act(What::Resolve, user, None);
        self.incident
    }

    /// Given to somebody who leaves it open for ever.
    pub(super) fn abandoned(mut self, user: usize) -> Incident {
        let morning = self.incident.day * DAY + 30_000 + self.dice.between(0, 9_000);
        self.now = morning;
        self.incident.created_at = morning;
        self.machine_trigger();
        self.wait(10, 60);
        self.tell(What::Assign, Agent::Service, Channel::Auto, Some(user));
        self.incident
    }

    /// Somebody who has left since, in the days before they left.
    fn former(&mut self, percent: u64) -> Option<Agent> {
        let is_past = self.now < self.world.frame.anchor - 60 * DAY;
        (is_past && self.dice.chance(percent)).then(|| Agent::Former(self.dice.below(4) as u8))
    }

    fn machine_trigger(&mut self) {
        let channels = [
            Channel::Events,
            Channel::Events,
            Channel::Api,
            Channel::Nagios,
            Channel::Email,
        ];
        let channel = self.dice.pick(&channels).unwrap_or(Channel::Events);
        let agent = if self.dice.chance(60) {
            Agent::Integration
        } else {
            Agent::Service
        };
        self.tell(What::Trigger, agent, channel, None);
    }

    /// Tells level after level until somebody acknowledges; who that was.
    fn page(&mut self) -> Option<usize> {
        let policy = self.world.services[self.incident.service].policy;
        let levels = self.world.policies[policy].levels.len();
        let delay = self.world.policies[policy].delay_minutes * 60;
        for level in 0..levels {
            let crew = self.world.crew_at(policy, level, self.now);
            let first = crew.first().copied();
            match level {
                0 => self.tell(What::Assign, Agent::Service, Channel::Auto, first),
                _ => self.tell(What::Escalate, Agent::Service, Channel::Timeout, first),
            }
            let asked = self.now;
            for user in crew.iter().take(3) {
                self.notify(*user);
            }
            let willing = crew
                .into_iter()
                .find(|user| self.world.users[*user].acts_at(self.now));
            if let Some(user) = willing.filter(|_| self.dice.chance(88)) {
                self.wait(20, delay - 200);
                self.act(What::Acknowledge, user, None);
                return Some(user);
            }
            self.now = asked + delay;
        }
        self.tell(
            What::ExhaustEscalationPath,
            Agent::Service,
            Channel::Timeout,
            None,
        );
        None
    }

    fn notify(&mut self, user: usize) {
        for _ in 0..=self.dice.below(3) {
            self.now += self.dice.between(1, 60);
            let kind = self.dice.below(4) as u8;
            self.tell(
                What::Notify(kind),
                Agent::Service,
                Channel::Auto,
                Some(user),
            );
        }
    }

    /// What happens between acknowledgement and end; who owns the incident afterwards.
    fn respond(&mut self, mut owner: usize) -> usize {
        if let Some(agent) = self.former(6) {
            self.tell(What::Annotate, agent, Channel::Website, None);
        }
        for _ in 0..self.dice.below(4) {
            if !self.wait(120, 2_400) {
                break;
            }
            let helper = self.helper().filter(|_| self.dice.chance(35));
            let who = helper.unwrap_or(owner);
            match self.dice.below(100) {
                0..25 => self.act(What::Annotate, who, None),
                25..35 => self.snooze(who),
                35..42 => self.act(What::UrgencyChange, who, None),
                42..45 => self.act(What::FieldValueChange, who, None),
                45..48 => self.act(What::CustomFieldValueChange, who, None),
                48..64 => owner = self.hand_over(who),
                64..72 => self.escalate(who),
                72..86 => self.invite(who),
                _ => self.inform(who),
            }
        }
        owner
    }

    fn snooze(&mut self, who: usize) {
        self.act(What::Snooze, who, None);
        if self.dice.chance(50) && self.wait(3_600, 14_400) {
            self.tell(What::Unacknowledge, Agent::Service, Channel::Timeout, None);
            if self.wait(30, 900) {
                self.act(What::Acknowledge, who, None);
            }
        }
    }

    fn hand_over(&mut self, who: usize) -> usize {
        let colleague = self.dice.pick(&self.world.cast.responders).unwrap_or(who);
        let what = if self.dice.chance(70) {
            What::Assign
        } else {
            What::Delegate
        };
        self.act(what, who, Some(colleague));
        self.notify(colleague);
        if self.wait(60, 900) {
            self.act(What::Acknowledge, colleague, None);
        }
        colleague
    }

    fn escalate(&mut self, who: usize) {
        let policy = self.world.services[self.incident.service].policy;
        let next = self.world.crew_at(policy, 1, self.now).first().copied();
        self.act(What::Escalate, who, next.or(Some(who)));
    }

    fn inform(&mut self, who: usize) {
        let communicator = self
            .dice
            .pick(&self.world.cast.communicators)
            .filter(|_| self.dice.chance(30));
        let what = if self.dice.chance(75) {
            What::StatusUpdate
        } else {
            What::IncidentStatusUpdate
        };
        match communicator {
            Some(user) => self.act(what, user, None),
            None => self.act(what, who, None),
        }
    }

    fn invite(&mut self, who: usize) {
        let mut invitees: Vec<Invitee> = Vec::new();
        for _ in 0..=self.dice.below(2) {
            let pool = if self.dice.chance(25) {
                &self.world.cast.communicators
            } else {
                &self.world.cast.responders
            };
            let Some(user) = self.dice.pick(pool) else {
                continue;
            };
            if user != who && invitees.iter().all(|invitee| invitee.user != user) {
                let after = self.now + self.dice.between(30, 1_500);
                let answer = match self.dice.below(100) {
                    0..60 => Answer::Joined(after),
                    60..75 => Answer::Declined(after),
                    _ => Answer::Silent,
                };
                invitees.push(Invitee { user, answer });
            }
        }
        if !invitees.is_empty() {
            self.request(who, invitees);
        }
    }

    /// One person is asked once per incident: a second request names only those not asked yet.
    fn request(&mut self, requester: usize, mut invitees: Vec<Invitee>) {
        let asked = |user| {
            self.incident
                .requests
                .iter()
                .flat_map(|r| &r.invitees)
                .any(|i: &Invitee| i.user == user)
        };
        invitees.retain(|invitee| !asked(invitee.user));
        if !invitees.is_empty() {
            self.incident.requests.push(Request {
                requester,
                at: self.now,
                invitees,
            });
            self.act(What::ResponderRequest, requester, None);
        }
    }

    /// Ends the incident: by its owner, by the machine, or hardly ever not at all.
    fn close(&mut self, owner: Option<usize>) {
        if self.dice.below(200) == 0 {
            return;
        }
        self.wait(120, 5_400);
        let latest = self.incident.created_at + LONGEST;
        self.now = self
            .now
            .min(latest)
            .max(self.incident.entries.last().map_or(0, |entry| entry.at));
        if let Some(agent) = self.former(4) {
            return self.tell(What::Resolve, agent, Channel::Mobile, None);
        }
        let owner = owner.filter(|user| self.world.users[*user].acts_at(self.now));
        match owner.filter(|_| self.dice.chance(70)) {
            Some(user) => self.act(What::Resolve, user, None),
            None if self.dice.chance(70) => {
                self.tell(What::Resolve, Agent::Integration, Channel::Events, None);
            }
            None => self.tell(What::Resolve, Agent::Service, Channel::Timeout, None),
        }
    }

    /// Somebody of the service's team who acts now without being on call, else anyone who answers requests.
    fn helper(&mut self) -> Option<usize> {
        let team = self.world.services[self.incident.service].team;
        let helper = self.dice.pick(&self.world.cast.helpers[team]);
        helper.filter(|user| self.world.users[*user].acts_at(self.now))
    }

    /// A deed of a person, over the channel they are used to. Nobody does anything after their last day.
    fn act(&mut self, what: What, user: usize, to: Option<usize>) {
        let person = &self.world.users[user];
        let informs = matches!(person.persona, Persona::Communicator | Persona::Herald);
        if !informs && !person.acts_at(self.now) {
            return self.tell(what, Agent::Service, Channel::Auto, to);
        }
        let habit = key(&[self.world.key(), 7, user as u64]) as usize;
        let channel = match self.dice.below(100) {
            0..75 => HABITS[habit % HABITS.len()],
            75..95 => self.dice.pick(&HABITS).unwrap_or(Channel::Website),
            _ => self.dice.pick(&RARE).unwrap_or(Channel::Website),
        };
        let is_note = what == What::Annotate && self.dice.chance(30);
        self.tell(
            what,
            Agent::User(user),
            if is_note { Channel::Note } else { channel },
            to,
        );
    }

    fn tell(&mut self, what: What, agent: Agent, channel: Channel, to: Option<usize>) {
        self.incident.entries.push(Entry {
            at: self.now,
            what,
            agent,
            channel,
            to,
        });
    }

    /// Lets time pass; false when the incident has lasted long enough.
    fn wait(&mut self, low: i64, high: i64) -> bool {
        self.now += self.dice.between(low, high.max(low));
        self.now < self.incident.created_at + LONGEST - 8_000
    }
}
