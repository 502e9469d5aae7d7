//! Sign-in with a provider of our own making.

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::Algorithm;
use proto::auth::v1::{
    BeginOidcRequest, CompleteOidcRequest, CompleteOidcResponse, ListSignInMethodsRequest, Role,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tonic::{Code, Status};

use self::provider::{Change, Provider, Running, new_key, start};
use crate::harness::{BINDING, Setup, World};

pub(crate) mod provider;

pub(crate) fn settings(provider: &Provider) -> Vec<(&'static str, String)> {
    vec![
        ("AUTH_OIDC_ISSUER", provider.url.clone()),
        ("AUTH_OIDC_CLIENT_ID", "quolum".to_owned()),
        ("AUTH_OIDC_CLIENT_SECRET", "oidc/secret:".to_owned()),
        ("AUTH_OIDC_NAME", "Acme SSO".to_owned()),
    ]
}

async fn world(pool: PgPool) -> (World, Running) {
    let running = start().await;
    let setup = Setup {
        variables: settings(&running.provider),
        ..Setup::default()
    };
    let world = World::with(pool, setup).await;
    let clock = world.clock.clone();
    running.provider.behavior(|it| it.clock = clock);
    (world, running)
}

impl World {
    async fn begin_oidc(&mut self, return_to: &str) -> Result<String, Status> {
        let request = BeginOidcRequest {
            return_to: return_to.to_owned(),
            browser_binding: BINDING.to_owned(),
        };
        let begun = self.replicas[0].identity.begin_oidc(request).await?;
        Ok(begun.into_inner().authorize_url)
    }

    pub(crate) async fn complete_oidc(
        &mut self,
        request: CompleteOidcRequest,
    ) -> Result<CompleteOidcResponse, Status> {
        let ended = self.replicas[0].identity.complete_oidc(request).await;
        ended.map(tonic::Response::into_inner)
    }

    /// Presses the button and comes back from the provider.
    pub(crate) async fn visit_provider(&mut self, provider: &Provider) -> CompleteOidcRequest {
        let url = self.begin_oidc("/users?class=idle").await.expect("begun");
        let (state, code) = provider.allow(&url);
        CompleteOidcRequest {
            state,
            code,
            error: String::new(),
            browser_binding: BINDING.to_owned(),
        }
    }

    /// The whole sign-in; the reason of a refusal.
    async fn through_provider(&mut self, provider: &Provider) -> Result<String, String> {
        let back = self.visit_provider(provider).await;
        let ended = self.complete_oidc(back).await;
        ended
            .map(|ended| ended.session_token)
            .map_err(|status| reason(&status))
    }
}

fn reason(status: &Status) -> String {
    chassis::code::reason(status).unwrap_or_else(|| format!("{status:?}"))
}

#[sqlx::test(migrations = "./migrations")]
async fn a_member_signs_in_with_a_verified_address(pool: PgPool) {
    let (mut world, running) = world(pool).await;
    let provider = &running.provider;
    let methods = world.replicas[0]
        .identity
        .list_sign_in_methods(ListSignInMethodsRequest {})
        .await
        .expect("methods")
        .into_inner();
    assert_eq!(
        (methods.email, methods.oidc_name.as_str()),
        (false, "Acme SSO")
    );
    let back = world.visit_provider(provider).await;
    let ended = world.complete_oidc(back.clone()).await.expect("signed in");
    assert_eq!(ended.return_to, "/users?class=idle");
    let session = world
        .session(&ended.session_token)
        .await
        .expect("a session");
    assert_eq!(session.role(), Role::Owner);
    let again = world.complete_oidc(back).await.expect_err("used");
    assert_eq!(
        (again.code(), reason(&again).as_str()),
        (Code::Unauthenticated, "STATE_REFUSED")
    );
    // The secret goes in the header unless the provider says otherwise, form-encoded first.
    let basic = STANDARD.encode("quolum:oidc%2Fsecret%3A");
    provider.behavior(|it| {
        assert_eq!(it.authorization, format!("Basic {basic}"));
        assert!(!it.form.contains_key("client_secret"));
        it.describes["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    });
    world.advance(3_600);
    world.through_provider(provider).await.expect("signed in");
    provider.behavior(|it| {
        assert_eq!(it.authorization, "");
        assert_eq!(it.form["client_secret"], "oidc/secret:");
    });
    assert_eq!(world.audited("session.opened").await, 2);
    assert_eq!(
        (provider.fetched("description"), provider.fetched("token")),
        (2, 2)
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn every_id_token_that_is_not_right_is_refused(pool: PgPool) {
    let (mut world, running) = world(pool).await;
    let provider = &running.provider;
    let wrong: [(&str, Change); 21] = [
        ("iss", |c| c["iss"] = json!("https://evil.example")),
        ("a slash more", |c| {
            c["iss"] = json!(format!("{}/", c["iss"].as_str().expect("text")));
        }),
        ("aud", |c| c["aud"] = json!("another app")),
        ("auds", |c| c["aud"] = json!(["another app"])),
        ("no aud", |c| c["aud"] = Value::Null),
        ("azp", |c| c["azp"] = json!("another app")),
        ("expired", |c| {
            c["exp"] = json!(c["iat"].as_i64().expect("a time") - 61);
        }),
        ("no exp", |c| c["exp"] = Value::Null),
        ("future", |c| {
            c["iat"] = json!(c["exp"].as_i64().expect("a time") - 200);
        }),
        ("nbf", |c| c["nbf"] = c["exp"].clone()),
        ("no iat", |c| c["iat"] = Value::Null),
        ("no sub", |c| {
            drop(c.as_object_mut().expect("claims").remove("sub"));
        }),
        ("nonce", |c| c["nonce"] = json!("another")),
        ("no nonce", |c| {
            drop(c.as_object_mut().expect("claims").remove("nonce"));
        }),
        ("at_hash", |c| c["at_hash"] = json!("another")),
        ("unverified", |c| c["email_verified"] = json!(false)),
        ("not said", |c| {
            drop(c.as_object_mut().expect("claims").remove("email_verified"));
        }),
        ("said otherwise", |c| c["email_verified"] = json!("false")),
        ("a number", |c| c["email_verified"] = json!(1)),
        ("no email", |c| {
            drop(c.as_object_mut().expect("claims").remove("email"));
        }),
        ("empty", |c| *c = json!({})),
    ];
    for (what, change) in wrong {
        provider.behavior(|it| it.change = change);
        let refused = world.through_provider(provider).await;
        assert_eq!(refused, Err("IDENTITY_REFUSED".to_owned()), "{what}");
    }
    provider.behavior(|it| {
        it.change = |_| {};
        it.forged = Some(Algorithm::HS256);
    });
    let refused = world.through_provider(provider).await;
    assert_eq!(
        refused,
        Err("IDENTITY_REFUSED".to_owned()),
        "HS256 with the public key"
    );
    provider.behavior(|it| {
        it.forged = None;
        it.key = new_key();
    });
    let refused = world.through_provider(provider).await;
    assert_eq!(
        refused,
        Err("IDENTITY_REFUSED".to_owned()),
        "another key of the same id"
    );
    assert_eq!(world.count("select count(*) from sessions").await, 0);
    let right: [Change; 4] = [
        |c| c["aud"] = json!(["quolum", "another"]),
        |c| c["azp"] = json!("quolum"),
        |c| c["email_verified"] = json!("true"),
        |c| drop(c.as_object_mut().expect("claims").remove("at_hash")),
    ];
    world.advance(3_600);
    for change in right {
        provider.behavior(|it| it.change = change);
        world.through_provider(provider).await.expect("signed in");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn whoever_is_no_member_learns_so_only_after_signing_in(pool: PgPool) {
    let (mut world, running) = world(pool).await;
    let provider = &running.provider;
    for change in [
        (|c: &mut Value| c["email"] = json!("stranger@acme.example")) as Change,
        |c| c["email"] = json!("no address"),
    ] {
        provider.behavior(|it| it.change = change);
        let refused = world.through_provider(provider).await;
        assert_eq!(refused, Err("NO_MEMBERSHIP".to_owned()));
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_sign_in_belongs_to_its_browser_for_ten_minutes(pool: PgPool) {
    let (mut world, running) = world(pool).await;
    let provider = &running.provider;
    let mut other = world.visit_provider(provider).await;
    other.browser_binding = "another cookie".to_owned();
    let mut unknown = world.visit_provider(provider).await;
    unknown.state.push('x');
    let late = world.visit_provider(provider).await;
    for request in [other.clone(), unknown] {
        let refused = world.complete_oidc(request).await.expect_err("refused");
        assert_eq!(reason(&refused), "STATE_REFUSED");
    }
    other.browser_binding = BINDING.to_owned();
    let burnt = world.complete_oidc(other).await.expect_err("burnt");
    assert_eq!(reason(&burnt), "STATE_REFUSED");
    world.advance(600);
    let refused = world.complete_oidc(late).await.expect_err("late");
    assert_eq!(reason(&refused), "STATE_REFUSED");
    assert_eq!(provider.fetched("token"), 0);
    let mut denied = world.visit_provider(provider).await;
    (denied.code, denied.error) = (String::new(), "access_denied".to_owned());
    let denied = world.complete_oidc(denied).await.expect_err("denied");
    assert_eq!(
        (denied.code(), reason(&denied).as_str()),
        (Code::Unauthenticated, "DENIED")
    );
    // A code that was given to another browser's sign-in does not fit this one's proof.
    let (stolen, mut mine) = (
        world.visit_provider(provider).await,
        world.visit_provider(provider).await,
    );
    mine.code = stolen.code;
    let refused = world.complete_oidc(mine).await.expect_err("another's code");
    assert_eq!(reason(&refused), "IDENTITY_REFUSED");
    for return_to in ["//evil.example", "https://evil.example", ""] {
        let refused = world.begin_oidc(return_to).await.expect_err("foreign");
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn an_ill_or_lying_provider_is_unavailable(pool: PgPool) {
    let (mut world, running) = world(pool).await;
    let provider = &running.provider;
    let lies: [Change; 3] = [
        |d| d["issuer"] = json!("https://evil.example"),
        |d| d["token_endpoint"] = json!("http://evil.example/token"),
        |d| d["jwks_uri"] = Value::Null,
    ];
    let honest = provider.behavior.lock().expect("it").describes.clone();
    for lie in lies {
        provider.behavior(|it| lie(&mut it.describes));
        let refused = world.begin_oidc("/").await.expect_err("unavailable");
        assert_eq!(refused.code(), Code::Unavailable);
        provider.behavior(|it| it.describes = honest.clone());
    }
    for status in [500, 503, 401, 302] {
        provider.behavior(|it| it.status = status);
        let refused = world.through_provider(provider).await;
        assert_eq!(refused, Err("PROVIDER_UNAVAILABLE".to_owned()), "{status}");
    }
    provider.behavior(|it| it.status = 200);
    world.through_provider(provider).await.expect("signed in");
    assert_eq!(provider.fetched("keys"), 1);
    // A key of an unknown id fetches the keys again, at most once a minute.
    provider.behavior(|it| it.kid = "two".to_owned());
    for (advance, fetched) in [(0, 1), (61, 2)] {
        world.advance(advance);
        let ended = world.through_provider(provider).await;
        assert_eq!(ended.is_ok(), fetched == 2);
        assert_eq!(provider.fetched("keys"), fetched);
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn without_a_provider_there_is_no_button(pool: PgPool) {
    let mut world = World::start(pool).await;
    let refused = world.begin_oidc("/").await.expect_err("none");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "NO_PROVIDER")
    );
}
