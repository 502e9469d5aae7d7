//! Entry point: parses the command line and hands over.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    auth_service::cli::run(auth_service::cli::Cli::parse()).await
}
