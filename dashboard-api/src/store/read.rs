//! What the aggregate pages read of one generation.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use proto::OrgId;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, Store};
use crate::{
    coverage::{Coverage, CoverageRow},
    seat::{Class, ClassCounts},
    window::Window,
};

/// A generation's head.
#[derive(Debug, Clone)]
pub struct Generation {
    pub number: i64,
    pub as_of: Timestamp,
    pub connection: Uuid,
    pub run: Uuid,
    pub datasets: Vec<Coverage>,
}

/// Sums over the seats of one window.
#[derive(Debug, Clone, Copy, Default)]
pub struct SeatSums {
    pub by_class: ClassCounts,
    pub duty_seconds: i64,
    pub duty_level_1_seconds: i64,
    pub duty_level_2_plus_seconds: i64,
    pub people_on_duty: i64,
}

#[derive(Debug, Clone)]
pub struct FeatureTotalRow {
    pub feature: String,
    pub used: i64,
    pub unused: i64,
    pub unknown: i64,
    pub not_eligible: i64,
    pub uses: i64,
    pub unknown_reason: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct WeekRow {
    pub week_start: Date,
    pub people: i64,
    pub complete: bool,
}

/// Receipts of the run that a generation speaks for.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptSums {
    pub windows: i64,
    /// `None` when PagerDuty said nothing for any window; windows of which it says nothing count
    /// with what was received.
    pub expected: Option<i64>,
    pub received: i64,
    pub stored: i64,
}

#[derive(Debug, Clone)]
pub struct LicenseRow {
    pub id: String,
    pub name: String,
    pub description: String,
    pub role_group: String,
    pub valid_roles: Vec<String>,
    pub current_value: i64,
    pub allocations_available: Option<i64>,
    pub by_class: ClassCounts,
}

impl Store {
    /// The newest generation, or a given one while its seats are kept.
    pub async fn generation(&self, org: OrgId, number: Option<i64>) -> Result<Option<Generation>> {
        let mut tx = self.begin(org).await?;
        let row = sqlx::query!(
            "select generation, as_of, connection_id, run_id, datasets from generations
             where org_id = $1 and ($2::bigint is null or generation = $2)
             order by generation desc limit 1",
            org.0,
            number,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let parsed = row.map(|row| {
            let datasets: Vec<CoverageRow> = serde_json::from_value(row.datasets)?;
            Ok(Generation {
                number: row.generation,
                as_of: row.as_of.to_jiff(),
                connection: row.connection_id,
                run: row.run_id,
                datasets: datasets
                    .into_iter()
                    .filter_map(CoverageRow::into_coverage)
                    .collect(),
            })
        });
        parsed.transpose()
    }

    pub async fn seat_sums(&self, org: OrgId, generation: i64, window: Window) -> Result<SeatSums> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select class, count(*) as "seats!", sum(duty_seconds)::bigint as "duty!",
                   sum(duty_level_1_seconds)::bigint as "level_1!",
                   sum(duty_level_2_plus_seconds)::bigint as "level_2_plus!",
                   count(*) filter (where duty_seconds > 0) as "people!"
               from seats where org_id = $1 and generation = $2 and window_days = $3
               group by class"#,
            org.0,
            generation,
            window.days() as i32,
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut sums = SeatSums::default();
        for row in rows {
            if let Some(class) = Class::from_name(&row.class) {
                sums.by_class.add(class, row.seats);
            }
            sums.duty_seconds += row.duty;
            sums.duty_level_1_seconds += row.level_1;
            sums.duty_level_2_plus_seconds += row.level_2_plus;
            sums.people_on_duty += row.people;
        }
        Ok(sums)
    }

    pub async fn feature_totals(
        &self,
        org: OrgId,
        generation: i64,
        window: Window,
    ) -> Result<Vec<FeatureTotalRow>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query_as!(
            FeatureTotalRow,
            "select feature, used, unused, unknown, not_eligible, uses, unknown_reason
             from feature_totals where org_id = $1 and generation = $2 and window_days = $3",
            org.0,
            generation,
            window.days() as i32,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }

    pub async fn weekly_active(&self, org: OrgId, generation: i64) -> Result<Vec<WeekRow>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            "select week_start, people, complete from weekly_active
             where org_id = $1 and generation = $2 order by week_start",
            org.0,
            generation,
        )
        .fetch_all(&mut *tx)
        .await?;
        let weeks = rows.into_iter().map(|row| WeekRow {
            week_start: row.week_start.to_jiff(),
            people: row.people,
            complete: row.complete,
        });
        Ok(weeks.collect())
    }

    pub async fn receipt_sums(&self, org: OrgId, run: Uuid) -> Result<ReceiptSums> {
        let mut tx = self.begin(org).await?;
        let row = sqlx::query!(
            r#"select count(*) as "windows!", coalesce(sum(received), 0)::bigint as "received!",
                   count(expected) as "stated!",
                   coalesce(sum(coalesce(expected, received)), 0)::bigint as "expected!",
                   coalesce(sum((select sum(p.records) from pages p
                       where p.org_id = c.org_id and p.run_id = c.run_id
                           and p.dataset = c.dataset and p.window_from = c.window_from
                           and p.window_to = c.window_to and p.page < c.pages)), 0)::bigint
                       as "stored!"
               from receipts c where c.org_id = $1 and c.run_id = $2"#,
            org.0,
            run,
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(ReceiptSums {
            windows: row.windows,
            expected: (row.stated > 0).then_some(row.expected),
            received: row.received,
            stored: row.stored,
        })
    }

    pub async fn license_rows(
        &self,
        org: OrgId,
        generation: i64,
        window: Window,
    ) -> Result<Vec<LicenseRow>> {
        let mut tx = self.begin(org).await?;
        let mut counts = license_counts(&mut tx, org, generation, window).await?;
        let rows = sqlx::query!(
            "select connection_id, license_id, name, description, role_group, valid_roles,
                 current_value, allocations_available
             from license_totals where org_id = $1 and generation = $2
             order by name, license_id, connection_id",
            org.0,
            generation,
        )
        .fetch_all(&mut *tx)
        .await?;
        let licenses = rows.into_iter().map(|row| LicenseRow {
            by_class: counts
                .remove(&(row.connection_id, row.license_id.clone()))
                .unwrap_or_default(),
            id: row.license_id,
            name: row.name,
            description: row.description,
            role_group: row.role_group,
            valid_roles: row.valid_roles,
            current_value: row.current_value,
            allocations_available: row.allocations_available,
        });
        Ok(licenses.collect())
    }
}

async fn license_counts(
    tx: &mut Transaction<'static, Postgres>,
    org: OrgId,
    generation: i64,
    window: Window,
) -> Result<BTreeMap<(Uuid, String), ClassCounts>> {
    let rows = sqlx::query!(
        r#"select connection_id, license_id as "license_id!", class, count(*) as "seats!"
           from seats
           where org_id = $1 and generation = $2 and window_days = $3 and license_id is not null
           group by connection_id, license_id, class"#,
        org.0,
        generation,
        window.days() as i32,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut counts: BTreeMap<_, ClassCounts> = BTreeMap::new();
    for row in rows {
        if let Some(class) = Class::from_name(&row.class) {
            let key = (row.connection_id, row.license_id);
            counts.entry(key).or_default().add(class, row.seats);
        }
    }
    Ok(counts)
}
