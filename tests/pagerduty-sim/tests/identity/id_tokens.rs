//! What an `id_token` says, and how it can be wrong on demand.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{ACME, CLASSIC, Harness};

/// What a careful client does.
async fn verify(harness: &Harness, token: &str) -> Result<TokenData<Value>, String> {
    let header = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?;
    let answer = harness
        .http
        .get(harness.url("/global/oauth/anonymous/jwks"))
        .send()
        .await
        .unwrap();
    let keys: JwkSet = answer.json().await.unwrap();
    let key = keys
        .find(&header.kid.unwrap_or_default())
        .ok_or("unknown kid")?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["classic-app"]);
    validation.set_issuer(&[
        harness.url("/global/oauth/anonymous").as_str(),
        "https://app.pagerduty.com/global/oauth/anonymous",
    ]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    validation.validate_nbf = true;
    jsonwebtoken::decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation)
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn an_id_token_names_account_user_grant_and_api() {
    let harness = Harness::start().await;
    let tokens = harness.connect(CLASSIC, "admin@euro.example").await;
    let claims = verify(&harness, tokens["id_token"].as_str().unwrap())
        .await
        .unwrap()
        .claims;
    assert_eq!(claims["aud"], json!([harness.url("/eu"), "classic-app"]));
    assert_eq!(
        (&claims["subdomain"], &claims["region"]),
        (&json!("euro"), &json!("Europe"))
    );
    assert_eq!(claims["account_id"], "PEURO01");
    assert_eq!(
        claims["user_id"],
        harness
            .simulator
            .state()
            .account("euro")
            .unwrap()
            .admin
            .user_id
            .as_str()
    );
    assert!(claims["amr"].is_string() && claims["product_abilities"].is_array());
    let delegations = harness.simulator.state().identity.delegations("euro");
    assert_eq!(claims["delegation_id"], delegations[0].id.as_str());
    let hash = Sha256::digest(tokens["access_token"].as_str().unwrap().as_bytes());
    assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&hash[..16]));
}

#[tokio::test]
async fn each_mode_breaks_the_token_in_its_own_way() {
    let harness = Harness::start().await;
    let outcome = async |mode: &str| {
        harness
            .control("/sim/id-token", json!({"mode": mode}))
            .await;
        let tokens = harness.connect(CLASSIC, ACME).await;
        verify(&harness, tokens["id_token"].as_str().unwrap())
            .await
            .map(|token| token.claims)
    };
    for accepted in ["normal", "app_issuer", "amr_list"] {
        outcome(accepted).await.unwrap();
    }
    let refused = [
        "wrong_issuer",
        "wrong_audience",
        "no_aud",
        "expired",
        "future_nbf",
        "bad_signature",
        "unknown_kid",
        "alg_none",
        "hs256",
        "no_sub",
        "no_exp",
        "garbage",
    ];
    for mode in refused {
        assert!(outcome(mode).await.is_err(), "{mode} was accepted");
    }
    let normal = outcome("normal").await.unwrap();
    for (mode, claim) in [
        ("wrong_azp", "azp"),
        ("wrong_at_hash", "at_hash"),
        ("no_iat", "iat"),
    ] {
        assert_ne!(outcome(mode).await.unwrap().get(claim), normal.get(claim));
    }
}

#[tokio::test]
async fn a_rotated_key_signs_under_another_kid() {
    let harness = Harness::start().await;
    let before = harness.connect(CLASSIC, ACME).await;
    harness.control("/sim/rotate-key", json!({})).await;
    let after = harness.connect(CLASSIC, ACME).await;
    assert!(
        verify(&harness, before["id_token"].as_str().unwrap())
            .await
            .is_err()
    );
    verify(&harness, after["id_token"].as_str().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn discovery_names_the_documented_addresses_and_no_revocation() {
    let harness = Harness::start().await;
    let path = "/global/oauth/anonymous/.well-known/openid-configuration";
    let document: Value = harness
        .http
        .get(harness.url(path))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        document["jwks_uri"],
        harness.url("/global/oauth/anonymous/jwks")
    );
    let names: BTreeSet<&String> = document.as_object().unwrap().keys().collect();
    assert!(!names.iter().any(|name| name.contains("revocation")));
}
