//! The settings, each with its variable: the only reader of the environment.

use std::{collections::BTreeMap, fmt, net::SocketAddr, str::FromStr};

use chassis::{
    config::{ConfigError, Effective, Reader},
    tls,
};
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use crate::{access::AccessKind, connection::Region, scope::Scopes, vault::Vault};

pub mod people;

const PREFIX: &str = "AUTH_";
const IDENTITY_URL: &str = "https://identity.pagerduty.com";
/// Both forms that PagerDuty prints: one in its documentation, one in its tokens.
const ISSUERS: &str = "https://identity.pagerduty.com/global/oauth/anonymous,https://app.pagerduty.com/global/oauth/anonymous";
const API_URLS: &str = "US=https://api.pagerduty.com,EU=https://api.eu.pagerduty.com";

const TLS: tls::Names = tls::Names {
    cert: "AUTH_TLS_CERT",
    key: "AUTH_TLS_KEY",
    ca: "AUTH_TLS_CA",
    allow_plaintext: "AUTH_ALLOW_PLAINTEXT",
};

/// All settings of the service.
#[derive(Debug, Clone)]
pub struct Config {
    /// `AUTH_DATABASE_URL` (secret): PostgreSQL, as a role without superuser and bypassrls.
    pub database_url: SecretString,
    /// `AUTH_GRPC_ADDR`: where gRPC listens, `ip:port`; port 0 takes a free one.
    pub grpc_addr: SocketAddr,
    /// `AUTH_TLS_CERT`, `AUTH_TLS_KEY`, `AUTH_TLS_CA`, `AUTH_ALLOW_PLAINTEXT`: certificates towards the
    /// other services.
    pub tls: tls::Settings,
    /// `AUTH_ADMIN_ADDR`: where probes and metrics listen.
    pub admin_addr: SocketAddr,
    /// `AUTH_REDIRECT_URL`: the redirect URI registered with PagerDuty; its origin is our public URL.
    pub redirect_url: Url,
    /// `AUTH_VAULT_KEYS` (secret): `id:base64 of 32 bytes`, comma separated; the first one seals.
    pub vault: Vault,
    /// The PagerDuty app; absent when this deployment has none.
    pub app: Option<App>,
    /// PagerDuty's identity service.
    pub identity: IdentityProvider,
    /// The mail server; absent when nothing is mailed.
    pub mail: Option<people::Mail>,
    /// Single sign-on; absent when there is none.
    pub oidc: Option<people::Oidc>,
}

/// The app registered with PagerDuty.
#[derive(Debug, Clone)]
pub struct App {
    /// `AUTH_PAGERDUTY_CLIENT_ID`: what PagerDuty knows us as.
    pub client_id: String,
    /// `AUTH_PAGERDUTY_CLIENT_SECRET` (secret): the secret that goes with it.
    pub client_secret: SecretString,
    /// `AUTH_PAGERDUTY_SCOPES`: space separated, `read` by default.
    pub scopes: Scopes,
    /// `AUTH_PAGERDUTY_APP_KIND`: `classic`, `scoped` or `app`; what the scopes are of by default.
    pub kind: AccessKind,
}

/// Where and as what PagerDuty's identity service presents itself.
#[derive(Debug, Clone)]
pub struct IdentityProvider {
    /// `AUTH_PAGERDUTY_IDENTITY_URL`: the base of authorize, token and key addresses.
    pub url: Url,
    /// `AUTH_PAGERDUTY_ISSUERS`: comma list of issuers accepted in id_tokens, matched exactly.
    pub issuers: Vec<String>,
    /// `AUTH_PAGERDUTY_API_URLS`: `US=url,EU=url`; the one in an id_token's `aud` tells the region.
    pub api_urls: BTreeMap<String, Region>,
}

impl Config {
    /// From the process's environment, with every mistake listed.
    pub fn from_environment() -> Result<(Self, Vec<Effective>), ConfigError> {
        Self::read(Reader::from_environment(PREFIX))
    }

    /// From given variables, for tests.
    pub fn from_variables(variables: BTreeMap<String, String>) -> Result<Self, ConfigError> {
        Self::read(Reader::new(PREFIX, variables)).map(|(config, _)| config)
    }

    fn read(mut reader: Reader) -> Result<(Self, Vec<Effective>), ConfigError> {
        let database_url = reader.secret("AUTH_DATABASE_URL");
        let grpc_addr = reader.required("AUTH_GRPC_ADDR");
        let tls = tls::Settings::read(&mut reader, TLS);
        if let (Some(tls), Some(addr)) = (&tls, grpc_addr) {
            tls.check_listener(&mut reader, "AUTH_GRPC_ADDR", addr, TLS);
        }
        if let Some(tls) = &tls {
            tls.check_store(&mut reader, "AUTH_DATABASE_URL", database_url.as_ref());
        }
        let allow_plaintext = tls.as_ref().is_some_and(|tls| tls.allow_plaintext);
        let admin_addr = reader.required("AUTH_ADMIN_ADDR");
        let redirect_url = reader.required("AUTH_REDIRECT_URL");
        let vault = read_vault(&mut reader);
        let app = read_app(&mut reader);
        let identity = read_identity(&mut reader);
        let mail = people::read_mail(&mut reader);
        let oidc = people::read_oidc(&mut reader);
        for url in [
            redirect_url.as_ref(),
            identity.as_ref().map(|identity| &identity.url),
        ] {
            if let Some(url) = url.filter(|url| !allow_plaintext && !is_safe(url)) {
                reader.reject(format!(
                    "`{url}`: https is needed, except on the loopback interface"
                ));
            }
        }
        reader.finish(|| {
            Some(Self {
                database_url: database_url?,
                grpc_addr: grpc_addr?,
                tls: tls?,
                admin_addr: admin_addr?,
                redirect_url: redirect_url?,
                vault: vault?,
                app: app?,
                identity: identity?,
                mail: mail?,
                oidc: oidc?,
            })
        })
    }

    /// The product's public origin, for links.
    pub fn public_url(&self) -> String {
        self.redirect_url.origin().ascii_serialization()
    }
}

fn read_vault(reader: &mut Reader) -> Option<Vault> {
    let keys = reader.secret("AUTH_VAULT_KEYS")?;
    let vault = keys.expose_secret().parse::<Vault>();
    vault
        .map_err(|error| reader.reject(format!("AUTH_VAULT_KEYS: {error}")))
        .ok()
}

/// The outer option: whether what was set is right. The inner one: whether an app was set.
#[allow(clippy::option_option, reason = "absent and mistaken are different")]
fn read_app(reader: &mut Reader) -> Option<Option<App>> {
    let client_id = reader.or_default::<String>("AUTH_PAGERDUTY_CLIENT_ID", "")?;
    let client_secret = reader.optional_secret("AUTH_PAGERDUTY_CLIENT_SECRET");
    let scopes = reader.or_default::<Scopes>("AUTH_PAGERDUTY_SCOPES", "read");
    let kind = scopes.as_ref().and_then(|scopes| read_kind(reader, scopes));
    match (client_id.is_empty(), client_secret) {
        (true, None) => Some(None),
        (false, Some(client_secret)) => Some(Some(App {
            client_id,
            client_secret,
            kind: kind?,
            scopes: scopes?,
        })),
        _ => {
            reader.reject(
                "AUTH_PAGERDUTY_CLIENT_ID and AUTH_PAGERDUTY_CLIENT_SECRET go together; one is not set".to_owned(),
            );
            None
        }
    }
}

fn read_kind(reader: &mut Reader, scopes: &Scopes) -> Option<AccessKind> {
    let told = if scopes.is_classic() {
        "classic"
    } else {
        "scoped"
    };
    let kind = reader.or_default::<AccessKind>("AUTH_PAGERDUTY_APP_KIND", told)?;
    let mistake = match kind {
        AccessKind::Classic if !scopes.is_classic() => "a classic app knows read and write only",
        AccessKind::Scoped | AccessKind::App if scopes.is_classic() => {
            "this kind of app needs scopes such as users.read"
        }
        AccessKind::ApiKey => "an API key needs no app",
        _ => return Some(kind),
    };
    reader.reject(format!(
        "AUTH_PAGERDUTY_APP_KIND: `{kind}`: {mistake}; see AUTH_PAGERDUTY_SCOPES"
    ));
    None
}

fn read_identity(reader: &mut Reader) -> Option<IdentityProvider> {
    let url = reader.or_default("AUTH_PAGERDUTY_IDENTITY_URL", IDENTITY_URL);
    let issuers = reader.or_default::<CommaList>("AUTH_PAGERDUTY_ISSUERS", ISSUERS);
    let api_urls = reader.or_default::<ApiUrls>("AUTH_PAGERDUTY_API_URLS", API_URLS);
    Some(IdentityProvider {
        url: url?,
        issuers: issuers?.0,
        api_urls: api_urls?.0,
    })
}

/// https, or http that cannot leave the machine.
pub fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

/// Why a list is not one.
#[derive(Debug, PartialEq, Eq)]
struct ListError(&'static str);

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

struct CommaList(Vec<String>);

impl FromStr for CommaList {
    type Err = ListError;

    fn from_str(text: &str) -> Result<Self, ListError> {
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let entries: Vec<_> = entries.map(str::to_owned).collect();
        if entries.is_empty() {
            return Err(ListError("the list is empty"));
        }
        Ok(Self(entries))
    }
}

struct ApiUrls(BTreeMap<String, Region>);

impl FromStr for ApiUrls {
    type Err = ListError;

    fn from_str(text: &str) -> Result<Self, ListError> {
        let mut urls = BTreeMap::new();
        for entry in CommaList::from_str(text)?.0 {
            let (region, url) = entry
                .split_once('=')
                .ok_or(ListError("an entry is not `US=url` or `EU=url`"))?;
            let region = match region.trim() {
                "US" => Region::Us,
                "EU" => Region::Eu,
                _ => return Err(ListError("a region is neither US nor EU")),
            };
            urls.insert(url.trim().trim_end_matches('/').to_owned(), region);
        }
        Ok(Self(urls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(change: &[(&str, &str)]) -> BTreeMap<String, String> {
        let key = crate::vault::generate_key("k1").expect("a fit id");
        let pairs = [
            ("AUTH_DATABASE_URL", "postgres://auth@127.0.0.1/auth"),
            ("AUTH_GRPC_ADDR", "127.0.0.1:0"),
            ("AUTH_ADMIN_ADDR", "127.0.0.1:0"),
            (
                "AUTH_REDIRECT_URL",
                "https://seats.example/connect/callback",
            ),
            ("AUTH_VAULT_KEYS", key.expose_secret()),
        ];
        let all = pairs.iter().chain(change);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn pagerduty_in_production_is_the_default() {
        let config = Config::from_variables(variables(&[])).expect("valid");
        assert!(config.app.is_none());
        assert_eq!(config.public_url(), "https://seats.example");
        assert_eq!(config.identity.issuers.len(), 2);
        assert_eq!(
            config.identity.api_urls.get("https://api.eu.pagerduty.com"),
            Some(&Region::Eu)
        );
    }

    #[test]
    fn all_mistakes_come_at_once_and_no_secret_is_shown() {
        let changed = variables(&[
            ("AUTH_REDIRECT_URL", "http://seats.example/connect/callback"),
            ("AUTH_VAULT_KEYS", "k1:c2VjcmV0"),
            ("AUTH_PAGERDUTY_CLIENT_ID", "app"),
            ("AUTH_PAGERDUTY_API_URLS", "MOON=https://api.example"),
        ]);
        let error = Config::from_variables(changed)
            .map(drop)
            .expect_err("mistakes")
            .to_string();
        assert!(error.contains("4 mistake(s)"), "{error}");
        assert!(error.contains("https is needed"), "{error}");
        assert!(
            error.contains("the key `k1` is not the base64 of 32 bytes"),
            "{error}"
        );
        assert!(error.contains("go together"), "{error}");
        assert!(error.contains("neither US nor EU"), "{error}");
        assert!(!error.contains("c2VjcmV0"), "{error}");
    }

    #[test]
    fn settings_never_show_their_secrets() {
        let set = variables(&[
            ("AUTH_PAGERDUTY_CLIENT_ID", "app"),
            ("AUTH_PAGERDUTY_CLIENT_SECRET", "s3cret"),
        ]);
        let shown = format!("{:?}", Config::from_variables(set).expect("valid"));
        assert!(
            !shown.contains("s3cret") && !shown.contains("postgres://"),
            "{shown}"
        );
    }
}
