//! The REST surface: paging, limits and ranges, and that the same seed tells the same story.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

#[path = "rest/contents.rs"]
mod contents;
#[path = "harness/office.rs"]
mod office;
#[path = "rest/permissions.rs"]
mod permissions;

use std::collections::HashSet;

use jiff::civil::date;
use office::Office;
use pagerduty_sim::world::Size;
use serde_json::{Value, json};

fn ids(rows: &[Value]) -> HashSet<String> {
    rows.iter()
        .map(|row| row["id"].as_str().expect("id").to_owned())
        .collect()
}

#[tokio::test]
async fn users_come_in_pages_of_25_until_there_are_no_more() {
    let office = Office::open(Size::Small).await;
    let first = office.read("/users").await;
    assert_eq!(first["users"].as_array().unwrap().len(), 25);
    assert_eq!((&first["limit"], &first["offset"]), (&json!(25), &json!(0)));
    assert_eq!(
        (&first["more"], &first["total"]),
        (&json!(true), &Value::Null)
    );
    let second = office.read("/users?offset=25&total=true").await;
    assert_eq!(second["users"].as_array().unwrap().len(), 15);
    assert_eq!(
        (&second["more"], &second["total"]),
        (&json!(false), &json!(40))
    );
    assert_eq!(office.read("/users?limit=500").await["limit"], 100);
}

#[tokio::test]
async fn nothing_lies_beyond_offset_10000() {
    let office = Office::open(Size::Demo).await;
    let (status, body) = office.get("/log_entries?limit=100&offset=9901").await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(2002)));
    assert!(
        body["error"]["errors"][0]
            .as_str()
            .unwrap()
            .starts_with("Offset+limit exceeds maximum allowed value of 10000")
    );
    let (status, body) = office.get("/log_entries?limit=100&offset=9900").await;
    assert_eq!((status, &body["more"]), (200, &json!(true)));
    assert_eq!(body["log_entries"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_total_agrees_with_the_rows_behind_it() {
    let office = Office::open(Size::Demo).await;
    for query in ["", "&is_overview=true"] {
        let path =
            format!("/log_entries?since=2025-12-01T05:00:00Z&until=2025-12-09T17:30:00Z{query}");
        let total = office.read(&format!("{path}&limit=1&total=true")).await["total"]
            .as_u64()
            .unwrap();
        let rows = office.all(&path, "log_entries").await;
        assert_eq!(rows.len() as u64, total);
        assert_eq!(ids(&rows).len() as u64, total);
        let times: Vec<&str> = rows
            .iter()
            .map(|row| row["created_at"].as_str().unwrap())
            .collect();
        assert!(
            times.windows(2).all(|pair| pair[0] >= pair[1]),
            "newest first"
        );
    }
    let path = "/incidents?since=2025-10-01T00:00:00Z&until=2025-12-30T07:00:00Z";
    let total = office.read(&format!("{path}&limit=1&total=true")).await["total"]
        .as_u64()
        .unwrap();
    assert_eq!(office.all(path, "incidents").await.len() as u64, total);
}

#[tokio::test]
async fn booleans_are_lowercase_words() {
    let office = Office::open(Size::Small).await;
    assert_eq!(office.get("/users?total=True").await.0, 400);
    assert_eq!(office.get("/users?total=false").await.0, 200);
}

#[tokio::test]
async fn ranges_that_are_too_long_are_refused() {
    let office = Office::open(Size::Small).await;
    for path in [
        "/incidents?since=2025-06-01T00:00:00Z&until=2025-12-01T00:00:01Z",
        "/oncalls?since=2025-06-01T00:00:00Z&until=2025-09-02T00:00:00Z",
        "/oncalls?since=2025-06-01T00:00:00Z&until=2025-05-02T00:00:00Z",
        "/log_entries?since=yesterday",
    ] {
        let (status, body) = office.get(path).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (400, &json!(2005)),
            "{path}"
        );
    }
    office
        .read("/incidents?since=2025-06-01T00:00:00Z&until=2025-12-01T00:00:00Z")
        .await;
    office
        .read("/oncalls?since=2025-06-01T00:00:00Z&until=2025-09-01T00:00:00Z")
        .await;
}

#[tokio::test]
async fn a_spike_of_17495_entries_is_reachable_by_splitting_the_day() {
    let office = Office::open(Size::Small).await;
    office
        .caller
        .account
        .world
        .set_spike(date(2025, 12, 3), 17_495);
    let day = ("2025-12-03T00:00:00Z", "2025-12-04T00:00:00Z");
    let path = |from: &str, to: &str| format!("/log_entries?since={from}&until={to}");
    let total = office
        .read(&format!("{}&limit=1&total=true", path(day.0, day.1)))
        .await["total"]
        .clone();
    assert_eq!(total, 17_495);
    let cuts = [
        day.0,
        "2025-12-03T14:30:00Z",
        "2025-12-03T15:00:00Z",
        "2025-12-03T15:40:00Z",
        day.1,
    ];
    let mut reachable = 0;
    for pair in cuts.windows(2) {
        let slice = path(pair[0], pair[1]);
        let total = office.read(&format!("{slice}&limit=1&total=true")).await["total"]
            .as_u64()
            .unwrap();
        assert!(total < 10_000, "{slice} holds {total}");
        reachable += total;
    }
    assert_eq!(reachable, 17_495);
    let rows = office.all(&path(cuts[1], cuts[2]), "log_entries").await;
    assert!(rows.len() > 1_000);
    assert_eq!(ids(&rows).len(), rows.len());
}

#[tokio::test]
async fn the_same_seed_tells_the_same_story_and_another_seed_another() {
    let paths = [
        "/users?limit=100",
        "/log_entries?limit=100&include[]=channels",
        "/incidents?limit=100",
        "/oncalls",
    ];
    let (first, again, other) = (
        Office::seeded(Size::Small, 5).await,
        Office::seeded(Size::Small, 5).await,
        Office::seeded(Size::Small, 6).await,
    );
    for path in paths {
        let body = first.read(path).await.to_string();
        assert_eq!(body, again.read(path).await.to_string());
        assert_ne!(body, other.read(path).await.to_string());
    }
}

#[tokio::test]
async fn analytics_pages_by_cursor_and_lists_everybody_once() {
    let office = Office::open(Size::Small).await;
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let ask = json!({"limit": 15, "time_zone": "Etc/UTC", "starting_after": cursor});
        let (status, body) = office
            .post_as(&office.caller, "/analytics/raw/users", &ask)
            .await;
        assert_eq!(status, 200, "{body}");
        seen.extend(body["data"].as_array().unwrap().clone());
        if body["more"] == false {
            break;
        }
        cursor = body["last"].clone();
    }
    assert_eq!((seen.len(), ids(&seen).len()), (40, 40));
    assert!(
        seen.iter()
            .all(|row| row["signed_up"] == json!(!row["last_sign_in_at"].is_null()))
    );
    assert!(
        seen.iter()
            .filter_map(|row| row["last_sign_in_at"].as_str())
            .all(|at| at < "2026-01-15T00:00:00")
    );
}

#[tokio::test]
async fn deep_reading_of_a_large_account_makes_few_days() {
    let office = Office::open(Size::Large).await;
    let body = office
        .read("/log_entries?since=2026-01-10T00:00:00Z&limit=1&total=true")
        .await;
    assert!(body["total"].as_u64().unwrap() > 50_000);
    let body = office
        .read("/log_entries?since=2026-01-10T00:00:00Z&limit=100&offset=9900")
        .await;
    assert_eq!(body["log_entries"].as_array().unwrap().len(), 100);
}
