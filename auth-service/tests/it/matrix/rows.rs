//! One row for each RPC: what a call needs, and a call that is fit but for that.

use std::fmt::Debug;

use futures::future::BoxFuture;
use proto::auth::v1::{
    AddMemberRequest, BeginRequest, ChangeRoleRequest, ConnectDirectlyRequest, CreateApiKeyRequest,
    CreateInvitationRequest, DisconnectRequest, LeaseTokenRequest, ListApiKeysRequest,
    ListAuditRequest, ListConnectionsRequest, ListInvitationsRequest, ListMembersRequest,
    MailMembersRequest, OpenRequest, RecordAuditRequest, RemoveMemberRequest,
    RenameOrganizationRequest, ReportConsenterRequest, ReportRejectedRequest,
    ResendInvitationRequest, RevokeApiKeyRequest, RevokeInvitationRequest, Role,
    RotateApiKeyRequest, SealRequest, VerifyAuditRequest, audit_service_client::AuditServiceClient,
    connection_service_client::ConnectionServiceClient,
    consent_service_client::ConsentServiceClient,
    credential_service_client::CredentialServiceClient,
    invitation_service_client::InvitationServiceClient, member_service_client::MemberServiceClient,
};
use tonic::{Response, Status, transport::Channel};

use crate::harness::BINDING;

/// What a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Whoever holds the secret, or a service that works for all organizations.
    Nothing,
    /// An organization, for which the calling service vouches.
    Organization,
    /// A connection of the organization.
    Connection,
    /// An actor with at least this role.
    Actor(Role),
    /// An actor with at least this role, and something of the organization.
    ActorAnd(Role, Thing),
}

/// What a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    Connection,
    Person,
    ApiKey,
    Invitation,
}

#[derive(Clone)]
pub(super) struct Asked {
    pub(super) consent: ConsentServiceClient<Channel>,
    pub(super) connection: ConnectionServiceClient<Channel>,
    pub(super) credential: CredentialServiceClient<Channel>,
    pub(super) member: MemberServiceClient<Channel>,
    pub(super) invitation: InvitationServiceClient<Channel>,
    pub(super) audit: AuditServiceClient<Channel>,
    pub(super) org: String,
    pub(super) actor: String,
    pub(super) thing: String,
}

pub(super) type Answer = BoxFuture<'static, Result<String, Status>>;

pub(super) struct Row {
    pub(super) rpc: &'static str,
    pub(super) needs: Needs,
    pub(super) call: fn(Asked) -> Answer,
}

fn answered<T: Debug>(answer: Result<Response<T>, Status>) -> Result<String, Status> {
    answer.map(|answer| format!("{:?}", answer.into_inner()))
}

/// A row whose call is made from what is asked.
macro_rules! row {
    ($rpc:literal, $needs:expr, $client:ident.$method:ident($asked:ident => $request:expr)) => {
        Row {
            rpc: $rpc,
            needs: $needs,
            call: |$asked| {
                Box::pin(async move {
                    let mut client = $asked.$client.clone();
                    answered(client.$method($request).await)
                })
            },
        }
    };
}

/// A row without a call: there is no organization and no actor in the request.
fn open(rpc: &'static str) -> Row {
    Row {
        rpc,
        needs: Needs::Nothing,
        call: |_| Box::pin(async { Ok(String::new()) }),
    }
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        open("IdentityService/RedeemSignInLink"),
        open("IdentityService/GetSession"),
        open("IdentityService/SignOut"),
        open("IdentityService/ListSignInMethods"),
        open("IdentityService/SendSignInLink"),
        open("IdentityService/BeginOidc"),
        open("IdentityService/CompleteOidc"),
        open("IdentityService/AuthenticateApiKey"),
        open("ConsentService/Complete"),
        open("ConnectionService/ListErasable"),
        open("CredentialService/ListSyncable"),
        open("InvitationService/LookUpInvitation"),
        open("InvitationService/AcceptInvitation"),
    ];
    rows.extend(of_organizations());
    rows.extend(of_connections());
    rows.extend(of_members());
    rows
}

fn of_organizations() -> Vec<Row> {
    vec![
        row!("ConnectionService/ListConnections", Needs::Organization,
            connection.list_connections(asked => ListConnectionsRequest { org_id: asked.org })),
        row!("InvitationService/ListInvitations", Needs::Organization,
            invitation.list_invitations(asked => ListInvitationsRequest { org_id: asked.org })),
        row!("MemberService/ListMembers", Needs::Organization,
            member.list_members(asked => ListMembersRequest { org_id: asked.org })),
        row!("MemberService/MailMembers", Needs::Organization,
        member.mail_members(asked => MailMembersRequest {
            org_id: asked.org, roles: vec![Role::Owner.into()], subject: "s".into(), text: "t".into(), key: "k".into(),
        })),
        row!("AuditService/ListAudit", Needs::Organization,
            audit.list_audit(asked => ListAuditRequest { org_id: asked.org, before: 0, limit: 500 })),
        row!("AuditService/VerifyAudit", Needs::Organization,
            audit.verify_audit(asked => VerifyAuditRequest { org_id: asked.org })),
        row!("AuditService/RecordAudit", Needs::Organization,
        audit.record_audit(asked => RecordAuditRequest {
            org_id: asked.org, actor: "service:dashboard-api".into(), actor_name: "dashboard-api".into(),
            action: "test".into(), subject: String::new(), detail: "{}".into(),
        })),
    ]
}

fn of_connections() -> Vec<Row> {
    vec![
        row!("CredentialService/LeaseToken", Needs::Connection,
            credential.lease_token(asked => LeaseTokenRequest { org_id: asked.org, connection_id: asked.thing, min_valid: None })),
        row!("CredentialService/ReportRejected", Needs::Connection,
            credential.report_rejected(asked => ReportRejectedRequest { org_id: asked.org, connection_id: asked.thing, token_version: 0 })),
        row!("CredentialService/ReportConsenter", Needs::Connection,
        credential.report_consenter(asked => ReportConsenterRequest {
            org_id: asked.org, connection_id: asked.thing, present: true, role: "admin".into(),
        })),
        row!("CredentialService/Seal", Needs::Connection,
        credential.seal(asked => SealRequest {
            org_id: asked.org, connection_id: asked.thing, field: "webhook_secret".into(), secret: vec![1],
        })),
        row!("CredentialService/Open", Needs::Connection,
        credential.open(asked => OpenRequest {
            org_id: asked.org, connection_id: asked.thing, field: "webhook_secret".into(), sealed: vec![1],
        })),
        row!("ConsentService/Begin", Needs::ActorAnd(Role::Admin, Thing::Connection),
        consent.begin(asked => BeginRequest {
            org_id: asked.org, person_id: asked.actor, return_to: "/".into(),
            browser_binding: BINDING.into(), connection_id: Some(asked.thing),
        })),
        row!("ConnectionService/Disconnect", Needs::ActorAnd(Role::Admin, Thing::Connection),
        connection.disconnect(asked => DisconnectRequest {
            org_id: asked.org, person_id: asked.actor, connection_id: asked.thing, erase_data: false,
        })),
        row!("ConnectionService/ConnectDirectly", Needs::Actor(Role::Admin),
        connection.connect_directly(asked => ConnectDirectlyRequest {
            org_id: asked.org, person_id: asked.actor, api_key: "no key".into(),
            subdomain: String::new(), region: proto::auth::v1::Region::Us.into(),
        })),
    ]
}

fn of_members() -> Vec<Row> {
    vec![
        row!("InvitationService/CreateInvitation", Needs::Actor(Role::Viewer),
        invitation.create_invitation(asked => CreateInvitationRequest {
            org_id: asked.org, person_id: asked.actor, email: "a@b.example".into(), note: String::new(), days: 1,
        })),
        row!("InvitationService/ResendInvitation", Needs::ActorAnd(Role::Admin, Thing::Invitation),
        invitation.resend_invitation(asked => ResendInvitationRequest {
            org_id: asked.org, person_id: asked.actor, invitation_id: asked.thing,
        })),
        row!("InvitationService/RevokeInvitation", Needs::ActorAnd(Role::Admin, Thing::Invitation),
        invitation.revoke_invitation(asked => RevokeInvitationRequest {
            org_id: asked.org, person_id: asked.actor, invitation_id: asked.thing,
        })),
        row!("MemberService/AddMember", Needs::Actor(Role::Admin),
        member.add_member(asked => AddMemberRequest {
            org_id: asked.org, actor_id: asked.actor, email: "new@b.example".into(),
            name: String::new(), role: Role::Viewer.into(),
        })),
        row!("MemberService/ChangeRole", Needs::ActorAnd(Role::Admin, Thing::Person),
        member.change_role(asked => ChangeRoleRequest {
            org_id: asked.org, actor_id: asked.actor, person_id: asked.thing, role: Role::Analyst.into(),
        })),
        row!("MemberService/RemoveMember", Needs::ActorAnd(Role::Admin, Thing::Person),
        member.remove_member(asked => RemoveMemberRequest {
            org_id: asked.org, actor_id: asked.actor, person_id: asked.thing,
        })),
        row!("MemberService/RenameOrganization", Needs::Actor(Role::Admin),
        member.rename_organization(asked => RenameOrganizationRequest {
            org_id: asked.org, actor_id: asked.actor, name: "Acme".into(),
        })),
        row!("MemberService/ListApiKeys", Needs::Actor(Role::Admin),
            member.list_api_keys(asked => ListApiKeysRequest { org_id: asked.org, actor_id: asked.actor })),
        row!("MemberService/CreateApiKey", Needs::Actor(Role::Admin),
        member.create_api_key(asked => CreateApiKeyRequest {
            org_id: asked.org, actor_id: asked.actor, name: "key".into(), role: Role::Viewer.into(),
            expires_at: Some(proto::time::to_proto(
                chassis::Clock::System.now() + jiff::SignedDuration::from_hours(24),
            )),
        })),
        row!("MemberService/RotateApiKey", Needs::ActorAnd(Role::Admin, Thing::ApiKey),
        member.rotate_api_key(asked => RotateApiKeyRequest {
            org_id: asked.org, actor_id: asked.actor, api_key_id: asked.thing,
        })),
        row!("MemberService/RevokeApiKey", Needs::ActorAnd(Role::Admin, Thing::ApiKey),
        member.revoke_api_key(asked => RevokeApiKeyRequest {
            org_id: asked.org, actor_id: asked.actor, api_key_id: asked.thing,
        })),
    ]
}
