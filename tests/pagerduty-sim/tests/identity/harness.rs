//! A simulator in this process and a client that goes the way of a browser and of an application.

use pagerduty_sim::{Options, Simulator};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use url::Url;

/// The pair of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const REDIRECT: &str = "http://127.0.0.1:9/connect/callback";
pub(crate) const ACME: &str = "admin@acme.example";

pub(crate) struct Harness {
    pub(crate) simulator: Simulator,
    pub(crate) http: Client,
}

/// An app as it introduces itself.
#[derive(Clone, Copy)]
pub(crate) struct App {
    pub(crate) id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) scope: &'static str,
}

pub(crate) const CLASSIC: App = App {
    id: "classic-app",
    secret: "classic-secret",
    scope: "write",
};
pub(crate) const SCOPED: App = App {
    id: "scoped-app",
    secret: "scoped-secret",
    scope: "users.read teams.read",
};

impl Harness {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let options = Options {
            redirect_uris: vec![REDIRECT.to_owned()],
            ..options
        };
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        let simulator = Simulator::start(options).await.unwrap();
        Self { simulator, http }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.url())
    }

    pub(crate) fn authorize_url(&self, app: App) -> Url {
        let parameters = [
            ("client_id", app.id),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", app.scope),
            ("state", "st&te"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        Url::parse_with_params(&self.url("/oauth/authorize"), parameters).unwrap()
    }

    /// Signs in and allows; answers the code.
    pub(crate) fn code(&self, app: App, email: &str) -> String {
        let location = self
            .simulator
            .consent(self.authorize_url(app).as_str(), email, "allow")
            .unwrap();
        parameter(&location, "code").unwrap()
    }

    pub(crate) async fn post_token(&self, form: &[(&str, &str)]) -> Response {
        self.http
            .post(self.url("/oauth/token"))
            .form(form)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn exchange(&self, app: App, code: &str, verifier: &str) -> Response {
        self.post_token(&[
            ("grant_type", "authorization_code"),
            ("client_id", app.id),
            ("client_secret", app.secret),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", verifier),
        ])
        .await
    }

    pub(crate) async fn refresh(&self, app: App, token: &str) -> Response {
        self.post_token(&[
            ("grant_type", "refresh_token"),
            ("client_id", app.id),
            ("client_secret", app.secret),
            ("refresh_token", token),
        ])
        .await
    }

    /// A whole connect; answers the token response.
    pub(crate) async fn connect(&self, app: App, email: &str) -> Value {
        let code = self.code(app, email);
        let answer = self.exchange(app, &code, VERIFIER).await;
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The status of a REST request with this token.
    pub(crate) async fn status(&self, path: &str, token: &Value) -> u16 {
        self.get(path, token).await.status().as_u16()
    }

    pub(crate) async fn get(&self, path: &str, token: &Value) -> Response {
        let token = token.as_str().unwrap();
        self.http
            .get(self.url(path))
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let answer = self
            .http
            .post(self.url(path))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        self.control("/sim/clock", json!({"advance_seconds": seconds}))
            .await;
    }

    pub(crate) async fn summary(&self) -> Value {
        let answer = self
            .http
            .get(self.url("/sim/ledger/summary"))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }
}

/// A parameter of the address a browser was sent to.
pub(crate) fn parameter(location: &str, name: &str) -> Option<String> {
    let url = Url::parse(location).unwrap();
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The OAuth error of a refusal.
pub(crate) async fn error_of(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (
        status,
        body["error"].as_str().unwrap_or_default().to_owned(),
    )
}
