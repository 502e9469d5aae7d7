//! The authorize address and the token endpoint. What the endpoint answers is sorted by the one
//! question that matters to a single-use token: may it have been used up?
//!
//! An error of the `oauth2` crate can hold the whole answer, tokens included; none leaves this file.

use std::{fmt, sync::OnceLock, time::Duration};

use futures::future::BoxFuture;
use jiff::SignedDuration;
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret,
    CsrfToken, EndpointNotSet, EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
        BasicTokenIntrospectionResponse, BasicTokenType,
    },
    http::{StatusCode, header::RETRY_AFTER},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::http::{Http, HttpError};
use crate::{config, connection::Region, scope::Scopes};

/// Assumed when an answer does not say how long its access token lives.
const DEFAULT_LIFE: SignedDuration = SignedDuration::from_hours(1);

type Answer = StandardTokenResponse<IdTokenField, BasicTokenType>;
type OauthClient = Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What PagerDuty adds to a token answer.
#[derive(Clone, Deserialize, Serialize)]
struct IdTokenField {
    #[serde(default, skip_serializing)]
    id_token: Option<String>,
}

impl fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdTokenField")
    }
}

impl ExtraTokenFields for IdTokenField {}

/// A pair of tokens.
#[derive(Debug)]
pub struct Tokens {
    /// For PagerDuty's API.
    pub access_token: SecretString,
    /// For the next pair; single use.
    pub refresh_token: Option<SecretString>,
    /// How long the access token lives from now.
    pub life: SignedDuration,
    /// What was granted, when the answer says.
    pub scopes: Option<Scopes>,
    /// Who consented; only in the answer to a code.
    pub id_token: Option<SecretString>,
}

/// The token endpoint gave no tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The request never left; nothing is used up.
    #[error("the token endpoint cannot be reached")]
    NotSent,
    /// The answer did not come or cannot be read; what was presented may be used up.
    #[error("the answer of the token endpoint was lost")]
    Lost,
    /// The endpoint is ill or asks for patience; nothing is used up.
    #[error("the token endpoint answered {status}")]
    Ill {
        /// Its HTTP status.
        status: u16,
        /// What it asks for.
        retry_after: Option<Duration>,
    },
    /// The code or refresh token is refused for good.
    #[error("the token endpoint refused with `{0}`")]
    Refused(String),
    /// Our app is refused, not the grant: only who runs this deployment can mend it.
    #[error(
        "the token endpoint refuses this app with `{0}`; check AUTH_PAGERDUTY_CLIENT_ID and its secret"
    )]
    Misconfigured(String),
}

/// The authorize and token endpoints, as our app uses them.
#[derive(Clone)]
pub struct TokenEndpoint {
    client: OauthClient,
    http: Http,
    asked: Scopes,
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenEndpoint")
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

impl TokenEndpoint {
    /// For an app at an identity service.
    pub fn new(
        app: &config::App,
        identity: &Url,
        redirect: &Url,
        http: Http,
    ) -> Result<Self, oauth2::url::ParseError> {
        let base = identity.as_str().trim_end_matches('/');
        let client = Client::new(ClientId::new(app.client_id.clone()))
            .set_client_secret(ClientSecret::new(
                app.client_secret.expose_secret().to_owned(),
            ))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::new(format!("{base}/oauth/authorize"))?)
            .set_token_uri(TokenUrl::new(format!("{base}/oauth/token"))?)
            .set_redirect_uri(RedirectUrl::from_url(redirect.clone()));
        Ok(Self {
            client,
            http,
            asked: app.scopes.clone(),
        })
    }

    /// What we ask for.
    pub fn asked(&self) -> &Scopes {
        &self.asked
    }

    /// The address to send the browser to, and the verifier to keep until it comes back.
    pub fn authorize(&self, state: &SecretString) -> (Url, SecretString) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = CsrfToken::new(state.expose_secret().to_owned());
        let (url, _) = self
            .client
            .authorize_url(|| state)
            .add_scopes(self.asked.to_vec().into_iter().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        (url, verifier.secret().clone().into())
    }

    /// Exchanges a code, once.
    pub async fn exchange(
        &self,
        code: &SecretString,
        verifier: &SecretString,
    ) -> Result<Tokens, TokenError> {
        let once = Once::new(&self.http);
        let answer = self
            .client
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()))
            .request_async(&once)
            .await;
        answer
            .map(Tokens::from)
            .map_err(|error| sort(&error, &once))
    }

    /// Presents a refresh token, once.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Tokens, TokenError> {
        let once = Once::new(&self.http);
        let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let answer = self
            .client
            .exchange_refresh_token(&token)
            .request_async(&once)
            .await;
        answer
            .map(Tokens::from)
            .map_err(|error| sort(&error, &once))
    }
}

impl TokenEndpoint {
    /// Asks for the app's own token for an account. Nothing is used up by it.
    pub async fn app_token(&self, region: Region, subdomain: &str) -> Result<Tokens, TokenError> {
        let region = match region {
            Region::Us => "us",
            Region::Eu => "eu",
        };
        let once = Once::new(&self.http);
        let answer = self
            .client
            .exchange_client_credentials()
            .add_scope(Scope::new(format!("as_account-{region}.{subdomain}")))
            .add_scopes(self.asked.to_vec().into_iter().map(Scope::new))
            .request_async(&once)
            .await;
        answer
            .map(Tokens::from)
            .map_err(|error| sort(&error, &once))
    }
}

/// One exchange over HTTP, remembering what the `oauth2` crate does not tell about an answer that it
/// refuses.
#[derive(Debug)]
struct Once<'a> {
    http: &'a Http,
    head: OnceLock<Head>,
}

impl<'a> Once<'a> {
    fn new(http: &'a Http) -> Self {
        Self {
            http,
            head: OnceLock::new(),
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.http.call(request).await?;
        let seconds = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let first = answer
            .body()
            .iter()
            .find(|byte| !byte.is_ascii_whitespace());
        // One request, one answer: the cell is empty.
        let _ = self.head.set(Head {
            status: answer.status(),
            retry_after: seconds.map(Duration::from_secs),
            is_json: first == Some(&b'{'),
        });
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Once<'_> {
    type Error = HttpError;
    type Future = BoxFuture<'c, Result<HttpResponse, HttpError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

#[derive(Debug)]
struct Head {
    status: StatusCode,
    retry_after: Option<Duration>,
    is_json: bool,
}

fn sort(error: &RequestTokenError<HttpError, BasicErrorResponse>, once: &Once<'_>) -> TokenError {
    if let RequestTokenError::Request(error) = error {
        return match error {
            HttpError::NotSent => TokenError::NotSent,
            HttpError::Lost => TokenError::Lost,
        };
    }
    let Some(head) = once.head.get() else {
        return TokenError::NotSent;
    };
    let code = match error {
        RequestTokenError::ServerResponse(answer) => Some(answer.error()),
        _ => None,
    };
    sort_answer(head, code)
}

fn sort_answer(head: &Head, code: Option<&BasicErrorResponseType>) -> TokenError {
    let named = code.map_or("unreadable", AsRef::as_ref).to_owned();
    let is_app_fault = matches!(
        code,
        Some(
            BasicErrorResponseType::InvalidClient
                | BasicErrorResponseType::UnauthorizedClient
                | BasicErrorResponseType::UnsupportedGrantType
                | BasicErrorResponseType::InvalidScope
        )
    );
    let is_grant_fault = code == Some(&BasicErrorResponseType::InvalidGrant);
    match head.status.as_u16() {
        200..=299 => TokenError::Lost,
        400 | 401 | 403 if is_grant_fault => TokenError::Refused(named),
        // PagerDuty does not document the errors of its token endpoint: what complains about the
        // request in JSON and not about our app is about the code or token.
        400 if head.is_json && !is_app_fault => TokenError::Refused(named),
        400 | 401 | 403 if head.is_json => TokenError::Misconfigured(named),
        status => TokenError::Ill {
            status,
            retry_after: head.retry_after,
        },
    }
}

impl From<Answer> for Tokens {
    fn from(answer: Answer) -> Self {
        let secret = |text: &String| SecretString::from(text.as_str());
        let life = answer
            .expires_in()
            .and_then(|life| SignedDuration::try_from(life).ok());
        let scopes = answer.scopes().map(|scopes| {
            scopes
                .iter()
                .map(|scope| scope.as_str().to_owned())
                .collect()
        });
        Self {
            access_token: secret(answer.access_token().secret()),
            refresh_token: answer.refresh_token().map(|token| secret(token.secret())),
            life: life.unwrap_or(DEFAULT_LIFE),
            scopes,
            id_token: answer.extra_fields().id_token.as_ref().map(secret),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(200, false, None, TokenError::Lost)]
    #[case(400, true, Some("invalid_grant"), TokenError::Refused("invalid_grant".into()))]
    #[case(401, true, Some("invalid_grant"), TokenError::Refused("invalid_grant".into()))]
    #[case(400, true, None, TokenError::Refused("unreadable".into()))]
    #[case(400, false, None, TokenError::Ill { status: 400, retry_after: None })]
    #[case(401, true, Some("invalid_client"), TokenError::Misconfigured("invalid_client".into()))]
    #[case(400, true, Some("unauthorized_client"), TokenError::Misconfigured("unauthorized_client".into()))]
    #[case(403, false, None, TokenError::Ill { status: 403, retry_after: None })]
    #[case(302, false, None, TokenError::Ill { status: 302, retry_after: None })]
    #[case(429, true, None, TokenError::Ill { status: 429, retry_after: None })]
    #[case(503, true, Some("invalid_grant"), TokenError::Ill { status: 503, retry_after: None })]
    fn an_answer_tells_whether_the_token_is_used_up(
        #[case] status: u16,
        #[case] is_json: bool,
        #[case] code: Option<&str>,
        #[case] expected: TokenError,
    ) {
        let status = StatusCode::from_u16(status).expect("a status");
        let head = Head {
            status,
            retry_after: None,
            is_json,
        };
        let code: Option<BasicErrorResponseType> =
            code.map(|code| serde_json::from_value(code.into()).expect("a code"));
        assert_eq!(sort_answer(&head, code.as_ref()), expected);
    }
}
