//! What users have rather than do: sessions and other delegations, and subscriptions to updates.

use proto::facts::v1::Resource;
use serde::Deserialize;

use super::{
    classic,
    value::{Instant, One, Text},
};

/// The schema names the kind `delegation_type`, the example `type`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct DelegationRow {
    id: Text,
    delegation_type: Text,
    r#type: Text,
    client_id: Text,
    status: Text,
    created_at: Instant,
    expires_at: Instant,
}

impl DelegationRow {
    /// Whose it is, only the question tells.
    fn fact(self) -> Option<Resource> {
        let kind = self.delegation_type.filled();
        Some(Resource {
            id: self.id.filled()?,
            r#type: kind.unwrap_or_else(|| self.r#type.or_empty()),
            name: self.client_id.or_empty(),
            enabled: self.status.0.as_deref() != Some("revoked"),
            status: self.status.or_empty(),
            created_at: self.created_at.proto(),
            ends_at: self.expires_at.proto(),
            ..Resource::default()
        })
    }
}

classic!(
    /// `GET /users/{id}/oauth_delegations`.
    delegations, oauth_delegations: DelegationRow => Resources
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subscription {
    subscriber_id: Text,
    subscriber_type: Text,
    subscribable_id: Text,
    subscribable_type: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SubscriptionRow {
    subscription: One<Subscription>,
}

impl SubscriptionRow {
    /// It has no id of its own: who and what are it.
    fn fact(self) -> Option<Resource> {
        let one = self.subscription.0?;
        let (owner_id, parent_id) = (one.subscriber_id.filled()?, one.subscribable_id.filled()?);
        let (status, kind) = (
            one.subscriber_type.or_empty(),
            one.subscribable_type.or_empty(),
        );
        Some(Resource {
            id: format!("{status}:{owner_id}:{kind}:{parent_id}"),
            r#type: "notification_subscription".to_owned(),
            enabled: true,
            status,
            owner_id,
            parent_id,
            ..Resource::default()
        })
    }
}

classic!(
    /// `GET /users/{id}/notification_subscriptions`, and the same of a team.
    subscriptions, subscriptions: SubscriptionRow => Resources
);
