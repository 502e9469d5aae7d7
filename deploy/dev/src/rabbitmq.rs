//! A private RabbitMQ node with a port mapper of its own, so that no other node on the machine is met.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::account::Account;
use crate::certificates::{Certificates, text};
use crate::console::Pulse;
use crate::instance::Instance;
use crate::ports::Ports;
use crate::supervised::{Spec, Supervised};
use crate::tools::{self, Found};

const READY: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub(crate) struct RabbitMq {
    pub(crate) url: String,
    /// None when the person brought a broker along. The node stops before its port mapper.
    pub(crate) servers: Vec<Supervised>,
}

impl RabbitMq {
    pub(crate) fn given(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            servers: Vec::new(),
        }
    }

    pub(crate) fn start(
        instance: &Instance,
        ports: &mut Ports,
        found: &Found,
        certificates: Option<&Certificates>,
        pulse: &mut Pulse,
    ) -> Result<Self> {
        let account = Account::for_server("rabbitmq")?;
        let home = instance.data.join("rabbitmq");
        let amqp = ports.take("amqp", None)?;
        let mapper_port = ports.take("epmd", None)?;
        let peers = ports.take("erlang", None)?;
        for folder in [home.clone(), home.join("log"), home.join("mnesia")] {
            fs::create_dir_all(&folder)?;
            if let Some(account) = &account {
                account.own(&folder)?;
            }
        }
        let configuration = [
            listener(amqp, certificates),
            "log.file = false".to_owned(),
            "log.console = true".to_owned(),
            // A development machine may have little room left; the alarm would block every publish silently.
            "disk_free_limit.absolute = 100MB".to_owned(),
        ];
        fs::write(home.join("rabbitmq.conf"), configuration.join("\n") + "\n")?;
        for empty in ["env.conf", "advanced.config", "plugins"] {
            let text = match empty {
                "env.conf" => "",
                _ => "[].\n",
            };
            fs::write(home.join(empty), text)?;
        }
        let mut servers = Vec::new();
        let mut mapper = port_mapper(instance, mapper_port, account.clone())?;
        mapper.wait_ready(READY, pulse, |_| connect(mapper_port).is_some())?;
        let spec = node(instance, found, &home, [mapper_port, peers], account);
        let mut node = Supervised::start(instance, spec)?;
        // Over TLS the greeting is not for us to read; the services try until they are served.
        let encrypted = certificates.is_some();
        node.wait_ready(READY, pulse, |_| {
            speaks_amqp(amqp) || (encrypted && connect(amqp).is_some())
        })?;
        servers.push(node);
        servers.push(mapper);
        Ok(Self {
            url: format!(
                "{}://guest:guest@127.0.0.1:{amqp}/%2f",
                if encrypted { "amqps" } else { "amqp" }
            ),
            servers,
        })
    }
}

/// Where the node listens: with certificates, encrypted only.
fn listener(port: u16, certificates: Option<&Certificates>) -> String {
    let Some(made) = certificates else {
        return format!("listeners.tcp.1 = 127.0.0.1:{port}");
    };
    let leaf = made.of("rabbitmq");
    [
        "listeners.tcp = none".to_owned(),
        format!("listeners.ssl.1 = 127.0.0.1:{port}"),
        format!("ssl_options.cacertfile = {}", text(&made.ca())),
        format!("ssl_options.certfile = {}", text(&leaf.cert)),
        format!("ssl_options.keyfile = {}", text(&leaf.key)),
        "ssl_options.verify = verify_none".to_owned(),
        "ssl_options.versions.1 = tlsv1.3".to_owned(),
        "ssl_options.versions.2 = tlsv1.2".to_owned(),
    ]
    .join("\n")
}

/// The mapper survives its node when the node starts it, so we start it ourselves, in the foreground.
fn port_mapper(instance: &Instance, port: u16, account: Option<Account>) -> Result<Supervised> {
    let program = tools::which("epmd")
        .or_else(packaged_mapper)
        .context("epmd, Erlang's port mapper, is missing")?;
    let mut spec = Spec::new("epmd", program)
        .args(["-port".to_owned(), port.to_string()])
        .args(["-address", "127.0.0.1"])
        // Then it stops at SIGTERM although a node may still be registered.
        .args(["-relaxed_command_check"]);
    spec.account = account;
    spec.grace = 3;
    Supervised::start(instance, spec)
}

fn packaged_mapper() -> Option<PathBuf> {
    let runtimes = fs::read_dir("/usr/lib/erlang").ok()?;
    runtimes
        .flatten()
        .map(|entry| entry.path().join("bin/epmd"))
        .find(|file| file.is_file())
}

fn node(
    instance: &Instance,
    found: &Found,
    home: &Path,
    [mapper, peers]: [u16; 2],
    account: Option<Account>,
) -> Spec {
    let path = |name: &str| home.join(name).to_string_lossy().into_owned();
    let name = format!("quolum-{:08x}@localhost", instance.number());
    let mut spec = Spec::new("rabbitmq", found.folder.join("rabbitmq-server"))
        .env("HOME", home.to_string_lossy())
        .env("RABBITMQ_NODENAME", name)
        .env("RABBITMQ_MNESIA_BASE", path("mnesia"))
        .env("RABBITMQ_LOG_BASE", path("log"))
        .env("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf"))
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", path("advanced.config"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("plugins"))
        // An empty file, else the machine's own settings are read.
        .env("RABBITMQ_CONF_ENV_FILE", path("env.conf"))
        .env("RABBITMQ_PID_FILE", path("rabbitmq.pid"))
        .env("RABBITMQ_DIST_PORT", peers.to_string())
        .env("ERL_EPMD_PORT", mapper.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
        )
        .env("LC_ALL", "C.UTF-8");
    spec.account = account;
    spec
}

fn connect(port: u16) -> Option<TcpStream> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()
}

/// A node listens before it serves: only a greeting counts.
fn speaks_amqp(port: u16) -> bool {
    let Some(mut stream) = connect(port) else {
        return false;
    };
    let mut first = [0; 1];
    let limit = Some(Duration::from_secs(2));
    stream.set_read_timeout(limit).is_ok()
        && stream.write_all(b"AMQP\x00\x00\x09\x01").is_ok()
        && stream.read_exact(&mut first).is_ok()
        && first == [1]
}
