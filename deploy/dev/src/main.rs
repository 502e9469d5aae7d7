//! `cargo dev`: everything a person needs to run, test and measure the product on one machine.
//!
//! It starts private PostgreSQL and RabbitMQ instances, so it never touches what the machine runs already.
//! What the services do belongs to them; this crate only knows their command lines, settings and HTTP API.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person in front of it"
)]

mod account;
mod apt;
mod bench;
mod browser;
mod certificates;
mod checks;
mod compile;
mod connect;
mod console;
mod demo;
mod down;
mod environment;
mod guard;
mod http;
mod instance;
mod load;
mod mail;
mod manifests;
mod markup;
mod page;
mod ports;
mod postgres;
mod prepare;
mod procfs;
mod provision;
mod rabbitmq;
mod report;
mod scorecard;
mod services;
mod settings;
mod supervised;
mod table;
mod tools;
mod truth;
mod up;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", about, version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the product on this machine with a simulated PagerDuty, or with a real account.
    Up(up::Options),
    /// Stop whatever an earlier start left running.
    Down,
    /// Stop everything and delete the data.
    Reset,
    /// Run every check: format, lints, documentation, tests, the page, the whole system.
    Test(checks::Options),
    /// Regenerate what is committed but generated: offline query data, the OpenAPI file, the typed client.
    Prepare {
        /// Change nothing; fail and name the files that differ.
        #[arg(long)]
        check: bool,
    },
    /// Check what is under deploy/: manifests, chart, image file, alert rules.
    Manifests,
    /// Measure, and compare with the bars.
    Bench(bench::Options),
    /// Keep one child alive no longer than the tool itself.
    #[command(hide = true)]
    Guard(guard::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Guard(options) = cli.command {
        return guard::run(&options);
    }
    let outcome = console::watch_signals().and_then(|()| match cli.command {
        Command::Up(options) => up::run(&options),
        Command::Down => down::run(),
        Command::Reset => down::reset(),
        Command::Test(options) => checks::run(&options),
        Command::Prepare { check } => prepare::run(check),
        Command::Manifests => manifests::run(),
        Command::Bench(options) => bench::run(&options),
        Command::Guard(_) => Ok(ExitCode::SUCCESS),
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
