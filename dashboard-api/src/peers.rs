//! The two services behind the front door, over gRPC. Every call has a deadline and carries the
//! trace; a watch has none, it ends with the run.

use std::time::Duration;

use chassis::tls::{self, Peer, TlsError, Transport};
use proto::{
    ConnectionId, OrgId,
    auth::v1::{
        self as auth, BeginRequest, BeginResponse, CompleteRequest, CompleteResponse, Connection,
        GetSessionRequest, GetSessionResponse, ListConnectionsRequest, RedeemSignInLinkRequest,
        RedeemSignInLinkResponse, SignOutRequest, audit_service_client::AuditServiceClient,
        connection_service_client::ConnectionServiceClient,
        consent_service_client::ConsentServiceClient,
        identity_service_client::IdentityServiceClient,
        invitation_service_client::InvitationServiceClient,
        member_service_client::MemberServiceClient,
    },
    ingest::v1::{
        self as ingest, GetSyncRequest, Run, StartSyncRequest, WatchSyncRequest, WatchSyncResponse,
        sync_service_client::SyncServiceClient,
    },
};
use tonic::{
    Request, Status, Streaming, service::interceptor::InterceptedService, transport::Channel,
};

/// Longest wait for a peer's answer.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// The same for the end of a consent, inside which PagerDuty is asked for tokens and keys.
const CONSENT_LIMIT: Duration = Duration::from_secs(25);
const KEEP_ALIVE: Duration = Duration::from_secs(20);

type Inject = fn(Request<()>) -> Result<Request<()>, Status>;
type Traced = InterceptedService<Channel, Inject>;

fn channel(peer: Peer<'_>, transport: &Transport) -> Result<Channel, TlsError> {
    tls::channel(peer, transport, |endpoint| {
        endpoint
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(CALL_LIMIT)
    })
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
    members: MemberServiceClient<Traced>,
    invitations: InvitationServiceClient<Traced>,
    audit: AuditServiceClient<Traced>,
}

/// Calls that pass a message on as it is.
macro_rules! calls {
    ($($name:ident: $client:ident($request:ty) -> $response:ty;)+) => {$(
        pub async fn $name(&self, message: $request) -> Result<$response, Status> {
            let mut client = self.$client.clone();
            let answer = client.$name(request(message, CALL_LIMIT)).await?;
            Ok(answer.into_inner())
        }
    )+};
}

impl Auth {
    pub fn new(url: &str, transport: &Transport) -> Result<Self, TlsError> {
        let service = "auth-service";
        let channel = channel(Peer { url, service }, transport)?;
        let inject: Inject = chassis::trace::inject;
        Ok(Self {
            identity: IdentityServiceClient::with_interceptor(channel.clone(), inject),
            consent: ConsentServiceClient::with_interceptor(channel.clone(), inject),
            connections: ConnectionServiceClient::with_interceptor(channel.clone(), inject),
            members: MemberServiceClient::with_interceptor(channel.clone(), inject),
            invitations: InvitationServiceClient::with_interceptor(channel.clone(), inject),
            audit: AuditServiceClient::with_interceptor(channel, inject),
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

    calls! {
        list_sign_in_methods: identity(auth::ListSignInMethodsRequest) -> auth::ListSignInMethodsResponse;
        send_sign_in_link: identity(auth::SendSignInLinkRequest) -> auth::SendSignInLinkResponse;
        begin_oidc: identity(auth::BeginOidcRequest) -> auth::BeginOidcResponse;
        authenticate_api_key: identity(auth::AuthenticateApiKeyRequest) -> auth::AuthenticateApiKeyResponse;
        disconnect: connections(auth::DisconnectRequest) -> auth::DisconnectResponse;
        connect_directly: connections(auth::ConnectDirectlyRequest) -> auth::ConnectDirectlyResponse;
        list_erasable: connections(auth::ListErasableRequest) -> auth::ListErasableResponse;
        list_members: members(auth::ListMembersRequest) -> auth::ListMembersResponse;
        add_member: members(auth::AddMemberRequest) -> auth::AddMemberResponse;
        change_role: members(auth::ChangeRoleRequest) -> auth::ChangeRoleResponse;
        remove_member: members(auth::RemoveMemberRequest) -> auth::RemoveMemberResponse;
        rename_organization: members(auth::RenameOrganizationRequest) -> auth::RenameOrganizationResponse;
        list_api_keys: members(auth::ListApiKeysRequest) -> auth::ListApiKeysResponse;
        create_api_key: members(auth::CreateApiKeyRequest) -> auth::CreateApiKeyResponse;
        rotate_api_key: members(auth::RotateApiKeyRequest) -> auth::RotateApiKeyResponse;
        revoke_api_key: members(auth::RevokeApiKeyRequest) -> auth::RevokeApiKeyResponse;
        mail_members: members(auth::MailMembersRequest) -> auth::MailMembersResponse;
        create_invitation: invitations(auth::CreateInvitationRequest) -> auth::CreateInvitationResponse;
        list_invitations: invitations(auth::ListInvitationsRequest) -> auth::ListInvitationsResponse;
        resend_invitation: invitations(auth::ResendInvitationRequest) -> auth::ResendInvitationResponse;
        revoke_invitation: invitations(auth::RevokeInvitationRequest) -> auth::RevokeInvitationResponse;
        look_up_invitation: invitations(auth::LookUpInvitationRequest) -> auth::LookUpInvitationResponse;
        accept_invitation: invitations(auth::AcceptInvitationRequest) -> auth::AcceptInvitationResponse;
        list_audit: audit(auth::ListAuditRequest) -> auth::ListAuditResponse;
        record_audit: audit(auth::RecordAuditRequest) -> auth::RecordAuditResponse;
        verify_audit: audit(auth::VerifyAuditRequest) -> auth::VerifyAuditResponse;
    }

    /// The provider is asked for tokens and keys inside this call.
    pub async fn complete_oidc(
        &self,
        message: auth::CompleteOidcRequest,
    ) -> Result<auth::CompleteOidcResponse, Status> {
        let mut client = self.identity.clone();
        let answer = client
            .complete_oidc(request(message, CONSENT_LIMIT))
            .await?;
        Ok(answer.into_inner())
    }
}

/// ingest-service.
#[derive(Debug, Clone)]
pub struct Ingest {
    syncs: SyncServiceClient<Traced>,
}

impl Ingest {
    pub fn new(url: &str, transport: &Transport) -> Result<Self, TlsError> {
        let inject: Inject = chassis::trace::inject;
        let service = "ingest-service";
        let channel = channel(Peer { url, service }, transport)?;
        Ok(Self {
            syncs: SyncServiceClient::with_interceptor(channel, inject),
        })
    }

    calls! {
        list_runs: syncs(ingest::ListRunsRequest) -> ingest::ListRunsResponse;
        pause_sync: syncs(ingest::PauseSyncRequest) -> ingest::PauseSyncResponse;
        resume_sync: syncs(ingest::ResumeSyncRequest) -> ingest::ResumeSyncResponse;
        cancel_sync: syncs(ingest::CancelSyncRequest) -> ingest::CancelSyncResponse;
        get_capabilities: syncs(ingest::GetCapabilitiesRequest) -> ingest::GetCapabilitiesResponse;
        report_stored: syncs(ingest::ReportStoredRequest) -> ingest::ReportStoredResponse;
        get_webhook: syncs(ingest::GetWebhookRequest) -> ingest::GetWebhookResponse;
        disable_webhook: syncs(ingest::DisableWebhookRequest) -> ingest::DisableWebhookResponse;
    }

    /// One request to PagerDuty for each dataset.
    pub async fn probe(
        &self,
        message: ingest::ProbeRequest,
    ) -> Result<ingest::ProbeResponse, Status> {
        let mut client = self.syncs.clone();
        let answer = client.probe(request(message, CONSENT_LIMIT)).await?;
        Ok(answer.into_inner())
    }

    /// PagerDuty is asked inside this call.
    pub async fn enable_webhook(
        &self,
        message: ingest::EnableWebhookRequest,
    ) -> Result<ingest::EnableWebhookResponse, Status> {
        let mut client = self.syncs.clone();
        let answer = client
            .enable_webhook(request(message, CONSENT_LIMIT))
            .await?;
        Ok(answer.into_inner())
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
