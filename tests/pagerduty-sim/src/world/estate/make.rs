//! How the objects of an account are dealt out.

use super::{
    Action, BusinessService, Ground, Grouping, Orchestration, Piece, StatusPage, Tag, Workflow,
};
use crate::world::DAY;
use crate::world::dice::Dice;
use crate::world::ident::{Kind, long_id, object_id, uuid};
use crate::world::people::Persona;

impl Ground<'_> {
    fn id(&self, kind: Kind, n: usize) -> String {
        object_id(self.frame.key, kind, n as u64)
    }

    fn dice(&self, part: u64, n: usize) -> Dice {
        Dice::new(&[self.frame.key, part, n as u64])
    }

    fn days_ago(&self, days: i64) -> i64 {
        self.frame.anchor - days * DAY
    }

    fn people(&self, persona: Persona) -> Vec<usize> {
        (0..self.users.len())
            .filter(|n| self.users[*n].persona == persona)
            .collect()
    }
}

pub(super) fn tags(ground: Ground<'_>) -> Vec<Tag> {
    let labels = [
        "cost-center-100",
        "cost-center-200",
        "follow-the-sun",
        "tier-1",
    ];
    labels
        .into_iter()
        .enumerate()
        .map(|(n, label)| Tag {
            id: ground.id(Kind::Tag, n),
            label: label.to_owned(),
        })
        .collect()
}

pub(super) fn business_services(ground: Ground<'_>) -> Vec<BusinessService> {
    (0..(ground.services / 6).max(3))
        .map(|n| BusinessService {
            id: ground.id(Kind::BusinessService, n),
            name: format!("Business function {}", n + 1),
            team: (n % 4 != 3).then_some(n % ground.teams),
        })
        .collect()
}

/// The first page of the second account was abandoned long ago.
pub(super) fn status_pages(ground: Ground<'_>) -> Vec<StatusPage> {
    let count = 1 + usize::from(ground.teams > 10);
    (0..count)
        .map(|n| StatusPage {
            id: ground.id(Kind::StatusPage, n),
            name: format!("Status page {}", n + 1),
            is_private: n % 2 == 1,
            published_at: ground.days_ago(420) + 40_000,
            period: 9 + n as i64 * 4,
            until: if ground.frame.account == 1 {
                ground.days_ago(200)
            } else {
                i64::MAX
            },
        })
        .collect()
}

pub(super) fn workflows(ground: Ground<'_>) -> Vec<Workflow> {
    (0..(ground.teams / 4).max(2))
        .map(|n| {
            let mut dice = ground.dice(20, n);
            Workflow {
                id: ground.id(Kind::Workflow, n),
                trigger_id: uuid(ground.frame.key, 21, n as u64),
                name: format!("Workflow {}", n + 1),
                created_at: ground.days_ago(dice.between(200, 700)) + dice.between(25_000, 60_000),
                team: (n % 2 == 0).then_some(n % ground.teams),
                is_manual: n % 2 == 0,
                is_enabled: n % 5 != 4,
            }
        })
        .collect()
}

/// Three actions for everybody who lives by running them, some that machines run, one whose runs are lost.
pub(super) fn actions(ground: Ground<'_>) -> Vec<Action> {
    let people = ground.people(Persona::Automator);
    let own = people.iter().flat_map(|user| [Some(*user); 3]);
    let others = [None, Some(people.first().copied().unwrap_or(0)), Some(0)]
        .into_iter()
        .chain((0..ground.teams / 4).map(|_| None));
    own.chain(others)
        .enumerate()
        .map(|(n, runner)| {
            let mut dice = ground.dice(22, n);
            let created_at = ground.days_ago(dice.between(420, 900)) + dice.between(25_000, 60_000);
            Action {
                id: long_id(ground.frame.key, 22, n as u64),
                name: format!("Restart job {}", n + 1),
                created_at,
                modified_at: created_at + dice.between(1, 30) * DAY,
                service: dice.below(ground.services as u64) as usize,
                runner,
                period: dice.between(18, 28),
                phase: dice.between(0, 27),
                second: dice.between(25_000, 60_000),
                is_purged: n == people.len() * 3 + 1,
            }
        })
        .collect()
}

/// One for everybody who lives by editing them, some that admins made and nobody touched, some long left alone.
pub(super) fn orchestrations(ground: Ground<'_>) -> Vec<Orchestration> {
    let people = ground.people(Persona::Architect);
    let own = people.iter().map(|user| Some(*user));
    let others = [None, Some(0), None]
        .into_iter()
        .chain((0..ground.teams / 8).map(|n| (n % 2 == 0).then_some(0)));
    let count = people.len();
    own.chain(others)
        .enumerate()
        .map(|(n, editor)| {
            let mut dice = ground.dice(23, n);
            Orchestration {
                id: uuid(ground.frame.key, 23, n as u64),
                name: format!("Orchestration {}", n + 1),
                team: (n % 3 != 2).then_some(n % ground.teams),
                created_at: ground.days_ago(dice.between(250, 900)) + dice.between(25_000, 60_000),
                created_by: n % 2,
                editor,
                period: dice.between(9, 24),
                until: if n > count {
                    ground.days_ago(210)
                } else {
                    i64::MAX
                },
            }
        })
        .collect()
}

/// Bought and set up once, never touched since.
pub(super) fn groupings(ground: Ground<'_>) -> Vec<Grouping> {
    let kinds = [
        "intelligent",
        "content_based",
        "time",
        "content_based_intelligent",
    ];
    (0..(ground.teams / 3).max(2))
        .map(|n| {
            let created_at = ground.days_ago(240 + n as i64 % 300) + 36_000;
            Grouping {
                id: ground.id(Kind::Grouping, n),
                kind: kinds[n % kinds.len()],
                services: vec![n % ground.services, (n * 7 + 1) % ground.services],
                created_at,
                updated_at: created_at + 3_600,
            }
        })
        .collect()
}

pub(super) fn extensions(ground: Ground<'_>) -> Vec<Piece> {
    pieces(ground, Kind::Extension, (ground.teams / 2, "Chat channel"))
}

pub(super) fn templates(ground: Ground<'_>) -> Vec<Piece> {
    pieces(
        ground,
        Kind::Template,
        (ground.teams / 5 + 2, "Update template"),
    )
}

fn pieces(ground: Ground<'_>, kind: Kind, (count, word): (usize, &str)) -> Vec<Piece> {
    (0..count)
        .map(|n| Piece {
            id: ground.id(kind, n),
            name: format!("{word} {}", n + 1),
            service: n * 3 % ground.services,
            created_at: ground.days_ago(300 + n as i64 % 400) + 30_000,
            created_by: n % 2,
        })
        .collect()
}
