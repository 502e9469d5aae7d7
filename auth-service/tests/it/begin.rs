//! Opening a consent: where the browser is sent, and who is turned away.

use sqlx::PgPool;
use tonic::Code;

use crate::harness::{REDIRECT, Setup, World};

#[sqlx::test(migrations = "./migrations")]
async fn every_authorize_address_has_a_new_state_a_new_s256_challenge_and_our_redirect(
    pool: PgPool,
) {
    let mut world = World::start(pool).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let request = world.begin_request();
        let begun = world.replicas[0]
            .consent
            .begin(request)
            .await
            .expect("begun")
            .into_inner();
        let url: url::Url = begun.authorize_url.parse().expect("a URL");
        assert_eq!(url.path(), "/oauth/authorize");
        let part = |name: &str| {
            let mut found = url.query_pairs().filter(|(key, _)| key == name);
            let value = found.next().expect(name).1.into_owned();
            assert!(found.next().is_none(), "{name} is repeated");
            value
        };
        assert_eq!(part("code_challenge_method"), "S256");
        assert_eq!(part("redirect_uri"), REDIRECT);
        assert_eq!(
            (part("scope"), part("response_type")),
            ("read".to_owned(), "code".to_owned())
        );
        assert_eq!(
            (part("state").len(), part("code_challenge").len()),
            (43, 43)
        );
        assert!(seen.insert(part("state")) && seen.insert(part("code_challenge")));
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_deployment_without_an_app_says_so(pool: PgPool) {
    let variables = vec![
        ("AUTH_PAGERDUTY_CLIENT_ID", String::new()),
        ("AUTH_PAGERDUTY_CLIENT_SECRET", String::new()),
    ];
    let mut world = World::with(
        pool,
        Setup {
            variables,
            ..Setup::default()
        },
    )
    .await;
    let request = world.begin_request();
    let refused = world.replicas[0]
        .consent
        .begin(request)
        .await
        .expect_err("no app");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(chassis::code::reason(&refused).as_deref(), Some("NO_APP"));
}

#[sqlx::test(migrations = "./migrations")]
async fn begin_refuses_foreign_returns_unknown_connections_and_strangers(pool: PgPool) {
    let mut world = World::start(pool).await;
    let change = |change: &dyn Fn(&mut proto::auth::v1::BeginRequest)| {
        let mut request = world.begin_request();
        change(&mut request);
        request
    };
    let cases = [
        (
            change(&|r| r.return_to = "//evil.example".into()),
            Code::InvalidArgument,
        ),
        (
            change(&|r| r.return_to = "https://evil.example/".into()),
            Code::InvalidArgument,
        ),
        (
            change(&|r| r.browser_binding = String::new()),
            Code::InvalidArgument,
        ),
        (
            change(&|r| r.org_id = "not an id".into()),
            Code::InvalidArgument,
        ),
        (
            change(&|r| r.connection_id = Some(uuid::Uuid::new_v4().to_string())),
            Code::NotFound,
        ),
        (
            change(&|r| r.person_id = uuid::Uuid::new_v4().to_string()),
            Code::PermissionDenied,
        ),
        (
            change(&|r| r.org_id = uuid::Uuid::new_v4().to_string()),
            Code::PermissionDenied,
        ),
    ];
    for (request, code) in cases {
        let refused = world.replicas[0]
            .consent
            .begin(request)
            .await
            .expect_err("refused");
        assert_eq!(refused.code(), code, "{refused:?}");
    }
}
