//! What people decide about recommendations.

use axum::{Json, extract::Path};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Recommendation, RecommendationId, render, unknown};
use crate::{
    http::{
        answer::Ask,
        body::Body,
        problem::{Problem, ProblemBody},
        words::{RecommendationState, StateAsked, Word},
    },
    recommendation::state::State,
    store::recommendations::Move,
};

const LONGEST_REASON: usize = 500;
/// Recommendations in one request.
const MOST: usize = 500;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StateWish {
    state: StateAsked,
    /// Needed to dismiss.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// The last day of a snooze; needed to snooze.
    until: Option<Date>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StateWishes {
    #[schema(min_items = 1, max_items = 500)]
    ids: Vec<Uuid>,
    state: StateAsked,
    #[schema(max_length = 500)]
    reason: Option<String>,
    until: Option<Date>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct StateResults {
    data: Vec<StateResult>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct StateResult {
    id: Uuid,
    changed: bool,
    /// The new state; null when it was not changed.
    state: Option<RecommendationState>,
    /// Why it was not changed.
    detail: Option<String>,
}

/// Accepts, dismisses, snoozes or opens a recommendation again.
#[utoipa::path(
    post, path = "/api/v1/recommendations/{id}/state", operation_id = "change_recommendation", tag = "recommendations",
    params(RecommendationId),
    request_body = StateWish,
    responses(
        (status = 200, body = Recommendation),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "Its state does not allow that"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn change(
    ask: Ask,
    Path(id): Path<String>,
    Body(wish): Body<StateWish>,
) -> Result<Json<Recommendation>, Problem> {
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let wish = checked(&ask, wish)?;
    match moved(&ask, id, &wish).await? {
        Moved::Unknown => return Err(unknown()),
        Moved::Refused(why) => {
            return Err(Problem::conflict(
                "state-conflict",
                "Not possible now",
                &why,
            ));
        }
        Moved::Done => {}
    }
    let opened = ask.open().await?;
    let row = super::one(&opened, &id.to_string()).await?;
    Ok(Json(render(row, &opened.sites().await, &opened.veil())))
}

/// The same for several at once; each has its own result.
#[utoipa::path(
    post, path = "/api/v1/recommendations/state", operation_id = "change_recommendations", tag = "recommendations",
    request_body = StateWishes,
    responses(
        (status = 200, body = StateResults),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn change_many(
    ask: Ask,
    Body(wishes): Body<StateWishes>,
) -> Result<Json<StateResults>, Problem> {
    if wishes.ids.is_empty() || wishes.ids.len() > MOST {
        return Err(Problem::invalid_body("#/ids", "Name 1 to 500 of them."));
    }
    let wish = checked(
        &ask,
        StateWish {
            state: wishes.state,
            reason: wishes.reason,
            until: wishes.until,
        },
    )?;
    let mut data = Vec::with_capacity(wishes.ids.len());
    for id in wishes.ids {
        data.push(match moved(&ask, id, &wish).await? {
            Moved::Done => StateResult {
                id,
                changed: true,
                state: RecommendationState::from_name(wish.state.name()),
                detail: None,
            },
            Moved::Refused(why) => StateResult {
                id,
                changed: false,
                state: None,
                detail: Some(why),
            },
            Moved::Unknown => StateResult {
                id,
                changed: false,
                state: None,
                detail: Some("There is no such recommendation.".to_owned()),
            },
        });
    }
    Ok(Json(StateResults { data }))
}

/// What is wished, checked.
struct Wish {
    state: State,
    reason: String,
    until: Option<Date>,
}

enum Moved {
    Done,
    Refused(String),
    Unknown,
}

fn checked(ask: &Ask, wish: StateWish) -> Result<Wish, Problem> {
    let reason = wish.reason.unwrap_or_default().trim().to_owned();
    if reason.chars().count() > LONGEST_REASON || reason.contains('\0') {
        return Err(Problem::invalid_body(
            "#/reason",
            "It has at most 500 characters.",
        ));
    }
    if wish.state == StateAsked::Dismissed && reason.is_empty() {
        return Err(Problem::invalid_body(
            "#/reason",
            "Say why it is dismissed.",
        ));
    }
    let today = ask.app.today();
    match (wish.state, wish.until) {
        (StateAsked::Snoozed, Some(until)) if until > today && until.year() <= 9000 => {}
        (StateAsked::Snoozed, _) => {
            return Err(Problem::invalid_body(
                "#/until",
                "Name a day in the future.",
            ));
        }
        (_, Some(_)) => {
            return Err(Problem::invalid_body(
                "#/until",
                "Only a snooze has an end.",
            ));
        }
        (_, None) => {}
    }
    Ok(Wish {
        state: State::from_name(wish.state.name()).unwrap_or(State::Open),
        reason,
        until: wish.until,
    })
}

async fn moved(ask: &Ask, id: Uuid, wish: &Wish) -> Result<Moved, Problem> {
    let org = ask.caller.org;
    let by = ask.caller.id();
    let moving = Move {
        to: wish.state,
        reason: &wish.reason,
        until: wish.until,
        by,
        at: ask.app.clock.now(),
        today: ask.app.today(),
    };
    let moved = ask.app.store.move_recommendation(org, id, moving).await?;
    match moved {
        None => return Ok(Moved::Unknown),
        Some(Err(refused)) => return Ok(Moved::Refused(refused.to_string())),
        Some(Ok(())) => {}
    }
    let detail = json!({
        "state": wish.state.name(), "reason": wish.reason, "until": wish.until,
    });
    ask.note(
        "recommendation.changed",
        &format!("recommendation:{id}"),
        detail,
    )
    .await?;
    ask.app.store.touch(org).await?;
    ask.app.heads.forget(org);
    Ok(Moved::Done)
}
