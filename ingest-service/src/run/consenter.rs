//! The person who consented, as the list of users shows them: auth-service has to know when the
//! access is about to end with its giver.

use std::sync::PoisonError;

use proto::facts::v1::envelope::Payload;

use super::worker::Worker;

/// What the pages of this run said.
#[derive(Debug, Default)]
pub(super) struct Consenter {
    /// This process has read the list; one that goes on behind it has nothing to tell.
    looked: bool,
    /// PagerDuty's role string, once the person was met.
    role: Option<String>,
}

impl Worker<'_> {
    /// Remembers the consenting person when a page of users holds them.
    pub(super) fn look_for_consenter(&self, payload: &Payload) {
        let (Payload::Users(users), Some(id)) = (payload, self.session.consenter()) else {
            return;
        };
        let mut consenter = self
            .consenter
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        consenter.looked = true;
        if let Some(user) = users.records.iter().find(|user| user.id == id) {
            consenter.role = Some(user.role.clone());
        }
    }

    /// Tells auth-service what a complete list said. Failing is no harm: the next run tells again.
    pub(super) async fn report_consenter(&self) {
        let role = {
            let consenter = self
                .consenter
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if !consenter.looked {
                return;
            }
            consenter.role.clone()
        };
        if let Err(error) = self.session.report_consenter(role.as_deref()).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "auth-service was not told of the consenting user"
            );
        }
    }
}
