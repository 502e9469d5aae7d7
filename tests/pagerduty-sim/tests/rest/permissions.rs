//! Who may read what: scopes, roles, plans.

use pagerduty_sim::caller::{Caller, TokenKind};
use pagerduty_sim::world::Size;
use serde_json::json;

use crate::office::Office;

#[tokio::test]
async fn scopes_decide_what_a_token_reads() {
    let office = Office::open(Size::Small).await;
    let scoped = office.with_scopes(TokenKind::Scoped, &["openid", "users.read"]);
    assert_eq!(office.get_as(&scoped, "/users").await.0, 200);
    let (status, body) = office.get_as(&scoped, "/oncalls").await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!(2010)));
    let classic = office.with_scopes(TokenKind::Classic, &["openid", "read"]);
    assert_eq!(office.get_as(&classic, "/oncalls").await.0, 200);
    let only_openid = office.with_scopes(TokenKind::Classic, &["openid"]);
    assert_eq!(office.get_as(&only_openid, "/users").await.0, 403);
    assert_eq!(office.get_as(&only_openid, "/users/me").await.0, 200);
    for (caller, expected) in [
        (classic, 403),
        (
            office.with_scopes(TokenKind::Scoped, &["analytics.read"]),
            403,
        ),
        (
            office.with_scopes(TokenKind::Scoped, &["analytics.write"]),
            200,
        ),
        (office.with_scopes(TokenKind::ApiKey, &[]), 200),
    ] {
        assert_eq!(
            office
                .post_as(&caller, "/analytics/raw/users", &json!({}))
                .await
                .0,
            expected
        );
    }
}

#[tokio::test]
async fn licenses_need_a_high_rank() {
    let office = Office::open(Size::Small).await;
    let observer = Caller {
        role: "observer".to_owned(),
        ..office.caller.clone()
    };
    for path in ["/licenses", "/license_allocations"] {
        assert_eq!(office.get_as(&observer, path).await.0, 403);
        assert_eq!(office.get(path).await.0, 200);
    }
}

#[tokio::test]
async fn a_plan_without_the_ability_answers_402() {
    let office = Office::open(Size::Small).await;
    let mut abilities = office.caller.account.abilities();
    for ability in ["teams", "analytics", "urgencies"] {
        abilities.remove(ability);
    }
    office.caller.account.set_abilities(abilities);
    for path in ["/teams", "/incidents?urgencies[]=high", "/abilities/teams"] {
        let (status, body) = office.get(path).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (402, &json!(2014)),
            "{path}"
        );
    }
    let (status, body) = office
        .post_as(&office.caller, "/analytics/raw/users", &json!({}))
        .await;
    assert_eq!((status, &body["error"]["code"]), (402, &json!(2014)));
    assert_eq!(office.get("/abilities/sso").await.0, 204);
    assert_eq!(office.get("/abilities/flying").await.0, 404);
}
