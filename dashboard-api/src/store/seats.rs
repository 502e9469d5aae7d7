//! Writing a generation: seats, verdicts, totals, the day's history; and marking what complete
//! snapshots no longer show.

mod gone;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use serde_json::{Value, json};

pub use self::gone::mark_gone;
use super::{
    Result,
    crunch::{EndedRun, Tx},
};
use crate::{
    coverage::CoverageRow,
    crunch::{Answers, Seat},
    window::{date_of, day_of, monday},
};

/// Generations whose seats stay readable, so that a cursor survives the next crunch.
const KEPT_GENERATIONS: i64 = 3;
/// Rows in one statement.
const CHUNK: usize = 5_000;
/// Channel of the notification that a generation exists; the payload is `{org} {generation}`.
pub const GENERATIONS_CHANNEL: &str = "quolum_generations";

/// Writes the next generation and answers its number. `lead` is the run it speaks for.
pub async fn write_generation(
    tx: Tx<'_>,
    org: OrgId,
    lead: &EndedRun,
    answers: &[Answers],
    now: Timestamp,
) -> Result<i64> {
    let generation = insert_generation(tx, org, lead, answers, now).await?;
    for one in answers {
        for seats in one.seats.chunks(CHUNK) {
            insert_seats(tx, org, generation, one, seats).await?;
        }
        for seats in one.seats.chunks(CHUNK / 20) {
            insert_features(tx, org, generation, one, seats).await?;
        }
        copy_licenses(tx, org, generation, one).await?;
    }
    insert_totals(tx, org, generation, answers).await?;
    insert_weeks(tx, org, generation, answers).await?;
    write_history(tx, org, generation, lead).await?;
    prune(tx, org, generation).await?;
    Ok(generation)
}

async fn insert_generation(
    tx: Tx<'_>,
    org: OrgId,
    lead: &EndedRun,
    answers: &[Answers],
    now: Timestamp,
) -> Result<i64> {
    let of_lead = answers
        .iter()
        .find(|one| one.facts.connection == lead.connection);
    let datasets: Vec<CoverageRow> = of_lead
        .into_iter()
        .flat_map(|one| &one.facts.coverage)
        .map(CoverageRow::from)
        .collect();
    let generation = sqlx::query_scalar!(
        "insert into generations (org_id, generation, as_of, connection_id, run_id, datasets,
             created_at)
         select $1, coalesce(max(generation), 0) + 1, $2, $3, $4, $5, $6
         from generations where org_id = $1
         returning generation",
        org.0,
        lead.as_of.to_sqlx() as _,
        lead.connection,
        lead.run,
        serde_json::to_value(datasets)?,
        now.to_sqlx() as _,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(generation)
}

fn seat_row(answers: &Answers, seat: &Seat) -> Option<Value> {
    let person = answers.facts.people.get(seat.person)?;
    Some(json!({
        "window_days": seat.window.days(),
        "user_id": person.id,
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "job_title": person.job_title,
        "time_zone": person.time_zone,
        "invitation_sent": person.invited,
        "license_id": person.license_id,
        "license_name": person.license_name,
        "allocated_at": person.allocated_at,
        "first_seen_at": person.first_seen_at,
        "teams": person.teams,
        "class": seat.class.name(),
        "duty_seconds": seat.duty.all,
        "duty_level_1_seconds": seat.duty.level_1,
        "duty_level_2_plus_seconds": seat.duty.level_2_plus,
        "actions": seat.actions,
        "last_any_at": seat.last_any.map(|(at, _)| at),
        "last_any_feature": seat.last_any.map(|(_, feature)| feature),
    }))
}

async fn insert_seats(
    tx: Tx<'_>,
    org: OrgId,
    generation: i64,
    answers: &Answers,
    seats: &[Seat],
) -> Result<()> {
    let rows = seats.iter().filter_map(|seat| seat_row(answers, seat));
    sqlx::query!(
        "insert into seats (org_id, generation, connection_id, window_days, user_id, name, email,
             role, job_title, time_zone, invitation_sent, license_id, license_name, allocated_at,
             first_seen_at, teams, class, duty_seconds, duty_level_1_seconds,
             duty_level_2_plus_seconds, actions, last_any_at, last_any_feature)
         select $1, $2, $3, window_days, user_id, name, email, role, job_title, time_zone,
             invitation_sent, license_id, license_name, allocated_at, first_seen_at, teams, class,
             duty_seconds, duty_level_1_seconds, duty_level_2_plus_seconds, actions, last_any_at,
             last_any_feature
         from jsonb_to_recordset($4) as r(window_days integer, user_id text, name text,
             email text, role text, job_title text, time_zone text, invitation_sent boolean,
             license_id text, license_name text, allocated_at timestamptz,
             first_seen_at timestamptz, teams jsonb, class text, duty_seconds bigint,
             duty_level_1_seconds bigint, duty_level_2_plus_seconds bigint, actions bigint,
             last_any_at timestamptz, last_any_feature text)",
        org.0,
        generation,
        answers.facts.connection,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_features(
    tx: Tx<'_>,
    org: OrgId,
    generation: i64,
    answers: &Answers,
    seats: &[Seat],
) -> Result<()> {
    let (mut windows, mut users, mut features) = (vec![], vec![], vec![]);
    let (mut verdicts, mut lasts, mut uses, mut days) = (vec![], vec![], vec![], vec![]);
    for seat in seats {
        let Some(person) = answers.facts.people.get(seat.person) else {
            continue;
        };
        for (feature, verdict, usage) in &seat.features {
            windows.push(seat.window.days() as i32);
            users.push(person.id.as_str());
            features.push(feature.id);
            verdicts.push(verdict.name());
            lasts.push(usage.last.map(ToSqlx::to_sqlx));
            uses.push(usage.uses);
            days.push(usage.active_days);
        }
    }
    sqlx::query!(
        "insert into seat_features (org_id, generation, connection_id, window_days, user_id,
             feature, verdict, last_used_at, uses, active_days)
         select $1, $2, $3, * from unnest($4::integer[], $5::text[], $6::text[], $7::text[],
             $8::timestamptz[], $9::bigint[], $10::integer[])",
        org.0,
        generation,
        answers.facts.connection,
        &windows,
        &users as _,
        &features as _,
        &verdicts as _,
        &lasts as _,
        &uses,
        &days,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn copy_licenses(tx: Tx<'_>, org: OrgId, generation: i64, answers: &Answers) -> Result<()> {
    sqlx::query!(
        "insert into license_totals (org_id, generation, connection_id, license_id, name,
             description, role_group, valid_roles, current_value, allocations_available)
         select org_id, $2, connection_id, id, name, description, role_group, valid_roles,
             current_value, allocations_available
         from licenses where org_id = $1 and connection_id = $3 and deleted_at is null",
        org.0,
        generation,
        answers.facts.connection,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_totals(tx: Tx<'_>, org: OrgId, generation: i64, answers: &[Answers]) -> Result<()> {
    let rows = answers.iter().flat_map(|one| &one.features);
    let rows = rows.map(|((window, feature), total)| {
        json!({
            "window_days": window.days(),
            "feature": feature,
            "used": total.used,
            "unused": total.unused,
            "unknown": total.unknown,
            "not_eligible": total.not_eligible,
            "uses": total.uses,
            "unknown_reason": total.unknown_reason,
        })
    });
    sqlx::query!(
        "insert into feature_totals (org_id, generation, window_days, feature, used, unused,
             unknown, not_eligible, uses, unknown_reason)
         select $1, $2, window_days, feature, sum(used), sum(unused), sum(unknown),
             sum(not_eligible), sum(uses), max(unknown_reason)
         from jsonb_to_recordset($3) as r(window_days integer, feature text, used bigint,
             unused bigint, unknown bigint, not_eligible bigint, uses bigint,
             unknown_reason text)
         group by window_days, feature",
        org.0,
        generation,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_weeks(tx: Tx<'_>, org: OrgId, generation: i64, answers: &[Answers]) -> Result<()> {
    let rows = answers.iter().flat_map(|one| &one.weeks);
    let rows = rows.map(|(week, (people, complete))| {
        json!({
            "week_start": date_of(monday(*week)),
            "people": people,
            "complete": complete,
        })
    });
    sqlx::query!(
        "insert into weekly_active (org_id, generation, week_start, people, complete)
         select $1, $2, week_start, sum(people), bool_and(complete)
         from jsonb_to_recordset($3) as r(week_start date, people bigint, complete boolean)
         group by week_start",
        org.0,
        generation,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The day's seats; a later generation of the same day replaces them.
async fn write_history(tx: Tx<'_>, org: OrgId, generation: i64, lead: &EndedRun) -> Result<()> {
    let day = date_of(day_of(lead.as_of)).to_sqlx();
    sqlx::query!(
        "delete from seat_history where org_id = $1 and day = $2",
        org.0,
        day as _,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into seat_history (org_id, day, window_days, connection_id, license_id, class,
             seats, generation)
         select org_id, $3, window_days, connection_id, coalesce(license_id, ''), class, count(*),
             generation
         from seats where org_id = $1 and generation = $2
         group by org_id, window_days, connection_id, coalesce(license_id, ''), class, generation",
        org.0,
        generation,
        day as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn prune(tx: Tx<'_>, org: OrgId, generation: i64) -> Result<()> {
    let oldest = generation - KEPT_GENERATIONS;
    sqlx::query!(
        "delete from seats where org_id = $1 and generation <= $2",
        org.0,
        oldest
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from seat_features where org_id = $1 and generation <= $2",
        org.0,
        oldest
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Marks the runs as part of a generation.
pub async fn mark_crunched(
    tx: Tx<'_>,
    org: OrgId,
    runs: &[&EndedRun],
    generation: i64,
) -> Result<()> {
    let runs: Vec<_> = runs.iter().map(|run| run.run).collect();
    sqlx::query!(
        "update runs set generation = $3
         where org_id = $1 and run_id = any($2) and generation is null",
        org.0,
        &runs,
        generation,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Tells every replica that the generation exists, once this transaction is committed.
pub async fn announce(tx: Tx<'_>, org: OrgId, generation: i64) -> Result<()> {
    sqlx::query!(
        "select pg_notify($1, $2)",
        GENERATIONS_CHANNEL,
        format!("{org} {generation}"),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Nothing is left to do for the organization.
pub async fn clear_due(tx: Tx<'_>, org: OrgId) -> Result<()> {
    sqlx::query!("delete from due_organizations where org_id = $1", org.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Something is still on its way: look again, ever less often up to `longest` seconds.
pub async fn defer_due(tx: Tx<'_>, org: OrgId, now: Timestamp, longest: i32) -> Result<()> {
    sqlx::query!(
        "update due_organizations set attempts = attempts + 1,
             due_at = $2::timestamptz
                 + least($3::float8, power(2, least(attempts, 16))) * interval '1 second'
         where org_id = $1",
        org.0,
        now.to_sqlx() as _,
        f64::from(longest),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
