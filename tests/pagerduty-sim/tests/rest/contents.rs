//! What answers hold: on-call periods, incidents as they stand, schedules of both kinds.

use std::collections::BTreeSet;

use pagerduty_sim::world::Size;
use serde_json::{Value, json};

use crate::ids;
use crate::office::Office;

#[tokio::test]
async fn oncalls_are_whole_shifts_of_both_kinds_of_schedule_and_permanent_duty() {
    let office = Office::open(Size::Small).await;
    let window = "/oncalls?since=2025-12-10T00:00:00Z&until=2025-12-10T01:00:00Z&time_zone=UTC";
    let rows = office.all(window, "oncalls").await;
    let kinds: BTreeSet<&str> = rows
        .iter()
        .map(|row| row["schedule"]["type"].as_str().unwrap_or("none"))
        .collect();
    assert_eq!(
        kinds,
        ["none", "schedule_reference", "schedule_v3_reference"].into()
    );
    for row in &rows {
        assert_eq!(
            row["schedule"].is_null(),
            row["start"].is_null() && row["end"].is_null()
        );
        if let Some(start) = row["start"].as_str() {
            assert!(
                start < "2025-12-10T01:00:00Z"
                    && row["end"].as_str().unwrap() > "2025-12-10T00:00:00Z"
            );
        }
    }
    let beyond = |row: &&Value| {
        row["start"]
            .as_str()
            .is_some_and(|start| start < "2025-12-10T00:00:00Z")
    };
    assert!(
        rows.iter().find(beyond).is_some(),
        "shifts are not cut at the window"
    );
    let user = rows[0]["user"]["id"].as_str().unwrap();
    let mine = office
        .all(&format!("{window}&user_ids[]={user}"), "oncalls")
        .await;
    assert!(!mine.is_empty() && mine.iter().all(|row| row["user"]["id"] == user));
}

#[tokio::test]
async fn a_resolved_incident_has_no_assignments_left() {
    let office = Office::open(Size::Demo).await;
    for incident in office
        .all("/incidents?since=2026-01-08T00:00:00Z", "incidents")
        .await
    {
        let is_resolved = incident["status"] == "resolved";
        assert_eq!(incident["resolved_at"].is_null(), !is_resolved);
        if is_resolved {
            assert_eq!(
                (&incident["assignments"], &incident["acknowledgements"]),
                (&json!([]), &json!([]))
            );
        }
    }
    let open = office
        .all(
            "/incidents?since=2026-01-01T00:00:00Z&statuses[]=acknowledged",
            "incidents",
        )
        .await;
    assert!(
        open.iter()
            .all(|incident| incident["acknowledgements"] != json!([]))
    );
    assert!(!open.is_empty());
}

#[tokio::test]
async fn a_channel_is_only_its_type_unless_asked_for() {
    let office = Office::open(Size::Demo).await;
    let bare = office.read("/log_entries?limit=100").await;
    let full = office
        .read("/log_entries?limit=100&include[]=channels&include[]=nonsense")
        .await;
    let width = |row: &Value| row["channel"].as_object().unwrap().len();
    assert!(
        bare["log_entries"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| width(row) == 1)
    );
    assert!(
        full["log_entries"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| width(row) > 1)
    );
}

#[tokio::test]
async fn an_incident_lists_its_own_log_entries() {
    let office = Office::open(Size::Small).await;
    let incidents = office
        .all("/incidents?since=2025-12-20T00:00:00Z", "incidents")
        .await;
    let incident = incidents[0]["id"].as_str().unwrap();
    let mine = office
        .all(
            &format!("/incidents/{incident}/log_entries?total=false"),
            "log_entries",
        )
        .await;
    assert!(mine.iter().all(|row| row["incident"]["id"] == incident));
    assert_eq!(mine.last().unwrap()["type"], "trigger_log_entry");
    let all = office
        .all("/log_entries?since=2025-12-20T00:00:00Z", "log_entries")
        .await;
    assert!(ids(&mine).is_subset(&ids(&all)));
    let (status, body) = office.get("/incidents/Q0000000000000").await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!(2100)));
}

#[tokio::test]
async fn schedules_are_served_by_the_api_of_their_kind() {
    let office = Office::open(Size::Small).await;
    let v2 = office.all("/schedules?total=false", "schedules").await;
    let v3 = office.read("/v3/schedules").await;
    assert_eq!(v3["limit"], 100);
    let v3 = v3["schedules"].as_array().unwrap();
    assert!(!v2.is_empty() && !v3.is_empty() && ids(&v2).is_disjoint(&ids(v3)));
    let (old, new) = (v2[0]["id"].as_str().unwrap(), v3[0]["id"].as_str().unwrap());
    assert_eq!(office.get(&format!("/v3/schedules/{old}")).await.0, 400);
    assert_eq!(office.get(&format!("/schedules/{new}")).await.0, 404);
    let query = "since=2026-01-15T00:00:00Z&until=2026-02-14T00:00:00Z";
    let body = office
        .read(&format!(
            "/v3/schedules/{new}?{query}&include[]=final_schedule"
        ))
        .await;
    assert!(
        !body["schedule"]["final_schedule"]["computed_shift_assignments"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let body = office.read(&format!("/schedules/{old}?{query}")).await;
    assert_eq!(
        body["schedule"]["final_schedule"]["rendered_coverage_percentage"],
        100.0
    );
}

#[tokio::test]
async fn an_idle_policy_and_an_unattached_schedule_exist() {
    let office = Office::open(Size::Small).await;
    let policies = office
        .all("/escalation_policies?total=false", "escalation_policies")
        .await;
    assert!(
        policies
            .iter()
            .any(|policy| policy["services"] == json!([]))
    );
    let schedules = office.all("/schedules?total=false", "schedules").await;
    assert!(
        schedules
            .iter()
            .any(|schedule| schedule["escalation_policies"] == json!([]))
    );
}
