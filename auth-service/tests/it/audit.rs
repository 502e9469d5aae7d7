//! The audit log: a chain that cannot be changed and whose breaks are seen.

use auth_service::{
    audit,
    store::{MIGRATIONS, Store},
};
use proto::auth::v1::{
    AuditEntry, ListAuditRequest, RecordAuditRequest, VerifyAuditRequest, VerifyAuditResponse,
};
use sqlx::{Connection, PgConnection, PgPool};
use tonic::{Code, Status};

use crate::harness::{Setup, World};

impl World {
    fn told(&self, action: &str) -> RecordAuditRequest {
        RecordAuditRequest {
            org_id: self.member.org.to_string(),
            actor: format!("person:{}", self.member.person),
            actor_name: "Owner".to_owned(),
            action: action.to_owned(),
            subject: String::new(),
            detail: r#"{"grüße":"an alle"}"#.to_owned(),
        }
    }

    async fn record(&mut self, request: RecordAuditRequest) -> Result<AuditEntry, Status> {
        let recorded = self.replicas[0].audit.record_audit(request).await?;
        Ok(recorded.into_inner().entry.expect("an entry"))
    }

    pub(crate) async fn entries(&mut self, before: i64, limit: u32) -> Vec<AuditEntry> {
        let request = ListAuditRequest {
            org_id: self.member.org.to_string(),
            before,
            limit,
        };
        let list = self.replicas[0].audit.list_audit(request).await;
        list.expect("a list").into_inner().entries
    }

    async fn verify(&mut self) -> VerifyAuditResponse {
        let request = VerifyAuditRequest {
            org_id: self.member.org.to_string(),
        };
        let verified = self.replicas[0].audit.verify_audit(request).await;
        verified.expect("verified").into_inner()
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn entries_written_at_once_get_every_number_and_a_whole_chain(pool: PgPool) {
    let setup = Setup {
        replicas: 2,
        ..Setup::default()
    };
    let mut world = World::with(pool, setup).await;
    let calls = (0..300).map(|n| {
        let mut client = world.replicas[n % 2].audit.clone();
        let request = world.told(&format!("test.{n}"));
        async move {
            client
                .record_audit(request)
                .await
                .expect("recorded")
                .into_inner()
        }
    });
    let made = futures::future::join_all(calls).await;
    let mut numbers: Vec<_> = made
        .into_iter()
        .map(|made| made.entry.expect("an entry").number)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
    let whole = world.verify().await;
    assert_eq!((whole.entries, whole.broken_at), (300, 0));
    let page = world.entries(0, 0).await;
    assert_eq!(
        (page.len(), page[0].number, page[49].number),
        (50, 300, 251)
    );
    let next = world.entries(251, 1_000).await;
    assert_eq!((next.len(), next[249].number), (250, 1));
}

#[sqlx::test(migrations = "./migrations")]
async fn no_statement_changes_or_removes_an_entry_not_even_the_owners(pool: PgPool) {
    let mut world = World::start(pool).await;
    world.connect().await;
    // The tables' owner, and a superuser at that.
    let mut db = PgConnection::connect_with(&world.pool.connect_options())
        .await
        .expect("a connection");
    for sql in [
        "update audit_log set detail = '{}'",
        "update audit_log set hash = hash where false",
        "delete from audit_log where number = 1",
        "truncate audit_log",
        "insert into audit_log (org_id, number, at, actor, actor_name, action, subject, detail, hash)
         select org_id, number, at, actor, actor_name, action, subject, detail, hash from audit_log
         on conflict (org_id, number) do update set action = 'changed'",
    ] {
        let refused = sqlx::query(sql).execute(&mut db).await.expect_err(sql);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    // A number and a hash that somebody brings along are not taken.
    let forged = "insert into audit_log (org_id, number, at, actor, actor_name, action, subject, detail, hash)
                  select org_id, 77, at, actor, actor_name, action, subject, detail, hash from audit_log where number = 1";
    sqlx::query(forged)
        .execute(&mut db)
        .await
        .expect("appended");
    let whole = world.verify().await;
    assert_eq!(whole.broken_at, 0);
    assert_eq!(whole.entries, world.entries(0, 1).await[0].number);
}

#[sqlx::test(migrations = "./migrations")]
async fn whoever_goes_around_the_database_is_found_out(pool: PgPool) {
    let mut world = World::start(pool).await;
    for n in 0..10 {
        let request = world.told(&format!("test.{n}"));
        world.record(request).await.expect("recorded");
    }
    let cases = [
        (
            "update audit_log set actor_name = 'Somebody' where number = 4",
            4,
        ),
        (
            "update audit_log set at = at + interval '1 second' where number = 3",
            3,
        ),
        ("delete from audit_log where number = 2", 2),
        (
            "update audit_log set hash = sha256('x') where number = 1",
            1,
        ),
    ];
    for (sql, broken_at) in cases {
        let mut tx = world.pool.begin().await.expect("a transaction");
        for sql in ["alter table audit_log disable trigger append_only", sql] {
            sqlx::query(sql).execute(&mut *tx).await.expect(sql);
        }
        tx.commit().await.expect("committed");
        let verified = world.verify().await;
        assert_eq!(
            (verified.entries, verified.broken_at),
            (broken_at - 1, broken_at),
            "{sql}"
        );
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn the_hash_is_the_one_that_anybody_can_compute(pool: PgPool) {
    let mut world = World::start(pool).await;
    let request = world.told("test.first");
    let first = world.record(request).await.expect("recorded");
    let stored = audit::Stored {
        org: world.member.org,
        number: 1,
        at: proto::time::from_proto(&first.at.expect("a time")).expect("a time"),
        told: audit::Recorded {
            actor: first.actor,
            actor_name: first.actor_name,
            action: first.action,
            subject: first.subject,
            detail: first.detail,
        },
        hash: first.hash.clone(),
    };
    assert_eq!(audit::chained(&[0; 32], &stored).as_slice(), first.hash);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_entry_that_is_none_is_refused(pool: PgPool) {
    let mut world = World::start(pool).await;
    let changes: [&dyn Fn(&mut RecordAuditRequest); 6] = [
        &|r| r.actor = "somebody".to_owned(),
        &|r| r.action = String::new(),
        &|r| r.detail = "[]".to_owned(),
        &|r| r.detail = "no JSON".to_owned(),
        &|r| r.detail = r#"{"a":"\u0000"}"#.to_owned(),
        &|r| r.subject = "x".repeat(600),
    ];
    for change in changes {
        let mut request = world.told("test");
        change(&mut request);
        let refused = world.record(request).await.expect_err("refused");
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    }
    let mut request = world.told("test");
    request.org_id = uuid::Uuid::new_v4().to_string();
    let refused = world.record(request).await.expect_err("refused");
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(world.entries(0, 0).await, []);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_entry_tells_the_name_that_the_actor_had(pool: PgPool) {
    let mut world = World::start(pool).await;
    world.connect().await;
    let entry = world.entries(0, 1).await.remove(0);
    assert_eq!(entry.actor, format!("person:{}", world.member.person));
    assert_eq!(
        (entry.actor_name.as_str(), entry.action.as_str()),
        ("Owner", "consent.ended")
    );
    assert!(
        entry.subject.starts_with("connection:"),
        "{}",
        entry.subject
    );
}

#[sqlx::test(migrations = false)]
async fn what_was_written_before_there_was_a_chain_stands_at_its_beginning(pool: PgPool) {
    let run = async |versions: std::ops::Range<i64>| {
        for migration in MIGRATIONS.iter() {
            if versions.contains(&migration.version) {
                let mut tx = pool.begin().await.expect("a transaction");
                let sql = migration.sql.clone();
                sqlx::raw_sql(sql)
                    .execute(&mut *tx)
                    .await
                    .expect("migrated");
                tx.commit().await.expect("committed");
            }
        }
    };
    run(0..11).await;
    let [org, person, connection] = [(); 3].map(|()| uuid::Uuid::new_v4());
    for sql in [
        "insert into organizations (id, name, created_at) select $1, 'Acme', now() where $2::uuid <> $3::uuid",
        "insert into people (id, email, name, created_at) select $2, 'owner@acme.example', '', now() where $1::uuid <> $3::uuid",
        "insert into audit_log (org_id, id, at, actor, action, connection_id)
         values ($1, gen_random_uuid(), '2026-01-02', 'ingest-service', 'token.leased', $3),
                ($1, gen_random_uuid(), '2026-01-01', ($2::uuid)::text, 'consent.ended', $3)",
    ] {
        let insert = sqlx::query(sql).bind(org).bind(person).bind(connection);
        insert.execute(&pool).await.expect("inserted");
    }
    run(11..i64::MAX).await;
    let store = Store::new(pool.clone());
    let org = proto::OrgId(org);
    let verified = audit::verify(&store, org).await.expect("verified");
    assert_eq!((verified.entries, verified.broken_at), (2, None));
    let entries = audit::list(&store, org, 0, 0).await.expect("a list");
    let told: Vec<_> = entries.into_iter().map(|entry| entry.told).collect();
    assert_eq!(told[0].actor, "service:ingest-service");
    assert_eq!(told[1].actor, format!("person:{person}"));
    assert_eq!(told[1].actor_name, "owner@acme.example");
    assert_eq!(told[1].subject, format!("connection:{connection}"));
}
