//! The command line.

use std::process::ExitCode;

use anyhow::Context;
use chassis::{
    Clock, Lifecycle,
    config::{EXIT_BAD_SETTINGS, Effective, otlp_configured},
    telemetry::Telemetry,
};
use clap::{Parser, Subcommand};

use crate::{Config, Service, migrate};

/// Synchronizes PagerDuty accounts into facts.
#[derive(Debug, Parser)]
#[command(name = "ingest-service", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Serve until SIGTERM (the default).
    Serve,
    /// Bring the database to this version.
    Migrate,
    /// Show the effective settings, secrets redacted.
    CheckConfig,
    /// Show the version.
    Version,
    /// Ask the service that runs here whether it is ready.
    Health,
}

impl Cli {
    /// Does what was asked.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let command = self.command.unwrap_or(Command::Serve);
        if let Command::Version = command {
            show(concat!("ingest-service ", env!("CARGO_PKG_VERSION")));
            return Ok(ExitCode::SUCCESS);
        }
        if let Command::Health = command {
            show(&chassis::health::check("INGEST_", "INGEST_ADMIN_ADDR")?);
            return Ok(ExitCode::SUCCESS);
        }
        let (config, effective) = match Config::from_environment() {
            Ok(read) => read,
            Err(error) => {
                complain(&error.to_string());
                return Ok(ExitCode::from(EXIT_BAD_SETTINGS));
            }
        };
        match command {
            Command::CheckConfig => check_config(&effective),
            Command::Migrate => migrate(&config).await.map(|()| ExitCode::SUCCESS),
            Command::Serve | Command::Version | Command::Health => serve(config).await,
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<ExitCode> {
    let telemetry = Telemetry::install("ingest-service", otlp_configured())?;
    let lifecycle = Lifecycle::new();
    let built = Service::build(
        config,
        Clock::System,
        Some(telemetry.metrics()),
        lifecycle.clone(),
    )
    .await;
    let service =
        built.inspect_err(|error| tracing::error!(error = format!("{error:#}"), "cannot start"))?;
    service.spawn();
    let code = lifecycle.run().await.context("signals")?;
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    Ok(code)
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "one arm of a match whose other arms can fail"
)]
fn check_config(effective: &[Effective]) -> anyhow::Result<ExitCode> {
    for setting in effective {
        show(&setting.to_string());
    }
    Ok(ExitCode::SUCCESS)
}

#[allow(clippy::print_stdout, reason = "the answer of a command")]
fn show(line: &str) {
    println!("{line}");
}

#[allow(clippy::print_stderr, reason = "before there is a log")]
fn complain(line: &str) {
    eprintln!("{line}");
}
