//! What the aggregate pages read of one generation.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use serde::Deserialize;
use serde_json::Value;
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
    /// The day of as_of in the organization's time zone.
    pub day: Date,
    pub connection: Uuid,
    pub run: Uuid,
    pub datasets: Vec<Coverage>,
    /// Feature ids in the order of the lists in seats.
    pub features: Vec<String>,
    pub time_zone: String,
    pub accepted_blind_spots: Vec<String>,
    /// One run of each connection.
    pub runs: Vec<Uuid>,
}

impl Generation {
    /// The runs that it contains.
    pub fn runs(&self) -> Vec<Uuid> {
        if self.runs.is_empty() {
            return vec![self.run];
        }
        self.runs.clone()
    }

    /// Its coverage as a document.
    pub fn coverage_rows(&self) -> Vec<CoverageRow> {
        self.datasets.iter().map(CoverageRow::from).collect()
    }
}

/// What of an organization's settings every answer depends on.
#[derive(Debug, Clone)]
pub struct Standing {
    pub revision: i64,
    pub privacy: String,
}

/// Which seats of one generation and window.
#[derive(Debug, Clone, Copy)]
pub struct SeatFilter<'a> {
    pub generation: i64,
    pub window: Window,
    pub team: Option<&'a [String]>,
    pub license: Option<&'a [String]>,
}

impl SeatFilter<'_> {
    fn window_days(&self) -> i32 {
        self.window.days() as i32
    }
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

#[derive(Debug, Deserialize)]
struct RunOfConnection {
    run_id: Option<Uuid>,
}

struct GenerationRow {
    generation: i64,
    as_of: jiff_sqlx::Timestamp,
    day: jiff_sqlx::Date,
    connection_id: Uuid,
    run_id: Uuid,
    datasets: Value,
    features: Vec<String>,
    time_zone: String,
    accepted_blind_spots: Vec<String>,
    connections: Value,
}

impl TryFrom<GenerationRow> for Generation {
    type Error = super::StoreError;

    fn try_from(row: GenerationRow) -> Result<Self> {
        let datasets: Vec<CoverageRow> = serde_json::from_value(row.datasets)?;
        let runs: Vec<RunOfConnection> = serde_json::from_value(row.connections)?;
        Ok(Self {
            number: row.generation,
            as_of: row.as_of.to_jiff(),
            day: row.day.to_jiff(),
            connection: row.connection_id,
            run: row.run_id,
            datasets: datasets
                .into_iter()
                .filter_map(CoverageRow::into_coverage)
                .collect(),
            features: row.features,
            time_zone: row.time_zone,
            accepted_blind_spots: row.accepted_blind_spots,
            runs: runs.into_iter().filter_map(|run| run.run_id).collect(),
        })
    }
}

impl Store {
    /// The newest generation, or a given one while its seats are kept.
    pub async fn generation(&self, org: OrgId, number: Option<i64>) -> Result<Option<Generation>> {
        let mut tx = self.begin(org).await?;
        generation(&mut tx, org, number).await
    }

    /// The newest generation, and the settings that answers depend on.
    pub async fn head(&self, org: OrgId) -> Result<(Option<Generation>, Standing)> {
        let mut tx = self.begin(org).await?;
        let newest = generation(&mut tx, org, None).await?;
        let row = sqlx::query_as!(
            Standing,
            "select revision, privacy from settings where org_id = $1",
            org.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let standing = row.unwrap_or_else(|| Standing {
            revision: 0,
            privacy: "named".to_owned(),
        });
        Ok((newest, standing))
    }

    /// The last generation up to the end of a day.
    pub async fn generation_of_day(&self, org: OrgId, day: Date) -> Result<Option<Generation>> {
        let mut tx = self.begin(org).await?;
        let row = sqlx::query_as!(
            GenerationRow,
            "select generation, as_of, day, connection_id, run_id, datasets, features, time_zone,
                 accepted_blind_spots, connections
             from generations where org_id = $1 and day <= $2 and last_of_day
             order by generation desc limit 1",
            org.0,
            day.to_sqlx() as _,
        )
        .fetch_optional(&mut *tx)
        .await?;
        row.map(Generation::try_from).transpose()
    }

    pub async fn seat_sums(&self, org: OrgId, filter: &SeatFilter<'_>) -> Result<SeatSums> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select class as "class!", sum(seats)::bigint as "seats!",
                   sum(duty_seconds)::bigint as "duty!",
                   sum(duty_level_1_seconds)::bigint as "level_1!",
                   sum(duty_level_2_plus_seconds)::bigint as "level_2_plus!",
                   sum(people_on_duty)::bigint as "people!"
               from (
                   select class, license_id, seats, people_on_duty, duty_seconds,
                       duty_level_1_seconds, duty_level_2_plus_seconds
                   from seat_totals
                   where org_id = $1 and generation = $2 and window_days = $3
                       and $4::text[] is null
                   union all
                   select class, coalesce(license_id, ''), 1, (duty_seconds > 0)::int, duty_seconds,
                       duty_level_1_seconds, duty_level_2_plus_seconds
                   from seats
                   where org_id = $1 and generation = $2 and window_days = $3
                       and $4::text[] is not null and exists (
                           select from jsonb_to_recordset(teams) as t(id text)
                           where t.id = any($4))
               ) one
               where $5::text[] is null or license_id = any($5)
               group by class"#,
            org.0,
            filter.generation,
            filter.window_days(),
            filter.team,
            filter.license,
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

    /// Seats by license, '' for those without one.
    pub async fn seats_by_license(
        &self,
        org: OrgId,
        filter: &SeatFilter<'_>,
    ) -> Result<Vec<(String, i64)>> {
        let mut tx = self.begin(org).await?;
        let counts = license_counts(&mut tx, org, filter).await?;
        let mut seats: BTreeMap<String, i64> = BTreeMap::new();
        for ((_, license), counts) in counts {
            *seats.entry(license).or_default() += counts.total();
        }
        Ok(seats.into_iter().collect())
    }

    pub async fn feature_totals(
        &self,
        org: OrgId,
        generation: &Generation,
        filter: &SeatFilter<'_>,
    ) -> Result<Vec<FeatureTotalRow>> {
        let mut tx = self.begin(org).await?;
        let mut totals = sqlx::query_as!(
            FeatureTotalRow,
            "select feature, used, unused, unknown, not_eligible, uses, unknown_reason
             from feature_totals where org_id = $1 and generation = $2 and window_days = $3",
            org.0,
            filter.generation,
            filter.window_days(),
        )
        .fetch_all(&mut *tx)
        .await?;
        if filter.team.is_none() && filter.license.is_none() {
            return Ok(totals);
        }
        let counted = count_features(&mut tx, org, generation, filter).await?;
        for total in &mut totals {
            let of_group = counted.get(&total.feature).cloned();
            if let Some(of_group) = of_group {
                let unknown_reason = total.unknown_reason.take();
                *total = FeatureTotalRow {
                    unknown_reason: unknown_reason.filter(|_| of_group.unknown > 0),
                    ..of_group
                };
            }
        }
        Ok(totals)
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

    pub async fn receipt_sums(&self, org: OrgId, runs: &[Uuid]) -> Result<ReceiptSums> {
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
               from receipts c where c.org_id = $1 and c.run_id = any($2)"#,
            org.0,
            runs,
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
        filter: &SeatFilter<'_>,
    ) -> Result<Vec<LicenseRow>> {
        let mut tx = self.begin(org).await?;
        let mut counts = license_counts(&mut tx, org, filter).await?;
        let rows = sqlx::query!(
            "select connection_id, license_id, name, description, role_group, valid_roles,
                 current_value, allocations_available
             from license_totals
             where org_id = $1 and generation = $2 and ($3::text[] is null or license_id = any($3))
             order by name, license_id, connection_id",
            org.0,
            filter.generation,
            filter.license,
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

type Tx<'a> = &'a mut Transaction<'static, Postgres>;

async fn generation(tx: Tx<'_>, org: OrgId, number: Option<i64>) -> Result<Option<Generation>> {
    let row = sqlx::query_as!(
        GenerationRow,
        "select generation, as_of, day, connection_id, run_id, datasets, features, time_zone,
             accepted_blind_spots, connections
         from generations where org_id = $1 and ($2::bigint is null or generation = $2)
         order by generation desc limit 1",
        org.0,
        number,
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Generation::try_from).transpose()
}

/// Verdicts of a group, counted out of the lists of its seats.
async fn count_features(
    tx: Tx<'_>,
    org: OrgId,
    generation: &Generation,
    filter: &SeatFilter<'_>,
) -> Result<BTreeMap<String, FeatureTotalRow>> {
    let rows = sqlx::query!(
        r#"select place as "place!", count(*) filter (where verdict = 'u') as "used!",
               count(*) filter (where verdict = 'n') as "unused!",
               count(*) filter (where verdict = '?') as "unknown!",
               count(*) filter (where verdict = '-') as "not_eligible!",
               coalesce(sum(one_uses), 0)::bigint as "uses!"
           from (
               select place, substr(verdicts, place::int, 1) as verdict, uses[place] as one_uses
               from seats, generate_series(1, length(verdicts)) as place
               where org_id = $1 and generation = $2 and window_days = $3
                   and ($4::text[] is null or exists (
                       select from jsonb_to_recordset(teams) as t(id text) where t.id = any($4)))
                   and ($5::text[] is null or license_id = any($5))
           ) one group by place"#,
        org.0,
        filter.generation,
        filter.window_days(),
        filter.team,
        filter.license,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut counted: BTreeMap<_, _> = generation
        .features
        .iter()
        .map(|feature| {
            let nothing = FeatureTotalRow {
                feature: feature.clone(),
                used: 0,
                unused: 0,
                unknown: 0,
                not_eligible: 0,
                uses: 0,
                unknown_reason: None,
            };
            (feature.clone(), nothing)
        })
        .collect();
    for row in rows {
        let place = usize::try_from(row.place - 1).unwrap_or(usize::MAX);
        let feature = generation.features.get(place);
        if let Some(total) = feature.and_then(|feature| counted.get_mut(feature)) {
            total.used = row.used;
            total.unused = row.unused;
            total.unknown = row.unknown;
            total.not_eligible = row.not_eligible;
            total.uses = row.uses;
        }
    }
    Ok(counted)
}

async fn license_counts(
    tx: Tx<'_>,
    org: OrgId,
    filter: &SeatFilter<'_>,
) -> Result<BTreeMap<(Uuid, String), ClassCounts>> {
    let rows = sqlx::query!(
        r#"select connection_id as "connection_id!", license_id as "license_id!",
               class as "class!", sum(seats)::bigint as "seats!"
           from (
               select connection_id, license_id, class, seats from seat_totals
               where org_id = $1 and generation = $2 and window_days = $3 and $4::text[] is null
               union all
               select connection_id, coalesce(license_id, ''), class, 1 from seats
               where org_id = $1 and generation = $2 and window_days = $3
                   and $4::text[] is not null and exists (
                       select from jsonb_to_recordset(teams) as t(id text) where t.id = any($4))
           ) one
           where $5::text[] is null or license_id = any($5)
           group by connection_id, license_id, class"#,
        org.0,
        filter.generation,
        filter.window_days(),
        filter.team,
        filter.license,
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
