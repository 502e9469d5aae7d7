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
    http, parked,
    service::Service,
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
    /// Prints the description of the HTTP API (OpenAPI 3.1).
    Openapi,
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
        Command::Parked { command } => parked_messages(command, &config).await,
        Command::Serve | Command::Version | Command::Openapi => serve(config).await,
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
    let broker = Broker::new(config.amqp_url.clone());
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
