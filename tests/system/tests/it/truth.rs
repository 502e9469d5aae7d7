//! Every number the product shows equals the simulator's own figure.

use pagerduty_sim::world::Size;
use system::{Options, System};

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
    let mut options = seeded(4, Size::Small);
    options.scopes = "openid users.read licenses.read teams.read oncalls.read schedules.read \
         escalation_policies.read services.read incidents.read";
    equals_the_truth(options, "user_analytics").await;
}
