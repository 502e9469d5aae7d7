//! The day's history, which outlives facts and generations.

use jiff_sqlx::ToSqlx;
use proto::OrgId;
use serde_json::{Value, json};

use super::{Made, Result, Tx};
use crate::{crunch::Answers, window::Window};

/// The window that a person's history speaks of.
const HISTORY_WINDOW: Window = Window::Days90;

/// Writes what the generation says about its day, in place of an earlier one of the same day.
pub(super) async fn write(tx: Tx<'_>, made: &Made<'_>, generation: i64) -> Result<()> {
    seats(tx, made, generation).await?;
    licenses(tx, made, generation).await?;
    for one in made.answers {
        people(tx, made, one).await?;
    }
    Ok(())
}

async fn seats(tx: Tx<'_>, made: &Made<'_>, generation: i64) -> Result<()> {
    let day = made.day().to_sqlx();
    sqlx::query!(
        "delete from seat_history where org_id = $1 and day = $2",
        made.org.0,
        day as _
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into seat_history (org_id, day, window_days, connection_id, license_id, class,
             seats, generation)
         select org_id, $3, window_days, connection_id, license_id, class, seats, generation
         from seat_totals where org_id = $1 and generation = $2",
        made.org.0,
        generation,
        day as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn licenses(tx: Tx<'_>, made: &Made<'_>, generation: i64) -> Result<()> {
    let day = made.day().to_sqlx();
    sqlx::query!(
        "delete from license_days where org_id = $1 and day = $2",
        made.org.0,
        day as _
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into license_days (org_id, connection_id, license_id, day, name, purchased,
             assigned)
         select l.org_id, l.connection_id, l.license_id, $3, l.name,
             l.current_value + l.allocations_available,
             coalesce((select sum(t.seats) from seat_totals t
                 where t.org_id = l.org_id and t.generation = l.generation
                     and t.window_days = $4 and t.connection_id = l.connection_id
                     and t.license_id = l.license_id), 0)
         from license_totals l where l.org_id = $1 and l.generation = $2",
        made.org.0,
        generation,
        day as _,
        HISTORY_WINDOW.days() as i32,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn people(tx: Tx<'_>, made: &Made<'_>, answers: &Answers) -> Result<()> {
    let (org, day): (OrgId, _) = (made.org, made.day());
    let connection = answers.facts.connection;
    sqlx::query!(
        "delete from person_days where org_id = $1 and connection_id = $2 and day = $3",
        org.0,
        connection,
        day.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    let rows = answers.seats_in(HISTORY_WINDOW).filter_map(|seat| {
        let person = answers.person(seat)?;
        let teams: Vec<&String> = person.teams.iter().map(|(id, _)| id).collect();
        Some(json!({
            "user_id": person.id,
            "class": seat.class.name(),
            "license_id": person.license_id.as_deref().unwrap_or_default(),
            "role": person.role,
            "team_ids": teams,
            "team_duty": answers.team_duty.get(seat.person),
        }))
    });
    sqlx::query!(
        "insert into person_days (org_id, connection_id, user_id, day, class, license_id, role,
             team_ids, team_duty)
         select $1, $2, user_id, $3, class, license_id, role, team_ids, team_duty
         from jsonb_to_recordset($4) as r(user_id text, class text, license_id text, role text,
             team_ids text[], team_duty bigint[])",
        org.0,
        connection,
        day.to_sqlx() as _,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
