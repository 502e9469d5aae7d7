//! Recommendations as they are kept: raised by a generation, turned by what later snapshots
//! show. What money they are about is read here too.

mod turns;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::turns::Move;
use self::turns::turn_kept;
use super::{Result, Store, crunch::Tx, seats::Made};
use crate::{
    catalogue::RULES,
    crunch::Answers,
    money::{Per, Price, PriceBook},
    recommendation::{self, License, Raised, Setting, id_of},
};

/// What the organization pays.
pub async fn price_book(tx: Tx<'_>, org: OrgId) -> Result<PriceBook> {
    let currency = sqlx::query_scalar!("select currency from settings where org_id = $1", org.0)
        .fetch_optional(&mut **tx)
        .await?;
    let mut book = PriceBook {
        currency: currency.flatten(),
        ..PriceBook::default()
    };
    let rows = sqlx::query!(
        "select license_id, valid_from, amount_minor, per, pack_size from license_prices
         where org_id = $1 order by license_id, valid_from",
        org.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let prices: &mut Vec<Price> = book.licenses.entry(row.license_id).or_default();
        prices.push(Price {
            amount_minor: row.amount_minor,
            per: Per::from_name(&row.per).unwrap_or(Per::Month),
            pack_size: row.pack_size.map(i64::from),
            valid_from: row.valid_from.to_jiff(),
        });
    }
    let rows = sqlx::query!(
        "select addon_id, amount_minor, per from addon_prices where org_id = $1",
        org.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let price = Price {
            amount_minor: row.amount_minor,
            per: Per::from_name(&row.per).unwrap_or(Per::Month),
            pack_size: None,
            valid_from: Date::MIN,
        };
        book.addons.insert(row.addon_id, price);
    }
    Ok(book)
}

async fn licenses(tx: Tx<'_>, org: OrgId, connection: Uuid) -> Result<Vec<License>> {
    let rows = sqlx::query!(
        "select id, name, role_group, valid_roles, current_value, allocations_available
         from licenses where org_id = $1 and connection_id = $2 and deleted_at is null
         order by id",
        org.0,
        connection,
    )
    .fetch_all(&mut **tx)
    .await?;
    let licenses = rows.into_iter().map(|row| License {
        id: row.id,
        name: row.name,
        role_group: row.role_group,
        valid_roles: row.valid_roles,
        assigned: row.current_value,
        free: row.allocations_available,
    });
    Ok(licenses.collect())
}

/// Raises what the answers of a generation ask for, and turns what is kept.
pub async fn renew(tx: Tx<'_>, made: &Made<'_>, generation: i64) -> Result<()> {
    let book = price_book(tx, made.org).await?;
    for answers in made.answers {
        let connection = answers.facts.connection;
        let licenses = licenses(tx, made.org, connection).await?;
        let setting = Setting {
            window: made.rules.window,
            licenses: &licenses,
            prices: &book,
            now: made.now,
            today: made.day(),
        };
        let raised = recommendation::raise(answers, &setting);
        let rows: BTreeMap<Uuid, Value> = raised
            .iter()
            .map(|one| row(answers, one, &setting))
            .collect();
        turn_kept(tx, made, answers, &rows).await?;
        upsert(tx, made, generation, (connection, rows)).await?;
    }
    Ok(())
}

fn row(answers: &Answers, raised: &Raised, setting: &Setting<'_>) -> (Uuid, Value) {
    let person = raised
        .person
        .and_then(|place| answers.facts.people.get(place));
    let user = person.map_or("", |person| person.id.as_str());
    let subject = raised.addon.unwrap_or(user);
    let id = id_of(answers.facts.connection, raised.kind, subject);
    let blockers = raised.blockers.iter().map(|blocker| {
        json!({
            "id": blocker.kind.id(),
            "words": blocker.words,
            "subject_id": blocker.subject_id,
            "subject": blocker.subject,
        })
    });
    let license_of = |wanted: &Option<String>| {
        let all = setting.licenses.iter();
        let found = wanted
            .as_ref()
            .and_then(|id| all.clone().find(|one| one.id == *id));
        found.map(|license| license.name.clone())
    };
    let teams = person.map(|person| person.teams.iter().map(|(id, _)| id.clone()));
    let license = person.and_then(|person| person.license_id.clone());
    let about_seat = raised.kind.is_about_seat();
    let row = json!({
        "id": id,
        "kind": raised.kind.name(),
        "user_id": user,
        "user_name": person.map_or("", |person| person.name.as_str()),
        "addon": raised.addon.unwrap_or_default(),
        "team_ids": teams.map(Iterator::collect::<Vec<_>>).unwrap_or_default(),
        "license_name": license_of(&license).filter(|_| about_seat),
        "license_id": license.filter(|_| about_seat),
        "to_license_name": license_of(&raised.to_license),
        "to_license_id": raised.to_license,
        "class": raised.class.map(crate::seat::Class::name),
        "sentence": raised.sentence,
        "confidence": raised.confidence.name(),
        "blockers": blockers.collect::<Vec<_>>(),
        "saving_monthly": raised.saving.monthly,
        "saving_yearly": raised.saving.yearly,
        "currency": setting.prices.currency,
        "missing_price": raised.saving.missing,
        "realizable": if raised.saving.at_renewal { "renewal" } else { "now" },
        "evidence": raised.evidence,
    });
    (id, row)
}

async fn upsert(
    tx: Tx<'_>,
    made: &Made<'_>,
    generation: i64,
    (connection, rows): (Uuid, BTreeMap<Uuid, Value>),
) -> Result<()> {
    let as_of = made.lead.as_of.to_sqlx();
    sqlx::query!(
        "update recommendations set raised = false
         where org_id = $1 and connection_id = $2 and raised",
        made.org.0,
        connection,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into recommendations as k (org_id, id, connection_id, kind, rule, rule_version,
             user_id, user_name, addon, team_ids, license_id, license_name, to_license_id,
             to_license_name, class, sentence, confidence, blockers, saving_monthly,
             saving_yearly, currency, missing_price, realizable, evidence, state, raised,
             first_raised_at, as_of, generation)
         select $1, id, $2, kind, kind, $3, user_id, user_name, addon, team_ids, license_id,
             license_name, to_license_id, to_license_name, class, sentence, confidence, blockers,
             saving_monthly, saving_yearly, currency, missing_price, realizable, evidence, 'open',
             true, $4, $4, $5
         from jsonb_to_recordset($6) as r(id uuid, kind text, user_id text, user_name text,
             addon text, team_ids text[], license_id text, license_name text, to_license_id text,
             to_license_name text, class text, sentence text, confidence text, blockers jsonb,
             saving_monthly bigint, saving_yearly bigint, currency text, missing_price text,
             realizable text, evidence jsonb)
         on conflict (org_id, id) do update set
             rule_version = excluded.rule_version, user_name = excluded.user_name,
             team_ids = excluded.team_ids, license_id = excluded.license_id,
             license_name = excluded.license_name, to_license_id = excluded.to_license_id,
             to_license_name = excluded.to_license_name, class = excluded.class,
             sentence = excluded.sentence, confidence = excluded.confidence,
             blockers = excluded.blockers, saving_monthly = excluded.saving_monthly,
             saving_yearly = excluded.saving_yearly, currency = excluded.currency,
             missing_price = excluded.missing_price, realizable = excluded.realizable,
             evidence = excluded.evidence, raised = true, as_of = excluded.as_of,
             generation = excluded.generation",
        made.org.0,
        connection,
        RULES,
        as_of as _,
        generation,
        Value::Array(rows.into_values().collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

impl Store {
    /// The prices of an organization.
    pub async fn price_book(&self, org: OrgId) -> Result<PriceBook> {
        let mut tx = self.begin(org).await?;
        price_book(&mut tx, org).await
    }
}
