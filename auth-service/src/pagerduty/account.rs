//! Which account an API key belongs to: PagerDuty has no question for it, but the address of any user's
//! page begins with the account's.

use oauth2::{
    HttpRequest,
    http::header::{ACCEPT, AUTHORIZATION, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::http::Http;

/// The account cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// PagerDuty does not know the key, or not in this region.
    #[error("PagerDuty refuses the API key")]
    Refused,
    /// The answer names no account.
    #[error("PagerDuty's answer names no account")]
    Unidentified,
    /// No answer that tells anything.
    #[error("PagerDuty's API is not available")]
    Unavailable,
}

#[derive(Deserialize)]
struct Page {
    users: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    html_url: Option<String>,
}

/// The first label of the account's address.
pub async fn look_up(http: &Http, api: &str, key: &SecretString) -> Result<String, AccountError> {
    let mut request = HttpRequest::new(Vec::new());
    let uri = format!("{}/users?limit=1", api.trim_end_matches('/'));
    *request.uri_mut() = uri.parse().map_err(|_| AccountError::Unavailable)?;
    let mut shown = HeaderValue::from_str(&format!("Token token={}", key.expose_secret()))
        .map_err(|_| AccountError::Refused)?;
    shown.set_sensitive(true);
    let accept = HeaderValue::from_static("application/vnd.pagerduty+json;version=2");
    request.headers_mut().insert(AUTHORIZATION, shown);
    request.headers_mut().insert(ACCEPT, accept);
    let answer = http
        .call(request)
        .await
        .map_err(|_| AccountError::Unavailable)?;
    match answer.status().as_u16() {
        200 => {}
        400 | 401 | 403 => return Err(AccountError::Refused),
        _ => return Err(AccountError::Unavailable),
    }
    let page: Page =
        serde_json::from_slice(answer.body()).map_err(|_| AccountError::Unavailable)?;
    let url = page.users.into_iter().find_map(|user| user.html_url);
    url.as_deref()
        .and_then(subdomain)
        .ok_or(AccountError::Unidentified)
}

fn subdomain(page: &str) -> Option<String> {
    let url: Url = page.parse().ok()?;
    let (first, rest) = url.host_str()?.split_once('.')?;
    (!first.is_empty() && rest.contains('.')).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://acme.pagerduty.com/users/PU1", Some("acme"))]
    #[case("https://euro.eu.pagerduty.com/users/PU1", Some("euro"))]
    #[case("https://pagerduty.com/users/PU1", None)]
    #[case("nonsense", None)]
    fn the_account_is_the_first_word_of_its_address(
        #[case] page: &str,
        #[case] account: Option<&str>,
    ) {
        assert_eq!(subdomain(page).as_deref(), account);
    }
}
