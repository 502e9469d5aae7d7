//! What a crunch reads: runs that are complete, and one connection's facts as aggregates. Counting
//! happens here, deciding does not.

mod addons;
mod load;
mod people;
mod structure;
mod uses;

use std::collections::HashMap;

use jiff::Timestamp;
use proto::OrgId;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, Store, enter};
use crate::{
    coverage::{Coverage, CoverageRow, Sources, StoredWindow},
    crunch::{Facts, Rules},
    window::Window,
};

/// The transaction of one crunch.
pub type Tx<'a> = &'a mut Transaction<'static, Postgres>;

/// A run whose end has come.
#[derive(Debug, Clone)]
pub struct EndedRun {
    pub run: Uuid,
    pub connection: Uuid,
    pub as_of: Timestamp,
    pub datasets: Vec<Coverage>,
    /// The first generation that contains it.
    pub generation: Option<i64>,
    /// Every receipt and every page it counts is stored.
    pub complete: bool,
}

impl Store {
    /// A transaction with one snapshot of the organization, or `None` while another replica
    /// crunches it.
    pub async fn begin_crunch(&self, org: OrgId) -> Result<Option<Transaction<'static, Postgres>>> {
        let mut tx = self
            .pool()
            .begin_with("begin isolation level repeatable read")
            .await?;
        enter(&mut tx, org).await?;
        // Groups of a large organization fit into this much; with less they go through the disk.
        sqlx::query_scalar!(r#"select set_config('work_mem', '64MB', true) as "set!""#)
            .fetch_one(&mut *tx)
            .await?;
        let locked = sqlx::query_scalar!(
            r#"select pg_try_advisory_xact_lock(hashtextextended('crunch ' || $1, 0)) as "locked!""#,
            org.to_string(),
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(locked.then_some(tx))
    }
}

/// The newest crunched run of each connection and all that have not been crunched.
pub async fn ended_runs(tx: Tx<'_>, org: OrgId) -> Result<Vec<EndedRun>> {
    let rows = sqlx::query!(
        r#"select r.run_id, r.connection_id, r.as_of, r.datasets, r.generation,
               (r.generation is not null or (
                   r.receipts <= (select count(*) from receipts c
                       where c.org_id = r.org_id and c.run_id = r.run_id)
                   and not exists (select from receipts c
                       where c.org_id = r.org_id and c.run_id = r.run_id
                           and c.pages > (select count(*) from pages p
                               where p.org_id = c.org_id and p.run_id = c.run_id
                                   and p.dataset = c.dataset and p.window_from = c.window_from
                                   and p.window_to = c.window_to and p.page < c.pages))
               )) as "complete!"
           from runs r
           where r.org_id = $1 and (r.generation is null or r.as_of = (
               select max(n.as_of) from runs n where n.org_id = r.org_id
                   and n.connection_id = r.connection_id and n.generation is not null))
           order by r.as_of, r.run_id"#,
        org.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let parsed = rows.into_iter().map(|row| {
        let datasets: Vec<CoverageRow> = serde_json::from_value(row.datasets)?;
        Ok(EndedRun {
            run: row.run_id,
            connection: row.connection_id,
            as_of: row.as_of.to_jiff(),
            datasets: datasets
                .into_iter()
                .filter_map(CoverageRow::into_coverage)
                .collect(),
            generation: row.generation,
            complete: row.complete,
        })
    });
    parsed.collect()
}

/// What the organization decided about its answers.
pub async fn rules(tx: Tx<'_>, org: OrgId) -> Result<Rules> {
    let mut rules = Rules::default();
    let settings = sqlx::query!(
        "select grace_days, default_window_days, time_zone, accepted_blind_spots
         from settings where org_id = $1",
        org.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(settings) = settings {
        rules.grace_days = i64::from(settings.grace_days);
        rules.time_zone = settings.time_zone;
        let days = i64::from(settings.default_window_days);
        rules.window = Window::from_days(days).unwrap_or(rules.window);
        rules.accepted_blind_spots = settings.accepted_blind_spots;
    }
    let exemptions = sqlx::query!(
        "select user_id, reason, until from exemptions where org_id = $1",
        org.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    rules.exemptions = exemptions
        .into_iter()
        .map(|row| {
            let until = row.until.map(jiff_sqlx::Date::to_jiff);
            (row.user_id, (row.reason, until))
        })
        .collect::<HashMap<_, _>>();
    Ok(rules)
}

/// Everything the crunch of one connection looks at, as of its run.
pub async fn facts(tx: Tx<'_>, org: OrgId, run: &EndedRun, rules: &Rules) -> Result<Facts> {
    let mut coverage = Vec::with_capacity(run.datasets.len());
    for claim in &run.datasets {
        let stored = stored_windows(tx, org, run, claim).await?;
        coverage.push(claim.clone().proven_by(stored));
    }
    let sources = Sources(coverage);
    let mut facts = Facts::empty(run.connection, run.as_of, rules.clone(), sources);
    facts.people = people::people(tx, org, run.connection).await?;
    facts.structure = structure::structure(tx, org, run.connection).await?;
    structure::add_assignments(tx, org, &mut facts).await?;
    uses::add_rolled_up(tx, org, &mut facts).await?;
    uses::add_edge_days(tx, org, &mut facts).await?;
    uses::add_provisional(tx, org, &mut facts).await?;
    uses::add_responders(tx, org, &mut facts).await?;
    uses::add_resources(tx, org, &mut facts).await?;
    load::add_ack_times(tx, org, &mut facts).await?;
    load::add_incident_weeks(tx, org, &mut facts).await?;
    addons::add_addons(tx, org, &mut facts).await?;
    Ok(facts)
}

/// Windows of a dataset with a receipt and all its pages, in any run of the connection.
async fn stored_windows(
    tx: Tx<'_>,
    org: OrgId,
    run: &EndedRun,
    claim: &Coverage,
) -> Result<Vec<StoredWindow>> {
    if !claim.dataset.is_windowed() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"select c.window_from, c.window_to from receipts c
           where c.org_id = $1 and c.connection_id = $2 and c.dataset = $3
               and c.window_from > '-infinity'
               and c.pages <= (select count(*) from pages p
                   where p.org_id = c.org_id and p.run_id = c.run_id and p.dataset = c.dataset
                       and p.window_from = c.window_from and p.window_to = c.window_to
                       and p.page < c.pages)"#,
        org.0,
        run.connection,
        claim.dataset.name(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let windows = rows
        .into_iter()
        .map(|row| (row.window_from.to_jiff(), row.window_to.to_jiff()));
    Ok(windows.collect())
}
