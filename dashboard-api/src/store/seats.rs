//! Writing a generation: seats, verdicts, totals, the day's history; and marking what complete
//! snapshots no longer show.

mod gone;
mod history;
mod totals;

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
    catalogue::{FEATURES, RULES, RoleGroup},
    coverage::CoverageRow,
    crunch::{Answers, Person, Rules, Seat},
    structure::Bonds,
    window::{Calendar, date_of},
};

/// Generations whose seats stay readable, so that a cursor survives the next crunch; and the last
/// of every day.
const KEPT_GENERATIONS: i64 = 3;
/// Rows in one statement.
const CHUNK: usize = 1_000;
/// Channel of the notification that a generation exists; the payload is `{org} {generation}`.
pub const GENERATIONS_CHANNEL: &str = "quolum_generations";

/// What a generation is made from.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    pub org: OrgId,
    /// The run it speaks for.
    pub lead: &'a EndedRun,
    pub rules: &'a Rules,
    pub answers: &'a [Answers],
    pub now: Timestamp,
}

impl Made<'_> {
    /// The day that the answers belong to: that of the newest data, or today when the day has
    /// turned without any.
    pub fn day(&self) -> jiff::civil::Date {
        let calendar = Calendar::named(&self.rules.time_zone);
        date_of(calendar.day_of(self.lead.as_of.max(self.now)))
    }
}

/// Writes the next generation and answers its number.
pub async fn write_generation(tx: Tx<'_>, made: &Made<'_>) -> Result<i64> {
    let org = made.org;
    let generation = insert_generation(tx, made).await?;
    for one in made.answers {
        for seats in one.seats.chunks(CHUNK) {
            insert_seats(tx, (org, generation), one, seats).await?;
        }
    }
    totals::write(tx, org, generation, made.answers).await?;
    history::write(tx, made, generation).await?;
    prune(tx, org, generation).await?;
    Ok(generation)
}

async fn insert_generation(tx: Tx<'_>, made: &Made<'_>) -> Result<i64> {
    let Made {
        org,
        lead,
        rules,
        answers,
        now,
    } = *made;
    let coverage = |one: &Answers| -> Vec<CoverageRow> {
        one.facts.sources.0.iter().map(CoverageRow::from).collect()
    };
    let of_lead = answers
        .iter()
        .find(|one| one.facts.connection == lead.connection);
    let connections = answers.iter().map(|one| {
        json!({
            "connection_id": one.facts.connection,
            "as_of": one.facts.t,
            "datasets": coverage(one),
        })
    });
    let features: Vec<&str> = FEATURES.iter().map(|feature| feature.id).collect();
    let day = made.day().to_sqlx();
    sqlx::query!(
        "update generations set last_of_day = false
         where org_id = $1 and day = $2 and last_of_day",
        org.0,
        day as _,
    )
    .execute(&mut **tx)
    .await?;
    let generation = sqlx::query_scalar!(
        "insert into generations (org_id, generation, as_of, connection_id, run_id, datasets,
             created_at, day, rules, features, time_zone, grace_days, accepted_blind_spots,
             connections)
         select $1, coalesce(max(generation), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
             $12, $13
         from generations where org_id = $1
         returning generation",
        org.0,
        lead.as_of.to_sqlx() as _,
        lead.connection,
        lead.run,
        serde_json::to_value(of_lead.map(coverage).unwrap_or_default())?,
        now.to_sqlx() as _,
        day as _,
        RULES,
        &features as _,
        rules.time_zone,
        i32::try_from(rules.grace_days).unwrap_or(i32::MAX),
        &rules.accepted_blind_spots,
        Value::Array(connections.collect()),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(generation)
}

/// Teams as pages show them.
fn teams(person: &Person) -> Value {
    let teams = person.teams.iter();
    Value::Array(
        teams
            .map(|(id, name)| json!({"id": id, "name": name}))
            .collect(),
    )
}

fn presence(answers: &Answers, person: &Person) -> Value {
    json!({
        "contact_method_types": person.contact_method_types,
        "downloaded_mobile_app": person.downloaded_mobile_app,
        "subscriptions": answers.facts.subscriptions.get(&person.id).copied().unwrap_or_default(),
    })
}

fn escalation(bonds: &Bonds, person: &Person) -> Value {
    let places = bonds.places.get(&person.id).into_iter().flatten();
    let places = places.map(|place| {
        json!({
            "policy_id": place.policy_id,
            "policy": place.policy,
            "level": place.level,
            "sole": place.sole,
        })
    });
    Value::Array(places.collect())
}

fn schedules(bonds: &Bonds, person: &Person) -> Value {
    let turns = bonds.turns.get(&person.id).into_iter().flatten();
    let turns = turns.map(|turn| {
        json!({
            "id": turn.schedule_id,
            "name": turn.schedule,
            "next_shift_at": Timestamp::from_second(turn.next_shift_at).ok(),
        })
    });
    Value::Array(turns.collect())
}

fn exempt(answers: &Answers, person: &Person) -> Value {
    let marked = answers.facts.rules.exemptions.get(&person.id);
    marked.map_or(
        Value::Null,
        |(reason, until)| json!({"reason": reason, "until": until}),
    )
}

fn seat_row(answers: &Answers, seat: &Seat) -> Option<Value> {
    let person = answers.person(seat)?;
    let group = match RoleGroup::of(person.license_role_group.as_deref(), &person.role) {
        RoleGroup::FullUser => "FullUser",
        RoleGroup::Stakeholder => "Stakeholder",
    };
    let verdicts: String = seat.features.iter().map(|(one, _)| one.letter()).collect();
    let uses = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
    let features = || seat.features.iter().map(|(_, usage)| usage);
    Some(json!({
        "window_days": seat.window.days(),
        "user_id": person.id,
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "role_group": group,
        "job_title": person.job_title,
        "time_zone": person.time_zone,
        "invitation_sent": person.invited,
        "license_id": person.license_id,
        "license_name": person.license_name,
        "allocated_at": person.allocated_at,
        "first_seen_at": person.first_seen_at,
        "teams": teams(person),
        "class": seat.class.name(),
        "duty_seconds": seat.duty.all,
        "duty_level_1_seconds": seat.duty.level_1,
        "duty_level_2_plus_seconds": seat.duty.level_2_plus,
        "actions": seat.actions,
        "last_any_at": seat.last_any.map(|(at, _)| at),
        "last_any_feature": seat.last_any.map(|(_, feature)| feature),
        "verdicts": verdicts,
        "last_used": features().map(|usage| usage.last).collect::<Vec<_>>(),
        "uses": features().map(|usage| uses(usage.uses)).collect::<Vec<_>>(),
        "active_days": features().map(|usage| usage.active_days).collect::<Vec<_>>(),
        "weeks": answers.weeks_of_people.get(seat.person),
        "presence": presence(answers, person),
        "escalation": escalation(&answers.bonds, person),
        "schedules": schedules(&answers.bonds, person),
        "exempt": exempt(answers, person),
    }))
}

async fn insert_seats(
    tx: Tx<'_>,
    (org, generation): (OrgId, i64),
    answers: &Answers,
    seats: &[Seat],
) -> Result<()> {
    let rows = seats.iter().filter_map(|seat| seat_row(answers, seat));
    sqlx::query!(
        "insert into seats (org_id, generation, connection_id, window_days, user_id, name, email,
             role, role_group, job_title, time_zone, invitation_sent, license_id, license_name,
             allocated_at, first_seen_at, teams, class, duty_seconds, duty_level_1_seconds,
             duty_level_2_plus_seconds, actions, last_any_at, last_any_feature, verdicts,
             last_used, uses, active_days, weeks, presence, escalation, schedules, exempt)
         select $1, $2, $3, window_days, user_id, name, email, role, role_group, job_title,
             time_zone, invitation_sent, license_id, license_name, allocated_at, first_seen_at,
             teams, class, duty_seconds, duty_level_1_seconds, duty_level_2_plus_seconds, actions,
             last_any_at, last_any_feature, verdicts, last_used, uses, active_days, weeks,
             presence, escalation, schedules, nullif(exempt, 'null')
         from jsonb_to_recordset($4) as r(window_days integer, user_id text, name text,
             email text, role text, role_group text, job_title text, time_zone text,
             invitation_sent boolean, license_id text, license_name text,
             allocated_at timestamptz, first_seen_at timestamptz, teams jsonb, class text,
             duty_seconds bigint, duty_level_1_seconds bigint, duty_level_2_plus_seconds bigint,
             actions bigint, last_any_at timestamptz, last_any_feature text, verdicts text,
             last_used timestamptz[], uses integer[], active_days integer[], weeks integer[],
             presence jsonb, escalation jsonb, schedules jsonb, exempt jsonb)",
        org.0,
        generation,
        answers.facts.connection,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Seats of older generations that are not the last of their day.
async fn prune(tx: Tx<'_>, org: OrgId, generation: i64) -> Result<()> {
    sqlx::query!(
        "delete from seats s using generations g
         where s.org_id = $1 and g.org_id = $1 and s.generation = g.generation
             and g.generation <= $2 and g.generation > $2 - 100 and not g.last_of_day",
        org.0,
        generation - KEPT_GENERATIONS,
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
        "update due_organizations set attempts = attempts + 1, forced = false,
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
