//! API keys: shown once, never worth more than their maker, dead when they should be.

use proto::auth::v1::{
    AuthenticateApiKeyRequest, AuthenticateApiKeyResponse, ChangeRoleRequest, CreateApiKeyRequest,
    CreateApiKeyResponse, CreateInvitationRequest, ListApiKeysRequest, RevokeApiKeyRequest, Role,
    RotateApiKeyRequest,
};
use sqlx::PgPool;
use tonic::{Code, Status};

use crate::harness::World;

impl World {
    fn key(&self, actor: &str, role: Role) -> CreateApiKeyRequest {
        let days = jiff::SignedDuration::from_hours(24 * 30);
        CreateApiKeyRequest {
            org_id: self.member.org.to_string(),
            actor_id: actor.to_owned(),
            name: "nightly export".to_owned(),
            role: role.into(),
            expires_at: Some(proto::time::to_proto(self.clock.now() + days)),
        }
    }

    pub(crate) async fn make_key(
        &mut self,
        actor: &str,
        role: Role,
    ) -> Result<CreateApiKeyResponse, Status> {
        let request = self.key(actor, role);
        let made = self.replicas[0].member.create_api_key(request).await;
        made.map(tonic::Response::into_inner)
    }

    pub(crate) async fn authenticate(
        &mut self,
        key: &str,
    ) -> Result<AuthenticateApiKeyResponse, Status> {
        let request = AuthenticateApiKeyRequest {
            api_key: key.to_owned(),
        };
        let known = self.replicas[0]
            .identity
            .authenticate_api_key(request)
            .await;
        known.map(tonic::Response::into_inner)
    }

    async fn rotate(&mut self, actor: &str, id: &str) -> Result<String, Status> {
        let request = RotateApiKeyRequest {
            org_id: self.member.org.to_string(),
            actor_id: actor.to_owned(),
            api_key_id: id.to_owned(),
        };
        let rotated = self.replicas[0].member.rotate_api_key(request).await?;
        Ok(rotated.into_inner().secret)
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_key_is_known_until_it_is_rotated_revoked_or_expired(pool: PgPool) {
    let mut world = World::start(pool).await;
    let owner = world.member.person.to_string();
    let made = world.make_key(&owner, Role::Analyst).await.expect("made");
    let (key, secret) = (made.api_key.expect("a key"), made.secret);
    assert_eq!((secret.len(), key.prefix.len()), (50, 12));
    assert!(secret.starts_with(&key.prefix));
    let known = world.authenticate(&secret).await.expect("known");
    assert_eq!(
        (known.api_key_id.as_str(), known.name.as_str(), known.role()),
        (key.id.as_str(), "nightly export", Role::Analyst)
    );
    assert_eq!(known.organization.expect("one").name, "Acme");
    for wrong in ["", &key.prefix, &secret[..49], &format!("{secret}x")] {
        let refused = world.authenticate(wrong).await.expect_err("unknown");
        assert_eq!(refused.code(), Code::Unauthenticated);
        assert!(wrong.is_empty() || !refused.message().contains(wrong));
    }
    let second = world.rotate(&owner, &key.id).await.expect("rotated");
    assert!(world.authenticate(&secret).await.is_err());
    assert!(world.authenticate(&second).await.is_ok());
    world.advance(30 * 86_400);
    assert!(world.authenticate(&second).await.is_err());
    let made = world.make_key(&owner, Role::Viewer).await.expect("made");
    let revoke = RevokeApiKeyRequest {
        org_id: world.member.org.to_string(),
        actor_id: owner.clone(),
        api_key_id: made.api_key.expect("a key").id,
    };
    for _ in 0..2 {
        let revoked = world.replicas[0]
            .member
            .revoke_api_key(revoke.clone())
            .await;
        let key = revoked.expect("revoked").into_inner().api_key;
        assert!(key.expect("a key").revoked_at.is_some());
    }
    assert!(world.authenticate(&made.secret).await.is_err());
    let dead = world.rotate(&owner, &revoke.api_key_id).await;
    assert_eq!(dead.expect_err("revoked").code(), Code::FailedPrecondition);
    assert_eq!(world.audited("api_key.revoked").await, 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_key_can_do_no_more_than_its_maker_whatever_becomes_of_them(pool: PgPool) {
    let mut world = World::start(pool).await;
    let owner = world.member.person.to_string();
    let admin = world.person("admin", Role::Admin).await;
    let analyst = world.person("analyst", Role::Analyst).await;
    let above = world.make_key(&admin, Role::Owner).await;
    assert_eq!(above.expect_err("above").code(), Code::PermissionDenied);
    let none = world.make_key(&analyst, Role::Viewer).await;
    assert_eq!(none.expect_err("no admin").code(), Code::PermissionDenied);
    let owners = world.make_key(&owner, Role::Owner).await.expect("made");
    let taken = world
        .rotate(&admin, &owners.api_key.expect("a key").id)
        .await;
    assert_eq!(taken.expect_err("above").code(), Code::PermissionDenied);

    let made = world.make_key(&admin, Role::Admin).await.expect("made");
    let demote = ChangeRoleRequest {
        org_id: world.member.org.to_string(),
        actor_id: owner.clone(),
        person_id: admin.clone(),
        role: Role::Viewer.into(),
    };
    world.replicas[0]
        .member
        .change_role(demote)
        .await
        .expect("demoted");
    let known = world.authenticate(&made.secret).await.expect("known");
    assert_eq!(known.role(), Role::Viewer);
    world.remove(&owner, &admin).await.expect("removed");
    assert!(world.authenticate(&made.secret).await.is_err());
}

#[sqlx::test(migrations = "./migrations")]
async fn a_key_acts_in_its_own_name(pool: PgPool) {
    let mut world = World::start(pool).await;
    let owner = world.member.person.to_string();
    let made = world.make_key(&owner, Role::Viewer).await.expect("made");
    let key = made.api_key.expect("a key");
    let invite = CreateInvitationRequest {
        org_id: world.member.org.to_string(),
        person_id: key.id.clone(),
        email: "admin@acme.example".to_owned(),
        note: String::new(),
        days: 1,
    };
    let invited = world.replicas[0].invitation.create_invitation(invite).await;
    let invited = invited
        .expect("invited")
        .into_inner()
        .invitation
        .expect("it");
    assert_eq!(invited.invited_by, owner);
    let entry = world.entries(0, 1).await.remove(0);
    assert_eq!(
        (entry.actor, entry.actor_name.as_str()),
        (format!("api_key:{}", key.id), "nightly export")
    );
    let above = world.make_key(&key.id, Role::Viewer).await;
    assert_eq!(above.expect_err("a viewer").code(), Code::PermissionDenied);
}

#[sqlx::test(migrations = "./migrations")]
async fn the_last_use_is_written_at_most_once_a_minute(pool: PgPool) {
    let mut world = World::start(pool).await;
    let owner = world.member.person.to_string();
    let made = world.make_key(&owner, Role::Viewer).await.expect("made");
    let mut uses = Vec::new();
    for _ in 0..12 {
        world.authenticate(&made.secret).await.expect("known");
        let list = ListApiKeysRequest {
            org_id: world.member.org.to_string(),
            actor_id: owner.clone(),
        };
        let list = world.replicas[0].member.list_api_keys(list).await;
        let keys = list.expect("a list").into_inner().api_keys;
        uses.push(keys[0].last_used_at.expect("used").seconds);
        world.advance(10);
    }
    uses.dedup();
    assert_eq!(uses.len(), 2, "{uses:?}");
    assert_eq!(uses[1] - uses[0], 60);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_key_without_a_name_or_a_fit_end_is_refused(pool: PgPool) {
    let mut world = World::start(pool).await;
    let owner = world.member.person.to_string();
    let far = world.clock.now() + jiff::SignedDuration::from_hours(24 * 400);
    let changes: [&dyn Fn(&mut CreateApiKeyRequest); 6] = [
        &|r| r.name = "  ".to_owned(),
        &|r| r.name = "x".repeat(101),
        &|r| r.expires_at = None,
        &|r| r.expires_at = Some(proto::time::to_proto(far)),
        &|r| r.expires_at = Some(prost_types::Timestamp::default()),
        &|r| r.role = 0,
    ];
    for change in changes {
        let mut request = world.key(&owner, Role::Viewer);
        change(&mut request);
        let refused = world.replicas[0].member.create_api_key(request).await;
        assert_eq!(refused.expect_err("refused").code(), Code::InvalidArgument);
    }
}
