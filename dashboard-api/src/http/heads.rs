//! The newest of each organization: its generation, its settings' revision and its privacy. Asked
//! for with every request, so remembered for an instant; a change made here is seen here at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::civil::Date;
use proto::OrgId;

use super::{
    App,
    problem::Problem,
    words::{PrivacyMode, Word},
};
use crate::store::read::Generation;

/// How long a change made by another replica may go unnoticed.
const REUSE: Duration = Duration::from_millis(250);
/// Remembered organizations; beyond that the expired ones are dropped.
const KEPT: usize = 10_000;

/// What answers of an organization depend on.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) generation: Option<Arc<Generation>>,
    pub(super) revision: i64,
    pub(super) privacy: PrivacyMode,
    /// Money and exemptions depend on the day.
    pub(super) today: Date,
}

#[derive(Debug, Default)]
pub(crate) struct Heads(Mutex<HashMap<OrgId, (Instant, Head)>>);

impl Heads {
    pub(super) async fn of(&self, app: &App, org: OrgId) -> Result<Head, Problem> {
        if let Some(head) = self.recall(org) {
            return Ok(head);
        }
        // The instant before the question: an answer is never younger than it claims.
        let since = Instant::now();
        let (generation, standing) = app.store.head(org).await?;
        let head = Head {
            generation: generation.map(Arc::new),
            revision: standing.revision,
            privacy: PrivacyMode::from_name(&standing.privacy).unwrap_or(PrivacyMode::TeamOnly),
            today: app.today(),
        };
        self.remember(org, since, head.clone());
        Ok(head)
    }

    fn recall(&self, org: OrgId) -> Option<Head> {
        let heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, head) = heads.get(&org)?;
        (since.elapsed() < REUSE).then(|| head.clone())
    }

    fn remember(&self, org: OrgId, since: Instant, head: Head) {
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heads.len() >= KEPT {
            heads.retain(|_, (since, _)| since.elapsed() < REUSE);
        }
        if heads.len() < KEPT {
            heads.insert(org, (since, head));
        }
    }

    /// After a change.
    pub(super) fn forget(&self, org: OrgId) {
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heads.remove(&org);
    }
}
