//! PagerDuty's own Python client pages through the simulator over TLS and counts what the truth counts.
//!
//! The client comes from the Python package index into a virtual environment below the target folder. Where that
//! cannot be made, the test says so loudly and passes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on must fail, and one that is skipped must say so"
)]

use std::path::{Path, PathBuf};
use std::process::Stdio;

use pagerduty_sim::{Options, Simulator};
use serde_json::Value;
use tokio::process::Command;

/// The version that was tried.
const PACKAGE: &str = "pagerduty==7.2.0";

/// The interpreter of an environment that has the client, if one can be made.
async fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pagerduty-python");
    let python = folder.join("bin/python");
    if runs(Command::new(&python).args(["-c", "import pagerduty"])).await {
        return Some(python);
    }
    let made = runs(Command::new("python3").args(["-m", "venv"]).arg(&folder)).await
        && runs(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE])).await;
    made.then_some(python)
}

async fn runs(command: &mut Command) -> bool {
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

#[tokio::test]
async fn the_official_python_client_counts_what_the_truth_counts() {
    let Some(python) = python().await else {
        eprintln!("SKIPPED: no Python environment with {PACKAGE} can be made here");
        return;
    };
    let simulator = Simulator::start(Options {
        rate_limit: None,
        tls_listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Options::default()
    })
    .await
    .unwrap();
    let now = simulator.state().clock.now().as_second();
    let ends = [now - 365 * 86_400, now].map(|at| {
        let stamp = jiff::Timestamp::from_second(at).unwrap();
        stamp.to_string().replace('Z', "+00:00")
    });
    let ca = simulator.ca_pem_path().unwrap();
    let output = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/python_client.py"))
        .args([simulator.tls_url().unwrap(), "acme-api-key"])
        .args(&ends)
        .env("REQUESTS_CA_BUNDLE", ca)
        .env("SSL_CERT_FILE", ca)
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let counted: Value = serde_json::from_slice(&output.stdout).unwrap();
    let account = simulator.state().account("acme").unwrap();
    let truth = pagerduty_sim::truth::truth(&account.world, now, 90, &[]);
    for (dataset, count) in counted.as_object().unwrap() {
        assert_eq!(*count, truth["records"][dataset], "{dataset}");
    }
}
