//! Settings. The only reader of the environment.

use std::{net::SocketAddr, time::Duration};

use chassis::config::{ConfigError, Effective, Reader};
use proto::topology::FACTS_EXCHANGE;
use secrecy::SecretString;
use url::Url;

/// Everything this service can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// `INGEST_DATABASE_URL`: PostgreSQL, the database `ingest`.
    pub database_url: SecretString,
    /// `INGEST_AMQP_URL`: RabbitMQ.
    pub amqp_url: SecretString,
    /// Where facts are published: the topology's exchange. No variable; tests take one of their own.
    pub facts_exchange: String,
    /// `INGEST_HTTP_ADDR`: where the public port listens.
    pub http_addr: SocketAddr,
    /// `INGEST_GRPC_ADDR`: where `quolum.ingest.v1` is served.
    pub grpc_addr: SocketAddr,
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
    /// `INGEST_SYNC_INTERVAL_SECONDS`: from one run of a connection to the next.
    pub sync_interval: Duration,
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
        let http_addr = reader.required("INGEST_HTTP_ADDR");
        let grpc_addr = reader.required("INGEST_GRPC_ADDR");
        let admin_addr = reader.required("INGEST_ADMIN_ADDR");
        let auth_url = reader.required("INGEST_AUTH_URL");
        let us = reader.or_default("INGEST_PAGERDUTY_US_URL", "https://api.pagerduty.com");
        let eu = reader.or_default("INGEST_PAGERDUTY_EU_URL", "https://api.eu.pagerduty.com");
        let limit = reader.or_default("INGEST_RATE_LIMIT_PER_MINUTE", "960");
        let share = reader.or_default("INGEST_RATE_SHARE_PERCENT", "50");
        let interval = reader.or_default::<u64>("INGEST_SYNC_INTERVAL_SECONDS", "3600");
        let days = reader.or_default("INGEST_HISTORY_DAYS", "365");
        check_range(
            &mut reader,
            "INGEST_RATE_LIMIT_PER_MINUTE",
            limit,
            1..=1_000_000,
        );
        check_range(&mut reader, "INGEST_RATE_SHARE_PERCENT", share, 1..=90);
        check_range(&mut reader, "INGEST_HISTORY_DAYS", days, 1..=3650);
        reader.finish(|| {
            Some(Self {
                database_url: database_url?,
                amqp_url: amqp_url?,
                facts_exchange: FACTS_EXCHANGE.to_owned(),
                http_addr: http_addr?,
                grpc_addr: grpc_addr?,
                admin_addr: admin_addr?,
                auth_url: auth_url?,
                pagerduty_us_url: us?,
                pagerduty_eu_url: eu?,
                rate_limit_per_minute: limit?,
                rate_share_percent: share?,
                sync_interval: Duration::from_secs(interval?),
                history_days: days?,
            })
        })
    }
}

fn check_range(
    reader: &mut Reader,
    name: &str,
    value: Option<u32>,
    range: std::ops::RangeInclusive<u32>,
) {
    if let Some(value) = value.filter(|value| !range.contains(value)) {
        reader.reject(format!(
            "{name}: {value} is not within {} and {}",
            range.start(),
            range.end()
        ));
    }
}
