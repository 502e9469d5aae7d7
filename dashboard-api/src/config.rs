//! Settings: the only reader of the environment. All mistakes are told at once.

use std::{collections::BTreeMap, net::SocketAddr};

use chassis::{
    config::{ConfigError, Effective, Reader},
    tls,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

const TLS: tls::Names = tls::Names {
    cert: "DASHBOARD_TLS_CERT",
    key: "DASHBOARD_TLS_KEY",
    ca: "DASHBOARD_TLS_CA",
    allow_plaintext: "DASHBOARD_ALLOW_PLAINTEXT",
};

/// The settings of dashboard-api.
#[derive(Debug, Clone)]
pub struct Config {
    /// `DASHBOARD_DATABASE_URL`, a secret: PostgreSQL, as a role that is neither superuser nor
    /// bypasses row-level security.
    pub database_url: SecretString,
    /// `DASHBOARD_AMQP_URL`, a secret: RabbitMQ.
    pub amqp_url: SecretString,
    /// `DASHBOARD_AMQP_CA`: the authority of an `amqps` broker in PEM, usually as
    /// `DASHBOARD_AMQP_CA_FILE`; without it the system's authorities are trusted.
    pub amqp_ca: Option<SecretString>,
    /// `DASHBOARD_HTTP_ADDR`: where browsers are served.
    pub http_addr: SocketAddr,
    /// `DASHBOARD_ADMIN_ADDR`: probes and metrics.
    pub admin_addr: SocketAddr,
    /// `DASHBOARD_AUTH_URL`: gRPC of auth-service.
    pub auth_url: Url,
    /// `DASHBOARD_INGEST_URL`: gRPC of ingest-service.
    pub ingest_url: Url,
    /// `DASHBOARD_TLS_CERT`, `DASHBOARD_TLS_KEY`, `DASHBOARD_TLS_CA`, `DASHBOARD_ALLOW_PLAINTEXT`:
    /// certificates towards the other services.
    pub tls: tls::Settings,
    /// `DASHBOARD_PUBLIC_URL`: where browsers see us; its origin is the only one that may write.
    pub public_url: Url,
    /// `DASHBOARD_API_RATE_PER_MINUTE`: requests of one session or API key in a minute; 600.
    pub api_rate_per_minute: u32,
    /// `DASHBOARD_RETENTION_DAYS`: days that facts are kept; 400. What was counted stays.
    pub retention_days: i64,
    /// `DASHBOARD_ALLOW_PRIVATE_WEBHOOKS`: news may go to plain http and to addresses of a private
    /// network. For development only.
    pub allow_private_webhooks: bool,
    /// Which parts run; the command line's `--role`.
    pub role: Role,
}

/// Which parts of the service run in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Role {
    /// Both.
    #[default]
    All,
    /// HTTP only.
    Serve,
    /// Queues and crunch only.
    Consume,
}

impl Role {
    pub fn serves(self) -> bool {
        self != Self::Consume
    }

    pub fn consumes(self) -> bool {
        self != Self::Serve
    }
}

impl Config {
    /// From the process's environment.
    pub fn from_environment(role: Role) -> Result<(Self, Vec<Effective>), ConfigError> {
        Self::read(Reader::from_environment("DASHBOARD_"), role)
    }

    /// From given variables.
    pub fn from_variables(
        variables: BTreeMap<String, String>,
        role: Role,
    ) -> Result<Self, ConfigError> {
        Self::read(Reader::new("DASHBOARD_", variables), role).map(|(config, _)| config)
    }

    fn read(mut reader: Reader, role: Role) -> Result<(Self, Vec<Effective>), ConfigError> {
        let database_url = reader.secret("DASHBOARD_DATABASE_URL");
        let amqp_url = reader.secret("DASHBOARD_AMQP_URL");
        let amqp_ca = reader.optional_secret("DASHBOARD_AMQP_CA");
        let http_addr = reader.required("DASHBOARD_HTTP_ADDR");
        let admin_addr = reader.required("DASHBOARD_ADMIN_ADDR");
        let auth_url = reader.required::<Url>("DASHBOARD_AUTH_URL");
        let ingest_url = reader.required::<Url>("DASHBOARD_INGEST_URL");
        let tls = read_tls(&mut reader, [auth_url.as_ref(), ingest_url.as_ref()]);
        if let Some(tls) = &tls {
            tls.check_store(&mut reader, "DASHBOARD_DATABASE_URL", database_url.as_ref());
            tls.check_store(&mut reader, "DASHBOARD_AMQP_URL", amqp_url.as_ref());
        }
        let public_url = reader.required::<Url>("DASHBOARD_PUBLIC_URL");
        let api_rate_per_minute = reader.or_default("DASHBOARD_API_RATE_PER_MINUTE", "600");
        let retention_days = reader.or_default("DASHBOARD_RETENTION_DAYS", "400");
        let allow_private_webhooks = reader.or_default("DASHBOARD_ALLOW_PRIVATE_WEBHOOKS", "false");
        expect_scheme(
            &mut reader,
            "DASHBOARD_DATABASE_URL",
            database_url.as_ref(),
            &["postgres", "postgresql"],
        );
        expect_scheme(
            &mut reader,
            "DASHBOARD_AMQP_URL",
            amqp_url.as_ref(),
            &["amqp", "amqps"],
        );
        if let Some(url) = &public_url
            && !matches!(url.scheme(), "http" | "https")
        {
            reader.reject("DASHBOARD_PUBLIC_URL: it is neither http nor https".to_owned());
        }
        reader.finish(|| {
            Some(Self {
                database_url: database_url?,
                amqp_url: amqp_url?,
                amqp_ca,
                http_addr: http_addr?,
                admin_addr: admin_addr?,
                auth_url: auth_url?,
                ingest_url: ingest_url?,
                tls: tls?,
                public_url: public_url?,
                api_rate_per_minute: api_rate_per_minute?,
                retention_days: retention_days?,
                allow_private_webhooks: allow_private_webhooks?,
                role,
            })
        })
    }

    /// Where the Connect form may lead, as sources of the content security policy. The browser
    /// checks every redirect of the form, and PagerDuty may pass it on at once to the corporate
    /// sign-in of the account, which can be any host: so any https. On a developer's machine
    /// PagerDuty's stand-in runs on any port of the loopback.
    pub fn form_targets(&self) -> &'static str {
        match self.public_url.host_str() {
            Some("127.0.0.1" | "localhost" | "[::1]") => {
                "https: http://127.0.0.1:* http://localhost:*"
            }
            _ => "https:",
        }
    }
}

fn read_tls(reader: &mut Reader, peers: [Option<&Url>; 2]) -> Option<tls::Settings> {
    let settings = tls::Settings::read(reader, TLS)?;
    for (name, url) in ["DASHBOARD_AUTH_URL", "DASHBOARD_INGEST_URL"]
        .into_iter()
        .zip(peers)
    {
        if let Some(url) = url {
            settings.check_peer(reader, name, url.as_str(), TLS);
        }
    }
    Some(settings)
}

fn expect_scheme(reader: &mut Reader, name: &str, url: Option<&SecretString>, schemes: &[&str]) {
    let Some(url) = url else {
        return;
    };
    let scheme = url
        .expose_secret()
        .split_once("://")
        .map(|(scheme, _)| scheme);
    if !scheme.is_some_and(|scheme| schemes.contains(&scheme)) {
        reader.reject(format!(
            "{name}: it does not start with {}://",
            schemes.join(":// or ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(pairs: &[(&str, &str)]) -> Reader {
        let own = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Reader::new("DASHBOARD_", own.collect())
    }

    const GOOD: [(&str, &str); 7] = [
        (
            "DASHBOARD_DATABASE_URL",
            "postgres://dashboard@localhost/dashboard",
        ),
        ("DASHBOARD_AMQP_URL", "amqp://guest:guest@localhost/%2f"),
        ("DASHBOARD_HTTP_ADDR", "127.0.0.1:0"),
        ("DASHBOARD_ADMIN_ADDR", "127.0.0.1:0"),
        ("DASHBOARD_AUTH_URL", "http://127.0.0.1:1"),
        ("DASHBOARD_INGEST_URL", "http://127.0.0.1:2"),
        ("DASHBOARD_PUBLIC_URL", "http://localhost:8080"),
    ];

    #[test]
    fn the_fixed_settings_are_enough() {
        let (config, _) = Config::read(reader(&GOOD), Role::All).expect("valid");
        assert_eq!(
            config.form_targets(),
            "https: http://127.0.0.1:* http://localhost:*"
        );
    }

    #[test]
    fn every_mistake_is_told_and_a_bypass_does_not_exist() {
        let error = Config::read(
            reader(&[
                ("DASHBOARD_DATABASE_URL", "mysql://x"),
                ("DASHBOARD_PUBLIC_URL", "ftp://x"),
                ("DASHBOARD_ALLOW_RLS_BYPASS", "true"),
            ]),
            Role::All,
        );
        let ConfigError(mistakes) = error.map(drop).expect_err("mistakes");
        assert_eq!(mistakes.len(), 8, "{mistakes:#?}");
        assert!(
            mistakes
                .iter()
                .any(|one| one.starts_with("DASHBOARD_ALLOW_RLS_BYPASS is not a setting"))
        );
    }
}
