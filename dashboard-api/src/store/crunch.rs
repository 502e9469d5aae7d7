//! What a crunch reads: runs that are complete, and one connection's facts as aggregates. Counting
//! happens here, deciding does not.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures::TryStreamExt;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, Store, enter};
use crate::{
    catalogue::{self, PERSON_AGENT, RESPONDER},
    coverage::{Coverage, CoverageRow, StoredWindow},
    crunch::{Facts, Person},
    duty::{Assignment, Interval},
    usage::UseGroup,
    window::{GRACE_DAYS, HORIZON_DAYS, Window, days_from},
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

/// Everything the crunch of one connection looks at, as of its run.
pub async fn facts(tx: Tx<'_>, org: OrgId, run: &EndedRun) -> Result<Facts> {
    let mut coverage = Vec::with_capacity(run.datasets.len());
    for claim in &run.datasets {
        let stored = stored_windows(tx, org, run, claim).await?;
        coverage.push(claim.clone().proven_by(stored));
    }
    let mut facts = Facts {
        connection: run.connection,
        t: run.as_of,
        people: people(tx, org, run.connection).await?,
        usage: HashMap::new(),
        assignments: assignments(tx, org, run).await?,
        standing_by: standing_by(tx, org, run).await?,
        coverage,
    };
    add_actions(tx, org, &mut facts).await?;
    add_responders(tx, org, &mut facts).await?;
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

async fn people(tx: Tx<'_>, org: OrgId, connection: Uuid) -> Result<Vec<Person>> {
    let teams = Teams::read(tx, org, connection).await?;
    let rows = sqlx::query!(
        r#"select u.id, u.name, u.email, u.role, u.job_title, u.time_zone, u.invitation_sent,
               u.first_seen_at, u.team_ids, a.license_id as "license_id?",
               a.allocated_at as "allocated_at?", l.name as "license_name?",
               l.role_group as "role_group?", n.created_at as "created_at?",
               n.last_sign_in_at as "last_sign_in_at?"
           from users u
           left join license_allocations a on a.org_id = u.org_id
               and a.connection_id = u.connection_id and a.user_id = u.id
               and a.deleted_at is null
           left join licenses l on l.org_id = a.org_id and l.connection_id = a.connection_id
               and l.id = a.license_id and l.deleted_at is null
           left join user_analytics n on n.org_id = u.org_id
               and n.connection_id = u.connection_id and n.user_id = u.id
               and n.deleted_at is null
           where u.org_id = $1 and u.connection_id = $2 and u.deleted_at is null
           order by u.id"#,
        org.0,
        connection,
    )
    .fetch_all(&mut **tx)
    .await?;
    let people = rows.into_iter().map(|row| Person {
        teams: teams.of(&row.id, &row.team_ids),
        id: row.id,
        name: row.name,
        email: row.email,
        role: row.role,
        job_title: row.job_title,
        time_zone: row.time_zone,
        invited: row.invitation_sent,
        first_seen_at: row.first_seen_at.to_jiff(),
        license_id: row.license_id,
        license_name: row.license_name,
        license_role_group: row.role_group,
        allocated_at: row.allocated_at.map(jiff_sqlx::Timestamp::to_jiff),
        created_at: row.created_at.map(jiff_sqlx::Timestamp::to_jiff),
        last_sign_in_at: row.last_sign_in_at.map(jiff_sqlx::Timestamp::to_jiff),
    });
    Ok(people.collect())
}

/// Names of teams, and the members that a team names itself.
struct Teams {
    names: BTreeMap<String, String>,
    of_member: HashMap<String, BTreeSet<String>>,
}

impl Teams {
    async fn read(tx: Tx<'_>, org: OrgId, connection: Uuid) -> Result<Self> {
        let rows = sqlx::query!(
            r#"select id, name, array(select m.user_id
                   from jsonb_to_recordset(members) as m(user_id text)) as "members!: Vec<String>"
               from teams where org_id = $1 and connection_id = $2 and deleted_at is null"#,
            org.0,
            connection,
        )
        .fetch_all(&mut **tx)
        .await?;
        let mut teams = Self {
            names: BTreeMap::new(),
            of_member: HashMap::new(),
        };
        for row in rows {
            for member in row.members {
                teams
                    .of_member
                    .entry(member)
                    .or_default()
                    .insert(row.id.clone());
            }
            teams.names.insert(row.id, row.name);
        }
        Ok(teams)
    }

    /// The teams of a user as `[{id, name}]`, by id.
    fn of(&self, user: &str, own: &[String]) -> Value {
        let mut ids: BTreeSet<&String> = own.iter().collect();
        ids.extend(self.of_member.get(user).into_iter().flatten());
        let teams = ids.into_iter().map(|id| {
            let name = self.names.get(id).unwrap_or(id);
            json!({"id": id, "name": name})
        });
        Value::Array(teams.collect())
    }
}

/// On-call intervals that touch the time between the horizon and `t`.
async fn assignments(
    tx: Tx<'_>,
    org: OrgId,
    run: &EndedRun,
) -> Result<HashMap<String, Vec<Assignment>>> {
    let rows = sqlx::query!(
        r#"select user_id, escalation_level, nullif(starts_at, '-infinity') as "starts_at",
               nullif(ends_at, 'infinity') as "ends_at"
           from oncalls
           where org_id = $1 and connection_id = $2 and deleted_at is null
               and starts_at < $3 and (ends_at is null or ends_at > $4)"#,
        org.0,
        run.connection,
        run.as_of.to_sqlx() as _,
        days_from(run.as_of, -HORIZON_DAYS).to_sqlx() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut assignments: HashMap<String, Vec<Assignment>> = HashMap::new();
    for row in rows {
        let start = row.starts_at.map(jiff_sqlx::Timestamp::to_jiff);
        let end = row.ends_at.map(jiff_sqlx::Timestamp::to_jiff);
        assignments
            .entry(row.user_id)
            .or_default()
            .push(Assignment {
                level: row.escalation_level,
                interval: Interval::new(start, end),
            });
    }
    Ok(assignments)
}

/// Users with a shift or an on-call interval soon, or named directly on an escalation policy.
async fn standing_by(tx: Tx<'_>, org: OrgId, run: &EndedRun) -> Result<HashSet<String>> {
    let users = sqlx::query_scalar!(
        r#"select user_id as "user_id!" from oncalls
           where org_id = $1 and connection_id = $2 and deleted_at is null
               and starts_at < $4 and (ends_at is null or ends_at > $3)
           union
           select s.user_id from schedules,
               jsonb_to_recordset(shifts) as s(user_id text, start timestamptz, "end" timestamptz)
           where org_id = $1 and connection_id = $2 and deleted_at is null
               and s.start < $4 and s."end" > $3 and s.user_id is not null
           union
           select x.id from escalation_policies,
               jsonb_to_recordset(rules) as r(targets jsonb),
               jsonb_to_recordset(r.targets) as x(id text, type text)
           where org_id = $1 and connection_id = $2 and deleted_at is null
               and x.type in ('user_reference', 'user') and x.id is not null"#,
        org.0,
        run.connection,
        run.as_of.to_sqlx() as _,
        days_from(run.as_of, GRACE_DAYS).to_sqlx() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(users.into_iter().collect())
}

/// The starts of the windows from the longest, for `width_bucket`: 0 is before all of them.
fn thresholds(t: Timestamp) -> Vec<jiff_sqlx::Timestamp> {
    let starts = Window::ALL.into_iter().rev().map(|window| window.start(t));
    starts.map(ToSqlx::to_sqlx).collect()
}

fn group(day: i32, bucket: i32, count: i64, last: jiff_sqlx::Timestamp) -> UseGroup {
    let bucket = usize::try_from(bucket).unwrap_or_default();
    UseGroup {
        day: i64::from(day),
        band: Window::ALL.len().saturating_sub(bucket),
        count,
        last: last.to_jiff(),
    }
}

/// Log entries by user, type, channel, UTC day and band.
async fn add_actions(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let (connection, t) = (facts.connection, facts.t);
    let mut rows = sqlx::query!(
        r#"select agent_id, type as kind, channel_type,
               ((created_at at time zone 'UTC')::date - date '1970-01-01') as "day!",
               width_bucket(created_at, $5::timestamptz[]) as "bucket!",
               count(*) as "count!", max(created_at) as "last!"
           from log_entries
           where org_id = $1 and connection_id = $2 and created_at >= $3 and created_at < $4
               and agent_type = $6 and type = any($7)
           group by 1, 2, 3, 4, 5"#,
        org.0,
        connection,
        days_from(t, -HORIZON_DAYS).to_sqlx() as _,
        t.to_sqlx() as _,
        thresholds(t) as _,
        PERSON_AGENT,
        &catalogue::action_types(),
    )
    .fetch(&mut **tx);
    while let Some(row) = rows.try_next().await? {
        let uses = group(row.day, row.bucket, row.count, row.last);
        if let Some(feature) = catalogue::action_of(&row.kind) {
            facts.add_uses(&row.agent_id, feature, uses);
            if let Some(channel) = catalogue::channel_of(&row.channel_type) {
                facts.add_uses(&row.agent_id, channel, uses);
            }
        }
    }
    Ok(())
}

/// Responder requests sent and answered, of incidents within the horizon.
async fn add_responders(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let (connection, t) = (facts.connection, facts.t);
    let rows = sqlx::query!(
        r#"with recent as (
               select id, responder_requests, responders from incidents
               where org_id = $1 and connection_id = $2 and created_at >= $3 and created_at < $4
           ), uses as (
               select distinct 'sent' as kind, i.id, r.requester_id as user_id, r.requested_at as at
               from recent i, jsonb_to_recordset(i.responder_requests)
                   as r(requester_id text, requested_at timestamptz)
               union all
               select distinct 'answered', i.id, r.user_id, r.updated_at
               from recent i, jsonb_to_recordset(i.responders)
                   as r(user_id text, state text, updated_at timestamptz)
               where r.state in ('joined', 'declined')
           )
           select user_id as "user_id!",
               ((at at time zone 'UTC')::date - date '1970-01-01') as "day!",
               width_bucket(at, $5::timestamptz[]) as "bucket!",
               count(*) as "count!", max(at) as "last!"
           from uses where user_id <> '' and at < $4
           group by 1, 2, 3"#,
        org.0,
        connection,
        days_from(t, -HORIZON_DAYS).to_sqlx() as _,
        t.to_sqlx() as _,
        thresholds(t) as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let uses = group(row.day, row.bucket, row.count, row.last);
        facts.add_uses(&row.user_id, RESPONDER, uses);
    }
    Ok(())
}
