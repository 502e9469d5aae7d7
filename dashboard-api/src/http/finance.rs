//! Money for the people who pay: chargeback by team, the renewal, and the FOCUS file.

use std::collections::BTreeMap;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::Ask,
    asked::Format,
    export, money,
    privacy::Veil,
    problem::{Problem, ProblemBody},
    settings::Contract,
    shapes::FormatParams,
};
use crate::{
    history,
    money::{Charge, PriceBook, Share, chargeback as chargeback_of, largest_remainder},
    store::finance::{ChargedSeat, SeatsOfLicense},
};

/// A month's cost by team. The amounts sum to the total.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Chargeback {
    /// The first day of the month.
    month: Date,
    currency: Option<String>,
    total_minor: i64,
    data: Vec<ChargebackRow>,
    /// How people in several teams are divided.
    method: String,
    /// Licenses with seats and without a price; their seats cost nothing here.
    missing_prices: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChargebackRow {
    /// Null for people without a team.
    team_id: Option<String>,
    team: String,
    /// In whole and parts of people.
    seats: f64,
    amount_minor: i64,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct MonthParams {
    /// For example 2026-11; the running month unless told.
    #[param(pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$")]
    month: Option<String>,
}

const METHOD: &str = "Seats as on the last known day of the month. A person in several teams is \
    divided by duty of the last 30 days on policies of each team, evenly without duty.";

const COLUMNS: &[&str] = &["team_id", "team", "seats", "amount_minor"];

/// What each team costs in a month.
#[utoipa::path(
    get, path = "/api/v1/chargeback", operation_id = "chargeback", tag = "figures",
    params(MonthParams, FormatParams),
    responses(
        (status = 200, body = Chargeback),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn chargeback(ask: Ask) -> Result<Response, Problem> {
    let month = month(&ask)?;
    let charged = charged(&ask, month).await?;
    let body = Chargeback {
        month,
        currency: charged.book.currency,
        total_minor: charged.rows.iter().map(|row| row.amount_minor).sum(),
        data: charged.rows,
        method: METHOD.to_owned(),
        missing_prices: charged.missing,
    };
    ask.body(&body, COLUMNS)
}

fn month(ask: &Ask) -> Result<Date, Problem> {
    let asked = ask.asked.month("month")?;
    Ok(asked.unwrap_or_else(|| ask.app.today().first_of_month()))
}

struct Charged {
    book: PriceBook,
    rows: Vec<ChargebackRow>,
    missing: Vec<String>,
    seats: Vec<ChargedSeat>,
    names: BTreeMap<String, String>,
    day: Date,
}

async fn charged(ask: &Ask, month: Date) -> Result<Charged, Problem> {
    let (store, org) = (&ask.app.store, ask.caller.org);
    let book = store.price_book(org).await?;
    let (day, seats) = store.charged_seats(org, month).await?;
    let names = store.team_names(org).await?;
    let paid = store.paid_seats(org, day).await?;
    let mut lines: BTreeMap<Option<String>, Charge> = BTreeMap::new();
    let mut missing = Vec::new();
    for (license, shares) in by_license(&seats) {
        let bought = paid.get(license).copied().unwrap_or(shares.len() as i64);
        let Some(cost) = money::monthly(&book, license, bought, day) else {
            missing.extend((!license.is_empty()).then(|| license.to_owned()));
            continue;
        };
        for (team, charge) in chargeback_of(cost, bought, &shares) {
            let line = lines.entry(team).or_default();
            line.seat_thousandths += charge.seat_thousandths;
            line.amount_minor += charge.amount_minor;
        }
    }
    let rows = lines.into_iter().map(|(id, charge)| ChargebackRow {
        team: id
            .as_ref()
            .map_or("No team", |id| names.get(id).map_or(id, String::as_str))
            .to_owned(),
        team_id: id,
        seats: charge.seat_thousandths as f64 / 1_000.0,
        amount_minor: charge.amount_minor,
    });
    Ok(Charged {
        rows: rows.collect(),
        book,
        missing,
        seats,
        names,
        day,
    })
}

/// The people of each license, as shares of its cost.
fn by_license(seats: &[ChargedSeat]) -> BTreeMap<&str, Vec<Share>> {
    let mut groups: BTreeMap<&str, Vec<Share>> = BTreeMap::new();
    for seat in seats {
        let share = Share {
            teams: seat.team_ids.clone(),
            duty: seat.team_duty.clone(),
            license: seat.license_id.clone(),
        };
        groups.entry(&seat.license_id).or_default().push(share);
    }
    groups
}

/// What to buy at the renewal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Renewal {
    contract: Option<Contract>,
    data: Vec<RenewalLicense>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RenewalLicense {
    id: String,
    name: String,
    /// Null when unlimited.
    purchased: Option<i64>,
    /// Assigned seats without those to be given back.
    needed: i64,
    headroom_percent: i64,
    /// Seats to buy, whole packs where there are packs.
    suggested: i64,
    /// Against what is bought now; null without a price or limit.
    saving_monthly: Option<i64>,
}

/// Room above what is needed, in percent.
const HEADROOM_PERCENT: i64 = 5;

/// How many seats of each license to renew.
#[utoipa::path(
    get, path = "/api/v1/renewal", operation_id = "renewal", tag = "figures",
    params(FormatParams),
    responses(
        (status = 200, body = Renewal),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn renewal(ask: Ask) -> Result<Response, Problem> {
    let (store, org) = (&ask.app.store, ask.caller.org);
    let Json(contract) = super::settings::contract(ask.again()).await?;
    let book = store.price_book(org).await?;
    let today = ask.app.today();
    let rows = store.renewal_seats(org, today).await?;
    let data = rows.into_iter().map(|row| renewed(&book, row, today));
    let body = Renewal {
        contract,
        data: data.collect(),
    };
    ask.body(
        &body,
        &[
            "id",
            "name",
            "purchased",
            "needed",
            "headroom_percent",
            "suggested",
            "saving_monthly",
        ],
    )
}

fn renewed(book: &PriceBook, row: SeatsOfLicense, today: Date) -> RenewalLicense {
    let price = money::price(book, &row.license_id, today);
    let pack = price.and_then(|price| price.pack_size).unwrap_or(1);
    let quantity = history::renewal(row.assigned, row.reclaimable, HEADROOM_PERCENT, pack);
    let cost = |seats: i64| money::monthly(book, &row.license_id, seats, today);
    RenewalLicense {
        saving_monthly: row
            .purchased
            .and_then(|purchased| Some(cost(purchased)? - cost(quantity.suggested)?)),
        id: row.license_id,
        name: row.name,
        purchased: row.purchased,
        needed: quantity.needed,
        headroom_percent: HEADROOM_PERCENT,
        suggested: quantity.suggested,
    }
}

/// The columns of FOCUS 1.2 that apply to a subscription by seat.
const FOCUS_COLUMNS: &[&str] = &[
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
];

/// Cost of each seat and team in a month, as FOCUS 1.2.
#[utoipa::path(
    get, path = "/api/v1/exports/focus", operation_id = "focus", tag = "figures",
    params(MonthParams, FormatParams),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "CSV unless another format is asked for"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn focus(ask: Ask) -> Result<Response, Problem> {
    let month = month(&ask)?;
    let format = match ask.asked.format()? {
        // The file is CSV by its nature.
        Format::Json if ask.asked.text("format").is_none() => Format::Csv,
        format => format,
    };
    let charged = charged(&ask, month).await?;
    let head = ask.app.heads.of(&ask.app, ask.caller.org).await?;
    let veil = ask.app.veil(ask.caller.org, head.privacy);
    let rows = focus_rows(&ask, &charged, month, &veil);
    let body = json!({ "data": rows });
    if format == Format::Json {
        return Ok(Json(body).into_response());
    }
    let bytes = export::rows_of(&body, FOCUS_COLUMNS, format)?;
    Ok((export::headers(format, "/api/v1/exports/focus"), bytes).into_response())
}

/// Every person's share of the cost of their license, by team; a license's rows sum to its cost.
fn focus_rows(ask: &Ask, charged: &Charged, month: Date, veil: &Veil) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut of_license: BTreeMap<&str, Vec<&ChargedSeat>> = BTreeMap::new();
    for seat in &charged.seats {
        of_license.entry(&seat.license_id).or_default().push(seat);
    }
    for (license, seats) in of_license {
        let count = seats.len() as i64;
        let Some(cost) = money::monthly(&charged.book, license, count, charged.day) else {
            continue;
        };
        let amounts = largest_remainder(cost, &vec![1; seats.len()]);
        for (seat, amount) in seats.into_iter().zip(amounts) {
            let share = Share {
                teams: seat.team_ids.clone(),
                duty: seat.team_duty.clone(),
                license: license.to_owned(),
            };
            for (team, charge) in chargeback_of(amount, 1, &[share]) {
                let row = FocusRow {
                    ask,
                    charged,
                    month,
                    seat,
                    person: veil.name(&seat.user_id, &seat.name),
                    team,
                    charge,
                };
                rows.push(focus_row(&row));
            }
        }
    }
    rows
}

/// One seat's part of one team.
struct FocusRow<'a> {
    ask: &'a Ask,
    charged: &'a Charged,
    month: Date,
    seat: &'a ChargedSeat,
    person: String,
    team: Option<String>,
    charge: Charge,
}

fn focus_row(row: &FocusRow<'_>) -> Value {
    // FOCUS writes decimal amounts; prices here are of currencies with cents.
    let cost = row.charge.amount_minor as f64 / 100.0;
    let quantity = row.charge.seat_thousandths as f64 / 1_000.0;
    let end = row.month.saturating_add(jiff::Span::new().months(1));
    let (start, end) = (
        format!("{}T00:00:00Z", row.month),
        format!("{end}T00:00:00Z"),
    );
    let team = row.team.as_ref().and_then(|id| row.charged.names.get(id));
    let (organization, seat) = (&row.ask.caller, row.seat);
    json!({
        "BilledCost": cost, "EffectiveCost": cost, "ContractedCost": cost, "ListCost": cost,
        "BillingAccountId": organization.org.to_string(),
        "BillingAccountName": organization.org_name,
        "BillingCurrency": row.charged.book.currency,
        "BillingPeriodStart": start, "BillingPeriodEnd": end,
        "ChargePeriodStart": start, "ChargePeriodEnd": end,
        "ChargeCategory": "Purchase", "ChargeClass": null, "ChargeFrequency": "Recurring",
        "ChargeDescription": format!("PagerDuty seat, {}", seat.license_name),
        "ConsumedQuantity": quantity, "ConsumedUnit": "Seats",
        "PricingQuantity": quantity, "PricingUnit": "Seats", "PricingCategory": "Standard",
        "ContractedUnitPrice": null, "ListUnitPrice": null,
        "InvoiceIssuerName": "PagerDuty", "ProviderName": "PagerDuty",
        "PublisherName": "PagerDuty", "ServiceCategory": "Management and Governance",
        "ServiceSubcategory": "Other (Management and Governance)", "ServiceName": "PagerDuty",
        "ResourceId": seat.user_id, "ResourceName": row.person, "ResourceType": "Seat",
        "SkuId": seat.license_id, "SkuPriceId": seat.license_id,
        "SubAccountId": row.team, "SubAccountName": team,
        "Tags": json!({"license": seat.license_name}).to_string(),
    })
}
