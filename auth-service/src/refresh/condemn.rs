//! Ending the access for good: the connection asks for Reconnect, the tokens are destroyed, one notice
//! goes out.

use backon::Retryable;
use serde_json::json;

use super::{ACTOR, RefreshError, Refresher, log_retry, settling};
use crate::{
    audit::Subject,
    connection::ConnectionState,
    grant::{Claim, Grant},
    notices::{self, Notice},
    store::{StoreError, audit, connection, grant},
};

/// Which state of a grant is meant.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    org: proto::OrgId,
    connection: proto::ConnectionId,
    fence: i64,
}

impl From<Claim> for Standing {
    fn from(claim: Claim) -> Self {
        Self {
            org: claim.org,
            connection: claim.connection,
            fence: claim.fence,
        }
    }
}

impl From<&Grant> for Standing {
    fn from(grant: &Grant) -> Self {
        Self {
            org: grant.org,
            connection: grant.connection,
            fence: grant.intent.fence,
        }
    }
}

impl Refresher {
    /// Ends the access for good, unless the grant has moved on since it was seen: another replica may
    /// have won.
    pub async fn condemn(&self, seen: Standing, why: &'static str) -> Result<(), RefreshError> {
        let write = || self.write_condemned(seen, why);
        if write.retry(settling()).notify(log_retry).await? {
            self.metrics.access_ended();
            tracing::warn!(org = %seen.org, connection = %seen.connection, why, "access has ended, the connection asks for Reconnect");
        }
        Ok(())
    }

    async fn write_condemned(&self, seen: Standing, why: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.tenant(seen.org).await?;
        let Some(mut connection) = connection::lock(&mut tx, seen.org, seen.connection).await?
        else {
            return Ok(false);
        };
        let stands = grant::lock_fence(&mut tx, seen.org, seen.connection, seen.fence).await?;
        if !stands || connection.state != ConnectionState::Connected {
            return Ok(false);
        }
        connection.state = ConnectionState::Reconnect;
        why.clone_into(&mut connection.reason);
        connection::set_state(&mut tx, &connection, now).await?;
        grant::destroy(&mut tx, seen.org, seen.connection).await?;
        notices::raise(&mut tx, &connection, Notice::Ended { reason: why }, now).await?;
        let entry = audit::Entry {
            org: seen.org,
            actor: ACTOR,
            action: "access.ended",
            subject: Subject::Connection(seen.connection),
            detail: json!({ "reason": why }),
        };
        audit::write(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
