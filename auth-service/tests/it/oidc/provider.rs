//! An OpenID Connect provider: discovery, keys, token endpoint. It can also misbehave.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Form, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chassis::Clock;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::AbortHandle};
use url::Url;

pub(crate) type Change = fn(&mut Value);

/// A provider: discovery, keys, token endpoint.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) url: String,
    pub(crate) behavior: Arc<Mutex<Behavior>>,
}

pub(crate) struct Behavior {
    pub(crate) clock: Clock,
    pub(crate) key: KeyPair,
    pub(crate) kid: String,
    /// What the id_token says, beyond what is right.
    pub(crate) change: Change,
    /// How it is signed, when not as it should.
    pub(crate) forged: Option<Algorithm>,
    pub(crate) status: u16,
    pub(crate) describes: Value,
    /// Code → nonce and challenge of the sign-in it belongs to.
    pub(crate) codes: BTreeMap<String, (String, String)>,
    pub(crate) fetched: BTreeMap<&'static str, u32>,
    pub(crate) form: BTreeMap<String, String>,
    pub(crate) authorization: String,
}

pub(crate) struct Running {
    pub(crate) provider: Provider,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn new_key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key")
}

#[allow(clippy::disallowed_methods, reason = "a test's own server")]
pub(crate) async fn start() -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let provider = Provider {
        behavior: Arc::new(Mutex::new(Behavior {
            clock: Clock::System,
            key: new_key(),
            kid: "one".to_owned(),
            change: |_| {},
            forged: None,
            status: 200,
            describes: json!({
                "issuer": url,
                "authorization_endpoint": format!("{url}/authorize?tenant=a"),
                "token_endpoint": format!("{url}/token"),
                "jwks_uri": format!("{url}/keys"),
            }),
            codes: BTreeMap::new(),
            fetched: BTreeMap::new(),
            form: BTreeMap::new(),
            authorization: String::new(),
        })),
        url,
    };
    let app = Router::new()
        .route("/.well-known/openid-configuration", get(describe))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .with_state(provider.clone());
    let serve = async move { axum::serve(listener, app).await };
    let task = tokio::spawn(serve).abort_handle();
    Running { provider, task }
}

async fn describe(State(provider): State<Provider>) -> Json<Value> {
    let mut behavior = provider.behavior.lock().expect("it");
    *behavior.fetched.entry("description").or_default() += 1;
    Json(behavior.describes.clone())
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut behavior = provider.behavior.lock().expect("it");
    *behavior.fetched.entry("keys").or_default() += 1;
    let raw = behavior.key.public_key_raw();
    let (x, y) = raw[1..].split_at(32);
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let key = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": behavior.kid, "x": part(x), "y": part(y) });
    Json(json!({ "keys": [{ "kty": "oct", "k": "AAAA" }, key] }))
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let mut behavior = provider.behavior.lock().expect("it");
    *behavior.fetched.entry("token").or_default() += 1;
    let authorization = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    authorization
        .unwrap_or_default()
        .clone_into(&mut behavior.authorization);
    behavior.form = form.clone();
    if behavior.status != 200 {
        let status = StatusCode::from_u16(behavior.status).expect("a status");
        return (status, Json(json!({ "error": "server_error" })));
    }
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    let known = behavior.codes.remove(&form["code"]);
    let Some((nonce, _)) = known.filter(|(_, asked)| *asked == challenge) else {
        return (
            StatusCode::BAD_REQUEST,
            Json(json!({ "error": "invalid_grant" })),
        );
    };
    let answer = json!({
        "access_token": "access token",
        "token_type": "Bearer",
        "id_token": provider.id_token(&behavior, &nonce),
    });
    (StatusCode::OK, Json(answer))
}

impl Provider {
    pub(crate) fn behavior(&self, change: impl FnOnce(&mut Behavior)) {
        change(&mut self.behavior.lock().expect("it"));
    }

    pub(crate) fn fetched(&self, what: &str) -> u32 {
        let behavior = self.behavior.lock().expect("it");
        behavior.fetched.get(what).copied().unwrap_or_default()
    }

    fn id_token(&self, behavior: &Behavior, nonce: &str) -> String {
        let now = behavior.clock.now().as_second();
        let hash = Sha256::digest(b"access token");
        let mut claims = json!({
            "iss": self.url, "aud": "quolum", "sub": "4711", "iat": now, "exp": now + 300, "nonce": nonce,
            "at_hash": URL_SAFE_NO_PAD.encode(&hash[..16]),
            "email": "Owner@Acme.example", "email_verified": true, "name": "Owner",
        });
        (behavior.change)(&mut claims);
        let mut header = Header::new(behavior.forged.unwrap_or(Algorithm::ES256));
        header.kid = Some(behavior.kid.clone());
        let key = match behavior.forged {
            Some(Algorithm::HS256) => EncodingKey::from_secret(behavior.key.public_key_raw()),
            _ => EncodingKey::from_ec_der(&behavior.key.serialize_der()),
        };
        jsonwebtoken::encode(&header, &claims, &key).expect("a token")
    }

    /// What a person does at the provider: the redirect's query.
    pub(crate) fn allow(&self, authorize_url: &str) -> (String, String) {
        let url: Url = authorize_url.parse().expect("a URL");
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(query["tenant"], "a");
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], "quolum");
        assert_eq!(
            query["redirect_uri"],
            "http://127.0.0.1:9/sign-in/oidc/callback"
        );
        assert_eq!(query["code_challenge_method"], "S256");
        assert!(query["scope"].split(' ').any(|scope| scope == "openid"));
        let mut behavior = self.behavior.lock().expect("it");
        let code = format!("a code+of the provider, {}", behavior.codes.len());
        let asked = (query["nonce"].clone(), query["code_challenge"].clone());
        behavior.codes.insert(code.clone(), asked);
        (query["state"].clone(), code)
    }
}
