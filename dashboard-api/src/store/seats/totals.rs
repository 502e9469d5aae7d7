//! Sums of a generation.

use jiff_sqlx::ToSqlx;
use proto::OrgId;
use serde_json::{Value, json};

use super::{Result, Tx};
use crate::{
    crunch::Answers,
    seat::Class,
    window::{date_of, monday, week_of},
};

/// Writes all sums. The order of the statements does not matter, but that of seats does: they are
/// written before.
pub(super) async fn write(
    tx: Tx<'_>,
    org: OrgId,
    generation: i64,
    answers: &[Answers],
) -> Result<()> {
    seat_totals(tx, org, generation).await?;
    feature_totals(tx, org, generation, answers).await?;
    weeks(tx, org, generation, answers).await?;
    incident_weeks(tx, org, generation, answers).await?;
    months(tx, org, generation, answers).await?;
    for one in answers {
        licenses(tx, org, generation, one).await?;
        groups(tx, org, generation, one).await?;
        teams(tx, org, generation, one).await?;
        loads(tx, org, generation, one).await?;
        single_levels(tx, org, generation, one).await?;
        addons(tx, org, generation, one).await?;
    }
    Ok(())
}

async fn seat_totals(tx: Tx<'_>, org: OrgId, generation: i64) -> Result<()> {
    sqlx::query!(
        "insert into seat_totals (org_id, generation, window_days, connection_id, license_id,
             class, seats, people_on_duty, duty_seconds, duty_level_1_seconds,
             duty_level_2_plus_seconds)
         select org_id, generation, window_days, connection_id, coalesce(license_id, ''), class,
             count(*), count(*) filter (where duty_seconds > 0), sum(duty_seconds),
             sum(duty_level_1_seconds), sum(duty_level_2_plus_seconds)
         from seats where org_id = $1 and generation = $2
         group by 1, 2, 3, 4, 5, 6",
        org.0,
        generation,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn licenses(tx: Tx<'_>, org: OrgId, generation: i64, answers: &Answers) -> Result<()> {
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

async fn feature_totals(
    tx: Tx<'_>,
    org: OrgId,
    generation: i64,
    answers: &[Answers],
) -> Result<()> {
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

async fn weeks(tx: Tx<'_>, org: OrgId, generation: i64, answers: &[Answers]) -> Result<()> {
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

async fn incident_weeks(
    tx: Tx<'_>,
    org: OrgId,
    generation: i64,
    answers: &[Answers],
) -> Result<()> {
    let rows = answers.iter().flat_map(|one| {
        let known = |week: i64| {
            let start = |week| one.facts.edges.calendar.start_of(date_of(monday(week)));
            let (from, to) = (start(week), start(week + 1));
            to <= one.facts.t && one.facts.sources.is_complete("incidents", from, to)
        };
        one.facts.incident_weeks.iter().map(move |(week, sums)| {
            json!({
                "week_start": date_of(monday(*week)),
                "incidents": sums.incidents,
                "high_urgency": sums.high_urgency,
                "acknowledged": sums.acknowledged.incidents,
                "ack_seconds": sums.acknowledged.seconds,
                "resolved": sums.resolved.incidents,
                "resolve_seconds": sums.resolved.seconds,
                "complete": known(*week),
            })
        })
    });
    sqlx::query!(
        "insert into incident_weeks (org_id, generation, week_start, incidents, high_urgency,
             acknowledged, ack_seconds, resolved, resolve_seconds, complete)
         select $1, $2, week_start, sum(incidents), sum(high_urgency), sum(acknowledged),
             sum(ack_seconds), sum(resolved), sum(resolve_seconds), bool_and(complete)
         from jsonb_to_recordset($3) as r(week_start date, incidents bigint, high_urgency bigint,
             acknowledged bigint, ack_seconds bigint, resolved bigint, resolve_seconds bigint,
             complete boolean)
         group by week_start",
        org.0,
        generation,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn months(tx: Tx<'_>, org: OrgId, generation: i64, answers: &[Answers]) -> Result<()> {
    let rows = answers.iter().flat_map(|one| &one.months);
    let rows = rows.map(|month| {
        json!({
            "month": month.month,
            "feature": month.feature,
            "people": month.people,
            "uses": month.uses,
            "complete": month.complete,
        })
    });
    sqlx::query!(
        "insert into feature_months (org_id, generation, month, feature, people, uses, complete)
         select $1, $2, month, feature, sum(people), sum(uses), bool_and(complete)
         from jsonb_to_recordset($3) as r(month date, feature text, people bigint, uses bigint,
             complete boolean)
         group by month, feature",
        org.0,
        generation,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn groups(tx: Tx<'_>, org: OrgId, generation: i64, answers: &Answers) -> Result<()> {
    let rows = answers.groups.iter().map(|((window, kind, id), group)| {
        json!({
            "window_days": window.days(),
            "grouping": kind.name(),
            "id": id,
            "name": group.name,
            "used": group.used,
            "eligible": group.eligible,
            "unknown": group.unknown,
        })
    });
    sqlx::query!(
        "insert into feature_groups (org_id, generation, connection_id, window_days, grouping, id,
             name, used, eligible, unknown)
         select $1, $2, $3, window_days, r.grouping, id, name, used, eligible, unknown
         from jsonb_to_recordset($4) as r(window_days integer, grouping text, id text,
             name text, used integer[], eligible integer[], unknown integer[])",
        org.0,
        generation,
        answers.facts.connection,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn teams(tx: Tx<'_>, org: OrgId, generation: i64, answers: &Answers) -> Result<()> {
    let rows = answers.teams.iter().map(|((window, id), team)| {
        json!({
            "window_days": window.days(),
            "team_id": id,
            "name": team.name,
            "parent_id": team.parent_id,
            "members": team.members,
            "seats": team.seats,
            "active": team.of_class(Class::Active),
            "idle": team.of_class(Class::Idle),
            "by_class": team.by_class,
            "by_license": team.by_license,
            "duty_seconds": team.duty_seconds,
        })
    });
    sqlx::query!(
        "insert into team_totals (org_id, generation, connection_id, window_days, team_id, name,
             parent_id, members, seats, active, idle, by_class, by_license, duty_seconds)
         select $1, $2, $3, window_days, team_id, name, parent_id, members, seats, active, idle,
             by_class, by_license, duty_seconds
         from jsonb_to_recordset($4) as r(window_days integer, team_id text, name text,
             parent_id text, members integer, seats integer, active integer, idle integer,
             by_class jsonb, by_license jsonb, duty_seconds bigint)",
        org.0,
        generation,
        answers.facts.connection,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn loads(tx: Tx<'_>, org: OrgId, generation: i64, answers: &Answers) -> Result<()> {
    let rows = answers.loads.iter().filter_map(|load| {
        let person = answers.facts.people.get(load.person)?;
        let teams: Vec<&String> = person.teams.iter().map(|(id, _)| id).collect();
        Some(json!({
            "window_days": load.window.days(),
            "user_id": person.id,
            "name": person.name,
            "team_ids": teams,
            "duty_seconds": load.duty_seconds,
            "business_seconds": load.business_seconds,
            "notifications": load.notifications,
            "sleep_notifications": load.sleep_notifications,
            "acknowledged": load.acknowledged,
            "mean_ack_seconds": load.mean_ack_seconds,
            "weeks": load.weeks,
            "ghost": load.ghost,
        }))
    });
    let newest = week_of(answers.facts.edges.today());
    let first = date_of(monday(newest - crate::crunch::WEEKS + 1));
    sqlx::query!(
        "insert into oncall_load (org_id, generation, connection_id, window_days, user_id, name,
             team_ids, duty_seconds, business_seconds, notifications, sleep_notifications,
             acknowledged, mean_ack_seconds, first_week, weeks, ghost)
         select $1, $2, $3, window_days, user_id, name, team_ids, duty_seconds, business_seconds,
             notifications, sleep_notifications, acknowledged, mean_ack_seconds, $5, weeks, ghost
         from jsonb_to_recordset($4) as r(window_days integer, user_id text, name text,
             team_ids text[], duty_seconds bigint, business_seconds bigint, notifications bigint,
             sleep_notifications bigint, acknowledged bigint, mean_ack_seconds bigint,
             weeks bigint[], ghost boolean)",
        org.0,
        generation,
        answers.facts.connection,
        Value::Array(rows.collect()),
        first.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn single_levels(tx: Tx<'_>, org: OrgId, generation: i64, answers: &Answers) -> Result<()> {
    let names = answers.facts.people.iter();
    let names: std::collections::HashMap<&str, &str> = names
        .map(|person| (person.id.as_str(), person.name.as_str()))
        .collect();
    let rows = answers.bonds.places.iter().flat_map(|(user, places)| {
        let name = names.get(user.as_str()).copied().unwrap_or_default();
        let sole = places.iter().filter(|place| place.sole);
        sole.map(move |place| {
            json!({
                "policy_id": place.policy_id,
                "policy": place.policy,
                "level": place.level,
                "user_id": user,
                "name": name,
            })
        })
    });
    sqlx::query!(
        "insert into single_levels (org_id, generation, connection_id, policy_id, policy, level,
             user_id, name)
         select $1, $2, $3, policy_id, policy, level, user_id, name
         from jsonb_to_recordset($4) as r(policy_id text, policy text, level integer,
             user_id text, name text)",
        org.0,
        generation,
        answers.facts.connection,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn addons(tx: Tx<'_>, org: OrgId, generation: i64, answers: &Answers) -> Result<()> {
    let rows = answers.addons.iter().map(|(window, one)| {
        json!({
            "window_days": window.days(),
            "id": one.addon.id,
            "bought": one.bought,
            "objects": one.objects,
            "verdict": one.verdict.name(),
            "last_at": one.last_at,
            "reason": one.reason,
        })
    });
    sqlx::query!(
        "insert into addon_totals (org_id, generation, connection_id, window_days, id, bought,
             objects, verdict, last_at, reason)
         select $1, $2, $3, window_days, id, bought, objects, verdict, last_at, reason
         from jsonb_to_recordset($4) as r(window_days integer, id text, bought boolean,
             objects bigint, verdict text, last_at timestamptz, reason text)",
        org.0,
        generation,
        answers.facts.connection,
        Value::Array(rows.collect()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
