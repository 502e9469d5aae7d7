//! Members and roles: who may change whom, and what ends with a role.

use proto::auth::v1::{
    AddMemberRequest, ChangeRoleRequest, ListMembersRequest, Member, RemoveMemberRequest,
    RenameOrganizationRequest, Role,
};
use sqlx::PgPool;
use tonic::{Code, Status};

use crate::harness::{BINDING, Setup, World};

impl World {
    async fn change_role(
        &mut self,
        actor: &str,
        person: &str,
        role: Role,
    ) -> Result<Member, Status> {
        let request = ChangeRoleRequest {
            org_id: self.member.org.to_string(),
            actor_id: actor.to_owned(),
            person_id: person.to_owned(),
            role: role.into(),
        };
        let changed = self.replicas[0].member.change_role(request).await?;
        Ok(changed.into_inner().member.expect("a member"))
    }

    pub(crate) async fn remove(&mut self, actor: &str, person: &str) -> Result<(), Status> {
        let request = RemoveMemberRequest {
            org_id: self.member.org.to_string(),
            actor_id: actor.to_owned(),
            person_id: person.to_owned(),
        };
        let removed = self.replicas[0].member.remove_member(request).await;
        removed.map(drop)
    }

    async fn members(&mut self) -> Vec<Member> {
        let request = ListMembersRequest {
            org_id: self.member.org.to_string(),
        };
        let list = self.replicas[0].member.list_members(request).await;
        list.expect("a list").into_inner().members
    }
}

fn reason(status: &Status) -> String {
    chassis::code::reason(status).unwrap_or_default()
}

#[sqlx::test(migrations = "./migrations")]
async fn only_an_owner_makes_or_unmakes_an_owner(pool: PgPool) {
    let mut world = World::start(pool).await;
    let owner = world.member.person.to_string();
    let admin = world.person("admin", Role::Admin).await;
    let viewer = world.person("viewer", Role::Viewer).await;
    for (actor, person, role) in [
        (&admin, &viewer, Role::Owner),
        (&admin, &owner, Role::Viewer),
        (&admin, &admin, Role::Owner),
        (&viewer, &viewer, Role::Admin),
        (&viewer, &admin, Role::Viewer),
    ] {
        let refused = world.change_role(actor, person, role).await;
        let refused = refused.expect_err("refused");
        assert_eq!(refused.code(), Code::PermissionDenied, "{role:?}");
    }
    let refused = world.remove(&admin, &owner).await.expect_err("refused");
    assert_eq!(refused.code(), Code::PermissionDenied);
    let made = world.change_role(&admin, &viewer, Role::Admin).await;
    assert_eq!(made.expect("an admin").role(), Role::Admin);
    let made = world.change_role(&owner, &viewer, Role::Owner).await;
    assert_eq!(made.expect("an owner").role(), Role::Owner);
    let roles: Vec<_> = world.members().await.iter().map(Member::role).collect();
    assert_eq!(roles, [Role::Admin, Role::Owner, Role::Owner]);
}

#[sqlx::test(migrations = "./migrations")]
async fn two_owners_who_unmake_each_other_leave_one(pool: PgPool) {
    let setup = Setup {
        replicas: 2,
        ..Setup::default()
    };
    let mut world = World::with(pool, setup).await;
    let first = world.member.person.to_string();
    for round in 0..10 {
        let second = world.person(&format!("owner{round}"), Role::Owner).await;
        let requests =
            [(&first, &second), (&second, &first)].map(|(actor, person)| RemoveMemberRequest {
                org_id: world.member.org.to_string(),
                actor_id: actor.clone(),
                person_id: person.clone(),
            });
        let [one, two] = requests;
        let mut clients = world.replicas.iter().map(|replica| replica.member.clone());
        let (mut a, mut b) = (clients.next().expect("one"), clients.next().expect("two"));
        let (one, two) = tokio::join!(a.remove_member(one), b.remove_member(two));
        assert!(one.is_ok() ^ two.is_ok(), "{one:?} {two:?}");
        let owners = "select count(*) from memberships where role = 'owner'";
        assert_eq!(world.count(owners).await, 1);
        if one.is_err() {
            // The second one has won: the first one comes back.
            let back = AddMemberRequest {
                org_id: world.member.org.to_string(),
                actor_id: second.clone(),
                email: "owner@acme.example".to_owned(),
                name: String::new(),
                role: Role::Owner.into(),
            };
            world.replicas[0]
                .member
                .add_member(back)
                .await
                .expect("back");
            world.remove(&first, &second).await.expect("removed");
        }
    }
    let last = world
        .remove(&first, &first)
        .await
        .expect_err("the last one");
    assert_eq!(
        (last.code(), reason(&last).as_str()),
        (Code::FailedPrecondition, "LAST_OWNER")
    );
    let last = world.change_role(&first, &first, Role::Admin).await;
    assert_eq!(
        last.expect_err("the last one").code(),
        Code::FailedPrecondition
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn sessions_end_with_a_role_and_everything_ends_with_a_membership(pool: PgPool) {
    let mut world = World::start(pool).await;
    let owner = world.member.person.to_string();
    let admin = world.person("admin", Role::Admin).await;
    let session = world.sign_in("admin@acme.example").await;
    let bystander = world.sign_in("owner@acme.example").await;
    world
        .change_role(&owner, &admin, Role::Admin)
        .await
        .expect("the same");
    assert!(world.session(&session).await.is_ok(), "nothing has changed");
    world
        .change_role(&owner, &admin, Role::Analyst)
        .await
        .expect("changed");
    assert!(world.session(&session).await.is_err());
    world
        .change_role(&owner, &admin, Role::Admin)
        .await
        .expect("changed");
    let session = world.sign_in("admin@acme.example").await;
    assert_eq!(
        world.session(&session).await.expect("it").role(),
        Role::Admin
    );

    let mut begin = world.begin_request();
    begin.person_id.clone_from(&admin);
    let mut back = world.visit(begin, "admin@acme.example", "allow").await;
    back.person_id.clone_from(&admin);
    back.browser_binding = BINDING.to_owned();
    world.remove(&owner, &admin).await.expect("removed");
    assert!(world.session(&session).await.is_err());
    let refused = world.complete(back).await;
    assert_eq!(refused.org_id, "", "the consent under way has ended too");
    assert!(world.session(&bystander).await.is_ok());
    let again = world.remove(&owner, &admin).await.expect_err("gone");
    assert_eq!(again.code(), Code::NotFound);
    let link =
        auth_service::identity::create_link(&world.store, "admin@acme.example", world.clock.now());
    assert!(link.await.is_err());
}

#[sqlx::test(migrations = "./migrations")]
async fn adding_a_member_again_changes_nothing_and_every_change_is_audited(pool: PgPool) {
    let mut world = World::start(pool).await;
    let one = world.person("admin", Role::Admin).await;
    let two = world.person("Admin", Role::Viewer).await;
    assert_eq!(one, two);
    let roles: Vec<_> = world.members().await.iter().map(Member::role).collect();
    assert_eq!(roles, [Role::Admin, Role::Owner]);
    let owner = world.member.person.to_string();
    world
        .change_role(&owner, &one, Role::Viewer)
        .await
        .expect("changed");
    let rename = RenameOrganizationRequest {
        org_id: world.member.org.to_string(),
        actor_id: owner.clone(),
        name: " Acme & Sons ".to_owned(),
    };
    let renamed = world.replicas[0].member.rename_organization(rename).await;
    let named = renamed.expect("renamed").into_inner().organization;
    assert_eq!(named.expect("it").name, "Acme & Sons");
    world.remove(&owner, &one).await.expect("removed");
    let actions: Vec<_> = world
        .entries(0, 0)
        .await
        .into_iter()
        .map(|e| e.action)
        .collect();
    assert_eq!(
        actions,
        [
            "member.removed",
            "organization.renamed",
            "member.role_changed",
            "member.added"
        ]
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn when_a_member_was_last_seen_is_written_once_a_minute(pool: PgPool) {
    let mut world = World::start(pool).await;
    assert_eq!(world.members().await[0].last_seen_at, None);
    let session = world.sign_in("owner@acme.example").await;
    let first = world.members().await[0].last_seen_at.expect("seen");
    for _ in 0..5 {
        world.advance(10);
        world.session(&session).await.expect("signed in");
    }
    let same = world.members().await[0].last_seen_at.expect("seen");
    assert_eq!(same, first);
    world.advance(10);
    world.session(&session).await.expect("signed in");
    let later = world.members().await[0].last_seen_at.expect("seen");
    assert_eq!(later.seconds, first.seconds + 60);
}
