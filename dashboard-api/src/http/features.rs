//! The feature catalogue with how many seats use each; one feature by team, license and month; and
//! the matrix of them.

use std::collections::BTreeMap;

use axum::{extract::Path, response::Response};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{Ask, Opened},
    problem::{Problem, ProblemBody},
    shapes::{
        FEATURE_COLUMNS, FeatureShape, FormatParams, Frame, List, SeatParams, WindowParams,
        feature_shape, features,
    },
    words::MatrixBy,
};
use crate::{
    catalogue,
    percent::percent,
    store::groups::{FeatureGroup, FeatureMonth, Grouping},
};

/// Every feature, the ones that are not collected yet included.
#[utoipa::path(
    get, path = "/api/v1/features", operation_id = "features", tag = "figures",
    params(WindowParams, SeatParams, FormatParams),
    responses(
        (status = 200, body = List<FeatureShape>),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    opened.check_group_size().await?;
    let totals = opened
        .app()
        .store
        .feature_totals(opened.org(), &opened.generation, &opened.filter())
        .await?;
    let body = opened.list(features(&totals));
    opened.finish_list(&body, FEATURE_COLUMNS)
}

/// One feature.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FeatureDetail {
    #[serde(flatten)]
    feature: FeatureShape,
    #[serde(flatten)]
    frame: Frame,
    by_team: Vec<FeatureGroupCell>,
    by_license: Vec<FeatureGroupCell>,
    monthly: Vec<MonthOfFeature>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FeatureGroupCell {
    id: String,
    name: String,
    #[serde(flatten)]
    cell: Cell,
}

/// How many of a group use a feature.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct Cell {
    /// Of the eligible; null when nobody is, or nothing is known.
    percent: Option<f64>,
    used: i64,
    eligible: i64,
    unknown: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MonthOfFeature {
    /// The first day of the month.
    month: Date,
    people: i64,
    uses: i64,
    /// Whether the month is over and all of it is known.
    complete: bool,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "describes the path")]
pub(super) struct FeatureId {
    /// Id of the catalogue, for example `ack`.
    #[param(max_length = 64)]
    id: String,
}

/// One feature by team, by license and by month.
#[utoipa::path(
    get, path = "/api/v1/features/{id}", operation_id = "feature", tag = "figures",
    params(FeatureId, WindowParams, SeatParams),
    responses(
        (status = 200, body = FeatureDetail),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(ask: Ask, Path(id): Path<String>) -> Result<Response, Problem> {
    let feature = catalogue::FEATURES.iter().find(|one| one.id == id);
    let feature = feature.ok_or_else(|| Problem::not_found("There is no such feature."))?;
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    opened.check_group_size().await?;
    let store = &opened.app().store;
    let totals = store
        .feature_totals(opened.org(), &opened.generation, &opened.filter())
        .await?;
    let months = store
        .feature_months(opened.org(), opened.generation.number)
        .await?;
    let monthly = months
        .into_iter()
        .filter(|month| month.feature == id)
        .map(|month| MonthOfFeature {
            month: month.month,
            people: month.people,
            uses: month.uses,
            complete: month.complete,
        });
    let body = FeatureDetail {
        feature: feature_shape(feature, &totals),
        frame: opened.frame(),
        by_team: cells_of(&opened, Grouping::Team, &id).await?,
        by_license: cells_of(&opened, Grouping::License, &id).await?,
        monthly: monthly.collect(),
    };
    opened.finish(&body)
}

async fn cells_of(
    opened: &Opened,
    grouping: Grouping,
    feature: &str,
) -> Result<Vec<FeatureGroupCell>, Problem> {
    let position = opened
        .generation
        .features
        .iter()
        .position(|one| one == feature);
    let Some(position) = position else {
        return Ok(Vec::new());
    };
    let groups = groups(opened, grouping).await?;
    let cells = groups.into_iter().map(|group| FeatureGroupCell {
        cell: cell(&group, position),
        id: group.id,
        name: group.name,
    });
    Ok(cells.collect())
}

async fn groups(opened: &Opened, grouping: Grouping) -> Result<Vec<FeatureGroup>, Problem> {
    let groups = opened
        .app()
        .store
        .feature_groups(
            opened.org(),
            opened.generation.number,
            opened.window,
            grouping,
        )
        .await?;
    let asked_for = |group: &FeatureGroup| match grouping {
        Grouping::Team => opened
            .team
            .as_ref()
            .is_none_or(|ids| ids.contains(&group.id)),
        Grouping::License => opened
            .license
            .as_ref()
            .is_none_or(|ids| ids.contains(&group.id)),
    };
    Ok(groups
        .into_iter()
        .filter(asked_for)
        .filter(|group| opened.shows_group(group.seats))
        .collect())
}

fn cell(group: &FeatureGroup, position: usize) -> Cell {
    let at = |list: &[i32]| {
        list.get(position)
            .copied()
            .map(i64::from)
            .unwrap_or_default()
    };
    let (used, eligible, unknown) = (at(&group.used), at(&group.eligible), at(&group.unknown));
    Cell {
        // A use is proof; nobody used it is known only when nothing is unknown.
        percent: percent(used, eligible).filter(|_| unknown == 0 || used > 0),
        used,
        eligible,
        unknown,
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Matrix {
    #[serde(flatten)]
    frame: Frame,
    columns: Vec<MatrixColumn>,
    data: Vec<MatrixRow>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MatrixColumn {
    id: String,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MatrixRow {
    id: String,
    name: String,
    /// One for each column.
    cells: Vec<Cell>,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct MatrixParams {
    /// What the rows are; `team` unless told.
    by: Option<MatrixBy>,
}

/// Features by team, month or license.
#[utoipa::path(
    get, path = "/api/v1/features/matrix", operation_id = "feature_matrix", tag = "figures",
    params(MatrixParams, WindowParams, SeatParams, FormatParams),
    responses(
        (status = 200, body = Matrix),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn matrix(ask: Ask) -> Result<Response, Problem> {
    let by = ask.asked.word::<MatrixBy>("by")?.unwrap_or(MatrixBy::Team);
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    let data = match by {
        MatrixBy::Team => rows_of(&opened, Grouping::Team).await?,
        MatrixBy::License => rows_of(&opened, Grouping::License).await?,
        MatrixBy::Month => months(&opened).await?,
    };
    let columns = opened.generation.features.iter().map(|id| MatrixColumn {
        id: id.clone(),
        name: name_of(id),
    });
    let body = Matrix {
        frame: opened.frame(),
        columns: columns.collect(),
        data,
    };
    opened.finish_list(&body, &["id", "name", "cells"])
}

fn name_of(id: &str) -> String {
    let feature = catalogue::FEATURES.iter().find(|one| one.id == id);
    feature.map_or(id, |feature| feature.name).to_owned()
}

async fn rows_of(opened: &Opened, grouping: Grouping) -> Result<Vec<MatrixRow>, Problem> {
    let groups = groups(opened, grouping).await?;
    let columns = opened.generation.features.len();
    let rows = groups.into_iter().map(|group| MatrixRow {
        cells: (0..columns)
            .map(|position| cell(&group, position))
            .collect(),
        id: group.id,
        name: group.name,
    });
    Ok(rows.collect())
}

/// Of all seats as they are now; a month whose facts are not known has no percentage.
async fn months(opened: &Opened) -> Result<Vec<MatrixRow>, Problem> {
    let store = &opened.app().store;
    let seats = store
        .seat_sums(opened.org(), &opened.filter())
        .await?
        .by_class
        .total();
    let months = store
        .feature_months(opened.org(), opened.generation.number)
        .await?;
    let mut rows: BTreeMap<Date, BTreeMap<String, FeatureMonth>> = BTreeMap::new();
    for month in months {
        rows.entry(month.month)
            .or_default()
            .insert(month.feature.clone(), month);
    }
    let cell = |month: Option<&FeatureMonth>| Cell {
        percent: month
            .filter(|month| month.complete)
            .and_then(|month| percent(month.people, seats)),
        used: month.map(|month| month.people).unwrap_or_default(),
        eligible: seats,
        unknown: if month.is_some_and(|month| month.complete) {
            0
        } else {
            seats
        },
    };
    let rows = rows.into_iter().map(|(month, of_month)| {
        let id = month.strftime("%Y-%m").to_string();
        MatrixRow {
            cells: opened
                .generation
                .features
                .iter()
                .map(|feature| cell(of_month.get(feature)))
                .collect(),
            name: id.clone(),
            id,
        }
    });
    Ok(rows.collect())
}
