//! `IdentityService`.

use chassis::{Clock, Code};
use proto::{
    auth::v1::{
        GetSessionRequest, GetSessionResponse, Organization, Person, RedeemSignInLinkRequest,
        RedeemSignInLinkResponse, Role as RoleMessage, SignOutRequest, SignOutResponse,
        identity_service_server::IdentityService,
    },
    time::to_proto,
};
use secrecy::ExposeSecret;
use tonic::{Request, Response, Status, async_trait};

use super::{Refusal, status};
use crate::{
    identity::{self as domain, IdentityError, Role, Session},
    store::Store,
};

/// Answers about people.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
}

#[async_trait]
impl IdentityService for Identity {
    async fn redeem_sign_in_link(
        &self,
        request: Request<RedeemSignInLinkRequest>,
    ) -> Result<Response<RedeemSignInLinkResponse>, Status> {
        let opened =
            domain::redeem_link(&self.store, &request.get_ref().token, self.clock.now()).await;
        let opened = opened.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(RedeemSignInLinkResponse {
            session_token: opened.token.expose_secret().to_owned(),
            expires_at: Some(to_proto(opened.expires_at)),
        }))
    }

    async fn get_session(
        &self,
        request: Request<GetSessionRequest>,
    ) -> Result<Response<GetSessionResponse>, Status> {
        let session = domain::session(
            &self.store,
            &request.get_ref().session_token,
            self.clock.now(),
        )
        .await;
        let session = session.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(rendered(session)))
    }

    async fn sign_out(
        &self,
        request: Request<SignOutRequest>,
    ) -> Result<Response<SignOutResponse>, Status> {
        let ended = domain::sign_out(&self.store, &request.get_ref().session_token).await;
        ended.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(SignOutResponse {}))
    }

    async fn list_sign_in_methods(
        &self,
        _: Request<proto::auth::v1::ListSignInMethodsRequest>,
    ) -> Result<Response<proto::auth::v1::ListSignInMethodsResponse>, Status> {
        Err(Status::unimplemented("list_sign_in_methods"))
    }

    async fn send_sign_in_link(
        &self,
        _: Request<proto::auth::v1::SendSignInLinkRequest>,
    ) -> Result<Response<proto::auth::v1::SendSignInLinkResponse>, Status> {
        Err(Status::unimplemented("send_sign_in_link"))
    }

    async fn begin_oidc(
        &self,
        _: Request<proto::auth::v1::BeginOidcRequest>,
    ) -> Result<Response<proto::auth::v1::BeginOidcResponse>, Status> {
        Err(Status::unimplemented("begin_oidc"))
    }

    async fn complete_oidc(
        &self,
        _: Request<proto::auth::v1::CompleteOidcRequest>,
    ) -> Result<Response<proto::auth::v1::CompleteOidcResponse>, Status> {
        Err(Status::unimplemented("complete_oidc"))
    }

    async fn authenticate_api_key(
        &self,
        _: Request<proto::auth::v1::AuthenticateApiKeyRequest>,
    ) -> Result<Response<proto::auth::v1::AuthenticateApiKeyResponse>, Status> {
        Err(Status::unimplemented("authenticate_api_key"))
    }
}

fn rendered(session: Session) -> GetSessionResponse {
    GetSessionResponse {
        person: Some(Person {
            id: session.member.person.to_string(),
            email: session.email,
            name: session.name,
        }),
        organization: Some(Organization {
            id: session.member.org.to_string(),
            name: session.org_name,
        }),
        role: role(session.role).into(),
        expires_at: Some(to_proto(session.expires_at)),
    }
}

fn role(role: Role) -> RoleMessage {
    match role {
        Role::Owner => RoleMessage::Owner,
        Role::Admin => RoleMessage::Admin,
        Role::Analyst => RoleMessage::Analyst,
        Role::Viewer => RoleMessage::Viewer,
    }
}

impl From<&IdentityError> for Refusal {
    fn from(error: &IdentityError) -> Self {
        match error {
            IdentityError::LinkRefused => Self::new(Code::Unauthenticated, "LINK_REFUSED"),
            IdentityError::SessionRefused => Self::new(Code::Unauthenticated, "SESSION_REFUSED"),
            IdentityError::UnknownEmail(_) => Self::new(Code::NotFound, "NO_PERSON"),
            IdentityError::Invalid(_) => Self::new(Code::Invalid, "INVALID_PERSON"),
            IdentityError::Store(error) => Self::of_store(error),
        }
    }
}
