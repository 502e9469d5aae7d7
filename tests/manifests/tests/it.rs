//! The manifests and the code say the same.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly; an absent value of JSON is null"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use chassis::config::Reader;
use dashboard_api::config::Role;
use manifests::{container, deploy, documents, files, named, of_kind, text, variables};
use proto::topology::{self, Lane};
use serde_json::Value;

/// File, service and prefix of every workload of the base.
const WORKLOADS: [(&str, &str, &str); 4] = [
    ("k8s/base/auth-service.yaml", "auth-service", "AUTH"),
    ("k8s/base/ingest-service.yaml", "ingest-service", "INGEST"),
    (
        "k8s/base/dashboard-serve.yaml",
        "dashboard-api",
        "DASHBOARD",
    ),
    (
        "k8s/base/dashboard-consume.yaml",
        "dashboard-api",
        "DASHBOARD",
    ),
];

/// A setting that is a secret, as somebody would fill it in.
fn secret(name: &str) -> &'static str {
    match name {
        "AUTH_VAULT_KEYS" => "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "AUTH_PAGERDUTY_CLIENT_SECRET" => "secret",
        name if name.ends_with("_DATABASE_URL") => {
            "postgres://role:password@postgresql/database?sslmode=verify-full"
        }
        name if name.ends_with("_AMQP_URL") => "amqps://user:password@rabbitmq:5671/%2f",
        other => panic!("a secret that this test does not know: {other}"),
    }
}

/// What the pods of a service see: the settings, and the secrets in place of their files.
fn environment(file: &str, service: &str) -> BTreeMap<String, String> {
    let mut environment = variables(&format!("k8s/base/{service}.env"));
    let workload = of_kind(file, "Deployment").remove(0);
    for name in named(container(&workload), "env", "value").keys() {
        let name = name.strip_suffix("_FILE").expect("secrets come as files");
        environment.insert(name.to_owned(), secret(name).to_owned());
    }
    environment
}

#[test]
fn every_service_accepts_the_settings_that_the_manifests_give_it() {
    let auth = environment(WORKLOADS[0].0, "auth-service");
    let mut with_app = auth;
    with_app.insert("AUTH_PAGERDUTY_CLIENT_ID".to_owned(), "client".to_owned());
    auth_service::Config::from_variables(with_app).expect("auth-service");
    let ingest = environment(WORKLOADS[1].0, "ingest-service");
    ingest_service::Config::read(Reader::new("INGEST_", ingest)).expect("ingest-service");
    for (file, service, _) in &WORKLOADS[2..] {
        dashboard_api::Config::from_variables(environment(file, service), Role::All)
            .expect("dashboard-api");
    }
}

#[test]
fn every_port_is_the_one_that_the_service_listens_on() {
    for (file, service, prefix) in WORKLOADS {
        let settings = variables(&format!("k8s/base/{service}.env"));
        let workload = of_kind(file, "Deployment").remove(0);
        for (name, port) in named(container(&workload), "ports", "containerPort") {
            let address = format!("{prefix}_{}_ADDR", name.to_uppercase());
            let listens = settings
                .get(&address)
                .unwrap_or_else(|| panic!("{file}: {address} is not set"));
            assert_eq!(
                listens.rsplit(':').next().expect("a port"),
                port.to_string(),
                "{file}: {name}"
            );
        }
    }
}

#[test]
fn probes_ask_the_paths_that_the_admin_port_answers() {
    let source = fs::read_to_string(deploy("../chassis/src/admin.rs")).expect("chassis");
    for (file, ..) in WORKLOADS {
        let workload = of_kind(file, "Deployment").remove(0);
        for (probe, path) in [
            ("startupProbe", "/livez"),
            ("livenessProbe", "/livez"),
            ("readinessProbe", "/readyz"),
        ] {
            let asked = &container(&workload)[probe]["httpGet"];
            assert_eq!(asked["path"], path, "{file}: {probe}");
            assert_eq!(asked["port"], "admin", "{file}: {probe}");
            assert!(source.contains(&format!("\"{path}\"")), "{path}");
        }
    }
}

#[test]
fn a_pod_is_given_longer_to_end_than_a_process_takes() {
    for (file, ..) in WORKLOADS {
        let workload = of_kind(file, "Deployment").remove(0);
        let before = &container(&workload)["lifecycle"]["preStop"]["sleep"]["seconds"];
        let before = Duration::from_secs(before.as_u64().expect("seconds"));
        let grace = &workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"];
        let grace = Duration::from_secs(grace.as_u64().expect("seconds"));
        assert!(
            grace >= before + chassis::lifecycle::DRAIN_LIMIT + Duration::from_secs(5),
            "{file}"
        );
    }
}

#[test]
fn every_workload_is_hardened() {
    for (file, ..) in WORKLOADS {
        for workload in documents(file) {
            let pod = &workload["spec"]["template"]["spec"];
            if pod.is_null() {
                continue;
            }
            assert_eq!(pod["automountServiceAccountToken"], false, "{file}");
            assert_eq!(pod["securityContext"]["runAsUser"], 65532, "{file}");
            let container = container(&workload);
            let context = &container["securityContext"];
            assert_eq!(context["readOnlyRootFilesystem"], true, "{file}");
            assert_eq!(context["capabilities"]["drop"][0], "ALL", "{file}");
            assert!(
                container["resources"]["limits"]["memory"].is_string(),
                "{file}"
            );
        }
    }
}

#[test]
fn the_consumers_are_scaled_on_every_queue_that_there_is() {
    let scaled = of_kind("k8s/components/keda/scaled-object.yaml", "ScaledObject").remove(0);
    let triggers = scaled["spec"]["triggers"].as_array().expect("triggers");
    let watched: BTreeSet<_> = triggers
        .iter()
        .filter_map(|trigger| trigger["metadata"]["queueName"].as_str().map(str::to_owned))
        .collect();
    let queues: BTreeSet<_> = Lane::ALL
        .into_iter()
        .flat_map(|lane| (0..topology::PARTITIONS).map(move |n| topology::facts_queue(lane, n)))
        .collect();
    assert_eq!(watched, queues);
    assert_eq!(scaled["spec"]["maxReplicaCount"], topology::PARTITIONS);
}

#[test]
fn the_operator_is_given_the_rules_that_are_tested() {
    let tested = documents("observability/alerts.yaml").remove(0);
    let given = documents("k8s/components/monitoring/prometheus-rule.yaml").remove(0);
    assert_eq!(given["spec"], tested);
}

#[test]
fn every_alert_has_a_test_and_a_page_that_helps() {
    let tests = text("observability/alerts.test.yaml");
    for group in documents("observability/alerts.yaml")[0]["groups"]
        .as_array()
        .expect("groups")
    {
        for rule in group["rules"].as_array().expect("rules") {
            let Some(alert) = rule["alert"].as_str() else {
                continue;
            };
            assert!(
                tests.contains(&format!("alertname: {alert}")),
                "{alert} has no test"
            );
            let page = rule["annotations"]["runbook_url"].as_str().expect("a page");
            assert!(
                deploy("..").join(page).is_file(),
                "{alert}: {page} is missing"
            );
        }
    }
}

/// Names of ours in a text: words with a service's prefix that are no part of a longer word.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let ours = words.filter(|word| {
        ["auth_", "ingest_", "dashboard_"]
            .iter()
            .any(|prefix| word.starts_with(prefix))
    });
    ours.map(|word| {
        let bare = word.strip_suffix("_bucket").unwrap_or(word);
        bare.to_owned()
    })
    .collect()
}

#[test]
fn every_metric_that_is_watched_is_one_that_a_service_counts() {
    let sources = ["auth-service", "ingest-service", "dashboard-api", "chassis"];
    let mut counted = BTreeSet::new();
    for service in sources {
        read_sources(&deploy("..").join(service).join("src"), &mut counted);
    }
    let mut watched = metrics_in(&text("observability/alerts.yaml"));
    for file in files("observability/dashboards", ".json") {
        let dashboard: Value =
            serde_json::from_str(&fs::read_to_string(&file).expect("a file")).expect("JSON");
        for panel in dashboard["panels"].as_array().expect("panels") {
            for target in panel["targets"].as_array().expect("targets") {
                watched.extend(metrics_in(target["expr"].as_str().expect("an expression")));
            }
        }
    }
    let unknown: Vec<_> = watched.difference(&counted).collect();
    assert!(unknown.is_empty(), "nobody counts {unknown:?}");
}

/// String literals that look like metrics.
fn read_sources(folder: &Path, counted: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_sources(&path, counted);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let source = fs::read_to_string(&path).expect("a source file");
            counted.extend(source.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
}

#[test]
fn certificates_carry_the_identities_that_the_services_check() {
    let certificates = of_kind(
        "k8s/components/cert-manager/certificates.yaml",
        "Certificate",
    );
    for (_, service, _) in WORKLOADS {
        let name = format!("{service}-tls");
        let certificate = certificates
            .iter()
            .find(|found| found["metadata"]["name"] == name.as_str())
            .unwrap_or_else(|| panic!("no certificate {name}"));
        assert_eq!(
            certificate["spec"]["uris"][0],
            format!("spiffe://quolum/{service}")
        );
        let workload = of_kind(
            &format!(
                "k8s/base/{}.yaml",
                match service {
                    "dashboard-api" => "dashboard-serve",
                    other => other,
                }
            ),
            "Deployment",
        )
        .remove(0);
        let volumes = &workload["spec"]["template"]["spec"]["volumes"];
        let secrets = volumes.as_array().expect("volumes").iter();
        assert!(
            secrets
                .clone()
                .any(|volume| volume["secret"]["secretName"] == name.as_str()),
            "{service} does not mount {name}"
        );
    }
}
