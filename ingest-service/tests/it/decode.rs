//! Every documented example of the endpoints we read decodes, whatever its schema says.

use ingest_service::pagerduty::{
    Malformed, Page,
    model::{duty, people, response},
};
use proto::facts::v1::envelope::Payload;
use rstest::rstest;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/", $name, ".json"))
    };
}

#[rstest]
#[case::users(people::users, fixture!("users"), 2)]
#[case::licenses(people::licenses, fixture!("licenses"), 3)]
#[case::license_allocations(people::allocations, fixture!("license_allocations"), 1)]
#[case::teams(people::teams, fixture!("teams"), 1)]
#[case::services(response::services, fixture!("services"), 1)]
#[case::escalation_policies(duty::escalation_policies, fixture!("escalation_policies"), 1)]
#[case::schedules(duty::schedules, fixture!("schedules"), 1)]
#[case::schedules_with_layers(duty::schedules, fixture!("schedules_2"), 1)]
#[case::schedule_references(duty::schedule_references, fixture!("schedules_v3"), 1)]
#[case::oncalls(duty::oncalls, fixture!("oncalls"), 1)]
#[case::log_entries(response::log_entries, fixture!("log_entries"), 1)]
#[case::incidents(response::incidents, fixture!("incidents"), 1)]
#[case::user_analytics(people::analytics, fixture!("user_analytics"), 2)]
fn a_documented_example_decodes(
    #[case] decode: fn(&[u8]) -> Result<Page, Malformed>,
    #[case] body: &[u8],
    #[case] rows: i64,
) {
    let page = decode(body).expect("decodes");
    assert_eq!((page.rows, page.unreadable), (rows, 0));
    assert!(page.more.is_some() || matches!(page.payload, Payload::Licenses(_)));
}

#[test]
fn the_documented_single_objects_decode() {
    let members = people::members(fixture!("team_members")).expect("decodes");
    assert_eq!(members.members[0].role, "manager");
    let schedule = duty::shift_schedule(fixture!("schedule_v3"))
        .expect("decodes")
        .expect("a schedule");
    assert_eq!(schedule.id, "PS1A2B3C");
}

#[test]
fn an_incident_keeps_who_was_asked_and_nothing_of_its_text() {
    let body = br#"{"incidents":[{"id":"P1","incident_number":7,"title":"secret","created_at":"2026-01-01T00:00:00Z",
        "responder_requests":[{"requester":{"id":"U1"},"requested_at":"2026-01-01T00:00:01Z","message":"secret"}],
        "incidents_responders":[{"state":"joined","user":{"id":"U2"},"requester":{"id":"U1"},
            "requested_at":"2026-01-01T00:00:01Z","updated_at":"2026-01-01T00:00:02Z"}],
        "assignments":[{"assignee":{"id":"U3"}}],"priority":null}],"more":false}"#;
    let Payload::Incidents(incidents) = response::incidents(body).expect("decodes").payload else {
        panic!("incidents");
    };
    let incident = &incidents.records[0];
    assert_eq!(incident.responders[0].user_id, "U2");
    assert_eq!(incident.responder_requests[0].requester_id, "U1");
    assert_eq!(incident.assignee_ids, ["U3"]);
    assert!(!format!("{incident:?}").contains("secret"));
}

#[test]
fn a_notify_entry_tells_who_was_notified_and_how() {
    let body = br#"{"log_entries":[{"id":"R1","type":"notify_log_entry","created_at":"2026-01-01T00:00:00-05:00",
        "user":{"id":"U1","type":"user_reference"},"channel":{"type":"auto","notification":{"type":"sms","address":"+1"}}}],
        "more":false,"total":1}"#;
    let Payload::LogEntries(entries) = response::log_entries(body).expect("decodes").payload else {
        panic!("log entries");
    };
    let entry = &entries.records[0];
    assert_eq!(
        (
            entry.notified_user_id.as_str(),
            entry.notification_type.as_str()
        ),
        ("U1", "sms")
    );
    assert_eq!(
        entry.created_at.as_ref().map(|at| at.seconds),
        Some(1_767_243_600)
    );
}

#[test]
fn a_drifting_row_costs_one_record_and_not_the_page() {
    let body = br#"{"log_entries":[{"id":"R1","type":null,"created_at":"2026-01-01T00:00:00Z","agent":"someone","channel":7},
        {"id":"R2","created_at":"soon"},{"created_at":"2026-01-01T00:00:00Z"},
        {"id":"R3","type":"brand_new_log_entry","created_at":"2026-01-01T00:00:00Z","channel":{"type":["x"]},"extra":{"a":1}}],
        "more":true,"total":null}"#;
    let page = response::log_entries(body).expect("decodes");
    assert_eq!(
        (page.rows, page.unreadable, page.more, page.total),
        (4, 2, Some(true), None)
    );
}

#[rstest]
#[case::a_web_page(b" <!DOCTYPE html><html></html>", Malformed::Html)]
#[case::cut_off(br#"{"users":[{"id":"P1"},{"id":"P"#, Malformed::Json { path: "users[1].id".to_owned() })]
#[case::no_list(b"{}", Malformed::Json { path: ".".to_owned() })]
#[case::a_list_of_something_else(br#"{"users":[{"id":"P1"},7]}"#, Malformed::Json { path: "users[1]".to_owned() })]
fn what_is_no_list_is_malformed(#[case] body: &[u8], #[case] expected: Malformed) {
    assert_eq!(people::users(body), Err(expected));
}
