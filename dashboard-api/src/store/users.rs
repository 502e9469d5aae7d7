//! Seats one by one: the list with its filters and orders, and one user with weeks and evidence.

use std::collections::HashMap;

use jiff::Timestamp;
use proto::OrgId;
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Store};
use crate::window::Window;

/// Which seats of one generation and window, in which order.
#[derive(Debug, Clone)]
pub struct SeatQuery {
    pub generation: i64,
    pub window: Window,
    pub class: Option<String>,
    /// Part of the name or e-mail, whatever the case.
    pub text: Option<String>,
    pub license: Option<String>,
    pub team: Option<String>,
    pub sort: SortKey,
    pub descending: bool,
    pub limit: i64,
    /// Where the page before ended.
    pub after: Option<Position>,
}

/// What seats can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    Name,
    Email,
    Role,
    Class,
    LastAny,
    Duty,
    Actions,
}

impl SortKey {
    pub const ALL: [Self; 7] = [
        Self::Name,
        Self::Email,
        Self::Role,
        Self::Class,
        Self::LastAny,
        Self::Duty,
        Self::Actions,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Role => "role",
            Self::Class => "class",
            Self::LastAny => "last_any",
            Self::Duty => "duty",
            Self::Actions => "actions",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }
}

/// A seat's place in an order: what it is sorted by, and its identity.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    pub text: String,
    pub number: i64,
    pub user: String,
    pub connection: Uuid,
}

#[derive(Debug, Clone)]
pub struct SeatRow {
    pub connection_id: Uuid,
    pub user_id: String,
    pub name: String,
    pub email: String,
    pub role: String,
    pub job_title: String,
    pub time_zone: String,
    pub invitation_sent: bool,
    pub license_id: Option<String>,
    pub license_name: Option<String>,
    pub allocated_at: Option<jiff_sqlx::Timestamp>,
    pub first_seen_at: jiff_sqlx::Timestamp,
    pub teams: Value,
    pub class: String,
    pub duty_seconds: i64,
    pub duty_level_1_seconds: i64,
    pub duty_level_2_plus_seconds: i64,
    pub actions: i64,
    pub last_any_at: Option<jiff_sqlx::Timestamp>,
    pub last_any_feature: Option<String>,
    pub sort_text: String,
    pub sort_number: i64,
}

impl SeatRow {
    pub fn position(&self) -> Position {
        Position {
            text: self.sort_text.clone(),
            number: self.sort_number,
            user: self.user_id.clone(),
            connection: self.connection_id,
        }
    }
}

#[derive(Debug, Clone)]
pub struct SeatFeatureRow {
    pub feature: String,
    pub verdict: String,
    pub last: Option<Timestamp>,
    pub uses: i64,
    pub active_days: i32,
}

/// Verdicts by connection and user.
pub type FeaturesOfSeats = HashMap<(Uuid, String), Vec<SeatFeatureRow>>;

/// The two directions of one statement. Classes are ordered as `crate::seat::Class::ALL` lists them.
macro_rules! seat_page {
    ($beyond:literal, $order:literal, $query:expr, $org:expr) => {
        sqlx::query_as!(
            SeatRow,
            r#"with keyed as (
                   select s.*,
                       case $7 when 'name' then lower(name) when 'email' then lower(email)
                           when 'role' then role else '' end as sort_text,
                       case $7 when 'duty' then duty_seconds when 'actions' then actions
                           when 'last_any' then
                               coalesce((extract(epoch from last_any_at) * 1000000)::bigint, -1)
                           when 'class' then array_position(array['exempt', 'active', 'viewer',
                               'pending', 'new', 'unknown', 'standby', 'idle', 'never'], class)
                           else 0 end as sort_number
                   from seats s
                   where org_id = $1 and generation = $2 and window_days = $3
                       and ($4::text is null or class = any(string_to_array($4, ',')))
                       and ($5::text is null or license_id = any(string_to_array($5, ',')))
                       and ($6::text is null or exists (
                           select from jsonb_to_recordset(teams) as t(id text)
                           where t.id = any(string_to_array($6, ','))))
                       and ($8::text is null
                           or position(lower($8) in lower(name || ' ' || email)) > 0)
               )
               select connection_id, user_id, name, email, role, job_title, time_zone,
                   invitation_sent, license_id, license_name, allocated_at, first_seen_at, teams,
                   class, duty_seconds, duty_level_1_seconds, duty_level_2_plus_seconds, actions,
                   last_any_at, last_any_feature, sort_text as "sort_text!",
                   sort_number as "sort_number!"
               from keyed
               where $9::text is null or (sort_text collate "C", sort_number, user_id collate "C",
                   connection_id) "# + $beyond + r#" ($9, $10, $11, $12::uuid)
               order by "# + $order + r#" limit $13"#,
            $org.0,
            $query.generation,
            $query.window.days() as i32,
            $query.class,
            $query.license,
            $query.team,
            $query.sort.name(),
            $query.text,
            $query.after.as_ref().map(|after| after.text.as_str()),
            $query.after.as_ref().map(|after| after.number),
            $query.after.as_ref().map(|after| after.user.as_str()),
            $query.after.as_ref().map(|after| after.connection),
            $query.limit,
        )
    };
}

impl Store {
    /// One page of seats.
    pub async fn seats(&self, org: OrgId, query: &SeatQuery) -> Result<Vec<SeatRow>> {
        let mut tx = self.begin(org).await?;
        let rows = if query.descending {
            seat_page!(
                "<",
                r#"sort_text collate "C" desc, sort_number desc, user_id collate "C" desc, connection_id desc"#,
                query,
                org
            )
            .fetch_all(&mut *tx)
            .await?
        } else {
            seat_page!(
                ">",
                r#"sort_text collate "C", sort_number, user_id collate "C", connection_id"#,
                query,
                org
            )
            .fetch_all(&mut *tx)
            .await?
        };
        Ok(rows)
    }

    /// Number of seats that a query's filters let through.
    pub async fn count_seats(&self, org: OrgId, query: &SeatQuery) -> Result<i64> {
        let mut tx = self.begin(org).await?;
        let total = sqlx::query_scalar!(
            r#"select count(*) as "total!" from seats
               where org_id = $1 and generation = $2 and window_days = $3
                   and ($4::text is null or class = any(string_to_array($4, ',')))
                   and ($5::text is null or license_id = any(string_to_array($5, ',')))
                   and ($6::text is null or exists (
                       select from jsonb_to_recordset(teams) as t(id text)
                       where t.id = any(string_to_array($6, ','))))
                   and ($7::text is null
                       or position(lower($7) in lower(name || ' ' || email)) > 0)"#,
            org.0,
            query.generation,
            query.window.days() as i32,
            query.class,
            query.license,
            query.team,
            query.text,
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(total)
    }

    /// One seat.
    pub async fn seat(
        &self,
        org: OrgId,
        generation: i64,
        window: Window,
        user: &str,
    ) -> Result<Option<SeatRow>> {
        let mut tx = self.begin(org).await?;
        let row = sqlx::query_as!(
            SeatRow,
            r#"select connection_id, user_id, name, email, role, job_title, time_zone,
                   invitation_sent, license_id, license_name, allocated_at, first_seen_at, teams,
                   class, duty_seconds, duty_level_1_seconds, duty_level_2_plus_seconds, actions,
                   last_any_at, last_any_feature, '' as "sort_text!", 0::bigint as "sort_number!"
               from seats
               where org_id = $1 and generation = $2 and window_days = $3 and user_id = $4
               order by connection_id limit 1"#,
            org.0,
            generation,
            window.days() as i32,
            user,
        )
        .fetch_optional(&mut *tx)
        .await?;
        Ok(row)
    }

    /// The verdicts of some seats.
    pub async fn features_of(
        &self,
        org: OrgId,
        generation: i64,
        window: Window,
        users: &[String],
    ) -> Result<FeaturesOfSeats> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            "select connection_id, user_id, feature, verdict, last_used_at, uses, active_days
             from seat_features
             where org_id = $1 and generation = $2 and window_days = $3 and user_id = any($4)",
            org.0,
            generation,
            window.days() as i32,
            users,
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut features = FeaturesOfSeats::new();
        for row in rows {
            let of_seat = features
                .entry((row.connection_id, row.user_id))
                .or_default();
            of_seat.push(SeatFeatureRow {
                feature: row.feature,
                verdict: row.verdict,
                last: row.last_used_at.map(jiff_sqlx::Timestamp::to_jiff),
                uses: row.uses,
                active_days: row.active_days,
            });
        }
        Ok(features)
    }
}
