//! Where news go, and the outbox of what is still to be delivered.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Result, Store};

/// All kinds of news.
pub const KINDS: [&str; 6] = [
    "digest",
    "seats_running_out",
    "renewal",
    "dataset_late",
    "access_ending",
    "access_ended",
];

/// How long a delivery is the business of one worker only.
const CLAIM: SignedDuration = SignedDuration::from_mins(2);

#[derive(Debug, Clone)]
pub struct Destinations {
    /// Sealed.
    pub webhook_url: Option<Vec<u8>>,
    /// Sealed.
    pub slack_url: Option<Vec<u8>>,
    pub secret_nonce: Vec<u8>,
    pub digest: bool,
    pub kinds: Vec<String>,
}

/// Something to tell.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub kind: String,
    /// Names the news: it is told once on each channel.
    pub key: String,
    pub subject: String,
    pub text: String,
    pub detail: Value,
    pub at: Timestamp,
    /// By mail too.
    pub mail: bool,
}

impl Outgoing {
    /// What a person sends to see whether it arrives.
    pub fn test(at: Timestamp) -> Self {
        Self {
            kind: "test".to_owned(),
            key: format!("test {}", Uuid::now_v7()),
            subject: "A test message".to_owned(),
            text: "This message was sent from the settings to see whether it arrives.".to_owned(),
            detail: json!({}),
            at,
            mail: false,
        }
    }
}

/// One delivery that is due.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: Uuid,
    pub channel: String,
    pub key: String,
    pub kind: String,
    pub subject: String,
    pub text: String,
    pub detail: Value,
    pub created_at: jiff_sqlx::Timestamp,
    pub attempts: i32,
}

/// What became of an attempt.
#[derive(Debug, Clone)]
pub enum Fate {
    Delivered,
    Again { at: Timestamp, reason: String },
    GivenUp { reason: String },
}

impl Store {
    pub async fn destinations(&self, org: OrgId) -> Result<Destinations> {
        let mut tx = self.begin(org).await?;
        let row = sqlx::query_as!(
            Destinations,
            "select webhook_url, slack_url, secret_nonce, digest, kinds
             from notification_settings where org_id = $1",
            org.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        Ok(row.unwrap_or_else(|| Destinations {
            webhook_url: None,
            slack_url: None,
            secret_nonce: Vec::new(),
            digest: true,
            kinds: KINDS.map(str::to_owned).into(),
        }))
    }

    pub async fn set_destinations(
        &self,
        org: OrgId,
        destinations: &Destinations,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin(org).await?;
        sqlx::query!(
            "insert into notification_settings (org_id, webhook_url, slack_url, secret_nonce,
                 digest, kinds)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (org_id) do update set webhook_url = excluded.webhook_url,
                 slack_url = excluded.slack_url, secret_nonce = excluded.secret_nonce,
                 digest = excluded.digest, kinds = excluded.kinds",
            org.0,
            destinations.webhook_url,
            destinations.slack_url,
            destinations.secret_nonce,
            destinations.digest,
            &destinations.kinds,
        )
        .execute(&mut *tx)
        .await?;
        look_at(&mut tx, org, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Puts news into the outbox, once for each channel. Answers how many are new.
    pub async fn queue_news(
        &self,
        org: OrgId,
        destinations: &Destinations,
        news: &Outgoing,
    ) -> Result<i64> {
        let mut tx = self.begin(org).await?;
        let mut channels = Vec::new();
        channels.extend(destinations.webhook_url.as_ref().map(|_| "webhook"));
        channels.extend(destinations.slack_url.as_ref().map(|_| "slack"));
        channels.extend(news.mail.then_some("mail"));
        let mut queued = 0;
        for channel in channels {
            let inserted = sqlx::query!(
                "insert into notification_outbox (org_id, id, channel, key, kind, subject, text,
                     detail, created_at, due_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
                 on conflict (org_id, channel, key) do nothing",
                org.0,
                Uuid::now_v7(),
                channel,
                news.key,
                news.kind,
                news.subject,
                news.text,
                news.detail,
                news.at.to_sqlx() as _,
            )
            .execute(&mut *tx)
            .await?;
            queued += inserted.rows_affected() as i64;
        }
        look_at(&mut tx, org, news.at).await?;
        tx.commit().await?;
        Ok(queued)
    }

    /// Makes the worker find the organization.
    pub async fn look_at(&self, org: OrgId, at: Timestamp) -> Result<()> {
        let mut tx = self.begin(org).await?;
        look_at(&mut tx, org, at).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Organizations that have to be looked at.
    pub async fn notified_organizations(&self, now: Timestamp) -> Result<Vec<OrgId>> {
        let found = sqlx::query_scalar!(
            "select org_id from notified_organizations where look_at <= $1
             order by look_at limit 100",
            now.to_sqlx() as _,
        )
        .fetch_all(self.pool())
        .await?;
        Ok(found.into_iter().map(OrgId).collect())
    }

    /// Takes what is due for this worker; another one leaves it alone for a while.
    pub async fn claim_deliveries(&self, org: OrgId, now: Timestamp) -> Result<Vec<Delivery>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query_as!(
            Delivery,
            "update notification_outbox set due_at = $3, attempts = attempts + 1
             where org_id = $1 and id in (
                 select id from notification_outbox
                 where org_id = $1 and due_at <= $2 and delivered_at is null
                     and given_up_at is null
                 order by due_at limit 20 for update skip locked)
             returning id, channel, key, kind, subject, text, detail, created_at, attempts",
            org.0,
            now.to_sqlx() as _,
            (now + CLAIM).to_sqlx() as _,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(rows)
    }

    pub async fn settle_delivery(
        &self,
        org: OrgId,
        id: Uuid,
        fate: &Fate,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin(org).await?;
        let (delivered, given_up, due, reason) = match fate {
            Fate::Delivered => (Some(now), None, None, ""),
            Fate::Again { at, reason } => (None, None, Some(*at), reason.as_str()),
            Fate::GivenUp { reason } => (None, Some(now), None, reason.as_str()),
        };
        sqlx::query!(
            "update notification_outbox set delivered_at = $3, given_up_at = $4,
                 due_at = coalesce($5, due_at), reason = $6
             where org_id = $1 and id = $2",
            org.0,
            id,
            delivered.map(ToSqlx::to_sqlx) as _,
            given_up.map(ToSqlx::to_sqlx) as _,
            due.map(ToSqlx::to_sqlx) as _,
            reason,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// When the organization is to be looked at again: when the next delivery is due, at the latest
    /// at `latest`. Old deliveries go.
    pub async fn schedule_look(&self, org: OrgId, now: Timestamp, latest: Timestamp) -> Result<()> {
        let mut tx = self.begin(org).await?;
        sqlx::query!(
            "delete from notification_outbox where org_id = $1
                 and coalesce(delivered_at, given_up_at) < $2::timestamptz - interval '180 days'",
            org.0,
            now.to_sqlx() as _,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "update notified_organizations set look_at = least($2::timestamptz, (
                 select min(due_at) from notification_outbox
                 where org_id = $1 and delivered_at is null and given_up_at is null))
             where org_id = $1",
            org.0,
            latest.to_sqlx() as _,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Makes the worker find the organization.
async fn look_at(
    tx: &mut sqlx::Transaction<'static, sqlx::Postgres>,
    org: OrgId,
    at: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into notified_organizations (org_id, look_at) values ($1, $2)
         on conflict (org_id) do update
             set look_at = least(notified_organizations.look_at, excluded.look_at)",
        org.0,
        at.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
