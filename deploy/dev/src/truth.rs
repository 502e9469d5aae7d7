//! Compares the answers with what the simulator knows to be true.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::http;
use crate::report::{field, text};

/// How many numbers were compared, and the ones that differ, in words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) compared: usize,
    pub(crate) differences: Vec<String>,
}

/// Asks the simulator for the truth at the moment of the overview.
pub(crate) fn ask(simulator: &str, overview: &Value) -> Result<Comparison> {
    let as_of = text(overview, "/as_of");
    let days = field(overview, "/window_days");
    let answer = http::get(&format!(
        "{simulator}/sim/truth?account=acme&as_of={as_of}&window={days}"
    ))?;
    if answer.status != 200 {
        bail!(
            "the simulator answered {}: {}",
            answer.status,
            answer.text()
        );
    }
    Ok(compare(overview, &answer.json()?))
}

fn compare(overview: &Value, truth: &Value) -> Comparison {
    let mut pairs = vec![
        (
            "seats".to_owned(),
            field(overview, "/seats/total"),
            field(truth, "/seats_total"),
        ),
        (
            "utilization".to_owned(),
            field(overview, "/utilization_percent"),
            field(truth, "/utilization_percent"),
        ),
    ];
    let groups = [("/seats/by_class", "/by_class"), ("/duty", "/duty")];
    for (ours, theirs) in groups {
        for (name, expected) in field(truth, theirs).as_object().into_iter().flatten() {
            let found = field(overview, ours).get(name).unwrap_or(&Value::Null);
            pairs.push((format!("{ours}/{name}"), found, expected));
        }
    }
    let features = field(overview, "/features").as_array();
    for (id, expected) in field(truth, "/features").as_object().into_iter().flatten() {
        let feature = features
            .into_iter()
            .flatten()
            .find(|feature| text(feature, "/id") == id)
            .unwrap_or(&Value::Null);
        for (name, expected) in expected.as_object().into_iter().flatten() {
            let found = feature.get(name).unwrap_or(&Value::Null);
            pairs.push((format!("{id} {name}"), found, expected));
        }
    }
    let differences = pairs
        .iter()
        .filter(|(_, found, expected)| !same(found, expected))
        .map(|(name, found, expected)| format!("{name}: {found}, the truth is {expected}"))
        .collect();
    Comparison {
        compared: pairs.len(),
        differences,
    }
}

/// 72 and 72.0 are the same number.
fn same(found: &Value, expected: &Value) -> bool {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
        _ => found == expected,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_number_of_the_truth_is_compared_and_a_wrong_one_is_named() {
        let overview = json!({
            "seats": {"total": 2, "by_class": {"active": 1, "idle": 1}}, "utilization_percent": 50,
            "duty": {"seconds": 10}, "features": [{"id": "ack", "used": 1, "unused": 1}]});
        let truth = json!({
            "seats_total": 2, "by_class": {"active": 1, "idle": 1}, "utilization_percent": 50.0,
            "duty": {"seconds": 11}, "features": {"ack": {"used": 1, "unused": 1}}});
        let comparison = compare(&overview, &truth);
        assert_eq!(comparison.compared, 7);
        assert_eq!(
            comparison.differences,
            ["/duty/seconds: 10, the truth is 11"]
        );
    }
}
