//! Makes sure that the programs are there which the tool cannot work without.

use anyhow::{Result, bail};

use crate::console::Journal;
use crate::instance::Instance;
use crate::tools::{self, Found, NODE_AT_LEAST, POSTGRES_AT_LEAST, RABBITMQ_AT_LEAST};
use crate::version::Version;
use crate::{apt, environment};

/// What the caller is going to start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Needs {
    pub(crate) postgres: bool,
    pub(crate) rabbitmq: bool,
    pub(crate) node: bool,
    pub(crate) browser: bool,
    /// The tools that check what is under `deploy/`.
    pub(crate) manifests: bool,
}

#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) postgres: Option<Found>,
    pub(crate) rabbitmq: Option<Found>,
    /// None: the page is left out.
    pub(crate) node: Option<Version>,
}

/// Finds the programs, installing what is missing.
pub(crate) fn ensure(instance: &Instance, journal: &mut Journal, needs: Needs) -> Result<Programs> {
    let missing = missing(needs);
    if !missing.is_empty() {
        journal.step("install packages", |pulse| {
            apt::install(instance, pulse, &missing)
        })?;
    }
    let node = tools::node().filter(|version| *version >= NODE_AT_LEAST);
    if needs.node && node.is_none() {
        println!(
            "  !!  no Node.js {NODE_AT_LEAST} or newer with npm: the page is left out, everything else works"
        );
    }
    Ok(Programs {
        postgres: checked(
            needs.postgres,
            "PostgreSQL",
            tools::postgres(),
            POSTGRES_AT_LEAST,
        )?,
        rabbitmq: checked(
            needs.rabbitmq,
            "RabbitMQ",
            tools::rabbitmq(),
            RABBITMQ_AT_LEAST,
        )?,
        node,
    })
}

fn missing(needs: Needs) -> Vec<&'static str> {
    let mut packages = Vec::new();
    if needs.postgres && tools::postgres().is_none() {
        packages.push("postgresql");
    } else if !needs.postgres && tools::psql().is_none() {
        packages.push("postgresql-client");
    }
    if needs.rabbitmq && tools::rabbitmq().is_none() {
        packages.push("rabbitmq-server");
    }
    let has_node = tools::node().is_some_and(|version| version >= NODE_AT_LEAST);
    if needs.node && !has_node && apt::offers("nodejs", NODE_AT_LEAST) {
        packages.extend(["nodejs", "npm"]);
    }
    if needs.browser && tools::browser().is_none() {
        packages.push("chromium");
    }
    if needs.manifests && tools::which("promtool").is_none() {
        packages.push("prometheus");
    }
    if needs.manifests && !tools::python_makes_environments() {
        packages.push("python3-venv");
    }
    packages
}

fn checked(
    needed: bool,
    name: &str,
    found: Option<Found>,
    at_least: Version,
) -> Result<Option<Found>> {
    match found {
        _ if !needed => Ok(None),
        Some(found) if found.version >= at_least => Ok(Some(found)),
        Some(found) => bail!(
            "{name} {} in {} is too old: {at_least} or newer is needed",
            found.version,
            found.folder.display()
        ),
        None => bail!("{name} is still missing after the installation"),
    }
}

/// Servers that the person brings along: then no private one is started.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) database_url: Option<String>,
    pub(crate) amqp_url: Option<String>,
}

impl Given {
    pub(crate) fn from_environment() -> Self {
        Self {
            database_url: environment::var("DATABASE_URL"),
            amqp_url: environment::var("AMQP_URL"),
        }
    }
}
