//! Mail, by a real conversation with a mail server: sent once, again after trouble, and never inside a
//! request.

use auth_service::{
    connection,
    notices::{self, Notice},
};
use jiff::SignedDuration;
use proto::auth::v1::{
    CreateInvitationRequest, ListInvitationsRequest, ListSignInMethodsRequest,
    LookUpInvitationRequest, MailMembersRequest, RedeemSignInLinkRequest, Role,
    SendSignInLinkRequest,
};
use sqlx::PgPool;
use tonic::{Code, Status};

use crate::{
    harness::{Setup, World},
    smtp::{MailServer, Mood},
};

/// A world whose mail goes to this server. The rounds of sending are run by hand as well as by the
/// service itself: whoever comes first.
async fn world(pool: PgPool, server: &MailServer) -> World {
    let setup = Setup {
        variables: server.variables(),
        ..Setup::default()
    };
    World::with(pool, setup).await
}

impl World {
    pub(crate) async fn send_link(&mut self, email: &str) -> Result<(), Status> {
        let request = SendSignInLinkRequest {
            email: email.to_owned(),
        };
        let sent = self.replicas[0].identity.send_sign_in_link(request).await;
        sent.map(drop)
    }

    async fn mail_members(&mut self, key: &str, roles: &[Role]) -> Result<u32, Status> {
        let request = MailMembersRequest {
            org_id: self.member.org.to_string(),
            roles: roles.iter().map(|role| (*role).into()).collect(),
            subject: "Grüße\r\nBcc: x@y.example".to_owned(),
            text: "See {public_url}/overview – it is new.".to_owned(),
            key: key.to_owned(),
        };
        let mailed = self.replicas[0].member.mail_members(request).await?;
        Ok(mailed.into_inner().recipients)
    }

    /// Rounds of sending until the server has this many mails.
    pub(crate) async fn until_taken(&self, server: &MailServer, mails: usize) {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        while server.taken().len() < mails {
            self.replicas[0].mailer.step().await.expect("a round");
            assert!(tokio::time::Instant::now() < deadline, "no mail");
        }
    }

    /// Rounds until nothing is due and nothing is on its way.
    async fn settled(&self) {
        let on_its_way = "select count(*) from outbox
             where sent_at is null and given_up_at is null and attempts > 0 and failure = ''";
        while self.replicas[0].mailer.step().await.expect("a round") > 0
            || self.count(on_its_way).await > 0
        {}
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_mailed_link_signs_in_and_nobody_learns_who_is_a_member(pool: PgPool) {
    let server = MailServer::start().await;
    let mut world = world(pool, &server).await;
    let methods = world.replicas[0]
        .identity
        .list_sign_in_methods(ListSignInMethodsRequest {})
        .await
        .expect("methods")
        .into_inner();
    assert_eq!((methods.email, methods.oidc_name.as_str()), (true, ""));
    world.send_link(" Owner@Acme.example").await.expect("sent");
    world
        .send_link("stranger@acme.example")
        .await
        .expect("looks the same");
    world.until_taken(&server, 1).await;
    world.settled().await;
    let mails = server.taken();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "owner@acme.example");
    assert_eq!(mails[0].from, "quolum@seats.example");
    assert!(mails[0].header("Message-ID").ends_with("@seats.example>"));
    assert!(mails[0].body.contains("http://127.0.0.1:9/sign-in?token="));
    let redeem = RedeemSignInLinkRequest {
        token: mails[0].token(),
    };
    let identity = &mut world.replicas[0].identity;
    let opened = identity.redeem_sign_in_link(redeem.clone()).await;
    let session = opened.expect("signed in").into_inner().session_token;
    assert!(identity.redeem_sign_in_link(redeem).await.is_err());
    assert_eq!(
        world.session(&session).await.expect("it").role(),
        Role::Owner
    );
    assert_eq!(world.audited("sign_in_link.sent").await, 1);
    let refused = world.send_link("no address").await.expect_err("refused");
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[sqlx::test(migrations = "./migrations")]
async fn links_are_limited_for_each_address_known_or_not_and_in_total(pool: PgPool) {
    let server = MailServer::start().await;
    let mut world = world(pool, &server).await;
    for email in ["owner@acme.example", "stranger@acme.example"] {
        for _ in 0..5 {
            world.send_link(email).await.expect("sent");
        }
        let refused = world.send_link(email).await.expect_err("too many");
        assert_eq!(refused.code(), Code::ResourceExhausted);
    }
    for n in 10..100 {
        let sent = world.send_link(&format!("s{n}@acme.example")).await;
        sent.expect("still within the total");
    }
    let refused = world.send_link("one.more@acme.example").await;
    assert_eq!(
        refused.expect_err("in total").code(),
        Code::ResourceExhausted
    );
    world.advance(3_600);
    world.send_link("owner@acme.example").await.expect("later");
    let known = "select count(*) from throttles where bucket like '%acme%'";
    assert_eq!(world.count(known).await, 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn without_a_mail_server_nothing_is_promised(pool: PgPool) {
    let mut world = World::start(pool).await;
    let refused = world.send_link("owner@acme.example").await;
    assert_eq!(
        refused.expect_err("no mail").code(),
        Code::FailedPrecondition
    );
    let refused = world.mail_members("k", &[Role::Owner]).await;
    assert_eq!(
        refused.expect_err("no mail").code(),
        Code::FailedPrecondition
    );
    let methods = world.replicas[0]
        .identity
        .list_sign_in_methods(ListSignInMethodsRequest {})
        .await
        .expect("methods");
    assert!(!methods.into_inner().email);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_key_mails_each_member_with_the_role_once(pool: PgPool) {
    let server = MailServer::start().await;
    let mut world = world(pool, &server).await;
    world.person("admin", Role::Admin).await;
    world.person("viewer", Role::Viewer).await;
    world.until_taken(&server, 2).await;
    let told = [Role::Owner, Role::Admin];
    assert_eq!(
        world.mail_members("digest:1", &told).await.expect("mailed"),
        2
    );
    assert_eq!(
        world.mail_members("digest:1", &told).await.expect("known"),
        0
    );
    world.until_taken(&server, 4).await;
    assert_eq!(
        world.mail_members("digest:1", &told).await.expect("known"),
        0
    );
    world.settled().await;
    let mails = server.taken();
    assert_eq!(mails.len(), 4);
    let mut to: Vec<_> = mails[2..].iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["admin@acme.example", "owner@acme.example"]);
    assert_eq!(mails[2].header("Bcc"), "");
    assert!(
        mails[2]
            .body
            .contains("See http://127.0.0.1:9/overview – it is new.")
    );
    assert!(
        mails[0].body.contains("made you a member of Acme"),
        "{}",
        mails[0].body
    );
    let kept = "select count(*) from outbox where body <> '' or subject <> ''";
    assert_eq!(world.count(kept).await, 0);
    let empty = world.mail_members("", &told).await.expect_err("no key");
    assert_eq!(empty.code(), Code::InvalidArgument);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_ill_mail_server_is_tried_again_by_whoever_runs_next(pool: PgPool) {
    let server = MailServer::start().await;
    let mut world = world(pool, &server).await;
    let failed = "select coalesce(max(attempts), 0)::bigint from outbox";
    server.be(Mood::Busy);
    world
        .mail_members("k", &[Role::Owner])
        .await
        .expect("waits");
    let mut tries = 0;
    for mood in [Mood::Busy, Mood::Gone, Mood::WantsPassword] {
        server.be(mood);
        world.settled().await;
        let now = world.count(failed).await;
        assert_eq!(now, tries + 1, "{mood:?}");
        world.settled().await;
        assert_eq!(world.count(failed).await, now, "not before its time");
        tries = now;
        world.advance(100);
    }
    // Another process, the same outbox.
    server.be(Mood::Well);
    let mailer = world.replicas[0].mailer.clone();
    drop(world.replicas.drain(..));
    while server.taken().is_empty() {
        mailer.step().await.expect("a round");
    }
    assert_eq!(server.taken().len(), 1);
    assert_eq!(mailer.step().await.expect("a round"), 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_refused_recipient_is_given_up_and_an_old_mail_forgotten(pool: PgPool) {
    let server = MailServer::start().await;
    let mut world = world(pool, &server).await;
    server.be(Mood::NoSuchUser);
    world
        .mail_members("k", &[Role::Owner])
        .await
        .expect("waits");
    world.settled().await;
    let given_up = "select count(*) from outbox where given_up_at is not null and body = ''";
    assert_eq!(world.count(given_up).await, 1);
    let named = "select count(*) from outbox where failure like '%@%'";
    assert_eq!(world.count(named).await, 0);
    server.be(Mood::Busy);
    world
        .mail_members("l", &[Role::Owner])
        .await
        .expect("waits");
    world.settled().await;
    world.advance(49 * 3_600);
    server.be(Mood::Well);
    world.settled().await;
    world.replicas[0].ahead.step().await.expect("swept");
    assert_eq!(world.count(given_up).await, 2);
    assert_eq!(server.taken(), []);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_invitation_is_mailed_with_a_link_of_its_own(pool: PgPool) {
    let server = MailServer::start().await;
    let mut world = world(pool, &server).await;
    let invite = CreateInvitationRequest {
        org_id: world.member.org.to_string(),
        person_id: world.member.person.to_string(),
        email: "admin@acme.example".to_owned(),
        note: "Bitte verbinden – danke.".to_owned(),
        days: 3,
    };
    let made = world.replicas[0].invitation.create_invitation(invite).await;
    let made = made.expect("invited").into_inner();
    assert!(!made.invitation.expect("it").mailed);
    world.until_taken(&server, 1).await;
    let mail = server.taken().remove(0);
    assert!(
        mail.body.contains("Bitte verbinden – danke."),
        "{}",
        mail.body
    );
    assert!(
        mail.header("Subject")
            .contains("Acme asks you to connect PagerDuty")
    );
    assert!(!made.url.ends_with(&mail.token()));
    let look = LookUpInvitationRequest {
        token: mail.token(),
    };
    let shown = world.replicas[0].invitation.look_up_invitation(look).await;
    assert_eq!(shown.expect("there").into_inner().organization_name, "Acme");
    world.settled().await;
    let list = ListInvitationsRequest {
        org_id: world.member.org.to_string(),
    };
    let list = world.replicas[0].invitation.list_invitations(list).await;
    assert!(list.expect("a list").into_inner().invitations[0].mailed);
}

#[sqlx::test(migrations = "./migrations")]
async fn owners_and_admins_are_told_once_when_access_ends_or_will_end(pool: PgPool) {
    let server = MailServer::start().await;
    let mut world = world(pool, &server).await;
    world.connect().await;
    world.person("viewer", Role::Viewer).await;
    world.until_taken(&server, 1).await;
    let found = connection::list(&world.store, world.member.org).await;
    let found = found.expect("a list").remove(0);
    let now = world.clock.now();
    let notices = [
        Notice::Ended {
            reason: "the consent was revoked",
        },
        Notice::Ending {
            kind: "rolling_window",
            days: 30,
            ends_at: now + SignedDuration::from_hours(24 * 30),
            detail: "A consent lasts three years.",
        },
        Notice::Ending {
            kind: "rolling_window",
            days: 7,
            ends_at: now + SignedDuration::from_hours(24 * 30),
            detail: "A consent lasts three years.",
        },
        Notice::AtRisk {
            kind: "consenter_gone",
            detail: "The consenting admin has left.",
        },
    ];
    for repeat in 0..2 {
        for notice in &notices {
            let mut tx = world
                .store
                .tenant(world.member.org)
                .await
                .expect("a transaction");
            let first = notices::raise(&mut tx, &found, *notice, now).await;
            tx.commit().await.expect("committed");
            assert_eq!(first.expect("raised"), repeat == 0);
        }
    }
    world.until_taken(&server, 5).await;
    world.settled().await;
    let mails = server.taken();
    let mut subjects: Vec<_> = mails[1..]
        .iter()
        .map(|mail| mail.header("Subject"))
        .collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "PagerDuty access for acme ends in 30 days",
            "PagerDuty access for acme ends in 7 days",
            "PagerDuty access for acme has ended",
            "PagerDuty access for acme is at risk"
        ]
    );
    assert!(
        mails[1..]
            .iter()
            .all(|mail| mail.to == "owner@acme.example")
    );
    assert!(mails[1].body.contains("http://127.0.0.1:9/connections"));
}
