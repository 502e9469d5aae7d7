//! The figures every reader of the simulator must arrive at, computed from the script itself.
//!
//! This is the second opinion the services are checked against: it reads the world's script, never a REST answer, and
//! shares no code with them. The rules are those of the utilization definitions; facts of hidden datasets do not exist.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::state::AppState;
use crate::world::World;
use evidence::Evidence;
use question::Question;

mod addon;
mod advice;
mod class;
mod duty;
mod evidence;
mod feature;
mod load;
mod question;
mod records;
mod report;

/// `GET /sim/truth`, nested under that path.
pub fn router() -> Router<AppState> {
    Router::new().route("/", get(answer))
}

/// The truth about one world as of an instant (seconds since 1970), as `GET /sim/truth` answers it.
#[must_use]
pub fn truth(world: &World, as_of: i64, window_days: i64, hidden: &[&str]) -> Value {
    let mut question = Question::new(as_of, window_days);
    question
        .hidden
        .extend(hidden.iter().map(|name| (*name).to_owned()));
    report::report(world, &question, &Evidence::gather(world, &question))
}

async fn answer(State(state): State<AppState>, RawQuery(query): RawQuery) -> Response {
    let now: Timestamp = state.clock.now();
    let asked = question::parse(&query.unwrap_or_default(), now.as_second());
    let (account, question) = match asked {
        Ok(asked) => asked,
        Err(why) => return refusal(StatusCode::BAD_REQUEST, &why),
    };
    let Some(account) = state.account(&account).cloned() else {
        return refusal(StatusCode::NOT_FOUND, "no such account");
    };
    let question = question.with_abilities(account.abilities());
    let answer = tokio::task::spawn_blocking(move || {
        report::report(
            &account.world,
            &question,
            &Evidence::gather(&account.world, &question),
        )
    });
    match answer.await {
        Ok(body) => Json(body).into_response(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({"error": why}))).into_response()
}
