//! The public port. PagerDuty's webhooks will arrive here; until they are received for real, every
//! path is unknown, so that nobody subscribes to a receiver that is not there.

use axum::Router;

/// What the public port serves.
pub(crate) fn router() -> Router {
    Router::new()
}
