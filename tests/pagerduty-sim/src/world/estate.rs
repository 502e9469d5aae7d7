//! What an account keeps beside its on-call plan: pages, workflows, actions, orchestrations, tags and the like.
//!
//! The objects are made once; what is done with them day by day is in `chores`.

mod make;

use super::people::User;
use super::{DAY, Frame};

/// A label that users, teams and policies carry.
#[derive(Debug, Clone)]
pub struct Tag {
    /// Id.
    pub id: String,
    /// What it says.
    pub label: String,
}

/// A business service.
#[derive(Debug, Clone)]
pub struct BusinessService {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Owning team.
    pub team: Option<usize>,
}

/// A status page; a post begins every `period` days until it is abandoned.
#[derive(Debug, Clone)]
pub struct StatusPage {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether only some may see it.
    pub is_private: bool,
    /// When it was published.
    pub published_at: i64,
    /// Days between two posts.
    pub period: i64,
    /// No post begins from here on.
    pub until: i64,
}

/// An incident workflow with its one trigger.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Id.
    pub id: String,
    /// Id of its trigger.
    pub trigger_id: String,
    /// Name.
    pub name: String,
    /// When it was made.
    pub created_at: i64,
    /// Owning team.
    pub team: Option<usize>,
    /// Whether people start it, not a condition.
    pub is_manual: bool,
    /// Whether it is switched on.
    pub is_enabled: bool,
}

/// An automation action; it runs every `period` days.
#[derive(Debug, Clone)]
pub struct Action {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// When it was made.
    pub created_at: i64,
    /// When it was changed last.
    pub modified_at: i64,
    /// A service it belongs to.
    pub service: usize,
    /// Who runs it; machines do where nobody is named.
    pub runner: Option<usize>,
    /// Days between two runs; more than 14, so that a year's runs fit the 25 that are listed.
    pub period: i64,
    /// Which day of the period.
    pub phase: i64,
    /// Second of the day.
    pub second: i64,
    /// Whether the list of runs has lost them; only the last run is told.
    pub is_purged: bool,
}

/// An event orchestration; it is edited every `period` days until it is left alone.
#[derive(Debug, Clone)]
pub struct Orchestration {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Owning team.
    pub team: Option<usize>,
    /// When it was made.
    pub created_at: i64,
    /// Who made it.
    pub created_by: usize,
    /// Who edits it; nobody ever did where absent.
    pub editor: Option<usize>,
    /// Days between two edits.
    pub period: i64,
    /// No edit from here on.
    pub until: i64,
}

impl Orchestration {
    /// The last change up to and including an instant: by whom, when.
    #[must_use]
    pub fn last_change(&self, instant: i64) -> (usize, i64) {
        let made = (self.created_by, self.created_at);
        let Some(editor) = self.editor else {
            return made;
        };
        let end = instant.min(self.until);
        let step = self.period * DAY;
        let edits = (end - self.created_at).div_euclid(step);
        if edits < 1 {
            return made;
        }
        (editor, self.created_at + edits * step)
    }
}

/// How alerts of some services are grouped.
#[derive(Debug, Clone)]
pub struct Grouping {
    /// Id.
    pub id: String,
    /// PagerDuty's type.
    pub kind: &'static str,
    /// Services.
    pub services: Vec<usize>,
    /// When it was made.
    pub created_at: i64,
    /// When it was changed last.
    pub updated_at: i64,
}

/// A template or an extension: a name, and who made it.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// A service it belongs to.
    pub service: usize,
    /// When it was made.
    pub created_at: i64,
    /// Who made it.
    pub created_by: usize,
}

/// Everything of it.
#[derive(Debug, Default)]
pub struct Estate {
    /// Tags.
    pub tags: Vec<Tag>,
    /// Business services.
    pub business_services: Vec<BusinessService>,
    /// Status pages.
    pub status_pages: Vec<StatusPage>,
    /// Incident workflows.
    pub workflows: Vec<Workflow>,
    /// Automation actions.
    pub actions: Vec<Action>,
    /// Event orchestrations.
    pub orchestrations: Vec<Orchestration>,
    /// Alert grouping settings.
    pub groupings: Vec<Grouping>,
    /// Extensions.
    pub extensions: Vec<Piece>,
    /// Status update templates.
    pub templates: Vec<Piece>,
}

/// What the objects are dealt over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) users: &'a [User],
    pub(crate) teams: usize,
    pub(crate) services: usize,
}

impl Estate {
    pub(crate) fn new(ground: Ground<'_>) -> Self {
        Self {
            tags: make::tags(ground),
            business_services: make::business_services(ground),
            status_pages: make::status_pages(ground),
            workflows: make::workflows(ground),
            actions: make::actions(ground),
            orchestrations: make::orchestrations(ground),
            groupings: make::groupings(ground),
            extensions: make::extensions(ground),
            templates: make::templates(ground),
        }
    }
}
