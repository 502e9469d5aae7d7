//! JSON shapes and described parameters that several routes share.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::words::{AreaName, DatasetStateName, GranularityName, Per, Word};
use crate::{
    catalogue::{self, Feature},
    coverage::Coverage,
    seat::{Class, ClassCounts},
    store::read::FeatureTotalRow,
};

/// Rows of one generation. `next_cursor` leads to the next page; `total` counts all pages.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct List<T> {
    pub(super) generation: i64,
    pub(super) as_of: Timestamp,
    pub(super) window_days: i64,
    pub(super) data: Vec<T>,
    pub(super) next_cursor: Option<String>,
    pub(super) total: i64,
}

/// Rows that belong to no generation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Rows<T> {
    pub(super) data: Vec<T>,
}

impl<T> From<Vec<T>> for Rows<T> {
    fn from(data: Vec<T>) -> Self {
        Self { data }
    }
}

/// What every answer of a generation says first.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct Frame {
    pub(super) generation: i64,
    pub(super) as_of: Timestamp,
    pub(super) window_days: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct NamedId {
    pub(super) id: String,
    pub(super) name: String,
}

/// Which period, and up to when.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct WindowParams {
    /// Days: 30, 60, 90 or 180.
    #[param(default = 90, schema_with = window_schema)]
    window: Option<u32>,
    /// The answer as it was at the end of this day.
    as_of: Option<Date>,
}

fn window_schema() -> utoipa::openapi::schema::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::Integer)
        .enum_values(Some([30, 60, 90, 180]))
        .build()
}

/// Which seats.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct SeatParams {
    /// Team ids, separated by commas.
    team: Option<String>,
    /// License ids, separated by commas.
    license: Option<String>,
}

/// How rows are written.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct FormatParams {
    /// Instead of the header `Accept`. CSV and NDJSON hold all rows, whatever the limit.
    format: Option<FormatName>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) enum FormatName {
    Json,
    Csv,
    Ndjson,
}

/// Which page.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct PageParams {
    /// Rows on a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Seats by class.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct ByClass {
    exempt: i64,
    active: i64,
    viewer: i64,
    pending: i64,
    new: i64,
    unknown: i64,
    standby: i64,
    idle: i64,
    never: i64,
}

impl From<ClassCounts> for ByClass {
    fn from(counts: ClassCounts) -> Self {
        Self {
            exempt: counts.of(Class::Exempt),
            active: counts.of(Class::Active),
            viewer: counts.of(Class::Viewer),
            pending: counts.of(Class::Pending),
            new: counts.of(Class::New),
            unknown: counts.of(Class::Unknown),
            standby: counts.of(Class::Standby),
            idle: counts.of(Class::Idle),
            never: counts.of(Class::Never),
        }
    }
}

/// A feature of the catalogue and how many seats use it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Feature)]
pub(super) struct FeatureShape {
    pub(super) id: String,
    name: String,
    area: AreaName,
    definition: String,
    granularity: GranularityName,
    /// The datasets that can show a use.
    datasets: Vec<String>,
    used: i64,
    unused: i64,
    unknown: i64,
    not_eligible: i64,
    uses: i64,
    /// Why it is not known for some seats.
    unknown_reason: Option<String>,
}

/// Columns of features in a file.
pub(super) const FEATURE_COLUMNS: &[&str] = &[
    "id",
    "name",
    "area",
    "granularity",
    "datasets",
    "used",
    "unused",
    "unknown",
    "not_eligible",
    "uses",
    "unknown_reason",
    "definition",
];

/// The catalogue with a generation's totals.
pub(super) fn features(totals: &[FeatureTotalRow]) -> Vec<FeatureShape> {
    catalogue::FEATURES
        .iter()
        .map(|feature| feature_shape(feature, totals))
        .collect()
}

pub(super) fn feature_shape(feature: &Feature, totals: &[FeatureTotalRow]) -> FeatureShape {
    let total = totals.iter().find(|total| total.feature == feature.id);
    let count = |pick: fn(&FeatureTotalRow) -> i64| total.map(pick).unwrap_or_default();
    FeatureShape {
        id: feature.id.to_owned(),
        name: feature.name.to_owned(),
        area: AreaName::from_name(feature.area.name()).unwrap_or(AreaName::Account),
        definition: feature.definition.to_owned(),
        granularity: GranularityName::from_name(feature.granularity)
            .unwrap_or(GranularityName::User),
        datasets: feature
            .datasets
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        used: count(|total| total.used),
        unused: count(|total| total.unused),
        unknown: count(|total| total.unknown),
        not_eligible: count(|total| total.not_eligible),
        uses: count(|total| total.uses),
        unknown_reason: total.and_then(|total| total.unknown_reason.clone()),
    }
}

/// How much of a dataset is known.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct DatasetCoverage {
    dataset: String,
    state: DatasetStateName,
    reason: String,
    covered_from: Option<Timestamp>,
    covered_to: Option<Timestamp>,
}

impl From<&Coverage> for DatasetCoverage {
    fn from(coverage: &Coverage) -> Self {
        Self {
            dataset: coverage.dataset.name().to_owned(),
            state: coverage.completeness.into(),
            reason: coverage.reason.clone(),
            covered_from: coverage.from,
            covered_to: coverage.to,
        }
    }
}

/// What a license costs. Amounts are in the smallest unit of the currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Price {
    pub(super) amount_minor: i64,
    pub(super) currency: String,
    pub(super) per: Per,
    /// Seats that one price buys; null: one.
    pub(super) pack_size: Option<i64>,
    pub(super) valid_from: Date,
}
