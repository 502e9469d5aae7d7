//! `CredentialService`.

use std::time::Duration;

use chassis::Code;
use jiff::SignedDuration;
use proto::{
    auth::v1::{
        LeaseTokenRequest, LeaseTokenResponse, ListSyncableRequest, ListSyncableResponse,
        OpenRequest, OpenResponse, ReportConsenterRequest, ReportConsenterResponse,
        ReportRejectedRequest, ReportRejectedResponse, SealRequest, SealResponse,
        credential_service_server::CredentialService, list_syncable_response::Item,
    },
    time::to_proto,
};
use secrecy::ExposeSecret;
use tonic::{Request, Response, Status, async_trait};

use super::{Refusal, id, kind, region, state, status};
use crate::{
    connection,
    keeping::{Belongs, Keeper, KeepingError},
    lease::{LeaseError, Lender},
    refresh::{RefreshError, Refresher},
};

/// What a caller is told to wait when the deployment itself is not ready.
const NOT_READY: Duration = Duration::from_mins(1);

/// Lends tokens, and seals for others.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Lends.
    pub lender: Lender,
    /// Seals.
    pub keeper: Keeper,
}

#[async_trait]
impl CredentialService for Credentials {
    async fn lease_token(
        &self,
        request: Request<LeaseTokenRequest>,
    ) -> Result<Response<LeaseTokenResponse>, Status> {
        let request = request.get_ref();
        let (org, connection) = (id(&request.org_id)?, id(&request.connection_id)?);
        let min_valid = min_valid(request.min_valid)?;
        let lease = self.lender.lease(org, connection, min_valid).await;
        let lease = lease.map_err(|error| status(&*error, &(&*error).into()))?;
        Ok(Response::new(LeaseTokenResponse {
            access_token: lease.access_token.expose_secret().to_owned(),
            expires_at: Some(to_proto(lease.expires_at)),
            region: region(lease.region).into(),
            scopes: lease.scopes,
            token_version: lease.token_version,
            access_kind: kind(lease.kind).into(),
            pagerduty_user_id: lease.user_id,
        }))
    }

    async fn report_rejected(
        &self,
        request: Request<ReportRejectedRequest>,
    ) -> Result<Response<ReportRejectedResponse>, Status> {
        let request = request.get_ref();
        let (org, connection) = (id(&request.org_id)?, id(&request.connection_id)?);
        let lender = &self.lender;
        let after = lender
            .rejected(org, connection, request.token_version)
            .await;
        let after = after.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(ReportRejectedResponse {
            state: state(after).into(),
        }))
    }

    async fn list_syncable(
        &self,
        _: Request<ListSyncableRequest>,
    ) -> Result<Response<ListSyncableResponse>, Status> {
        let found = connection::syncable(&self.lender.refresher.store).await;
        let found = found.map_err(|error| status(&error, &(&error).into()))?;
        let items = found
            .into_iter()
            .map(|(org, connection)| Item {
                org_id: org.to_string(),
                connection_id: connection.to_string(),
            })
            .collect();
        Ok(Response::new(ListSyncableResponse { items }))
    }

    async fn report_consenter(
        &self,
        request: Request<ReportConsenterRequest>,
    ) -> Result<Response<ReportConsenterResponse>, Status> {
        let request = request.get_ref();
        let of = (id(&request.org_id)?, id(&request.connection_id)?);
        let Refresher { store, clock, .. } = &self.lender.refresher;
        let said = (request.present, request.role.as_str());
        let taken = connection::report_consenter(store, of, said, clock.now()).await;
        taken.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(ReportConsenterResponse {}))
    }

    async fn seal(&self, request: Request<SealRequest>) -> Result<Response<SealResponse>, Status> {
        let request = request.into_inner();
        let belongs = Belongs {
            org: id(&request.org_id)?,
            connection: id(&request.connection_id)?,
            field: &request.field,
        };
        let sealed = self.keeper.seal(belongs, &request.secret.into()).await;
        let sealed = sealed.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(SealResponse { sealed }))
    }

    async fn open(&self, request: Request<OpenRequest>) -> Result<Response<OpenResponse>, Status> {
        let request = request.get_ref();
        let belongs = Belongs {
            org: id(&request.org_id)?,
            connection: id(&request.connection_id)?,
            field: &request.field,
        };
        let secret = self.keeper.open(belongs, &request.sealed).await;
        let secret = secret.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(OpenResponse {
            secret: secret.expose_secret().to_vec(),
        }))
    }
}

impl From<&KeepingError> for Refusal {
    fn from(error: &KeepingError) -> Self {
        match error {
            KeepingError::NotFound => Self::new(Code::NotFound, "NO_CONNECTION"),
            KeepingError::Invalid(_) => Self::new(Code::Invalid, "INVALID_SECRET"),
            KeepingError::Refused => Self::new(Code::Precondition, "SEALED_ELSEWHERE"),
            KeepingError::Vault(_) => Self::new(Code::Internal, "VAULT"),
            KeepingError::Store(error) => Self::of_store(error),
        }
    }
}

fn min_valid(duration: Option<prost_types::Duration>) -> Result<SignedDuration, Status> {
    let Some(duration) = duration else {
        return Ok(SignedDuration::ZERO);
    };
    let parsed = Duration::try_from(duration).ok();
    parsed
        .and_then(|duration| SignedDuration::try_from(duration).ok())
        .ok_or_else(|| Code::Invalid.status("MIN_VALID", "min_valid must not be negative"))
}

impl From<&LeaseError> for Refusal {
    fn from(error: &LeaseError) -> Self {
        match error {
            LeaseError::NotFound => Self::new(Code::NotFound, "NO_CONNECTION"),
            LeaseError::Reconnect(_) => Self::new(Code::Precondition, "RECONNECT"),
            LeaseError::Disconnected => Self::new(Code::Precondition, "DISCONNECTED"),
            LeaseError::Unavailable { retry_after } => Self {
                code: Code::Unavailable,
                reason: "PAGERDUTY_UNAVAILABLE",
                retry_after: Some(*retry_after),
            },
            LeaseError::Refresh(RefreshError::NoApp) => Self {
                code: Code::Unavailable,
                reason: "NO_APP",
                retry_after: Some(NOT_READY),
            },
            LeaseError::Stopping | LeaseError::Refresh(RefreshError::Stopping) => {
                Self::new(Code::Unavailable, "STOPPING")
            }
            LeaseError::Refresh(RefreshError::Vault(_)) | LeaseError::Vault(_) => {
                Self::new(Code::Internal, "VAULT")
            }
            LeaseError::Refresh(RefreshError::Store(error)) | LeaseError::Store(error) => {
                Self::of_store(error)
            }
        }
    }
}
