//! Recommendations as pages show them.

use proto::OrgId;
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Store};

#[derive(Debug, Clone)]
pub struct RecommendationQuery {
    pub kinds: Option<Vec<String>>,
    pub states: Option<Vec<String>>,
    pub teams: Option<Vec<String>>,
    pub confidence: Option<String>,
    pub user: Option<String>,
    pub sort: RecommendationSort,
    pub descending: bool,
    pub limit: i64,
    pub skip: i64,
}

impl RecommendationQuery {
    /// All about one person.
    pub fn of_user(user: &str) -> Self {
        Self {
            kinds: None,
            states: None,
            teams: None,
            confidence: None,
            user: Some(user.to_owned()),
            sort: RecommendationSort::Kind,
            descending: false,
            limit: 100,
            skip: 0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecommendationSort {
    Saving,
    Kind,
    Name,
    State,
}

impl RecommendationSort {
    fn name(self) -> &'static str {
        match self {
            Self::Saving => "saving",
            Self::Kind => "kind",
            Self::Name => "name",
            Self::State => "state",
        }
    }
}

#[derive(Debug, Clone)]
pub struct RecommendationRow {
    pub id: Uuid,
    pub connection_id: Uuid,
    pub kind: String,
    pub rule: String,
    pub rule_version: i32,
    pub user_id: String,
    pub user_name: String,
    pub addon: String,
    pub license_id: Option<String>,
    pub license_name: Option<String>,
    pub to_license_id: Option<String>,
    pub to_license_name: Option<String>,
    pub sentence: String,
    pub confidence: String,
    pub blockers: Value,
    pub saving_monthly: Option<i64>,
    pub saving_yearly: Option<i64>,
    pub currency: Option<String>,
    pub missing_price: Option<String>,
    pub realizable: String,
    pub evidence: Value,
    pub state: String,
    pub reason: String,
    pub until: Option<jiff_sqlx::Date>,
    pub verified_at: Option<jiff_sqlx::Timestamp>,
    pub as_of: jiff_sqlx::Timestamp,
}

#[derive(Debug, Clone)]
pub struct EventRow {
    pub at: jiff_sqlx::Timestamp,
    pub by: String,
    pub from_state: String,
    pub to_state: String,
    pub reason: String,
    pub until: Option<jiff_sqlx::Date>,
}

impl Store {
    /// A page, and how many there are on all pages. Those that are neither raised any more nor
    /// decided on are not shown.
    pub async fn recommendations(
        &self,
        org: OrgId,
        query: &RecommendationQuery,
    ) -> Result<(Vec<RecommendationRow>, i64)> {
        let mut tx = self.begin(org).await?;
        let total = sqlx::query_scalar!(
            r#"select count(*) as "total!" from recommendations
               where org_id = $1 and (raised or state not in ('open', 'snoozed'))
                   and ($2::text[] is null or kind = any($2))
                   and ($3::text[] is null or state = any($3))
                   and ($4::text[] is null or team_ids && $4)
                   and ($5::text is null or confidence = $5)
                   and ($6::text is null or user_id = $6)"#,
            org.0,
            query.kinds.as_deref(),
            query.states.as_deref(),
            query.teams.as_deref(),
            query.confidence.as_deref(),
            query.user.as_deref(),
        )
        .fetch_one(&mut *tx)
        .await?;
        let rows = sqlx::query_as!(
            RecommendationRow,
            r#"select id, connection_id, kind, rule, rule_version, user_id, user_name, addon,
                   license_id, license_name, to_license_id, to_license_name, sentence, confidence,
                   blockers, saving_monthly, saving_yearly, currency, missing_price, realizable,
                   evidence, state, reason, until, verified_at, as_of
               from recommendations
               where org_id = $1 and (raised or state not in ('open', 'snoozed'))
                   and ($2::text[] is null or kind = any($2))
                   and ($3::text[] is null or state = any($3))
                   and ($4::text[] is null or team_ids && $4)
                   and ($5::text is null or confidence = $5)
                   and ($6::text is null or user_id = $6)
               order by
                   case when $7 = 'saving' then
                       case when $8 then -1 else 1 end * coalesce(saving_monthly, -1) end,
                   case when not $8 then case $7 when 'kind' then kind when 'state' then state
                       when 'name' then lower(user_name) end end,
                   case when $8 then case $7 when 'kind' then kind when 'state' then state
                       when 'name' then lower(user_name) end end desc,
                   id
               limit $9 offset $10"#,
            org.0,
            query.kinds.as_deref(),
            query.states.as_deref(),
            query.teams.as_deref(),
            query.confidence.as_deref(),
            query.user.as_deref(),
            query.sort.name(),
            query.descending,
            query.limit,
            query.skip,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok((rows, total))
    }

    pub async fn recommendation(&self, org: OrgId, id: Uuid) -> Result<Option<RecommendationRow>> {
        let mut tx = self.begin(org).await?;
        let row = sqlx::query_as!(
            RecommendationRow,
            "select id, connection_id, kind, rule, rule_version, user_id, user_name, addon,
                 license_id, license_name, to_license_id, to_license_name, sentence, confidence,
                 blockers, saving_monthly, saving_yearly, currency, missing_price, realizable,
                 evidence, state, reason, until, verified_at, as_of
             from recommendations where org_id = $1 and id = $2",
            org.0,
            id,
        )
        .fetch_optional(&mut *tx)
        .await?;
        Ok(row)
    }

    pub async fn recommendation_events(&self, org: OrgId, id: Uuid) -> Result<Vec<EventRow>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query_as!(
            EventRow,
            "select at, by, from_state, to_state, reason, until from recommendation_events
             where org_id = $1 and recommendation_id = $2 order by number",
            org.0,
            id,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }
}
