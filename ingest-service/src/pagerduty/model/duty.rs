//! On-call duty: escalation policies, schedules of both kinds, and on-call intervals.

use proto::facts::v1::{
    EscalationPolicy, EscalationRule, EscalationTarget, Oncall, Schedule, ScheduleKind, Shift,
};
use serde::Deserialize;

use super::{
    Malformed, classic, decode,
    value::{Instant, Integer, Many, One, Reference, Text},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct RuleRow {
    targets: Many<Reference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PolicyRow {
    id: Text,
    name: Text,
    summary: Text,
    teams: Many<Reference>,
    services: Many<Reference>,
    escalation_rules: Many<RuleRow>,
}

impl PolicyRow {
    fn fact(self) -> Option<EscalationPolicy> {
        let target = |one: Reference| {
            Some(EscalationTarget {
                id: one.id.filled()?,
                r#type: one.r#type.or_empty(),
            })
        };
        let rule = |row: RuleRow| EscalationRule {
            targets: row.targets.0.into_iter().filter_map(target).collect(),
        };
        Some(EscalationPolicy {
            id: self.id.filled()?,
            name: self
                .name
                .filled()
                .unwrap_or_else(|| self.summary.or_empty()),
            team_ids: self.teams.ids(),
            service_ids: self.services.ids(),
            rules: self.escalation_rules.0.into_iter().map(rule).collect(),
        })
    }
}

classic!(
    /// `GET /escalation_policies`.
    escalation_policies, escalation_policies: PolicyRow => EscalationPolicies
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct RenderedEntry {
    start: Instant,
    end: Instant,
    user: One<Reference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RenderedSchedule {
    rendered_schedule_entries: Many<RenderedEntry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LayeredRow {
    id: Text,
    name: Text,
    summary: Text,
    teams: Many<Reference>,
    escalation_policies: Many<Reference>,
    final_schedule: One<RenderedSchedule>,
}

impl LayeredRow {
    fn fact(self) -> Option<Schedule> {
        let rendered = self.final_schedule.0.unwrap_or_default();
        let shift = |entry: RenderedEntry| {
            Some(Shift {
                user_id: entry.user.id()?,
                start: Some(entry.start.proto()?),
                end: Some(entry.end.proto()?),
            })
        };
        Some(Schedule {
            id: self.id.filled()?,
            name: self
                .name
                .filled()
                .unwrap_or_else(|| self.summary.or_empty()),
            kind: ScheduleKind::Layers.into(),
            team_ids: self.teams.ids(),
            escalation_policy_ids: self.escalation_policies.ids(),
            shifts: rendered
                .rendered_schedule_entries
                .0
                .into_iter()
                .filter_map(shift)
                .collect(),
        })
    }
}

classic!(
    /// `GET /schedules`: layer-based ones.
    schedules, schedules: LayeredRow => Schedules
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReferenceRow {
    id: Text,
    summary: Text,
}

impl ReferenceRow {
    fn fact(self) -> Option<Schedule> {
        Some(Schedule {
            id: self.id.filled()?,
            name: self.summary.or_empty(),
            kind: ScheduleKind::Shifts.into(),
            ..Schedule::default()
        })
    }
}

classic!(
    /// `GET /v3/schedules`: references to shift-based ones, to be read one by one.
    schedule_references, schedules: ReferenceRow => Schedules
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Member {
    user_id: Text,
    id: Text,
    user: One<Reference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ComputedShift {
    start_time: Instant,
    end_time: Instant,
    member: One<Member>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ComputedSchedule {
    computed_shift_assignments: Many<ComputedShift>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ShiftedRow {
    id: Text,
    name: Text,
    summary: Text,
    teams: Many<Reference>,
    escalation_policies: Many<Reference>,
    final_schedule: One<ComputedSchedule>,
}

#[derive(Deserialize)]
struct ShiftedAnswer {
    schedule: ShiftedRow,
}

impl ComputedShift {
    /// An empty member (nobody on duty) makes no shift.
    fn fact(self) -> Option<Shift> {
        let member = self.member.0?;
        let user_id = member
            .user_id
            .filled()
            .or_else(|| member.user.id())
            .or_else(|| member.id.filled())?;
        Some(Shift {
            user_id,
            start: Some(self.start_time.proto()?),
            end: Some(self.end_time.proto()?),
        })
    }
}

/// `GET /v3/schedules/{id}`; `None` when the answer names no schedule.
pub fn shift_schedule(body: &[u8]) -> Result<Option<Schedule>, Malformed> {
    let ShiftedAnswer { schedule } = decode(body)?;
    let computed = schedule.final_schedule.0.unwrap_or_default();
    let shifts = computed.computed_shift_assignments.0.into_iter();
    let Some(id) = schedule.id.filled() else {
        return Ok(None);
    };
    Ok(Some(Schedule {
        id,
        name: schedule
            .name
            .filled()
            .unwrap_or_else(|| schedule.summary.or_empty()),
        kind: ScheduleKind::Shifts.into(),
        team_ids: schedule.teams.ids(),
        escalation_policy_ids: schedule.escalation_policies.ids(),
        shifts: shifts.filter_map(ComputedShift::fact).collect(),
    }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OncallRow {
    user: One<Reference>,
    escalation_policy: One<Reference>,
    escalation_level: Integer,
    schedule: One<Reference>,
    start: Instant,
    end: Instant,
}

impl OncallRow {
    fn fact(self) -> Option<Oncall> {
        Some(Oncall {
            user_id: self.user.id()?,
            escalation_policy_id: self.escalation_policy.id()?,
            escalation_level: u32::try_from(self.escalation_level.0?).ok()?,
            schedule_id: self.schedule.id_or_empty(),
            start: self.start.proto(),
            end: self.end.proto(),
        })
    }
}

classic!(
    /// `GET /oncalls`.
    oncalls, oncalls: OncallRow => Oncalls
);
