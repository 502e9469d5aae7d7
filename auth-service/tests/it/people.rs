//! People of an organization, for the tests about them.

use auth_service::identity::{self, Member, NewOrganization};
use proto::auth::v1::{
    AddMemberRequest, GetSessionRequest, GetSessionResponse, RedeemSignInLinkRequest, Role,
};
use secrecy::ExposeSecret;
use tonic::Status;

use crate::harness::World;

impl World {
    /// Somebody with a role, in the first organization.
    pub(crate) async fn person(&mut self, name: &str, role: Role) -> String {
        let request = AddMemberRequest {
            org_id: self.member.org.to_string(),
            actor_id: self.member.person.to_string(),
            email: format!("{name}@acme.example"),
            name: name.to_owned(),
            role: role.into(),
        };
        let added = self.replicas[0].member.add_member(request).await;
        let member = added.expect("added").into_inner().member.expect("a member");
        member.person.expect("a person").id
    }

    /// Another organization with an owner of its own.
    pub(crate) async fn other_organization(&self) -> Member {
        let new = NewOrganization {
            name: "Globex".to_owned(),
            owner_email: "owner@globex.example".to_owned(),
            owner_name: "Other".to_owned(),
        };
        let made = identity::create_organization(&self.store, new, self.clock.now()).await;
        made.expect("an organization")
    }

    /// Signs in with a link from the command line; answers the session's token.
    pub(crate) async fn sign_in(&mut self, email: &str) -> String {
        let link = identity::create_link(&self.store, email, self.clock.now()).await;
        let redeem = RedeemSignInLinkRequest {
            token: link.expect("a link").expose_secret().to_owned(),
        };
        let identity = &mut self.replicas[0].identity;
        let session = identity.redeem_sign_in_link(redeem).await;
        session.expect("a session").into_inner().session_token
    }

    /// Whose session it is.
    pub(crate) async fn session(&mut self, token: &str) -> Result<GetSessionResponse, Status> {
        let request = GetSessionRequest {
            session_token: token.to_owned(),
        };
        let answer = self.replicas[0].identity.get_session(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// One number of a query.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let count = sqlx::query_scalar(sql).fetch_one(&self.pool).await;
        count.expect("a count")
    }
}
