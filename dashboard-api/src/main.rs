//! dashboard-api: starts what the command line asks for.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use dashboard_api::cli::{self, Cli};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli::run(cli).await {
        Ok(code) => code,
        Err(error) => {
            writeln!(std::io::stderr(), "dashboard-api: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}
