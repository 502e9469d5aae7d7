//! What happens after the first synchronization: later ones, and events.

use pagerduty_sim::world::Size;
use serde_json::json;
use system::{Options, System, process::LOOK};

#[tokio::test]
async fn a_second_sync_brings_what_has_happened_since_and_equals_the_truth_again() {
    let mut options = Options::default();
    options.simulator.size = Size::Small;
    options.simulator.seed = 5;
    let system = System::start(options).await;
    let mut browser = system.owner("acme").await;
    let connection = system.connect(&mut browser, "admin@acme.example").await;
    let first = system.stored(&mut browser).await;
    system
        .simulate(
            "/sim/webhooks/emit",
            json!({"account": "acme", "events": 200}),
        )
        .await;

    let id = connection["id"].as_str().expect("an id");
    let path = format!("/api/v1/connections/{id}/syncs");
    let answer = browser.mutate(&path, None).await;
    assert!(answer.status().is_success(), "{}", answer.status());
    let end = std::time::Instant::now() + std::time::Duration::from_mins(2);
    let second = loop {
        let sync = system.stored(&mut browser).await;
        if sync["run_id"] != first["run_id"] {
            break sync;
        }
        assert!(std::time::Instant::now() < end, "no second run");
        tokio::time::sleep(LOOK).await;
    };
    assert!(
        second["requests"].as_i64() < first["requests"].as_i64(),
        "a later run reads what is new: {second:#}"
    );
    for window in [30, 90] {
        let found = system.differences(&mut browser, "acme", window, "").await.0;
        assert!(found.is_empty(), "{found:#?}");
    }
    system.stop().await;
}
