//! Licenses: bought, assigned, how their seats are used, and what they cost.

use axum::response::Response;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{Ask, Opened},
    money,
    problem::{Problem, ProblemBody},
    shapes::{ByClass, FormatParams, Frame, List, Price, SeatParams, WindowParams},
    words::Grain,
};
use crate::{
    history::runway,
    money::PriceBook,
    store::{history::LicenseDayRow, read::LicenseRow},
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct License {
    id: String,
    name: String,
    description: String,
    /// `FullUser` or `Stakeholder`.
    role_group: String,
    valid_roles: Vec<String>,
    /// Null when unlimited.
    purchased: Option<i64>,
    assigned: i64,
    /// Null when unlimited.
    free: Option<i64>,
    by_class: ByClass,
    utilization_percent: Option<f64>,
    /// Null while none is set.
    price: Option<Price>,
    monthly_cost: Option<i64>,
    /// What idle and never used seats cost.
    waste_monthly: Option<i64>,
    runway: Option<Runway>,
}

/// When the free seats are taken, at the pace of the last months.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Runway {
    /// Null when seats are not getting fewer.
    full_on: Option<Date>,
    /// Seats more in a month.
    per_month: f64,
}

const COLUMNS: &[&str] = &[
    "id",
    "name",
    "role_group",
    "purchased",
    "assigned",
    "free",
    "utilization_percent",
    "by_class.exempt",
    "by_class.active",
    "by_class.viewer",
    "by_class.pending",
    "by_class.new",
    "by_class.unknown",
    "by_class.standby",
    "by_class.idle",
    "by_class.never",
    "price.amount_minor",
    "price.currency",
    "price.per",
    "price.pack_size",
    "monthly_cost",
    "waste_monthly",
    "runway.full_on",
    "runway.per_month",
    "valid_roles",
    "description",
];

/// Every license of the account.
#[utoipa::path(
    get, path = "/api/v1/licenses", operation_id = "licenses", tag = "figures",
    params(WindowParams, SeatParams, FormatParams),
    responses(
        (status = 200, body = List<License>),
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
    let store = &opened.app().store;
    let rows = store.license_rows(opened.org(), &opened.filter()).await?;
    let book = store.price_book(opened.org()).await?;
    let day = opened.day();
    let days = store.license_days(opened.org(), day).await?;
    let licenses = rows.into_iter().map(|row| {
        let pace = days.get(&row.id).and_then(|days| runway(days));
        let pace = pace.map(|pace| Runway {
            full_on: pace.full_on,
            per_month: pace.per_month_tenths as f64 / 10.0,
        });
        license(&book, row, pace, day)
    });
    let body = opened.list(licenses.collect());
    opened.finish_list(&body, COLUMNS)
}

fn license(book: &PriceBook, row: LicenseRow, runway: Option<Runway>, day: Date) -> License {
    let assigned = row.by_class.total();
    let wasted = row.by_class.of(crate::seat::Class::Idle)
        + row.by_class.of(crate::seat::Class::Never)
        + row.by_class.of(crate::seat::Class::Pending);
    License {
        purchased: row
            .allocations_available
            .map(|free| row.current_value + free),
        free: row.allocations_available,
        assigned,
        utilization_percent: row.by_class.utilization_percent(),
        by_class: row.by_class.into(),
        price: money::price(book, &row.id, day),
        monthly_cost: money::monthly(book, &row.id, assigned, day),
        waste_monthly: money::waste(book, &row.id, (assigned, wasted), day),
        runway,
        id: row.id,
        name: row.name,
        description: row.description,
        role_group: row.role_group,
        valid_roles: row.valid_roles,
    }
}

/// Seats of a license on a day.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LicenseDay {
    /// The first day of the week or month when that is the grain; the seats are those of its last
    /// day that is known.
    day: Date,
    license_id: String,
    seats: i64,
    #[serde(flatten)]
    by_class: ByClass,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct GrainParams {
    /// What one row stands for; `day` unless told.
    grain: Option<Grain>,
}

const HISTORY_COLUMNS: &[&str] = &[
    "day",
    "license_id",
    "seats",
    "exempt",
    "active",
    "viewer",
    "pending",
    "new",
    "unknown",
    "standby",
    "idle",
    "never",
];

/// Seats per license and class over time.
#[utoipa::path(
    get, path = "/api/v1/licenses/history", operation_id = "license_history", tag = "figures",
    params(WindowParams, GrainParams, FormatParams),
    responses(
        (status = 200, body = List<LicenseDay>),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn history(ask: Ask) -> Result<Response, Problem> {
    let grain = ask.asked.word::<Grain>("grain")?.unwrap_or(Grain::Day);
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    let rows = opened
        .app()
        .store
        .license_history(opened.org(), opened.day(), opened.window)
        .await?;
    let data = thinned(rows, grain).map(|row| LicenseDay {
        day: row.day,
        license_id: row.license_id,
        seats: row.counts.total(),
        by_class: row.counts.into(),
    });
    let body = opened.list(data.collect());
    opened.finish_list(&body, HISTORY_COLUMNS)
}

/// The last known day of each bucket, named by the bucket's first.
fn thinned(rows: Vec<LicenseDayRow>, grain: Grain) -> impl Iterator<Item = LicenseDayRow> {
    let mut last = std::collections::BTreeMap::new();
    // Rows come in order of their days.
    for mut row in rows {
        row.day = bucket(row.day, grain);
        last.insert((row.day, row.license_id.clone()), row);
    }
    last.into_values()
}

pub(super) fn bucket(day: Date, grain: Grain) -> Date {
    match grain {
        Grain::Day => day,
        Grain::Week => {
            let back = i64::from(day.weekday().to_monday_zero_offset());
            day.saturating_sub(jiff::Span::new().days(back))
        }
        Grain::Month => day.first_of_month(),
    }
}

/// The frame that every list shares.
impl Opened {
    pub(super) fn list<T>(&self, data: Vec<T>) -> List<T> {
        let Frame {
            generation,
            as_of,
            window_days,
        } = self.frame();
        List {
            generation,
            as_of,
            window_days,
            total: data.len() as i64,
            data,
            next_cursor: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_named_by_its_first_day() {
        let day: Date = "2026-11-25".parse().expect("valid");
        assert_eq!(bucket(day, Grain::Week).to_string(), "2026-11-23");
        assert_eq!(bucket(day, Grain::Month).to_string(), "2026-11-01");
        assert_eq!(bucket(day, Grain::Day), day);
    }
}
