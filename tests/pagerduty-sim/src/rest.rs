//! PagerDuty's REST surface: reading only, bodies as in the official schema, refusals as documented.
//!
//! Each handler asks the `ask::Ask` it is given: who calls, when is now, what was asked for. Authentication, rate
//! limits, faults and headers wrap this router from outside.

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

mod account;
mod analytics;
mod answer;
mod ask;
mod incidents;
mod log_entries;
mod oncalls;
mod page;
mod params;
mod policies;
mod reference;
mod schedules;
mod schedules_v3;
mod services;
mod teams;
mod users;

/// All REST routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/users", get(users::list))
        .route("/users/me", get(users::me))
        .route("/users/{id}", get(users::one))
        .route("/licenses", get(account::licenses))
        .route("/license_allocations", get(account::license_allocations))
        .route("/abilities", get(account::abilities))
        .route("/abilities/{id}", get(account::ability))
        .route("/priorities", get(account::priorities))
        .route("/teams", get(teams::list))
        .route("/teams/{id}", get(teams::one))
        .route("/teams/{id}/members", get(teams::members))
        .route("/services", get(services::list))
        .route("/services/{id}", get(services::one))
        .route("/escalation_policies", get(policies::list))
        .route("/escalation_policies/{id}", get(policies::one))
        .route("/schedules", get(schedules::list))
        .route("/schedules/{id}", get(schedules::one))
        .route("/v3/schedules", get(schedules_v3::list))
        .route("/v3/schedules/{id}", get(schedules_v3::one))
        .route("/oncalls", get(oncalls::list))
        .route("/incidents", get(incidents::list))
        .route("/incidents/{id}", get(incidents::one))
        .route("/incidents/{id}/log_entries", get(log_entries::of_incident))
        .route("/log_entries", get(log_entries::list))
        .route("/log_entries/{id}", get(log_entries::one))
        .route("/analytics/raw/users", post(analytics::raw_users))
}
