//! Webhooks, and the events that have come over them.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use proto::{
    ConnectionId, OrgId,
    facts::v1::{Completeness, Dataset},
};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Store, StoreError, optional};
use crate::webhook::Webhook;

/// Deliveries are repeated for two days; their ids are kept for longer.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

struct Row {
    org_id: Uuid,
    connection_id: Uuid,
    secret: Vec<u8>,
    subscription_id: String,
    subscribed_at: jiff_sqlx::Timestamp,
    last_event_at: Option<jiff_sqlx::Timestamp>,
    events: i64,
    covered_from: Option<jiff_sqlx::Timestamp>,
    confirmed_at: Option<jiff_sqlx::Timestamp>,
    trouble: String,
}

impl From<Row> for Webhook {
    fn from(row: Row) -> Self {
        Self {
            org: OrgId(row.org_id),
            connection: ConnectionId(row.connection_id),
            sealed: row.secret,
            subscription_id: row.subscription_id,
            subscribed_at: row.subscribed_at.to_jiff(),
            last_event_at: optional(row.last_event_at),
            events: row.events,
            covered_from: optional(row.covered_from),
            confirmed_at: optional(row.confirmed_at),
            trouble: row.trouble,
        }
    }
}

impl Store {
    /// The webhook of a connection, whose organization is not known yet.
    pub async fn webhook_anywhere(
        &self,
        connection: ConnectionId,
    ) -> Result<Option<Webhook>, StoreError> {
        let mut tx = self.everywhere().await?;
        let row = sqlx::query_as!(
            Row,
            "select org_id, connection_id, secret, subscription_id, subscribed_at, last_event_at,
                    events, covered_from, confirmed_at, trouble
             from webhooks where connection_id = $1",
            connection.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        Ok(row.map(Webhook::from))
    }

    /// The webhook of an organization's connection.
    pub async fn webhook(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<Option<Webhook>, StoreError> {
        let mut tx = self.scoped(org).await?;
        locked(&mut tx, (org, connection)).await
    }

    /// Keeps a new secret; what is known of earlier events stays known, coverage starts anew.
    pub async fn save_webhook(
        &self,
        (org, connection): (OrgId, ConnectionId),
        sealed: &[u8],
        subscription_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.scoped(org).await?;
        sqlx::query!(
            "insert into webhooks (org_id, connection_id, secret, subscription_id, subscribed_at)
             values ($1, $2, $3, $4, $5)
             on conflict (org_id, connection_id) do update set
                 secret = excluded.secret, subscription_id = excluded.subscription_id,
                 subscribed_at = excluded.subscribed_at, covered_from = null, confirmed_at = null,
                 trouble = ''",
            org.0,
            connection.0,
            sealed,
            subscription_id,
            now.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Forgets a webhook and its secret.
    pub async fn remove_webhook(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<(), StoreError> {
        let mut tx = self.scoped(org).await?;
        sqlx::query!(
            "delete from webhooks where org_id = $1 and connection_id = $2",
            org.0,
            connection.0,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "delete from dataset_states where org_id = $1 and connection_id = $2 and dataset = $3",
            org.0,
            connection.0,
            Dataset::Webhooks.name(),
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Those of the events that are on the queue already.
    pub async fn known_events(
        &self,
        (org, connection): (OrgId, ConnectionId),
        ids: &[String],
    ) -> Result<HashSet<String>, StoreError> {
        let mut tx = self.scoped(org).await?;
        let known = sqlx::query_scalar!(
            "select event_id from webhook_events
             where org_id = $1 and connection_id = $2 and event_id = any($3)",
            org.0,
            connection.0,
            ids,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(known.into_iter().collect())
    }

    /// Notes that events are on the queue, and that deliveries come. Answers how many were new.
    pub async fn note_events(
        &self,
        of: (OrgId, ConnectionId),
        ids: &[String],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (org, connection) = of;
        let mut tx = self.scoped(org).await?;
        let noted = sqlx::query!(
            "insert into webhook_events (org_id, connection_id, event_id, received_at)
             select $1, $2, id, $4 from unnest($3::text[]) as id
             on conflict do nothing",
            org.0,
            connection.0,
            ids,
            now.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if let Some(webhook) = locked(&mut tx, of).await? {
            sqlx::query!(
                "update webhooks set events = events + $3, last_event_at = greatest(last_event_at, $4)
                 where org_id = $1 and connection_id = $2",
                org.0,
                connection.0,
                i64::try_from(noted).unwrap_or(i64::MAX),
                now.to_sqlx(),
            )
            .execute(&mut *tx)
            .await?;
            cover(&mut tx, &webhook, now).await?;
        }
        tx.commit().await?;
        Ok(noted)
    }

    /// PagerDuty says that it delivers: nothing has been lost until now.
    pub async fn confirm_webhook(
        &self,
        org: OrgId,
        connection: ConnectionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.scoped(org).await?;
        let webhook = locked(&mut tx, (org, connection)).await?;
        // Before the first delivery it is not known whether any arrives.
        if let Some(webhook) = webhook.filter(|one| one.covered_from.is_some()) {
            cover(&mut tx, &webhook, now).await?;
        }
        sqlx::query!(
            "delete from webhook_events
             where org_id = $1 and connection_id = $2 and received_at < $3",
            org.0,
            connection.0,
            (now - REMEMBERED).to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// PagerDuty does not deliver; public words.
    pub async fn trouble_webhook(
        &self,
        org: OrgId,
        connection: ConnectionId,
        trouble: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.scoped(org).await?;
        sqlx::query!(
            "update webhooks set trouble = $3 where org_id = $1 and connection_id = $2",
            org.0,
            connection.0,
            trouble,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "update dataset_states set completeness = $4, reason = $5
             where org_id = $1 and connection_id = $2 and dataset = $3",
            org.0,
            connection.0,
            Dataset::Webhooks.name(),
            Completeness::Partial.name(),
            trouble,
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Whether log entries were found in a window that begins after `since`: something happened.
    pub async fn happened_since(
        &self,
        org: OrgId,
        connection: ConnectionId,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.scoped(org).await?;
        let happened = sqlx::query_scalar!(
            r#"select exists (
                   select from windows w join runs r using (org_id, run_id)
                   where w.org_id = $1 and r.connection_id = $2 and w.dataset = $3
                     and w.received > 0 and w.window_from > $4) as "happened!""#,
            org.0,
            connection.0,
            Dataset::LogEntries.name(),
            since.to_sqlx(),
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(happened)
    }
}

async fn locked(
    tx: &mut Transaction<'static, Postgres>,
    (org, connection): (OrgId, ConnectionId),
) -> Result<Option<Webhook>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select org_id, connection_id, secret, subscription_id, subscribed_at, last_event_at,
                events, covered_from, confirmed_at, trouble
         from webhooks where org_id = $1 and connection_id = $2 for no key update",
        org.0,
        connection.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Webhook::from))
}

/// Extends what is covered to `now`, in the webhook's row and in the dataset's state.
async fn cover(
    tx: &mut Transaction<'static, Postgres>,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<(), StoreError> {
    let from = webhook.coverage_start(now);
    let to = webhook.confirmed_at.map_or(now, |at| at.max(now));
    let (org, connection) = (webhook.org.0, webhook.connection.0);
    sqlx::query!(
        "update webhooks set covered_from = $3, confirmed_at = $4, trouble = ''
         where org_id = $1 and connection_id = $2",
        org,
        connection,
        from.to_sqlx(),
        to.to_sqlx(),
    )
    .execute(&mut **tx)
    .await?;
    // A connection that is not on the schedule yet has no states; the next confirmation writes it.
    sqlx::query!(
        "insert into dataset_states
             (org_id, connection_id, dataset, completeness, covered_from, covered_to, covered, decided_by)
         select org_id, connection_id, $3, $4, $5::timestamptz, $6::timestamptz,
                tstzmultirange(tstzrange($5, $6)), $7
         from connections where org_id = $1 and connection_id = $2
         on conflict (org_id, connection_id, dataset) do update set
             completeness = excluded.completeness, covered_from = excluded.covered_from,
             covered_to = excluded.covered_to, covered = excluded.covered, reason = ''",
        org,
        connection,
        Dataset::Webhooks.name(),
        Completeness::Complete.name(),
        from.to_sqlx(),
        to.to_sqlx(),
        Uuid::nil(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
