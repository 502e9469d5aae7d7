//! Evidence that only webhooks have brought so far.

use super::Evidence;
use crate::truth::feature::{Feature, Twin};
use crate::truth::question::Question;
use crate::world::World;

impl Evidence {
    /// An event counts unless the dataset that tells the same has been read as far as its instant.
    pub(super) fn events(&mut self, world: &World, question: &Question) {
        let Some(from) = question.webhooks_since() else {
            return;
        };
        let is_read = |dataset: &str, to: i64, at: i64| question.sees(dataset) && at < to;
        for event in world.emitted() {
            if event.at < from || !question.is_held(event.at) {
                continue;
            }
            self.records.webhooks += 1;
            let Some((feature, twin)) = Feature::of_event(&event.kind) else {
                continue;
            };
            if feature == Feature::WorkflowRun {
                self.workflow_starts.push(event.at);
            }
            let is_superseded = match twin {
                Twin::None => false,
                Twin::LogEntry => is_read("log_entries", question.log_entries_to, event.at),
                Twin::Incident => is_read("incidents", question.incidents_to, event.at),
            };
            if let (Some(user), false) = (event.user, is_superseded) {
                self.note(user, feature, event.at, question);
            }
        }
    }
}
