//! What new log entries add to the rollups, counted before they are stored. The same rules as in
//! `rollups` and `insert.sql`, which a test compares.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Entry, Result};
use crate::{
    catalogue::{self, ACKNOWLEDGE, NOTIFIED, NOTIFY, PERSON_AGENT, WOKEN, sleep},
    window::{Calendar, date_of},
};

/// Day, user, feature and raw channel.
type Key<'a> = (i64, &'a str, &'static str, &'a str);

#[derive(Debug, Default)]
pub(super) struct Deltas<'a> {
    uses: BTreeMap<Key<'a>, (i32, Timestamp)>,
    /// The first acknowledgement of each incident.
    acknowledged: BTreeMap<&'a str, (Timestamp, &'a str)>,
}

impl<'a> Deltas<'a> {
    pub(super) fn of(entries: &[Entry<'a>], calendar: &Calendar) -> Self {
        let mut deltas = Self::default();
        for (at, _, entry) in entries {
            if entry.agent_type == PERSON_AGENT
                && !entry.agent_id.is_empty()
                && let Some(feature) = catalogue::action_of(&entry.r#type)
            {
                let day = calendar.day_of(*at);
                deltas.count((day, &entry.agent_id, feature, &entry.channel_type), *at);
                if entry.r#type == ACKNOWLEDGE && !entry.incident_id.is_empty() {
                    let first = (*at, entry.agent_id.as_str());
                    let kept = deltas
                        .acknowledged
                        .entry(&entry.incident_id)
                        .or_insert(first);
                    *kept = first.min(*kept);
                }
            }
            if entry.r#type == NOTIFY && !entry.notified_user_id.is_empty() {
                let (day, hour) = calendar.day_and_hour_of(*at);
                deltas.count((day, &entry.notified_user_id, NOTIFIED, ""), *at);
                if sleep::SLEEPING_HOURS >> hour & 1 == 1 {
                    deltas.count((day, &entry.notified_user_id, WOKEN, ""), *at);
                }
            }
        }
        deltas
    }

    fn count(&mut self, key: Key<'a>, at: Timestamp) {
        let (uses, last) = self.uses.entry(key).or_insert((0, at));
        *uses += 1;
        *last = at.max(*last);
    }

    pub(super) async fn add(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        org: OrgId,
        connection: Uuid,
    ) -> Result<()> {
        if !self.uses.is_empty() {
            self.add_uses(tx, org, connection).await?;
        }
        if !self.acknowledged.is_empty() {
            self.add_acknowledgements(tx, org, connection).await?;
        }
        Ok(())
    }

    async fn add_uses(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        org: OrgId,
        connection: Uuid,
    ) -> Result<()> {
        let keys = || self.uses.keys();
        let days: Vec<_> = keys().map(|key| date_of(key.0).to_sqlx()).collect();
        let users: Vec<&str> = keys().map(|key| key.1).collect();
        let features: Vec<&str> = keys().map(|key| key.2).collect();
        let channels: Vec<&str> = keys().map(|key| key.3).collect();
        let uses: Vec<i32> = self.uses.values().map(|(uses, _)| *uses).collect();
        let lasts: Vec<_> = self.uses.values().map(|(_, at)| at.to_sqlx()).collect();
        sqlx::query!(
            "insert into use_days as d (org_id, connection_id, day, user_id, feature, channel,
                 uses, last_at)
             select $1, $2, * from unnest($3::date[], $4::text[], $5::text[], $6::text[],
                 $7::integer[], $8::timestamptz[])
             on conflict (org_id, connection_id, day, user_id, feature, channel) do update set
                 uses = d.uses + excluded.uses, last_at = greatest(d.last_at, excluded.last_at)",
            org.0,
            connection,
            &days as _,
            &users as _,
            &features as _,
            &channels as _,
            &uses,
            &lasts as _,
        )
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn add_acknowledgements(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        org: OrgId,
        connection: Uuid,
    ) -> Result<()> {
        let incidents: Vec<&str> = self.acknowledged.keys().copied().collect();
        let times = self.acknowledged.values();
        let times: Vec<_> = times.map(|(at, _)| at.to_sqlx()).collect();
        let users: Vec<&str> = self.acknowledged.values().map(|(_, user)| *user).collect();
        sqlx::query!(
            "insert into incident_acks as a (org_id, connection_id, incident_id, at, user_id)
             select $1, $2, * from unnest($3::text[], $4::timestamptz[], $5::text[])
             on conflict (org_id, connection_id, incident_id) do update set
                 at = excluded.at, user_id = excluded.user_id
             where (excluded.at, excluded.user_id) < (a.at, a.user_id)",
            org.0,
            connection,
            &incidents as _,
            &times as _,
            &users as _,
        )
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}
