//! Everything seen within the horizon, per person and feature, gathered day by day.

use std::collections::BTreeSet;

use super::duty::{Duty, Periods};
use super::feature::{COUNT, Feature};
use super::question::Question;
use crate::world::{Agent, Answer, DAY, Incident, Target, World};

/// How far ahead a shift makes somebody stand by.
const LOOKAHEAD: i64 = 30 * DAY;

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
    pub(crate) oncalls: u64,
    pub(crate) oncalls_next_30_days: u64,
}

/// All evidence about an account.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) uses: Vec<[Uses; COUNT]>,
    pub(crate) duty: Vec<Duty>,
    /// Whose turn comes within the lookahead, or who is named on a policy.
    pub(crate) is_upcoming: Vec<bool>,
    pub(crate) records: Records,
}

impl Evidence {
    pub(crate) fn gather(world: &World, question: &Question) -> Self {
        let seats = world.users.len();
        let mut evidence = Self {
            uses: vec![[Uses::default(); COUNT]; seats],
            duty: vec![Duty::default(); seats],
            is_upcoming: vec![false; seats],
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
        evidence
    }

    fn note(&mut self, user: usize, feature: Feature, at: i64, question: &Question) {
        self.uses[user][feature as usize].add(at, question);
    }

    fn log_entries(&mut self, incident: &Incident, question: &Question) {
        for entry in &incident.entries {
            if entry.at < question.horizon() || entry.at >= question.as_of {
                continue;
            }
            self.records.log_entries += 1;
            let (Agent::User(user), Some(action)) = (entry.agent, Feature::of_action(entry.what))
            else {
                continue;
            };
            if question.sees("log_entries") {
                self.note(user, action, entry.at, question);
                if let Some(channel) = Feature::of_channel(entry.channel) {
                    self.note(user, channel, entry.at, question);
                }
            }
        }
    }

    fn incident(&mut self, incident: &Incident, question: &Question) {
        if incident.created_at < question.horizon() || incident.created_at >= question.as_of {
            return;
        }
        self.records.incidents += 1;
        if !question.sees("incidents") {
            return;
        }
        for request in incident
            .requests
            .iter()
            .filter(|request| request.at < question.as_of)
        {
            self.note(request.requester, Feature::Responder, request.at, question);
            for invitee in &request.invitees {
                if let Answer::Joined(at) | Answer::Declined(at) = invitee.answer
                    && at < question.as_of
                {
                    self.note(invitee.user, Feature::Responder, at, question);
                }
            }
        }
    }

    fn sign_ins(&mut self, world: &World, question: &Question) {
        if !question.sees("user_analytics") {
            return;
        }
        for (n, user) in world.users.iter().enumerate() {
            if let Some(at) = user.last_sign_in(question.as_of) {
                self.note(n, Feature::Signin, at, question);
            }
        }
    }

    fn oncalls(&mut self, world: &World, question: &Question) {
        let held = (question.horizon(), question.as_of);
        let window = (question.start(), question.as_of);
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
