//! The simulated PagerDuty: which world it shows, and its process.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::console::Pulse;
use crate::environment;
use crate::instance::Instance;
use crate::ports::Ports;
use crate::supervised::{Spec, Supervised};

const READY: Duration = Duration::from_mins(3);

/// Who signs in at the account that the demo connects.
pub(crate) const ADMIN: &str = "admin@acme.example";
pub(crate) const CLIENT_ID: &str = "scoped-app";
pub(crate) const CLIENT_SECRET: &str = "scoped-secret";
/// What the collected datasets need; `analytics.write` is PagerDuty's name for asking its analytics.
pub(crate) const SCOPES: &str = "openid users.read licenses.read teams.read oauth_delegations.read users:contact_methods.read \
     oncalls.read schedules.read escalation_policies.read services.read incidents.read \
     users:notifications.read audit_records.read analytics.read analytics.write abilities.read \
     incident_workflows.read event_orchestrations.read extensions.read status_pages.read \
     subscribers.read tags.read priorities.read templates.read change_events.read \
     webhook_subscriptions.read webhook_subscriptions.write";

/// A world: the same three values give the same accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Demo {
    pub(crate) size: String,
    pub(crate) seed: u64,
    /// The day the history ends on.
    pub(crate) anchor: String,
}

impl Demo {
    /// The world of the first start goes on with every further one: its facts are in the database.
    pub(crate) fn remembered(
        instance: &Instance,
        size: Option<&str>,
        seed: Option<u64>,
    ) -> Result<Self> {
        let today = environment::now().strftime("%Y-%m-%d").to_string();
        let fresh = Self {
            size: size.unwrap_or("demo").to_owned(),
            seed: seed.unwrap_or(1),
            anchor: today,
        };
        let text = instance.remembered("world", || Ok(fresh.render()))?;
        let known = Self::parse(&text).with_context(|| {
            format!("{} is not readable", instance.state.join("world").display())
        })?;
        let differs = size.is_some_and(|size| size != known.size)
            || seed.is_some_and(|seed| seed != known.seed);
        if differs {
            bail!(
                "the data here was made with --size {} --seed {}; `cargo dev reset` makes room for another world",
                known.size,
                known.seed
            );
        }
        Ok(known)
    }

    fn render(&self) -> String {
        format!("{} {} {}", self.size, self.seed, self.anchor)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        Some(Self {
            size: words.next()?.to_owned(),
            seed: words.next()?.parse().ok()?,
            anchor: words.next()?.to_owned(),
        })
    }
}

#[derive(Debug)]
pub(crate) struct Simulator {
    pub(crate) url: String,
    pub(crate) process: Supervised,
}

impl Simulator {
    /// Starts it without a rate limit: nobody wants to wait for a demo, and the limit is a test's business.
    pub(crate) fn start(
        instance: &Instance,
        ports: &mut Ports,
        demo: &Demo,
        (program, redirect): (&Path, &str),
        pulse: &mut Pulse,
    ) -> Result<Self> {
        let port = ports.take("pagerduty", None)?;
        let spec = Spec::new("pagerduty-sim", program)
            .args(["--size".to_owned(), demo.size.clone()])
            .args(["--seed".to_owned(), demo.seed.to_string()])
            .args(["--anchor".to_owned(), demo.anchor.clone()])
            .args(["--listen".to_owned(), format!("127.0.0.1:{port}")])
            .args(["--rate-limit", "off", "--redirect-uri", redirect]);
        let mut process = Supervised::start(instance, spec)?;
        let mut url = None;
        process.wait_ready(READY, pulse, |process| {
            url = announced(&process.log_text());
            url.is_some()
        })?;
        let url = url.context("the simulator did not say where it listens")?;
        Ok(Self { url, process })
    }
}

/// The address in the one JSON line that the simulator prints when it is ready.
fn announced(log: &str) -> Option<String> {
    log.lines().find_map(|line| {
        let json: Value = serde_json::from_str(line).ok()?;
        Some(json.get("url")?.as_str()?.trim_end_matches('/').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_is_read_back_as_it_was_written() {
        let demo = Demo {
            size: "small".to_owned(),
            seed: 7,
            anchor: "2026-01-31".to_owned(),
        };
        assert_eq!(Demo::parse(&demo.render()), Some(demo));
        assert_eq!(Demo::parse("small x"), None);
    }

    #[test]
    fn the_address_is_found_between_log_lines() {
        let log =
            "starting\n{\"level\":\"INFO\"}\n{\"url\":\"http://127.0.0.1:9/\",\"tls_url\":null}\n";
        assert_eq!(announced(log).as_deref(), Some("http://127.0.0.1:9"));
        assert_eq!(announced("starting\n"), None);
    }
}
