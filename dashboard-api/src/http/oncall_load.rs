//! Who carries the duty, and how it falls on nights and weekends; and what incidents were like.

use axum::response::Response;
use jiff::{Span, civil::Date};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{Ask, Opened},
    licenses::bucket,
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, Frame, List, WindowParams},
    words::Grain,
};
use crate::store::groups::{IncidentWeek, LoadRow};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OncallLoad {
    #[serde(flatten)]
    frame: Frame,
    data: Vec<PersonLoad>,
    single_person_levels: Vec<SinglePersonLevel>,
    fairness: Fairness,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonLoad {
    user_id: String,
    name: String,
    duty_seconds: i64,
    /// Monday to Friday, 9 to 17 o'clock.
    business_seconds: i64,
    off_hours_seconds: i64,
    notifications: i64,
    /// From 22 to 6 o'clock.
    sleep_notifications: i64,
    mean_ack_seconds: Option<i64>,
    weeks: Vec<WeekOfDuty>,
    /// On duty, notified, and never acknowledging.
    ghost: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct WeekOfDuty {
    /// A Monday.
    week_start: Date,
    seconds: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct SinglePersonLevel {
    policy_id: String,
    policy: String,
    level: i32,
    user_id: String,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Fairness {
    /// 0 when all have the same duty, towards 1 when one has it all; null without duty.
    gini: Option<f64>,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct TeamParam {
    /// Team ids, separated by commas.
    team: Option<String>,
}

const COLUMNS: &[&str] = &[
    "user_id",
    "name",
    "duty_seconds",
    "business_seconds",
    "off_hours_seconds",
    "notifications",
    "sleep_notifications",
    "mean_ack_seconds",
    "ghost",
];

/// Duty by person and week.
#[utoipa::path(
    get, path = "/api/v1/oncall-load", operation_id = "oncall_load", tag = "figures",
    params(WindowParams, TeamParam, FormatParams),
    responses(
        (status = 200, body = OncallLoad),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(ask: Ask) -> Result<Response, Problem> {
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    let store = &opened.app().store;
    let number = opened.generation.number;
    let rows = store
        .oncall_load(opened.org(), number, opened.window)
        .await?;
    let in_team = |row: &LoadRow| {
        let ids = opened.team.as_ref();
        ids.is_none_or(|ids| row.team_ids.iter().any(|id| ids.contains(id)))
    };
    let rows: Vec<LoadRow> = rows.into_iter().filter(in_team).collect();
    let duties: Vec<i64> = rows
        .iter()
        .map(|row| row.duty_seconds)
        .filter(|s| *s > 0)
        .collect();
    let veil = opened.veil();
    let levels = store.single_levels(opened.org(), number).await?;
    let levels = levels.into_iter().map(|row| SinglePersonLevel {
        policy_id: row.policy_id,
        policy: row.policy,
        level: row.level,
        name: veil.name(&row.user_id, &row.name),
        user_id: row.user_id,
    });
    let body = OncallLoad {
        frame: opened.frame(),
        fairness: Fairness { gini: gini(duties) },
        single_person_levels: levels.collect(),
        data: rows.into_iter().map(|row| load(&opened, row)).collect(),
    };
    opened.finish_list(&body, COLUMNS)
}

fn load(opened: &Opened, row: LoadRow) -> PersonLoad {
    let weeks = row
        .weeks
        .iter()
        .zip(0..)
        .map(|(seconds, number)| WeekOfDuty {
            week_start: row.first_week.saturating_add(Span::new().weeks(number)),
            seconds: *seconds,
        });
    PersonLoad {
        weeks: weeks.collect(),
        name: opened.veil().name(&row.user_id, &row.name),
        user_id: row.user_id,
        duty_seconds: row.duty_seconds,
        business_seconds: row.business_seconds,
        off_hours_seconds: row.duty_seconds - row.business_seconds,
        notifications: row.notifications,
        sleep_notifications: row.sleep_notifications,
        mean_ack_seconds: row.mean_ack_seconds,
        ghost: row.ghost,
    }
}

/// How unevenly the duty is spread over those who have any, with two decimals.
fn gini(mut duties: Vec<i64>) -> Option<f64> {
    duties.sort_unstable();
    let count = i128::try_from(duties.len()).ok()?;
    let sum: i128 = duties.iter().copied().map(i128::from).sum();
    if sum == 0 {
        return None;
    }
    let weighted: i128 = duties
        .iter()
        .zip(1_i128..)
        .map(|(duty, rank)| i128::from(*duty) * rank)
        .sum();
    let (part, whole) = (2 * weighted - (count + 1) * sum, count * sum);
    Some(((part * 200 + whole).div_euclid(2 * whole)) as f64 / 100.0)
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IncidentBucket {
    /// The first day of the week or month.
    start: Date,
    incidents: i64,
    high_urgency: i64,
    mean_ack_seconds: Option<i64>,
    mean_resolve_seconds: Option<i64>,
    /// Whether it is over and all of it is known.
    complete: bool,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct IncidentGrain {
    /// `week` unless told, or `month`: the weeks that begin in it.
    grain: Option<GrainOfIncidents>,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) enum GrainOfIncidents {
    Week,
    Month,
}

const INCIDENT_COLUMNS: &[&str] = &[
    "start",
    "incidents",
    "high_urgency",
    "mean_ack_seconds",
    "mean_resolve_seconds",
    "complete",
];

/// Incidents by week or month.
#[utoipa::path(
    get, path = "/api/v1/incidents/summary", operation_id = "incident_summary", tag = "figures",
    params(WindowParams, IncidentGrain, FormatParams),
    responses(
        (status = 200, body = List<IncidentBucket>),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn incidents(ask: Ask) -> Result<Response, Problem> {
    let grain = ask.asked.word::<Grain>("grain")?.unwrap_or(Grain::Week);
    if grain == Grain::Day {
        return Err(Problem::invalid_parameter(
            "grain",
            "It is one of week, month.",
        ));
    }
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    let weeks = opened
        .app()
        .store
        .incident_weeks(opened.org(), opened.generation.number)
        .await?;
    let mut buckets: Vec<IncidentWeek> = Vec::new();
    for mut week in weeks {
        week.week_start = bucket(week.week_start, grain);
        match buckets.last_mut() {
            Some(last) if last.week_start == week.week_start => last.add(&week),
            _ => buckets.push(week),
        }
    }
    let mean = |seconds: i64, count: i64| (count > 0).then(|| (seconds + count / 2) / count);
    let data = buckets.into_iter().map(|week| IncidentBucket {
        start: week.week_start,
        incidents: week.incidents,
        high_urgency: week.high_urgency,
        mean_ack_seconds: mean(week.ack_seconds, week.acknowledged),
        mean_resolve_seconds: mean(week.resolve_seconds, week.resolved),
        complete: week.complete,
    });
    let body = opened.list(data.collect());
    opened.finish_list(&body, INCIDENT_COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duty_shared_evenly_is_fair_and_duty_of_one_is_not() {
        assert_eq!(gini(vec![10, 10, 10]), Some(0.0));
        assert_eq!(gini(vec![]), None);
        assert_eq!(gini(vec![0, 0, 30]), Some(0.67));
        assert_eq!(gini(vec![1, 3]), Some(0.25));
    }
}
