//! Seats one by one: the list with its filters and orders, one of them, and all of them as a stream.

use futures::{TryStreamExt, stream::BoxStream};
use jiff::civil::Date;
use proto::OrgId;
use serde::Deserialize;
use serde_json::Value;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, Store, read::Generation};
use crate::window::Window;

/// Which seats of one generation and window, in which order.
#[derive(Debug, Clone)]
pub struct SeatQuery {
    pub generation: i64,
    pub window: Window,
    pub class: Option<Vec<String>>,
    pub role: Option<Vec<String>>,
    /// Kinds of open recommendations.
    pub recommendation: Option<Vec<String>>,
    /// Part of the name or e-mail, whatever the case.
    pub text: Option<String>,
    /// Only these users; what a search behind pseudonyms found.
    pub among: Option<Vec<String>>,
    /// Order by id instead of by name or e-mail.
    pub by_id: bool,
    pub license: Option<Vec<String>>,
    pub team: Option<Vec<String>>,
    pub features: Vec<FeatureFilter>,
    pub sort: SortKey,
    pub descending: bool,
    pub limit: i64,
    /// Where the page before ended.
    pub after: Option<Position>,
}

impl SeatQuery {
    /// Everything that decides which seats come in which order, as text.
    pub fn binding(&self) -> String {
        format!(
            "{:?}",
            (
                (self.window, &self.class, &self.role, &self.recommendation),
                (&self.text, &self.license, &self.team, &self.features),
                (self.sort, self.descending),
            )
        )
    }

    fn order(&self) -> &'static str {
        match self.sort {
            SortKey::Name | SortKey::Email if self.by_id => "id",
            SortKey::Name => "name",
            SortKey::Email => "email",
            SortKey::Role => "role",
            SortKey::Class => "class",
            SortKey::LastAny => "last_any",
            SortKey::Duty => "duty",
            SortKey::Actions => "actions",
        }
    }
}

/// What a feature must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureFilter {
    pub feature: &'static str,
    /// One letter of `seats.verdicts`.
    pub verdict: Option<char>,
    /// Not used for at least so many days.
    pub idle_days: Option<i32>,
}

impl FeatureFilter {
    pub fn verdict(feature: &'static str, letter: char) -> Self {
        Self {
            feature,
            verdict: Some(letter),
            idle_days: None,
        }
    }

    pub fn idle(feature: &'static str, days: i32) -> Self {
        Self {
            feature,
            verdict: None,
            idle_days: Some(days),
        }
    }
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

/// A seat's place in an order: what it is sorted by, and its identity.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    pub text: String,
    pub number: i64,
    pub user: String,
    pub connection: Uuid,
}

/// The stored form of an exemption within a seat.
#[derive(Debug, Clone, Deserialize)]
pub struct Exemption {
    pub reason: String,
    pub until: Option<Date>,
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
    /// Lists in the order of the generation's features.
    pub verdicts: String,
    pub last_used: Vec<Option<jiff_sqlx::Timestamp>>,
    pub uses: Vec<i32>,
    pub active_days: Vec<i32>,
    pub weeks: Vec<i32>,
    pub presence: Value,
    pub escalation: Value,
    pub schedules: Value,
    pub exempt: Option<Value>,
    pub deleted_at: Option<jiff_sqlx::Timestamp>,
    pub recommendation_id: Option<Uuid>,
    pub recommendation_kind: Option<String>,
    pub recommendation_state: Option<String>,
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

/// The feature filters as lists: place in `verdicts`, letter or '', days or -1.
struct Places {
    positions: Vec<i32>,
    letters: Vec<String>,
    days: Vec<i32>,
}

impl Places {
    fn of(query: &SeatQuery, generation: &Generation) -> Self {
        let mut lists = Self {
            positions: Vec::new(),
            letters: Vec::new(),
            days: Vec::new(),
        };
        for filter in &query.features {
            let found = generation
                .features
                .iter()
                .position(|one| one == filter.feature);
            // A feature that the generation does not know lets nobody through.
            lists.positions.push(
                found
                    .and_then(|place| i32::try_from(place + 1).ok())
                    .unwrap_or(0),
            );
            lists
                .letters
                .push(filter.verdict.map(String::from).unwrap_or_default());
            lists.days.push(filter.idle_days.unwrap_or(-1));
        }
        lists
    }
}

/// The two directions of one statement. Classes are ordered as `crate::seat::Class::ALL` lists them.
macro_rules! seat_page {
    ($beyond:literal, $order:literal, $query:expr, $org:expr, $places:expr, $as_of:expr) => {
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
                       and ($4::text[] is null or class = any($4))
                       and ($5::text[] is null or license_id = any($5))
                       and ($6::text[] is null or exists (
                           select from jsonb_to_recordset(teams) as t(id text)
                           where t.id = any($6)))
                       and ($8::text is null
                           or position(lower($8) in lower(name || ' ' || email)) > 0)
                       and ($14::text[] is null or role = any($14))
                       and ($15::text[] is null or user_id = any($15))
                       and ($16::text[] is null or exists (
                           select from recommendations r
                           where r.org_id = $1 and r.connection_id = s.connection_id
                               and r.user_id = s.user_id and r.raised and r.state = 'open'
                               and r.kind = any($16)))
                       and not exists (
                           select from unnest($17::int[], $18::text[], $19::int[])
                               as f(place, letter, days)
                           where f.letter <> '' and substr(verdicts, f.place, 1) <> f.letter
                               or f.place = 0
                               or f.days >= 0 and last_used[f.place]
                                   > $20::timestamptz - f.days * interval '1 day')
               ), page as (
                   select * from keyed
                   where $9::text is null or (sort_text collate "C", sort_number,
                       user_id collate "C", connection_id) "# + $beyond + r#" ($9, $10, $11, $12::uuid)
                   order by "# + $order + r#" limit $13
               )
               select page.connection_id as "connection_id!", page.user_id as "user_id!",
                   page.name as "name!", page.email as "email!", page.role as "role!",
                   page.job_title as "job_title!", page.time_zone as "time_zone!",
                   page.invitation_sent as "invitation_sent!", page.license_id,
                   page.license_name, page.allocated_at, page.first_seen_at as "first_seen_at!",
                   page.teams as "teams!", page.class as "class!",
                   page.duty_seconds as "duty_seconds!",
                   page.duty_level_1_seconds as "duty_level_1_seconds!",
                   page.duty_level_2_plus_seconds as "duty_level_2_plus_seconds!",
                   page.actions as "actions!", page.last_any_at, page.last_any_feature,
                   page.verdicts as "verdicts!",
                   page.last_used as "last_used!: Vec<Option<jiff_sqlx::Timestamp>>",
                   page.uses as "uses!", page.active_days as "active_days!",
                   page.weeks as "weeks!", page.presence as "presence!",
                   page.escalation as "escalation!", page.schedules as "schedules!", page.exempt,
                   u.deleted_at as "deleted_at?", r.id as "recommendation_id?",
                   r.kind as "recommendation_kind?", r.state as "recommendation_state?",
                   page.sort_text as "sort_text!", page.sort_number as "sort_number!"
               from page
               left join lateral (
                   select deleted_at from users
                   where org_id = $1 and connection_id = page.connection_id
                       and id = page.user_id
               ) u on true
               left join lateral (
                   select id, kind, state from recommendations r
                   where r.org_id = $1 and r.connection_id = page.connection_id
                       and r.user_id = page.user_id and r.raised and r.kind <> 'ghost'
                   order by r.kind limit 1
               ) r on true
               order by "# + $order,
            $org.0,
            $query.generation,
            $query.window.days() as i32,
            $query.class.as_deref(),
            $query.license.as_deref(),
            $query.team.as_deref(),
            $query.order(),
            $query.text.as_deref(),
            $query.after.as_ref().map(|after| after.text.as_str()),
            $query.after.as_ref().map(|after| after.number),
            $query.after.as_ref().map(|after| after.user.as_str()),
            $query.after.as_ref().map(|after| after.connection),
            $query.limit,
            $query.role.as_deref(),
            $query.among.as_deref(),
            $query.recommendation.as_deref(),
            &$places.positions,
            &$places.letters,
            &$places.days,
            $as_of as _,
        )
    };
}

macro_rules! directed {
    ($query:expr, $org:expr, $places:expr, $as_of:expr, $fetch:ident, $tx:expr) => {
        if $query.descending {
            seat_page!(
                "<",
                r#"sort_text collate "C" desc, sort_number desc, user_id collate "C" desc, connection_id desc"#,
                $query, $org, $places, $as_of
            )
            .$fetch($tx)
        } else {
            seat_page!(
                ">",
                r#"sort_text collate "C", sort_number, user_id collate "C", connection_id"#,
                $query, $org, $places, $as_of
            )
            .$fetch($tx)
        }
    };
}

impl Store {
    /// One page of seats.
    pub async fn seats(
        &self,
        org: OrgId,
        query: &SeatQuery,
        generation: &Generation,
    ) -> Result<Vec<SeatRow>> {
        let mut tx = self.begin(org).await?;
        let places = Places::of(query, generation);
        let as_of = jiff_sqlx::ToSqlx::to_sqlx(generation.as_of);
        let rows = directed!(query, org, places, as_of, fetch, &mut *tx);
        Ok(rows.try_collect().await?)
    }

    /// All seats of a question as they come.
    pub fn stream_seats<'a>(
        &self,
        tx: &'a mut Transaction<'static, Postgres>,
        org: OrgId,
        query: &SeatQuery,
        generation: &Generation,
    ) -> BoxStream<'a, Result<SeatRow, sqlx::Error>> {
        let places = Places::of(query, generation);
        let as_of = jiff_sqlx::ToSqlx::to_sqlx(generation.as_of);
        directed!(query, org, places, as_of, fetch, &mut **tx)
    }

    /// Number of seats that a query's filters let through.
    pub async fn count_seats(
        &self,
        org: OrgId,
        query: &SeatQuery,
        generation: &Generation,
    ) -> Result<i64> {
        let mut tx = self.begin(org).await?;
        let places = Places::of(query, generation);
        let total = sqlx::query_scalar!(
            r#"select count(*) as "total!" from seats s
               where org_id = $1 and generation = $2 and window_days = $3
                   and ($4::text[] is null or class = any($4))
                   and ($5::text[] is null or license_id = any($5))
                   and ($6::text[] is null or exists (
                       select from jsonb_to_recordset(teams) as t(id text)
                       where t.id = any($6)))
                   and ($7::text is null
                       or position(lower($7) in lower(name || ' ' || email)) > 0)
                   and ($8::text[] is null or role = any($8))
                   and ($9::text[] is null or user_id = any($9))
                   and ($10::text[] is null or exists (
                       select from recommendations r
                       where r.org_id = $1 and r.connection_id = s.connection_id
                           and r.user_id = s.user_id and r.raised and r.state = 'open'
                           and r.kind = any($10)))
                   and not exists (
                       select from unnest($11::int[], $12::text[], $13::int[])
                           as f(place, letter, days)
                       where f.letter <> '' and substr(verdicts, f.place, 1) <> f.letter
                           or f.place = 0
                           or f.days >= 0 and last_used[f.place]
                               > $14::timestamptz - f.days * interval '1 day')"#,
            org.0,
            query.generation,
            query.window.days() as i32,
            query.class.as_deref(),
            query.license.as_deref(),
            query.team.as_deref(),
            query.text.as_deref(),
            query.role.as_deref(),
            query.among.as_deref(),
            query.recommendation.as_deref(),
            &places.positions,
            &places.letters,
            &places.days,
            jiff_sqlx::ToSqlx::to_sqlx(generation.as_of) as _,
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(total)
    }

    /// One seat.
    pub async fn seat(
        &self,
        org: OrgId,
        generation: &Generation,
        window: Window,
        user: &str,
    ) -> Result<Option<SeatRow>> {
        let query = SeatQuery {
            generation: generation.number,
            window,
            class: None,
            role: None,
            recommendation: None,
            text: None,
            among: Some(vec![user.to_owned()]),
            by_id: true,
            license: None,
            team: None,
            features: Vec::new(),
            sort: SortKey::Name,
            descending: false,
            limit: 1,
            after: None,
        };
        Ok(self.seats(org, &query, generation).await?.pop())
    }

    /// The users of one generation.
    pub async fn seat_ids(
        &self,
        org: OrgId,
        generation: i64,
        window: Window,
    ) -> Result<Vec<String>> {
        let mut tx = self.begin(org).await?;
        let ids = sqlx::query_scalar!(
            "select user_id from seats
             where org_id = $1 and generation = $2 and window_days = $3",
            org.0,
            generation,
            window.days() as i32,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(ids)
    }
}
