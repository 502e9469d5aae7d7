//! The command line.

use std::{io::Write, process::ExitCode};

use anyhow::Context;
use chassis::{
    Clock, Lifecycle,
    config::{EXIT_BAD_SETTINGS, Effective, otlp_configured},
    telemetry::Telemetry,
};
use clap::{Parser, Subcommand};

use crate::{
    config::{Config, Role},
    consumer::Broker,
    crunch::Cruncher,
    evidence_bundle, http,
    metrics::Metrics,
    parked, rebuild,
    service::{Service, open},
    store::Store,
};

/// Facts to answers: consumer, crunch, HTTP API and the web page.
#[derive(Debug, Parser)]
#[command(name = "dashboard-api")]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Which parts run in this process.
    #[arg(long, value_enum, default_value_t, global = true)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves and consumes until it is told to stop. The default.
    Serve,
    /// Brings the database's schema up to this binary.
    Migrate,
    /// Reads the settings and shows them without secrets.
    CheckConfig,
    /// Prints the version.
    Version,
    /// Asks the service that runs here whether it is ready.
    Health,
    /// Prints the description of the HTTP API (OpenAPI 3.1).
    Openapi,
    /// Derives rollups and answers again from the facts; they must come out the same.
    Rebuild {
        /// Only this organization (UUID).
        #[arg(long)]
        org: Option<proto::OrgId>,
    },
    /// Checks an evidence file, offline.
    VerifyEvidence {
        /// The downloaded JSON file.
        file: std::path::PathBuf,
    },
    /// Messages that could not be stored.
    Parked {
        #[command(subcommand)]
        command: ParkedCommand,
    },
}

#[derive(Debug, Subcommand)]
enum ParkedCommand {
    /// One line of JSON for each, the oldest first.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        limit: usize,
    },
    /// Sends all of them again.
    Replay,
}

/// Runs the command and answers the process's exit code.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Some(Command::Version) => print(env!("CARGO_PKG_VERSION")),
        Some(Command::Health) => print(&chassis::health::check(
            "DASHBOARD_",
            "DASHBOARD_ADMIN_ADDR",
        )?),
        Some(Command::VerifyEvidence { file }) => verify_evidence(&file),
        Some(Command::Openapi) => {
            let document = http::openapi()
                .to_pretty_json()
                .context("the description")?;
            print(&document)
        }
        command => {
            let (config, effective) = match Config::from_environment(cli.role) {
                Ok(read) => read,
                Err(mistakes) => return refuse(&mistakes.to_string()),
            };
            with_settings(command.unwrap_or(Command::Serve), config, &effective).await
        }
    }
}

async fn with_settings(
    command: Command,
    config: Config,
    effective: &[Effective],
) -> anyhow::Result<ExitCode> {
    match command {
        Command::CheckConfig => {
            let lines: Vec<_> = effective.iter().map(ToString::to_string).collect();
            print(&lines.join("\n"))
        }
        Command::Migrate => {
            let store = Store::lazy(&config.database_url).context("DASHBOARD_DATABASE_URL")?;
            store
                .migrate()
                .await
                .context("the schema could not be brought up")?;
            print("the schema is up to date")
        }
        Command::Rebuild { org } => rebuild_answers(org, &config).await,
        Command::Parked { command } => parked_messages(command, &config).await,
        Command::Serve
        | Command::Version
        | Command::Health
        | Command::Openapi
        | Command::VerifyEvidence { .. } => serve(config).await,
    }
}

async fn rebuild_answers(org: Option<proto::OrgId>, config: &Config) -> anyhow::Result<ExitCode> {
    let store = open(&config.database_url).await?;
    let cruncher = Cruncher::new(store.clone(), Clock::System, Metrics);
    let rebuilt = rebuild::rebuild(&store, &cruncher, org, Clock::System.now()).await?;
    print(&serde_json::to_string(&rebuilt)?)
}

fn verify_evidence(file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let text = std::fs::read(file).with_context(|| file.display().to_string())?;
    match evidence_bundle::verify(&text) {
        Ok(found) => print(&format!(
            "the file holds: {} records, rules {}, sha256 {}",
            found.records, found.rules, found.sha256
        )),
        Err(forged) => {
            writeln!(std::io::stderr(), "the file does not hold: {forged}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<ExitCode> {
    let telemetry = Telemetry::install("dashboard-api", otlp_configured())?;
    let lifecycle = Lifecycle::new();
    let metrics = Some(telemetry.metrics());
    let built = Service::build(config, Clock::System, metrics, lifecycle.clone()).await;
    let ended = match built {
        Ok(service) => {
            service.spawn();
            lifecycle.run().await.context("signals")
        }
        Err(error) => Err(error),
    };
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    ended
}

async fn parked_messages(command: ParkedCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let broker = Broker::new(config.amqp_url.clone()).trusting(config.amqp_ca.as_ref());
    match command {
        ParkedCommand::List { limit } => {
            for one in parked::list(&broker, limit).await? {
                print(&serde_json::to_string(&one)?)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        ParkedCommand::Replay => {
            let count = parked::replay(&broker).await?;
            print(&format!("{count} messages replayed"))
        }
    }
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

fn refuse(text: &str) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stderr(), "{text}")?;
    Ok(ExitCode::from(EXIT_BAD_SETTINGS))
}
