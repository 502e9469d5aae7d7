//! Totals by team, license, month and week, and the load of duty.

use jiff::civil::Date;
use proto::OrgId;
use serde_json::Value;

use super::{Result, Store, overview::counts_of};
use crate::{
    seat::{Class, ClassCounts},
    window::Window,
};

/// What verdicts are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    Team,
    License,
}

/// Verdicts of one group, in the order of the generation's features.
#[derive(Debug, Clone)]
pub struct FeatureGroup {
    pub id: String,
    pub name: String,
    pub used: Vec<i32>,
    pub eligible: Vec<i32>,
    pub unknown: Vec<i32>,
    /// How many seats there are, as far as the lists tell.
    pub seats: i64,
}

#[derive(Debug, Clone)]
pub struct FeatureMonth {
    pub month: Date,
    pub feature: String,
    pub people: i64,
    pub uses: i64,
    pub complete: bool,
}

#[derive(Debug, Clone)]
pub struct TeamRow {
    pub id: String,
    pub name: String,
    pub parent_id: String,
    pub members: i64,
    pub seats: i64,
    pub active: i64,
    pub idle: i64,
    pub counts: ClassCounts,
    pub duty_seconds: i64,
    pub by_license: Vec<(String, i64)>,
    /// Idle, never used and pending seats.
    pub idle_by_license: Vec<(String, i64)>,
}

#[derive(Debug, Clone)]
pub struct LoadRow {
    pub user_id: String,
    pub name: String,
    pub team_ids: Vec<String>,
    pub duty_seconds: i64,
    pub business_seconds: i64,
    pub notifications: i64,
    pub sleep_notifications: i64,
    pub mean_ack_seconds: Option<i64>,
    pub first_week: Date,
    pub weeks: Vec<i64>,
    pub ghost: bool,
}

#[derive(Debug, Clone)]
pub struct SingleLevel {
    pub policy_id: String,
    pub policy: String,
    pub level: i32,
    pub user_id: String,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct IncidentWeek {
    pub week_start: Date,
    pub incidents: i64,
    pub high_urgency: i64,
    pub acknowledged: i64,
    pub ack_seconds: i64,
    pub resolved: i64,
    pub resolve_seconds: i64,
    pub complete: bool,
}

impl IncidentWeek {
    /// Takes another week into the same bucket.
    pub fn add(&mut self, other: &Self) {
        self.incidents += other.incidents;
        self.high_urgency += other.high_urgency;
        self.acknowledged += other.acknowledged;
        self.ack_seconds += other.ack_seconds;
        self.resolved += other.resolved;
        self.resolve_seconds += other.resolve_seconds;
        self.complete &= other.complete;
    }
}

#[derive(Debug, Clone)]
pub struct AddonRow {
    pub id: String,
    pub bought: Option<bool>,
    /// `None`: what would tell cannot be read.
    pub objects: Option<i64>,
    pub verdict: String,
    pub last_at: Option<jiff_sqlx::Timestamp>,
    pub reason: Option<String>,
}

impl Store {
    pub async fn feature_groups(
        &self,
        org: OrgId,
        generation: i64,
        window: Window,
        grouping: Grouping,
    ) -> Result<Vec<FeatureGroup>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select g.id, g.name, g.used, g.eligible, g.unknown, coalesce(t.seats::bigint, (
                   select sum(s.seats)::bigint from seat_totals s
                   where s.org_id = $1 and s.generation = $2 and s.window_days = $3
                       and s.connection_id = g.connection_id and s.license_id = g.id), 0) as "seats!"
               from feature_groups g
               left join team_totals t on $4 = 'team' and t.org_id = $1 and t.generation = $2
                   and t.window_days = $3 and t.connection_id = g.connection_id and t.team_id = g.id
               where g.org_id = $1 and g.generation = $2 and g.window_days = $3 and g.grouping = $4
               order by g.name, g.id"#,
            org.0,
            generation,
            window.days() as i32,
            match grouping {
                Grouping::Team => "team",
                Grouping::License => "license",
            },
        )
        .fetch_all(&mut *tx)
        .await?;
        let groups = rows.into_iter().map(|row| FeatureGroup {
            id: row.id,
            name: row.name,
            used: row.used,
            eligible: row.eligible,
            unknown: row.unknown,
            seats: row.seats,
        });
        Ok(groups.collect())
    }

    pub async fn feature_months(&self, org: OrgId, generation: i64) -> Result<Vec<FeatureMonth>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            "select month, feature, people, uses, complete from feature_months
             where org_id = $1 and generation = $2 order by month, feature",
            org.0,
            generation,
        )
        .fetch_all(&mut *tx)
        .await?;
        let months = rows.into_iter().map(|row| FeatureMonth {
            month: row.month.to_jiff(),
            feature: row.feature,
            people: row.people,
            uses: row.uses,
            complete: row.complete,
        });
        Ok(months.collect())
    }

    pub async fn teams(&self, org: OrgId, generation: i64, window: Window) -> Result<Vec<TeamRow>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            "select team_id, name, parent_id, members, seats, active, idle, by_class, by_license,
                 duty_seconds
             from team_totals where org_id = $1 and generation = $2 and window_days = $3
             order by name, team_id",
            org.0,
            generation,
            window.days() as i32,
        )
        .fetch_all(&mut *tx)
        .await?;
        let teams = rows.into_iter().map(|row| {
            let by_license = licenses_of(&row.by_license);
            TeamRow {
                id: row.team_id,
                name: row.name,
                parent_id: row.parent_id,
                members: i64::from(row.members),
                seats: i64::from(row.seats),
                active: i64::from(row.active),
                idle: i64::from(row.idle),
                counts: counts_of(&row.by_class),
                duty_seconds: row.duty_seconds,
                idle_by_license: counted(&by_license, |counts| {
                    [Class::Idle, Class::Never, Class::Pending]
                        .map(|class| counts.of(class))
                        .iter()
                        .sum()
                }),
                by_license: counted(&by_license, ClassCounts::total),
            }
        });
        Ok(teams.collect())
    }

    pub async fn oncall_load(
        &self,
        org: OrgId,
        generation: i64,
        window: Window,
    ) -> Result<Vec<LoadRow>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            "select user_id, name, team_ids, duty_seconds, business_seconds, notifications,
                 sleep_notifications, mean_ack_seconds, first_week, weeks, ghost
             from oncall_load where org_id = $1 and generation = $2 and window_days = $3
             order by duty_seconds desc, user_id",
            org.0,
            generation,
            window.days() as i32,
        )
        .fetch_all(&mut *tx)
        .await?;
        let loads = rows.into_iter().map(|row| LoadRow {
            user_id: row.user_id,
            name: row.name,
            team_ids: row.team_ids,
            duty_seconds: row.duty_seconds,
            business_seconds: row.business_seconds,
            notifications: row.notifications,
            sleep_notifications: row.sleep_notifications,
            mean_ack_seconds: row.mean_ack_seconds,
            first_week: row.first_week.to_jiff(),
            weeks: row.weeks,
            ghost: row.ghost,
        });
        Ok(loads.collect())
    }

    pub async fn single_levels(&self, org: OrgId, generation: i64) -> Result<Vec<SingleLevel>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query_as!(
            SingleLevel,
            "select policy_id, policy, level, user_id, name from single_levels
             where org_id = $1 and generation = $2 order by policy, policy_id, level",
            org.0,
            generation,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }

    pub async fn incident_weeks(&self, org: OrgId, generation: i64) -> Result<Vec<IncidentWeek>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            "select week_start, incidents, high_urgency, acknowledged, ack_seconds, resolved,
                 resolve_seconds, complete
             from incident_weeks where org_id = $1 and generation = $2 order by week_start",
            org.0,
            generation,
        )
        .fetch_all(&mut *tx)
        .await?;
        let weeks = rows.into_iter().map(|row| IncidentWeek {
            week_start: row.week_start.to_jiff(),
            incidents: row.incidents,
            high_urgency: row.high_urgency,
            acknowledged: row.acknowledged,
            ack_seconds: row.ack_seconds,
            resolved: row.resolved,
            resolve_seconds: row.resolve_seconds,
            complete: row.complete,
        });
        Ok(weeks.collect())
    }

    pub async fn addon_totals(
        &self,
        org: OrgId,
        generation: i64,
        window: Window,
    ) -> Result<Vec<AddonRow>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query_as!(
            AddonRow,
            r#"select id, bool_or(bought) as bought, sum(objects)::bigint as objects,
                   (array_agg(verdict order by array_position(
                       array['used', 'unknown', 'unused', 'not_eligible'], verdict)))[1]
                       as "verdict!",
                   max(last_at) as last_at, max(reason) as reason
               from addon_totals where org_id = $1 and generation = $2 and window_days = $3
               group by id order by id"#,
            org.0,
            generation,
            window.days() as i32,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }
}

/// `{license_id: {class: seats}}` as counts.
fn licenses_of(by_license: &Value) -> Vec<(String, ClassCounts)> {
    let fields = by_license.as_object().into_iter().flatten();
    fields
        .map(|(license, by_class)| (license.clone(), counts_of(by_class)))
        .collect()
}

fn counted(
    licenses: &[(String, ClassCounts)],
    count: impl Fn(&ClassCounts) -> i64,
) -> Vec<(String, i64)> {
    licenses
        .iter()
        .map(|(license, counts)| (license.clone(), count(counts)))
        .collect()
}
