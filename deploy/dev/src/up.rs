//! `cargo dev up`: from a checkout to a page with numbers on it.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::connect::{self, Session};
use crate::console::{self, Journal};
use crate::demo::Demo;
use crate::instance::Instance;
use crate::provision::{self, Given, Needs};
use crate::services::{Setup, World, redirect_url};
use crate::{compile, down, environment, page, report, truth};

const POLL: Duration = Duration::from_millis(300);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print the report and stop, instead of serving until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Start everything, but leave connecting to the person in front of the page.
    #[arg(long)]
    no_connect: bool,
    /// How much the simulated account holds.
    #[arg(long, value_parser = ["small", "demo", "large"])]
    size: Option<String>,
    /// Another seed gives another account of the same size.
    #[arg(long)]
    seed: Option<u64>,
    /// Encrypt everything between the services, the database and the broker, with an authority of its own.
    #[arg(long)]
    tls: bool,
    /// Say where data, logs and ports are.
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    start(options).inspect_err(|_| eprintln!("\n{NEXT_STEP}"))
}

fn start(options: &Options) -> Result<ExitCode> {
    let instance = Instance::open("up")?;
    down::end_stale(&instance);
    let mut journal = Journal::default();
    let setup = Setup {
        demo: if environment::has_real_pagerduty() {
            None
        } else {
            Some(Demo::remembered(
                &instance,
                options.size.as_deref(),
                options.seed,
            )?)
        },
        release: false,
        given: Given::from_environment(),
        tls: options.tls,
    };
    let mut world = build_and_start(&instance, &mut journal, &setup)?;
    if options.verbose {
        tell_places(&instance, &world);
    }
    let outcome = show(options, &setup, &mut world, &mut journal).and_then(|()| {
        if options.once {
            Ok(())
        } else {
            serve(&mut world)
        }
    });
    println!("\nstopping");
    world.stop();
    if console::is_interrupted() && !options.once {
        return Ok(ExitCode::SUCCESS);
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

/// What a person can do about a failed start.
const NEXT_STEP: &str = "next: look at the log named above; `cargo dev up` tries again with the same data, \
     `cargo dev reset` starts afresh";

fn build_and_start(instance: &Instance, journal: &mut Journal, setup: &Setup) -> Result<World> {
    let needs = Needs {
        postgres: setup.given.database_url.is_none(),
        rabbitmq: setup.given.amqp_url.is_none(),
        node: true,
        browser: false,
        ..Needs::default()
    };
    let programs = provision::ensure(instance, journal, needs)?;
    if programs.node.is_some() {
        page::build(instance, journal)?;
    }
    journal.step("build the services", |pulse| {
        compile::services(instance, pulse, false)
    })?;
    World::start(instance, journal, &programs, setup)
}

fn tell_places(instance: &Instance, world: &World) {
    println!("      state and logs   {}", instance.state.display());
    println!("      server data      {}", instance.data.display());
    println!("      admin addresses  {}", world.admin.join(", "));
    println!("      mail             {}", world.mail.folder.display());
    if let Some(simulator) = &world.simulator {
        println!("      PagerDuty        {}", simulator.url);
    }
}

fn show(options: &Options, setup: &Setup, world: &mut World, journal: &mut Journal) -> Result<()> {
    let Some(demo) = &setup.demo else {
        tell_next_steps(world);
        return Ok(());
    };
    journal.step("make the demo organization", |_| {
        connect::create_organization(world)
    })?;
    if !options.no_connect {
        let (connection, overview) = first_look(world, journal)?;
        println!(
            "\n{}",
            report::render(&connection, &overview, environment::now())
        );
        tell_truth(world, &overview);
        println!(
            "  simulated account: size {}, seed {}, history up to {}; its rate limit is off here",
            demo.size, demo.seed, demo.anchor
        );
    }
    println!("\n{}", report::times(&journal.steps));
    println!("  page     {}", world.public_url);
    println!("  sign in  {}", connect::sign_in_link(world)?);
    Ok(())
}

/// Connects, waits for the numbers and answers the connection and the overview.
fn first_look(world: &mut World, journal: &mut Journal) -> Result<(Value, Value)> {
    let mut session = journal.step("sign in", |_| Session::sign_in(world))?;
    let known = session.connection()?;
    let id = known
        .as_ref()
        .map(|known| report::text(known, "/id").to_owned());
    let before = known
        .as_ref()
        .map(|known| report::text(known, "/sync/run_id").to_owned());
    // A simulator that was started again has forgotten whom it gave access.
    journal.step("connect PagerDuty (OAuth round trip)", |_| {
        session.connect(id.as_deref())
    })?;
    let connection = journal.step("read the account", |pulse| {
        session.wait_for_sync(before.as_deref(), world, pulse)
    })?;
    let overview = journal.step("read the numbers", |_| session.read("/overview?window=90"))?;
    Ok((connection, overview.unwrap_or_default()))
}

/// The simulator knows what the numbers must be; says whether they are.
fn tell_truth(world: &World, overview: &Value) {
    let Some(simulator) = &world.simulator else {
        return;
    };
    match truth::ask(&simulator.url, overview) {
        Ok(found) if found.differences.is_empty() => println!(
            "  compared with the simulator's own truth: all {} numbers agree",
            found.compared
        ),
        Ok(found) => {
            println!(
                "  !!  {} of {} numbers differ from the simulator's own truth:",
                found.differences.len(),
                found.compared
            );
            for difference in &found.differences {
                println!("      {difference}");
            }
        }
        Err(error) => println!("  !!  the simulator's own truth could not be read: {error:#}"),
    }
}

fn tell_next_steps(world: &World) {
    println!("\n  Running against PagerDuty itself with the settings from the environment.");
    println!(
        "  Register this redirect URL with your PagerDuty app: {}",
        redirect_url(&world.public_url)
    );
    println!(
        "  Then make your organization and sign in, in another terminal with the same settings:"
    );
    println!("      auth-service org create --name NAME --owner-email YOU@EXAMPLE.COM");
    println!("      auth-service sign-in-link --email YOU@EXAMPLE.COM");
    println!("  and press Connect on {}/connections", world.public_url);
}

fn serve(world: &mut World) -> Result<()> {
    println!("\n  serving; Ctrl-C stops everything");
    while !console::is_interrupted() {
        world.check()?;
        std::thread::sleep(POLL);
    }
    Ok(())
}
