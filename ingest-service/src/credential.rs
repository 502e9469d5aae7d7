//! Tokens on loan from auth-service. A lease lives in memory for as long as a run uses it; nothing
//! of it is stored or shown.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use proto::{
    ConnectionId, OrgId,
    auth::v1::{
        ConnectionState, LeaseTokenRequest, ListSyncableRequest, Region, ReportRejectedRequest,
        credential_service_client::CredentialServiceClient,
    },
    time::from_proto,
};
use secrecy::SecretString;
use tonic::{
    Request, Status,
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint},
};

/// A lease may wait for PagerDuty's token endpoint behind auth-service.
const LEASE_DEADLINE: Duration = Duration::from_secs(40);
/// Everything else is answered from auth-service's own tables.
const LIST_DEADLINE: Duration = Duration::from_secs(10);
const CONNECT_DEADLINE: Duration = Duration::from_secs(3);
/// A lent token should outlive a good part of a run.
const MIN_VALID_SECONDS: i64 = 15 * 60;

type Inject = fn(Request<()>) -> Result<Request<()>, Status>;

/// auth-service as seen from here.
#[derive(Clone)]
pub struct Credentials {
    client: CredentialServiceClient<InterceptedService<Channel, Inject>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// A PagerDuty access token on loan.
#[derive(Debug, Clone)]
pub struct TokenLease {
    /// The bearer token.
    pub token: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Where the account's API is.
    pub region: Region,
    /// What was granted.
    pub scopes: Vec<String>,
    /// Names this version of the token.
    pub version: i64,
}

/// No token was lent.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Access has ended; only a person can mend it.
    #[error("access to PagerDuty has ended")]
    Ended,
    /// auth-service does not know the connection any more.
    #[error("the connection is gone")]
    Gone,
    /// auth-service, or PagerDuty's token endpoint behind it, is ill.
    #[error("no token can be had now")]
    Unavailable(#[source] Box<Status>),
}

impl Credentials {
    /// A client that connects when it is first used.
    pub fn connect(url: &str) -> Result<Self, tonic::transport::Error> {
        let channel = Endpoint::from_shared(url.to_owned())?
            .connect_timeout(CONNECT_DEADLINE)
            .connect_lazy();
        let client =
            CredentialServiceClient::with_interceptor(channel, chassis::trace::inject as Inject);
        Ok(Self { client })
    }

    /// Borrows a token.
    pub async fn lease(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<TokenLease, LeaseError> {
        let mut request = Request::new(LeaseTokenRequest {
            org_id: org.to_string(),
            connection_id: connection.to_string(),
            min_valid: Some(prost_types::Duration {
                seconds: MIN_VALID_SECONDS,
                nanos: 0,
            }),
        });
        request.set_timeout(LEASE_DEADLINE);
        let answer = self.client.clone().lease_token(request).await?.into_inner();
        Ok(TokenLease {
            region: answer.region(),
            expires_at: answer
                .expires_at
                .as_ref()
                .and_then(from_proto)
                .unwrap_or(Timestamp::MAX),
            scopes: answer.scopes,
            version: answer.token_version,
            token: answer.access_token.into(),
        })
    }

    /// Tells that PagerDuty refused a lent token. Answers whether the connection still works.
    pub async fn report_rejected(
        &self,
        org: OrgId,
        connection: ConnectionId,
        version: i64,
    ) -> Result<bool, LeaseError> {
        let mut request = Request::new(ReportRejectedRequest {
            org_id: org.to_string(),
            connection_id: connection.to_string(),
            token_version: version,
        });
        request.set_timeout(LEASE_DEADLINE);
        let answer = self
            .client
            .clone()
            .report_rejected(request)
            .await?
            .into_inner();
        Ok(answer.state() == ConnectionState::Connected)
    }

    /// Every connection that can be synchronized.
    pub async fn list_syncable(&self) -> Result<Vec<(OrgId, ConnectionId)>, LeaseError> {
        let mut request = Request::new(ListSyncableRequest {});
        request.set_timeout(LIST_DEADLINE);
        let answer = self
            .client
            .clone()
            .list_syncable(request)
            .await?
            .into_inner();
        let parsed = answer.items.iter().filter_map(|item| {
            let ids = (item.org_id.parse().ok()?, item.connection_id.parse().ok()?);
            Some(ids)
        });
        Ok(parsed.collect())
    }
}

impl From<Status> for LeaseError {
    fn from(status: Status) -> Self {
        match status.code() {
            tonic::Code::FailedPrecondition => Self::Ended,
            tonic::Code::NotFound => Self::Gone,
            _ => Self::Unavailable(Box::new(status)),
        }
    }
}
