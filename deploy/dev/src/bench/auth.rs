//! Leases of tokens over mutual TLS, beside an empty call. The measuring is auth-service's own
//! benchmark; here it gets a database and its figures are read.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Figure;
use crate::compile::{self, BUILD_LIMIT};
use crate::console::Journal;
use crate::instance::Instance;
use crate::prepare;
use crate::provision::Programs;

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
    let log = instance.log("bench-auth");
    journal.step("build and measure leases", |pulse| {
        let arguments = ["bench", "-p", "auth-service", "--bench", "lease"];
        let mut command = compile::cargo(&instance.workspace, &arguments);
        command.env("DATABASE_URL", &postgres.url);
        compile::logged(command, &log, pulse, BUILD_LIMIT)
    })?;
    let text = fs::read_to_string(&log).context("cannot read what was measured")?;
    let figures: Vec<_> = text.lines().filter_map(figure).collect();
    ensure!(!figures.is_empty(), "{} holds no figures", log.display());
    Ok(figures)
}

fn figure(line: &str) -> Option<Figure> {
    let told: Value = serde_json::from_str(line).ok()?;
    let unit = match told.get("unit")?.as_str()? {
        "calls/s" => "calls/s",
        "ms" => "ms",
        _ => "empty calls",
    };
    let number = |name: &str| told.get(name).and_then(Value::as_f64);
    Some(Figure {
        reference: number("reference"),
        bar: number("bar"),
        ..Figure::new(told.get("name")?.as_str()?, number("value")?, unit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_is_a_figure_and_anything_else_is_none() {
        let read = figure(
            r#"{"name":"auth lease p99","value":1.5,"unit":"ms","reference":0.5,"bar":2.0}"#,
        );
        let read = read.expect("a figure");
        assert!(read.is_ok());
        assert_eq!((read.ratio(), read.unit), (Some(3.0), "ms"));
        assert!(figure("   Compiling auth-service").is_none());
    }
}
