//! What is configured: licenses, teams, services, escalation policies, schedules.

use super::ident::{Kind, object_id};
use super::people::{Persona, User};
use super::rota::Layer;
use super::{ACCOUNT_AGE_DAYS, DAY, Frame, names};

/// A kind of license.
#[derive(Debug, Clone)]
pub struct License {
    /// Id.
    pub id: String,
    /// Name as sold.
    pub name: &'static str,
    /// Add-ons.
    pub description: &'static str,
    /// Whether it is the Stakeholder group.
    pub is_stakeholder: bool,
    /// Bought seats; `None` is unlimited.
    pub purchased: Option<u32>,
}

/// A team.
#[derive(Debug, Clone)]
pub struct Team {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Members and their team roles.
    pub members: Vec<(usize, &'static str)>,
}

/// A technical service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Position of the owning team.
    pub team: usize,
    /// Position of the escalation policy.
    pub policy: usize,
    /// Creation, seconds since 1970.
    pub created_at: i64,
}

/// Who is asked at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Whoever is on shift on that schedule.
    Schedule(usize),
    /// That user, always.
    User(usize),
}

/// An escalation policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Owning team.
    pub team: Option<usize>,
    /// Targets per level, first level first.
    pub levels: Vec<Vec<Target>>,
    /// Minutes before the next level is asked.
    pub delay_minutes: i64,
}

/// Which API serves a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleKind {
    /// Layers.
    V2,
    /// Shifts.
    V3,
}

/// A schedule.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Which API serves it.
    pub kind: ScheduleKind,
    /// Owning team.
    pub team: usize,
    /// IANA zone it is shown in.
    pub time_zone: &'static str,
    /// One after the other; never two at once.
    pub layers: Vec<Layer>,
}

/// Everything configured around on-call.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) teams: Vec<Team>,
    pub(crate) services: Vec<Service>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) schedules: Vec<Schedule>,
}

impl Plan {
    pub(crate) fn new(frame: &Frame, users: &[User], teams: usize, services: usize) -> Self {
        let mut plan = Self {
            teams: (0..teams).map(|n| team(frame, users, n)).collect(),
            ..Self::default()
        };
        for n in 0..teams {
            plan.rota(frame, users, n);
        }
        plan.company_policy(frame);
        plan.unattached(frame, users, teams);
        plan.next_month(frame, users);
        plan.services = (0..services)
            .map(|n| Service {
                id: object_id(frame.key, Kind::Service, n as u64),
                name: names::service(n % teams, n),
                team: n % teams,
                policy: n % teams,
                created_at: frame.anchor - (700 + n as i64 % 300) * DAY + 36_000,
            })
            .collect();
        plan
    }

    /// A team's schedules and its policy: one to three levels, some of them people named directly.
    fn rota(&mut self, frame: &Frame, users: &[User], team: usize) {
        let of = |persona| people(users, team, persona);
        let responders = of(Persona::Responder);
        let mut crew = responders.clone();
        crew.extend(of(Persona::Ghost));
        let former = of(Persona::FormerOnCall);
        let kind = if team % 3 == 2 {
            ScheduleKind::V3
        } else {
            ScheduleKind::V2
        };
        let turn = if team.is_multiple_of(2) { 7 * DAY } else { DAY };
        let mut layers = crew_layers(frame, &crew, &former, turn);
        if let Some(layer) = layers.last_mut() {
            layer.everyone = team % 9 == 8;
            layer.length = if team % 6 == 5 { DAY / 2 } else { layer.turn };
        }
        let primary = self.add_schedule(frame, (team, kind, "primary"), layers);
        let mut levels = vec![vec![Target::Schedule(primary)]];
        let lead = responders.first().copied();
        if team.is_multiple_of(2) {
            let mut crew: Vec<_> = responders.iter().rev().copied().collect();
            crew.rotate_left(1);
            let layers = crew_layers(frame, &crew, &[], 7 * DAY);
            let second = self.add_schedule(frame, (team, ScheduleKind::V2, "secondary"), layers);
            levels.push(vec![Target::Schedule(second)]);
        } else if team % 4 == 1 {
            levels.push(lead.map(Target::User).into_iter().collect());
        }
        if team.is_multiple_of(5) {
            let next = people(users, (team + 1) % self.teams.len(), Persona::Responder);
            levels.push(
                next.first()
                    .copied()
                    .map(Target::User)
                    .into_iter()
                    .collect(),
            );
        }
        levels.retain(|targets| !targets.is_empty());
        self.policies.push(Policy {
            id: object_id(frame.key, Kind::Policy, team as u64),
            name: format!("{} escalation", names::team(team)),
            team: Some(team),
            levels,
            delay_minutes: if team.is_multiple_of(2) { 30 } else { 15 },
        });
    }

    fn add_schedule(
        &mut self,
        frame: &Frame,
        (team, kind, word): (usize, ScheduleKind, &str),
        layers: Vec<Layer>,
    ) -> usize {
        let n = self.schedules.len();
        self.schedules.push(Schedule {
            id: object_id(frame.key, Kind::Schedule, n as u64),
            name: format!("{} {word}", names::team(team)),
            kind,
            team,
            time_zone: "Etc/UTC",
            layers,
        });
        n
    }

    /// A policy that no service uses: the account owner, permanently on call.
    fn company_policy(&mut self, frame: &Frame) {
        self.policies.push(Policy {
            id: object_id(frame.key, Kind::Policy, self.policies.len() as u64),
            name: "Company-wide".to_owned(),
            team: None,
            levels: vec![vec![Target::User(1)]],
            delay_minutes: 30,
        });
    }

    /// A policy whose only person begins next month: somebody invited long ago who never came.
    fn next_month(&mut self, frame: &Frame, users: &[User]) {
        let mut people = (0..users.len()).rev();
        let Some(user) = people.find(|n| users[*n].persona == Persona::PendingOld) else {
            return;
        };
        let layer = Layer {
            start: frame.anchor + 12 * DAY,
            end: None,
            turn: 7 * DAY,
            length: 7 * DAY,
            members: vec![user],
            everyone: false,
        };
        let schedule = self.add_schedule(frame, (0, ScheduleKind::V2, "next month"), vec![layer]);
        self.policies.push(Policy {
            id: object_id(frame.key, Kind::Policy, self.policies.len() as u64),
            name: "Next month".to_owned(),
            team: None,
            levels: vec![vec![Target::Schedule(schedule)]],
            delay_minutes: 30,
        });
    }

    /// Schedules that no policy uses; each member has a shift within any 30 days.
    fn unattached(&mut self, frame: &Frame, users: &[User], teams: usize) {
        let all = |persona: Persona| (0..users.len()).filter(move |n| users[*n].persona == persona);
        let mut waiting: Vec<usize> = all(Persona::Standby).collect();
        // Two who wait there without being on call: an invited one and one who only looks.
        waiting.extend(all(Persona::PendingOld).take(1));
        waiting.extend(all(Persona::Viewer).take(1));
        let per_schedule = waiting.len().div_ceil((teams / 10).max(1)).clamp(1, 4);
        for (n, members) in waiting.chunks(per_schedule).enumerate() {
            let kind = if n % 2 == 1 {
                ScheduleKind::V3
            } else {
                ScheduleKind::V2
            };
            let layers = crew_layers(frame, members, &[], 7 * DAY);
            self.add_schedule(frame, (n % teams, kind, "reserve"), layers);
        }
    }
}

/// A rotation from the account's first day on; with former members, an earlier layer with them and a later without.
fn crew_layers(frame: &Frame, crew: &[usize], former: &[usize], turn: i64) -> Vec<Layer> {
    let start = frame.anchor - ACCOUNT_AGE_DAYS * DAY + 9 * 3_600;
    let layer = |start, end, members: Vec<usize>| Layer {
        start,
        end,
        turn,
        length: turn,
        members: members.into_iter().take(20).collect(),
        everyone: false,
    };
    if former.is_empty() {
        return vec![layer(start, None, crew.to_vec())];
    }
    let end = frame.anchor - 110 * DAY;
    let before = former.iter().chain(crew).copied().collect();
    vec![
        layer(start, Some(end), before),
        layer(end, None, crew.to_vec()),
    ]
}

fn people(users: &[User], team: usize, persona: Persona) -> Vec<usize> {
    let here = |n: &usize| users[*n].persona == persona && users[*n].team == Some(team);
    (0..users.len()).filter(here).collect()
}

fn team(frame: &Frame, users: &[User], n: usize) -> Team {
    let mut has_manager = false;
    // In every third team the only manager is somebody who does nothing.
    let quiet = (n % 3 == 1)
        .then(|| {
            [
                Persona::Viewer,
                Persona::Lapsed,
                Persona::FormerViewer,
                Persona::PendingOld,
            ]
            .into_iter()
            .find_map(|persona| people(users, n, persona).first().copied())
        })
        .flatten();
    let mut members = Vec::new();
    for (position, user) in users
        .iter()
        .enumerate()
        .filter(|(_, user)| user.teams().any(|team| team == n))
    {
        let role = match user.persona {
            _ if quiet == Some(position) => "manager",
            Persona::Responder if !has_manager && quiet.is_none() => {
                has_manager = true;
                "manager"
            }
            Persona::Viewer | Persona::Onlooker | Persona::AbsentStakeholder => "observer",
            _ if user.role.is_stakeholder() => "observer",
            _ => "responder",
        };
        members.push((position, role));
    }
    Team {
        id: object_id(frame.key, Kind::Team, n as u64),
        name: names::team(n),
        members,
    }
}

/// The four kinds of license; the second has the same name as the first and is nearly full, the last knows no limit.
pub(crate) fn licenses(frame: &Frame, people: &[User]) -> Vec<License> {
    let users = frame.size.users() as u32;
    let second = people.iter().filter(|user| user.license == 1).count() as u32;
    [
        (
            "Business (Full User)",
            "Event Intelligence",
            false,
            Some(users + users / 5),
        ),
        ("Business (Full User)", "", false, Some(second + 2)),
        ("Business (Stakeholder)", "", true, Some(users / 5 + 50)),
        ("Trial (Full User)", "", false, None),
    ]
    .into_iter()
    .enumerate()
    .map(
        |(n, (name, description, is_stakeholder, purchased))| License {
            id: object_id(frame.key, Kind::License, n as u64),
            name,
            description,
            is_stakeholder,
            purchased,
        },
    )
    .collect()
}

pub(crate) fn priorities(frame: &Frame) -> Vec<(String, &'static str)> {
    ["P1", "P2", "P3", "P4", "P5"]
        .into_iter()
        .enumerate()
        .map(|(n, name)| (object_id(frame.key, Kind::Priority, n as u64), name))
        .collect()
}
