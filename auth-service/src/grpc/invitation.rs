//! `InvitationService`.

use chassis::Code;
use proto::{
    auth::v1::{
        AcceptInvitationRequest, AcceptInvitationResponse, BeginResponse, CreateInvitationRequest,
        CreateInvitationResponse, Invitation as InvitationMessage, InvitationState,
        ListInvitationsRequest, ListInvitationsResponse, LookUpInvitationRequest,
        LookUpInvitationResponse, ResendInvitationRequest, ResendInvitationResponse,
        RevokeInvitationRequest, RevokeInvitationResponse,
        invitation_service_server::InvitationService,
    },
    time::to_proto,
};
use secrecy::ExposeSecret;
use tonic::{Request, Response, Status, async_trait};

use super::{Refusal, actor, id, status};
use crate::invitation::{Invitation, InvitationError, Invitations, New, State};

#[async_trait]
impl InvitationService for Invitations {
    async fn create_invitation(
        &self,
        request: Request<CreateInvitationRequest>,
    ) -> Result<Response<CreateInvitationResponse>, Status> {
        let request = request.into_inner();
        let new = New {
            org: id(&request.org_id)?,
            actor: actor(&request.person_id)?,
            email: request.email,
            note: request.note,
            days: request.days,
        };
        let made = self.create(new).await.map_err(|error| refused(&error))?;
        Ok(Response::new(CreateInvitationResponse {
            invitation: Some(rendered(self, made.invitation)),
            url: made.url.expose_secret().to_owned(),
        }))
    }

    async fn list_invitations(
        &self,
        request: Request<ListInvitationsRequest>,
    ) -> Result<Response<ListInvitationsResponse>, Status> {
        let org = id(&request.get_ref().org_id)?;
        let found = self.list(org).await.map_err(|error| refused(&error))?;
        let render = |invitation| rendered(self, invitation);
        Ok(Response::new(ListInvitationsResponse {
            invitations: found.into_iter().map(render).collect(),
        }))
    }

    async fn resend_invitation(
        &self,
        request: Request<ResendInvitationRequest>,
    ) -> Result<Response<ResendInvitationResponse>, Status> {
        let request = request.get_ref();
        let (org, invitation) = (id(&request.org_id)?, id(&request.invitation_id)?);
        let sent = self
            .resend(org, actor(&request.person_id)?, invitation)
            .await;
        let sent = sent.map_err(|error| refused(&error))?;
        Ok(Response::new(ResendInvitationResponse {
            invitation: Some(rendered(self, sent.invitation)),
            url: sent.url.expose_secret().to_owned(),
        }))
    }

    async fn revoke_invitation(
        &self,
        request: Request<RevokeInvitationRequest>,
    ) -> Result<Response<RevokeInvitationResponse>, Status> {
        let request = request.get_ref();
        let (org, invitation) = (id(&request.org_id)?, id(&request.invitation_id)?);
        let revoked = self
            .revoke(org, actor(&request.person_id)?, invitation)
            .await;
        let revoked = revoked.map_err(|error| refused(&error))?;
        Ok(Response::new(RevokeInvitationResponse {
            invitation: Some(rendered(self, revoked)),
        }))
    }

    async fn look_up_invitation(
        &self,
        request: Request<LookUpInvitationRequest>,
    ) -> Result<Response<LookUpInvitationResponse>, Status> {
        let found = self.look_up(&request.get_ref().token).await;
        let (landing, scopes) = found.map_err(|error| refused(&error))?;
        Ok(Response::new(LookUpInvitationResponse {
            organization_name: landing.org_name,
            invited_by_name: landing.invited_by_name,
            note: landing.note,
            expires_at: Some(to_proto(landing.expires_at)),
            scopes,
        }))
    }

    async fn accept_invitation(
        &self,
        request: Request<AcceptInvitationRequest>,
    ) -> Result<Response<AcceptInvitationResponse>, Status> {
        let request = request.into_inner();
        let binding = request.browser_binding.into();
        let begun = self.accept(&request.token, &binding).await;
        let begun = begun.map_err(|error| refused(&error))?;
        Ok(Response::new(AcceptInvitationResponse {
            consent: Some(BeginResponse {
                authorize_url: begun.authorize_url.into(),
                expires_at: Some(to_proto(begun.expires_at)),
            }),
        }))
    }
}

fn rendered(invitations: &Invitations, invitation: Invitation) -> InvitationMessage {
    let state = match invitation.state(invitations.consents.clock.now()) {
        State::Open => InvitationState::Open,
        State::Accepted => InvitationState::Accepted,
        State::Connected => InvitationState::Connected,
        State::Revoked => InvitationState::Revoked,
        State::Expired => InvitationState::Expired,
    };
    InvitationMessage {
        id: invitation.id.to_string(),
        outcome: invitation.failure().to_owned(),
        email: invitation.email,
        note: invitation.note,
        invited_by: invitation.invited_by.to_string(),
        invited_by_name: invitation.invited_by_name,
        created_at: Some(to_proto(invitation.created_at)),
        expires_at: Some(to_proto(invitation.expires_at)),
        state: state.into(),
        mailed: invitation.mailed,
    }
}

fn refused(error: &InvitationError) -> Status {
    status(error, &error.into())
}

impl From<&InvitationError> for Refusal {
    fn from(error: &InvitationError) -> Self {
        match error {
            InvitationError::Invalid(_) => Self::new(Code::Invalid, "INVALID_INVITATION"),
            InvitationError::NotFound => Self::new(Code::NotFound, "NO_INVITATION"),
            InvitationError::Denied(denied) => denied.into(),
            InvitationError::Settled(_) => Self::new(Code::Precondition, "INVITATION_SETTLED"),
            InvitationError::TooMany(_) => Self::new(Code::RateLimited, "TOO_MANY_INVITATIONS"),
            InvitationError::Consent(error) => error.into(),
            InvitationError::Store(error) => Self::of_store(error),
        }
    }
}
