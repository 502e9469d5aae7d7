//! A first synchronization asks for what it needs and never runs into PagerDuty's limit.

use pagerduty_sim::world::Size;
use serde_json::Value;
use system::{Options, System};

/// PagerDuty's page size for classic pagination.
const PAGE: u64 = 100;
/// The most that finding out what may be read costs once, after the consent.
const PROBE: u64 = 60;

async fn first_sync(options: Options) -> (Value, Value) {
    let system = System::start(options).await;
    let mut browser = system.owner("acme").await;
    system.connect(&mut browser, "admin@acme.example").await;
    let sync = system.stored(&mut browser).await;
    let summary = system.simulated("/sim/ledger/summary").await;
    system.stop().await;
    (sync, summary)
}

#[tokio::test]
async fn a_first_sync_meets_no_429_at_the_default_limit_and_stays_within_its_share() {
    let mut options = Options {
        rate_limit: 960,
        ..Options::default()
    };
    options.simulator.rate_limit = Some(960);
    let (_, summary) = first_sync(options).await;
    assert_eq!(summary["rate_limited"], 0, "{summary}");
    assert!(
        summary["max_requests_in_60s"].as_u64().expect("a count") <= 480,
        "{summary}"
    );
}

#[tokio::test]
async fn a_first_sync_makes_at_most_three_percent_more_requests_than_the_data_has_pages() {
    let mut options = Options::default();
    options.simulator.size = Size::Demo;
    let (sync, summary) = first_sync(options).await;
    let (made, needed) = listed(&sync);
    assert!(
        made * 100 <= needed * 103,
        "{made} requests for {needed} pages: {sync:#}"
    );
    let made = sync["requests"].as_u64().expect("requests");
    let received = summary["by_path"].as_object().expect("paths").iter();
    let of_api = received.filter(|(path, _)| !path.contains("/oauth/") && !path.contains("/sim/"));
    let metered: u64 = of_api.filter_map(|(_, count)| count.as_u64()).sum();
    assert!(
        metered <= made + PROBE,
        "the ledger has {metered} requests, the run says {made}"
    );
}

/// Requests made and pages needed of what PagerDuty lists by pages: one page per started hundred
/// records; teams and shift-based schedules have an object each (members, rendered shifts) beside
/// their list. What has to be asked for person by person or object by object is not among it.
fn listed(sync: &Value) -> (u64, u64) {
    let datasets = sync["datasets"].as_array().expect("datasets").iter();
    datasets.fold((0, 0), |(made, needed), dataset| {
        let requests = dataset["requests"].as_u64().expect("requests");
        let received = dataset["received"].as_u64().expect("received");
        let pages = match dataset["dataset"].as_str().expect("a name") {
            "teams" => received.div_ceil(PAGE) + received,
            "schedules" => requests,
            "users"
            | "licenses"
            | "license_allocations"
            | "services"
            | "escalation_policies"
            | "oncalls"
            | "log_entries"
            | "incidents" => received.div_ceil(PAGE).max(1),
            _ => return (made, needed),
        };
        (made + requests, needed + pages)
    })
}
