//! `IdentityService`.

use chassis::Code;
use proto::{
    auth::v1::{
        AuthenticateApiKeyRequest, AuthenticateApiKeyResponse, BeginOidcRequest, BeginOidcResponse,
        CompleteOidcRequest, CompleteOidcResponse, GetSessionRequest, GetSessionResponse,
        ListSignInMethodsRequest, ListSignInMethodsResponse, Organization, Person,
        RedeemSignInLinkRequest, RedeemSignInLinkResponse, SendSignInLinkRequest,
        SendSignInLinkResponse, SignOutRequest, SignOutResponse,
        identity_service_server::IdentityService,
    },
    time::to_proto,
};
use secrecy::ExposeSecret;
use tonic::{Request, Response, Status, async_trait};

use super::{Refusal, role, status};
use crate::{
    api_key::ApiKeys,
    identity::{self as domain, IdentityError, Session},
    oidc::{Complete, OidcError},
    sign_in::{LinkError, SignIn},
};

/// Answers about who somebody is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// People.
    pub sign_in: SignIn,
    /// Machines.
    pub keys: ApiKeys,
}

#[async_trait]
impl IdentityService for Identity {
    async fn redeem_sign_in_link(
        &self,
        request: Request<RedeemSignInLinkRequest>,
    ) -> Result<Response<RedeemSignInLinkResponse>, Status> {
        let (store, now) = (&self.sign_in.store, self.sign_in.clock.now());
        let opened = domain::redeem_link(store, &request.get_ref().token, now).await;
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
        let (store, now) = (&self.sign_in.store, self.sign_in.clock.now());
        let session = domain::session(store, &request.get_ref().session_token, now).await;
        let session = session.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(rendered(session)))
    }

    async fn sign_out(
        &self,
        request: Request<SignOutRequest>,
    ) -> Result<Response<SignOutResponse>, Status> {
        let (store, now) = (&self.sign_in.store, self.sign_in.clock.now());
        let ended = domain::sign_out(store, &request.get_ref().session_token, now).await;
        ended.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(SignOutResponse {}))
    }

    async fn list_sign_in_methods(
        &self,
        _: Request<ListSignInMethodsRequest>,
    ) -> Result<Response<ListSignInMethodsResponse>, Status> {
        let oidc = self.sign_in.oidc.as_ref();
        Ok(Response::new(ListSignInMethodsResponse {
            email: self.sign_in.mails,
            oidc_name: oidc
                .map(|provider| provider.name().to_owned())
                .unwrap_or_default(),
        }))
    }

    async fn send_sign_in_link(
        &self,
        request: Request<SendSignInLinkRequest>,
    ) -> Result<Response<SendSignInLinkResponse>, Status> {
        let sent = self.sign_in.send_link(&request.get_ref().email).await;
        sent.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(SendSignInLinkResponse {}))
    }

    async fn begin_oidc(
        &self,
        request: Request<BeginOidcRequest>,
    ) -> Result<Response<BeginOidcResponse>, Status> {
        let request = request.into_inner();
        let binding = request.browser_binding.into();
        let begun = self.sign_in.begin_oidc(&request.return_to, &binding).await;
        let begun = begun.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(BeginOidcResponse {
            authorize_url: begun.authorize_url.into(),
            expires_at: Some(to_proto(begun.expires_at)),
        }))
    }

    async fn complete_oidc(
        &self,
        request: Request<CompleteOidcRequest>,
    ) -> Result<Response<CompleteOidcResponse>, Status> {
        let complete = parse(request.into_inner())?;
        let ended = self.sign_in.complete_oidc(complete).await;
        let (opened, return_to) = ended.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(CompleteOidcResponse {
            session_token: opened.token.expose_secret().to_owned(),
            expires_at: Some(to_proto(opened.expires_at)),
            return_to: return_to.to_string(),
        }))
    }

    async fn authenticate_api_key(
        &self,
        request: Request<AuthenticateApiKeyRequest>,
    ) -> Result<Response<AuthenticateApiKeyResponse>, Status> {
        let known = self.keys.authenticate(&request.get_ref().api_key).await;
        let known = known.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(AuthenticateApiKeyResponse {
            organization: Some(Organization {
                id: known.org.to_string(),
                name: known.org_name,
            }),
            api_key_id: known.id.to_string(),
            name: known.name,
            role: role(known.role).into(),
        }))
    }
}

fn parse(request: CompleteOidcRequest) -> Result<Complete, Status> {
    let answer = match (request.code.is_empty(), request.error.is_empty()) {
        (false, true) => Ok(request.code.into()),
        (true, false) => Err(request.error),
        _ => {
            let words = "exactly one of code and error must be set";
            return Err(Code::Invalid.status("INVALID_ANSWER", words));
        }
    };
    Ok(Complete {
        state: request.state.into(),
        answer,
        browser_binding: request.browser_binding.into(),
    })
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

impl From<&LinkError> for Refusal {
    fn from(error: &LinkError) -> Self {
        match error {
            LinkError::Invalid(error) => error.into(),
            LinkError::NoMail => Self::new(Code::Precondition, "NO_MAIL"),
            LinkError::TooMany => Self::new(Code::RateLimited, "TOO_MANY_LINKS"),
            LinkError::Store(error) => Self::of_store(error),
        }
    }
}

impl From<&OidcError> for Refusal {
    fn from(error: &OidcError) -> Self {
        match error {
            OidcError::NotSet => Self::new(Code::Precondition, "NO_PROVIDER"),
            OidcError::ReturnTo(_) => Self::new(Code::Invalid, "RETURN_TO"),
            OidcError::Unbound => Self::new(Code::Invalid, "BROWSER_BINDING"),
            OidcError::Denied => Self::new(Code::Unauthenticated, "DENIED"),
            OidcError::StateRefused => Self::new(Code::Unauthenticated, "STATE_REFUSED"),
            OidcError::IdentityRefused(_) => Self::new(Code::Unauthenticated, "IDENTITY_REFUSED"),
            OidcError::NoMembership => Self::new(Code::Unauthenticated, "NO_MEMBERSHIP"),
            OidcError::Unavailable => Self::new(Code::Unavailable, "PROVIDER_UNAVAILABLE"),
            OidcError::Store(error) => Self::of_store(error),
        }
    }
}
