//! The reconciler of crunches: finds organizations with a complete run that no generation contains
//! and makes one. No input, idempotent; replicas keep out of each other's way by a lock per
//! organization.

use std::{sync::Arc, time::Duration};

use chassis::Clock;
use jiff::Timestamp;
use proto::OrgId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::crunch;
use crate::{
    metrics::Metrics,
    store::{
        Store, StoreError,
        crunch::{EndedRun, Tx, ended_runs, facts, rules},
        ledger, recommendations, seats,
    },
};

/// Between two looks at what is due, when nobody pokes.
const TICK: Duration = Duration::from_secs(1);
/// Longest wait in seconds before an incomplete run is looked at again without news of it.
const LONGEST_DEFERRAL: i32 = 30;

/// A crunch could not be made; it stays due.
#[derive(Debug, thiserror::Error)]
#[error("the crunch of organization {org} did not succeed")]
pub struct CrunchError {
    pub org: OrgId,
    #[source]
    pub source: StoreError,
}

/// Makes generations.
#[derive(Debug, Clone)]
pub struct Cruncher {
    store: Store,
    clock: Clock,
    metrics: Metrics,
    poke: Arc<Notify>,
}

impl Cruncher {
    pub fn new(store: Store, clock: Clock, metrics: Metrics) -> Self {
        Self {
            store,
            clock,
            metrics,
            poke: Arc::default(),
        }
    }

    /// Asks for a step soon.
    pub fn poke(&self) {
        self.poke.notify_one();
    }

    /// Steps until the process stops.
    pub async fn run(self, stopping: CancellationToken) -> Result<(), CrunchError> {
        while !stopping.is_cancelled() {
            if let Err(error) = self.step().await {
                tracing::warn!(error = ?error, "crunch postponed");
            }
            tokio::select! {
                () = self.poke.notified() => {}
                () = tokio::time::sleep(TICK) => {}
                () = stopping.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Crunches whatever is due. Answers the number of generations made.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        self.store.mark_turned(now).await?;
        let due = self.store.due_organizations(now).await?;
        let mut made = 0;
        for org in due {
            let span = tracing::info_span!("crunch", %org);
            match self.crunch_organization(org).instrument(span).await {
                Ok(generation) => made += usize::from(generation.is_some()),
                Err(source) => {
                    let error = CrunchError { org, source };
                    tracing::warn!(error = ?error, "crunch did not succeed, it stays due");
                }
            }
        }
        Ok(made)
    }

    /// Crunches one organization. `None` when there is nothing to make, or another replica is at it.
    pub async fn crunch_organization(&self, org: OrgId) -> Result<Option<i64>, StoreError> {
        let now = self.clock.now();
        for connection in self.store.misdated_rollups(org).await? {
            self.store.derive_rollups(org, connection).await?;
        }
        let Some(mut tx) = self.store.begin_crunch(org).await? else {
            return Ok(None);
        };
        let runs = ended_runs(&mut tx, org).await?;
        let fresh: Vec<&EndedRun> = runs.iter().filter(|run| is_fresh(run)).collect();
        let forced = ledger::is_forced(&mut tx, org).await?;
        let mut made = None;
        if forced || !fresh.is_empty() {
            made = generate(&mut tx, org, &runs, now).await?;
        }
        if runs.iter().all(|run| run.complete) {
            seats::clear_due(&mut tx, org).await?;
        } else {
            seats::defer_due(&mut tx, org, now, LONGEST_DEFERRAL).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        if let Some(generation) = made {
            self.metrics.generation_made();
            let took = self.clock.now().duration_since(now);
            tracing::info!(generation, runs = fresh.len(), %took, "generation made");
        }
        Ok(made)
    }
}

/// Complete and in no generation yet.
fn is_fresh(run: &EndedRun) -> bool {
    run.complete && run.generation.is_none()
}

/// Makes the next generation from the newest complete run of every connection.
async fn generate(
    tx: Tx<'_>,
    org: OrgId,
    runs: &[EndedRun],
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let fresh: Vec<&EndedRun> = runs.iter().filter(|run| is_fresh(run)).collect();
    for run in &fresh {
        seats::mark_gone(tx, org, run).await?;
    }
    let ended = ledger::ended_connections(tx, org).await?;
    let mut newest = newest_of_each_connection(runs);
    newest.retain(|run| !ended.contains(&run.connection));
    let Some(lead) = newest.iter().max_by_key(|run| (run.as_of, run.run)) else {
        return Ok(None);
    };
    let rules = rules(tx, org).await?;
    let mut answers = Vec::with_capacity(newest.len());
    for run in &newest {
        let facts = facts(tx, org, run, &rules).await?;
        // Seconds of pure computation for a large account.
        let derived = tokio::task::spawn_blocking(|| crunch(facts)).await;
        answers.push(derived.map_err(|error| StoreError::Crunch(error.to_string()))?);
    }
    let made = seats::Made {
        org,
        lead,
        rules: &rules,
        answers: &answers,
        now,
    };
    let generation = seats::write_generation(tx, &made).await?;
    recommendations::renew(tx, &made, generation).await?;
    seats::mark_crunched(tx, org, &fresh, generation).await?;
    ledger::schedule_turn(tx, &made).await?;
    seats::announce(tx, org, generation).await?;
    Ok(Some(generation))
}

/// `runs` is ordered by as_of.
fn newest_of_each_connection(runs: &[EndedRun]) -> Vec<&EndedRun> {
    let mut newest: Vec<&EndedRun> = Vec::new();
    for run in runs.iter().filter(|run| run.complete) {
        newest.retain(|other| other.connection != run.connection);
        newest.push(run);
    }
    newest
}
