//! `MemberService`.

use chassis::Code;
use proto::{
    auth::v1::{
        AddMemberRequest, AddMemberResponse, ApiKey as ApiKeyMessage, ChangeRoleRequest,
        ChangeRoleResponse, CreateApiKeyRequest, CreateApiKeyResponse, ListApiKeysRequest,
        ListApiKeysResponse, ListMembersRequest, ListMembersResponse, MailMembersRequest,
        MailMembersResponse, Member as MemberMessage, Organization, Person, RemoveMemberRequest,
        RemoveMemberResponse, RenameOrganizationRequest, RenameOrganizationResponse,
        RevokeApiKeyRequest, RevokeApiKeyResponse, RotateApiKeyRequest, RotateApiKeyResponse,
        member_service_server::MemberService,
    },
    time::{from_proto, to_proto},
};
use secrecy::ExposeSecret;
use tonic::{Request, Response, Status, async_trait};

use super::{Refusal, actor, id, role, role_named, status};
use crate::{
    api_key::{self, ApiKey, ApiKeyError, ApiKeys},
    authority::Denied,
    member::{self, Circular, MemberError, Members, Membership},
};

/// Answers about members and their keys.
#[derive(Debug, Clone)]
pub struct People {
    /// Members.
    pub members: Members,
    /// Keys.
    pub keys: ApiKeys,
}

#[async_trait]
impl MemberService for People {
    async fn list_members(
        &self,
        request: Request<ListMembersRequest>,
    ) -> Result<Response<ListMembersResponse>, Status> {
        let org = id(&request.get_ref().org_id)?;
        let found = self.members.list(org).await.map_err(|e| of_members(&e))?;
        let members = found.into_iter().map(rendered).collect();
        Ok(Response::new(ListMembersResponse { members }))
    }

    async fn add_member(
        &self,
        request: Request<AddMemberRequest>,
    ) -> Result<Response<AddMemberResponse>, Status> {
        let request = request.into_inner();
        let (org, actor) = (id(&request.org_id)?, actor(&request.actor_id)?);
        let new = member::New {
            role: role_named(request.role())?,
            email: request.email,
            name: request.name,
        };
        let added = self.members.add(org, actor, new).await;
        let member = Some(rendered(added.map_err(|e| of_members(&e))?));
        Ok(Response::new(AddMemberResponse { member }))
    }

    async fn change_role(
        &self,
        request: Request<ChangeRoleRequest>,
    ) -> Result<Response<ChangeRoleResponse>, Status> {
        let request = request.into_inner();
        let (org, actor) = (id(&request.org_id)?, actor(&request.actor_id)?);
        let change = (id(&request.person_id)?, role_named(request.role())?);
        let changed = self.members.change_role(org, actor, change).await;
        let member = Some(rendered(changed.map_err(|e| of_members(&e))?));
        Ok(Response::new(ChangeRoleResponse { member }))
    }

    async fn remove_member(
        &self,
        request: Request<RemoveMemberRequest>,
    ) -> Result<Response<RemoveMemberResponse>, Status> {
        let request = request.get_ref();
        let (org, actor) = (id(&request.org_id)?, actor(&request.actor_id)?);
        let removed = self
            .members
            .remove(org, actor, id(&request.person_id)?)
            .await;
        removed.map_err(|e| of_members(&e))?;
        Ok(Response::new(RemoveMemberResponse {}))
    }

    async fn rename_organization(
        &self,
        request: Request<RenameOrganizationRequest>,
    ) -> Result<Response<RenameOrganizationResponse>, Status> {
        let request = request.get_ref();
        let (org, actor) = (id(&request.org_id)?, actor(&request.actor_id)?);
        let named = self
            .members
            .rename_organization(org, actor, &request.name)
            .await;
        Ok(Response::new(RenameOrganizationResponse {
            organization: Some(Organization {
                id: request.org_id.clone(),
                name: named.map_err(|e| of_members(&e))?,
            }),
        }))
    }

    async fn list_api_keys(
        &self,
        request: Request<ListApiKeysRequest>,
    ) -> Result<Response<ListApiKeysResponse>, Status> {
        let request = request.get_ref();
        let (org, actor) = (id(&request.org_id)?, actor(&request.actor_id)?);
        let found = self.keys.list(org, actor).await.map_err(|e| of_keys(&e))?;
        let api_keys = found.into_iter().map(rendered_key).collect();
        Ok(Response::new(ListApiKeysResponse { api_keys }))
    }

    async fn create_api_key(
        &self,
        request: Request<CreateApiKeyRequest>,
    ) -> Result<Response<CreateApiKeyResponse>, Status> {
        let request = request.into_inner();
        let (org, actor) = (id(&request.org_id)?, actor(&request.actor_id)?);
        let expires_at = request.expires_at.and_then(|at| from_proto(&at));
        let words = "expires_at is not set or no time";
        let new = api_key::New {
            role: role_named(request.role())?,
            name: request.name,
            expires_at: expires_at.ok_or_else(|| Code::Invalid.status("INVALID_TIME", words))?,
        };
        let made = self.keys.create(org, actor, new).await;
        let (key, secret) = made.map_err(|e| of_keys(&e))?;
        Ok(Response::new(CreateApiKeyResponse {
            api_key: Some(rendered_key(key)),
            secret: secret.expose_secret().to_owned(),
        }))
    }

    async fn rotate_api_key(
        &self,
        request: Request<RotateApiKeyRequest>,
    ) -> Result<Response<RotateApiKeyResponse>, Status> {
        let request = request.get_ref();
        let (org, actor) = (id(&request.org_id)?, actor(&request.actor_id)?);
        let rotated = self.keys.rotate(org, actor, id(&request.api_key_id)?).await;
        let (key, secret) = rotated.map_err(|e| of_keys(&e))?;
        Ok(Response::new(RotateApiKeyResponse {
            api_key: Some(rendered_key(key)),
            secret: secret.expose_secret().to_owned(),
        }))
    }

    async fn revoke_api_key(
        &self,
        request: Request<RevokeApiKeyRequest>,
    ) -> Result<Response<RevokeApiKeyResponse>, Status> {
        let request = request.get_ref();
        let (org, actor) = (id(&request.org_id)?, actor(&request.actor_id)?);
        let revoked = self.keys.revoke(org, actor, id(&request.api_key_id)?).await;
        let api_key = Some(rendered_key(revoked.map_err(|e| of_keys(&e))?));
        Ok(Response::new(RevokeApiKeyResponse { api_key }))
    }

    async fn mail_members(
        &self,
        request: Request<MailMembersRequest>,
    ) -> Result<Response<MailMembersResponse>, Status> {
        let request = request.into_inner();
        let org = id(&request.org_id)?;
        let circular = Circular {
            roles: request.roles().map(role_named).collect::<Result<_, _>>()?,
            subject: request.subject,
            text: request.text,
            key: request.key,
        };
        let mailed = self.members.mail(org, circular).await;
        let recipients = mailed.map_err(|e| of_members(&e))?;
        Ok(Response::new(MailMembersResponse {
            recipients: u32::try_from(recipients).unwrap_or(u32::MAX),
        }))
    }
}

fn rendered(member: Membership) -> MemberMessage {
    MemberMessage {
        person: Some(Person {
            id: member.person.to_string(),
            email: member.email,
            name: member.name,
        }),
        role: role(member.role).into(),
        joined_at: Some(to_proto(member.joined_at)),
        last_seen_at: member.last_seen_at.map(to_proto),
    }
}

fn rendered_key(key: ApiKey) -> ApiKeyMessage {
    ApiKeyMessage {
        id: key.id.to_string(),
        name: key.name,
        role: role(key.role).into(),
        prefix: key.prefix,
        created_by: key.created_by.to_string(),
        created_at: Some(to_proto(key.created_at)),
        expires_at: Some(to_proto(key.expires_at)),
        last_used_at: key.last_used_at.map(to_proto),
        revoked_at: key.revoked_at.map(to_proto),
    }
}

fn of_members(error: &MemberError) -> Status {
    status(error, &error.into())
}

fn of_keys(error: &ApiKeyError) -> Status {
    status(error, &error.into())
}

impl From<&Denied> for Refusal {
    fn from(denied: &Denied) -> Self {
        match denied {
            Denied::Role => Self::new(Code::Forbidden, "ROLE"),
            Denied::Store(error) => Self::of_store(error),
        }
    }
}

impl From<&MemberError> for Refusal {
    fn from(error: &MemberError) -> Self {
        match error {
            MemberError::Invalid(_) => Self::new(Code::Invalid, "INVALID_MEMBER"),
            MemberError::Denied(denied) => denied.into(),
            MemberError::NotFound => Self::new(Code::NotFound, "NO_MEMBER"),
            MemberError::LastOwner => Self::new(Code::Precondition, "LAST_OWNER"),
            MemberError::NoMail => Self::new(Code::Precondition, "NO_MAIL"),
            MemberError::Store(error) => Self::of_store(error),
        }
    }
}

impl From<&ApiKeyError> for Refusal {
    fn from(error: &ApiKeyError) -> Self {
        match error {
            ApiKeyError::Invalid(_) => Self::new(Code::Invalid, "INVALID_API_KEY"),
            ApiKeyError::Denied(denied) => denied.into(),
            ApiKeyError::NotFound => Self::new(Code::NotFound, "NO_API_KEY"),
            ApiKeyError::Revoked => Self::new(Code::Precondition, "API_KEY_REVOKED"),
            ApiKeyError::TooMany => Self::new(Code::RateLimited, "TOO_MANY_API_KEYS"),
            ApiKeyError::Refused => Self::new(Code::Unauthenticated, "API_KEY_REFUSED"),
            ApiKeyError::Store(error) => Self::of_store(error),
        }
    }
}
