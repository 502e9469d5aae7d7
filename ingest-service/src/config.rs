//! Settings. The only reader of the environment.

use std::{net::SocketAddr, str::FromStr, time::Duration};

use chassis::{
    config::{ConfigError, Effective, Reader},
    tls,
};
use proto::topology::FACTS_EXCHANGE;
use secrecy::SecretString;
use url::Url;

use crate::dataset::Datasets;

const TLS: tls::Names = tls::Names {
    cert: "INGEST_TLS_CERT",
    key: "INGEST_TLS_KEY",
    ca: "INGEST_TLS_CA",
    allow_plaintext: "INGEST_ALLOW_PLAINTEXT",
};

/// Everything this service can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// `INGEST_DATABASE_URL`: PostgreSQL, the database `ingest`.
    pub database_url: SecretString,
    /// `INGEST_AMQP_URL`: RabbitMQ.
    pub amqp_url: SecretString,
    /// `INGEST_AMQP_CA`: the authority of an `amqps` broker in PEM, usually as `INGEST_AMQP_CA_FILE`;
    /// without it the system's authorities are trusted.
    pub amqp_ca: Option<SecretString>,
    /// `INGEST_FACTS_EXCHANGE`: where facts are published; default the topology's exchange.
    pub facts_exchange: String,
    /// `INGEST_HTTP_ADDR`: where the public port listens.
    pub http_addr: SocketAddr,
    /// `INGEST_GRPC_ADDR`: where `quolum.ingest.v1` is served.
    pub grpc_addr: SocketAddr,
    /// `INGEST_TLS_CERT`, `INGEST_TLS_KEY`, `INGEST_TLS_CA`, `INGEST_ALLOW_PLAINTEXT`: certificates
    /// towards the other services.
    pub tls: tls::Settings,
    /// `INGEST_ADMIN_ADDR`: probes and metrics.
    pub admin_addr: SocketAddr,
    /// `INGEST_AUTH_URL`: auth-service's gRPC.
    pub auth_url: Url,
    /// `INGEST_PAGERDUTY_US_URL`: REST API of accounts in the service region US.
    pub pagerduty_us_url: Url,
    /// `INGEST_PAGERDUTY_EU_URL`: REST API of accounts in the service region EU.
    pub pagerduty_eu_url: Url,
    /// `INGEST_RATE_LIMIT_PER_MINUTE`: PagerDuty's limit for one app and user.
    pub rate_limit_per_minute: u32,
    /// `INGEST_RATE_SHARE_PERCENT`: how much of the limit is ours.
    pub rate_share_percent: u32,
    /// `INGEST_INCIDENT_RATE_SHARE_PERCENT`: the same while a high-urgency incident is open.
    pub incident_rate_share_percent: u32,
    /// `INGEST_ANALYTICS_PER_DAY`: analytics requests of one connection on a UTC day.
    pub analytics_per_day: u32,
    /// `INGEST_CONCURRENCY`: requests of one connection in flight.
    pub concurrency: u32,
    /// `INGEST_LEASE_SECONDS`: how long a connection stays with a process that says nothing.
    pub lease: Duration,
    /// `INGEST_SYNC_INTERVAL_SECONDS`: from one run of a connection to the next.
    pub sync_interval: Duration,
    /// `INGEST_DATASETS`: what is fetched; `all`, or names separated by commas.
    pub datasets: Datasets,
    /// `INGEST_PUBLIC_URL`: where PagerDuty reaches this service's public port; without it no
    /// webhook can be subscribed to.
    pub public_url: Option<Url>,
    /// `INGEST_HISTORY_DAYS`: how far back the first run reads.
    pub history_days: u32,
}

impl Config {
    /// From the process's environment.
    pub fn from_environment() -> Result<(Self, Vec<Effective>), ConfigError> {
        Self::read(Reader::from_environment("INGEST_"))
    }

    /// From given variables.
    pub fn read(mut reader: Reader) -> Result<(Self, Vec<Effective>), ConfigError> {
        let database_url = reader.secret("INGEST_DATABASE_URL");
        let amqp_url = reader.secret("INGEST_AMQP_URL");
        let amqp_ca = reader.optional_secret("INGEST_AMQP_CA");
        let facts_exchange = reader.or_default("INGEST_FACTS_EXCHANGE", FACTS_EXCHANGE);
        let http_addr = reader.required("INGEST_HTTP_ADDR");
        let grpc_addr = reader.required::<SocketAddr>("INGEST_GRPC_ADDR");
        let admin_addr = reader.required("INGEST_ADMIN_ADDR");
        let auth_url = reader.required::<Url>("INGEST_AUTH_URL");
        let tls = read_tls(&mut reader, grpc_addr, auth_url.as_ref());
        for (name, url) in [
            ("INGEST_DATABASE_URL", &database_url),
            ("INGEST_AMQP_URL", &amqp_url),
        ] {
            if let Some(tls) = &tls {
                tls.check_store(&mut reader, name, url.as_ref());
            }
        }
        let us = reader.or_default("INGEST_PAGERDUTY_US_URL", "https://api.pagerduty.com");
        let eu = reader.or_default("INGEST_PAGERDUTY_EU_URL", "https://api.eu.pagerduty.com");
        let pace = read_pace(&mut reader);
        let interval = reader.or_default::<u64>("INGEST_SYNC_INTERVAL_SECONDS", "3600");
        let days = reader.or_default("INGEST_HISTORY_DAYS", "365");
        let datasets = reader.or_default("INGEST_DATASETS", "all");
        let public_url = reader.or_default::<PublicUrl>("INGEST_PUBLIC_URL", "");
        let lease = reader.or_default("INGEST_LEASE_SECONDS", "20");
        check_range(&mut reader, "INGEST_LEASE_SECONDS", lease, 600);
        check_range(&mut reader, "INGEST_HISTORY_DAYS", days, 3650);
        reader.finish(|| {
            Some(Self {
                database_url: database_url?,
                amqp_url: amqp_url?,
                amqp_ca,
                facts_exchange: facts_exchange?,
                http_addr: http_addr?,
                grpc_addr: grpc_addr?,
                admin_addr: admin_addr?,
                auth_url: auth_url?,
                tls: tls?,
                pagerduty_us_url: us?,
                pagerduty_eu_url: eu?,
                rate_limit_per_minute: pace.limit?,
                rate_share_percent: pace.share?,
                incident_rate_share_percent: pace.incident_share?,
                analytics_per_day: pace.analytics_per_day?,
                concurrency: pace.concurrency?,
                lease: Duration::from_secs(u64::from(lease?)),
                sync_interval: Duration::from_secs(interval?),
                history_days: days?,
                datasets: datasets?,
                public_url: public_url?.0,
            })
        })
    }
}

/// An address, or nothing.
struct PublicUrl(Option<Url>);

impl FromStr for PublicUrl {
    type Err = url::ParseError;

    fn from_str(text: &str) -> Result<Self, url::ParseError> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        text.parse().map(|url| Self(Some(url)))
    }
}

fn read_tls(
    reader: &mut Reader,
    grpc_addr: Option<SocketAddr>,
    auth_url: Option<&Url>,
) -> Option<tls::Settings> {
    let settings = tls::Settings::read(reader, TLS)?;
    if let Some(addr) = grpc_addr {
        settings.check_listener(reader, "INGEST_GRPC_ADDR", addr, TLS);
    }
    if let Some(url) = auth_url {
        settings.check_peer(reader, "INGEST_AUTH_URL", url.as_str(), TLS);
    }
    Some(settings)
}

/// How fast PagerDuty may be asked.
struct Pacing {
    limit: Option<u32>,
    share: Option<u32>,
    incident_share: Option<u32>,
    analytics_per_day: Option<u32>,
    concurrency: Option<u32>,
}

fn read_pace(reader: &mut Reader) -> Pacing {
    let limit = reader.or_default("INGEST_RATE_LIMIT_PER_MINUTE", "960");
    let share = reader.or_default("INGEST_RATE_SHARE_PERCENT", "50");
    let own = share.unwrap_or(50).to_string();
    let incident_share = reader.or_default("INGEST_INCIDENT_RATE_SHARE_PERCENT", &own);
    let analytics_per_day = reader.or_default("INGEST_ANALYTICS_PER_DAY", "500");
    let concurrency = reader.or_default("INGEST_CONCURRENCY", "6");
    check_range(reader, "INGEST_RATE_LIMIT_PER_MINUTE", limit, 1_000_000);
    check_range(reader, "INGEST_RATE_SHARE_PERCENT", share, 100);
    check_range(
        reader,
        "INGEST_INCIDENT_RATE_SHARE_PERCENT",
        incident_share,
        100,
    );
    check_range(reader, "INGEST_CONCURRENCY", concurrency, 64);
    Pacing {
        limit,
        share,
        incident_share,
        analytics_per_day,
        concurrency,
    }
}

/// A number is at least 1, and at most what is given.
fn check_range(reader: &mut Reader, name: &'static str, value: Option<u32>, most: u32) {
    if let Some(value) = value.filter(|value| !(1..=most).contains(value)) {
        reader.reject(format!("{name}: {value} is not within 1 and {most}"));
    }
}
