//! One seat: the row of the list, half a year of weeks, what hangs on it, and the newest evidence.

use axum::{extract::Path, response::Response};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{Ask, Opened},
    evidence::{Evidence, newest},
    privacy,
    problem::{Problem, ProblemBody},
    recommendations::Recommendation,
    shapes::{Frame, WindowParams},
    users::{RowMaker, UserRow},
    words::{ClassName, Word},
};
use crate::{
    store::users::SeatRow,
    window::{date_of, day_of, monday, week_of},
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserDetail {
    #[serde(flatten)]
    row: UserRow,
    #[serde(flatten)]
    frame: Frame,
    /// The user at PagerDuty.
    url: Option<String>,
    job_title: String,
    time_zone: String,
    invitation_sent: bool,
    allocated_at: Option<Timestamp>,
    first_seen_at: Timestamp,
    weeks: Vec<WeekOfUses>,
    /// The newest uses.
    evidence: Vec<Evidence>,
    recommendations: Vec<Recommendation>,
    /// The class of each day on which it was another than the day before, and of the newest day.
    history: Vec<ClassOfDay>,
    escalation: Vec<EscalationPlace>,
    schedules: Vec<SchedulePlace>,
    presence: Presence,
}

/// Actions in a week.
#[derive(Debug, Serialize, ToSchema)]
struct WeekOfUses {
    /// A Monday.
    week_start: Date,
    uses: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ClassOfDay {
    day: Date,
    class: ClassName,
}

/// A level of an escalation policy that targets the user.
#[derive(Debug, Serialize, serde::Deserialize, ToSchema)]
struct EscalationPlace {
    policy_id: String,
    policy: String,
    level: i32,
    /// Nobody else is on it.
    sole: bool,
}

#[derive(Debug, Serialize, serde::Deserialize, ToSchema)]
struct SchedulePlace {
    id: String,
    name: String,
    next_shift_at: Option<Timestamp>,
}

/// What could be used; never counted as use.
#[derive(Debug, Default, Serialize, serde::Deserialize, ToSchema)]
#[serde(default)]
struct Presence {
    contact_method_types: Vec<String>,
    downloaded_mobile_app: Option<bool>,
    subscriptions: i64,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "describes the path")]
pub(super) struct UserId {
    /// PagerDuty's id of the user.
    #[param(max_length = 64)]
    id: String,
}

/// A user with everything that is known about the seat.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", operation_id = "user", tag = "figures",
    params(UserId, WindowParams),
    responses(
        (status = 200, body = UserDetail),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(ask: Ask, Path(id): Path<String>) -> Result<Response, Problem> {
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    let seat = seat(&opened, &id).await?;
    let totals = opened
        .app()
        .store
        .feature_totals(opened.org(), &opened.generation, &opened.filter())
        .await?;
    let mut row = RowMaker::new(&opened).await?.row(seat.clone());
    row.explain(|feature| {
        let total = totals.iter().find(|total| total.feature == feature)?;
        total.unknown_reason.clone()
    });
    let site = opened.site(seat.connection_id).await;
    let history = opened
        .app()
        .store
        .person_history(opened.org(), seat.connection_id, &seat.user_id)
        .await?;
    let body = UserDetail {
        row,
        frame: opened.frame(),
        url: site
            .as_ref()
            .map(|site| format!("{site}/users/{}", seat.user_id)),
        weeks: weeks(&opened, &seat),
        evidence: newest(&opened, &seat, site.as_deref()).await?,
        recommendations: opened.recommendations_of(&seat.user_id).await?,
        history: changes(history),
        escalation: serde_json::from_value(seat.escalation).unwrap_or_default(),
        schedules: serde_json::from_value(seat.schedules).unwrap_or_default(),
        presence: serde_json::from_value(seat.presence).unwrap_or_default(),
        job_title: privacy::job_title(&opened, seat.job_title),
        time_zone: seat.time_zone,
        invitation_sent: seat.invitation_sent,
        allocated_at: seat.allocated_at.map(jiff_sqlx::Timestamp::to_jiff),
        first_seen_at: seat.first_seen_at.to_jiff(),
    };
    opened.finish(&body)
}

/// The seat that a path names.
pub(super) async fn seat(opened: &Opened, id: &str) -> Result<SeatRow, Problem> {
    if id.contains('\0') {
        return Err(Problem::not_found("There is no such user."));
    }
    let seat = opened
        .app()
        .store
        .seat(opened.org(), &opened.generation, opened.window, id)
        .await?;
    seat.ok_or_else(|| Problem::not_found("There is no such user."))
}

fn weeks(opened: &Opened, seat: &SeatRow) -> Vec<WeekOfUses> {
    let newest = week_of(day_of(opened.generation.as_of));
    let oldest = newest - seat.weeks.len() as i64 + 1;
    let weeks = seat
        .weeks
        .iter()
        .zip(oldest..)
        .map(|(uses, week)| WeekOfUses {
            week_start: date_of(monday(week)),
            uses: i64::from(*uses),
        });
    weeks.collect()
}

fn changes(days: Vec<(Date, String)>) -> Vec<ClassOfDay> {
    let newest = days.last().cloned();
    let mut changes: Vec<(Date, String)> = Vec::new();
    for (day, class) in days {
        if changes.last().is_none_or(|(_, last)| *last != class) {
            changes.push((day, class));
        }
    }
    if let Some(newest) = newest
        && changes.last() != Some(&newest)
    {
        changes.push(newest);
    }
    changes
        .into_iter()
        .filter_map(|(day, class)| {
            Some(ClassOfDay {
                day,
                class: ClassName::from_name(&class)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_of_the_class_are_told() {
        let days = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"];
        let classes = ["new", "new", "idle", "idle"];
        let days = days.iter().zip(classes);
        let days = days.map(|(day, class)| (day.parse().expect("valid"), class.to_owned()));
        let told: Vec<_> = changes(days.collect())
            .into_iter()
            .map(|one| (one.day.to_string(), one.class))
            .collect();
        assert_eq!(
            told,
            [
                ("2026-01-01".to_owned(), ClassName::New),
                ("2026-01-03".to_owned(), ClassName::Idle),
                ("2026-01-04".to_owned(), ClassName::Idle),
            ]
        );
    }
}
