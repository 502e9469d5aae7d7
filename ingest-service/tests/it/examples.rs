//! Every documented example of every operation that is used here decodes, whatever its schema says;
//! and nothing that happens to an example brings a decoder down.

use ingest_service::pagerduty::{
    Malformed, Page,
    endpoint::{self, Shape},
    model::{activity, configuration, duty, event, people, subscription},
};
use proptest::{prelude::*, sample::Index};
use prost::Message;
use proto::facts::v1::{Dataset, envelope::Payload};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Deserialize)]
struct Example {
    operation: String,
    name: String,
    reader: String,
    body: Value,
}

fn examples() -> Vec<Example> {
    serde_json::from_str(include_str!("../fixtures/examples.json")).expect("the fixture")
}

/// Rows, rows that cannot be read, and what would be published.
type Decoded = (i64, i64, Vec<u8>);

fn page(page: Page) -> Decoded {
    let mut bytes = Vec::new();
    page.payload.encode(&mut bytes);
    (page.rows, page.unreadable, bytes)
}

/// Decodes as the reader of an operation does.
fn decode(reader: &str, body: &[u8]) -> Result<Decoded, Malformed> {
    match reader {
        "team_members" => people::members(body).map(|found| {
            let bytes = found.members.iter().flat_map(Message::encode_to_vec);
            (found.rows, 0, bytes.collect())
        }),
        "shift_schedules" => duty::schedule_references(body).map(page),
        "shift_schedule" => duty::shift_schedule(body).map(|found| {
            let bytes = found.as_ref().map(Message::encode_to_vec);
            (1, i64::from(found.is_none()), bytes.unwrap_or_default())
        }),
        "incident_workflow_triggers" => configuration::workflow_triggers(body).map(page),
        "webhook_subscription" => subscription::subscription(body)
            .map(|found| (1, i64::from(found.id.is_empty()), Vec::new())),
        "event" => event::event(body).map(|found| {
            let bytes = found
                .and_then(|event| event.activity)
                .map(|one| one.encode_to_vec());
            (1, 0, bytes.unwrap_or_default())
        }),
        dataset => {
            let dataset = Dataset::from_name(dataset).expect("a reader");
            let list = endpoint::row(dataset).and_then(endpoint::Row::first_list);
            (list.expect("a list").decode)(body).map(page)
        }
    }
}

#[test]
fn every_documented_example_decodes() {
    for example in examples() {
        let body = example.body.to_string();
        let decoded = decode(&example.reader, body.as_bytes());
        let (rows, unreadable, _) = decoded
            .unwrap_or_else(|error| panic!("{} {}: {error}", example.operation, example.name));
        assert!(rows > 0, "{} {}", example.operation, example.name);
        assert_eq!(unreadable, 0, "{} {}", example.operation, example.name);
    }
}

#[test]
fn every_list_that_is_read_has_an_example() {
    let readers: Vec<String> = examples().into_iter().map(|one| one.reader).collect();
    for row in &endpoint::ROWS {
        assert!(
            readers.iter().any(|one| one == row.dataset.name()),
            "{:?}",
            row.dataset
        );
    }
    assert_eq!(examples().len(), 43);
}

/// Fields that hold what a person wrote, where a person can be reached, or a secret.
const PRIVATE: [&str; 24] = [
    "address",
    "conferenceAddress",
    "remote_address",
    "description",
    "title",
    "content",
    "message",
    "note",
    "point_of_contact",
    "url",
    "endpoint_url",
    "html_url",
    "self",
    "trigger_url",
    "truncated_token",
    "text",
    "href",
    "condition",
    "script",
    "value",
    "before_value",
    "custom_details",
    "integration_key",
    "user_name",
];

const MARK: &str = "this-must-not-leave";

/// Puts a mark wherever something private may stand, also where the example has nothing.
fn mark(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(mark),
        Value::Object(fields) => {
            fields.values_mut().for_each(mark);
            for name in PRIVATE {
                fields.insert(name.to_owned(), MARK.into());
            }
        }
        _ => {}
    }
}

#[test]
fn no_address_no_text_and_no_secret_is_published() {
    for mut example in examples() {
        // The name of a license is described by PagerDuty, not by a person.
        if example.reader == "licenses" {
            continue;
        }
        mark(&mut example.body);
        let body = example.body.to_string();
        let (_, _, bytes) = decode(&example.reader, body.as_bytes()).expect("decodes");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(MARK), "{}", example.operation);
    }
}

/// Changes one place of a value into something else.
fn disturb(value: &mut Value, path: &[Index], into: &Value) {
    let inner = match value {
        Value::Array(values) if !values.is_empty() => path
            .first()
            .map(|at| at.index(values.len()))
            .and_then(|at| values.get_mut(at)),
        Value::Object(fields) if !fields.is_empty() => path
            .first()
            .map(|at| at.index(fields.len()))
            .and_then(|at| fields.values_mut().nth(at)),
        _ => None,
    };
    match inner {
        Some(inner) => disturb(inner, path.get(1..).unwrap_or_default(), into),
        None => value.clone_from(into),
    }
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(
            |number| serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
        ),
        ".{0,24}".prop_map(Value::from),
        Just(serde_json::json!([[], {}, null, "9999-12-31T23:59:60Z"])),
        Just(serde_json::json!({"id": {"id": []}, "type": 7})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_an_example_brings_a_decoder_down(
        which in any::<Index>(),
        changes in prop::collection::vec((prop::collection::vec(any::<Index>(), 0..6), anything()), 1..4),
    ) {
        let examples = examples();
        let mut example = examples[which.index(examples.len())].clone();
        for (path, into) in changes {
            disturb(&mut example.body, &path, &into);
        }
        let _either = decode(&example.reader, example.body.to_string().as_bytes());
    }

    #[test]
    fn no_damaged_byte_brings_a_decoder_down(
        which in any::<Index>(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        cut in any::<Index>(),
        is_cut in any::<bool>(),
    ) {
        let examples = examples();
        let example = &examples[which.index(examples.len())];
        let mut body = example.body.to_string().into_bytes();
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if is_cut {
            body.truncate(cut.index(body.len()));
        }
        let _either = decode(&example.reader, &body);
    }
}

#[test]
fn an_audit_record_is_one_activity_for_each_actor() {
    let body = br#"{"records":[{"id":"R1","execution_time":"2026-01-01T00:00:00.500Z","action":"update",
        "actors":[{"id":"U1","type":"user_reference","summary":"A person"},{"id":"K1","type":"api_key_reference"}],
        "method":{"type":"browser","truncated_token":"3xyz"},"root_resource":{"id":"S1","type":"schedule_reference"}},
        {"id":"R2","execution_time":"2026-01-01T00:00:01Z","actors":null},{"id":"R3"}],"next_cursor":null}"#;
    let page = activity::audit_records(body).expect("decodes");
    assert_eq!((page.rows, page.unreadable, page.cursor), (3, 1, None));
    let Payload::Activities(found) = page.payload else {
        panic!("activities");
    };
    let agents: Vec<_> = found
        .records
        .iter()
        .map(|one| one.agent_id.as_str())
        .collect();
    assert_eq!(agents, ["U1", "K1", ""]);
    assert_eq!(found.records[0].method, "browser");
    assert_eq!(found.records[0].subject_id, "S1");
}

#[test]
fn only_persons_are_named_as_authors() {
    let body = br#"{"actions":[{"id":"A1","name":"Restart","creation_time":"2026-01-01T00:00:00Z",
        "last_run":"2026-02-01T00:00:00Z","last_run_by":{"id":"/x/service/P1","type":"event_orchestration_reference"}},
        {"id":"A2","last_run":"2026-02-01T00:00:00Z","last_run_by":{"id":"U1","type":"user_reference"}}]}"#;
    let Payload::Resources(found) = configuration::automation_actions(body)
        .expect("decodes")
        .payload
    else {
        panic!("resources");
    };
    let by: Vec<_> = found
        .records
        .iter()
        .map(|one| one.last_used_by_id.as_str())
        .collect();
    assert_eq!(by, ["", "U1"]);
    assert!(found.records.iter().all(|one| one.last_used_at.is_some()));
}

#[test]
fn an_invocation_happened_when_it_was_created() {
    let example = examples()
        .into_iter()
        .find(|one| one.reader == "automation_invocations");
    let body = example.expect("an example").body.to_string();
    let Payload::Activities(found) = activity::invocations(body.as_bytes())
        .expect("decodes")
        .payload
    else {
        panic!("activities");
    };
    let one = &found.records[0];
    assert_eq!(one.at.as_ref().map(|at| at.seconds), Some(1_667_889_005));
    assert_eq!(
        (one.agent_id.as_str(), one.status.as_str()),
        ("PRJ94S1", "completed")
    );
}

#[test]
fn every_event_tells_who_did_what_to_which_incident() {
    let event = |body: &str| {
        event::event(body.as_bytes())
            .expect("decodes")
            .expect("an id")
    };
    let acknowledged = event(
        r#"{"event":{"id":"E1","event_type":"incident.acknowledged","resource_type":"incident","occurred_at":"2026-01-01T00:00:00.1Z",
           "agent":{"id":"U1","type":"user_reference"},"client":{"name":"PagerDuty"},
           "data":{"id":"I1","type":"incident","title":"secret","service":{"id":"S1","type":"service_reference"}}}}"#,
    );
    let activity = acknowledged.activity.expect("an activity");
    assert_eq!(
        (activity.agent_id.as_str(), activity.incident_id.as_str()),
        ("U1", "I1")
    );
    assert_eq!(activity.service_ids, ["S1"]);
    assert!(!format!("{activity:?}").contains("secret"));
    let note = event(
        r#"{"event":{"id":"E2","event_type":"incident.annotated","occurred_at":"2026-01-01T00:00:00Z","agent":null,
           "data":{"id":"N1","type":"incident_note","content":"secret","incident":{"id":"I1","type":"incident_reference"}}}}"#,
    );
    let activity = note.activity.expect("an activity");
    assert_eq!(
        (activity.subject_id.as_str(), activity.agent_id.as_str()),
        ("I1", "")
    );
    let ping = event(
        r#"{"event":{"id":"E3","event_type":"pagey.ping","occurred_at":"2026-01-01T00:00:00Z","data":{"type":"ping"}}}"#,
    );
    assert_eq!(ping.activity, None);
    assert_eq!(event::event(br#"{"event":{"event_type":"x"}}"#), Ok(None));
}

#[test]
fn every_shape_has_lists() {
    for row in &endpoint::ROWS {
        let lists = match row.shape {
            Shape::Lists(lists) => lists.len(),
            Shape::Children(families) => families.len(),
            Shape::Teams(_) | Shape::Schedules(..) => 1,
        };
        assert!(lists > 0, "{:?}", row.dataset);
    }
}
