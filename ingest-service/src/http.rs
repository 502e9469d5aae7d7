//! The public port: PagerDuty's webhooks. Whoever is not PagerDuty learns nothing here.

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};

use crate::webhook::{Receiver, Verdict};

/// PagerDuty drops events over 256 KB by itself.
const BODY_LIMIT: usize = 512 * 1024;
const SIGNATURE: &str = "x-pagerduty-signature";

/// What the public port serves.
pub(crate) fn router(receiver: Receiver) -> Router {
    Router::new()
        .route("/webhooks/pagerduty/{connection}", post(receive))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(receiver)
}

async fn receive(
    State(receiver): State<Receiver>,
    Path(connection): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Ok(connection) = connection.parse() else {
        return StatusCode::NOT_FOUND;
    };
    let given = headers.get_all(SIGNATURE).iter();
    let given: Vec<&str> = given.filter_map(|value| value.to_str().ok()).collect();
    match receiver.receive(connection, &given.join(","), &body).await {
        Verdict::Accepted => StatusCode::ACCEPTED,
        Verdict::Unknown => StatusCode::NOT_FOUND,
        Verdict::Unauthentic => StatusCode::UNAUTHORIZED,
        Verdict::NotDurable => StatusCode::SERVICE_UNAVAILABLE,
    }
}
