//! Everything seen within the horizon, per person and feature, gathered day by day.

mod around;
mod live;

use std::collections::BTreeSet;

use super::duty::{Duty, Periods, Span};
use super::feature::{COUNT, Feature};
use super::load::Load;
use super::question::Question;
use crate::world::{Agent, Answer, DAY, Incident, Target, What, World};

/// How far ahead a shift makes somebody stand by.
pub(crate) const LOOKAHEAD: i64 = 30 * DAY;

/// Uses of one feature by one person.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Uses {
    pub(crate) count: u64,
    pub(crate) last: Option<i64>,
    /// A bit per UTC day of the window.
    days: [u64; 3],
}

impl Uses {
    fn add(&mut self, at: i64, question: &Question) {
        self.last = self.last.max(Some(at));
        if at >= question.start() {
            self.count += 1;
            let day = (at.div_euclid(DAY) - question.start().div_euclid(DAY)) as usize;
            self.days[day / 64] |= 1 << (day % 64);
        }
    }

    pub(crate) fn active_days(&self) -> u64 {
        self.days
            .iter()
            .map(|bits| u64::from(bits.count_ones()))
            .sum()
    }
}

/// How many records a complete reader of the horizon receives.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Records {
    pub(crate) log_entries: u64,
    pub(crate) incidents: u64,
    pub(crate) incident_analytics: u64,
    pub(crate) notifications: u64,
    pub(crate) oncalls: u64,
    pub(crate) oncalls_next_30_days: u64,
    pub(crate) maintenance_windows: u64,
    pub(crate) config_changes: u64,
    pub(crate) automation_invocations: u64,
    pub(crate) change_events: u64,
    pub(crate) webhooks: u64,
}

/// All evidence about an account.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) uses: Vec<[Uses; COUNT]>,
    pub(crate) duty: Vec<Duty>,
    /// What being on call cost, per person.
    pub(crate) load: Vec<Load>,
    /// Stakeholder subscriptions held.
    pub(crate) held: Vec<u64>,
    /// Whose turn comes within the lookahead, or who is named on a policy.
    pub(crate) is_upcoming: Vec<bool>,
    /// Who is assigned to an incident that is not resolved.
    pub(crate) is_assigned: Vec<bool>,
    /// When workflows were started that webhooks told of, by anybody or anything.
    pub(crate) workflow_starts: Vec<i64>,
    pub(crate) records: Records,
}

impl Evidence {
    pub(crate) fn gather(world: &World, question: &Question) -> Self {
        let seats = world.users.len();
        let mut evidence = Self {
            uses: vec![[Uses::default(); COUNT]; seats],
            duty: vec![Duty::default(); seats],
            load: vec![Load::default(); seats],
            held: vec![0; seats],
            is_upcoming: vec![false; seats],
            is_assigned: vec![false; seats],
            workflow_starts: Vec::new(),
            records: Records::default(),
        };
        let first = question.horizon().div_euclid(DAY) - 1;
        for day in first..=(question.as_of - 1).div_euclid(DAY) {
            for incident in world.script(day) {
                evidence.log_entries(&incident, question);
                evidence.incident(&incident, question);
            }
        }
        evidence.sign_ins(world, question);
        evidence.oncalls(world, question);
        evidence.upcoming(world, question);
        evidence.chores(world, question);
        evidence.events(world, question);
        evidence
    }

    fn note(&mut self, user: usize, feature: Feature, at: i64, question: &Question) {
        self.uses[user][feature as usize].add(at, question);
    }

    fn log_entries(&mut self, incident: &Incident, question: &Question) {
        for entry in &incident.entries {
            if !question.is_held(entry.at) {
                continue;
            }
            self.records.log_entries += 1;
            self.records.notifications += u64::from(matches!(entry.what, What::Notify(_)));
            if !question.sees("log_entries") || entry.at >= question.log_entries_to {
                continue;
            }
            if let (What::Notify(_), Some(user)) = (entry.what, entry.to)
                && question.is_inside(entry.at)
            {
                self.load[user].notify(entry.at);
            }
            if let (Agent::User(user), Some(action)) = (entry.agent, Feature::of_action(entry.what))
            {
                self.note(user, action, entry.at, question);
                if let Some(channel) = Feature::of_channel(entry.channel) {
                    self.note(user, channel, entry.at, question);
                }
            }
        }
    }

    fn incident(&mut self, incident: &Incident, question: &Question) {
        if !question.is_held(incident.created_at) {
            return;
        }
        self.records.incidents += 1;
        let midnight = question.as_of.div_euclid(DAY) * DAY;
        self.records.incident_analytics += u64::from(incident.created_at < midnight);
        if !question.sees("incidents") {
            return;
        }
        let end = question.incidents_to.min(question.as_of);
        for request in incident.requests.iter().filter(|request| request.at < end) {
            self.note(request.requester, Feature::Responder, request.at, question);
            for invitee in &request.invitees {
                if let Answer::Joined(at) | Answer::Declined(at) = invitee.answer
                    && at < end
                {
                    self.note(invitee.user, Feature::Responder, at, question);
                }
            }
        }
        let state = incident.state_at(question.as_of - 1);
        for (user, _) in &state.assigned {
            self.is_assigned[*user] |= state.status != "resolved";
        }
        self.first_acknowledgement(incident, question);
    }

    fn first_acknowledgement(&mut self, incident: &Incident, question: &Question) {
        let end = question.log_entries_to.min(question.as_of);
        let answers = incident
            .entries
            .iter()
            .filter_map(|entry| match entry.agent {
                Agent::User(user) if entry.what == What::Acknowledge && entry.at < end => {
                    Some((entry.at, user))
                }
                _ => None,
            });
        if let Some((at, user)) = answers.min_by_key(|(at, _)| *at)
            && question.sees("log_entries")
            && question.is_inside(at)
        {
            self.load[user].answer(at - incident.created_at);
        }
    }

    fn sign_ins(&mut self, world: &World, question: &Question) {
        if !question.sees(question.sign_in_source()) {
            return;
        }
        for (n, user) in world.users.iter().enumerate() {
            let last = if question.signs_in_by_delegation {
                let held = world.delegations(n, question.as_of - 1);
                let signs = held
                    .iter()
                    .filter(|delegation| delegation.kind != "integration");
                signs
                    .map(|delegation| delegation.created_at)
                    .max()
                    .filter(|at| *at >= question.horizon())
            } else {
                user.last_sign_in(question.as_of)
            };
            if let Some(at) = last {
                self.note(n, Feature::Signin, at, question);
            }
        }
    }

    fn oncalls(&mut self, world: &World, question: &Question) {
        let held: Span = (question.horizon(), question.as_of);
        let window: Span = (question.start(), question.as_of);
        let mut periods = vec![Periods::default(); world.users.len()];
        for policy in 0..world.policies.len() {
            let mut keys = BTreeSet::new();
            for row in world.on_calls(policy, held.0, held.1) {
                keys.insert((row.level, row.schedule, row.user, row.span));
                periods[row.user].add(&row, held);
            }
            self.records.oncalls += keys.len() as u64;
            let next: BTreeSet<_> = world
                .on_calls(policy, question.as_of, question.as_of + LOOKAHEAD)
                .into_iter()
                .map(|row| (row.level, row.schedule, row.user, row.span))
                .collect();
            self.records.oncalls_next_30_days += next.len() as u64;
            if question.sees("oncalls") {
                for (_, _, user, _) in &next {
                    self.is_upcoming[*user] = true;
                }
            }
        }
        if question.sees("oncalls") {
            self.duty = periods.iter().map(|periods| periods.duty(window)).collect();
            for (load, periods) in self.load.iter_mut().zip(&periods) {
                load.business_seconds = periods.business_seconds(window);
            }
        }
    }

    fn upcoming(&mut self, world: &World, question: &Question) {
        if question.sees("schedules") {
            for schedule in &world.schedules {
                for shift in schedule.shifts(question.as_of, question.as_of + LOOKAHEAD) {
                    self.is_upcoming[shift.user] = true;
                }
            }
        }
        if question.sees("escalation_policies") {
            for target in world
                .policies
                .iter()
                .flat_map(|policy| policy.levels.iter().flatten())
            {
                if let Target::User(user) = target {
                    self.is_upcoming[*user] = true;
                }
            }
        }
    }

    /// Whether the person ever used anything we know of.
    pub(crate) fn has_any(&self, user: usize) -> bool {
        self.duty[user].last.is_some() || self.uses[user].iter().any(|uses| uses.last.is_some())
    }
}
