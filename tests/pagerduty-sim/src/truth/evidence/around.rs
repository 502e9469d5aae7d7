//! Evidence from what is done beside incidents, and what is held without doing anything.

use super::Evidence;
use crate::truth::feature::Feature;
use crate::truth::question::Question;
use crate::world::{DAY, Doer, World};

impl Evidence {
    pub(super) fn chores(&mut self, world: &World, question: &Question) {
        self.windows(world, question);
        self.changes(world, question);
        self.runs(world, question);
        self.edits(world, question);
        if question.sees("subscriptions") {
            for (n, held) in self.held.iter_mut().enumerate() {
                *held = world.subscriptions(n).len() as u64;
            }
        }
    }

    fn windows(&mut self, world: &World, question: &Question) {
        let windows = world.windows_known(question.as_of);
        self.records.maintenance_windows = windows.len() as u64;
        if !question.sees("maintenance_windows") {
            return;
        }
        for window in windows
            .iter()
            .filter(|window| question.is_held(window.starts_at))
        {
            if let Doer::User(user) = window.created_by {
                self.note(user, Feature::Maintenance, window.starts_at, question);
            }
        }
    }

    fn changes(&mut self, world: &World, question: &Question) {
        let days = question.horizon().div_euclid(DAY)..=question.as_of.div_euclid(DAY);
        for day in days {
            let deployments = world.deployments(day);
            let deployed = deployments.iter().filter(|one| question.is_held(one.at));
            self.records.change_events += deployed.count() as u64;
            for change in world.changes(day) {
                if !question.is_held(change.at) {
                    continue;
                }
                self.records.config_changes += 1;
                for actor in change.actors {
                    if let (Doer::User(user), true) = (actor, question.sees("audit_records")) {
                        self.note(user, Feature::ConfigChange, change.at, question);
                    }
                }
            }
        }
    }

    fn runs(&mut self, world: &World, question: &Question) {
        for action in 0..world.estate.actions.len() {
            let listed = world.runs_listed(action, question.as_of - 1);
            self.records.automation_invocations += listed.len() as u64;
            let mut seen = Vec::new();
            if question.sees("automation_invocations") {
                seen = listed;
            }
            let last = world.last_run(action, question.as_of - 1);
            if let Some(last) = last.filter(|_| question.sees("automation_actions"))
                && !seen.contains(&last)
            {
                seen.push(last);
            }
            for run in seen.iter().filter(|run| question.is_held(run.at)) {
                if let Doer::User(user) = run.agent {
                    self.note(user, Feature::AutomationRun, run.at, question);
                }
            }
        }
    }

    fn edits(&mut self, world: &World, question: &Question) {
        if !question.sees("event_orchestrations") {
            return;
        }
        for orchestration in &world.estate.orchestrations {
            let made = (orchestration.created_by, orchestration.created_at);
            let changed = orchestration.last_change(question.as_of - 1);
            let mut edits = vec![made];
            if changed != made {
                edits.push(changed);
            }
            for (user, at) in edits.into_iter().filter(|(_, at)| question.is_held(*at)) {
                self.note(user, Feature::OrchestrationEdit, at, question);
            }
        }
    }
}
