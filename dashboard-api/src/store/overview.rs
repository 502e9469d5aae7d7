//! What only the overview shows: the change of the last month, the trend, the teams with the most
//! waste, and how far the first steps have gone.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use serde_json::Value;

use super::{Result, Store};
use crate::{
    seat::{Class, ClassCounts},
    window::Window,
};

/// How much older figures are compared with.
const CHANGE_DAYS: i32 = 30;
/// Points of the trend, one for each week.
const TREND_WEEKS: i32 = 26;

/// The seats of an earlier day.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    pub day: Date,
    pub counts: ClassCounts,
}

#[derive(Debug, Clone, Copy)]
pub struct TrendDay {
    pub day: Date,
    pub seats: i64,
    pub active: i64,
}

/// Open recommendations, and what they and the verified ones save.
#[derive(Debug, Clone, Default)]
pub struct RecommendationCounts {
    pub open: Vec<(String, i64)>,
    pub identified_monthly: Option<i64>,
    pub realized_monthly: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct TeamWaste {
    pub id: String,
    pub name: String,
    pub seats: i64,
    pub idle: i64,
    /// Idle, never used and pending seats.
    pub idle_by_license: Vec<(String, i64)>,
}

#[derive(Debug, Clone, Copy)]
pub struct FirstSteps {
    pub prices: bool,
    pub recommendations: bool,
    pub notifications: bool,
}

impl Store {
    /// The newest history that is at least a month older than a day.
    pub async fn change_before(
        &self,
        org: OrgId,
        day: Date,
        window: Window,
    ) -> Result<Option<Change>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select day, class, sum(seats)::bigint as "seats!" from seat_history
               where org_id = $1 and window_days = $2 and day = (
                   select max(day) from seat_history
                   where org_id = $1 and window_days = $2 and day <= $3::date - $4::int)
               group by day, class"#,
            org.0,
            window.days() as i32,
            day.to_sqlx() as _,
            CHANGE_DAYS,
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut change: Option<Change> = None;
        for row in rows {
            let found = change.get_or_insert_with(|| Change {
                day: row.day.to_jiff(),
                counts: ClassCounts::default(),
            });
            if let Some(class) = Class::from_name(&row.class) {
                found.counts.add(class, row.seats);
            }
        }
        Ok(change)
    }

    /// The last known day of each of the last weeks.
    pub async fn trend(&self, org: OrgId, day: Date, window: Window) -> Result<Vec<TrendDay>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select day, sum(seats)::bigint as "seats!",
                   coalesce(sum(seats) filter (where class = 'active'), 0)::bigint as "active!"
               from seat_history
               where org_id = $1 and window_days = $2 and day in (
                   select max(day) from seat_history
                   where org_id = $1 and window_days = $2 and day <= $3::date
                       and day > $3::date - $4::int * 7
                   group by ($3::date - day) / 7)
               group by day order by day"#,
            org.0,
            window.days() as i32,
            day.to_sqlx() as _,
            TREND_WEEKS,
        )
        .fetch_all(&mut *tx)
        .await?;
        let days = rows.into_iter().map(|row| TrendDay {
            day: row.day.to_jiff(),
            seats: row.seats,
            active: row.active,
        });
        Ok(days.collect())
    }

    pub async fn recommendation_counts(&self, org: OrgId) -> Result<RecommendationCounts> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select kind, count(*) as "open!", sum(saving_monthly)::bigint as saving
               from recommendations
               where org_id = $1 and raised and state in ('open', 'accepted')
               group by kind order by kind"#,
            org.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let realized = sqlx::query_scalar!(
            "select sum(saving_monthly)::bigint from realized_savings
             where org_id = $1 and withdrawn_at is null",
            org.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(RecommendationCounts {
            identified_monthly: Some(rows.iter().filter_map(|row| row.saving).sum()),
            open: rows.into_iter().map(|row| (row.kind, row.open)).collect(),
            realized_monthly: Some(realized.unwrap_or_default()),
        })
    }

    pub async fn team_waste(
        &self,
        org: OrgId,
        generation: i64,
        window: Window,
    ) -> Result<Vec<TeamWaste>> {
        let teams = self.teams(org, generation, window).await?;
        let teams = teams.into_iter().map(|team| TeamWaste {
            id: team.id,
            name: team.name,
            seats: team.seats,
            idle: team.idle,
            idle_by_license: team.idle_by_license,
        });
        Ok(teams.collect())
    }

    pub async fn first_steps(&self, org: OrgId) -> Result<FirstSteps> {
        let mut tx = self.begin(org).await?;
        let row = sqlx::query!(
            r#"select exists (select from license_prices where org_id = $1) as "prices!",
                   exists (select from recommendation_events where org_id = $1 and by <> '')
                       as "recommendations!",
                   exists (select from notification_settings where org_id = $1)
                       as "notifications!""#,
            org.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(FirstSteps {
            prices: row.prices,
            recommendations: row.recommendations,
            notifications: row.notifications,
        })
    }
}

/// `{class: seats}` as counts.
pub(super) fn counts_of(by_class: &Value) -> ClassCounts {
    let mut counts = ClassCounts::default();
    for (name, seats) in by_class.as_object().into_iter().flatten() {
        if let Some(class) = Class::from_name(name) {
            counts.add(class, seats.as_i64().unwrap_or_default());
        }
    }
    counts
}
