//! The price book.

use axum::Json;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::checked_currency;
use crate::{
    http::{
        answer::Ask,
        body::Body,
        problem::{Problem, ProblemBody},
        words::{Per, Word},
    },
    store::settings::{AddonPrice as StoredAddonPrice, LicensePrice as StoredLicensePrice, Prices},
};

/// Prices in one book.
const MOST: usize = 500;
/// One price in the smallest unit; a thousand millions are a mistake.
const LARGEST: i64 = 100_000_000_000;

/// What licenses and add-ons cost. Amounts are in the smallest unit of the currency.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PriceBook {
    /// ISO 4217; null while no price is set.
    currency: Option<String>,
    #[schema(max_items = 500)]
    licenses: Vec<LicensePrice>,
    #[schema(max_items = 500)]
    addons: Vec<AddonPrice>,
}

/// A price holds from its day until the next one of the same license.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LicensePrice {
    #[schema(min_length = 1, max_length = 64)]
    license_id: String,
    #[schema(minimum = 0, maximum = 100_000_000_000_i64)]
    amount_minor: i64,
    per: Per,
    /// Seats that one price buys; null: one.
    #[schema(minimum = 1, maximum = 100_000)]
    pack_size: Option<i32>,
    valid_from: Date,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AddonPrice {
    #[schema(min_length = 1, max_length = 64)]
    id: String,
    #[schema(minimum = 0, maximum = 100_000_000_000_i64)]
    amount_minor: i64,
    per: Per,
}

/// All prices.
#[utoipa::path(
    get, path = "/api/v1/prices", operation_id = "prices", tag = "settings",
    responses(
        (status = 200, body = PriceBook),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn prices(ask: Ask) -> Result<Json<PriceBook>, Problem> {
    let stored = ask.app.store.prices(ask.caller.org).await?;
    Ok(Json(PriceBook {
        currency: stored.currency,
        licenses: stored
            .licenses
            .into_iter()
            .map(|one| LicensePrice {
                license_id: one.license_id,
                amount_minor: one.amount_minor,
                per: Per::from_name(&one.per).unwrap_or(Per::Month),
                pack_size: one.pack_size,
                valid_from: one.valid_from,
            })
            .collect(),
        addons: stored
            .addons
            .into_iter()
            .map(|one| AddonPrice {
                id: one.addon_id,
                amount_minor: one.amount_minor,
                per: Per::from_name(&one.per).unwrap_or(Per::Month),
            })
            .collect(),
    }))
}

/// Replaces all prices.
#[utoipa::path(
    put, path = "/api/v1/prices", operation_id = "set_prices", tag = "settings",
    request_body = PriceBook,
    responses(
        (status = 200, body = PriceBook),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn set_prices(
    ask: Ask,
    Body(wish): Body<PriceBook>,
) -> Result<Json<PriceBook>, Problem> {
    let stored = checked(&wish)?;
    ask.note("prices.changed", "settings:prices", json!(wish))
        .await?;
    let now = ask.app.clock.now();
    ask.app
        .store
        .set_prices(ask.caller.org, &stored, now)
        .await?;
    ask.app.heads.forget(ask.caller.org);
    Ok(Json(wish))
}

fn checked(wish: &PriceBook) -> Result<Prices, Problem> {
    let priced = !wish.licenses.is_empty() || !wish.addons.is_empty();
    if wish.currency.is_none() && priced {
        return Err(Problem::invalid_body(
            "#/currency",
            "Prices need a currency.",
        ));
    }
    if wish.licenses.len() > MOST || wish.addons.len() > MOST {
        return Err(Problem::invalid_body(
            "#",
            "There are at most 500 prices of a kind.",
        ));
    }
    let currency = wish.currency.as_deref();
    let mut seen = std::collections::BTreeSet::new();
    for (number, one) in wish.licenses.iter().enumerate() {
        let pointer = format!("#/licenses/{number}");
        check_id(&format!("{pointer}/license_id"), &one.license_id)?;
        check_amount(&pointer, one.amount_minor)?;
        if one
            .pack_size
            .is_some_and(|size| !(1..=100_000).contains(&size))
        {
            return Err(Problem::invalid_body(
                &format!("{pointer}/pack_size"),
                "It is 1 to 100,000.",
            ));
        }
        if !(2000..=2999).contains(&one.valid_from.year()) {
            return Err(Problem::invalid_body(
                &format!("{pointer}/valid_from"),
                "It lies between 2000 and 2999.",
            ));
        }
        if !seen.insert((one.license_id.as_str(), one.valid_from)) {
            return Err(Problem::invalid_body(
                &pointer,
                "This license has two prices from that day.",
            ));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for (number, one) in wish.addons.iter().enumerate() {
        let pointer = format!("#/addons/{number}");
        check_id(&format!("{pointer}/id"), &one.id)?;
        check_amount(&pointer, one.amount_minor)?;
        if !seen.insert(one.id.as_str()) {
            return Err(Problem::invalid_body(
                &pointer,
                "This add-on has two prices.",
            ));
        }
    }
    Ok(Prices {
        currency: currency
            .map(|text| checked_currency("#/currency", text))
            .transpose()?,
        licenses: wish.licenses.iter().map(stored_license).collect(),
        addons: wish.addons.iter().map(stored_addon).collect(),
    })
}

pub(in crate::http) fn check_id(pointer: &str, id: &str) -> Result<(), Problem> {
    if id.is_empty() || id.len() > 64 || id.contains(char::is_control) {
        return Err(Problem::invalid_body(pointer, "It has 1 to 64 characters."));
    }
    Ok(())
}

fn check_amount(pointer: &str, amount: i64) -> Result<(), Problem> {
    if (0..=LARGEST).contains(&amount) {
        return Ok(());
    }
    let pointer = format!("{pointer}/amount_minor");
    Err(Problem::invalid_body(
        &pointer,
        "It is not negative and below a thousand millions.",
    ))
}

fn stored_license(one: &LicensePrice) -> StoredLicensePrice {
    StoredLicensePrice {
        license_id: one.license_id.clone(),
        amount_minor: one.amount_minor,
        per: one.per.name().to_owned(),
        pack_size: one.pack_size,
        valid_from: one.valid_from,
    }
}

fn stored_addon(one: &AddonPrice) -> StoredAddonPrice {
    StoredAddonPrice {
        addon_id: one.id.clone(),
        amount_minor: one.amount_minor,
        per: one.per.name().to_owned(),
    }
}
