//! Who holds the account together: targets of escalation policies, shifts to come, assignees and
//! managers. Says what would be left empty if a person went. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    duty::Interval,
    window::{AHEAD_DAYS, days_from},
};

/// Whom a level of an escalation policy calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    User(String),
    Schedule(String),
}

#[derive(Debug, Clone)]
pub struct Policy {
    pub id: String,
    pub name: String,
    pub team_ids: Vec<String>,
    /// Level 1 first.
    pub levels: Vec<Vec<Target>>,
}

#[derive(Debug, Clone)]
pub struct Schedule {
    pub id: String,
    pub name: String,
    pub shifts: Vec<(String, Interval)>,
}

#[derive(Debug, Clone)]
pub struct Team {
    pub id: String,
    pub name: String,
    pub parent_id: String,
    /// User and role.
    pub members: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct OpenIncident {
    pub id: String,
    pub assignees: Vec<String>,
}

/// The account's structure at one instant.
#[derive(Debug, Clone, Default)]
pub struct Structure {
    pub policies: Vec<Policy>,
    pub schedules: Vec<Schedule>,
    pub teams: Vec<Team>,
    pub open_incidents: Vec<OpenIncident>,
}

/// What a person's removal would leave empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockerKind {
    OnSchedule,
    OpenIncident,
    SoleManager,
    SoleTarget,
}

impl BlockerKind {
    pub fn id(self) -> &'static str {
        match self {
            Self::OnSchedule => "on_schedule",
            Self::OpenIncident => "open_incident",
            Self::SoleManager => "sole_manager",
            Self::SoleTarget => "sole_target",
        }
    }
}

/// One reason to keep a person, with the thing that needs them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocker {
    pub kind: BlockerKind,
    pub words: String,
    pub subject_id: String,
    pub subject: String,
}

/// A person's place on an escalation policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub policy_id: String,
    pub policy: String,
    pub level: usize,
    /// Nobody else is called there.
    pub sole: bool,
}

/// A person's place on a schedule within the next 30 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub schedule_id: String,
    pub schedule: String,
    pub next_shift_at: i64,
}

/// The structure by person.
#[derive(Debug, Default)]
pub struct Bonds {
    pub blockers: BTreeMap<String, Vec<Blocker>>,
    pub places: BTreeMap<String, Vec<Place>>,
    pub turns: BTreeMap<String, Vec<Turn>>,
    /// Named directly on a policy, or with a shift soon.
    pub standing_by: BTreeSet<String>,
}

impl Structure {
    /// Who is bound to what in `[t, t + 30 days)`.
    pub fn bonds(&self, t: Timestamp) -> Bonds {
        let mut bonds = Bonds::default();
        let ahead = Interval {
            start: t.as_second(),
            end: days_from(t, AHEAD_DAYS).as_second(),
        };
        let on_schedule = self.add_turns(&mut bonds, ahead);
        self.add_places(&mut bonds, &on_schedule);
        self.add_managers(&mut bonds);
        self.add_incidents(&mut bonds);
        for blockers in bonds.blockers.values_mut() {
            blockers.sort();
        }
        bonds
    }

    /// Answers the users of each schedule.
    fn add_turns(&self, bonds: &mut Bonds, ahead: Interval) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut on_schedule: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for schedule in &self.schedules {
            let mut next: BTreeMap<&str, i64> = BTreeMap::new();
            for (user, shift) in &schedule.shifts {
                if let Some(piece) = shift.within(ahead) {
                    let first = next.entry(user).or_insert(piece.start);
                    *first = piece.start.min(*first);
                }
            }
            for (user, at) in next {
                on_schedule.entry(&schedule.id).or_default().insert(user);
                bonds.standing_by.insert(user.to_owned());
                bonds.turns.entry(user.to_owned()).or_default().push(Turn {
                    schedule_id: schedule.id.clone(),
                    schedule: schedule.name.clone(),
                    next_shift_at: at,
                });
                bonds.block(
                    user,
                    BlockerKind::OnSchedule,
                    (&schedule.id, &schedule.name),
                    || format!("has a shift on schedule {} within 30 days", schedule.name),
                );
            }
        }
        on_schedule
    }

    fn add_places(&self, bonds: &mut Bonds, on_schedule: &BTreeMap<&str, BTreeSet<&str>>) {
        for policy in &self.policies {
            for (position, targets) in policy.levels.iter().enumerate() {
                let mut called: BTreeSet<&str> = BTreeSet::new();
                for target in targets {
                    match target {
                        Target::User(user) => {
                            bonds.standing_by.insert(user.clone());
                            called.insert(user);
                        }
                        Target::Schedule(id) => {
                            called.extend(on_schedule.get(id.as_str()).into_iter().flatten());
                        }
                    }
                }
                let sole = called.len() == 1;
                for user in called {
                    bonds
                        .places
                        .entry(user.to_owned())
                        .or_default()
                        .push(Place {
                            policy_id: policy.id.clone(),
                            policy: policy.name.clone(),
                            level: position + 1,
                            sole,
                        });
                    if sole {
                        let words = || {
                            let level = position + 1;
                            format!("is the only target of level {level} of {}", policy.name)
                        };
                        let subject = (policy.id.as_str(), policy.name.as_str());
                        bonds.block(user, BlockerKind::SoleTarget, subject, words);
                    }
                }
            }
        }
    }

    fn add_managers(&self, bonds: &mut Bonds) {
        for team in &self.teams {
            let managers = team.members.iter().filter(|(_, role)| role == "manager");
            let managers: BTreeSet<&str> = managers.map(|(user, _)| user.as_str()).collect();
            if let (Some(user), 1) = (managers.first(), managers.len()) {
                let words = || format!("is the only manager of team {}", team.name);
                bonds.block(
                    user,
                    BlockerKind::SoleManager,
                    (&team.id, &team.name),
                    words,
                );
            }
        }
    }

    fn add_incidents(&self, bonds: &mut Bonds) {
        for incident in &self.open_incidents {
            for user in &incident.assignees {
                let words = || "is assigned to an open incident".to_owned();
                let subject = (incident.id.as_str(), incident.id.as_str());
                bonds.block(user, BlockerKind::OpenIncident, subject, words);
            }
        }
    }
}

impl Bonds {
    fn block(
        &mut self,
        user: &str,
        kind: BlockerKind,
        (subject_id, subject): (&str, &str),
        words: impl Fn() -> String,
    ) {
        self.blockers
            .entry(user.to_owned())
            .or_default()
            .push(Blocker {
                kind,
                words: words(),
                subject_id: subject_id.to_owned(),
                subject: subject.to_owned(),
            });
    }

    pub fn blockers_of(&self, user: &str) -> &[Blocker] {
        self.blockers.get(user).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn t() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().expect("valid")
    }

    fn user(id: &str) -> Target {
        Target::User(id.to_owned())
    }

    fn schedule(id: &str) -> Target {
        Target::Schedule(id.to_owned())
    }

    /// A shift that begins so many days after `t` and lasts one.
    fn shift(user: &str, days: i64) -> (String, Interval) {
        let start = days_from(t(), days).as_second();
        let end = start + 86_400;
        (user.to_owned(), Interval { start, end })
    }

    fn structure(levels: Vec<Vec<Target>>, shifts: Vec<(String, Interval)>) -> Structure {
        Structure {
            policies: vec![Policy {
                id: "PE1".to_owned(),
                name: "Core".to_owned(),
                team_ids: vec![],
                levels,
            }],
            schedules: vec![Schedule {
                id: "PS1".to_owned(),
                name: "Primary".to_owned(),
                shifts,
            }],
            ..Structure::default()
        }
    }

    #[rstest]
    #[case::alone_on_a_level(vec![vec![user("A")]], vec![], &["sole_target"])]
    #[case::two_share_a_level(vec![vec![user("A"), user("B")]], vec![], &[])]
    #[case::named_twice_is_still_alone(vec![vec![user("A"), user("A")]], vec![], &["sole_target"])]
    #[case::the_only_one_of_the_schedule(vec![vec![schedule("PS1")]], vec![shift("A", 1), shift("A", 3)], &["on_schedule", "sole_target"])]
    #[case::a_schedule_of_two(vec![vec![schedule("PS1")]], vec![shift("A", 1), shift("B", 2)], &["on_schedule"])]
    #[case::the_other_one_comes_too_late(vec![vec![schedule("PS1")]], vec![shift("A", 1), shift("B", 30)], &["on_schedule", "sole_target"])]
    #[case::a_person_beside_a_schedule(vec![vec![schedule("PS1"), user("A")]], vec![shift("B", 1)], &[])]
    #[case::the_second_level_counts_too(vec![vec![user("B"), user("C")], vec![user("A")]], vec![], &["sole_target"])]
    #[case::a_shift_over(vec![], vec![shift("A", -2)], &[])]
    #[case::a_shift_under_way(vec![], vec![shift("A", 0)], &["on_schedule"])]
    fn blockers_name_what_would_be_empty(
        #[case] levels: Vec<Vec<Target>>,
        #[case] shifts: Vec<(String, Interval)>,
        #[case] expected: &[&str],
    ) {
        let bonds = structure(levels, shifts).bonds(t());
        let found: Vec<_> = bonds
            .blockers_of("A")
            .iter()
            .map(|one| one.kind.id())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_managers_and_assignees_are_bound() {
        let team = |id: &str, members: &[(&str, &str)]| Team {
            id: id.to_owned(),
            name: id.to_owned(),
            parent_id: String::new(),
            members: members
                .iter()
                .map(|(user, role)| ((*user).to_owned(), (*role).to_owned()))
                .collect(),
        };
        let structure = Structure {
            teams: vec![
                team("T1", &[("A", "manager"), ("B", "responder")]),
                team("T2", &[("B", "manager"), ("C", "manager")]),
            ],
            open_incidents: vec![OpenIncident {
                id: "I1".to_owned(),
                assignees: vec!["C".to_owned()],
            }],
            ..Structure::default()
        };
        let bonds = structure.bonds(t());
        let kinds = |user| {
            let blockers = bonds.blockers_of(user).iter();
            blockers.map(|one| one.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds("A"), [BlockerKind::SoleManager]);
        assert_eq!(kinds("B"), []);
        assert_eq!(kinds("C"), [BlockerKind::OpenIncident]);
    }
}
