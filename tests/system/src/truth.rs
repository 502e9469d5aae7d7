//! Compares the product's answers with the simulator's own figures.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Browser, System};

/// What does not match, as `where: product ≠ truth`.
#[derive(Debug, Default)]
pub struct Differences(pub Vec<String>);

impl Differences {
    fn compare(&mut self, at: &str, product: &Value, truth: &Value) {
        let equal = match (product.as_f64(), truth.as_f64()) {
            (Some(product), Some(truth)) => (product - truth).abs() < 1e-9,
            _ => product == truth,
        };
        if !equal {
            self.0.push(format!("{at}: {product} ≠ {truth}"));
        }
    }
}

impl System {
    /// Every figure of one window against the truth at the generation's as-of; `hidden` names the
    /// datasets that the connection cannot read.
    pub async fn differences(
        &self,
        browser: &mut Browser,
        account: &str,
        window: u32,
        hidden: &str,
    ) -> Differences {
        let overview = browser
            .json(&format!("/api/v1/overview?window={window}"))
            .await;
        let as_of = overview["as_of"].as_str().expect("as_of").to_owned();
        let query = format!("account={account}&as_of={as_of}&window={window}&hidden={hidden}");
        let truth = self.simulated(&format!("/sim/truth?{query}")).await;
        let mut differences = Differences::default();
        let at = |what: &str| format!("{account} {window} d: {what}");
        differences.compare(
            &at("seats"),
            &overview["seats"]["total"],
            &truth["seats_total"],
        );
        for (class, count) in truth["by_class"].as_object().expect("classes") {
            differences.compare(&at(class), &overview["seats"]["by_class"][class], count);
        }
        let percent = "utilization_percent";
        differences.compare(&at(percent), &overview[percent], &truth[percent]);
        for (figure, value) in truth["duty"].as_object().expect("duty") {
            differences.compare(
                &at(&format!("duty {figure}")),
                &overview["duty"][figure],
                value,
            );
        }
        let features = by_id(&overview["features"]);
        for (id, counts) in truth["features"].as_object().expect("features") {
            for (figure, value) in counts.as_object().expect("counts") {
                let product = features
                    .get(id.as_str())
                    .map_or(&Value::Null, |f| &f[figure]);
                differences.compare(&at(&format!("{id} {figure}")), product, value);
            }
        }
        self.compare_people(browser, &truth, window, &mut differences)
            .await;
        differences
    }

    async fn compare_people(
        &self,
        browser: &mut Browser,
        truth: &Value,
        window: u32,
        differences: &mut Differences,
    ) {
        let people = all_users(browser, window).await;
        let truth = truth["users"].as_array().expect("users");
        differences.compare("rows of people", &json!(people.len()), &json!(truth.len()));
        for user in truth {
            let id = user["id"].as_str().expect("an id");
            let Some(row) = people.get(id) else {
                differences.0.push(format!("{id} is missing"));
                continue;
            };
            for figure in [
                "class",
                "duty_seconds",
                "duty_level_1_seconds",
                "duty_level_2_plus_seconds",
            ] {
                differences.compare(&format!("{id} {figure}"), &row[figure], &user[figure]);
            }
            for (feature, expected) in user["features"].as_object().expect("features") {
                for figure in ["verdict", "uses", "active_days"] {
                    let product = &row["features"][feature][figure];
                    let at = format!("{id} {feature} {figure} {window} d");
                    differences.compare(&at, product, &expected[figure]);
                }
            }
        }
    }
}

/// Every row of the Users page, by PagerDuty's id.
pub async fn all_users(browser: &mut Browser, window: u32) -> BTreeMap<String, Value> {
    let mut people = BTreeMap::new();
    let mut cursor = None::<String>;
    loop {
        let from = cursor
            .map(|cursor| format!("&cursor={cursor}"))
            .unwrap_or_default();
        let page = browser
            .json(&format!("/api/v1/users?window={window}&limit=500{from}"))
            .await;
        for row in page["data"].as_array().expect("rows") {
            people.insert(row["id"].as_str().expect("an id").to_owned(), row.clone());
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return people;
        }
    }
}

fn by_id(features: &Value) -> BTreeMap<&str, &Value> {
    let features = features.as_array().expect("features").iter();
    features
        .filter_map(|feature| Some((feature["id"].as_str()?, feature)))
        .collect()
}
