//! What an access can read is asked for with small questions, and said in words.

use std::collections::BTreeMap;

use proto::{
    facts::v1::{Completeness, Dataset},
    ingest::v1::{
        Capability, GetCapabilitiesRequest, ProbeRequest, sync_service_client::SyncServiceClient,
    },
};
use sqlx::PgPool;
use tonic::transport::Channel;

use crate::{harness::Harness, service::serve};

type Capabilities = BTreeMap<&'static str, Capability>;

fn by_name(capabilities: Vec<Capability>) -> Capabilities {
    let named = capabilities.into_iter();
    named.map(|one| (one.dataset().name(), one)).collect()
}

async fn probe(grpc: &mut SyncServiceClient<Channel>, harness: &Harness) -> Capabilities {
    let request = ProbeRequest {
        org_id: harness.lender.org.to_string(),
        connection_id: harness.lender.connection.to_string(),
    };
    let answer = grpc.probe(request).await.expect("probed").into_inner();
    assert!(answer.probed_at.is_some());
    by_name(answer.capabilities)
}

async fn known(grpc: &mut SyncServiceClient<Channel>, harness: &Harness) -> (Capabilities, bool) {
    let request = GetCapabilitiesRequest {
        org_id: harness.lender.org.to_string(),
        connection_id: harness.lender.connection.to_string(),
    };
    let answer = grpc.get_capabilities(request).await.expect("known");
    let answer = answer.into_inner();
    (by_name(answer.capabilities), answer.probed_at.is_some())
}

#[sqlx::test(migrations = "./migrations")]
async fn everything_that_was_granted_is_readable_and_asked_for_once(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let (addrs, lifecycle) = serve(&pool, &harness).await;
    let mut grpc = SyncServiceClient::connect(format!("http://{}", addrs.grpc))
        .await
        .expect("connected");
    let (before, probed) = known(&mut grpc, &harness).await;
    assert!(
        !probed
            && before
                .values()
                .all(|one| one.access() == Completeness::Pending)
    );
    let found = probe(&mut grpc, &harness).await;
    assert_eq!(found.len(), Dataset::ALL.len());
    let unreadable: Vec<_> = found
        .iter()
        .filter(|(_, one)| one.access() != Completeness::Complete)
        .map(|(name, one)| format!("{name}: {}", one.reason))
        .collect();
    let requests = harness.requests();
    println!("{requests} requests; not readable: {unreadable:?}");
    assert!(unreadable.is_empty(), "{unreadable:?}");
    assert!(requests <= 45, "{requests} requests");
    assert_eq!(known(&mut grpc, &harness).await, (found, true));
    lifecycle.stop();
    assert!(lifecycle.drained().await);
}

#[sqlx::test(migrations = "./migrations")]
async fn what_is_missing_is_named(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    let narrow = "users.read licenses.read analytics.read audit_records.read incidents.read";
    harness.lender.narrow(&harness.simulator, narrow).await;
    let account = harness.simulator.state().account("acme").expect("acme");
    let mut abilities = account.abilities();
    abilities.remove("audit_trail");
    account.set_abilities(abilities);
    let (addrs, lifecycle) = serve(&pool, &harness).await;
    let mut grpc = SyncServiceClient::connect(format!("http://{}", addrs.grpc))
        .await
        .expect("connected");
    let found = probe(&mut grpc, &harness).await;
    let access = |name: &str| found[name].access();
    assert_eq!(access("users"), Completeness::Complete);
    assert_eq!(access("log_entries"), Completeness::Complete);
    assert_eq!(access("user_analytics"), Completeness::Forbidden);
    let why = &found["user_analytics"].reason;
    assert!(
        why.contains("analytics.write") && why.contains("Classic"),
        "{why}"
    );
    assert_eq!(found["user_analytics"].scope, "analytics.write");
    assert_eq!(access("teams"), Completeness::Forbidden);
    assert!(
        found["teams"].reason.contains("teams.read"),
        "{}",
        found["teams"].reason
    );
    assert_eq!(access("audit_records"), Completeness::NotInPlan);
    assert_eq!(
        found["audit_records"].reason,
        "the account's plan does not include the audit trail"
    );
    assert_eq!(access("webhooks"), Completeness::Forbidden);
    lifecycle.stop();
    assert!(lifecycle.drained().await);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_access_that_has_ended_says_so(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness
        .lender
        .narrow(&harness.simulator, "users.read")
        .await;
    harness.lender.forge();
    let (addrs, lifecycle) = serve(&pool, &harness).await;
    let mut grpc = SyncServiceClient::connect(format!("http://{}", addrs.grpc))
        .await
        .expect("connected");
    let request = ProbeRequest {
        org_id: harness.lender.org.to_string(),
        connection_id: harness.lender.connection.to_string(),
    };
    let refused = grpc.probe(request).await.expect_err("ended");
    assert_eq!(
        chassis::code::reason(&refused).as_deref(),
        Some("RECONNECT")
    );
    lifecycle.stop();
    assert!(lifecycle.drained().await);
}
