//! `AuditService`.

use chassis::{Clock, Code};
use proto::{
    auth::v1::{
        AuditEntry, ListAuditRequest, ListAuditResponse, RecordAuditRequest, RecordAuditResponse,
        VerifyAuditRequest, VerifyAuditResponse, audit_service_server::AuditService,
    },
    time::to_proto,
};
use tonic::{Request, Response, Status, async_trait};

use super::{Refusal, id, status};
use crate::{
    audit::{self as domain, AuditError, Recorded, Stored},
    store::Store,
};

/// Answers about the audit log.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
}

#[async_trait]
impl AuditService for Audit {
    async fn list_audit(
        &self,
        request: Request<ListAuditRequest>,
    ) -> Result<Response<ListAuditResponse>, Status> {
        let request = request.get_ref();
        let org = id(&request.org_id)?;
        let found = domain::list(&self.store, org, request.before, request.limit).await;
        let found = found.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(ListAuditResponse {
            entries: found.into_iter().map(rendered).collect(),
        }))
    }

    async fn record_audit(
        &self,
        request: Request<RecordAuditRequest>,
    ) -> Result<Response<RecordAuditResponse>, Status> {
        let request = request.into_inner();
        let org = id(&request.org_id)?;
        let told = Recorded {
            actor: request.actor,
            actor_name: request.actor_name,
            action: request.action,
            subject: request.subject,
            detail: request.detail,
        };
        let stored = domain::record(&self.store, org, told, self.clock.now()).await;
        let stored = stored.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(RecordAuditResponse {
            entry: Some(rendered(stored)),
        }))
    }

    async fn verify_audit(
        &self,
        request: Request<VerifyAuditRequest>,
    ) -> Result<Response<VerifyAuditResponse>, Status> {
        let org = id(&request.get_ref().org_id)?;
        let verified = domain::verify(&self.store, org).await;
        let verified = verified.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(VerifyAuditResponse {
            entries: verified.entries,
            broken_at: verified.broken_at.unwrap_or_default(),
        }))
    }
}

fn rendered(entry: Stored) -> AuditEntry {
    AuditEntry {
        number: entry.number,
        at: Some(to_proto(entry.at)),
        actor: entry.told.actor,
        actor_name: entry.told.actor_name,
        action: entry.told.action,
        subject: entry.told.subject,
        detail: entry.told.detail,
        hash: entry.hash,
    }
}

impl From<&AuditError> for Refusal {
    fn from(error: &AuditError) -> Self {
        match error {
            AuditError::Invalid(_) => Self::new(Code::Invalid, "INVALID_ENTRY"),
            AuditError::NoOrganization => Self::new(Code::NotFound, "NO_ORGANIZATION"),
            AuditError::Store(error) => Self::of_store(error),
        }
    }
}
