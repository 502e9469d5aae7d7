//! Every number the product shows equals the simulator's own figure.

use pagerduty_sim::world::Size;
use system::{Options, System, system::SCOPES};

const WINDOWS: [u32; 4] = [30, 60, 90, 180];

fn seeded(seed: u64, size: Size) -> Options {
    let mut options = Options::default();
    options.simulator.seed = seed;
    options.simulator.size = size;
    options
}

async fn equals_the_truth(options: Options, hidden: &str) {
    let system = System::start(options).await;
    let mut browser = system.owner("acme").await;
    system.connect(&mut browser, "admin@acme.example").await;
    system.stored(&mut browser).await;
    for window in WINDOWS {
        let differences = system
            .differences(&mut browser, "acme", window, hidden)
            .await
            .0;
        let shown: Vec<_> = differences.iter().take(20).collect();
        assert!(
            differences.is_empty(),
            "{} differences: {shown:#?}",
            differences.len()
        );
    }
    system.stop().await;
}

#[tokio::test]
async fn the_figures_equal_the_truth_for_the_first_seed() {
    equals_the_truth(seeded(1, Size::Demo), "").await;
}

#[tokio::test]
async fn the_figures_equal_the_truth_for_the_second_seed() {
    equals_the_truth(seeded(2, Size::Small), "").await;
}

#[tokio::test]
async fn the_figures_equal_the_truth_for_the_third_seed() {
    equals_the_truth(seeded(3, Size::Small), "").await;
}

#[tokio::test]
async fn a_source_that_may_not_be_read_gives_unknown_and_not_one_new_unused() {
    let scopes = SCOPES
        .replace("analytics.read analytics.write ", "")
        .replace("oauth_delegations.read ", "");
    let options = Options {
        scopes: scopes.leak(),
        ..seeded(4, Size::Small)
    };
    let hidden =
        "user_analytics,user_delegations,responder_analytics,incident_analytics,advance_usage";
    equals_the_truth(options, hidden).await;
}
