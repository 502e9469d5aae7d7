//! `cargo dev bench`: what the release build does on this machine, beside a reference of the same run.

use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::connect::{self, Session};
use crate::console::Journal;
use crate::demo::Demo;
use crate::instance::Instance;
use crate::provision::{self, Given, Needs};
use crate::services::{Setup, World};
use crate::table::Table;
use crate::{compile, down, load, procfs, report};

mod auth;
mod facts;

const LOAD_LENGTH: Duration = Duration::from_secs(5);
/// Resident memory of one service after a sync, in MB.
const MEMORY_BAR: f64 = 60.0;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run only this one.
    #[arg(value_parser = ["ingest", "dashboard", "auth"])]
    name: Option<String>,
    /// One JSON object per line instead of a table.
    #[arg(long)]
    json: bool,
}

/// One measured value.
#[derive(Debug)]
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// The same measure of something that does next to nothing, in the same run.
    reference: Option<f64>,
    /// The value must not be above it.
    bar: Option<f64>,
}

impl Figure {
    fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            reference: None,
            bar: None,
        }
    }

    fn is_ok(&self) -> bool {
        self.bar.is_none_or(|bar| self.value <= bar)
    }

    fn ratio(&self) -> Option<f64> {
        self.reference
            .filter(|reference| *reference > 0.0)
            .map(|reference| self.value / reference)
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "reference": self.reference,
            "ratio": self.ratio(),
            "bar": self.bar,
            "ok": self.is_ok(),
        })
    }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let instance = Instance::open("bench")?;
    down::end_stale(&instance);
    start_afresh(&instance)?;
    let mut journal = Journal::default();
    let needs = Needs {
        postgres: true,
        rabbitmq: true,
        ..Needs::default()
    };
    let programs = provision::ensure(&instance, &mut journal, needs)?;
    if options.name.as_deref() == Some("auth") {
        let figures = auth::measure(&instance, &mut journal, &programs)?;
        return Ok(verdict(options, &figures));
    }
    journal.step("build for release", |pulse| {
        compile::services(&instance, pulse, true)
    })?;
    let setup = Setup {
        demo: Some(Demo::remembered(&instance, Some("demo"), Some(1))?),
        release: true,
        given: Given {
            database_url: None,
            amqp_url: None,
        },
        tls: false,
    };
    let mut world = World::start(&instance, &mut journal, &programs, &setup)?;
    let figures = measure(options, &mut world, &mut journal);
    world.stop();
    let mut figures = figures?;
    if options
        .name
        .as_deref()
        .is_none_or(|name| name == "dashboard")
    {
        figures.extend(facts::measure(&instance, &mut journal, &programs)?);
    }
    if options.name.is_none() {
        figures.extend(auth::measure(&instance, &mut journal, &programs)?);
    }
    Ok(verdict(options, &figures))
}

fn verdict(options: &Options, figures: &[Figure]) -> ExitCode {
    tell(options, figures);
    if figures.iter().all(Figure::is_ok) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Every run measures a first sync.
fn start_afresh(instance: &Instance) -> Result<()> {
    let _ = fs::remove_file(instance.state.join("world"));
    fs::remove_dir_all(&instance.data)?;
    fs::create_dir_all(&instance.data).context("cannot make the data folder")
}

fn measure(options: &Options, world: &mut World, journal: &mut Journal) -> Result<Vec<Figure>> {
    let wants = |name: &str| options.name.as_deref().is_none_or(|wanted| wanted == name);
    connect::create_organization(world)?;
    let mut session = journal.step("sign in", |_| Session::sign_in(world))?;
    let (mut figures, ingest) = journal.step("first sync", |pulse| {
        session.connect(None)?;
        let before = cpu_ticks(world);
        let started = Instant::now();
        let connection = session.wait_for_sync(None, world, pulse)?;
        let took = started.elapsed();
        Ok((Vec::new(), after_sync(world, &connection, took, &before)?))
    })?;
    if wants("ingest") {
        figures.extend(ingest);
    }
    if wants("dashboard") {
        let found = journal.step("load on the dashboard", |_| dashboard(world, &session))?;
        figures.extend(found);
    }
    Ok(figures)
}

fn cpu_ticks(world: &World) -> Vec<(&'static str, u64)> {
    let ids = world.service_ids().into_iter();
    ids.map(|(name, pid)| (name, procfs::cpu_ticks(pid).unwrap_or(0)))
        .collect()
}

fn after_sync(
    world: &World,
    connection: &Value,
    took: Duration,
    before: &[(&'static str, u64)],
) -> Result<Vec<Figure>> {
    let none = Vec::new();
    let datasets = report::field(connection, "/sync/datasets")
        .as_array()
        .unwrap_or(&none);
    let records: i64 = datasets
        .iter()
        .map(|dataset| report::number(dataset, "/received"))
        .sum();
    let records = records as f64;
    let ticks = ticks_per_second()?;
    let mut figures = vec![
        Figure::new("ingest records", records, "records"),
        Figure::new("ingest first sync", took.as_secs_f64(), "s"),
        Figure::new(
            "ingest throughput",
            records / took.as_secs_f64(),
            "records/s",
        ),
    ];
    for ((name, before), (_, after)) in before.iter().zip(cpu_ticks(world)) {
        let seconds = after.saturating_sub(*before) as f64 / ticks;
        let per_records = seconds * 100_000.0 / records.max(1.0);
        figures.push(Figure::new(
            format!("ingest CPU of {name}"),
            per_records,
            "s/100k records",
        ));
    }
    for (name, pid) in world.service_ids() {
        let resident = procfs::resident_kb(pid).unwrap_or(0) as f64 / 1024.0;
        figures.push(Figure {
            bar: Some(MEMORY_BAR),
            ..Figure::new(format!("ingest memory of {name}"), resident, "MB")
        });
    }
    Ok(figures)
}

fn ticks_per_second() -> Result<f64> {
    let output = Command::new("getconf")
        .arg("CLK_TCK")
        .output()
        .context("cannot run getconf")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.trim().parse().context("getconf CLK_TCK is no number")
}

fn dashboard(world: &World, session: &Session) -> Result<Vec<Figure>> {
    let admin = world.admin.last().context("no admin address")?;
    let reference = load::run(&format!("http://{admin}/livez"), None, LOAD_LENGTH)?;
    let cookies = session.browser.cookie_header(&session.public_url)?;
    let mut figures = Vec::new();
    for (name, path) in [
        ("overview", "/api/v1/overview?window=90"),
        ("users", "/api/v1/users?window=90&limit=200"),
    ] {
        let url = format!("{}{path}", session.public_url);
        let found = load::run(&url, cookies.as_deref(), LOAD_LENGTH)?;
        figures.push(Figure {
            reference: Some(reference.per_second),
            ..Figure::new(format!("dashboard {name}"), found.per_second, "requests/s")
        });
        figures.push(Figure {
            reference: Some(reference.p99_ms),
            ..Figure::new(format!("dashboard {name} p99"), found.p99_ms, "ms")
        });
    }
    Ok(figures)
}

fn tell(options: &Options, figures: &[Figure]) {
    if options.json {
        for figure in figures {
            println!("{}", figure.json());
        }
        return;
    }
    println!("\n{}", table(figures));
}

fn table(figures: &[Figure]) -> String {
    let optional = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
    let mut table = Table::new(["figure", "value", "unit", "reference", "ratio", "bar", ""]);
    for figure in figures {
        table.row([
            figure.name.clone(),
            format!("{:.2}", figure.value),
            figure.unit.to_owned(),
            optional(figure.reference),
            figure
                .ratio()
                .map_or("-".to_owned(), |ratio| format!("{ratio:.4}")),
            figure.bar.map_or("-".to_owned(), |bar| format!("<= {bar}")),
            if figure.is_ok() { "ok" } else { "SHORT" }.to_owned(),
        ]);
    }
    table.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_above_its_bar_falls_short() {
        let figure = Figure {
            bar: Some(60.0),
            ..Figure::new("memory", 61.0, "MB")
        };
        assert!(!figure.is_ok());
        assert!(table(&[figure]).contains("SHORT"));
    }

    #[test]
    fn a_figure_is_printed_as_one_json_object_with_its_ratio() {
        let figure = Figure {
            reference: Some(1000.0),
            ..Figure::new("dashboard overview", 250.0, "requests/s")
        };
        assert_eq!(
            figure.json(),
            json!({"name": "dashboard overview", "value": 250.0, "unit": "requests/s",
                   "reference": 1000.0, "ratio": 0.25, "bar": null, "ok": true})
        );
    }
}
