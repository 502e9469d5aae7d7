//! References: `{id, type, summary, self, html_url}`, the form in which objects name each other.

use serde_json::{Value, json};

use super::ask::Ask;
use crate::world::{Agent, Doer, Incident, Kind, ScheduleKind, object_id, trouble};

impl Ask {
    fn reference(&self, kind: &str, path: &str, id: &str, summary: &str) -> Value {
        json!({
            "id": id,
            "type": format!("{kind}_reference"),
            "summary": summary,
            "self": format!("{}/{path}/{id}", self.api),
            "html_url": format!("{}/{path}/{id}", self.web),
        })
    }

    pub(crate) fn user_ref(&self, n: usize) -> Value {
        let user = &self.world.users[n];
        self.reference("user", "users", &user.id, &user.name)
    }

    /// Somebody who has left: the name is still told, the user is not found.
    pub(crate) fn former_ref(&self, n: u8) -> Value {
        let id = object_id(self.world.key(), Kind::Former, u64::from(n));
        self.reference("user", "users", &id, &format!("Former Colleague {n}"))
    }

    /// Whoever did a chore.
    pub(crate) fn doer_ref(&self, doer: Doer) -> Value {
        let other = |id: &str, kind: &str, summary: &str| json!({"id": id, "type": kind, "summary": summary});
        match doer {
            Doer::User(n) => self.user_ref(n),
            Doer::Former(n) => self.former_ref(n),
            Doer::ApiKey => other("PAPIKEY", "api_key_reference", "Deployment key"),
            Doer::App => other("PAPPONE", "app_reference", "Provisioning"),
            Doer::Machine => other("PMACHIN", "incident_workflow_reference", "Workflow 1"),
        }
    }

    pub(crate) fn team_ref(&self, n: usize) -> Value {
        let team = &self.world.teams[n];
        self.reference("team", "teams", &team.id, &team.name)
    }

    pub(crate) fn service_ref(&self, n: usize) -> Value {
        let service = &self.world.services[n];
        let mut value = self.reference("service", "services", &service.id, &service.name);
        value["html_url"] = json!(format!("{}/service-directory/{}", self.web, service.id));
        value
    }

    pub(crate) fn policy_ref(&self, n: usize) -> Value {
        let policy = &self.world.policies[n];
        self.reference(
            "escalation_policy",
            "escalation_policies",
            &policy.id,
            &policy.name,
        )
    }

    pub(crate) fn schedule_ref(&self, n: usize) -> Value {
        let schedule = &self.world.schedules[n];
        let (kind, path) = match schedule.kind {
            ScheduleKind::V2 => ("schedule", "schedules"),
            ScheduleKind::V3 => ("schedule_v3", "v3/schedules"),
        };
        let mut value = self.reference(kind, path, &schedule.id, &schedule.name);
        value["html_url"] = json!(format!("{}/schedules/{}", self.web, schedule.id));
        value
    }

    pub(crate) fn priority(&self, n: usize) -> Value {
        let (id, name) = &self.world.priorities[n];
        json!({
            "id": id,
            "type": "priority",
            "summary": name,
            "self": format!("{}/priorities/{id}", self.api),
            "html_url": null,
            "name": name,
            "description": format!("Priority {name}"),
        })
    }

    pub(crate) fn incident_ref(&self, incident: &Incident) -> Value {
        let id = incident.id(self.world.key());
        self.reference(
            "incident",
            "incidents",
            &id,
            &self.incident_summary(incident),
        )
    }

    pub(crate) fn incident_summary(&self, incident: &Incident) -> String {
        format!(
            "[#{}] {}",
            self.incident_number(incident),
            self.title(incident)
        )
    }

    /// Rises with time; days have 100,000 numbers each.
    pub(crate) fn incident_number(&self, incident: &Incident) -> i64 {
        let first_day = self.world.opened_at().div_euclid(crate::world::DAY);
        (incident.day - first_day) * 100_000 + i64::from(incident.position) + 1
    }

    pub(crate) fn title(&self, incident: &Incident) -> String {
        format!(
            "{}: {}",
            self.world.services[incident.service].name,
            trouble(incident.trouble)
        )
    }

    pub(crate) fn agent_ref(&self, agent: Agent, service: usize) -> Value {
        match agent {
            Agent::User(n) => self.user_ref(n),
            Agent::Former(n) => self.former_ref(n),
            Agent::Service => self.service_ref(service),
            Agent::Integration => {
                let mut value = self.integration_ref(service);
                value["type"] = json!("integration_reference");
                value
            }
        }
    }

    pub(crate) fn integration_ref(&self, service: usize) -> Value {
        let owner = &self.world.services[service];
        let id = crate::world::object_id(
            self.world.key(),
            crate::world::Kind::Integration,
            service as u64,
        );
        json!({
            "id": id,
            "type": "events_api_v2_inbound_integration_reference",
            "summary": "Events API v2",
            "self": format!("{}/services/{}/integrations/{id}", self.api, owner.id),
            "html_url": format!("{}/services/{}/integrations/{id}", self.web, owner.id),
        })
    }
}
