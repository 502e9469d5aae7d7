//! Invitations: one link, one consent, one organization.

use std::collections::BTreeMap;

use proto::auth::v1::{
    AcceptInvitationRequest, CompleteRequest, ConsentOutcome, CreateInvitationRequest,
    CreateInvitationResponse, Invitation, InvitationState, ListInvitationsRequest,
    LookUpInvitationRequest, LookUpInvitationResponse, RemoveMemberRequest,
    ResendInvitationRequest, RevokeInvitationRequest, Role,
};
use sqlx::PgPool;
use tonic::{Code, Status};
use url::Url;

use crate::harness::{BINDING, Setup, World};

fn token(url: &str) -> String {
    let url: Url = url.parse().expect("a URL");
    assert_eq!(
        (url.origin().ascii_serialization().as_str(), url.path()),
        ("http://127.0.0.1:9", "/invite")
    );
    url.query_pairs().next().expect("a token").1.into_owned()
}

impl World {
    fn invitation(&self, days: u32) -> CreateInvitationRequest {
        CreateInvitationRequest {
            org_id: self.member.org.to_string(),
            person_id: self.member.person.to_string(),
            email: "Admin@acme.example ".to_owned(),
            note: "Please connect us.".to_owned(),
            days,
        }
    }

    async fn invite(
        &mut self,
        request: CreateInvitationRequest,
    ) -> Result<CreateInvitationResponse, Status> {
        let made = self.replicas[0].invitation.create_invitation(request).await;
        made.map(tonic::Response::into_inner)
    }

    /// An invitation and its link's token.
    pub(crate) async fn invited(&mut self) -> (Invitation, String) {
        let made = self.invite(self.invitation(1)).await.expect("invited");
        (made.invitation.expect("it"), token(&made.url))
    }

    async fn look_up(&mut self, token: &str) -> Result<LookUpInvitationResponse, Status> {
        let request = LookUpInvitationRequest {
            token: token.to_owned(),
        };
        let found = self.replicas[0]
            .invitation
            .look_up_invitation(request)
            .await;
        found.map(tonic::Response::into_inner)
    }

    pub(crate) async fn accept(&mut self, token: &str) -> Result<String, Status> {
        let request = AcceptInvitationRequest {
            token: token.to_owned(),
            browser_binding: BINDING.to_owned(),
        };
        let begun = self.replicas[0]
            .invitation
            .accept_invitation(request)
            .await?;
        Ok(begun.into_inner().consent.expect("begun").authorize_url)
    }

    /// What the browser of an invited admin brings back. Nobody is signed in to it.
    fn come_back(&self, authorize_url: &str, decision: &str) -> CompleteRequest {
        let back = self
            .sim
            .consent(authorize_url, "admin@acme.example", decision);
        let back: Url = back.expect("a redirect").parse().expect("a URL");
        let query: BTreeMap<_, _> = back.query_pairs().into_owned().collect();
        let part = |name: &str| query.get(name).cloned().unwrap_or_default();
        CompleteRequest {
            state: part("state"),
            code: part("code"),
            error: part("error"),
            browser_binding: BINDING.to_owned(),
            person_id: String::new(),
        }
    }

    async fn only(&mut self) -> Invitation {
        let request = ListInvitationsRequest {
            org_id: self.member.org.to_string(),
        };
        let list = self.replicas[0].invitation.list_invitations(request).await;
        let mut list = list.expect("a list").into_inner().invitations;
        assert_eq!(list.len(), 1);
        list.remove(0)
    }

    async fn revoke(&mut self, invitation: &Invitation) -> Result<Invitation, Status> {
        let request = RevokeInvitationRequest {
            org_id: self.member.org.to_string(),
            person_id: self.member.person.to_string(),
            invitation_id: invitation.id.clone(),
        };
        let revoked = self.replicas[0]
            .invitation
            .revoke_invitation(request)
            .await?;
        Ok(revoked.into_inner().invitation.expect("it"))
    }

    async fn resend(&mut self, invitation: &Invitation) -> Result<String, Status> {
        let request = ResendInvitationRequest {
            org_id: self.member.org.to_string(),
            person_id: self.member.person.to_string(),
            invitation_id: invitation.id.clone(),
        };
        let sent = self.replicas[0]
            .invitation
            .resend_invitation(request)
            .await?;
        Ok(token(&sent.into_inner().url))
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn an_invited_admin_connects_without_being_anybody_here(pool: PgPool) {
    let mut world = World::start(pool).await;
    let (made, token) = world.invited().await;
    assert_eq!(
        (made.email.as_str(), made.invited_by_name.as_str()),
        ("admin@acme.example", "Owner")
    );
    assert_eq!((made.state(), made.mailed), (InvitationState::Open, false));
    for _ in 0..20 {
        let shown = world.look_up(&token).await.expect("still there");
        assert_eq!(shown.organization_name, "Acme");
        assert_eq!(shown.invited_by_name, "Owner");
        assert_eq!(shown.note, "Please connect us.");
        assert_eq!(shown.scopes, ["read"]);
    }
    let url = world.accept(&token).await.expect("begun");
    assert_eq!(world.only().await.state(), InvitationState::Accepted);
    let completed = world.complete(world.come_back(&url, "allow")).await;
    assert_eq!(completed.outcome(), ConsentOutcome::Connected);
    assert!(completed.invited);
    assert_eq!(completed.return_to, "/invite/done");
    let connection = completed.connection.expect("a connection");
    assert_eq!(connection.org_id, world.member.org.to_string());
    assert_eq!(connection.consented_by, "");
    assert_eq!(connection.consented_by_name, "admin@acme.example");
    assert_eq!(world.only().await.state(), InvitationState::Connected);
    world.lease(&connection).await.expect("a token");
    assert_eq!(world.posts("code"), 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn expired_used_revoked_and_unknown_links_look_the_same(pool: PgPool) {
    let mut world = World::start(pool).await;
    let (_, used) = world.invited().await;
    world.accept(&used).await.expect("begun");
    let (gone, revoked) = world.invited().await;
    world.revoke(&gone).await.expect("revoked");
    let (_, expired) = world.invited().await;
    world.advance(24 * 3_600);
    let mut answers = Vec::new();
    for token in [&*used, &*revoked, &*expired, "nobody made this", ""] {
        let looked = world.look_up(token).await.expect_err("refused");
        let accepted = world.accept(token).await.expect_err("refused");
        for status in [looked, accepted] {
            let details = status.details().to_vec();
            answers.push((status.code(), status.message().to_owned(), details));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].0, Code::NotFound);
}

#[sqlx::test(migrations = "./migrations")]
async fn twenty_browsers_with_one_link_begin_one_consent(pool: PgPool) {
    let mut world = World::start(pool).await;
    let (_, token) = world.invited().await;
    let calls = (0..20).map(|_| {
        let (mut client, token) = (world.replicas[0].invitation.clone(), token.clone());
        let request = AcceptInvitationRequest {
            token,
            browser_binding: BINDING.to_owned(),
        };
        async move { client.accept_invitation(request).await.is_ok() }
    });
    let begun = futures::future::join_all(calls).await;
    assert_eq!(begun.into_iter().filter(|begun| *begun).count(), 1);
    assert_eq!(world.count("select count(*) from consents").await, 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn the_consent_of_an_invitation_belongs_to_the_browser_that_began_it(pool: PgPool) {
    let mut world = World::start(pool).await;
    let (made, token) = world.invited().await;
    let url = world.accept(&token).await.expect("begun");
    let mut back = world.come_back(&url, "allow");
    back.browser_binding = "another cookie".to_owned();
    let refused = world.complete(back.clone()).await;
    assert_eq!(refused.outcome(), ConsentOutcome::StateRefused);
    back.browser_binding = BINDING.to_owned();
    let burnt = world.complete(back).await;
    assert_eq!(burnt.outcome(), ConsentOutcome::StateRefused);
    assert_eq!(world.posts("code"), 0);
    let failed = world.only().await;
    assert_eq!(failed.state(), InvitationState::Accepted);
    assert_eq!(
        failed.outcome,
        "the answer came from another browser, or too late"
    );
    // It can be sent once more; then it is an ordinary open invitation.
    let again = world.resend(&made).await.expect("a new link");
    assert!(world.look_up(&token).await.is_err());
    let url = world.accept(&again).await.expect("begun");
    let denied = world.complete(world.come_back(&url, "deny")).await;
    assert_eq!(denied.outcome(), ConsentOutcome::Denied);
    assert_eq!(world.only().await.outcome, "access was denied at PagerDuty");
}

#[sqlx::test(migrations = "./migrations")]
async fn revoking_or_resending_takes_back_a_consent_under_way(pool: PgPool) {
    let mut world = World::start(pool).await;
    let (made, token) = world.invited().await;
    let url = world.accept(&token).await.expect("begun");
    let stale = world.come_back(&url, "allow");
    let token = world.resend(&made).await.expect("a new link");
    let refused = world.complete(stale).await;
    assert_eq!(refused.outcome(), ConsentOutcome::StateRefused);
    let url = world.accept(&token).await.expect("begun");
    let stale = world.come_back(&url, "allow");
    let revoked = world.revoke(&made).await.expect("revoked");
    assert_eq!(revoked.state(), InvitationState::Revoked);
    let refused = world.complete(stale).await;
    assert_eq!(refused.outcome(), ConsentOutcome::StateRefused);
    assert_eq!(world.posts("code"), 0);
    let again = world.revoke(&made).await.expect("revoked");
    assert_eq!(again.state(), InvitationState::Revoked);
    let dead = world.resend(&made).await.expect_err("revoked");
    assert_eq!(dead.code(), Code::FailedPrecondition);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_invitation_ends_with_the_membership_of_its_maker(pool: PgPool) {
    let mut world = World::start(pool).await;
    let viewer = world.person("viewer", Role::Viewer).await;
    let mut request = world.invitation(7);
    request.person_id.clone_from(&viewer);
    let made = world.invite(request).await.expect("any member may invite");
    let token = token(&made.url);
    assert!(world.look_up(&token).await.is_ok());
    let remove = RemoveMemberRequest {
        org_id: world.member.org.to_string(),
        actor_id: world.member.person.to_string(),
        person_id: viewer,
    };
    world.replicas[0]
        .member
        .remove_member(remove)
        .await
        .expect("removed");
    assert!(world.look_up(&token).await.is_err());
    assert_eq!(world.only().await.state(), InvitationState::Revoked);
}

#[sqlx::test(migrations = "./migrations")]
async fn unfit_and_too_many_invitations_are_refused(pool: PgPool) {
    let mut world = World::start(pool).await;
    let mut unfit = vec![world.invitation(2), world.invitation(0)];
    for email in [
        "",
        "nobody",
        "a@b@c",
        "a b@c.example",
        "a@b.example\r\nBcc: x@y.example",
    ] {
        let mut request = world.invitation(1);
        email.clone_into(&mut request.email);
        unfit.push(request);
    }
    let mut long = world.invitation(1);
    long.note = "x".repeat(1_001);
    unfit.push(long);
    for request in unfit {
        let refused = world.invite(request.clone()).await.expect_err("refused");
        assert_eq!(refused.code(), Code::InvalidArgument, "{request:?}");
    }
    let mut made = Vec::new();
    for n in 0..20 {
        let mut request = world.invitation(1);
        request.email = format!("admin{n}@acme.example");
        let answer = world.invite(request).await.expect("invited");
        made.push(answer.invitation.expect("it"));
    }
    let mut more = world.invitation(1);
    more.email = "one.more@acme.example".to_owned();
    let full = world.invite(more.clone()).await.expect_err("too many open");
    assert_eq!(full.code(), Code::ResourceExhausted);
    for invitation in &made {
        world.revoke(invitation).await.expect("revoked");
    }
    for _ in 0..5 {
        let answer = world.invite(more.clone()).await.expect("invited");
        made.push(answer.invitation.expect("it"));
    }
    let often = world.invite(more.clone()).await.expect_err("one address");
    assert_eq!(often.code(), Code::ResourceExhausted);
    world.advance(86_400);
    world.invite(more).await.expect("the next day");
}

#[sqlx::test(migrations = "./migrations")]
async fn without_an_app_nothing_is_used_up(pool: PgPool) {
    let variables = vec![
        ("AUTH_PAGERDUTY_CLIENT_ID", String::new()),
        ("AUTH_PAGERDUTY_CLIENT_SECRET", String::new()),
    ];
    let setup = Setup {
        variables,
        ..Setup::default()
    };
    let mut world = World::with(pool, setup).await;
    let (_, token) = world.invited().await;
    let refused = world.accept(&token).await.expect_err("no app");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(
        world
            .look_up(&token)
            .await
            .expect("there")
            .scopes
            .is_empty()
    );
    assert_eq!(world.only().await.state(), InvitationState::Open);
}
