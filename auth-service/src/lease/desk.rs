//! The desk where callers wait. All who ask for the same connection at the same time are served by one
//! transaction: one look at the grant, one entry in the audit log that says how many leases it is, one
//! commit. Whoever comes while it runs is served by the next one, so nobody is told what was true
//! before they asked.
//!
//! Callers whose need the current pair does not meet go to a second queue, whose one job refreshes or
//! waits for whoever does; they keep nobody else waiting.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::SignedDuration;
use proto::{ConnectionId, OrgId};
use serde_json::json;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::{Lease, LeaseError, Lender, ended};
use crate::{
    audit::{Actor, Subject},
    connection::ConnectionState,
    grant::{Grant, Need, Step},
    store::{StoreError, audit, grant},
};

type Key = (OrgId, ConnectionId);
type Answer = Result<Lease, Arc<LeaseError>>;

/// Somebody who waits.
#[derive(Debug)]
struct Waiting {
    wanted: SignedDuration,
    answer: oneshot::Sender<Answer>,
}

/// Waiting callers. A key is present exactly while a job serves it.
#[derive(Debug, Default)]
struct Queue(Mutex<HashMap<Key, Vec<Waiting>>>);

impl Queue {
    /// Adds somebody; true when a job has to be started.
    fn join(&self, key: Key, waiting: Vec<Waiting>) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match open.entry(key) {
            Entry::Occupied(mut entry) => {
                entry.get_mut().extend(waiting);
                false
            }
            Entry::Vacant(entry) => {
                entry.insert(waiting);
                true
            }
        }
    }

    /// All who wait; `None` ends the job.
    fn next(&self, key: Key) -> Option<Vec<Waiting>> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = std::mem::take(open.get_mut(&key)?);
        if waiting.is_empty() {
            open.remove(&key);
            return None;
        }
        Some(waiting)
    }
}

/// Both queues.
#[derive(Debug, Default)]
pub(super) struct Desk {
    quick: Queue,
    refreshing: Queue,
}

impl Lender {
    pub(super) async fn queue(&self, key: Key, wanted: SignedDuration) -> Answer {
        let (answer, served) = oneshot::channel();
        if self.desk.quick.join(key, vec![Waiting { wanted, answer }]) {
            let lender = self.clone();
            let job = async move { lender.serve_quick(key).await };
            self.refresher
                .lifecycle
                .spawn_job(job.instrument(tracing::Span::current()));
        }
        served.await.map_err(|_| Arc::new(LeaseError::Stopping))?
    }

    async fn serve_quick(self, key: Key) {
        while let Some(waiting) = self.desk.quick.next(key) {
            match self.quick(key, &waiting).await {
                Ok((lease, met)) => {
                    let (met, unmet): (Vec<_>, Vec<_>) =
                        waiting.into_iter().partition(|one| one.wanted <= met);
                    if let Some(lease) = lease {
                        tell(met, &Ok(lease));
                    }
                    if !unmet.is_empty() && self.desk.refreshing.join(key, unmet) {
                        let lender = self.clone();
                        let job = async move { lender.serve_refreshing(key).await };
                        self.refresher
                            .lifecycle
                            .spawn_job(job.instrument(tracing::Span::current()));
                    }
                }
                Err(error) => tell(waiting, &Err(Arc::new(error))),
            }
        }
    }

    async fn serve_refreshing(self, key: Key) {
        while let Some(waiting) = self.desk.refreshing.next(key) {
            let answer = self.refreshed(key, &waiting).await.map_err(Arc::new);
            tell(waiting, &answer);
        }
    }

    /// Serves those whose need is met now. Answers their lease and the longest need that is met.
    async fn quick(
        &self,
        key: Key,
        waiting: &[Waiting],
    ) -> Result<(Option<Lease>, SignedDuration), LeaseError> {
        let now = self.refresher.clock.now();
        let mut tx = self.refresher.store.tenant(key.0).await?;
        let found = grant::find(&mut tx, key.0, key.1).await?;
        let grant = found.ok_or(LeaseError::NotFound)?;
        if grant.state != ConnectionState::Connected {
            return Err(ended(grant.state, grant.reason));
        }
        let is_met = |one: &&Waiting| grant.step(Need::ValidFor(one.wanted), now) == Step::Take;
        let met: Vec<_> = waiting
            .iter()
            .filter(is_met)
            .map(|one| one.wanted)
            .collect();
        let Some(longest) = met.iter().max().copied() else {
            return Ok((None, SignedDuration::MIN));
        };
        let lease = self.hand_out(tx, &grant, met.len()).await?;
        Ok((Some(lease), longest))
    }

    /// Serves those who need a new pair.
    async fn refreshed(&self, key: Key, waiting: &[Waiting]) -> Result<Lease, LeaseError> {
        let wanted = waiting.iter().map(|one| one.wanted).max();
        let need = Need::ValidFor(wanted.unwrap_or_default());
        self.obtain(key.0, key.1, need).await?;
        let mut tx = self.refresher.store.tenant(key.0).await?;
        let found = grant::find(&mut tx, key.0, key.1).await?;
        let grant = found.ok_or(LeaseError::NotFound)?;
        if grant.state != ConnectionState::Connected {
            return Err(ended(grant.state, grant.reason));
        }
        self.hand_out(tx, &grant, waiting.len()).await
    }

    /// Opens the token and writes the leases down, in the transaction that has looked at the grant.
    async fn hand_out(
        &self,
        mut tx: sqlx::Transaction<'static, sqlx::Postgres>,
        grant: &Grant,
        leases: usize,
    ) -> Result<Lease, LeaseError> {
        let now = self.refresher.clock.now();
        let lease = self.open(grant)?;
        if grant.first_lent_at.is_none() {
            grant::note_lent(&mut tx, grant, now).await?;
        } else if grant.keeps_previous && grant.has_worked(now) {
            grant::forget_previous(&mut tx, grant).await?;
        }
        let entry = audit::Entry {
            org: grant.org,
            actor: Actor::Service("ingest-service"),
            action: "token.leased",
            subject: Subject::Connection(grant.connection),
            detail: json!({ "token_version": grant.token_version, "leases": leases }),
        };
        audit::write(&mut tx, entry, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        self.refresher.metrics.leases(leases);
        Ok(lease)
    }
}

fn tell(waiting: Vec<Waiting>, answer: &Answer) {
    for one in waiting {
        // Whoever has hung up is told nothing.
        let _ = one.answer.send(answer.clone());
    }
}
