//! What to do about seats: the list, one with its evidence, what people decide, and the bundle that
//! proves it.

mod bundle;
mod change;

use axum::{extract::Path, response::Response};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(super) use self::{bundle::*, change::*};
use super::{
    addons,
    answer::{Ask, Opened, stale_cursor},
    asked::{Asked, Format},
    privacy::Veil,
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, List, NamedId, PageParams},
    users::sorts,
    words::{BlockerId, Confidence, Realizable, RecommendationKind, RecommendationState, Word},
};
use crate::store::recommended::{
    EventRow, RecommendationQuery, RecommendationRow, RecommendationSort,
};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Recommendation {
    id: Uuid,
    kind: RecommendationKind,
    rule: Rule,
    /// Null where it is about an add-on.
    user: Option<NamedId>,
    addon: Option<NamedId>,
    license: Option<NamedId>,
    to_license: Option<NamedId>,
    /// The evidence in a sentence.
    sentence: String,
    confidence: Confidence,
    blockers: Vec<Blocker>,
    /// In the smallest unit of the currency; null while `missing_price` has none.
    saving_monthly: Option<i64>,
    saving_yearly: Option<i64>,
    currency: Option<String>,
    /// The license or add-on whose price is missing.
    missing_price: Option<String>,
    realizable: Realizable,
    state: RecommendationState,
    reason: String,
    until: Option<Date>,
    /// When a later synchronization showed that it is done.
    verified_at: Option<Timestamp>,
    as_of: Timestamp,
    evidence_count: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Rule {
    id: String,
    version: i32,
}

/// What would be left empty.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Blocker {
    id: BlockerId,
    words: String,
    /// Where it is at PagerDuty.
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct StoredBlocker {
    id: String,
    words: String,
    subject_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecommendationDetail {
    #[serde(flatten)]
    recommendation: Recommendation,
    /// The records and coverages behind it.
    #[schema(value_type = Vec<Object>)]
    evidence: serde_json::Value,
    history: Vec<StateChange>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StateChange {
    at: Timestamp,
    /// Empty for what a later synchronization showed.
    by: String,
    from: RecommendationState,
    to: RecommendationState,
    reason: String,
    until: Option<Date>,
}

impl From<EventRow> for StateChange {
    fn from(row: EventRow) -> Self {
        let state =
            |name: &str| RecommendationState::from_name(name).unwrap_or(RecommendationState::Open);
        Self {
            at: row.at.to_jiff(),
            by: row.by,
            from: state(&row.from_state),
            to: state(&row.to_state),
            reason: row.reason,
            until: row.until.map(jiff_sqlx::Date::to_jiff),
        }
    }
}

/// Which recommendations, in which order.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct RecommendationParams {
    /// Kinds, separated by commas.
    #[param(style = Form, explode = false)]
    kind: Option<Vec<RecommendationKind>>,
    /// States, separated by commas; all unless told.
    #[param(style = Form, explode = false)]
    state: Option<Vec<RecommendationState>>,
    /// Team ids, separated by commas.
    team: Option<String>,
    confidence: Option<Confidence>,
    /// `-` in front for descending; `-saving` unless told.
    sort: Option<RecommendationOrder>,
}

sorts! { RecommendationOrder {
    Saving = "saving" SavingDown = "-saving", Kind = "kind" KindDown = "-kind",
    Name = "name" NameDown = "-name", State = "state" StateDown = "-state",
} }

const SORTS: &[(&str, RecommendationSort)] = &[
    ("saving", RecommendationSort::Saving),
    ("kind", RecommendationSort::Kind),
    ("name", RecommendationSort::Name),
    ("state", RecommendationSort::State),
];

const COLUMNS: &[&str] = &[
    "id",
    "kind",
    "rule.id",
    "rule.version",
    "user.id",
    "user.name",
    "addon.id",
    "license.id",
    "license.name",
    "to_license.id",
    "to_license.name",
    "sentence",
    "confidence",
    "blockers",
    "saving_monthly",
    "saving_yearly",
    "currency",
    "missing_price",
    "realizable",
    "state",
    "reason",
    "until",
    "verified_at",
    "as_of",
    "evidence_count",
];

/// Recommendations that the newest figures raise, and those that people have decided on.
#[utoipa::path(
    get, path = "/api/v1/recommendations", operation_id = "recommendations", tag = "recommendations",
    params(RecommendationParams, PageParams, FormatParams),
    responses(
        (status = 200, body = List<Recommendation>),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let (mut query, binding) = question(&ask.asked)?;
    if let Some(text) = ask.asked.text("cursor") {
        let cursor = ask.app.cursors.open(ask.caller.org, &binding, text);
        query.skip = cursor.ok_or_else(stale_cursor)?.after.number;
    }
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    let whole = opened.format != Format::Json;
    if whole {
        (query.skip, query.limit) = (0, i64::MAX);
    }
    let (rows, total) = opened
        .app()
        .store
        .recommendations(opened.org(), &query)
        .await?;
    let reached = query.skip + rows.len() as i64;
    let sites = opened.sites().await;
    let veil = opened.veil();
    let data = rows
        .into_iter()
        .map(|row| render(row, &sites, &veil))
        .collect();
    let next_cursor = (!whole && reached < total)
        .then(|| opened.seal_number(&binding, reached))
        .flatten();
    let body = List {
        next_cursor,
        total,
        ..opened.list(data)
    };
    opened.finish_pages(&body, COLUMNS)
}

fn question(asked: &Asked) -> Result<(RecommendationQuery, String), Problem> {
    fn names<W: Word>(words: Vec<W>) -> Vec<String> {
        words
            .into_iter()
            .map(|word| word.name().to_owned())
            .collect()
    }
    let (sort, descending) = if asked.text("sort").is_some() {
        asked.sort(SORTS, RecommendationSort::Saving)?
    } else {
        (RecommendationSort::Saving, true)
    };
    let query = RecommendationQuery {
        kinds: asked.words::<RecommendationKind>("kind")?.map(names),
        states: asked.words::<RecommendationState>("state")?.map(names),
        teams: asked.ids("team")?,
        confidence: asked
            .word::<Confidence>("confidence")?
            .map(|word| word.name().to_owned()),
        user: None,
        sort,
        descending,
        limit: asked.limit()?,
        skip: 0,
    };
    let binding = format!(
        "recommendations {:?}",
        (
            &query.kinds,
            &query.states,
            &query.teams,
            &query.confidence,
            query.sort,
            descending,
        )
    );
    Ok((query, binding))
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "describes the path")]
pub(super) struct RecommendationId {
    id: Uuid,
}

/// One recommendation with its evidence and what happened to it.
#[utoipa::path(
    get, path = "/api/v1/recommendations/{id}", operation_id = "recommendation", tag = "recommendations",
    params(RecommendationId),
    responses(
        (status = 200, body = RecommendationDetail),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(ask: Ask, Path(id): Path<String>) -> Result<Response, Problem> {
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    let row = one(&opened, &id).await?;
    let events = opened
        .app()
        .store
        .recommendation_events(opened.org(), row.id)
        .await?;
    let evidence = row.evidence.clone();
    let sites = opened.sites().await;
    let body = RecommendationDetail {
        recommendation: render(row, &sites, &opened.veil()),
        evidence,
        history: events.into_iter().map(StateChange::from).collect(),
    };
    opened.finish(&body)
}

fn unknown() -> Problem {
    Problem::not_found("There is no such recommendation.")
}

async fn one(opened: &Opened, id: &str) -> Result<RecommendationRow, Problem> {
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let row = opened.app().store.recommendation(opened.org(), id).await?;
    row.ok_or_else(unknown)
}

/// Addresses of accounts at PagerDuty by connection.
pub(super) type Sites = std::collections::HashMap<Uuid, String>;

fn render(row: RecommendationRow, sites: &Sites, veil: &Veil) -> Recommendation {
    let site = sites.get(&row.connection_id).map(String::as_str);
    let named = |id: Option<String>, name: Option<String>| {
        id.map(|id| NamedId {
            name: name.unwrap_or_else(|| id.clone()),
            id,
        })
    };
    let stored: Vec<StoredBlocker> = serde_json::from_value(row.blockers).unwrap_or_default();
    let name = veil.name(&row.user_id, &row.user_name);
    let blockers = stored.into_iter().filter_map(|one| {
        let id = BlockerId::from_name(&one.id)?;
        Some(Blocker {
            id,
            words: one.words.replace(&row.user_name, &name),
            url: site.and_then(|site| url_of(site, id, &one.subject_id)),
        })
    });
    Recommendation {
        blockers: blockers.collect(),
        sentence: veil.text(&row.sentence, &row.user_id, &row.user_name),
        user: (!row.user_id.is_empty()).then_some(NamedId {
            id: row.user_id,
            name,
        }),
        addon: (!row.addon.is_empty()).then(|| NamedId {
            name: addons::name_of(&row.addon),
            id: row.addon,
        }),
        id: row.id,
        kind: RecommendationKind::from_name(&row.kind).unwrap_or(RecommendationKind::Review),
        rule: Rule {
            id: row.rule,
            version: row.rule_version,
        },
        license: named(row.license_id, row.license_name),
        to_license: named(row.to_license_id, row.to_license_name),
        confidence: Confidence::from_name(&row.confidence).unwrap_or(Confidence::Medium),
        saving_monthly: row.saving_monthly,
        saving_yearly: row.saving_yearly,
        currency: row.currency,
        missing_price: row.missing_price,
        realizable: Realizable::from_name(&row.realizable).unwrap_or(Realizable::Renewal),
        state: RecommendationState::from_name(&row.state).unwrap_or(RecommendationState::Open),
        reason: row.reason,
        until: row.until.map(jiff_sqlx::Date::to_jiff),
        verified_at: row.verified_at.map(jiff_sqlx::Timestamp::to_jiff),
        as_of: row.as_of.to_jiff(),
        evidence_count: row.evidence.as_array().map_or(0, Vec::len) as i64,
    }
}

fn url_of(site: &str, id: BlockerId, subject: &str) -> Option<String> {
    let place = match id {
        BlockerId::SoleTarget => "escalation_policies",
        BlockerId::OnSchedule => "schedules",
        BlockerId::OpenIncident => "incidents",
        BlockerId::SoleManager => "teams",
    };
    let plain = !subject.is_empty() && subject.chars().all(|c| c.is_ascii_alphanumeric());
    plain.then(|| format!("{site}/{place}/{subject}"))
}

impl Opened {
    /// The recommendations about one person.
    pub(super) async fn recommendations_of(
        &self,
        user: &str,
    ) -> Result<Vec<Recommendation>, Problem> {
        let query = RecommendationQuery::of_user(user);
        let (rows, _) = self.app().store.recommendations(self.org(), &query).await?;
        let (sites, veil) = (self.sites().await, self.veil());
        Ok(rows
            .into_iter()
            .map(|row| render(row, &sites, &veil))
            .collect())
    }
}
