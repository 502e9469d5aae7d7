//! Tokens on loan from auth-service. A lease lives in memory for as long as a run uses it; nothing
//! of it is stored or shown.

use std::{fmt, time::Duration};

use chassis::tls::{self, Peer, TlsError, Transport};
use jiff::Timestamp;
use proto::{
    ConnectionId, OrgId,
    auth::v1::{
        AccessKind, ConnectionState, LeaseTokenRequest, ListSyncableRequest, OpenRequest, Region,
        ReportConsenterRequest, ReportRejectedRequest, SealRequest,
        credential_service_client::CredentialServiceClient,
    },
    time::from_proto,
};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tonic::{Request, Status, service::interceptor::InterceptedService, transport::Channel};

/// A lease may wait for PagerDuty's token endpoint behind auth-service.
const LEASE_DEADLINE: Duration = Duration::from_secs(40);
/// Everything else is answered from auth-service's own tables.
const LIST_DEADLINE: Duration = Duration::from_secs(10);
/// A webhook waits for it, and PagerDuty waits five seconds for the webhook.
const SEAL_DEADLINE: Duration = Duration::from_secs(3);
/// A peer that has gone without a word is noticed by then.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
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
    /// What kind of access it is: an API key has its own scheme, and no scopes.
    pub kind: AccessKind,
    /// PagerDuty's id of the user who consented; empty for access without a person.
    pub consenter: String,
}

/// A secret could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It was sealed for something else, or with a key that is gone.
    #[error("the secret cannot be opened any more")]
    Lost,
    /// auth-service is ill.
    #[error("secrets can neither be sealed nor opened now")]
    Unavailable(#[source] Box<Status>),
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
    pub fn connect(url: &str, transport: &Transport) -> Result<Self, TlsError> {
        let peer = Peer {
            url,
            service: "auth-service",
        };
        let channel = tls::channel(peer, transport, |endpoint| {
            endpoint
                .http2_keep_alive_interval(KEEP_ALIVE)
                .keep_alive_timeout(LIST_DEADLINE)
        })?;
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
            kind: answer.access_kind(),
            scopes: answer.scopes,
            version: answer.token_version,
            consenter: answer.pagerduty_user_id,
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

    /// Tells what a complete list of users said of the person who consented.
    pub async fn report_consenter(
        &self,
        org: OrgId,
        connection: ConnectionId,
        role: Option<&str>,
    ) -> Result<(), LeaseError> {
        let mut request = Request::new(ReportConsenterRequest {
            org_id: org.to_string(),
            connection_id: connection.to_string(),
            present: role.is_some(),
            role: role.unwrap_or_default().to_owned(),
        });
        request.set_timeout(LIST_DEADLINE);
        self.client.clone().report_consenter(request).await?;
        Ok(())
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

impl Credentials {
    /// Seals a secret for a field of a connection.
    pub async fn seal(
        &self,
        (org, connection): (OrgId, ConnectionId),
        field: &str,
        secret: &SecretString,
    ) -> Result<Vec<u8>, SealError> {
        let mut request = Request::new(SealRequest {
            org_id: org.to_string(),
            connection_id: connection.to_string(),
            field: field.to_owned(),
            secret: secret.expose_secret().as_bytes().to_vec(),
        });
        request.set_timeout(SEAL_DEADLINE);
        let answer = self.client.clone().seal(request).await?;
        Ok(answer.into_inner().sealed)
    }

    /// Opens what [`Credentials::seal`] has sealed.
    pub async fn open(
        &self,
        (org, connection): (OrgId, ConnectionId),
        field: &str,
        sealed: &[u8],
    ) -> Result<SecretString, SealError> {
        let mut request = Request::new(OpenRequest {
            org_id: org.to_string(),
            connection_id: connection.to_string(),
            field: field.to_owned(),
            sealed: sealed.to_vec(),
        });
        request.set_timeout(SEAL_DEADLINE);
        let answer = self.client.clone().open(request).await?;
        let secret = String::from_utf8(answer.into_inner().secret).map_err(|_| SealError::Lost)?;
        Ok(secret.into())
    }
}

impl TokenLease {
    /// The value of the `Authorization` header, marked as sensitive.
    pub fn authorization(&self) -> HeaderValue {
        let scheme = match self.kind {
            AccessKind::ApiKey => "Token token=",
            _ => "Bearer ",
        };
        let value = format!("{scheme}{}", self.token.expose_secret());
        let value = HeaderValue::try_from(value);
        let mut value = value.unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
        value.set_sensitive(true);
        value
    }
}

impl From<Status> for SealError {
    fn from(status: Status) -> Self {
        match status.code() {
            tonic::Code::FailedPrecondition | tonic::Code::NotFound => Self::Lost,
            _ => Self::Unavailable(Box::new(status)),
        }
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
