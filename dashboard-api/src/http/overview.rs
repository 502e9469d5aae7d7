//! The overview: seats, utilization, duty, features, weeks, money, and how much of it is proven.

use axum::response::Response;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::{Ask, Opened},
    money,
    problem::{Problem, ProblemBody},
    shapes::{ByClass, DatasetCoverage, FeatureShape, Frame, SeatParams, WindowParams, features},
    words::{BlindSpot, ChecklistStep, Word},
};
use crate::{
    seat::Class,
    store::{
        overview::{Change, RecommendationCounts, TeamWaste, TrendDay},
        read::{SeatFilter, SeatSums, WeekRow},
    },
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Overview {
    #[serde(flatten)]
    frame: Frame,
    time_zone: String,
    seats: SeatCounts,
    /// Active seats of those that can be judged; null when none can.
    utilization_percent: Option<f64>,
    duty: DutyTotals,
    features: Vec<FeatureShape>,
    weekly_active: Vec<WeekOfPeople>,
    datasets: Vec<DatasetCoverage>,
    receipts: ReceiptTotals,
    money: Money,
    /// Null without a contract.
    renewal: Option<RenewalNotice>,
    /// Against the newest figures that are at least 30 days older; null without.
    change: Option<ChangeShape>,
    trend: Vec<TrendPoint>,
    top_teams: Vec<TopTeam>,
    recommendations: RecommendationTotals,
    checklist: Vec<ChecklistItem>,
    /// Sources that the organization has accepted not to see.
    accepted_blind_spots: Vec<BlindSpot>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SeatCounts {
    total: i64,
    by_class: ByClass,
}

#[derive(Debug, Serialize, ToSchema)]
struct DutyTotals {
    seconds: i64,
    level_1_seconds: i64,
    level_2_plus_seconds: i64,
    people: i64,
}

/// People with an action or duty in a week.
#[derive(Debug, Serialize, ToSchema)]
struct WeekOfPeople {
    /// A Monday.
    week_start: Date,
    people: i64,
    /// Whether the week is over and all of it is known.
    complete: bool,
}

/// What the run brought: records that PagerDuty said there are, that came, and that are stored.
#[derive(Debug, Serialize, ToSchema)]
struct ReceiptTotals {
    windows: i64,
    expected: Option<i64>,
    received: i64,
    stored: i64,
}

/// Amounts are in the smallest unit of the currency and null while a price is missing.
#[derive(Debug, Serialize, ToSchema)]
struct Money {
    currency: Option<String>,
    monthly_cost: Option<i64>,
    /// What open recommendations would save.
    identified_monthly: Option<i64>,
    /// What a later synchronization has shown to be saved.
    realized_monthly: Option<i64>,
    /// Licenses with seats and without a price.
    missing_prices: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RenewalNotice {
    date: Date,
    days: i64,
    /// The last day to give notice.
    notice_by: Date,
}

#[derive(Debug, Serialize, ToSchema)]
struct ChangeShape {
    since: Date,
    seats: i64,
    active: i64,
    /// Percentage points.
    utilization_points: Option<f64>,
    never: i64,
    idle: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct TrendPoint {
    day: Date,
    seats: i64,
    active: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct TopTeam {
    id: String,
    name: String,
    seats: i64,
    idle: i64,
    waste_monthly: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RecommendationTotals {
    open: i64,
    by_kind: KindCounts,
}

#[derive(Debug, Default, Serialize, ToSchema)]
struct KindCounts {
    reclaim: i64,
    downgrade: i64,
    review: i64,
    addon: i64,
    ghost: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ChecklistItem {
    id: ChecklistStep,
    done: bool,
}

/// The organization at a glance.
#[utoipa::path(
    get, path = "/api/v1/overview", operation_id = "overview", tag = "figures",
    params(WindowParams, SeatParams),
    responses(
        (status = 200, body = Overview),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(ask: Ask) -> Result<Response, Problem> {
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    opened.check_group_size().await?;
    let body = overview(&opened).await?;
    opened.finish(&body)
}

async fn overview(opened: &Opened) -> Result<Overview, Problem> {
    let (store, org) = (&opened.app().store, opened.org());
    let (generation, filter) = (&*opened.generation, opened.filter());
    let sums = store.seat_sums(org, &filter).await?;
    let totals = store.feature_totals(org, generation, &filter).await?;
    let weeks = store.weekly_active(org, generation.number).await?;
    let receipts = store.receipt_sums(org, &generation.runs()).await?;
    let counts = store.recommendation_counts(org).await?;
    let settings = store.settings(org).await?;
    Ok(Overview {
        frame: opened.frame(),
        time_zone: generation.time_zone.clone(),
        utilization_percent: sums.by_class.utilization_percent(),
        seats: SeatCounts {
            total: sums.by_class.total(),
            by_class: sums.by_class.into(),
        },
        features: features(&totals),
        weekly_active: weeks.into_iter().map(WeekOfPeople::from).collect(),
        datasets: generation
            .datasets
            .iter()
            .map(DatasetCoverage::from)
            .collect(),
        receipts: ReceiptTotals {
            windows: receipts.windows,
            expected: receipts.expected,
            received: receipts.received,
            stored: receipts.stored,
        },
        money: money_of(opened, &filter, &counts).await?,
        renewal: settings.contract().map(|contract| RenewalNotice {
            date: contract.renewal_on,
            days: money::days_between(opened.head.today, contract.renewal_on),
            notice_by: contract.notice_by(),
        }),
        change: change(opened, &sums).await?,
        trend: trend(opened).await?,
        top_teams: top_teams(opened).await?,
        checklist: checklist(opened, &settings).await?,
        accepted_blind_spots: generation
            .accepted_blind_spots
            .iter()
            .filter_map(|name| BlindSpot::from_name(name))
            .collect(),
        recommendations: counts.into(),
        duty: sums.into(),
    })
}

async fn money_of(
    opened: &Opened,
    filter: &SeatFilter<'_>,
    counts: &RecommendationCounts,
) -> Result<Money, Problem> {
    let store = &opened.app().store;
    let book = store.price_book(opened.org()).await?;
    let seats = store.seats_by_license(opened.org(), filter).await?;
    let cost = money::cost_of(&book, &seats, opened.day());
    let priced = book.currency.is_some();
    Ok(Money {
        currency: book.currency.clone(),
        monthly_cost: cost.monthly.filter(|_| priced),
        identified_monthly: counts.identified_monthly.filter(|_| priced),
        realized_monthly: counts.realized_monthly.filter(|_| priced),
        missing_prices: cost.missing,
    })
}

async fn change(opened: &Opened, now: &SeatSums) -> Result<Option<ChangeShape>, Problem> {
    if opened.team.is_some() || opened.license.is_some() {
        return Ok(None);
    }
    let before = opened
        .app()
        .store
        .change_before(opened.org(), opened.day(), opened.window)
        .await?;
    Ok(before.map(|Change { day, counts }| {
        let (now, then) = (&now.by_class, &counts);
        let points = now
            .utilization_percent()
            .zip(then.utilization_percent())
            .map(|(now, then)| ((now - then) * 10.0).round() / 10.0);
        ChangeShape {
            since: day,
            seats: now.total() - then.total(),
            active: now.of(Class::Active) - then.of(Class::Active),
            utilization_points: points,
            never: now.of(Class::Never) - then.of(Class::Never),
            idle: now.of(Class::Idle) - then.of(Class::Idle),
        }
    }))
}

async fn trend(opened: &Opened) -> Result<Vec<TrendPoint>, Problem> {
    let days = opened
        .app()
        .store
        .trend(opened.org(), opened.day(), opened.window)
        .await?;
    let points = days
        .into_iter()
        .map(|TrendDay { day, seats, active }| TrendPoint { day, seats, active });
    Ok(points.collect())
}

async fn top_teams(opened: &Opened) -> Result<Vec<TopTeam>, Problem> {
    let store = &opened.app().store;
    let book = store.price_book(opened.org()).await?;
    let teams = store
        .team_waste(opened.org(), opened.generation.number, opened.window)
        .await?;
    let mut top: Vec<TopTeam> = teams
        .into_iter()
        .filter(|team| opened.shows_group(team.seats))
        .map(|team: TeamWaste| TopTeam {
            waste_monthly: money::shares_of(&book, &team.idle_by_license, opened.day()),
            id: team.id,
            name: team.name,
            seats: team.seats,
            idle: team.idle,
        })
        .collect();
    top.sort_by_key(|team| {
        (
            -team.waste_monthly.unwrap_or_default(),
            -team.idle,
            team.id.clone(),
        )
    });
    top.truncate(5);
    Ok(top)
}

async fn checklist(
    opened: &Opened,
    settings: &crate::store::settings::Settings,
) -> Result<Vec<ChecklistItem>, Problem> {
    let done = opened.app().store.first_steps(opened.org()).await?;
    let steps = [
        (ChecklistStep::Connected, true),
        (ChecklistStep::Synchronized, true),
        (ChecklistStep::Prices, done.prices),
        (ChecklistStep::Contract, settings.contract().is_some()),
        (ChecklistStep::Recommendations, done.recommendations),
        (ChecklistStep::Notifications, done.notifications),
    ];
    Ok(steps.map(|(id, done)| ChecklistItem { id, done }).into())
}

impl From<SeatSums> for DutyTotals {
    fn from(sums: SeatSums) -> Self {
        Self {
            seconds: sums.duty_seconds,
            level_1_seconds: sums.duty_level_1_seconds,
            level_2_plus_seconds: sums.duty_level_2_plus_seconds,
            people: sums.people_on_duty,
        }
    }
}

impl From<WeekRow> for WeekOfPeople {
    fn from(row: WeekRow) -> Self {
        Self {
            week_start: row.week_start,
            people: row.people,
            complete: row.complete,
        }
    }
}

impl From<RecommendationCounts> for RecommendationTotals {
    fn from(counts: RecommendationCounts) -> Self {
        let mut by_kind = KindCounts::default();
        for (kind, count) in &counts.open {
            match kind.as_str() {
                "reclaim" => by_kind.reclaim = *count,
                "downgrade" => by_kind.downgrade = *count,
                "review" => by_kind.review = *count,
                "addon" => by_kind.addon = *count,
                "ghost" => by_kind.ghost = *count,
                _ => {}
            }
        }
        Self {
            open: counts.open.iter().map(|(_, count)| count).sum(),
            by_kind,
        }
    }
}
