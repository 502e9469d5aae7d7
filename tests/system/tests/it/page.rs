//! A real browser presses Connect, consents, and sees numbers.

use std::path::Path;

use pagerduty_sim::world::Size;
use system::{Options, System};
use tokio::process::Command;

/// Drives Chromium through `tests/system/browser/connect.mjs`; `SYSTEM_BROWSER` names the program
/// and the page's own packages bring the driver.
#[tokio::test]
async fn a_real_browser_connects_consents_and_sees_numbers() {
    let Ok(chromium) = std::env::var("SYSTEM_BROWSER") else {
        panic!("SYSTEM_BROWSER is not set; `cargo dev test` sets it to Chromium's path");
    };
    let mut options = Options::default();
    options.simulator.size = Size::Small;
    let system = System::start(options).await;
    let email = "owner@acme.example";
    system
        .auth
        .command(&["org", "create", "--name", "acme", "--owner-email", email]);
    let link = system.auth.command(&["sign-in-link", "--email", email]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shots = folder.join("../../target/screenshots");
    let output = Command::new("node")
        .arg(folder.join("browser/connect.mjs"))
        .env("CHROMIUM", chromium)
        .env("SIGN_IN_LINK", link)
        .env("SCREENSHOTS", &shots)
        .output()
        .await
        .expect("Node runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}\n{error}\n{}",
        system.dashboard.log()
    );
    for shot in [
        "sign-in",
        "connect",
        "pagerduty-sign-in",
        "consent",
        "connections",
        "overview",
        "users",
    ] {
        assert!(
            shots.join(format!("{shot}.png")).exists(),
            "no screenshot `{shot}`"
        );
    }
    system.stop().await;
}
