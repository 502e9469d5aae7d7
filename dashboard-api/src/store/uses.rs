//! The uses of one person, straight from the facts. The rollups say on which days to look.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, Store, rollups};
use crate::{
    catalogue::{self, PERSON_AGENT},
    window::{Calendar, HORIZON_DAYS, date_of, days_from},
};

/// Names one seat's person.
#[derive(Debug, Clone, Copy)]
pub struct SeatRef<'a> {
    pub org: OrgId,
    pub connection: Uuid,
    pub user: &'a str,
}

/// One use before `t`.
#[derive(Debug, Clone)]
pub struct UseRow {
    /// PagerDuty's word, or ours for what PagerDuty does not name.
    pub kind: String,
    /// Where it was read.
    pub dataset: String,
    pub id: String,
    pub at: Timestamp,
    pub channel: Option<String>,
    pub incident: Option<String>,
}

impl UseRow {
    /// The feature that it is a use of.
    pub fn feature(&self) -> &'static str {
        match self.dataset.as_str() {
            "user_analytics" | "user_delegations" => catalogue::SIGN_IN,
            "incidents" => catalogue::RESPONDER,
            "maintenance_windows" => catalogue::MAINTENANCE,
            "audit_records" => catalogue::CONFIG_CHANGE,
            "automation_actions" | "automation_invocations" => catalogue::AUTOMATION_RUN,
            "event_orchestrations" => catalogue::ORCHESTRATION_EDIT,
            dataset => catalogue::activity_feature(dataset, &self.kind)
                .or_else(|| catalogue::action_of(&self.kind))
                .unwrap_or("other"),
        }
    }
}

impl Store {
    /// A user's uses of any feature before `t`, the newest first.
    pub async fn uses_of(
        &self,
        seat: SeatRef<'_>,
        t: Timestamp,
        limit: i64,
    ) -> Result<Vec<UseRow>> {
        let mut tx = self.begin(seat.org).await?;
        let mut uses = log_entries(&mut tx, seat, t, limit).await?;
        uses.extend(answers_and_sign_ins(&mut tx, seat, t, limit).await?);
        uses.extend(activities(&mut tx, seat, t, limit).await?);
        uses.extend(resources(&mut tx, seat, t).await?);
        uses.sort_by(|left, right| {
            let key = |one: &UseRow| (std::cmp::Reverse(one.at), one.kind.clone(), one.id.clone());
            key(left).cmp(&key(right))
        });
        uses.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(uses)
    }
}

type Tx<'a> = &'a mut Transaction<'static, Postgres>;

/// Log entries of the newest days that hold as many as are asked for.
async fn log_entries(
    tx: Tx<'_>,
    seat: SeatRef<'_>,
    t: Timestamp,
    limit: i64,
) -> Result<Vec<UseRow>> {
    let SeatRef {
        org,
        connection,
        user,
    } = seat;
    let zone = rollups::asked_zone(tx, org).await?;
    let calendar = Calendar::named(&zone);
    let day = |at| date_of(calendar.day_of(at)).to_sqlx();
    let rows = sqlx::query!(
        r#"with days as (
               select d.day::date as day, u.uses,
                   coalesce(sum(u.uses) over (order by d.day desc rows between unbounded preceding
                       and 1 preceding), 0)::bigint as newer
               from generate_series($6::date, $7::date, interval '1 day') as d(day)
               cross join lateral (
                   select sum(uses)::bigint as uses from use_days
                   where org_id = $1 and connection_id = $2 and day = d.day::date
                       and user_id = $3 and feature = any($8)
               ) u
               where u.uses > 0
           )
           select l.type as kind, l.id, l.created_at as at, l.channel_type, l.incident_id
           from days d cross join lateral (
               select type, id, created_at, channel_type, incident_id from log_entries
               where org_id = $1 and connection_id = $2
                   and created_at >= (d.day::timestamp at time zone $9)
                   and created_at < ((d.day + 1)::timestamp at time zone $9)
                   and created_at < $4 and created_at >= $5 and agent_type = $10
                   and agent_id = $3 and type = any($11)
           ) l
           where d.newer < $12
           order by l.created_at desc limit $12"#,
        org.0,
        connection,
        user,
        t.to_sqlx() as _,
        days_from(t, -HORIZON_DAYS).to_sqlx() as _,
        day(days_from(t, -HORIZON_DAYS)) as _,
        day(t) as _,
        &catalogue::log_rules().1 as _,
        zone,
        PERSON_AGENT,
        &catalogue::action_types(),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let uses = rows.into_iter().map(|row| UseRow {
        kind: row.kind,
        dataset: "log_entries".to_owned(),
        id: row.id,
        at: row.at.to_jiff(),
        channel: Some(row.channel_type).filter(|text| !text.is_empty()),
        incident: Some(row.incident_id).filter(|text| !text.is_empty()),
    });
    Ok(uses.collect())
}

async fn answers_and_sign_ins(
    tx: Tx<'_>,
    seat: SeatRef<'_>,
    t: Timestamp,
    limit: i64,
) -> Result<Vec<UseRow>> {
    let rows = sqlx::query!(
        r#"select kind as "kind!", dataset as "dataset!", id as "id!", at as "at!", incident from (
               select case kind when 'sent' then 'responder_request' else 'responder_' || kind end
                       as kind, 'incidents' as dataset, incident_id as id, at,
                   incident_id as incident
               from responder_uses
               where org_id = $1 and connection_id = $2 and user_id = $3 and at < $4
                   and incident_created_at >= $5 and incident_created_at < $4
               union all
               select 'sign_in', 'user_analytics', user_id, last_sign_in_at, null
               from user_analytics
               where org_id = $1 and connection_id = $2 and user_id = $3
                   and last_sign_in_at < $4 and deleted_at is null
               union all
               select 'session_' || type, dataset, id, created_at, null from resources
               where org_id = $1 and connection_id = $2 and dataset = 'user_delegations'
                   and owner_id = $3 and type in ('web', 'mobile') and created_at < $4
           ) uses order by at desc limit $6"#,
        seat.org.0,
        seat.connection,
        seat.user,
        t.to_sqlx() as _,
        days_from(t, -HORIZON_DAYS).to_sqlx() as _,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let uses = rows.into_iter().map(|row| UseRow {
        kind: row.kind,
        dataset: row.dataset,
        id: row.id,
        at: row.at.to_jiff(),
        channel: None,
        incident: row.incident,
    });
    Ok(uses.collect())
}

async fn activities(
    tx: Tx<'_>,
    seat: SeatRef<'_>,
    t: Timestamp,
    limit: i64,
) -> Result<Vec<UseRow>> {
    let (datasets, types, _) = catalogue::activity_rules();
    let rows = sqlx::query!(
        r#"select a.dataset, a.type as kind, a.id, a.at, a.method, a.incident_id
           from activities a join unnest($6::text[], $7::text[]) as r(dataset, type)
               on r.dataset = a.dataset and r.type in ('', a.type)
           where a.org_id = $1 and a.connection_id = $2 and a.agent_id = $3 and a.at < $4
               and a.at >= $5 and a.agent_type = $8
           order by a.at desc limit $9"#,
        seat.org.0,
        seat.connection,
        seat.user,
        t.to_sqlx() as _,
        days_from(t, -HORIZON_DAYS).to_sqlx() as _,
        datasets as _,
        types as _,
        PERSON_AGENT,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let uses = rows.into_iter().map(|row| UseRow {
        kind: if row.dataset == "audit_records" {
            format!("audit_{}", row.kind)
        } else {
            row.kind
        },
        dataset: row.dataset,
        id: row.id,
        at: row.at.to_jiff(),
        channel: Some(row.method).filter(|text| !text.is_empty()),
        incident: Some(row.incident_id).filter(|text| !text.is_empty()),
    });
    Ok(uses.collect())
}

async fn resources(tx: Tx<'_>, seat: SeatRef<'_>, t: Timestamp) -> Result<Vec<UseRow>> {
    let rows = sqlx::query!(
        r#"select kind as "kind!", dataset as "dataset!", id as "id!", at as "at!" from (
               select 'maintenance_window' as kind, dataset, id, starts_at as at from resources
               where org_id = $1 and connection_id = $2 and dataset = 'maintenance_windows'
                   and created_by_id = $3
               union all
               select 'automation_action', dataset, id, last_used_at from resources
               where org_id = $1 and connection_id = $2 and dataset = 'automation_actions'
                   and last_used_by_id = $3
               union all
               select 'orchestration_created', dataset, id, created_at from resources
               where org_id = $1 and connection_id = $2 and dataset = 'event_orchestrations'
                   and created_by_id = $3
               union all
               select 'orchestration_updated', dataset, id, updated_at from resources
               where org_id = $1 and connection_id = $2 and dataset = 'event_orchestrations'
                   and updated_by_id = $3
                   and not (created_by_id = $3 and created_at = updated_at)
           ) uses where at < $4 and at >= $5"#,
        seat.org.0,
        seat.connection,
        seat.user,
        t.to_sqlx() as _,
        days_from(t, -HORIZON_DAYS).to_sqlx() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let uses = rows.into_iter().map(|row| UseRow {
        kind: row.kind,
        dataset: row.dataset,
        id: row.id,
        at: row.at.to_jiff(),
        channel: None,
        incident: None,
    });
    Ok(uses.collect())
}
