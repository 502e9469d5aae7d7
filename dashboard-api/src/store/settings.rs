//! What an organization has set. Whatever is changed here makes the revision grow, so that kept
//! answers are stale.

use jiff::{Span, Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, Store, ledger};

#[derive(Debug, Clone)]
pub struct Settings {
    pub thresholds: Thresholds,
    contract: Option<Contract>,
}

impl Settings {
    pub fn contract(&self) -> Option<Contract> {
        self.contract.clone()
    }
}

#[derive(Debug, Clone)]
pub struct Thresholds {
    pub grace_days: i32,
    pub default_window_days: i32,
    pub time_zone: String,
    pub accepted_blind_spots: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Contract {
    pub renewal_on: Date,
    pub notice_days: i32,
    pub fiscal_year_start_month: i32,
    pub currency: String,
}

impl Contract {
    /// The last day to give notice.
    pub fn notice_by(&self) -> Date {
        let days = Span::new().days(i64::from(self.notice_days));
        self.renewal_on.saturating_sub(days)
    }
}

/// All prices as they were set.
#[derive(Debug, Clone)]
pub struct Prices {
    pub currency: Option<String>,
    pub licenses: Vec<LicensePrice>,
    pub addons: Vec<AddonPrice>,
}

#[derive(Debug, Clone)]
pub struct LicensePrice {
    pub license_id: String,
    pub amount_minor: i64,
    pub per: String,
    pub pack_size: Option<i32>,
    pub valid_from: Date,
}

#[derive(Debug, Clone)]
pub struct AddonPrice {
    pub addon_id: String,
    pub amount_minor: i64,
    pub per: String,
}

#[derive(Debug, Clone)]
pub struct ExemptionRow {
    pub user_id: String,
    pub name: Option<String>,
    pub reason: String,
    pub until: Option<jiff_sqlx::Date>,
    pub created_by: String,
    pub created_at: jiff_sqlx::Timestamp,
}

#[derive(Debug, Clone)]
pub struct SavedViewRow {
    pub id: Uuid,
    pub page: String,
    pub name: String,
    pub query: String,
    pub created_by: String,
    pub created_by_name: String,
    pub created_at: jiff_sqlx::Timestamp,
}

type Tx<'a> = &'a mut Transaction<'static, Postgres>;

/// Makes kept answers of the organization stale, and its row exist.
async fn grow(tx: Tx<'_>, org: OrgId) -> Result<()> {
    sqlx::query!(
        "insert into settings (org_id) values ($1)
         on conflict (org_id) do update set revision = settings.revision + 1",
        org.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The same after a change that answers are made with: they are made anew as soon as can be.
async fn bump(tx: Tx<'_>, org: OrgId) -> Result<()> {
    grow(tx, org).await?;
    sqlx::query!(
        "insert into due_organizations (org_id, due_at, attempts, forced)
         values ($1, to_timestamp(0), 0, true)
         on conflict (org_id) do update set due_at = excluded.due_at, attempts = 0, forced = true",
        org.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

impl Store {
    /// After a change that no setting tells of.
    pub async fn touch(&self, org: OrgId) -> Result<()> {
        let mut tx = self.begin(org).await?;
        grow(&mut tx, org).await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn settings(&self, org: OrgId) -> Result<Settings> {
        let mut tx = self.begin(org).await?;
        let row = sqlx::query!(
            "select grace_days, default_window_days, time_zone, accepted_blind_spots, currency,
                 renewal_on, notice_days, fiscal_year_start_month
             from settings where org_id = $1",
            org.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else {
            return Ok(Settings {
                thresholds: Thresholds {
                    grace_days: 30,
                    default_window_days: 90,
                    time_zone: "UTC".to_owned(),
                    accepted_blind_spots: Vec::new(),
                },
                contract: None,
            });
        };
        Ok(Settings {
            contract: row.renewal_on.map(|renewal_on| Contract {
                renewal_on: renewal_on.to_jiff(),
                notice_days: row.notice_days.unwrap_or_default(),
                fiscal_year_start_month: row.fiscal_year_start_month.unwrap_or(1),
                currency: row.currency.unwrap_or_default(),
            }),
            thresholds: Thresholds {
                grace_days: row.grace_days,
                default_window_days: row.default_window_days,
                time_zone: row.time_zone,
                accepted_blind_spots: row.accepted_blind_spots,
            },
        })
    }

    pub async fn set_contract(&self, org: OrgId, contract: Option<&Contract>) -> Result<()> {
        let mut tx = self.begin(org).await?;
        bump(&mut tx, org).await?;
        sqlx::query!(
            "update settings set renewal_on = $2, notice_days = $3, fiscal_year_start_month = $4,
                 currency = coalesce($5, currency)
             where org_id = $1",
            org.0,
            contract.map(|one| one.renewal_on.to_sqlx()) as _,
            contract.map(|one| one.notice_days),
            contract.map(|one| one.fiscal_year_start_month),
            contract.map(|one| one.currency.as_str()),
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// They hold from the next generation on, which is asked for.
    pub async fn set_thresholds(
        &self,
        org: OrgId,
        thresholds: &Thresholds,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin(org).await?;
        bump(&mut tx, org).await?;
        sqlx::query!(
            "update settings set grace_days = $2, default_window_days = $3, time_zone = $4,
                 accepted_blind_spots = $5
             where org_id = $1",
            org.0,
            thresholds.grace_days,
            thresholds.default_window_days,
            thresholds.time_zone,
            &thresholds.accepted_blind_spots,
        )
        .execute(&mut *tx)
        .await?;
        ledger::force(&mut tx, org, now).await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn set_privacy(&self, org: OrgId, mode: &str) -> Result<()> {
        let mut tx = self.begin(org).await?;
        bump(&mut tx, org).await?;
        sqlx::query!(
            "update settings set privacy = $2 where org_id = $1",
            org.0,
            mode
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn prices(&self, org: OrgId) -> Result<Prices> {
        let mut tx = self.begin(org).await?;
        let currency =
            sqlx::query_scalar!("select currency from settings where org_id = $1", org.0)
                .fetch_optional(&mut *tx)
                .await?;
        let licenses = sqlx::query!(
            "select license_id, amount_minor, per, pack_size, valid_from from license_prices
             where org_id = $1 order by license_id, valid_from",
            org.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let addons = sqlx::query_as!(
            AddonPrice,
            "select addon_id, amount_minor, per from addon_prices
             where org_id = $1 order by addon_id",
            org.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let licenses = licenses.into_iter().map(|row| LicensePrice {
            license_id: row.license_id,
            amount_minor: row.amount_minor,
            per: row.per,
            pack_size: row.pack_size,
            valid_from: row.valid_from.to_jiff(),
        });
        Ok(Prices {
            currency: currency.flatten(),
            licenses: licenses.collect(),
            addons,
        })
    }

    /// Replaces all prices; recommendations follow with the next generation, which is asked for.
    pub async fn set_prices(&self, org: OrgId, prices: &Prices, now: Timestamp) -> Result<()> {
        let mut tx = self.begin(org).await?;
        bump(&mut tx, org).await?;
        sqlx::query!(
            "update settings set currency = coalesce($2, currency) where org_id = $1",
            org.0,
            prices.currency.as_deref(),
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("delete from license_prices where org_id = $1", org.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query!("delete from addon_prices where org_id = $1", org.0)
            .execute(&mut *tx)
            .await?;
        for one in &prices.licenses {
            sqlx::query!(
                "insert into license_prices (org_id, license_id, valid_from, amount_minor, per,
                     pack_size)
                 values ($1, $2, $3, $4, $5, $6)",
                org.0,
                one.license_id,
                one.valid_from.to_sqlx() as _,
                one.amount_minor,
                one.per,
                one.pack_size,
            )
            .execute(&mut *tx)
            .await?;
        }
        for one in &prices.addons {
            sqlx::query!(
                "insert into addon_prices (org_id, addon_id, amount_minor, per)
                 values ($1, $2, $3, $4)",
                org.0,
                one.addon_id,
                one.amount_minor,
                one.per,
            )
            .execute(&mut *tx)
            .await?;
        }
        ledger::force(&mut tx, org, now).await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn exemptions(&self, org: OrgId) -> Result<Vec<ExemptionRow>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query_as!(
            ExemptionRow,
            r#"select e.user_id, (select max(u.name) from users u
                   where u.org_id = e.org_id and u.id = e.user_id) as name,
                   e.reason, e.until, e.created_by, e.created_at
               from exemptions e where e.org_id = $1 order by e.user_id"#,
            org.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }

    pub async fn add_exemption(
        &self,
        org: OrgId,
        row: &ExemptionRow,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin(org).await?;
        bump(&mut tx, org).await?;
        sqlx::query!(
            "insert into exemptions (org_id, user_id, reason, until, created_by, created_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (org_id, user_id) do update set reason = excluded.reason,
                 until = excluded.until, created_by = excluded.created_by,
                 created_at = excluded.created_at",
            org.0,
            row.user_id,
            row.reason,
            row.until as _,
            row.created_by,
            row.created_at as _,
        )
        .execute(&mut *tx)
        .await?;
        ledger::force(&mut tx, org, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether there was one.
    pub async fn remove_exemption(&self, org: OrgId, user: &str, now: Timestamp) -> Result<bool> {
        let mut tx = self.begin(org).await?;
        let removed = sqlx::query!(
            "delete from exemptions where org_id = $1 and user_id = $2",
            org.0,
            user
        )
        .execute(&mut *tx)
        .await?;
        if removed.rows_affected() == 0 {
            return Ok(false);
        }
        bump(&mut tx, org).await?;
        ledger::force(&mut tx, org, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The name of a user of any connection.
    pub async fn user_name(&self, org: OrgId, user: &str) -> Result<Option<String>> {
        let mut tx = self.begin(org).await?;
        let name = sqlx::query_scalar!(
            "select name from users where org_id = $1 and id = $2 limit 1",
            org.0,
            user,
        )
        .fetch_optional(&mut *tx)
        .await?;
        Ok(name)
    }

    pub async fn saved_views(&self, org: OrgId) -> Result<Vec<SavedViewRow>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query_as!(
            SavedViewRow,
            "select id, page, name, query, created_by, created_by_name, created_at
             from saved_views where org_id = $1 order by name, id",
            org.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }

    pub async fn add_saved_view(&self, org: OrgId, row: &SavedViewRow) -> Result<()> {
        let mut tx = self.begin(org).await?;
        sqlx::query!(
            "insert into saved_views (org_id, id, page, name, query, created_by, created_by_name,
                 created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            org.0,
            row.id,
            row.page,
            row.name,
            row.query,
            row.created_by,
            row.created_by_name,
            row.created_at as _,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether there was one.
    pub async fn remove_saved_view(&self, org: OrgId, id: Uuid) -> Result<bool> {
        let mut tx = self.begin(org).await?;
        let removed = sqlx::query!(
            "delete from saved_views where org_id = $1 and id = $2",
            org.0,
            id
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(removed.rows_affected() > 0)
    }
}
