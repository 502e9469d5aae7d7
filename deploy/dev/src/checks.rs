//! `cargo dev test`: every check there is, one after the other, with a table at the end.

use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::certificates::Certificates;
use crate::compile::{self, BUILD_LIMIT};
use crate::console::{self, Journal, Pulse, seconds};
use crate::instance::Instance;
use crate::ports::Ports;
use crate::postgres::Postgres;
use crate::provision::{self, Needs, Programs};
use crate::rabbitmq::RabbitMq;
use crate::scorecard::{self, Row, Verdict};
use crate::{down, manifests, page, prepare, tools};

/// The services' own roles, as whom the tests connect.
const ROLES: [&str; 3] = ["auth", "ingest", "dashboard"];

/// What of the system is also tested over TLS each time: one run through every service and server.
const OVER_TLS: &str = "trace::";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Leave out the browser and the system tests.
    #[arg(long)]
    quick: bool,
    /// Run the system tests alone, with everything between services and servers encrypted.
    #[arg(long)]
    tls: bool,
    /// Run only Rust tests whose name contains this.
    filter: Option<String>,
}

/// One run of the checks.
#[derive(Debug)]
struct Run<'a> {
    options: &'a Options,
    instance: &'a Instance,
    programs: Programs,
    servers: Option<Servers>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Servers {
    postgres: Postgres,
    rabbitmq: RabbitMq,
    /// Set when everything is encrypted.
    certificates: Option<Certificates>,
}

/// How the servers are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Clear,
    Encrypted,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let instance = Instance::open("test")?;
    down::end_stale(&instance);
    let needs = Needs {
        postgres: true,
        rabbitmq: true,
        node: options.filter.is_none() && !options.tls,
        browser: !options.quick,
        manifests: !options.quick && !options.tls && options.filter.is_none(),
    };
    let programs = provision::ensure(&instance, &mut Journal::default(), needs)?;
    let mut run = Run {
        options,
        instance: &instance,
        programs,
        servers: None,
        rows: Vec::new(),
    };
    if options.tls {
        run.start_servers(Wire::Encrypted);
        run.system_tests("system tests over TLS", options.filter.as_deref());
    } else {
        run.everything();
    }
    let code = run.finish();
    console::check_interrupted()?;
    Ok(code)
}

impl Run<'_> {
    fn everything(&mut self) {
        let filter = self.options.filter.as_deref();
        if filter.is_none() {
            self.static_checks();
        }
        self.start_servers(Wire::Clear);
        self.rust_tests();
        if filter.is_none() {
            self.generated();
        }
        if self.options.quick {
            return;
        }
        self.system_tests("system tests", filter);
        if filter.is_none() {
            self.start_servers(Wire::Encrypted);
            self.system_tests("system tests over TLS", Some(OVER_TLS));
        }
    }

    /// What needs no server.
    fn static_checks(&mut self) {
        self.cargo_step("format", &["fmt", "--all", "--check"], &[]);
        self.page();
        let lint = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        self.cargo_step("lints", &lint, &[]);
        let docs = ["doc", "--workspace", "--no-deps"];
        self.cargo_step("documentation", &docs, &[("RUSTDOCFLAGS", "-D warnings")]);
        if !self.options.quick {
            self.step("manifests", |run, pulse| {
                manifests::verify(run.instance, pulse)
            });
        }
    }

    /// Runs a step and remembers its verdict; its failure does not end the run.
    fn step(
        &mut self,
        name: &'static str,
        work: impl FnOnce(&mut Self, &mut Pulse) -> Result<String>,
    ) -> bool {
        if console::is_interrupted() {
            return false;
        }
        println!("  >>  {name}");
        let started = Instant::now();
        let outcome = work(self, &mut Pulse::new(name));
        let took = started.elapsed();
        let verdict = match outcome {
            Ok(detail) => Verdict::Passed(detail),
            Err(error) => {
                println!("{error:#}");
                Verdict::Failed
            }
        };
        let passed = verdict != Verdict::Failed;
        let word = if passed { "ok" } else { "FAILED" };
        println!("      {word} {}", seconds(took));
        self.rows.push(Row {
            name,
            took,
            verdict,
        });
        passed
    }

    fn skip(&mut self, name: &'static str, why: &'static str) {
        println!("  >>  {name}: left out, {why}");
        self.rows.push(Row {
            name,
            took: Duration::ZERO,
            verdict: Verdict::Skipped(why),
        });
    }

    fn cargo_step(
        &mut self,
        name: &'static str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> bool {
        self.step(name, |run, pulse| {
            let mut command = compile::cargo(&run.instance.workspace, arguments);
            command.envs(variables.iter().copied());
            run.logged(command, name, pulse)
        })
    }

    fn logged(&self, command: Command, name: &str, pulse: &mut Pulse) -> Result<String> {
        let log = self.instance.log(&name.replace([' ', '\''], "-"));
        compile::logged(command, &log, pulse, BUILD_LIMIT)?;
        Ok(scorecard::summary(
            &fs::read_to_string(&log).unwrap_or_default(),
        ))
    }

    /// The page comes first: the services embed what it builds.
    fn page(&mut self) {
        let steps = [
            ("page: lint", "lint"),
            ("page: types", "typecheck"),
            ("page: unit tests", "test"),
            ("page: build", "build"),
        ];
        if self.programs.node.is_none() {
            self.skip("page", "Node.js is missing or too old");
            return;
        }
        let installed = self.step("page: packages", |run, _| {
            page::install(run.instance, &mut Journal::default())?;
            Ok(String::new())
        });
        if !installed {
            return;
        }
        for (name, script) in steps {
            self.step(name, |run, pulse| {
                let web = run.instance.workspace.web();
                run.logged(page::npm(&web, &["run", script]), script, pulse)
            });
        }
    }

    /// In the place of those that may run already.
    fn start_servers(&mut self, wire: Wire) {
        let name = match wire {
            Wire::Clear => "private servers",
            Wire::Encrypted => "private servers with TLS",
        };
        self.step(name, |run, pulse| {
            run.stop_servers();
            let _ = fs::remove_dir_all(&run.instance.data);
            fs::create_dir_all(&run.instance.data)?;
            let certificates = match wire {
                Wire::Clear => None,
                Wire::Encrypted => Some(Certificates::make(run.instance)?),
            };
            let certified = certificates.as_ref();
            let postgres =
                prepare::scratch_postgres(run.instance, &run.programs, certified, pulse)?;
            for role in ROLES {
                postgres.role(role)?;
            }
            let mut ports = Ports::load(run.instance.state.join("ports"), run.instance.number());
            let found = run
                .programs
                .rabbitmq
                .as_ref()
                .context("RabbitMQ is missing")?;
            let rabbitmq = RabbitMq::start(run.instance, &mut ports, found, certified, pulse)?;
            run.servers = Some(Servers {
                postgres,
                rabbitmq,
                certificates,
            });
            Ok(String::new())
        });
    }

    fn rust_tests(&mut self) {
        if self.servers.is_none() {
            self.skip("Rust tests", "the servers did not start");
            return;
        }
        self.step("Rust tests", |run, pulse| {
            let command = run.test_command(false, run.options.filter.as_deref());
            run.logged(command, "rust-tests", pulse)
        });
    }

    fn system_tests(&mut self, name: &'static str, filter: Option<&str>) {
        let page_failed = self
            .rows
            .iter()
            .any(|row| row.name == "page: build" && row.verdict == Verdict::Failed);
        if page_failed {
            self.skip(name, "the page could not be built");
            return;
        }
        if self.servers.is_none() {
            self.skip(name, "the servers did not start");
            return;
        }
        self.step(name, |run, pulse| {
            let mut command = run.test_command(true, filter);
            let browser = tools::browser().context("no browser: install the package chromium")?;
            command.env("SYSTEM_BROWSER", browser);
            run.logged(command, name, pulse)
        });
    }

    /// Always builds the whole workspace, so that both runs share one build.
    fn test_command(&self, system: bool, filter: Option<&str>) -> Command {
        let expression = if system {
            "package(system)"
        } else {
            "not package(system)"
        };
        let mut arguments = if has_nextest() {
            let mut words = vec![
                "nextest",
                "run",
                "--workspace",
                "--no-fail-fast",
                "--no-tests=pass",
            ];
            words.extend(["-E", expression]);
            words
        } else if system {
            vec!["test", "-p", "system"]
        } else {
            vec![
                "test",
                "--workspace",
                "--exclude",
                "system",
                "--no-fail-fast",
            ]
        };
        arguments.extend(filter);
        let mut command = compile::cargo(&self.instance.workspace, &arguments);
        if let Some(servers) = &self.servers {
            command.env("DATABASE_URL", &servers.postgres.url);
            command.env("TEST_AMQP_URL", &servers.rabbitmq.url);
            if let Some(certificates) = &servers.certificates {
                command.env("SYSTEM_TLS", certificates.folder());
            }
        }
        command
    }

    fn generated(&mut self) {
        if self.servers.is_none() {
            self.skip("generated files", "the servers did not start");
            return;
        }
        self.step("generated files", |run, pulse| {
            let servers = run.servers.as_ref().context("the servers did not start")?;
            let generator = prepare::Generator {
                instance: run.instance,
                postgres: &servers.postgres,
                check: true,
                has_node: run.programs.node.is_some(),
            };
            generator.verify(pulse)?;
            Ok(String::new())
        });
    }

    fn stop_servers(&mut self) {
        if let Some(mut servers) = self.servers.take() {
            for server in &mut servers.rabbitmq.servers {
                server.release();
            }
        }
    }

    fn finish(mut self) -> ExitCode {
        self.stop_servers();
        println!("\n{}", scorecard::table(&self.rows));
        let (line, passed) = scorecard::closing(&self.rows);
        println!("{line}");
        if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn has_nextest() -> bool {
    tools::which("cargo-nextest").is_some()
}
