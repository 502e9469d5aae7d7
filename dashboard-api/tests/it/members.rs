//! Members, invitations and the audit log as far as these tests need them. Whatever they show names
//! the organization that asked, so that a leak between tenants would be seen.

use proto::auth::v1::{
    self as auth, audit_service_server::AuditService, invitation_service_server::InvitationService,
    member_service_server::MemberService,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

pub(crate) struct Members;

type Answer<T> = Result<Response<T>, Status>;

#[allow(clippy::unnecessary_wraps, reason = "what every method answers")]
fn ok<T>(answer: T) -> Answer<T> {
    Ok(Response::new(answer))
}

fn person(org: &str) -> auth::Person {
    auth::Person {
        id: Uuid::from_u128(7).to_string(),
        email: format!("someone@{org}.example"),
        name: format!("Someone of {org}"),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "what the messages hold")]
fn member(org: &str) -> Option<auth::Member> {
    Some(auth::Member {
        person: Some(person(org)),
        role: auth::Role::Viewer.into(),
        ..auth::Member::default()
    })
}

fn api_key(org: &str) -> auth::ApiKey {
    auth::ApiKey {
        id: Uuid::from_u128(77).to_string(),
        name: format!("a key of {org}"),
        role: auth::Role::Viewer.into(),
        ..auth::ApiKey::default()
    }
}

fn invitation(org: &str) -> auth::Invitation {
    auth::Invitation {
        id: Uuid::from_u128(99).to_string(),
        email: format!("admin@{org}.example"),
        state: auth::InvitationState::Open.into(),
        ..auth::Invitation::default()
    }
}

#[tonic::async_trait]
impl MemberService for Members {
    async fn list_members(
        &self,
        request: Request<auth::ListMembersRequest>,
    ) -> Answer<auth::ListMembersResponse> {
        let members = member(&request.into_inner().org_id).into_iter().collect();
        ok(auth::ListMembersResponse { members })
    }

    async fn add_member(
        &self,
        request: Request<auth::AddMemberRequest>,
    ) -> Answer<auth::AddMemberResponse> {
        let member = member(&request.into_inner().org_id);
        ok(auth::AddMemberResponse { member })
    }

    async fn change_role(
        &self,
        request: Request<auth::ChangeRoleRequest>,
    ) -> Answer<auth::ChangeRoleResponse> {
        let request = request.into_inner();
        if request.person_id != Uuid::from_u128(7).to_string() {
            return Err(Status::not_found("no such member"));
        }
        let member = member(&request.org_id);
        ok(auth::ChangeRoleResponse { member })
    }

    async fn remove_member(
        &self,
        _: Request<auth::RemoveMemberRequest>,
    ) -> Answer<auth::RemoveMemberResponse> {
        ok(auth::RemoveMemberResponse {})
    }

    async fn rename_organization(
        &self,
        request: Request<auth::RenameOrganizationRequest>,
    ) -> Answer<auth::RenameOrganizationResponse> {
        let request = request.into_inner();
        let organization = Some(auth::Organization {
            id: request.org_id,
            name: request.name,
        });
        ok(auth::RenameOrganizationResponse { organization })
    }

    async fn list_api_keys(
        &self,
        request: Request<auth::ListApiKeysRequest>,
    ) -> Answer<auth::ListApiKeysResponse> {
        let api_keys = vec![api_key(&request.into_inner().org_id)];
        ok(auth::ListApiKeysResponse { api_keys })
    }

    async fn create_api_key(
        &self,
        request: Request<auth::CreateApiKeyRequest>,
    ) -> Answer<auth::CreateApiKeyResponse> {
        ok(auth::CreateApiKeyResponse {
            api_key: Some(api_key(&request.into_inner().org_id)),
            secret: format!("qk_{}", Uuid::now_v7().simple()),
        })
    }

    async fn rotate_api_key(
        &self,
        request: Request<auth::RotateApiKeyRequest>,
    ) -> Answer<auth::RotateApiKeyResponse> {
        ok(auth::RotateApiKeyResponse {
            api_key: Some(api_key(&request.into_inner().org_id)),
            secret: "qk_again".to_owned(),
        })
    }

    async fn revoke_api_key(
        &self,
        request: Request<auth::RevokeApiKeyRequest>,
    ) -> Answer<auth::RevokeApiKeyResponse> {
        let api_key = Some(api_key(&request.into_inner().org_id));
        ok(auth::RevokeApiKeyResponse { api_key })
    }

    async fn mail_members(
        &self,
        _: Request<auth::MailMembersRequest>,
    ) -> Answer<auth::MailMembersResponse> {
        ok(auth::MailMembersResponse { recipients: 1 })
    }
}

#[tonic::async_trait]
impl InvitationService for Members {
    async fn create_invitation(
        &self,
        request: Request<auth::CreateInvitationRequest>,
    ) -> Answer<auth::CreateInvitationResponse> {
        ok(auth::CreateInvitationResponse {
            invitation: Some(invitation(&request.into_inner().org_id)),
            url: "http://localhost:8080/invite?token=fresh".to_owned(),
        })
    }

    async fn list_invitations(
        &self,
        request: Request<auth::ListInvitationsRequest>,
    ) -> Answer<auth::ListInvitationsResponse> {
        let invitations = vec![invitation(&request.into_inner().org_id)];
        ok(auth::ListInvitationsResponse { invitations })
    }

    async fn resend_invitation(
        &self,
        request: Request<auth::ResendInvitationRequest>,
    ) -> Answer<auth::ResendInvitationResponse> {
        ok(auth::ResendInvitationResponse {
            invitation: Some(invitation(&request.into_inner().org_id)),
            url: "http://localhost:8080/invite?token=again".to_owned(),
        })
    }

    async fn revoke_invitation(
        &self,
        request: Request<auth::RevokeInvitationRequest>,
    ) -> Answer<auth::RevokeInvitationResponse> {
        let invitation = Some(invitation(&request.into_inner().org_id));
        ok(auth::RevokeInvitationResponse { invitation })
    }

    async fn look_up_invitation(
        &self,
        request: Request<auth::LookUpInvitationRequest>,
    ) -> Answer<auth::LookUpInvitationResponse> {
        if request.into_inner().token != "fresh" {
            return Err(Status::not_found("no such invitation"));
        }
        ok(auth::LookUpInvitationResponse {
            organization_name: "Acme".to_owned(),
            ..auth::LookUpInvitationResponse::default()
        })
    }

    async fn accept_invitation(
        &self,
        request: Request<auth::AcceptInvitationRequest>,
    ) -> Answer<auth::AcceptInvitationResponse> {
        let request = request.into_inner();
        if request.token != "fresh" {
            return Err(Status::not_found("no such invitation"));
        }
        let state = request.browser_binding;
        ok(auth::AcceptInvitationResponse {
            consent: Some(auth::BeginResponse {
                authorize_url: format!(
                    "https://identity.pagerduty.com/oauth/authorize?state={state}"
                ),
                expires_at: None,
            }),
        })
    }
}

#[tonic::async_trait]
impl AuditService for Members {
    async fn list_audit(
        &self,
        request: Request<auth::ListAuditRequest>,
    ) -> Answer<auth::ListAuditResponse> {
        let entry = auth::AuditEntry {
            number: 1,
            subject: format!("organization:{}", request.into_inner().org_id),
            detail: "{}".to_owned(),
            ..auth::AuditEntry::default()
        };
        ok(auth::ListAuditResponse {
            entries: vec![entry],
        })
    }

    async fn record_audit(
        &self,
        request: Request<auth::RecordAuditRequest>,
    ) -> Answer<auth::RecordAuditResponse> {
        let request = request.into_inner();
        let complete = !request.actor.is_empty() && !request.action.is_empty();
        let entry = complete.then(auth::AuditEntry::default);
        let entry = entry.ok_or(Status::invalid_argument("who did what?"))?;
        ok(auth::RecordAuditResponse { entry: Some(entry) })
    }

    async fn verify_audit(
        &self,
        _: Request<auth::VerifyAuditRequest>,
    ) -> Answer<auth::VerifyAuditResponse> {
        ok(auth::VerifyAuditResponse {
            entries: 1,
            broken_at: 0,
        })
    }
}
