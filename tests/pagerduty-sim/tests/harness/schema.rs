//! PagerDuty's OpenAPI document turned into JSON Schema, with its known defects mended in one table.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken contract must fail loudly"
)]

use jsonschema::Draft;
use serde_json::{Value, json};

/// How a defect is mended.
enum Mend {
    /// Null is an answer, too.
    Nullable,
    /// The values are examples, not all there are.
    AnyString,
    /// Several alternatives may fit at once.
    AnyOf,
    /// The text is free.
    Format,
}

/// Where PagerDuty's document contradicts PagerDuty's own examples and answers: place, remedy, reason.
const DEFECTS: &[(&str, Mend, &str)] = &[
    (
        "/components/schemas/ContactMethodReference/allOf/1/properties/type",
        Mend::AnyString,
        "include[]=contact_methods puts full objects where the schema has references only",
    ),
    (
        "/components/schemas/NotificationRuleReference/allOf/1/properties/type",
        Mend::AnyString,
        "include[]=notification_rules puts full objects where the schema has references only",
    ),
    (
        "/components/schemas/TeamReference/allOf/1/properties/type",
        Mend::AnyString,
        "include[]=teams puts full objects where the schema has references only",
    ),
    (
        "/components/schemas/EscalationPolicyReference/allOf/1/properties/type",
        Mend::AnyString,
        "include[]=escalation_policies puts full objects where the schema has references only",
    ),
    (
        "/components/schemas/UserReference/allOf/1/properties/type",
        Mend::AnyString,
        "include[]=users puts full objects where the schema has references only",
    ),
    (
        "/components/schemas/ServiceReference/allOf/1/properties/type",
        Mend::AnyString,
        "include[]=services puts full objects where the schema has references only",
    ),
    (
        "/components/schemas/IncidentReference/allOf/1/properties/type",
        Mend::AnyString,
        "include[]=incidents puts full objects where the schema has references only",
    ),
    (
        "/components/schemas/AnalyticsRawUser/properties/created_at/format",
        Mend::Format,
        "analytics instants carry no offset, as the schema's own example shows",
    ),
    (
        "/components/schemas/AnalyticsRawUser/properties/last_sign_in_at/format",
        Mend::Format,
        "analytics instants carry no offset, as the schema's own example shows",
    ),
    (
        "/components/schemas/Oncall/properties/start",
        Mend::Nullable,
        "null for somebody named directly on the policy",
    ),
    (
        "/components/schemas/Oncall/properties/end",
        Mend::Nullable,
        "null for somebody named directly on the policy",
    ),
    (
        "/components/schemas/Oncall/properties/schedule",
        Mend::Nullable,
        "null for somebody named directly on the policy",
    ),
    (
        "/components/schemas/ScheduleLayer/properties/end",
        Mend::Nullable,
        "null while the layer goes on",
    ),
    (
        "/components/schemas/LicenseWithCounts/allOf/0/properties/self",
        Mend::Nullable,
        "null in the schema's own example",
    ),
    (
        "/components/schemas/LicenseWithCounts/allOf/0/properties/html_url",
        Mend::Nullable,
        "null in the schema's own example",
    ),
    (
        "/components/schemas/Incident/allOf/1/properties/resolved_at",
        Mend::Nullable,
        "null where there is none, as the schema's own example has it",
    ),
    (
        "/components/schemas/Incident/allOf/1/properties/alert_grouping",
        Mend::Nullable,
        "null where there is none, as the schema's own example has it",
    ),
    (
        "/components/schemas/Incident/allOf/1/properties/priority",
        Mend::Nullable,
        "null where there is none, as the schema's own example has it",
    ),
    (
        "/components/schemas/Incident/allOf/1/properties/resolve_reason",
        Mend::Nullable,
        "null where there is none, as the schema's own example has it",
    ),
    (
        "/components/schemas/Incident/allOf/1/properties/conference_bridge",
        Mend::Nullable,
        "null where there is none, as the schema's own example has it",
    ),
    (
        "/components/schemas/Incident/allOf/1/properties/first_trigger_log_entry",
        Mend::AnyOf,
        "with the reference types mended, an object fits both alternatives",
    ),
    (
        "/components/schemas/Incident/allOf/1/properties/teams/items",
        Mend::AnyOf,
        "with the reference types mended, an object fits both alternatives",
    ),
    (
        "/components/schemas/Incident/allOf/1/properties/service",
        Mend::AnyOf,
        "with the reference types mended, an object fits both alternatives",
    ),
    (
        "/components/schemas/Incident/allOf/1/properties/escalation_policy",
        Mend::AnyOf,
        "with the reference types mended, an object fits both alternatives",
    ),
    (
        "/components/schemas/Assignment/properties/assignee",
        Mend::AnyOf,
        "with the reference types mended, a user fits both alternatives",
    ),
    (
        "/components/schemas/Service/allOf/1/properties/support_hours",
        Mend::Nullable,
        "null where there is none",
    ),
    (
        "/components/schemas/Service/allOf/1/properties/last_incident_timestamp",
        Mend::Nullable,
        "null where there is none",
    ),
    (
        "/components/schemas/Notification/properties/address",
        Mend::Nullable,
        "push notifications have no address",
    ),
    (
        "/components/schemas/AnalyticsRawIncident/properties/seconds_to_first_ack",
        Mend::Nullable,
        "null where it has not happened",
    ),
    (
        "/components/schemas/AnalyticsRawIncident/properties/resolved_by_user_id",
        Mend::Nullable,
        "null where it has not happened",
    ),
    (
        "/components/schemas/AnalyticsRawIncident/properties/resolved_by_user_name",
        Mend::Nullable,
        "null where it has not happened",
    ),
    (
        "/components/schemas/AnalyticsRawIncident/properties/seconds_to_resolve",
        Mend::Nullable,
        "null where it has not happened",
    ),
    (
        "/components/schemas/AnalyticsRawIncident/properties/resolved_at",
        Mend::Nullable,
        "null where it has not happened",
    ),
    (
        "/components/schemas/AutomationActionsAbstractAction/allOf/1/properties/last_run_by",
        Mend::AnyOf,
        "the alternatives demand little more than a type, so that several fit",
    ),
    (
        "/components/schemas/AutomationActionsInvocation/allOf/1/properties/action_snapshot/allOf/1/properties/action_data_reference",
        Mend::AnyOf,
        "the alternatives demand little more than a type, so that several fit",
    ),
    (
        "/components/schemas/AutomationActionsInvocation/allOf/1/properties/metadata/properties/agent",
        Mend::AnyOf,
        "the alternatives demand little more than a type, so that several fit",
    ),
    (
        "/paths/~1automation_actions~1actions/get/responses/200/content/application~1json/schema/allOf/0/properties/actions/items",
        Mend::AnyOf,
        "the alternatives demand little more than a type, so that several fit",
    ),
    (
        "/paths/~1automation_actions~1actions~1{id}/get/responses/200/content/application~1json/schema/properties/action",
        Mend::AnyOf,
        "the alternatives demand little more than a type, so that several fit",
    ),
    (
        "/components/schemas/AnalyticsResponderMetrics/properties/responder_id",
        Mend::AnyString,
        "the schema says integer, its example shows the id",
    ),
    (
        "/paths/~1event_orchestrations/get/responses/200/content/application~1json/schema/allOf/1/properties/orchestrations/items/properties/team",
        Mend::Nullable,
        "null where no team owns it",
    ),
    (
        "/components/schemas/UserOAuthDelegations/properties/next_cursor",
        Mend::Nullable,
        "null on the last page, as the schema's own example has it",
    ),
    (
        "/components/schemas/StatusPagePost/properties/postmortem",
        Mend::Nullable,
        "null where there is none",
    ),
    (
        "/components/schemas/IncidentWorkflow/allOf/1/properties/team",
        Mend::Nullable,
        "null where no team owns it",
    ),
    (
        "/components/schemas/IncidentWorkflowTrigger/allOf/1/properties/workflow/properties/type",
        Mend::AnyString,
        "the enum says workflow_reference, the schema's own example incident_workflow",
    ),
    (
        "/components/schemas/Channel",
        Mend::AnyOf,
        "a channel fits several alternatives: they demand nothing but a type",
    ),
    (
        "/components/schemas/AcknowledgeLogEntry/allOf/1/properties/type",
        Mend::AnyString,
        "the enum says acknowledgement_log_entry, the API acknowledge_log_entry",
    ),
    (
        "/components/schemas/LogEntry/allOf/1/properties/type",
        Mend::AnyString,
        "status_update and responder_request entries are undocumented",
    ),
    (
        "/paths/~1log_entries/get/responses/200/content/application~1json/schema/allOf/1/properties/log_entries/items",
        Mend::AnyOf,
        "with the types mended, an entry fits several alternatives",
    ),
    (
        "/paths/~1incidents~1{id}~1log_entries/get/responses/200/content/application~1json/schema/allOf/1/properties/log_entries/items",
        Mend::AnyOf,
        "with the types mended, an entry fits several alternatives",
    ),
    (
        "/paths/~1log_entries~1{id}/get/responses/200/content/application~1json/schema/properties/log_entry",
        Mend::AnyOf,
        "with the types mended, an entry fits several alternatives",
    ),
];

/// The schema of every operation the simulator plays.
pub(crate) struct Contract {
    document: Value,
}

impl Contract {
    pub(crate) fn load() -> Self {
        let text = include_str!("../pagerduty-openapi.json");
        // One reference points into an alternative that is mended below.
        let text = text.replace("last_run_by/oneOf/", "last_run_by/anyOf/");
        let mut document: Value = serde_json::from_str(&text).expect("the schema is JSON");
        for (place, mend, reason) in DEFECTS {
            let schema = document
                .pointer_mut(place)
                .unwrap_or_else(|| panic!("no {place} ({reason})"));
            mended(schema, mend);
        }
        translate(&mut document);
        Self { document }
    }

    /// Fails with every contradiction between the body and the operation's answer of that status.
    pub(crate) fn check(&self, path: &str, method: &str, status: &str, body: &Value) {
        let errors = self.contradictions((path, method, status), body);
        assert!(
            errors.is_empty(),
            "{method} {path} {status}:\n{}",
            errors.join("\n")
        );
    }

    /// Every contradiction between the body and the operation's answer of that status.
    pub(crate) fn contradictions(
        &self,
        (path, method, status): (&str, &str, &str),
        body: &Value,
    ) -> Vec<String> {
        let answer = &self.document["paths"][path][method]["responses"][status];
        assert!(!answer.is_null(), "{method} {path} documents no {status}");
        let answer = match answer["$ref"].as_str() {
            Some(place) => self
                .document
                .pointer(place.trim_start_matches('#'))
                .expect("response"),
            None => answer,
        };
        let schema = json!({
            "allOf": [answer["content"]["application/json"]["schema"]],
            "components": self.document["components"],
        });
        let validator = jsonschema::options()
            .with_draft(Draft::Draft7)
            .build(&schema)
            .expect("the schema compiles");
        validator
            .iter_errors(body)
            .take(10)
            .map(|error| {
                let text: String = error.to_string().chars().take(300).collect();
                format!(
                    "{}: {text} [{}]",
                    error.instance_path(),
                    error.schema_path()
                )
            })
            .collect()
    }
}

fn mended(schema: &mut Value, mend: &Mend) {
    match mend {
        Mend::Nullable => *schema = json!({"anyOf": [schema.take(), {"type": "null"}]}),
        Mend::AnyString => *schema = json!({"type": "string"}),
        Mend::AnyOf => {
            let all = schema
                .as_object_mut()
                .expect("object")
                .remove("oneOf")
                .expect("oneOf");
            schema["anyOf"] = all;
        }
        Mend::Format => *schema = json!("free"),
    }
}

/// OpenAPI 3.0 says `nullable`, JSON Schema says `type: [.., "null"]`.
fn translate(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(translate),
        Value::Object(object) => {
            object.remove("discriminator");
            if object.remove("nullable") == Some(json!(true)) {
                if let Some(kind) = object.get("type").cloned() {
                    object.insert("type".to_owned(), json!([kind, "null"]));
                }
                if let Some(values) = object.get_mut("enum").and_then(Value::as_array_mut) {
                    values.push(Value::Null);
                }
            }
            object.values_mut().for_each(translate);
        }
        _ => {}
    }
}
