//! A webhook subscription at PagerDuty. Its secret is told once, in the answer that creates it.

use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Malformed, decode,
    value::{Flag, Many, One, Text},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct DeliveryMethod {
    url: Text,
    secret: Text,
    temporarily_disabled: Flag,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    id: Text,
    active: Flag,
    delivery_method: One<DeliveryMethod>,
}

#[derive(Deserialize)]
struct Answer {
    webhook_subscription: Row,
}

/// What PagerDuty says of a subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its id, empty when it is not told.
    pub id: String,
    /// The key of its signatures, if this is the answer that tells it.
    pub secret: Option<SecretString>,
    /// Whether events are delivered.
    pub active: bool,
    /// PagerDuty stopped delivering, because three deliveries in a row were refused.
    pub temporarily_disabled: bool,
}

/// `POST /webhook_subscriptions`, `GET /webhook_subscriptions/{id}` and `…/enable`.
pub fn subscription(body: &[u8]) -> Result<Subscription, Malformed> {
    let Answer {
        webhook_subscription: row,
    } = decode(body)?;
    let method = row.delivery_method.0.unwrap_or_default();
    Ok(Subscription {
        id: row.id.or_empty(),
        secret: method.secret.filled().map(SecretString::from),
        active: row.active.0.unwrap_or(true),
        temporarily_disabled: method.temporarily_disabled.0.unwrap_or(false),
    })
}

#[derive(Deserialize)]
struct ListAnswer {
    webhook_subscriptions: Many<Row>,
}

/// `GET /webhook_subscriptions`: ids, and where each delivers to.
pub fn subscriptions_to(body: &[u8]) -> Result<Vec<(String, String)>, Malformed> {
    let ListAnswer {
        webhook_subscriptions,
    } = decode(body)?;
    let listed = webhook_subscriptions.0.into_iter();
    let pair = |row: Row| Some((row.id.filled()?, row.delivery_method.0?.url.filled()?));
    Ok(listed.filter_map(pair).collect())
}
