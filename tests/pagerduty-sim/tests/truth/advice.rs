//! Recommendations, ghosts, add-ons, teams and load in the truth.

use std::collections::{BTreeSet, HashMap};

use pagerduty_sim::world::{Persona, Size};
use serde_json::Value;

use crate::office::Office;
use crate::truth;

fn advised(truth: &Value, kind: &str) -> Vec<Value> {
    let all = truth["recommendations"].as_array().unwrap().iter();
    all.filter(|advice| advice["kind"] == kind)
        .cloned()
        .collect()
}

#[tokio::test]
async fn every_kind_of_recommendation_and_every_blocker_occurs_in_the_demo_world() {
    let office = Office::open(Size::Demo).await;
    let truth = truth(&office, "window=90").await;
    for kind in ["addon", "downgrade", "ghost", "reclaim", "review"] {
        assert!(!advised(&truth, kind).is_empty(), "no {kind}");
    }
    let blockers: BTreeSet<String> = advised(&truth, "review")
        .iter()
        .flat_map(|advice| advice["blockers"].as_array().unwrap().clone())
        .map(|blocker| blocker.as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "on_schedule",
        "open_incident",
        "sole_manager",
        "sole_target",
    ];
    assert_eq!(blockers, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn recommendations_follow_the_persona() {
    let office = Office::open(Size::Demo).await;
    let truth = truth(&office, "window=90").await;
    let kinds: HashMap<String, String> = truth["recommendations"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|advice| {
            let id = advice["user_id"].as_str()?.to_owned();
            Some((id, advice["kind"].as_str().unwrap().to_owned()))
        })
        .collect();
    for user in &office.caller.account.world.users {
        let kind = kinds.get(&user.id).map_or("", String::as_str);
        let expected: &[&str] = match user.persona {
            Persona::Unused | Persona::AbsentStakeholder => &["reclaim", "review"],
            Persona::PendingOld | Persona::FormerOnCall | Persona::FormerViewer => {
                &["reclaim", "review"]
            }
            Persona::Viewer | Persona::Herald => &["downgrade", "review"],
            Persona::Ghost => &["ghost"],
            Persona::Lapsed => &["reclaim", "review", ""],
            _ => &[""],
        };
        assert!(expected.contains(&kind), "{:?}: {kind:?}", user.persona);
    }
}

#[tokio::test]
async fn nothing_is_recommended_where_a_source_is_hidden() {
    let office = Office::open(Size::Small).await;
    for hidden in [
        "log_entries",
        "incidents",
        "oncalls",
        "user_analytics",
        "maintenance_windows",
        "audit_records",
        "automation_actions",
        "automation_invocations",
        "event_orchestrations",
        "schedules",
        "escalation_policies",
        "teams",
        "licenses",
    ] {
        let blind = truth(&office, &format!("window=90&hidden={hidden}")).await;
        for kind in ["reclaim", "downgrade", "review"] {
            let all = advised(&blind, kind);
            let mut viewers = all.iter().filter(|advice| advice["kind"] != "downgrade");
            let is_sign_in = hidden == "user_analytics";
            assert!(is_sign_in || all.is_empty(), "{kind} without {hidden}");
            assert!(
                !is_sign_in || viewers.next().is_none(),
                "{kind} without {hidden}"
            );
        }
    }
}

#[tokio::test]
async fn a_plan_without_automation_proves_that_nobody_uses_it() {
    let office = Office::open(Size::Small).await;
    let gone = "automation_actions,automation_invocations,event_orchestrations";
    let poor = truth(&office, &format!("window=90&not_in_plan={gone}")).await;
    assert_eq!(poor["by_class"]["unknown"], 0);
    let count = poor["seats_total"].clone();
    assert_eq!(poor["features"]["automation_run"]["not_eligible"], count);
    assert_eq!(
        poor["features"]["orchestration_edit"]["not_eligible"],
        count
    );
    let blind = truth(&office, "window=90&not_in_plan=audit_records").await;
    assert!(blind["by_class"]["unknown"].as_u64().unwrap() > 0);
    let settled = truth(
        &office,
        "window=90&not_in_plan=audit_records&accepted=audit_records",
    )
    .await;
    assert_eq!(settled["by_class"]["unknown"], 0);
}

#[tokio::test]
async fn exempt_seats_and_grace_are_taken_from_the_question() {
    let office = Office::open(Size::Small).await;
    let seen = truth(&office, "window=90").await;
    let idle = seen["users"].as_array().unwrap().iter();
    let idle = idle.clone().find(|user| user["class"] == "idle").unwrap()["id"].clone();
    let id = idle.as_str().unwrap();
    let spared = truth(&office, &format!("window=90&exempt={id}")).await;
    assert_eq!(spared["by_class"]["exempt"], 1);
    let advised = spared["recommendations"].as_array().unwrap();
    assert!(advised.iter().all(|advice| advice["user_id"] != idle));
    let strict = truth(&office, "window=90&grace_days=1").await;
    assert_eq!(strict["by_class"]["new"], 0);
}

#[tokio::test]
async fn delegations_stand_in_for_analytics() {
    let office = Office::open(Size::Small).await;
    let seen = truth(&office, "window=90").await;
    let blind = truth(
        &office,
        "window=90&hidden=user_analytics&signin_from=delegations",
    )
    .await;
    assert_eq!(blind["by_class"]["unknown"], 0);
    assert_eq!(blind["by_class"]["viewer"], seen["by_class"]["viewer"]);
}

#[tokio::test]
async fn duty_in_business_hours_is_about_a_quarter_of_a_full_time_duty() {
    let office = Office::open(Size::Small).await;
    let truth = truth(&office, "window=90").await;
    let owner = &office.caller.account.world.users[1].id;
    let load = &truth["oncall_load"][owner];
    let share = load["business_seconds"].as_f64().unwrap() / load["seconds"].as_f64().unwrap();
    assert!((0.22..0.26).contains(&share), "{share}");
    let teams = truth["teams"].as_object().unwrap();
    assert_eq!(teams.len(), office.caller.account.world.teams.len());
    assert_eq!(truth["addons"].as_array().unwrap().len(), 8);
}
