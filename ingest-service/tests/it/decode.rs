//! What answers mean, and what drift costs.

use ingest_service::pagerduty::{
    Malformed,
    model::{people, response},
};
use proto::facts::v1::envelope::Payload;
use rstest::rstest;

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
