//! The truth: every class occurs, sums add up, spot checks against the REST answers hold, hidden datasets give no
//! negative findings.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

#[path = "truth/advice.rs"]
mod advice;
#[path = "truth/chores.rs"]
mod chores;
#[path = "harness/office.rs"]
mod office;
#[path = "truth/recount.rs"]
mod recount;

use std::collections::HashMap;

use office::{NOW, Office};
use pagerduty_sim::world::{Persona, Size};
use serde_json::Value;

const CLASSES: [&str; 9] = [
    "exempt", "active", "viewer", "pending", "new", "unknown", "standby", "idle", "never",
];
const NEGATIVE: [&str; 4] = ["viewer", "standby", "idle", "never"];

async fn truth(office: &Office, query: &str) -> Value {
    office
        .read(&format!("/sim/truth?as_of={NOW}&{query}"))
        .await
}

fn classes(truth: &Value) -> HashMap<String, String> {
    let users = truth["users"].as_array().unwrap().iter();
    users
        .map(|user| {
            (
                user["id"].as_str().unwrap().to_owned(),
                user["class"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[tokio::test]
async fn every_class_occurs_and_their_sum_is_the_seats() {
    for size in [Size::Small, Size::Demo] {
        let office = Office::open(size).await;
        for window in [30, 60, 90, 180] {
            let truth = truth(&office, &format!("window={window}")).await;
            let count = |class: &str| truth["by_class"][class].as_u64().unwrap();
            assert_eq!(
                CLASSES.iter().map(|class| count(class)).sum::<u64>(),
                truth["seats_total"].as_u64().unwrap()
            );
            for class in [
                "active", "viewer", "pending", "new", "standby", "idle", "never",
            ] {
                assert!(
                    count(class) > 0,
                    "{class} of {size:?} in {window} days: {}",
                    truth["by_class"]
                );
            }
            assert_eq!(count("unknown"), 0);
        }
    }
}

#[tokio::test]
async fn personas_land_in_their_classes() {
    let office = Office::open(Size::Demo).await;
    let classes = classes(&truth(&office, "window=90").await);
    for user in &office.caller.account.world.users {
        let expected: &[&str] = match user.persona {
            Persona::Admin
            | Persona::Responder
            | Persona::Ghost
            | Persona::Contributor
            | Persona::Communicator
            | Persona::Configurer
            | Persona::Planner
            | Persona::Automator
            | Persona::Architect
            | Persona::Herald => &["active"],
            Persona::Viewer | Persona::Onlooker => &["viewer"],
            Persona::PendingOld | Persona::PendingNew => &["pending"],
            Persona::Newcomer | Persona::Promoted => &["new"],
            Persona::Lapsed => &["idle", "active"],
            Persona::FormerOnCall | Persona::FormerViewer => &["idle"],
            Persona::AbsentStakeholder | Persona::Unused => &["never"],
            Persona::Standby => &["standby"],
        };
        assert!(
            expected.contains(&classes[&user.id].as_str()),
            "{:?} is {}",
            user.persona,
            classes[&user.id]
        );
    }
}

#[tokio::test]
async fn a_ghost_is_notified_often_and_never_acknowledges() {
    let office = Office::open(Size::Small).await;
    let entries = office
        .all(
            "/log_entries?since=2025-10-17T12:00:00Z&until=2026-01-15T12:00:00Z",
            "log_entries",
        )
        .await;
    let truth = truth(&office, "window=90").await;
    let ghosts = office
        .caller
        .account
        .world
        .users
        .iter()
        .filter(|user| user.persona == Persona::Ghost);
    for ghost in ghosts {
        let told = entries
            .iter()
            .filter(|entry| entry["user"]["id"] == ghost.id.as_str())
            .count();
        assert!(told >= 5, "{told} notifications");
        let row = truth["users"]
            .as_array()
            .unwrap()
            .iter()
            .find(|user| user["id"] == ghost.id.as_str())
            .unwrap();
        assert_eq!(row["features"]["ack"]["verdict"], "unused");
        assert!(row["duty_seconds"].as_u64().unwrap() > 0);
    }
}

#[tokio::test]
async fn record_counts_agree_with_the_totals_over_rest() {
    let office = Office::open(Size::Demo).await;
    let records = truth(&office, "window=90").await["records"].clone();
    let query = "since=2025-01-15T12:00:00Z&until=2026-01-15T12:00:00Z&limit=1&total=true";
    let total = office.read(&format!("/log_entries?{query}")).await["total"].clone();
    assert_eq!(records["log_entries"], total);
    assert!(
        (50_000..70_000).contains(&total.as_u64().unwrap()),
        "{total}"
    );
    let mut incidents = 0;
    for (from, to) in [("2025-01-15", "2025-07-15"), ("2025-07-15", "2026-01-15")] {
        let path =
            format!("/incidents?since={from}T12:00:00Z&until={to}T12:00:00Z&limit=1&total=true");
        incidents += office.read(&path).await["total"].as_u64().unwrap();
    }
    assert_eq!(records["incidents"].as_u64(), Some(incidents));
}

#[tokio::test]
async fn duty_read_over_rest_agrees_with_the_truth() {
    let office = Office::open(Size::Small).await;
    let truth = truth(&office, "window=90").await;
    let (from, to): (jiff::Timestamp, jiff::Timestamp) = (
        "2025-10-17T12:00:00Z".parse().unwrap(),
        NOW.parse().unwrap(),
    );
    let rows = office
        .all(
            "/oncalls?since=2025-10-17T12:00:00Z&until=2026-01-15T12:00:00Z",
            "oncalls",
        )
        .await;
    let instant = |value: &Value| {
        value
            .as_str()
            .map(|text| text.parse::<jiff::Timestamp>().unwrap())
    };
    for user in truth["users"].as_array().unwrap() {
        let mine = rows.iter().filter(|row| row["user"]["id"] == user["id"]);
        let mut spans: Vec<(i64, i64)> = mine
            .map(|row| {
                let start = instant(&row["start"]).unwrap_or(from).max(from);
                (
                    start.as_second(),
                    instant(&row["end"]).unwrap_or(to).min(to).as_second(),
                )
            })
            .collect();
        spans.sort_unstable();
        let (mut seconds, mut reached) = (0, i64::MIN);
        for (start, end) in spans {
            seconds += (end - start.max(reached)).max(0);
            reached = reached.max(end);
        }
        assert_eq!(user["duty_seconds"].as_i64(), Some(seconds));
    }
}

#[tokio::test]
async fn hidden_datasets_give_unknown_and_never_a_new_negative() {
    let office = Office::open(Size::Demo).await;
    let seen = truth(&office, "window=90").await;
    let before = classes(&seen);
    for hidden in [
        "log_entries",
        "incidents",
        "oncalls",
        "user_analytics",
        "log_entries,oncalls",
    ] {
        let blind = truth(&office, &format!("window=90&hidden={hidden}")).await;
        for (user, class) in classes(&blind) {
            let is_negative = NEGATIVE.contains(&class.as_str());
            assert!(
                !is_negative || before[&user] == class,
                "{user}: {} became {class} without {hidden}",
                before[&user]
            );
        }
        assert!(blind["by_class"]["unknown"].as_u64().unwrap() > 0);
        for (id, feature) in blind["features"].as_object().unwrap() {
            assert!(
                feature["unused"].as_u64() <= seen["features"][id]["unused"].as_u64(),
                "{id} without {hidden}"
            );
        }
    }
}

#[tokio::test]
async fn stakeholders_are_not_eligible_for_acknowledging() {
    let office = Office::open(Size::Demo).await;
    let truth = truth(&office, "window=90").await;
    assert!(truth["features"]["ack"]["not_eligible"].as_u64().unwrap() > 0);
    assert_eq!(truth["features"]["signin"]["not_eligible"], 0);
    for (id, feature) in truth["features"].as_object().unwrap() {
        let is_used = feature["used"].as_u64().unwrap() > 0;
        // Only webhooks tell of workflows.
        assert!(is_used || id == "workflow_run", "nobody uses {id}");
    }
}

#[tokio::test]
async fn bad_questions_are_refused() {
    let office = Office::open(Size::Small).await;
    assert_eq!(office.get("/sim/truth?window=0").await.0, 400);
    assert_eq!(office.get("/sim/truth?account=nobody").await.0, 404);
    assert_eq!(office.get("/sim/truth?when=now").await.0, 400);
}

#[tokio::test]
async fn time_goes_on_after_the_anchor() {
    let office = Office::open(Size::Small).await;
    office.state().clock.advance(40 * 86_400);
    let entries = office
        .read("/log_entries?since=2026-01-16T00:00:00Z&limit=1&total=true")
        .await;
    assert!(entries["total"].as_u64().unwrap() > 50);
    let later = office.read("/sim/truth?as_of=2026-02-24T12:00:00Z").await;
    for user in &office.caller.account.world.users {
        let expected = match user.persona {
            Persona::Newcomer => "never",
            Persona::Promoted => "idle",
            Persona::PendingNew => "pending",
            Persona::Responder => "active",
            _ => continue,
        };
        assert_eq!(classes(&later)[&user.id], expected);
    }
}
