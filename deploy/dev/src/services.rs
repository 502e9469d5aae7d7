//! The three services with everything they need, running on this machine.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;

use crate::certificates::{Certificates, text};
use crate::console::{Journal, Pulse};
use crate::demo::{self, Demo, Simulator};
use crate::instance::Instance;
use crate::mail::Catcher;
use crate::ports::Ports;
use crate::postgres::{Postgres, random_bytes};
use crate::provision::{Given, Programs};
use crate::rabbitmq::RabbitMq;
use crate::supervised::{Spec, Supervised};
use crate::{compile, http};

const READY: Duration = Duration::from_mins(1);
const MIGRATE: Duration = Duration::from_mins(2);
pub(crate) const SERVICES: [&str; 3] = ["auth-service", "ingest-service", "dashboard-api"];
/// Where people look for a page first.
const USUAL_PAGE_PORT: u16 = 8080;

/// What to run.
#[derive(Debug)]
pub(crate) struct Setup {
    /// None: the services talk to PagerDuty itself.
    pub(crate) demo: Option<Demo>,
    pub(crate) release: bool,
    pub(crate) given: Given,
    /// Everything between services and servers is encrypted.
    pub(crate) tls: bool,
}

/// Running servers and services; dropping it stops them.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) public_url: String,
    /// Admin addresses in the order of `SERVICES`.
    pub(crate) admin: Vec<String>,
    pub(crate) simulator: Option<Simulator>,
    pub(crate) mail: Catcher,
    services: Vec<Supervised>,
    rabbitmq: RabbitMq,
    postgres: Postgres,
    settings: Settings,
}

type Variables = Vec<(String, String)>;

/// The environment of the services.
#[derive(Debug)]
struct Settings {
    variables: Variables,
    folder: PathBuf,
}

impl World {
    pub(crate) fn start(
        instance: &Instance,
        journal: &mut Journal,
        programs: &Programs,
        setup: &Setup,
    ) -> Result<Self> {
        let mut ports = Ports::load(instance.state.join("ports"), instance.number());
        let certificates = if setup.tls {
            Some(journal.step("make certificates", |_| Certificates::make(instance))?)
        } else {
            None
        };
        let mut start = Start {
            instance,
            programs,
            setup,
            certificates: certificates.as_ref(),
            ports: &mut ports,
        };
        let postgres = journal.step("start PostgreSQL", |pulse| start.postgres(pulse))?;
        let rabbitmq = journal.step("start RabbitMQ", |pulse| start.rabbitmq(pulse))?;
        let page = ports.take("page", (instance.name == "up").then_some(USUAL_PAGE_PORT))?;
        let public_url = format!("http://127.0.0.1:{page}");
        let profile = if setup.release { "release" } else { "debug" };
        let folder = instance.workspace.target.join(profile);
        let simulator = match &setup.demo {
            Some(demo) => Some(journal.step("start the simulated PagerDuty", |pulse| {
                let redirect = redirect_url(&public_url);
                let program = folder.join("pagerduty-sim");
                Simulator::start(instance, &mut ports, demo, (&program, &redirect), pulse)
            })?),
            None => None,
        };
        let (variables, admin) = variables(instance, &mut ports, page, &postgres, &rabbitmq.url)?;
        let mut settings = Settings { variables, folder };
        if let Some(simulator) = &simulator {
            settings.point_at(&simulator.url);
        }
        if let Some(certificates) = &certificates {
            settings.encrypt(certificates);
        }
        let mail = Catcher::start(instance.state.join("mail"))?;
        settings.deliver_to(&mail);
        journal.step("migrate the databases", |pulse| {
            settings.migrate(instance, pulse)
        })?;
        let services = journal.step("start the services", |pulse| {
            settings.start(instance, &admin, pulse)
        })?;
        Ok(Self {
            public_url,
            admin,
            simulator,
            mail,
            services,
            rabbitmq,
            postgres,
            settings,
        })
    }

    /// Runs a subcommand of a service to its end and answers what it prints.
    pub(crate) fn ask(&self, service: &str, arguments: &[&str]) -> Result<String> {
        let output = Command::new(self.settings.folder.join(service))
            .args(arguments)
            .envs(self.settings.of(service))
            .output()
            .with_context(|| format!("cannot run {service}"))?;
        if !output.status.success() {
            bail!(
                "{service} {} failed: {}",
                arguments.first().unwrap_or(&""),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Process ids in the order of `SERVICES`.
    pub(crate) fn service_ids(&self) -> Vec<(&'static str, i32)> {
        self.services
            .iter()
            .filter_map(|service| Some((service.name, service.pid()?)))
            .collect()
    }

    /// Fails when one of the children has died.
    pub(crate) fn check(&mut self) -> Result<()> {
        let simulator = self
            .simulator
            .iter_mut()
            .map(|simulator| &mut simulator.process);
        self.services
            .iter_mut()
            .chain(simulator)
            .chain(self.rabbitmq.servers.iter_mut())
            .chain(self.postgres.server.iter_mut())
            .try_for_each(Supervised::check)
    }

    /// Stops in an order in which nobody misses anybody: services, simulator, broker, database.
    pub(crate) fn stop(mut self) {
        for service in &mut self.services {
            service.release();
        }
        self.services.clear();
        if let Some(simulator) = &mut self.simulator {
            simulator.process.release();
        }
        if let Some(node) = self.rabbitmq.servers.first_mut() {
            node.release();
        }
        if let Some(server) = &mut self.postgres.server {
            server.release();
        }
    }
}

pub(crate) fn redirect_url(public_url: &str) -> String {
    format!("{public_url}/connect/callback")
}

/// What starting a server needs.
struct Start<'a> {
    instance: &'a Instance,
    programs: &'a Programs,
    setup: &'a Setup,
    certificates: Option<&'a Certificates>,
    ports: &'a mut Ports,
}

impl Start<'_> {
    fn postgres(&mut self, pulse: &mut Pulse) -> Result<Postgres> {
        match (&self.setup.given.database_url, &self.programs.postgres) {
            (Some(url), _) => Postgres::given(url),
            (None, Some(found)) => {
                let server = crate::postgres::Server {
                    found,
                    durable: true,
                    certificates: self.certificates,
                };
                Postgres::start(self.instance, self.ports, server, pulse)
            }
            (None, None) => bail!("PostgreSQL is missing"),
        }
    }

    fn rabbitmq(&mut self, pulse: &mut Pulse) -> Result<RabbitMq> {
        match (&self.setup.given.amqp_url, &self.programs.rabbitmq) {
            (Some(url), _) => Ok(RabbitMq::given(url)),
            (None, Some(found)) => {
                RabbitMq::start(self.instance, self.ports, found, self.certificates, pulse)
            }
            (None, None) => bail!("RabbitMQ is missing"),
        }
    }
}

/// The services' settings, and their admin addresses in the order of `SERVICES`.
fn variables(
    instance: &Instance,
    ports: &mut Ports,
    page: u16,
    postgres: &Postgres,
    amqp: &str,
) -> Result<(Variables, Vec<String>)> {
    let mut address =
        |name: &str| -> Result<String> { Ok(format!("127.0.0.1:{}", ports.take(name, None)?)) };
    let auth = address("auth-grpc")?;
    let ingest = address("ingest-grpc")?;
    let ingest_http = address("ingest-http")?;
    let admin = ["auth-admin", "ingest-admin", "dashboard-admin"]
        .into_iter()
        .map(&mut address)
        .collect::<Result<Vec<_>>>()?;
    let key = instance.remembered("vault-keys", || {
        let bytes = random_bytes::<32>()?;
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        Ok(format!("dev:{text}"))
    })?;
    let public_url = format!("http://127.0.0.1:{page}");
    let mut variables = vec![
        ("AUTH_GRPC_ADDR", auth.clone()),
        ("AUTH_REDIRECT_URL", redirect_url(&public_url)),
        ("AUTH_VAULT_KEYS", key),
        ("INGEST_AMQP_URL", amqp.to_owned()),
        ("INGEST_HTTP_ADDR", ingest_http),
        ("INGEST_GRPC_ADDR", ingest.clone()),
        ("INGEST_AUTH_URL", format!("http://{auth}")),
        ("DASHBOARD_AMQP_URL", amqp.to_owned()),
        ("DASHBOARD_HTTP_ADDR", format!("127.0.0.1:{page}")),
        ("DASHBOARD_AUTH_URL", format!("http://{auth}")),
        ("DASHBOARD_INGEST_URL", format!("http://{ingest}")),
        ("DASHBOARD_PUBLIC_URL", public_url),
    ];
    let databases = [
        ("AUTH_DATABASE_URL", "auth", "AUTH_ADMIN_ADDR"),
        ("INGEST_DATABASE_URL", "ingest", "INGEST_ADMIN_ADDR"),
        (
            "DASHBOARD_DATABASE_URL",
            "dashboard",
            "DASHBOARD_ADMIN_ADDR",
        ),
    ];
    for ((url, role, admin_variable), admin_address) in databases.into_iter().zip(&admin) {
        variables.push((url, postgres.database(role, role)?));
        variables.push((admin_variable, admin_address.clone()));
    }
    let variables = variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Ok((variables, admin))
}

impl Settings {
    /// Makes the simulator the PagerDuty of the services.
    fn point_at(&mut self, simulator: &str) {
        let values = [
            ("AUTH_PAGERDUTY_CLIENT_ID", demo::CLIENT_ID.to_owned()),
            (
                "AUTH_PAGERDUTY_CLIENT_SECRET",
                demo::CLIENT_SECRET.to_owned(),
            ),
            ("AUTH_PAGERDUTY_SCOPES", demo::SCOPES.to_owned()),
            ("AUTH_PAGERDUTY_IDENTITY_URL", simulator.to_owned()),
            (
                "AUTH_PAGERDUTY_ISSUERS",
                format!("{simulator}/global/oauth/anonymous"),
            ),
            (
                "AUTH_PAGERDUTY_API_URLS",
                format!("US={simulator},EU={simulator}/eu"),
            ),
            ("INGEST_PAGERDUTY_US_URL", simulator.to_owned()),
            ("INGEST_PAGERDUTY_EU_URL", format!("{simulator}/eu")),
            // The simulator has no limit here, so a share of it would only slow the demo down.
            ("INGEST_RATE_LIMIT_PER_MINUTE", "600000".to_owned()),
            ("INGEST_RATE_SHARE_PERCENT", "90".to_owned()),
        ];
        self.variables
            .extend(values.map(|(name, value)| (name.to_owned(), value)));
    }

    /// What the product mails ends in a folder.
    fn deliver_to(&mut self, mail: &Catcher) {
        let values = [
            ("AUTH_SMTP_URL", mail.url.clone()),
            ("AUTH_MAIL_FROM", "Quolum <quolum@localhost>".to_owned()),
        ];
        self.variables
            .extend(values.map(|(name, value)| (name.to_owned(), value)));
    }

    /// Every service gets its certificate, and finds the others by https.
    fn encrypt(&mut self, certificates: &Certificates) {
        for (name, value) in &mut self.variables {
            if matches!(
                name.as_str(),
                "INGEST_AUTH_URL" | "DASHBOARD_AUTH_URL" | "DASHBOARD_INGEST_URL"
            ) {
                *value = value.replacen("http://", "https://", 1);
            }
        }
        for service in SERVICES {
            let leaf = certificates.of(service);
            for (name, path) in [
                ("CERT", leaf.cert),
                ("KEY", leaf.key),
                ("CA", certificates.ca()),
            ] {
                self.variables
                    .push((format!("{}TLS_{name}", prefix(service)), text(&path)));
            }
            if service != "auth-service" {
                let name = format!("{}AMQP_CA_FILE", prefix(service));
                self.variables.push((name, text(&certificates.ca())));
            }
        }
    }

    /// A service refuses settings of its own prefix that it does not know, and needs none of the others.
    fn of(&self, service: &str) -> Variables {
        let prefix = prefix(service);
        self.variables
            .iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .cloned()
            .collect()
    }

    fn migrate(&self, instance: &Instance, pulse: &mut Pulse) -> Result<()> {
        for service in SERVICES {
            let mut command = Command::new(self.folder.join(service));
            command.arg("migrate").envs(self.of(service));
            let log = instance.log(&format!("{service}-migrate"));
            compile::logged(command, &log, pulse, MIGRATE)?;
        }
        Ok(())
    }

    fn start(
        &self,
        instance: &Instance,
        admin: &[String],
        pulse: &mut Pulse,
    ) -> Result<Vec<Supervised>> {
        let mut services = Vec::new();
        for service in SERVICES {
            let mut spec = Spec::new(service, self.folder.join(service)).args(["serve"]);
            spec.variables = self.of(service);
            services.push(Supervised::start(instance, spec)?);
        }
        for (service, admin) in services.iter_mut().zip(admin) {
            let address = format!("http://{admin}/readyz");
            service.wait_ready(READY, pulse, |_| http::is_ok(&address))?;
        }
        Ok(services)
    }
}

fn prefix(service: &str) -> &'static str {
    match service {
        "auth-service" => "AUTH_",
        "ingest-service" => "INGEST_",
        _ => "DASHBOARD_",
    }
}
