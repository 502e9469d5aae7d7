//! The list of seats: filtered, ordered and paged in the database, or streamed as a file.

use std::collections::BTreeMap;

use axum::response::Response;
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{Ask, Opened, stale_cursor},
    asked::{Asked, Format},
    cursor::Cursor,
    money,
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, List, NamedId, PageParams, SeatParams, WindowParams},
    stream,
    words::{ClassName, RecommendationKind, RecommendationState, VerdictName, Word},
};
use crate::{
    catalogue,
    money::PriceBook,
    store::users::{Exemption, FeatureFilter, SeatQuery, SeatRow, SortKey},
};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct UserRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    role: String,
    license: Option<NamedId>,
    teams: Vec<NamedId>,
    class: ClassName,
    last_any: Option<LastAny>,
    duty_seconds: i64,
    duty_level_1_seconds: i64,
    duty_level_2_plus_seconds: i64,
    actions: i64,
    /// By feature id.
    features: BTreeMap<String, FeatureVerdict>,
    /// In the smallest unit of the currency; null while the license has no price.
    cost_monthly: Option<i64>,
    recommendation: Option<SeatRecommendation>,
    exempt: Option<Exempt>,
    deleted_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct LastAny {
    at: Timestamp,
    feature: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct FeatureVerdict {
    pub(super) verdict: VerdictName,
    last: Option<Timestamp>,
    uses: i64,
    active_days: i32,
    /// Why it is unknown; only on a single user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct SeatRecommendation {
    id: uuid::Uuid,
    kind: RecommendationKind,
    state: RecommendationState,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Exempt {
    reason: String,
    until: Option<Date>,
}

/// Which seats, in which order.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct UserParams {
    /// Classes, separated by commas.
    #[param(style = Form, explode = false)]
    class: Option<Vec<ClassName>>,
    /// PagerDuty's roles, separated by commas.
    role: Option<String>,
    /// Kinds of open recommendations, separated by commas.
    #[param(style = Form, explode = false)]
    recommendation: Option<Vec<RecommendationKind>>,
    /// Part of the name or e-mail; of the pseudonym where names are not shown.
    #[param(max_length = 200)]
    q: Option<String>,
    /// `-` in front for descending.
    sort: Option<UserSort>,
}

macro_rules! sorts {
    ($name:ident { $($variant:ident = $up:tt $down_variant:ident = $down:tt),+ $(,)? }) => {
        #[derive(Debug, Clone, Copy, Serialize, ToSchema)]
        #[allow(dead_code, reason = "describes what `Asked` reads")]
        pub(super) enum $name {
            $(#[serde(rename = $up)] $variant, #[serde(rename = $down)] $down_variant,)+
        }
    };
}
pub(super) use sorts;

sorts! { UserSort {
    Name = "name" NameDown = "-name", Email = "email" EmailDown = "-email",
    Role = "role" RoleDown = "-role", Class = "class" ClassDown = "-class",
    LastAny = "last_any" LastAnyDown = "-last_any", Duty = "duty" DutyDown = "-duty",
    Actions = "actions" ActionsDown = "-actions",
} }

const SORTS: &[(&str, SortKey)] = &[
    ("name", SortKey::Name),
    ("email", SortKey::Email),
    ("role", SortKey::Role),
    ("class", SortKey::Class),
    ("last_any", SortKey::LastAny),
    ("duty", SortKey::Duty),
    ("actions", SortKey::Actions),
];

const COLUMNS: &[&str] = &[
    "id",
    "name",
    "email",
    "role",
    "license.id",
    "license.name",
    "teams",
    "class",
    "last_any.at",
    "last_any.feature",
    "duty_seconds",
    "duty_level_1_seconds",
    "duty_level_2_plus_seconds",
    "actions",
    "cost_monthly",
    "recommendation.id",
    "recommendation.kind",
    "recommendation.state",
    "exempt.reason",
    "exempt.until",
    "deleted_at",
];

/// Seats with their class and verdicts.
#[utoipa::path(
    get, path = "/api/v1/users", operation_id = "users", tag = "figures",
    params(WindowParams, SeatParams, UserParams, PageParams, FormatParams),
    responses(
        (status = 200, body = List<UserRow>, headers(("Link" = String, description = "rel=next"))),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let question = question(&ask.asked)?;
    let cursor = cursor(&ask, &question)?;
    let number = cursor.as_ref().map(|cursor| cursor.generation);
    let opened = ask.open_at(number).await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    let binding = binding(&opened.ask.asked, &question)?;
    let mut query = SeatQuery {
        generation: opened.generation.number,
        window: opened.window,
        team: opened.team.clone(),
        license: opened.license.clone(),
        after: cursor.map(|cursor| cursor.after),
        ..question
    };
    opened.hide_names_from(&mut query).await?;
    if opened.format != Format::Json {
        return export(opened, query).await;
    }
    let body = page(&opened, query, &binding).await?;
    opened.finish_page(&body)
}

async fn page(opened: &Opened, query: SeatQuery, binding: &str) -> Result<List<UserRow>, Problem> {
    let (store, org) = (&opened.app().store, opened.org());
    let total = store.count_seats(org, &query, &opened.generation).await?;
    // One more than asked for tells whether there is a next page.
    let one_more = SeatQuery {
        limit: query.limit + 1,
        ..query.clone()
    };
    let mut seats = store.seats(org, &one_more, &opened.generation).await?;
    if seats.is_empty() && query.after.is_some() && total == 0 {
        return Err(stale_cursor());
    }
    let limit = usize::try_from(query.limit).unwrap_or_default();
    let more = seats.len() > limit;
    seats.truncate(limit);
    let next_cursor = seats.last().filter(|_| more).and_then(|seat| {
        let cursor = Cursor {
            generation: query.generation,
            after: seat.position(),
        };
        opened.seal(binding, &cursor)
    });
    let maker = RowMaker::new(opened).await?;
    let rows = seats.into_iter().map(|seat| maker.row(seat)).collect();
    Ok(List {
        next_cursor,
        total,
        ..opened.list(rows)
    })
}

/// All rows of the question, as they come out of the database.
async fn export(opened: Opened, query: SeatQuery) -> Result<Response, Problem> {
    let mut columns: Vec<String> = COLUMNS.iter().map(|name| (*name).to_owned()).collect();
    for feature in &opened.generation.features {
        for part in ["verdict", "last", "uses", "active_days"] {
            columns.push(format!("features.{feature}.{part}"));
        }
    }
    let maker = RowMaker::new(&opened).await?;
    let query = SeatQuery {
        limit: i64::MAX,
        after: None,
        ..query
    };
    stream::seats(opened, query, columns, move |seat| maker.row(seat))
}

/// What all rows of an answer need.
pub(super) struct RowMaker {
    features: Vec<String>,
    book: PriceBook,
    day: Date,
    veil: super::privacy::Veil,
}

impl RowMaker {
    pub(super) async fn new(opened: &Opened) -> Result<Self, Problem> {
        Ok(Self {
            features: opened.generation.features.clone(),
            book: opened.app().store.price_book(opened.org()).await?,
            day: opened.day(),
            veil: opened.veil(),
        })
    }

    pub(super) fn row(&self, seat: SeatRow) -> UserRow {
        let last_any = seat.last_any_at.zip(seat.last_any_feature.clone());
        let cost = seat
            .license_id
            .as_deref()
            .and_then(|id| money::per_seat(&self.book, id, self.day));
        UserRow {
            features: self.verdicts(&seat),
            cost_monthly: cost,
            recommendation: recommendation(&seat),
            exempt: seat.exempt.clone().and_then(exempt),
            name: self.veil.name(&seat.user_id, &seat.name),
            email: self.veil.email(&seat.email),
            id: seat.user_id,
            role: seat.role,
            license: seat.license_id.map(|id| NamedId {
                name: seat.license_name.unwrap_or_else(|| id.clone()),
                id,
            }),
            teams: serde_json::from_value(seat.teams).unwrap_or_default(),
            class: ClassName::from_name(&seat.class).unwrap_or(ClassName::Unknown),
            last_any: last_any.map(|(at, feature)| LastAny {
                at: at.to_jiff(),
                feature,
            }),
            duty_seconds: seat.duty_seconds,
            duty_level_1_seconds: seat.duty_level_1_seconds,
            duty_level_2_plus_seconds: seat.duty_level_2_plus_seconds,
            actions: seat.actions,
            deleted_at: seat.deleted_at.map(jiff_sqlx::Timestamp::to_jiff),
        }
    }

    /// The lists of a seat by feature id.
    fn verdicts(&self, seat: &SeatRow) -> BTreeMap<String, FeatureVerdict> {
        let letters = seat.verdicts.chars();
        let rest = seat.last_used.iter().zip(&seat.uses).zip(&seat.active_days);
        let listed = self.features.iter().zip(letters).zip(rest);
        let named = listed.map(|((feature, letter), ((last, uses), days))| {
            let verdict = FeatureVerdict {
                verdict: verdict(letter),
                last: last.map(jiff_sqlx::Timestamp::to_jiff),
                uses: i64::from(*uses),
                active_days: *days,
                reason: None,
            };
            (feature.clone(), verdict)
        });
        named.collect()
    }
}

fn verdict(letter: char) -> VerdictName {
    match letter {
        'u' => VerdictName::Used,
        'n' => VerdictName::Unused,
        '-' => VerdictName::NotEligible,
        _ => VerdictName::Unknown,
    }
}

fn recommendation(seat: &SeatRow) -> Option<SeatRecommendation> {
    Some(SeatRecommendation {
        id: seat.recommendation_id?,
        kind: RecommendationKind::from_name(seat.recommendation_kind.as_deref()?)?,
        state: RecommendationState::from_name(seat.recommendation_state.as_deref()?)?,
    })
}

fn exempt(value: serde_json::Value) -> Option<Exempt> {
    let exemption: Option<Exemption> = serde_json::from_value(value).ok()?;
    let Exemption { reason, until } = exemption?;
    Some(Exempt { reason, until })
}

impl UserRow {
    /// Says why features are unknown; `reason_of` answers by feature id.
    pub(super) fn explain(&mut self, reason_of: impl Fn(&str) -> Option<String>) {
        for (feature, verdict) in &mut self.features {
            if verdict.verdict == VerdictName::Unknown {
                verdict.reason = reason_of(feature);
            }
        }
    }
}

/// The filters and the order, without generation and position.
fn question(asked: &Asked) -> Result<SeatQuery, Problem> {
    let (sort, descending) = asked.sort(SORTS, SortKey::Name)?;
    let names =
        |words: Vec<ClassName>| words.into_iter().map(|one| one.name().to_owned()).collect();
    let kinds = |words: Vec<RecommendationKind>| {
        words.into_iter().map(|one| one.name().to_owned()).collect()
    };
    Ok(SeatQuery {
        generation: 0,
        window: asked.window()?,
        class: asked.words("class")?.map(names),
        role: asked.ids("role")?,
        recommendation: asked.words("recommendation")?.map(kinds),
        text: asked.search("q")?,
        among: None,
        by_id: false,
        license: None,
        team: None,
        features: feature_filters(asked)?,
        sort,
        descending,
        limit: asked.limit()?,
        after: None,
    })
}

/// `feature.{id}.verdict` and `feature.{id}.idle_days_gte`.
fn feature_filters(asked: &Asked) -> Result<Vec<FeatureFilter>, Problem> {
    let mut filters = Vec::new();
    for (rest, value) in asked.starting("feature.") {
        let name = format!("feature.{rest}");
        let Some((id, what)) = rest.split_once('.') else {
            continue;
        };
        if value.is_empty() {
            continue;
        }
        let feature = catalogue::FEATURES.iter().find(|one| one.id == id);
        let Some(feature) = feature else {
            return Err(Problem::invalid_parameter(
                &name,
                "There is no such feature.",
            ));
        };
        if what == "verdict" {
            let verdict: VerdictName = asked.word(&name)?.unwrap_or(VerdictName::Unknown);
            filters.push(FeatureFilter::verdict(feature.id, letter(verdict)));
            continue;
        }
        let days = value.parse().ok().filter(|days| (0..=3_650).contains(days));
        let days = days.ok_or_else(|| {
            Problem::invalid_parameter(&name, "It is a number of days from 0 to 3650.")
        })?;
        filters.push(FeatureFilter::idle(feature.id, days));
    }
    Ok(filters)
}

fn letter(verdict: VerdictName) -> char {
    match verdict {
        VerdictName::Used => 'u',
        VerdictName::Unused => 'n',
        VerdictName::Unknown => '?',
        VerdictName::NotEligible => '-',
    }
}

fn cursor(ask: &Ask, question: &SeatQuery) -> Result<Option<Cursor>, Problem> {
    let Some(text) = ask.asked.text("cursor") else {
        return Ok(None);
    };
    let binding = binding(&ask.asked, question)?;
    let cursor = ask.app.cursors.open(ask.caller.org, &binding, text);
    cursor.map(Some).ok_or_else(stale_cursor)
}

/// Everything that decides which seats come in which order.
fn binding(asked: &Asked, question: &SeatQuery) -> Result<String, Problem> {
    let question = SeatQuery {
        team: asked.ids("team")?,
        license: asked.ids("license")?,
        ..question.clone()
    };
    Ok(question.binding())
}
