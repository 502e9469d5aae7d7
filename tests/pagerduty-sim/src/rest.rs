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
pub(crate) mod ask;
mod audit;
mod automation;
mod belongings;
mod change_events;
mod estate;
mod incidents;
mod log_entries;
mod maintenance;
mod notifications;
mod oncalls;
mod orchestrations;
mod page;
mod params;
mod policies;
mod reference;
mod schedules;
mod schedules_v3;
mod services;
mod teams;
pub(crate) mod users;
mod webhook_subscriptions;

/// All REST routes.
pub fn router() -> Router<AppState> {
    people()
        .merge(configuration())
        .merge(doings())
        .merge(belonging())
}

fn people() -> Router<AppState> {
    Router::new()
        .route("/users", get(users::list))
        .route("/users/me", get(users::me))
        .route("/users/{id}", get(users::one))
        .route(
            "/users/{id}/contact_methods",
            get(belongings::contact_methods),
        )
        .route(
            "/users/{id}/notification_rules",
            get(belongings::notification_rules),
        )
        .route(
            "/users/{id}/oauth_delegations",
            get(belongings::delegations),
        )
        .route(
            "/users/{id}/oauth_delegations/{delegation}",
            get(belongings::delegation_by_id),
        )
        .route(
            "/users/{id}/notification_subscriptions",
            get(belongings::subscriptions),
        )
        .route(
            "/teams/{id}/notification_subscriptions",
            get(belongings::team_subscriptions),
        )
        .route("/licenses", get(account::licenses))
        .route("/license_allocations", get(account::license_allocations))
        .route("/abilities", get(account::abilities))
        .route("/abilities/{id}", get(account::ability))
        .route("/priorities", get(account::priorities))
        .route("/teams", get(teams::list))
        .route("/teams/{id}", get(teams::one))
        .route("/teams/{id}/members", get(teams::members))
}

/// What is configured for on-call.
fn configuration() -> Router<AppState> {
    Router::new()
        .route("/services", get(services::list))
        .route("/services/{id}", get(services::one))
        .route("/escalation_policies", get(policies::list))
        .route("/escalation_policies/{id}", get(policies::one))
        .route("/schedules", get(schedules::list))
        .route("/schedules/{id}", get(schedules::one))
        .route("/v3/schedules", get(schedules_v3::list))
        .route("/v3/schedules/{id}", get(schedules_v3::one))
        .route("/services/{id}/enablements", get(estate::enablements))
        .route("/maintenance_windows", get(maintenance::list))
        .route("/maintenance_windows/{id}", get(maintenance::one))
        .route("/event_orchestrations", get(orchestrations::list))
        .route("/event_orchestrations/{id}", get(orchestrations::one))
        .route("/automation_actions/actions", get(automation::actions))
        .route("/automation_actions/actions/{id}", get(automation::one))
        .route(
            "/automation_actions/invocations",
            get(automation::invocations),
        )
}

/// What the account keeps beside.
fn belonging() -> Router<AppState> {
    Router::new()
        .route("/tags", get(estate::tags))
        .route("/tags/{id}/{entity_type}", get(estate::tagged))
        .route("/business_services", get(estate::business_services))
        .route("/status_pages", get(estate::status_pages))
        .route("/status_pages/{id}/posts", get(estate::posts))
        .route("/incident_workflows", get(estate::workflows))
        .route("/incident_workflows/triggers", get(estate::triggers))
        .route("/alert_grouping_settings", get(estate::groupings))
        .route("/extensions", get(estate::extensions))
        .route("/templates", get(estate::templates))
        .route(
            "/webhook_subscriptions",
            get(webhook_subscriptions::list).post(webhook_subscriptions::create),
        )
        .route(
            "/webhook_subscriptions/{id}",
            get(webhook_subscriptions::one)
                .put(webhook_subscriptions::update)
                .delete(webhook_subscriptions::remove),
        )
        .route(
            "/webhook_subscriptions/{id}/enable",
            post(webhook_subscriptions::enable),
        )
        .route(
            "/webhook_subscriptions/{id}/ping",
            post(webhook_subscriptions::ping),
        )
        .route(
            "/session_configurations",
            get(estate::session_configurations),
        )
}

/// What happened.
fn doings() -> Router<AppState> {
    Router::new()
        .route("/audit/records", get(audit::list))
        .route("/notifications", get(notifications::list))
        .route("/change_events", get(change_events::list))
        .route("/oncalls", get(oncalls::list))
        .route("/incidents", get(incidents::list))
        .route("/incidents/{id}", get(incidents::one))
        .route("/incidents/{id}/log_entries", get(log_entries::of_incident))
        .route("/log_entries", get(log_entries::list))
        .route("/log_entries/{id}", get(log_entries::one))
        .route("/analytics/raw/users", post(analytics::raw_users))
        .route("/analytics/raw/incidents", post(analytics::incidents::raw))
        .route(
            "/analytics/metrics/responders/teams",
            post(analytics::responders::by_team),
        )
        .route(
            "/analytics/metrics/pd_advance_usage/features",
            post(analytics::advance::features),
        )
}
