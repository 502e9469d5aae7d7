//! What analytics has measured: responders by week, incidents, and the use of PagerDuty Advance.

use proto::facts::v1::{AdvanceUse, IncidentAnalytic, ResponderAnalytic};
use serde::Deserialize;

use super::{
    classic,
    value::{Instant, Integer, Text, Words},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResponderRow {
    responder_id: Text,
    team_id: Text,
    total_incident_count: Integer,
    total_incidents_acknowledged: Integer,
    mean_time_to_acknowledge_seconds: Integer,
    total_engaged_seconds: Integer,
    total_notifications: Integer,
    total_interruptions: Integer,
    total_business_hour_interruptions: Integer,
    total_off_hour_interruptions: Integer,
    total_sleep_hour_interruptions: Integer,
    total_seconds_on_call: Integer,
}

impl ResponderRow {
    /// For which week, only the question tells.
    fn fact(self) -> Option<ResponderAnalytic> {
        let acknowledged = self.total_incidents_acknowledged.or_zero();
        Some(ResponderAnalytic {
            user_id: self.responder_id.filled()?,
            team_id: self.team_id.or_empty(),
            from: None,
            to: None,
            incidents: self.total_incident_count.or_zero(),
            incidents_acknowledged: acknowledged,
            mean_seconds_to_acknowledge: self
                .mean_time_to_acknowledge_seconds
                .0
                .filter(|_| acknowledged > 0),
            engaged_seconds: self.total_engaged_seconds.or_zero(),
            notifications: self.total_notifications.or_zero(),
            interruptions: self.total_interruptions.or_zero(),
            business_hour_interruptions: self.total_business_hour_interruptions.or_zero(),
            off_hour_interruptions: self.total_off_hour_interruptions.or_zero(),
            sleep_hour_interruptions: self.total_sleep_hour_interruptions.or_zero(),
            seconds_on_call: self.total_seconds_on_call.or_zero(),
        })
    }
}

classic!(
    /// `POST /analytics/metrics/responders/teams`.
    responders, data: ResponderRow => ResponderAnalytics
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct IncidentRow {
    id: Text,
    created_at: Instant,
    updated_at: Instant,
    service_id: Text,
    team_id: Text,
    urgency: Text,
    seconds_to_first_ack: Integer,
    seconds_to_resolve: Integer,
    acknowledged_user_ids: Words,
    resolved_by_user_id: Text,
    escalation_count: Integer,
    timeout_escalation_count: Integer,
    business_hour_interruptions: Integer,
    off_hour_interruptions: Integer,
    sleep_hour_interruptions: Integer,
}

impl IncidentRow {
    fn fact(self) -> Option<IncidentAnalytic> {
        Some(IncidentAnalytic {
            incident_id: self.id.filled()?,
            created_at: Some(self.created_at.proto()?),
            updated_at: self.updated_at.proto(),
            service_id: self.service_id.or_empty(),
            team_id: self.team_id.or_empty(),
            urgency: self.urgency.or_empty(),
            seconds_to_first_acknowledge: self.seconds_to_first_ack.0,
            seconds_to_resolve: self.seconds_to_resolve.0,
            acknowledged_user_ids: self.acknowledged_user_ids.0,
            resolved_by_user_id: self.resolved_by_user_id.or_empty(),
            escalations: self.escalation_count.or_zero(),
            timeout_escalations: self.timeout_escalation_count.or_zero(),
            business_hour_interruptions: self.business_hour_interruptions.or_zero(),
            off_hour_interruptions: self.off_hour_interruptions.or_zero(),
            sleep_hour_interruptions: self.sleep_hour_interruptions.or_zero(),
        })
    }
}

classic!(
    /// `POST /analytics/raw/incidents`.
    incidents, data: IncidentRow => IncidentAnalytics
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct AdvanceRow {
    feature_id: Text,
    total_credits_used: Integer,
    total_use_count: Integer,
}

impl AdvanceRow {
    /// For which day, only the question tells.
    fn fact(self) -> Option<AdvanceUse> {
        Some(AdvanceUse {
            feature: self.feature_id.filled()?,
            from: None,
            to: None,
            credits: self.total_credits_used.or_zero(),
            uses: self.total_use_count.or_zero(),
        })
    }
}

classic!(
    /// `POST /analytics/metrics/pd_advance_usage/features`.
    advance, data: AdvanceRow => AdvanceUsage
);
