//! Judging one seat in one window: its verdicts and its class.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Facts, FeatureTotal, Person, STAKEHOLDER_ACTIONS, Seat};
use crate::{
    catalogue::{FEATURES, Feature, ON_CALL, RoleGroup, SIGN_IN, STAKEHOLDER, WORKFLOW_RUN},
    coverage::ClassProof,
    duty::{Duty, DutySeconds, Interval},
    seat::{Evidence, class},
    structure::Bonds,
    usage::FeatureUse,
    verdict::Verdict,
    window::{HORIZON_DAYS, Window, days_from, number_of},
};

/// What is known about a feature in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Every use.
    Complete,
    /// Perhaps not every use.
    Partly,
    /// The plan lacks it: there cannot be any use.
    NotInPlan,
}

/// What is the same for all seats of one window.
pub(super) struct Judge<'a> {
    facts: &'a Facts,
    bonds: &'a Bonds,
    window: Window,
    span: Interval,
    proof: ClassProof,
    known: Vec<Known>,
    today: i64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(facts: &'a Facts, bonds: &'a Bonds, window: Window) -> Self {
        let t = facts.t;
        let from = window.start(t);
        let accepted = &facts.rules.accepted_blind_spots;
        Self {
            span: Interval {
                start: from.as_second(),
                end: t.as_second(),
            },
            proof: ClassProof::of(&facts.sources, from, t, accepted),
            known: FEATURES.iter().map(|one| known(facts, one, from)).collect(),
            today: facts.edges.today(),
            facts,
            bonds,
            window,
        }
    }

    pub(super) fn seat(&self, position: usize, person: &Person, duty: &Duty) -> Seat {
        let group = RoleGroup::of(person.license_role_group.as_deref(), &person.role);
        let features: Vec<_> = FEATURES
            .iter()
            .zip(&self.known)
            .map(|(feature, known)| {
                let usage = self.use_of(feature, person, duty);
                let eligible = group.may_use(feature) && *known != Known::NotInPlan;
                let complete = *known == Known::Complete;
                (Verdict::of(usage.uses > 0, eligible, complete), usage)
            })
            .collect();
        let seconds = duty.seconds(self.span);
        let actions = sum_uses(&features, Feature::is_action);
        let stakeholder_actions = sum_uses(&features, |one| STAKEHOLDER_ACTIONS.contains(&one.id));
        let evidence = self.evidence(person, &features, actions, seconds);
        Seat {
            window: self.window,
            person: position,
            class: class(&evidence, self.facts.t, self.facts.rules.grace_days),
            duty: seconds,
            actions,
            full_actions: actions - stakeholder_actions,
            last_any: last_any(&features),
            features,
        }
    }

    fn use_of(&self, feature: &Feature, person: &Person, duty: &Duty) -> FeatureUse {
        match feature.id {
            ON_CALL => self.duty_use(duty),
            STAKEHOLDER => FeatureUse {
                uses: self
                    .facts
                    .subscriptions
                    .get(&person.id)
                    .copied()
                    .unwrap_or_default(),
                ..FeatureUse::default()
            },
            id => self
                .facts
                .usage_of(&person.id, id)
                .map(|usage| usage.in_window(self.window, &self.facts.edges))
                .unwrap_or_default(),
        }
    }

    fn duty_use(&self, duty: &Duty) -> FeatureUse {
        let horizon = days_from(self.facts.t, -HORIZON_DAYS).as_second();
        let last = duty.last(horizon, self.span.end);
        let day_of = |second: i64| {
            let at = Timestamp::from_second(second).unwrap_or(self.facts.t);
            self.facts.edges.calendar.day_of(at)
        };
        FeatureUse {
            last: last.and_then(|second| Timestamp::from_second(second).ok()),
            uses: duty.stretches(self.span),
            active_days: duty.days(self.span, day_of),
        }
    }

    fn evidence(
        &self,
        person: &Person,
        features: &[(Verdict, FeatureUse)],
        actions: i64,
        duty: DutySeconds,
    ) -> Evidence {
        let sign_in = crate::catalogue::position(SIGN_IN).and_then(|place| features.get(place));
        let sign_in = sign_in.map(|(_, usage)| *usage).unwrap_or_default();
        Evidence {
            exempt: self.is_exempt(person),
            acted: actions > 0,
            on_duty: duty.all > 0,
            signed_in: sign_in.uses > 0,
            ever_signed_in: sign_in.last.is_some(),
            invited: person.invited,
            since: since(person),
            stands_by: self.bonds.standing_by.contains(&person.id),
            ever_used: features.iter().any(|(_, usage)| usage.last.is_some()),
            proof: self.proof,
        }
    }

    fn is_exempt(&self, person: &Person) -> bool {
        let marked = self.facts.rules.exemptions.get(&person.id);
        marked.is_some_and(|(_, until)| until.is_none_or(|day| number_of(day) >= self.today))
    }

    /// Adds why a verdict is unknown to the totals of this window.
    pub(super) fn explain_unknowns(
        &self,
        totals: &mut BTreeMap<(Window, &'static str), FeatureTotal>,
    ) {
        for (feature, known) in FEATURES.iter().zip(&self.known) {
            let total = totals.entry((self.window, feature.id)).or_default();
            if *known == Known::Partly {
                total.unknown_reason = Some(self.missing(feature));
            }
        }
    }

    /// Why a feature's datasets do not prove that something was not used.
    fn missing(&self, feature: &Feature) -> String {
        let (t, from) = (self.facts.t, self.window.start(self.facts.t));
        let reasons = feature.datasets.iter().filter_map(|name| {
            let Some(state) = self.facts.sources.state(name) else {
                return Some(format!("{name}: not fetched yet"));
            };
            if state.is_complete_for(from, t) {
                return None;
            }
            if state.reason.is_empty() {
                let days = self.window.days();
                return Some(format!("{name}: not known for all of the last {days} days"));
            }
            Some(format!("{name}: {}", state.reason))
        });
        reasons.collect::<Vec<_>>().join("; ")
    }
}

/// Since when a seat is held, as far as that can be seen.
pub fn since(person: &Person) -> Timestamp {
    person
        .allocated_at
        .or(person.created_at)
        .unwrap_or(person.first_seen_at)
}

fn known(facts: &Facts, feature: &Feature, from: Timestamp) -> Known {
    let complete = |name: &&str| facts.sources.is_complete(name, from, facts.t);
    let absent = |name: &&str| facts.sources.is_not_in_plan(name);
    let is_complete = match feature.id {
        SIGN_IN => facts.sources.tells_sign_ins(from, facts.t),
        _ => feature.datasets.iter().all(complete),
    };
    if is_complete {
        Known::Complete
    } else if feature.area == crate::catalogue::Area::Automation
        && feature.id != WORKFLOW_RUN
        && feature.datasets.iter().any(absent)
    {
        Known::NotInPlan
    } else {
        Known::Partly
    }
}

fn sum_uses(features: &[(Verdict, FeatureUse)], wanted: impl Fn(&Feature) -> bool) -> i64 {
    let all = FEATURES.iter().zip(features);
    all.filter(|(feature, _)| wanted(feature))
        .map(|(_, (_, usage))| usage.uses)
        .sum()
}

/// The latest use of all; of uses at the same instant the catalogue's first.
fn last_any(features: &[(Verdict, FeatureUse)]) -> Option<(Timestamp, &'static str)> {
    FEATURES
        .iter()
        .zip(features)
        .filter(|(feature, _)| !feature.is_channel_view() && !feature.is_presence)
        .filter_map(|(feature, (_, usage))| Some((usage.last?, feature.id)))
        .rev()
        .max_by_key(|(at, _)| *at)
}
