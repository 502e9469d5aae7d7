//! Every RPC of the service × two organizations × four roles. A row says what a call needs; an RPC
//! without a row fails the first test.

use std::collections::BTreeSet;

use proto::auth::v1::Role;
use sqlx::PgPool;
use tonic::Code;
use uuid::Uuid;

use self::rows::{Asked, Needs, Thing, rows};
use crate::harness::World;

mod rows;

/// One organization of the matrix.
struct Side {
    org: String,
    owner: String,
    connection: String,
}

impl World {
    fn asked(&self, org: &str, actor: &str, thing: &str) -> Asked {
        let replica = &self.replicas[0];
        Asked {
            consent: replica.consent.clone(),
            connection: replica.connection.clone(),
            credential: replica.credential.clone(),
            member: replica.member.clone(),
            invitation: replica.invitation.clone(),
            audit: replica.audit.clone(),
            org: org.to_owned(),
            actor: actor.to_owned(),
            thing: thing.to_owned(),
        }
    }

    /// Something new of an organization, put there past the service.
    async fn made(&self, thing: Thing, side: &Side) -> String {
        let (org, owner) = (id(&side.org), id(&side.owner));
        let made = Uuid::new_v4();
        let insert = match thing {
            Thing::Connection => return side.connection.clone(),
            Thing::Person => {
                "with person as (insert into people (id, email, name, created_at) values ($2, $2 || '@b.example', '', now()))
                 insert into memberships (org_id, person_id, role, created_at) select $1, $2, 'viewer', now() where $3::uuid is not null"
            }
            Thing::ApiKey => {
                "insert into api_keys (org_id, id, name, role, prefix, token_hash, created_by, created_at, expires_at)
                 values ($1, $2, 'made', 'viewer', 'quolum_', sha256(uuid_send($2)), $3, now(), now() + interval '1 day')"
            }
            Thing::Invitation => {
                "insert into invitations (org_id, id, email, days, invited_by, created_at, expires_at)
                 values ($1, $2, 'made@b.example', 1, $3, now(), now() - interval '1 hour')"
            }
        };
        let insert = sqlx::query(insert).bind(org).bind(made).bind(owner);
        insert.execute(&self.pool).await.expect("made");
        made.to_string()
    }
}

fn id(text: &str) -> Uuid {
    text.parse().expect("an id")
}

async fn sides(world: &mut World) -> (Side, Side) {
    let acme = world.connect().await;
    let ours = world.member;
    let other = world.other_organization().await;
    world.member = other;
    let globex = world
        .consent(world.begin_request(), "admin@globex.example")
        .await
        .connection
        .expect("a connection");
    world.member = ours;
    let side = |member: auth_service::identity::Member, connection: String| Side {
        org: member.org.to_string(),
        owner: member.person.to_string(),
        connection,
    };
    (side(ours, acme.id), side(other, globex.id))
}

#[test]
fn every_rpc_has_exactly_one_row() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/proto/quolum/auth/v1");
    let mut declared = BTreeSet::new();
    for file in std::fs::read_dir(folder).expect("the contract") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        let mut service = String::new();
        for line in text.lines().map(str::trim) {
            let word = |start: &str| {
                let rest = line.strip_prefix(start)?;
                rest.split([' ', '(', '{']).next().map(str::to_owned)
            };
            if let Some(name) = word("service ") {
                service = name;
            } else if let Some(name) = word("rpc ") {
                declared.insert(format!("{service}/{name}"));
            }
        }
    }
    assert!(declared.len() > 30, "{declared:?}");
    let rows = rows();
    let listed: BTreeSet<_> = rows.iter().map(|row| row.rpc.to_owned()).collect();
    assert_eq!(listed, declared);
    assert_eq!(listed.len(), rows.len(), "a row is repeated");
}

#[sqlx::test(migrations = "./migrations")]
async fn every_role_is_refused_what_it_may_not(pool: PgPool) {
    let mut world = World::start(pool).await;
    let (ours, theirs) = sides(&mut world).await;
    let mut people = vec![(Role::Owner, ours.owner.clone())];
    for (name, role) in [
        ("admin", Role::Admin),
        ("analyst", Role::Analyst),
        ("viewer", Role::Viewer),
    ] {
        people.push((role, world.person(name, role).await));
    }
    let mut calls = 0;
    for row in rows() {
        let (least, thing) = match row.needs {
            Needs::Actor(least) => (least, None),
            Needs::ActorAnd(least, thing) => (least, Some(thing)),
            Needs::Nothing | Needs::Organization | Needs::Connection => continue,
        };
        let before = world.count("select count(*) from audit_log").await;
        let mut done = false;
        // The owner comes last: an order in which a mistake would be seen.
        for (role, actor) in people.iter().rev() {
            let thing = match thing {
                Some(thing) => world.made(thing, &ours).await,
                None => String::new(),
            };
            let answer = (row.call)(world.asked(&ours.org, actor, &thing)).await;
            done |= answer.is_ok();
            let code = answer.err().map_or(Code::Ok, |status| status.code());
            // A smaller number is a greater role.
            if *role <= least {
                let refused = [Code::PermissionDenied, Code::NotFound, Code::Internal];
                assert!(
                    !refused.contains(&code),
                    "{} as {role:?}: {code:?}",
                    row.rpc
                );
            } else {
                assert_eq!(code, Code::PermissionDenied, "{} as {role:?}", row.rpc);
            }
            calls += 1;
        }
        let written = world.count("select count(*) from audit_log").await - before;
        let changes = row.rpc != "MemberService/ListApiKeys";
        assert_eq!(written > 0, done && changes, "{} in the audit log", row.rpc);
        for stranger in [theirs.owner.clone(), Uuid::new_v4().to_string()] {
            let thing = match thing {
                Some(thing) => world.made(thing, &ours).await,
                None => String::new(),
            };
            let answer = (row.call)(world.asked(&ours.org, &stranger, &thing)).await;
            let code = answer.err().map_or(Code::Ok, |status| status.code());
            assert_eq!(code, Code::PermissionDenied, "{} as a stranger", row.rpc);
            calls += 1;
        }
    }
    assert!(calls > 80, "{calls}");
}

#[sqlx::test(migrations = "./migrations")]
async fn what_belongs_to_another_organization_is_not_there(pool: PgPool) {
    let mut world = World::start(pool).await;
    let (ours, theirs) = sides(&mut world).await;
    for row in rows() {
        let thing = match row.needs {
            Needs::ActorAnd(_, thing) => thing,
            Needs::Connection => Thing::Connection,
            Needs::Nothing | Needs::Organization | Needs::Actor(_) => continue,
        };
        for (asking, owning) in [(&ours, &theirs), (&theirs, &ours)] {
            let foreign = world.made(thing, owning).await;
            let nobody = Uuid::new_v4().to_string();
            let mut seen = Vec::new();
            for thing in [foreign, nobody] {
                let answer = (row.call)(world.asked(&asking.org, &asking.owner, &thing)).await;
                let status = answer.expect_err(row.rpc);
                // What was sealed for another connection does not open: that is all that is told.
                let expected = match row.rpc {
                    "CredentialService/Open" => Code::FailedPrecondition,
                    _ => Code::NotFound,
                };
                assert_eq!(status.code(), expected, "{}: {status:?}", row.rpc);
                seen.push((status.message().to_owned(), status.details().to_vec()));
            }
            assert_eq!(seen[0], seen[1], "{} tells foreign from unknown", row.rpc);
        }
        if row.needs == Needs::Connection {
            let own = world.asked(&ours.org, &ours.owner, &ours.connection);
            let answer = (row.call)(own).await;
            let code = answer.err().map_or(Code::Ok, |status| status.code());
            assert_ne!(code, Code::NotFound, "{}", row.rpc);
        }
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_list_holds_nothing_of_another_organization(pool: PgPool) {
    let mut world = World::start(pool).await;
    let (ours, theirs) = sides(&mut world).await;
    let viewer = world.person("viewer", Role::Viewer).await;
    for row in rows() {
        if row.needs != Needs::Organization {
            continue;
        }
        let Ok(answer) = (row.call)(world.asked(&theirs.org, "", "")).await else {
            continue;
        };
        let answer = answer.to_lowercase();
        for mark in ["acme", &ours.org, &ours.owner, &ours.connection, &viewer] {
            assert!(!answer.contains(mark), "{} shows {mark}: {answer}", row.rpc);
        }
    }
}
