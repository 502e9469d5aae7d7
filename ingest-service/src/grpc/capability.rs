//! What an access can read.

use chassis::Code;
use jiff::Timestamp;
use proto::{
    ConnectionId, OrgId,
    facts::v1::{Completeness, Dataset},
    ingest::v1 as wire,
};
use tonic::Status;

use super::{SyncApi, sync::unavailable};
use crate::{
    pagerduty::{Failure, endpoint},
    probe::{self, Capability},
};

impl SyncApi {
    /// Asks PagerDuty, and keeps the answers.
    pub(super) async fn probed(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<(Vec<wire::Capability>, Timestamp), Status> {
        let session = self.subscriber.visits.session(org, connection);
        let now = self.clock.now();
        let found = probe::probe(&session, &self.datasets, now).await;
        let found = found.map_err(|failure| refusal(&failure))?;
        let kept = self.store.save_capabilities((org, connection), &found, now);
        kept.await.map_err(|error| unavailable(&error))?;
        Ok((rendered(&found), now))
    }

    /// What was found the last time.
    pub(super) async fn known_capabilities(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<(Vec<wire::Capability>, Option<Timestamp>), Status> {
        let known = self.store.capabilities(org, connection).await;
        let (found, probed_at) = known.map_err(|error| unavailable(&error))?;
        Ok((rendered(&found), probed_at))
    }
}

/// One for each dataset; what was never asked for is not known.
fn rendered(found: &[Capability]) -> Vec<wire::Capability> {
    let one = |dataset: Dataset| {
        let known = found.iter().find(|one| one.dataset == dataset);
        wire::Capability {
            dataset: dataset.into(),
            access: known.map_or(Completeness::Pending, |one| one.access).into(),
            reason: known.map(|one| one.reason.clone()).unwrap_or_default(),
            scope: endpoint::scope(dataset).to_owned(),
        }
    };
    Dataset::ALL.into_iter().map(one).collect()
}

/// Why PagerDuty cannot be asked at all.
pub(super) fn refusal(failure: &Failure) -> Status {
    match failure {
        Failure::Reconnect => Code::Precondition.status("RECONNECT", &failure.to_string()),
        Failure::Gone => Code::NotFound.status("NO_CONNECTION", &failure.to_string()),
        _ => Code::Unavailable.status("PAGERDUTY", &failure.to_string()),
    }
}
