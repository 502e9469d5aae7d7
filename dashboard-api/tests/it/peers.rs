//! The other two services as far as these tests need them. A session cookie is `{role}.{org}`, and
//! every organization has one connection, whose id is the organization's shifted by a byte.

use std::{pin::Pin, str::FromStr};

use chassis::Lifecycle;
use futures::Stream;
use proto::{
    auth::v1::{
        BeginRequest, BeginResponse, CompleteRequest, CompleteResponse, Connection,
        ConnectionState, ConsentOutcome, DisconnectRequest, DisconnectResponse, GetSessionRequest,
        GetSessionResponse, ListConnectionsRequest, ListConnectionsResponse, Organization, Person,
        RedeemSignInLinkRequest, RedeemSignInLinkResponse, Region, Role, SignOutRequest,
        SignOutResponse,
        connection_service_server::{ConnectionService, ConnectionServiceServer},
        consent_service_server::{ConsentService, ConsentServiceServer},
        identity_service_server::{IdentityService, IdentityServiceServer},
    },
    ingest::v1::{
        GetSyncRequest, GetSyncResponse, Run, StartSyncRequest, StartSyncResponse,
        WatchSyncRequest, WatchSyncResponse,
        sync_service_server::{SyncService, SyncServiceServer},
    },
};
use proto::{
    auth::v1::{
        audit_service_server::AuditServiceServer,
        invitation_service_server::InvitationServiceServer,
        member_service_server::MemberServiceServer,
    },
    time::to_proto,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};
use uuid::Uuid;

use crate::members::Members;

struct Peers;

/// Serves both and answers the URL.
pub(crate) async fn serve(lifecycle: &Lifecycle) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let stopping = lifecycle.stopping();
    let server = Server::builder()
        .add_service(IdentityServiceServer::new(Peers))
        .add_service(ConsentServiceServer::new(Peers))
        .add_service(ConnectionServiceServer::new(Peers))
        .add_service(MemberServiceServer::new(Members))
        .add_service(InvitationServiceServer::new(Members))
        .add_service(AuditServiceServer::new(Members))
        .add_service(SyncServiceServer::new(Peers))
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async move {
            stopping.cancelled().await;
        });
    lifecycle.spawn("peers", server);
    url
}

fn role_of(name: &str) -> Role {
    match name {
        "owner" => Role::Owner,
        "admin" => Role::Admin,
        "analyst" => Role::Analyst,
        _ => Role::Viewer,
    }
}

fn org_of(text: &str) -> Result<Uuid, Status> {
    Uuid::from_str(text).map_err(|_| Status::unauthenticated("no such session"))
}

fn connection_of(org: Uuid) -> Connection {
    Connection {
        id: Uuid::from_u128(org.as_u128() << 8).to_string(),
        org_id: org.to_string(),
        state: ConnectionState::Connected.into(),
        account_id: "PACME".to_owned(),
        subdomain: "acme".to_owned(),
        region: Region::Us.into(),
        ..Connection::default()
    }
}

#[tonic::async_trait]
impl IdentityService for Peers {
    async fn redeem_sign_in_link(
        &self,
        request: Request<RedeemSignInLinkRequest>,
    ) -> Result<Response<RedeemSignInLinkResponse>, Status> {
        let session_token = request.into_inner().token;
        if session_token == "used" {
            return Err(Status::unauthenticated("used"));
        }
        Ok(Response::new(RedeemSignInLinkResponse {
            session_token,
            expires_at: Some(prost_types::Timestamp {
                seconds: crate::account::t().as_second() + 3600,
                nanos: 0,
            }),
        }))
    }

    async fn get_session(
        &self,
        request: Request<GetSessionRequest>,
    ) -> Result<Response<GetSessionResponse>, Status> {
        let token = request.into_inner().session_token;
        let (role, org) = token
            .split_once('.')
            .ok_or(Status::unauthenticated("none"))?;
        Ok(Response::new(GetSessionResponse {
            person: Some(Person {
                id: Uuid::from_u128(7).to_string(),
                email: "someone@acme.example".to_owned(),
                name: "Someone".to_owned(),
            }),
            organization: Some(Organization {
                id: org_of(org)?.to_string(),
                name: "Acme".to_owned(),
            }),
            role: role_of(role).into(),
            expires_at: None,
        }))
    }

    async fn sign_out(
        &self,
        _: Request<SignOutRequest>,
    ) -> Result<Response<SignOutResponse>, Status> {
        Ok(Response::new(SignOutResponse {}))
    }

    async fn list_sign_in_methods(
        &self,
        _: Request<proto::auth::v1::ListSignInMethodsRequest>,
    ) -> Result<Response<proto::auth::v1::ListSignInMethodsResponse>, Status> {
        Ok(Response::new(proto::auth::v1::ListSignInMethodsResponse {
            email: true,
            oidc_name: "Corporate".to_owned(),
        }))
    }

    async fn send_sign_in_link(
        &self,
        _: Request<proto::auth::v1::SendSignInLinkRequest>,
    ) -> Result<Response<proto::auth::v1::SendSignInLinkResponse>, Status> {
        Ok(Response::new(
            proto::auth::v1::SendSignInLinkResponse::default(),
        ))
    }

    async fn begin_oidc(
        &self,
        request: Request<proto::auth::v1::BeginOidcRequest>,
    ) -> Result<Response<proto::auth::v1::BeginOidcResponse>, Status> {
        let state = request.into_inner().browser_binding;
        Ok(Response::new(proto::auth::v1::BeginOidcResponse {
            authorize_url: format!("https://id.example/authorize?state={state}"),
            expires_at: None,
        }))
    }

    async fn complete_oidc(
        &self,
        request: Request<proto::auth::v1::CompleteOidcRequest>,
    ) -> Result<Response<proto::auth::v1::CompleteOidcResponse>, Status> {
        let request = request.into_inner();
        if request.state.is_empty() || request.state != request.browser_binding {
            return Err(chassis::Code::Unauthenticated.status("STATE_REFUSED", "refused"));
        }
        if !request.error.is_empty() {
            return Err(chassis::Code::Unauthenticated.status("DENIED", "denied"));
        }
        Ok(Response::new(proto::auth::v1::CompleteOidcResponse {
            session_token: "oidc".to_owned(),
            expires_at: Some(to_proto(crate::account::t())),
            return_to: "/overview".to_owned(),
        }))
    }

    async fn authenticate_api_key(
        &self,
        request: Request<proto::auth::v1::AuthenticateApiKeyRequest>,
    ) -> Result<Response<proto::auth::v1::AuthenticateApiKeyResponse>, Status> {
        let key = request.into_inner().api_key;
        let mut parts = key.splitn(3, '.').skip(1);
        let (role, org) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        Ok(Response::new(proto::auth::v1::AuthenticateApiKeyResponse {
            organization: Some(Organization {
                id: org_of(org)?.to_string(),
                name: "Acme".to_owned(),
            }),
            api_key_id: Uuid::from_u128(77).to_string(),
            name: "a key".to_owned(),
            role: role_of(role).into(),
        }))
    }
}

#[tonic::async_trait]
impl ConsentService for Peers {
    async fn begin(
        &self,
        request: Request<BeginRequest>,
    ) -> Result<Response<BeginResponse>, Status> {
        let state = request.into_inner().browser_binding;
        Ok(Response::new(BeginResponse {
            authorize_url: format!("https://identity.pagerduty.com/oauth/authorize?state={state}"),
            expires_at: None,
        }))
    }

    async fn complete(
        &self,
        request: Request<CompleteRequest>,
    ) -> Result<Response<CompleteResponse>, Status> {
        let request = request.into_inner();
        let matches = !request.state.is_empty() && request.state == request.browser_binding;
        let outcome = match (matches, request.error.as_str()) {
            (false, _) => ConsentOutcome::StateRefused,
            (true, "") => ConsentOutcome::Connected,
            (true, _) => ConsentOutcome::Denied,
        };
        Ok(Response::new(CompleteResponse {
            outcome: outcome.into(),
            return_to: "/overview?window=30".to_owned(),
            connection: Some(connection_of(Uuid::from_u128(1))),
            org_id: Uuid::from_u128(1).to_string(),
            ..CompleteResponse::default()
        }))
    }
}

#[tonic::async_trait]
impl ConnectionService for Peers {
    async fn list_connections(
        &self,
        request: Request<ListConnectionsRequest>,
    ) -> Result<Response<ListConnectionsResponse>, Status> {
        let org = org_of(&request.into_inner().org_id)?;
        Ok(Response::new(ListConnectionsResponse {
            connections: vec![connection_of(org)],
        }))
    }

    async fn disconnect(
        &self,
        request: Request<DisconnectRequest>,
    ) -> Result<Response<DisconnectResponse>, Status> {
        let org = org_of(&request.into_inner().org_id)?;
        let connection = Connection {
            state: ConnectionState::Disconnected.into(),
            ..connection_of(org)
        };
        Ok(Response::new(DisconnectResponse {
            connection: Some(connection),
        }))
    }

    async fn connect_directly(
        &self,
        request: Request<proto::auth::v1::ConnectDirectlyRequest>,
    ) -> Result<Response<proto::auth::v1::ConnectDirectlyResponse>, Status> {
        let org = org_of(&request.into_inner().org_id)?;
        Ok(Response::new(proto::auth::v1::ConnectDirectlyResponse {
            connection: Some(connection_of(org)),
        }))
    }

    async fn list_erasable(
        &self,
        _: Request<proto::auth::v1::ListErasableRequest>,
    ) -> Result<Response<proto::auth::v1::ListErasableResponse>, Status> {
        Ok(Response::new(
            proto::auth::v1::ListErasableResponse::default(),
        ))
    }
}

fn run(org_id: String, connection_id: String) -> Run {
    Run {
        id: Uuid::from_u128(99).to_string(),
        org_id,
        connection_id,
        ..Run::default()
    }
}

#[tonic::async_trait]
impl SyncService for Peers {
    async fn start_sync(
        &self,
        request: Request<StartSyncRequest>,
    ) -> Result<Response<StartSyncResponse>, Status> {
        let request = request.into_inner();
        Ok(Response::new(StartSyncResponse {
            run: Some(run(request.org_id, request.connection_id)),
        }))
    }

    async fn get_sync(
        &self,
        request: Request<GetSyncRequest>,
    ) -> Result<Response<GetSyncResponse>, Status> {
        let request = request.into_inner();
        Ok(Response::new(GetSyncResponse {
            run: Some(run(request.org_id, request.connection_id)),
        }))
    }

    type WatchSyncStream = Pin<Box<dyn Stream<Item = Result<WatchSyncResponse, Status>> + Send>>;

    async fn watch_sync(
        &self,
        request: Request<WatchSyncRequest>,
    ) -> Result<Response<Self::WatchSyncStream>, Status> {
        let request = request.into_inner();
        let first = WatchSyncResponse {
            run: Some(run(request.org_id, request.connection_id)),
        };
        Ok(Response::new(Box::pin(futures::stream::iter([Ok(first)]))))
    }

    async fn list_runs(
        &self,
        request: Request<proto::ingest::v1::ListRunsRequest>,
    ) -> Result<Response<proto::ingest::v1::ListRunsResponse>, Status> {
        let request = request.into_inner();
        Ok(Response::new(proto::ingest::v1::ListRunsResponse {
            runs: vec![run(request.org_id, request.connection_id)],
        }))
    }

    async fn pause_sync(
        &self,
        _: Request<proto::ingest::v1::PauseSyncRequest>,
    ) -> Result<Response<proto::ingest::v1::PauseSyncResponse>, Status> {
        Ok(Response::new(
            proto::ingest::v1::PauseSyncResponse::default(),
        ))
    }

    async fn resume_sync(
        &self,
        _: Request<proto::ingest::v1::ResumeSyncRequest>,
    ) -> Result<Response<proto::ingest::v1::ResumeSyncResponse>, Status> {
        Ok(Response::new(
            proto::ingest::v1::ResumeSyncResponse::default(),
        ))
    }

    async fn cancel_sync(
        &self,
        _: Request<proto::ingest::v1::CancelSyncRequest>,
    ) -> Result<Response<proto::ingest::v1::CancelSyncResponse>, Status> {
        Ok(Response::new(
            proto::ingest::v1::CancelSyncResponse::default(),
        ))
    }

    async fn probe(
        &self,
        _: Request<proto::ingest::v1::ProbeRequest>,
    ) -> Result<Response<proto::ingest::v1::ProbeResponse>, Status> {
        Ok(Response::new(proto::ingest::v1::ProbeResponse::default()))
    }

    async fn get_capabilities(
        &self,
        _: Request<proto::ingest::v1::GetCapabilitiesRequest>,
    ) -> Result<Response<proto::ingest::v1::GetCapabilitiesResponse>, Status> {
        Ok(Response::new(
            proto::ingest::v1::GetCapabilitiesResponse::default(),
        ))
    }

    async fn report_stored(
        &self,
        _: Request<proto::ingest::v1::ReportStoredRequest>,
    ) -> Result<Response<proto::ingest::v1::ReportStoredResponse>, Status> {
        Ok(Response::new(
            proto::ingest::v1::ReportStoredResponse::default(),
        ))
    }

    async fn get_webhook(
        &self,
        _: Request<proto::ingest::v1::GetWebhookRequest>,
    ) -> Result<Response<proto::ingest::v1::GetWebhookResponse>, Status> {
        Ok(Response::new(
            proto::ingest::v1::GetWebhookResponse::default(),
        ))
    }

    async fn enable_webhook(
        &self,
        _: Request<proto::ingest::v1::EnableWebhookRequest>,
    ) -> Result<Response<proto::ingest::v1::EnableWebhookResponse>, Status> {
        Ok(Response::new(
            proto::ingest::v1::EnableWebhookResponse::default(),
        ))
    }

    async fn disable_webhook(
        &self,
        _: Request<proto::ingest::v1::DisableWebhookRequest>,
    ) -> Result<Response<proto::ingest::v1::DisableWebhookResponse>, Status> {
        Ok(Response::new(
            proto::ingest::v1::DisableWebhookResponse::default(),
        ))
    }
}
