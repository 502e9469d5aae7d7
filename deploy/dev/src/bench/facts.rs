//! Facts with their rollups beside a plain COPY, and the crunch of a large organization. The
//! measuring is dashboard-api's own benchmark; here it gets a database and a broker, and its figures
//! are read and held against their bars.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Figure;
use crate::compile::{self, BUILD_LIMIT};
use crate::console::Journal;
use crate::instance::Instance;
use crate::ports::Ports;
use crate::prepare;
use crate::provision::Programs;
use crate::rabbitmq::RabbitMq;

/// Least part of COPY's rows per second.
const CONSUMER_SHARE: f64 = 0.45;
/// Longest crunch of 2,000 users and 5 million log entries, in seconds.
const CRUNCH_SECONDS: f64 = 5.0;
/// Most resident memory meanwhile, in MB.
const MEMORY_MB: f64 = 128.0;

pub(super) fn measure(
    instance: &Instance,
    journal: &mut Journal,
    programs: &Programs,
) -> Result<Vec<Figure>> {
    let _ = fs::remove_dir_all(&instance.data);
    fs::create_dir_all(&instance.data).context("cannot make the data folder")?;
    let postgres = journal.step("start a scratch PostgreSQL", |pulse| {
        prepare::scratch_postgres(instance, programs, None, pulse)
    })?;
    let rabbitmq = journal.step("start a scratch RabbitMQ", |pulse| {
        let found = programs.rabbitmq.as_ref().context("RabbitMQ is missing")?;
        let mut ports = Ports::load(instance.state.join("ports"), instance.number());
        RabbitMq::start(instance, &mut ports, found, None, pulse)
    })?;
    let log = instance.log("bench-facts");
    journal.step("build and measure facts", |pulse| {
        let arguments = [
            "bench",
            "-p",
            "dashboard-api",
            "--bench",
            "dashboard",
            "--",
            "--database",
            &postgres.url,
            "--amqp",
            &rabbitmq.url,
        ];
        let command = compile::cargo(&instance.workspace, &arguments);
        compile::logged(command, &log, pulse, BUILD_LIMIT)
    })?;
    let text = fs::read_to_string(&log).context("cannot read what was measured")?;
    let figures: Vec<_> = text.lines().filter_map(figure).collect();
    ensure!(!figures.is_empty(), "{} holds no figures", log.display());
    Ok(figures)
}

fn figure(line: &str) -> Option<Figure> {
    let told: Value = serde_json::from_str(line).ok()?;
    let number = |name: &str| told.get(name).and_then(Value::as_f64);
    let name = told.get("name")?.as_str()?;
    let (unit, bar) = match name {
        _ if name.ends_with("seconds") => ("s", Some(CRUNCH_SECONDS)),
        _ if name.ends_with("MB") => ("MB", Some(MEMORY_MB)),
        _ => ("rows/s", None),
    };
    let (value, reference) = (number("value")?, number("reference"));
    let share = reference.is_some_and(|reference| value < CONSUMER_SHARE * reference);
    Some(Figure {
        reference,
        // A figure may not be above its bar; one that must not be below fails at once.
        bar: if share { Some(0.0) } else { bar },
        ..Figure::new(format!("dashboard {name}"), value, unit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_slower_than_its_share_of_copy_falls_short() {
        let read = |value: f64| {
            let line = format!(
                r#"{{"name":"consumer with rollups","value":{value},"reference":100000.0}}"#
            );
            figure(&line).expect("a figure").is_ok()
        };
        assert!(read(45_000.0));
        assert!(!read(44_999.0));
        assert!(figure("   Compiling dashboard-api").is_none());
    }
}
