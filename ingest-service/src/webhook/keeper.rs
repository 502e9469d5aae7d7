//! Looks after a subscription: whether PagerDuty still delivers, and until when nothing is lost.

use jiff::Timestamp;
use proto::{ConnectionId, OrgId, facts::v1::Dataset};

use super::{Webhook, subscriber::subscription_path};
use crate::{
    pagerduty::{
        Call, Failure, Session,
        model::subscription::{Subscription, subscription},
    },
    store::{Store, StoreError},
};

const REMOVED: &str = "the subscription was removed at PagerDuty";
const STOPPED: &str = "PagerDuty has stopped delivering to this subscription";

/// Asks PagerDuty, once in each run, whether the subscription is alive, and mends it if it can be.
pub async fn confirm(
    store: &Store,
    session: &Session,
    (org, connection): (OrgId, ConnectionId),
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(webhook) = store.webhook(org, connection).await? else {
        return Ok(());
    };
    // Made by hand: only its deliveries tell.
    if webhook.subscription_id.is_empty() {
        return Ok(());
    }
    match look(session, &webhook).await {
        Ok(found) if found.active && !found.temporarily_disabled => {
            store.confirm_webhook(org, connection, now).await
        }
        Ok(_) => {
            store.trouble_webhook(org, connection, STOPPED).await?;
            // Its queue is lost; coverage starts anew with the next delivery.
            let enabled = enable(session, &webhook).await;
            if let Err(failure) = enabled {
                tracing::warn!(%connection, %failure, "the subscription stays disabled");
            }
            Ok(())
        }
        Err(Failure::NotFound) => store.trouble_webhook(org, connection, REMOVED).await,
        Err(failure) => {
            tracing::info!(%connection, %failure, "the subscription cannot be looked at");
            Ok(())
        }
    }
}

async fn look(session: &Session, webhook: &Webhook) -> Result<Subscription, Failure> {
    let call = Call::get(subscription_path(&webhook.subscription_id), Vec::new());
    session.read(Dataset::Webhooks, &call, subscription).await
}

async fn enable(session: &Session, webhook: &Webhook) -> Result<(), Failure> {
    let path = format!("{}/enable", subscription_path(&webhook.subscription_id));
    let call = Call::post(path, String::new());
    session.read(Dataset::Webhooks, &call, |_| Ok(())).await
}
