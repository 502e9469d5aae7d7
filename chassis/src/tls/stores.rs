//! Databases and brokers are reached by URL, and so is their encryption: what leaves the machine has
//! to be encrypted and the other side checked.

use secrecy::{ExposeSecret, SecretString};

use super::{Settings, is_loopback};
use crate::config::Reader;

impl Settings {
    /// The URL of a database or broker. In plaintext, or with whoever answers, only on this machine,
    /// unless that is allowed.
    pub fn check_store(&self, reader: &mut Reader, name: &str, url: Option<&SecretString>) {
        let Some(url) = url.filter(|_| !self.allow_plaintext) else {
            return;
        };
        if let Some(mistake) = exposed(url.expose_secret()) {
            reader.reject(format!("{name}: {mistake}"));
        }
    }
}

/// What is wrong with it, without a word of the URL, which holds a password.
fn exposed(url: &str) -> Option<&'static str> {
    let (scheme, rest) = url.split_once("://")?;
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = before.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => host,
    };
    if host.is_empty() || is_loopback(host) {
        return None;
    }
    match scheme {
        "amqp" => Some("it leaves the machine in plaintext; use amqps://"),
        "postgres" | "postgresql" if !is_verified(query) => {
            Some("it leaves the machine unencrypted or unchecked; add sslmode=verify-full")
        }
        _ => None,
    }
}

fn is_verified(query: &str) -> bool {
    query
        .split('&')
        .any(|pair| matches!(pair, "sslmode=verify-full" | "sslmode=verify-ca"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_on_the_machine_needs_no_encryption() {
        for url in [
            "postgres://auth:pw@127.0.0.1:5432/auth",
            "postgres://auth@localhost/auth",
            "postgres:///auth?host=/run/postgresql",
            "postgres://auth@[::1]:5432/auth",
            "amqp://guest:guest@127.0.0.1:5672/%2f",
        ] {
            assert_eq!(exposed(url), None, "{url}");
        }
    }

    #[test]
    fn what_leaves_it_is_encrypted_and_the_other_side_is_checked() {
        for url in [
            "postgres://auth:pw@db/auth?sslmode=verify-full&sslrootcert=/ca.crt",
            "postgresql://auth:p@w@db:5432/auth?sslmode=verify-ca",
            "amqps://user:pw@rabbitmq:5671/%2f",
        ] {
            assert_eq!(exposed(url), None, "{url}");
        }
        for url in [
            "postgres://auth:pw@db/auth",
            "postgres://auth:pw@db:5432/auth?sslmode=require",
            "amqp://user:pw@rabbitmq:5672/%2f",
        ] {
            assert!(exposed(url).is_some(), "{url}");
        }
    }
}
