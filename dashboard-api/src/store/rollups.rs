//! Rollups derived from facts: for a connection that has none yet, when the organization's time
//! zone changes, for the days of a changed fact, and on demand. What is derived here equals what
//! the consumer moved fact by fact.

use jiff::{Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, Store};
use crate::catalogue::{
    ACKNOWLEDGE, NOTIFIED, NOTIFY, PERSON_AGENT, WOKEN, activity_rules, log_rules, sleep,
};

type Tx<'a, 'c> = &'a mut Transaction<'c, Postgres>;

/// The time zone of a connection's rollups. Keeps them from being derived anew until the
/// transaction ends; derives them when there are none.
pub(super) async fn zone(tx: Tx<'_, '_>, org: OrgId, connection: Uuid) -> Result<String> {
    let held = sqlx::query_scalar!(
        "select time_zone from rollups where org_id = $1 and connection_id = $2 for share",
        org.0,
        connection,
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(zone) = held {
        return Ok(zone);
    }
    let zone = asked_zone(tx, org).await?;
    derive(tx, org, connection, &zone).await?;
    Ok(zone)
}

/// The organization's time zone, `UTC` unless it chose another.
pub(super) async fn asked_zone(tx: Tx<'_, '_>, org: OrgId) -> Result<String> {
    let zone = sqlx::query_scalar!("select time_zone from settings where org_id = $1", org.0)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(zone.unwrap_or_else(|| "UTC".to_owned()))
}

/// Derives all rollups of a connection.
async fn derive(tx: Tx<'_, '_>, org: OrgId, connection: Uuid, zone: &str) -> Result<()> {
    // The row is the lock: writers of facts hold it shared.
    sqlx::query!(
        "insert into rollups (org_id, connection_id, time_zone, derived_at)
         values ($1, $2, $3, now())
         on conflict (org_id, connection_id) do update set time_zone = excluded.time_zone,
             derived_at = excluded.derived_at",
        org.0,
        connection,
        zone,
    )
    .execute(&mut **tx)
    .await?;
    for table in ["incident_acks", "responder_uses"] {
        clear(tx, org, connection, table).await?;
    }
    let span = clear_days(tx, org, connection, zone).await?;
    derive_span(tx, org, connection, zone, span).await?;
    derive_acknowledgements(tx, org, connection).await?;
    derive_responders(tx, org, connection, None).await
}

/// Empties the days that facts still tell everything about, and answers which those are. Days whose
/// facts are pruned keep what was counted.
async fn clear_days(tx: Tx<'_, '_>, org: OrgId, connection: Uuid, zone: &str) -> Result<Span> {
    let floor = sqlx::query_scalar!("select max(kept_from) from fact_floors")
        .fetch_one(&mut **tx)
        .await?;
    // The first kept month may begin in the middle of a day of another time zone.
    let first = floor.and_then(|floor| floor.to_jiff().tomorrow().ok());
    sqlx::query!(
        "delete from use_days where org_id = $1 and connection_id = $2
             and day >= coalesce($3::date, '-infinity')",
        org.0,
        connection,
        first.map(ToSqlx::to_sqlx) as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(first.map_or(Span::ALL, |day| Span {
        to: None,
        ..Span::of_day(day, zone)
    }))
}

async fn clear(tx: Tx<'_, '_>, org: OrgId, connection: Uuid, table: &str) -> Result<()> {
    let statement = format!("delete from {table} where org_id = $1 and connection_id = $2");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(org.0)
        .bind(connection)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Derives the rollups of some days again.
pub(super) async fn derive_days(
    tx: Tx<'_, '_>,
    org: OrgId,
    connection: Uuid,
    zone: &str,
    days: &[Date],
) -> Result<()> {
    let asked: Vec<_> = days.iter().map(|day| day.to_sqlx()).collect();
    sqlx::query!(
        "delete from use_days where org_id = $1 and connection_id = $2 and day = any($3)",
        org.0,
        connection,
        &asked as _,
    )
    .execute(&mut **tx)
    .await?;
    for day in days {
        let span = Span::of_day(*day, zone);
        derive_span(tx, org, connection, zone, span).await?;
    }
    Ok(())
}

/// Instants, both `None` for everything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Span {
    const ALL: Self = Self {
        from: None,
        to: None,
    };

    pub(super) fn of_day(day: Date, zone: &str) -> Self {
        let calendar = crate::window::Calendar::named(zone);
        Self {
            from: Some(calendar.start_of(day)),
            to: Some(calendar.start_of(day.tomorrow().unwrap_or(day))),
        }
    }

    /// What of it lies between two instants; empty when the end is not after the start.
    pub(super) fn within(self, from: Timestamp, to: Timestamp) -> (Timestamp, Timestamp) {
        (
            self.from.map_or(from, |start| start.max(from)),
            self.to.map_or(to, |end| end.min(to)),
        )
    }
}

async fn derive_span(
    tx: Tx<'_, '_>,
    org: OrgId,
    connection: Uuid,
    zone: &str,
    span: Span,
) -> Result<()> {
    let (rule_types, rule_features) = log_rules();
    let (datasets, activity_types, activity_features) = activity_rules();
    sqlx::query!(
        r#"with uses as (
               select (l.created_at at time zone $3)::date as day, l.agent_id as user_id,
                   r.feature, l.channel_type as channel, l.created_at as at
               from log_entries l join unnest($6::text[], $7::text[]) as r(type, feature)
                   using (type)
               where l.org_id = $1 and l.connection_id = $2 and l.agent_type = $8
                   and l.agent_id <> ''
                   and l.created_at >= coalesce($4::timestamptz, '-infinity')
                   and l.created_at < coalesce($5::timestamptz, 'infinity')
               union all
               select (created_at at time zone $3)::date, notified_user_id, m.measure, '',
                   created_at
               from log_entries, unnest($9::text[], $10::integer[]) as m(measure, hours)
               where org_id = $1 and connection_id = $2 and type = $11 and notified_user_id <> ''
                   and created_at >= coalesce($4::timestamptz, '-infinity')
                   and created_at < coalesce($5::timestamptz, 'infinity')
                   and (m.hours >> extract(hour from created_at at time zone $3)::integer) & 1 = 1
               union all
               select (a.at at time zone $3)::date, a.agent_id, r.feature, case a.dataset when 'webhooks' then 'webhook' else a.method end, a.at
               from activities a
               join unnest($12::text[], $13::text[], $14::text[]) as r(dataset, type, feature)
                   on r.dataset = a.dataset and r.type in ('', a.type)
               where a.org_id = $1 and a.connection_id = $2 and a.agent_type = $8
                   and a.agent_id <> ''
                   and a.at >= coalesce($4::timestamptz, '-infinity') and a.at < coalesce($5::timestamptz, 'infinity')
           )
           insert into use_days (org_id, connection_id, day, user_id, feature, channel, uses,
               last_at)
           select $1, $2, day, user_id, feature, channel, count(*), max(at)
           from uses group by day, user_id, feature, channel"#,
        org.0,
        connection,
        zone,
        span.from.map(ToSqlx::to_sqlx) as _,
        span.to.map(ToSqlx::to_sqlx) as _,
        rule_types as _,
        rule_features as _,
        PERSON_AGENT,
        &[NOTIFIED, WOKEN] as _,
        &[sleep::ALL_HOURS, sleep::SLEEPING_HOURS],
        NOTIFY,
        datasets as _,
        activity_types as _,
        activity_features as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn derive_acknowledgements(tx: Tx<'_, '_>, org: OrgId, connection: Uuid) -> Result<()> {
    sqlx::query!(
        "insert into incident_acks (org_id, connection_id, incident_id, at, user_id)
         select distinct on (incident_id) $1, $2, incident_id, created_at, agent_id
         from log_entries
         where org_id = $1 and connection_id = $2 and type = $3 and agent_type = $4
             and agent_id <> '' and incident_id <> ''
         order by incident_id, created_at, agent_id",
        org.0,
        connection,
        ACKNOWLEDGE,
        PERSON_AGENT,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the responder uses out of incidents: of those named, or of all.
pub(super) async fn derive_responders(
    tx: Tx<'_, '_>,
    org: OrgId,
    connection: Uuid,
    incidents: Option<&[String]>,
) -> Result<()> {
    sqlx::query!(
        r#"insert into responder_uses (org_id, connection_id, incident_id, kind, user_id, at,
               incident_created_at)
           select distinct $1::uuid, $2::uuid, i.id, 'sent', r.requester_id, r.requested_at,
               i.created_at
           from incidents i, jsonb_to_recordset(i.responder_requests)
               as r(requester_id text, requested_at timestamptz)
           where i.org_id = $1 and i.connection_id = $2 and ($3::text[] is null or i.id = any($3))
               and r.requester_id <> '' and r.requested_at is not null
           union
           select distinct $1::uuid, $2::uuid, i.id, r.state, r.user_id, r.updated_at,
               i.created_at
           from incidents i, jsonb_to_recordset(i.responders)
               as r(user_id text, state text, updated_at timestamptz)
           where i.org_id = $1 and i.connection_id = $2 and ($3::text[] is null or i.id = any($3))
               and r.state in ('joined', 'declined') and r.user_id <> ''
               and r.updated_at is not null"#,
        org.0,
        connection,
        incidents,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

impl Store {
    /// Derives all rollups of a connection from its facts. Waits for the batches that are being
    /// stored and keeps others waiting.
    pub async fn derive_rollups(&self, org: OrgId, connection: Uuid) -> Result<()> {
        let mut tx = self.begin(org).await?;
        let zone = asked_zone(&mut tx, org).await?;
        derive(&mut tx, org, connection, &zone).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Connections with anything stored.
    pub async fn connections_with_facts(&self, org: OrgId) -> Result<Vec<Uuid>> {
        let mut tx = self.begin(org).await?;
        let connections = sqlx::query_scalar!(
            r#"select connection_id as "id!" from rollups where org_id = $1
               union select connection_id from runs where org_id = $1 order by 1"#,
            org.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(connections)
    }

    /// Connections whose rollups speak another time zone than the organization.
    pub async fn misdated_rollups(&self, org: OrgId) -> Result<Vec<Uuid>> {
        let mut tx = self.begin(org).await?;
        let zone = asked_zone(&mut tx, org).await?;
        let connections = sqlx::query_scalar!(
            "select connection_id from rollups where org_id = $1 and time_zone <> $2",
            org.0,
            zone,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(connections)
    }
}
