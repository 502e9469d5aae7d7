//! What the organization decides about itself. Every change is written to the audit log first, and
//! makes kept answers of the organization stale.

mod exemptions;
mod notifications;
mod people;
mod prices;
mod saved_views;

pub(super) use self::{exemptions::*, notifications::*, people::*, prices::*, saved_views::*};
use axum::Json;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    answer::Ask,
    body::Body,
    problem::{Problem, ProblemBody},
    words::{BlindSpot, PrivacyMode, Word},
};
use crate::{
    store::settings::{Contract as StoredContract, Thresholds as StoredThresholds},
    window::Window,
};

/// The contract with PagerDuty.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Contract {
    renewal_on: Date,
    /// How many days before the renewal notice has to be given.
    #[schema(minimum = 0, maximum = 365)]
    notice_days: i32,
    /// January is 1.
    #[schema(minimum = 1, maximum = 12)]
    fiscal_year_start_month: i32,
    /// Of all prices too; ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    currency: String,
}

/// The contract, or null.
#[utoipa::path(
    get, path = "/api/v1/contract", operation_id = "contract", tag = "settings",
    responses(
        (status = 200, body = Option<Contract>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn contract(ask: Ask) -> Result<Json<Option<Contract>>, Problem> {
    let settings = ask.app.store.settings(ask.caller.org).await?;
    Ok(Json(settings.contract().map(|contract| Contract {
        renewal_on: contract.renewal_on,
        notice_days: contract.notice_days,
        fiscal_year_start_month: contract.fiscal_year_start_month,
        currency: contract.currency,
    })))
}

/// Sets the contract; null removes it.
#[utoipa::path(
    put, path = "/api/v1/contract", operation_id = "set_contract", tag = "settings",
    request_body = Option<Contract>,
    responses(
        (status = 200, body = Option<Contract>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn set_contract(
    ask: Ask,
    Body(wish): Body<Option<Contract>>,
) -> Result<Json<Option<Contract>>, Problem> {
    let stored = wish.as_ref().map(checked_contract).transpose()?;
    ask.note(
        "contract.changed",
        "settings:contract",
        json!({"contract": wish}),
    )
    .await?;
    ask.app
        .store
        .set_contract(ask.caller.org, stored.as_ref())
        .await?;
    ask.app.heads.forget(ask.caller.org);
    Ok(Json(wish))
}

fn checked_contract(wish: &Contract) -> Result<StoredContract, Problem> {
    if !(2000..=2999).contains(&wish.renewal_on.year()) {
        return Err(Problem::invalid_body(
            "#/renewal_on",
            "It lies between 2000 and 2999.",
        ));
    }
    if !(0..=365).contains(&wish.notice_days) {
        return Err(Problem::invalid_body("#/notice_days", "It is 0 to 365."));
    }
    if !(1..=12).contains(&wish.fiscal_year_start_month) {
        return Err(Problem::invalid_body(
            "#/fiscal_year_start_month",
            "It is 1 to 12.",
        ));
    }
    Ok(StoredContract {
        renewal_on: wish.renewal_on,
        notice_days: wish.notice_days,
        fiscal_year_start_month: wish.fiscal_year_start_month,
        currency: checked_currency("#/currency", &wish.currency)?,
    })
}

pub(super) fn checked_currency(pointer: &str, text: &str) -> Result<String, Problem> {
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(text.to_owned());
    }
    Err(Problem::invalid_body(
        pointer,
        "It is a code of ISO 4217, for example USD.",
    ))
}

/// What the rules of seats depend on; it holds from the next figures on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Thresholds {
    /// How long a seat counts as new.
    #[schema(minimum = 0, maximum = 180)]
    grace_days: i32,
    /// 30, 60, 90 or 180.
    #[schema(schema_with = window_days)]
    default_window_days: i32,
    /// IANA name; days and weeks are of this zone.
    #[schema(max_length = 64)]
    time_zone: String,
    /// Sources whose absence does not keep a seat from being judged. Every page says so.
    #[schema(max_items = 1)]
    accepted_blind_spots: Vec<BlindSpot>,
}

fn window_days() -> utoipa::openapi::schema::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::Integer)
        .enum_values(Some([30, 60, 90, 180]))
        .build()
}

/// The thresholds.
#[utoipa::path(
    get, path = "/api/v1/thresholds", operation_id = "thresholds", tag = "settings",
    responses(
        (status = 200, body = Thresholds),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn thresholds(ask: Ask) -> Result<Json<Thresholds>, Problem> {
    let settings = ask.app.store.settings(ask.caller.org).await?;
    let stored = settings.thresholds;
    Ok(Json(Thresholds {
        grace_days: stored.grace_days,
        default_window_days: stored.default_window_days,
        time_zone: stored.time_zone,
        accepted_blind_spots: stored
            .accepted_blind_spots
            .iter()
            .filter_map(|name| BlindSpot::from_name(name))
            .collect(),
    }))
}

/// Sets the thresholds.
#[utoipa::path(
    put, path = "/api/v1/thresholds", operation_id = "set_thresholds", tag = "settings",
    request_body = Thresholds,
    responses(
        (status = 200, body = Thresholds),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn set_thresholds(
    ask: Ask,
    Body(wish): Body<Thresholds>,
) -> Result<Json<Thresholds>, Problem> {
    if !(0..=180).contains(&wish.grace_days) {
        return Err(Problem::invalid_body("#/grace_days", "It is 0 to 180."));
    }
    if Window::from_days(i64::from(wish.default_window_days)).is_none() {
        return Err(Problem::invalid_body(
            "#/default_window_days",
            "It is one of 30, 60, 90 and 180.",
        ));
    }
    let zone = jiff::tz::TimeZone::get(&wish.time_zone);
    if wish.time_zone.len() > 64 || zone.is_err() {
        return Err(Problem::invalid_body(
            "#/time_zone",
            "It is a name of the time zone database, for example Europe/Berlin.",
        ));
    }
    let mut spots: Vec<String> = wish
        .accepted_blind_spots
        .iter()
        .map(|spot| spot.name().to_owned())
        .collect();
    spots.sort();
    spots.dedup();
    let stored = StoredThresholds {
        grace_days: wish.grace_days,
        default_window_days: wish.default_window_days,
        time_zone: wish.time_zone.clone(),
        accepted_blind_spots: spots,
    };
    ask.note("thresholds.changed", "settings:thresholds", json!(wish))
        .await?;
    let now = ask.app.clock.now();
    ask.app
        .store
        .set_thresholds(ask.caller.org, &stored, now)
        .await?;
    ask.app.heads.forget(ask.caller.org);
    Ok(Json(wish))
}

/// How much of single people is shown.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Privacy {
    mode: PrivacyMode,
}

/// The privacy mode.
#[utoipa::path(
    get, path = "/api/v1/privacy", operation_id = "privacy", tag = "settings",
    responses(
        (status = 200, body = Privacy),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn privacy(ask: Ask) -> Result<Json<Privacy>, Problem> {
    let head = ask.app.heads.of(&ask.app, ask.caller.org).await?;
    Ok(Json(Privacy { mode: head.privacy }))
}

/// Sets the privacy mode.
#[utoipa::path(
    put, path = "/api/v1/privacy", operation_id = "set_privacy", tag = "settings",
    request_body = Privacy,
    responses(
        (status = 200, body = Privacy),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn set_privacy(
    ask: Ask,
    Body(wish): Body<Privacy>,
) -> Result<Json<Privacy>, Problem> {
    ask.note("privacy.changed", "settings:privacy", json!(wish))
        .await?;
    ask.app
        .store
        .set_privacy(ask.caller.org, wish.mode.name())
        .await?;
    ask.app.heads.forget(ask.caller.org);
    Ok(Json(wish))
}
