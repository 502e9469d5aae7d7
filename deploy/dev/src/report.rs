//! What a first look at an account tells, in plain text.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::console::seconds;
use crate::table::{Table, grouped};

const CLASSES: [&str; 9] = [
    "active", "viewer", "standby", "idle", "never", "pending", "new", "unknown", "exempt",
];
const TOP: usize = 5;

pub(crate) fn field<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    field(value, pointer).as_str().unwrap_or_default()
}

pub(crate) fn number(value: &Value, pointer: &str) -> i64 {
    field(value, pointer).as_i64().unwrap_or(0)
}

/// The report of one connection and its newest generation.
pub(crate) fn render(connection: &Value, overview: &Value, now: Timestamp) -> String {
    let mut out = String::new();
    head(&mut out, connection, overview, now);
    seats(&mut out, overview);
    features(&mut out, overview);
    datasets(&mut out, connection, overview);
    out
}

/// Wall times of the steps that took noticeable time.
pub(crate) fn times(steps: &[(String, Duration)]) -> String {
    let mut table = Table::new(["step", "wall time"]);
    for (name, took) in steps {
        if *took >= Duration::from_millis(100) {
            table.row([name.clone(), seconds(*took)]);
        }
    }
    let total = steps.iter().map(|(_, took)| *took).sum();
    table.row(["total".to_owned(), seconds(total)]);
    table.render()
}

fn head(out: &mut String, connection: &Value, overview: &Value, now: Timestamp) {
    let as_of = text(overview, "/as_of");
    let age = as_of
        .parse::<Timestamp>()
        .map(|as_of| age(now.as_second() - as_of.as_second()))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "PagerDuty account {} ({}) · last {} days · data as of {as_of} ({age} old) · generation {}\n",
        text(connection, "/subdomain"),
        text(connection, "/region"),
        number(overview, "/window_days"),
        field(overview, "/generation"),
    );
}

fn age(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{} s", seconds.max(0)),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn seats(out: &mut String, overview: &Value) {
    let utilization = field(overview, "/utilization_percent")
        .as_f64()
        .map_or("not known yet".to_owned(), |percent| {
            format!("{percent:.1} %")
        });
    let _ = writeln!(
        out,
        "  seats {} · active {} · utilization {utilization}",
        grouped(number(overview, "/seats/total")),
        grouped(number(overview, "/seats/by_class/active")),
    );
    let classes: Vec<String> = CLASSES
        .iter()
        .map(|class| (class, number(overview, &format!("/seats/by_class/{class}"))))
        .filter(|(_, seats)| *seats > 0)
        .map(|(class, seats)| format!("{class} {}", grouped(seats)))
        .collect();
    let _ = writeln!(out, "  classes: {}", classes.join(" · "));
    let hours = |name: &str| grouped(number(overview, &format!("/duty/{name}")) / 3600);
    let _ = writeln!(
        out,
        "  on call: {} hours by {} people (level 1 {} h, level 2 and up {} h)\n",
        hours("seconds"),
        grouped(number(overview, "/duty/people")),
        hours("level_1_seconds"),
        hours("level_2_plus_seconds"),
    );
}

fn features(out: &mut String, overview: &Value) {
    let none = Vec::new();
    let features = field(overview, "/features").as_array().unwrap_or(&none);
    let (known, unknown): (Vec<&Value>, Vec<&Value>) = features
        .iter()
        .partition(|feature| field(feature, "/unknown_reason").is_null());
    let mut unused: Vec<&&Value> = known
        .iter()
        .filter(|feature| number(feature, "/unused") > 0)
        .collect();
    unused.sort_by_key(|feature| std::cmp::Reverse(number(feature, "/unused")));
    let top: Vec<String> = unused
        .iter()
        .take(TOP)
        .map(|feature| {
            format!(
                "{} ({})",
                text(feature, "/name"),
                grouped(number(feature, "/unused"))
            )
        })
        .collect();
    let _ = writeln!(out, "  unused by most seats: {}\n", top.join(", "));
    let mut table = Table::new([
        "feature",
        "used",
        "unused",
        "unknown",
        "not eligible",
        "uses",
    ]);
    for feature in &known {
        let count = |name: &str| grouped(number(feature, name));
        table.row([
            text(feature, "/name").to_owned(),
            count("/used"),
            count("/unused"),
            count("/unknown"),
            count("/not_eligible"),
            count("/uses"),
        ]);
    }
    out.push_str(&table.render());
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown
            .iter()
            .map(|feature| text(feature, "/name"))
            .collect();
        let _ = writeln!(out, "  unknown for everybody: {}", names.join(", "));
    }
    out.push('\n');
}

fn datasets(out: &mut String, connection: &Value, overview: &Value) {
    let mut table = Table::new([
        "dataset", "state", "requests", "windows", "expected", "received", "stored",
    ]);
    let none = Vec::new();
    for dataset in field(connection, "/sync/datasets")
        .as_array()
        .unwrap_or(&none)
    {
        let count = |name: &str| match field(dataset, name).as_i64() {
            Some(count) => grouped(count),
            None => "-".to_owned(),
        };
        table.row([
            text(dataset, "/dataset").to_owned(),
            text(dataset, "/state").to_owned(),
            count("/requests"),
            format!("{}/{}", count("/windows_done"), count("/windows_planned")),
            count("/expected"),
            count("/received"),
            count("/stored"),
        ]);
    }
    out.push_str(&table.render());
    let receipts = field(overview, "/receipts");
    let _ = writeln!(
        out,
        "  receipts: {} windows, {} expected, {} received, {} stored; rate limit hits {}",
        grouped(number(receipts, "/windows")),
        field(receipts, "/expected")
            .as_i64()
            .map_or("-".to_owned(), grouped),
        grouped(number(receipts, "/received")),
        grouped(number(receipts, "/stored")),
        grouped(number(connection, "/sync/rate_limited")),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_report_names_every_number_once_and_in_words() {
        let connection = json!({"subdomain": "acme", "region": "us", "sync": {"rate_limited": 0, "datasets": [
            {"dataset": "log_entries", "state": "complete", "requests": 12, "windows_done": 3, "windows_planned": 3,
             "expected": null, "received": 1200, "stored": 1200}]}});
        let overview = json!({
            "generation": 1, "as_of": "2026-01-01T00:00:00Z", "window_days": 90,
            "seats": {"total": 1240, "by_class": {"active": 900, "idle": 340}},
            "utilization_percent": 72.6,
            "duty": {"seconds": 7200, "level_1_seconds": 3600, "level_2_plus_seconds": 3600, "people": 2},
            "features": [
                {"id": "ack", "name": "Acknowledge", "used": 800, "unused": 440, "unknown": 0, "not_eligible": 0,
                 "uses": 9000, "unknown_reason": null},
                {"id": "maintenance", "name": "Maintenance window", "unknown": 1240, "unknown_reason": "not collected"}],
            "receipts": {"windows": 3, "expected": null, "received": 1200, "stored": 1200}});
        let now = "2026-01-01T00:05:00Z".parse().unwrap();
        let expected = "\
PagerDuty account acme (us) · last 90 days · data as of 2026-01-01T00:00:00Z (5 min old) · generation 1

  seats 1,240 · active 900 · utilization 72.6 %
  classes: active 900 · idle 340
  on call: 2 hours by 2 people (level 1 1 h, level 2 and up 1 h)

  unused by most seats: Acknowledge (440)

  feature      used  unused  unknown  not eligible   uses
  Acknowledge   800     440        0             0  9,000
  unknown for everybody: Maintenance window

  dataset         state  requests  windows  expected  received  stored
  log_entries  complete        12      3/3         -     1,200   1,200
  receipts: 3 windows, - expected, 1,200 received, 1,200 stored; rate limit hits 0
";
        assert_eq!(render(&connection, &overview, now), expected);
    }

    #[test]
    fn an_account_without_a_denominator_has_no_utilization() {
        let overview = json!({"utilization_percent": null});
        let mut out = String::new();
        seats(&mut out, &overview);
        assert!(out.contains("utilization not known yet"));
    }

    #[test]
    fn ages_are_told_in_the_unit_that_fits() {
        let found = [5, 600, 7200, 300_000].map(age);
        assert_eq!(found, ["5 s", "10 min", "2 h", "3 days"]);
    }
}
