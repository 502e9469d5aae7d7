//! Starts ingest-service.

use std::process::ExitCode;

use clap::Parser;
use ingest_service::cli::Cli;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    Cli::parse().run().await
}
