//! JSON shapes that several routes share.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    catalogue::{self, Feature},
    coverage::Coverage,
    seat::{Class, ClassCounts},
    store::read::FeatureTotalRow,
};

/// Seats by class.
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Feature)]
pub(super) struct FeatureShape {
    id: &'static str,
    name: &'static str,
    area: &'static str,
    definition: &'static str,
    granularity: &'static str,
    /// The datasets that can show a use.
    datasets: &'static [&'static str],
    used: i64,
    unused: i64,
    unknown: i64,
    not_eligible: i64,
    uses: i64,
    /// Why it is not known for some seats.
    unknown_reason: Option<String>,
}

/// The catalogue with a generation's totals.
pub(super) fn features(totals: &[FeatureTotalRow]) -> Vec<FeatureShape> {
    catalogue::FEATURES
        .iter()
        .map(|feature| shape(feature, totals))
        .collect()
}

fn shape(feature: &Feature, totals: &[FeatureTotalRow]) -> FeatureShape {
    let total = totals.iter().find(|total| total.feature == feature.id);
    let count = |pick: fn(&FeatureTotalRow) -> i64| total.map(pick).unwrap_or_default();
    FeatureShape {
        id: feature.id,
        name: feature.name,
        area: feature.area.name(),
        definition: feature.definition,
        granularity: feature.granularity,
        datasets: feature.datasets,
        used: count(|total| total.used),
        unused: count(|total| total.unused),
        unknown: count(|total| total.unknown),
        not_eligible: count(|total| total.not_eligible),
        uses: count(|total| total.uses),
        unknown_reason: total.and_then(|total| total.unknown_reason.clone()),
    }
}

/// How much of a dataset is known.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DatasetCoverage {
    dataset: &'static str,
    /// `complete`, `partial`, `forbidden`, `not_in_plan` or `pending`.
    state: &'static str,
    reason: String,
    covered_from: Option<Timestamp>,
    covered_to: Option<Timestamp>,
}

impl From<&Coverage> for DatasetCoverage {
    fn from(coverage: &Coverage) -> Self {
        Self {
            dataset: coverage.dataset.name(),
            state: coverage.completeness.name(),
            reason: coverage.reason.clone(),
            covered_from: coverage.from,
            covered_to: coverage.to,
        }
    }
}
