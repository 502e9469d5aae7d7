//! The two services behind the front door, over gRPC. Every call has a deadline and carries the
//! trace; a watch has none, it ends with the run.

use std::time::Duration;

use proto::{
    ConnectionId, OrgId,
    auth::v1::{
        BeginRequest, BeginResponse, CompleteRequest, CompleteResponse, Connection,
        DisconnectRequest, GetSessionRequest, GetSessionResponse, ListConnectionsRequest,
        RedeemSignInLinkRequest, RedeemSignInLinkResponse, SignOutRequest,
        connection_service_client::ConnectionServiceClient,
        consent_service_client::ConsentServiceClient,
        identity_service_client::IdentityServiceClient,
    },
    ingest::v1::{
        GetSyncRequest, Run, StartSyncRequest, WatchSyncRequest, WatchSyncResponse,
        sync_service_client::SyncServiceClient,
    },
};
use tonic::{
    Request, Status, Streaming,
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint},
};

/// Longest wait for a peer's answer.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// The same for the end of a consent, inside which PagerDuty is asked for tokens and keys.
const CONSENT_LIMIT: Duration = Duration::from_secs(25);
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
const KEEP_ALIVE: Duration = Duration::from_secs(20);

type Inject = fn(Request<()>) -> Result<Request<()>, Status>;
type Traced = InterceptedService<Channel, Inject>;

fn channel(url: &str) -> Result<Channel, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(url.to_owned())?
        .connect_timeout(CONNECT_LIMIT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(CALL_LIMIT);
    Ok(endpoint.connect_lazy())
}

fn request<T>(message: T, limit: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(limit);
    request
}

/// auth-service.
#[derive(Debug, Clone)]
pub struct Auth {
    identity: IdentityServiceClient<Traced>,
    consent: ConsentServiceClient<Traced>,
    connections: ConnectionServiceClient<Traced>,
}

impl Auth {
    pub fn new(url: &str) -> Result<Self, tonic::transport::Error> {
        let channel = channel(url)?;
        let inject: Inject = chassis::trace::inject;
        Ok(Self {
            identity: IdentityServiceClient::with_interceptor(channel.clone(), inject),
            consent: ConsentServiceClient::with_interceptor(channel.clone(), inject),
            connections: ConnectionServiceClient::with_interceptor(channel, inject),
        })
    }

    pub async fn session(&self, session_token: String) -> Result<GetSessionResponse, Status> {
        let message = GetSessionRequest { session_token };
        let mut client = self.identity.clone();
        Ok(client
            .get_session(request(message, CALL_LIMIT))
            .await?
            .into_inner())
    }

    pub async fn redeem(&self, token: String) -> Result<RedeemSignInLinkResponse, Status> {
        let message = RedeemSignInLinkRequest { token };
        let mut client = self.identity.clone();
        Ok(client
            .redeem_sign_in_link(request(message, CALL_LIMIT))
            .await?
            .into_inner())
    }

    pub async fn sign_out(&self, session_token: String) -> Result<(), Status> {
        let message = SignOutRequest { session_token };
        let mut client = self.identity.clone();
        client
            .sign_out(request(message, CALL_LIMIT))
            .await
            .map(drop)
    }

    pub async fn begin_consent(&self, message: BeginRequest) -> Result<BeginResponse, Status> {
        let mut client = self.consent.clone();
        Ok(client
            .begin(request(message, CALL_LIMIT))
            .await?
            .into_inner())
    }

    pub async fn complete_consent(
        &self,
        message: CompleteRequest,
    ) -> Result<CompleteResponse, Status> {
        let mut client = self.consent.clone();
        Ok(client
            .complete(request(message, CONSENT_LIMIT))
            .await?
            .into_inner())
    }

    pub async fn connections(&self, org: OrgId) -> Result<Vec<Connection>, Status> {
        let message = ListConnectionsRequest {
            org_id: org.to_string(),
        };
        let mut client = self.connections.clone();
        let answer = client
            .list_connections(request(message, CALL_LIMIT))
            .await?;
        Ok(answer.into_inner().connections)
    }

    pub async fn disconnect(
        &self,
        org: OrgId,
        person: &str,
        connection: ConnectionId,
    ) -> Result<Option<Connection>, Status> {
        let message = DisconnectRequest {
            org_id: org.to_string(),
            person_id: person.to_owned(),
            connection_id: connection.to_string(),
            erase_data: false,
        };
        let mut client = self.connections.clone();
        let answer = client.disconnect(request(message, CALL_LIMIT)).await?;
        Ok(answer.into_inner().connection)
    }
}

/// ingest-service.
#[derive(Debug, Clone)]
pub struct Ingest {
    syncs: SyncServiceClient<Traced>,
}

impl Ingest {
    pub fn new(url: &str) -> Result<Self, tonic::transport::Error> {
        let inject: Inject = chassis::trace::inject;
        Ok(Self {
            syncs: SyncServiceClient::with_interceptor(channel(url)?, inject),
        })
    }

    pub async fn start(&self, org: OrgId, connection: ConnectionId) -> Result<Option<Run>, Status> {
        let message = StartSyncRequest {
            org_id: org.to_string(),
            connection_id: connection.to_string(),
        };
        let mut client = self.syncs.clone();
        Ok(client
            .start_sync(request(message, CALL_LIMIT))
            .await?
            .into_inner()
            .run)
    }

    /// The newest run; `None` when there never was one.
    pub async fn newest(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<Option<Run>, Status> {
        let message = GetSyncRequest {
            org_id: org.to_string(),
            connection_id: connection.to_string(),
        };
        let mut client = self.syncs.clone();
        match client.get_sync(request(message, CALL_LIMIT)).await {
            Ok(answer) => Ok(answer.into_inner().run),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(status),
        }
    }

    pub async fn watch(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<Streaming<WatchSyncResponse>, Status> {
        let message = WatchSyncRequest {
            org_id: org.to_string(),
            connection_id: connection.to_string(),
        };
        let mut client = self.syncs.clone();
        Ok(client.watch_sync(Request::new(message)).await?.into_inner())
    }
}
