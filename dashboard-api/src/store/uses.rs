//! The uses of one person, straight from the facts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use uuid::Uuid;

use super::{Result, Store};
use crate::{
    catalogue::{self, PERSON_AGENT},
    window::{HORIZON_DAYS, days_from},
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
    pub kind: String,
    pub id: String,
    pub at: Timestamp,
    pub channel: Option<String>,
    pub incident: Option<String>,
}

impl Store {
    /// A user's actions, responder answers and sign-in before `t`, the newest first.
    pub async fn uses_of(
        &self,
        seat: SeatRef<'_>,
        t: Timestamp,
        limit: i64,
    ) -> Result<Vec<UseRow>> {
        let SeatRef {
            org,
            connection,
            user,
        } = seat;
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select kind as "kind!", id as "id!", at as "at!", channel, incident from (
                   select type as kind, id, created_at as at, channel_type as channel,
                       incident_id as incident
                   from log_entries
                   where org_id = $1 and connection_id = $2 and agent_id = $3 and created_at < $4
                       and created_at >= $5 and agent_type = $6 and type = any($7)
                   union all
                   select distinct 'responder_request', i.id, r.requested_at, null, i.id
                   from incidents i, jsonb_to_recordset(i.responder_requests)
                       as r(requester_id text, requested_at timestamptz)
                   where org_id = $1 and connection_id = $2 and created_at < $4
                       and created_at >= $5 and r.requester_id = $3 and r.requested_at < $4
                   union all
                   select distinct 'responder_' || r.state, i.id, r.updated_at, null, i.id
                   from incidents i, jsonb_to_recordset(i.responders)
                       as r(user_id text, state text, updated_at timestamptz)
                   where org_id = $1 and connection_id = $2 and created_at < $4
                       and created_at >= $5 and r.user_id = $3 and r.updated_at < $4
                       and r.state in ('joined', 'declined')
                   union all
                   select 'sign_in', user_id, last_sign_in_at, null, null from user_analytics
                   where org_id = $1 and connection_id = $2 and user_id = $3
                       and last_sign_in_at < $4 and deleted_at is null
               ) uses order by at desc, kind, id limit $8"#,
            org.0,
            connection,
            user,
            t.to_sqlx() as _,
            days_from(t, -HORIZON_DAYS).to_sqlx() as _,
            PERSON_AGENT,
            &catalogue::action_types(),
            limit,
        )
        .fetch_all(&mut *tx)
        .await?;
        let uses = rows.into_iter().map(|row| UseRow {
            kind: row.kind,
            id: row.id,
            at: row.at.to_jiff(),
            channel: row.channel.filter(|text| !text.is_empty()),
            incident: row.incident.filter(|text| !text.is_empty()),
        });
        Ok(uses.collect())
    }

    /// A user's actions by UTC day (days since 1970) since a day.
    pub async fn action_days(
        &self,
        seat: SeatRef<'_>,
        from: Timestamp,
        t: Timestamp,
    ) -> Result<BTreeMap<i64, i64>> {
        let SeatRef {
            org,
            connection,
            user,
        } = seat;
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"with uses as (
                   select created_at as at from log_entries
                   where org_id = $1 and connection_id = $2 and agent_id = $3
                       and created_at >= $4 and created_at < $5
                       and agent_type = $6 and type = any($7)
                   union all
                   select at from (
                       select distinct i.id, r.requested_at as at
                       from incidents i, jsonb_to_recordset(i.responder_requests)
                           as r(requester_id text, requested_at timestamptz)
                       where org_id = $1 and connection_id = $2 and r.requester_id = $3
                           and i.created_at < $5
                   ) sent where at >= $4 and at < $5
                   union all
                   select at from (
                       select distinct i.id, r.updated_at as at
                       from incidents i, jsonb_to_recordset(i.responders)
                           as r(user_id text, state text, updated_at timestamptz)
                       where org_id = $1 and connection_id = $2 and r.user_id = $3
                           and r.state in ('joined', 'declined') and i.created_at < $5
                   ) answered where at >= $4 and at < $5
               )
               select ((at at time zone 'UTC')::date - date '1970-01-01') as "day!",
                   count(*) as "uses!"
               from uses group by 1"#,
            org.0,
            connection,
            user,
            from.to_sqlx() as _,
            t.to_sqlx() as _,
            PERSON_AGENT,
            &catalogue::action_types(),
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (i64::from(row.day), row.uses))
            .collect())
    }
}
