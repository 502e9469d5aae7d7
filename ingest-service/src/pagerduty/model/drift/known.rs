//! Written by tests/fixtures/known.py from PagerDuty's OpenAPI file.

use proto::facts::v1::Dataset;

/// What is documented of the records of a dataset.
pub(super) struct Known {
    /// The lists in an answer.
    pub(super) lists: &'static [&'static str],
    /// Fields of a record, separated by spaces.
    pub(super) fields: &'static str,
    /// Fields that hold one of a few values, and those, separated by spaces.
    pub(super) kinds: &'static [(&'static str, &'static str)],
}

/// `None` where nothing is documented that could be compared.
pub(super) fn of(dataset: Dataset) -> Option<&'static Known> {
    let known = match dataset {
        Dataset::Users => &USERS,
        Dataset::Licenses => &LICENSES,
        Dataset::LicenseAllocations => &LICENSE_ALLOCATIONS,
        Dataset::Teams => &TEAMS,
        Dataset::Services => &SERVICES,
        Dataset::EscalationPolicies => &ESCALATION_POLICIES,
        Dataset::Oncalls => &ONCALLS,
        Dataset::LogEntries => &LOG_ENTRIES,
        Dataset::Incidents => &INCIDENTS,
        Dataset::UserAnalytics => &USER_ANALYTICS,
        Dataset::UserDelegations => &USER_DELEGATIONS,
        Dataset::AuditRecords => &AUDIT_RECORDS,
        Dataset::Notifications => &NOTIFICATIONS,
        Dataset::MaintenanceWindows => &MAINTENANCE_WINDOWS,
        Dataset::AutomationActions => &AUTOMATION_ACTIONS,
        Dataset::AutomationInvocations => &AUTOMATION_INVOCATIONS,
        Dataset::EventOrchestrations => &EVENT_ORCHESTRATIONS,
        Dataset::IncidentWorkflows => &INCIDENT_WORKFLOWS,
        Dataset::IncidentAnalytics => &INCIDENT_ANALYTICS,
        Dataset::ResponderAnalytics => &RESPONDER_ANALYTICS,
        _ => return None,
    };
    Some(known)
}

static USERS: Known = Known {
    lists: &["users"],
    fields: "avatar_url color contact_methods created_via_sso description email html_url http_cal_url id invitation_sent job_title name notification_rules role self summary teams time_zone type web_cal_url",
    kinds: &[(
        "role",
        "admin limited_user observer owner read_only_limited_user read_only_user restricted_access user",
    )],
};

static LICENSES: Known = Known {
    lists: &["licenses"],
    fields: "allocations_available current_value description html_url id name role_group self summary type valid_roles",
    kinds: &[],
};

static LICENSE_ALLOCATIONS: Known = Known {
    lists: &["license_allocations"],
    fields: "allocated_at license user",
    kinds: &[],
};

static TEAMS: Known = Known {
    lists: &["teams", "members"],
    fields: "default_role description html_url id name role self summary type user",
    kinds: &[],
};

static SERVICES: Known = Known {
    lists: &["services"],
    fields: "acknowledgement_timeout addons alert_creation alert_grouping alert_grouping_parameters alert_grouping_timeout auto_pause_notifications_parameters auto_resolve_timeout created_at description escalation_policy html_url id incident_urgency_rule integrations last_incident_timestamp name response_play scheduled_actions self status summary support_hours teams type",
    kinds: &[("status", "active critical disabled maintenance warning")],
};

static ESCALATION_POLICIES: Known = Known {
    lists: &["escalation_policies"],
    fields: "description escalation_rules html_url id name num_loops on_call_handoff_notifications self services summary teams type",
    kinds: &[],
};

static ONCALLS: Known = Known {
    lists: &["oncalls"],
    fields: "end escalation_level escalation_policy schedule start user",
    kinds: &[],
};

static LOG_ENTRIES: Known = Known {
    lists: &["log_entries"],
    fields: "acknowledgement_timeout agent assignees changed_actions changeset channel contexts created_at event_details html_url id incident note self service summary teams type user",
    kinds: &[(
        "type",
        "acknowledge_log_entry acknowledgement_log_entry annotate_log_entry assign_log_entry custom_field_value_change_log_entry delegate_log_entry escalate_log_entry exhaust_escalation_path_log_entry field_value_change_log_entry notify_log_entry reach_ack_limit_log_entry reach_trigger_limit_log_entry repeat_escalation_path_log_entry resolve_log_entry snooze_log_entry trigger_log_entry unacknowledge_log_entry urgency_change_log_entry",
    )],
};

static INCIDENTS: Known = Known {
    lists: &["incidents"],
    fields: "acknowledgements alert_counts alert_grouping assigned_via assignments body conference_bridge created_at escalation_policy first_trigger_log_entry html_url id incident_key incident_number incident_type incidents_responders is_mergeable last_status_change_at last_status_change_by pending_actions priority resolve_reason resolved_at responder_requests self service status summary teams title type updated_at urgency",
    kinds: &[
        ("status", "acknowledged resolved triggered"),
        ("urgency", "high low"),
    ],
};

static USER_ANALYTICS: Known = Known {
    lists: &["data"],
    fields: "account_id channel_types_configured created_at default_notification_channel_count description downloaded_mobile_app email escalation_policies_count id last_sign_in_at notification_methods on_escalation_policy on_schedule role schedules_count signed_up team_count team_id team_name time_zone user_name",
    kinds: &[],
};

static USER_DELEGATIONS: Known = Known {
    lists: &["oauth_delegations"],
    fields: "client_id created_at delegation_type expires_at id scope self status type",
    kinds: &[("status", "issued revoked")],
};

static AUDIT_RECORDS: Known = Known {
    lists: &["records"],
    fields: "action actors details execution_context execution_time id method root_resource self",
    kinds: &[],
};

static NOTIFICATIONS: Known = Known {
    lists: &["notifications"],
    fields: "address conferenceAddress id started_at status type user",
    kinds: &[(
        "type",
        "email_notification phone_notification push_notification sms_notification",
    )],
};

static MAINTENANCE_WINDOWS: Known = Known {
    lists: &["maintenance_windows"],
    fields: "created_by description end_time html_url id self sequence_number services start_time summary teams type",
    kinds: &[],
};

static AUTOMATION_ACTIONS: Known = Known {
    lists: &["actions"],
    fields: "action_classification action_data_reference action_type allow_invocation_from_event_orchestration allow_invocation_manually creation_time description html_url id last_run last_run_by map_to_all_services metadata modify_time name only_invocable_on_unresolved_incidents privileges runner runner_type self services summary type",
    kinds: &[],
};

static AUTOMATION_INVOCATIONS: Known = Known {
    lists: &["invocations"],
    fields: "action_id action_snapshot duration html_url id metadata runner_id self state summary timing type",
    kinds: &[(
        "state",
        "aborted completed created error prepared queued running sent unknown",
    )],
};

static EVENT_ORCHESTRATIONS: Known = Known {
    lists: &["orchestrations"],
    fields: "created_at created_by description id name routes self team updated_at updated_by version",
    kinds: &[],
};

static INCIDENT_WORKFLOWS: Known = Known {
    lists: &["incident_workflows", "triggers"],
    fields: "condition created_at description html_url id incident_types is_disabled is_enabled is_subscribed_to_all_services name permissions self services steps summary team trigger_type trigger_type_name trigger_url type workflow workflow_id workflow_name",
    kinds: &[("type", "incident_workflow workflow_trigger")],
};

static INCIDENT_ANALYTICS: Known = Known {
    lists: &["data"],
    fields: "acknowledged_user_ids acknowledged_user_names acknowledgement_count active_user_count assigned_user_ids assigned_user_names assignment_count auto_resolved business_hour_interruptions created_at description engaged_seconds engaged_user_count escalation_count escalation_policy_id escalation_policy_name id incident_number incident_type_id incident_type_name joined_user_ids joined_user_names major manual_escalation_count off_hour_interruptions priority_id priority_name priority_order reassignment_count resolved_at resolved_by_user_id resolved_by_user_name seconds_to_engage seconds_to_first_ack seconds_to_mobilize seconds_to_resolve service_id service_name sleep_hour_interruptions snoozed_seconds status team_id team_name timeout_escalation_count total_interruptions total_interruptions\" total_notifications updated_at urgency user_defined_effort_seconds",
    kinds: &[],
};

static RESPONDER_ANALYTICS: Known = Known {
    lists: &["data"],
    fields: "mean_engaged_seconds mean_time_to_acknowledge_seconds responder_id responder_name team_id team_name total_business_hour_interruptions total_engaged_seconds total_incident_count total_incidents_acknowledged total_incidents_manual_escalated_from total_incidents_manual_escalated_to total_incidents_reassigned_from total_incidents_reassigned_to total_incidents_timeout_escalated_from total_incidents_timeout_escalated_to total_interruptions total_notifications total_off_hour_interruptions total_seconds_on_call total_seconds_on_call_level_1 total_seconds_on_call_level_2_plus total_sleep_hour_interruptions",
    kinds: &[],
};
