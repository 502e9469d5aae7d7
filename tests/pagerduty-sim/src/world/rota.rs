//! Rotations turned into shifts, and shifts into on-call periods.

use super::World;
use super::plan::{Schedule, Target};

/// A rotation that holds for a while.
#[derive(Debug, Clone)]
pub struct Layer {
    /// First shift's start, seconds since 1970.
    pub start: i64,
    /// The rotation stops here.
    pub end: Option<i64>,
    /// Seconds between two shift starts.
    pub turn: i64,
    /// Seconds of a shift, at most `turn`.
    pub length: i64,
    /// Whose turn it is, in order.
    pub members: Vec<usize>,
    /// All members at once instead of one after the other.
    pub everyone: bool,
}

/// One person's shift, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Start, seconds since 1970.
    pub start: i64,
    /// End, seconds since 1970.
    pub end: i64,
    /// Who.
    pub user: usize,
}

/// One on-call period: a person, by one target of one level of one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnCall {
    /// Policy position.
    pub policy: usize,
    /// From 1.
    pub level: u32,
    /// Schedule position; `None` for a person named directly.
    pub schedule: Option<usize>,
    /// Who.
    pub user: usize,
    /// `None` means permanently.
    pub span: Option<(i64, i64)>,
}

impl Layer {
    /// Shifts overlapping `[from, to)`, in order.
    pub fn shifts(&self, from: i64, to: i64) -> Vec<Shift> {
        let mut shifts = Vec::new();
        if self.members.is_empty() || from >= to {
            return shifts;
        }
        let limit = self.end.unwrap_or(i64::MAX);
        let mut k = (from - self.start).div_euclid(self.turn).max(0);
        loop {
            let start = self.start + k * self.turn;
            if start >= to.min(limit) {
                return shifts;
            }
            let end = (start + self.length).min(limit);
            if end > from {
                self.crew(k).iter().for_each(|user| {
                    shifts.push(Shift {
                        start,
                        end,
                        user: *user,
                    });
                });
            }
            k += 1;
        }
    }

    fn crew(&self, turn: i64) -> &[usize] {
        let n = turn as usize % self.members.len();
        if self.everyone {
            &self.members
        } else {
            &self.members[n..=n]
        }
    }
}

impl Schedule {
    /// Shifts overlapping `[from, to)`, in order.
    pub fn shifts(&self, from: i64, to: i64) -> Vec<Shift> {
        self.layers
            .iter()
            .flat_map(|layer| layer.shifts(from, to))
            .collect()
    }

    /// Present members.
    pub fn members(&self) -> &[usize] {
        self.layers.last().map_or(&[], |layer| &layer.members)
    }
}

impl World {
    /// On-call periods overlapping `[from, to)` of one policy.
    pub fn on_calls(&self, policy: usize, from: i64, to: i64) -> Vec<OnCall> {
        let mut periods = Vec::new();
        for (n, targets) in self.policies[policy].levels.iter().enumerate() {
            let level = n as u32 + 1;
            for target in targets {
                match *target {
                    Target::User(user) => {
                        periods.push(OnCall {
                            policy,
                            level,
                            schedule: None,
                            user,
                            span: None,
                        });
                    }
                    Target::Schedule(schedule) => {
                        let shifts = self.schedules[schedule].shifts(from, to);
                        periods.extend(shifts.into_iter().map(|shift| OnCall {
                            policy,
                            level,
                            schedule: Some(schedule),
                            user: shift.user,
                            span: Some((shift.start, shift.end)),
                        }));
                    }
                }
            }
        }
        periods
    }

    /// Who is on call for a policy's level (from 0) at an instant.
    pub(crate) fn crew_at(&self, policy: usize, level: usize, at: i64) -> Vec<usize> {
        let Some(targets) = self.policies[policy].levels.get(level) else {
            return Vec::new();
        };
        let mut crew = Vec::new();
        for target in targets {
            match *target {
                Target::User(user) => crew.push(user),
                Target::Schedule(n) => {
                    crew.extend(
                        self.schedules[n]
                            .shifts(at, at + 1)
                            .iter()
                            .map(|shift| shift.user),
                    );
                }
            }
        }
        crew
    }
}
