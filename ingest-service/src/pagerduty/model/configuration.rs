//! What an account keeps: configuration, as resources. Descriptions, titles and addresses are never
//! read.

use proto::facts::v1::{Resource, Resources, envelope::Payload};
use serde::Deserialize;

use super::{
    Malformed, Page, classic, decode, facts,
    value::{Flag, Instant, Many, One, Reference, Text},
};

/// Whatever the lists of configuration tell, under whichever name.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    id: Text,
    r#type: Text,
    name: Text,
    label: Text,
    created_at: Instant,
    creation_time: Instant,
    published_at: Instant,
    created_by: One<Reference>,
    updated_at: Instant,
    modify_time: Instant,
    updated_by: One<Reference>,
    start_time: Instant,
    starts_at: Instant,
    end_time: Instant,
    ends_at: Instant,
    last_run: Instant,
    last_run_by: One<Reference>,
    is_enabled: Flag,
    is_disabled: Flag,
    temporarily_disabled: Flag,
    status_page_type: Text,
    post_type: Text,
    trigger_type: Text,
    template_type: Text,
    action_type: Text,
    workflow_id: Text,
    workflow: One<Reference>,
    status_page: One<Reference>,
    extension_schema: One<Reference>,
    extension_objects: Many<Reference>,
    team: One<Reference>,
    teams: Many<Reference>,
    services: Many<Reference>,
}

/// The id of a person; other authors are left out.
fn person(author: One<Reference>) -> String {
    let person = author.0.filter(|one| {
        matches!(
            one.r#type.0.as_deref(),
            Some("user_reference" | "user") | None
        )
    });
    person.map_or_else(String::new, |one| one.id.or_empty())
}

fn either(one: Instant, other: Instant) -> Option<prost_types::Timestamp> {
    one.proto().or_else(|| other.proto())
}

impl Row {
    /// Everything that means the same in all lists.
    fn resource(self, kind: &str) -> Option<Resource> {
        let disabled = [self.is_disabled.0, self.temporarily_disabled.0];
        let off = self.is_enabled.0 == Some(false) || disabled.contains(&Some(true));
        let mut team_ids = self.teams.ids();
        team_ids.extend(self.team.id().filter(|team| !team_ids.contains(team)));
        Some(Resource {
            id: self.id.filled()?,
            r#type: self.r#type.filled().unwrap_or_else(|| kind.to_owned()),
            name: self.name.filled().unwrap_or_else(|| self.label.or_empty()),
            enabled: !off,
            created_at: either(self.created_at, self.creation_time)
                .or_else(|| self.published_at.proto()),
            created_by_id: person(self.created_by),
            updated_at: either(self.updated_at, self.modify_time),
            updated_by_id: person(self.updated_by),
            starts_at: either(self.start_time, self.starts_at),
            ends_at: either(self.end_time, self.ends_at),
            last_used_at: self.last_run.proto(),
            last_used_by_id: person(self.last_run_by),
            team_ids,
            service_ids: self.services.ids(),
            ..Resource::default()
        })
    }

    fn typed(self, kind: &str) -> Option<Resource> {
        let resource = self.resource(kind)?;
        Some(Resource {
            r#type: kind.to_owned(),
            ..resource
        })
    }

    /// A page's type says who may see it.
    fn status_page(mut self) -> Option<Resource> {
        let status = std::mem::take(&mut self.status_page_type).or_empty();
        Some(Resource {
            status,
            ..self.typed("status_page")?
        })
    }

    fn status_page_post(mut self) -> Option<Resource> {
        let status = std::mem::take(&mut self.post_type).or_empty();
        let parent_id = std::mem::take(&mut self.status_page).id_or_empty();
        Some(Resource {
            status,
            parent_id,
            name: String::new(),
            ..self.typed("status_page_post")?
        })
    }

    fn workflow_trigger(mut self) -> Option<Resource> {
        let status = std::mem::take(&mut self.trigger_type).or_empty();
        let nested = std::mem::take(&mut self.workflow).id_or_empty();
        let parent_id = std::mem::take(&mut self.workflow_id).filled();
        Some(Resource {
            status,
            parent_id: parent_id.unwrap_or(nested),
            ..self.typed("incident_workflow_trigger")?
        })
    }

    fn automation_action(mut self) -> Option<Resource> {
        let status = std::mem::take(&mut self.action_type).or_empty();
        Some(Resource {
            status,
            ..self.typed("automation_action")?
        })
    }

    fn template(mut self) -> Option<Resource> {
        let status = std::mem::take(&mut self.template_type).or_empty();
        Some(Resource {
            status,
            ..self.resource("template")?
        })
    }

    /// The schema says which product it leads to.
    fn extension(mut self) -> Option<Resource> {
        let parent_id = std::mem::take(&mut self.extension_schema).id_or_empty();
        let service_ids = std::mem::take(&mut self.extension_objects).ids();
        Some(Resource {
            parent_id,
            service_ids,
            ..self.resource("extension")?
        })
    }

    /// Their description is text of a person.
    fn maintenance_window(self) -> Option<Resource> {
        Some(Resource {
            name: String::new(),
            ..self.typed("maintenance_window")?
        })
    }
}

classic!(
    /// `GET /priorities`.
    priorities, priorities: Row => Resources via |row| row.resource("priority")
);
classic!(
    /// `GET /tags`.
    tags, tags: Row => Resources via |row| row.resource("tag")
);
classic!(
    /// `GET /business_services`.
    business_services, business_services: Row => Resources via |row| row.typed("business_service")
);
classic!(
    /// `GET /maintenance_windows`.
    maintenance_windows, maintenance_windows: Row => Resources via Row::maintenance_window
);
classic!(
    /// `GET /status_pages`.
    status_pages, status_pages: Row => Resources via Row::status_page
);
classic!(
    /// `GET /status_pages/{id}/posts`.
    status_page_posts, posts: Row => Resources via Row::status_page_post
);
classic!(
    /// `GET /incident_workflows`.
    workflows, incident_workflows: Row => Resources via |row| row.typed("incident_workflow")
);
classic!(
    /// `GET /incident_workflows/triggers`.
    workflow_triggers, triggers: Row => Resources via Row::workflow_trigger
);
classic!(
    /// `GET /automation_actions/actions`.
    automation_actions, actions: Row => Resources via Row::automation_action
);
classic!(
    /// `GET /event_orchestrations`.
    event_orchestrations, orchestrations: Row => Resources via |row| row.typed("event_orchestration")
);
classic!(
    /// `GET /alert_grouping_settings`.
    alert_grouping_settings, alert_grouping_settings: Row => Resources via |row| row.resource("alert_grouping_setting")
);
classic!(
    /// `GET /extensions`.
    extensions, extensions: Row => Resources via Row::extension
);
classic!(
    /// `GET /templates`.
    templates, templates: Row => Resources via Row::template
);

#[derive(Deserialize)]
struct AbilitiesAnswer {
    abilities: Vec<Text>,
}

/// `GET /abilities`: words, each of which names something that the account has.
pub fn abilities(body: &[u8]) -> Result<Page, Malformed> {
    let AbilitiesAnswer { abilities } = decode(body)?;
    let rows = abilities.len() as i64;
    let (records, unreadable) = facts(abilities, |ability| {
        let id = ability.filled()?;
        Some(Resource {
            name: id.clone(),
            id,
            r#type: "ability".to_owned(),
            enabled: true,
            ..Resource::default()
        })
    });
    Ok(Page {
        payload: Payload::Resources(Resources { records }),
        rows,
        unreadable,
        ..Page::empty()
    })
}
