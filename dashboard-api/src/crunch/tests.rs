//! The crunch as a whole, on facts small enough to count by hand.

use proto::facts::v1::{Completeness, Dataset};

use super::*;
use crate::{
    catalogue::{ON_CALL, STAKEHOLDER, WORKFLOW_RUN},
    coverage::Coverage,
    duty::Interval,
    window::days_from,
};

fn t() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().expect("valid")
}

fn person(id: &str, role: &str) -> Person {
    Person {
        id: id.to_owned(),
        name: id.to_owned(),
        email: format!("{id}@acme.example"),
        role: role.to_owned(),
        time_zone: "UTC".to_owned(),
        first_seen_at: days_from(t(), -1),
        allocated_at: Some(days_from(t(), -300)),
        ..Person::default()
    }
}

fn facts(people: Vec<Person>) -> Facts {
    let coverage = Dataset::ALL.map(|dataset| Coverage {
        dataset,
        completeness: Completeness::Complete,
        from: (dataset.is_windowed() || dataset == Dataset::Webhooks).then(|| days_from(t(), -365)),
        to: Some(t()),
        reason: String::new(),
    });
    let sources = Sources(coverage.to_vec());
    let mut facts = Facts::empty(Uuid::nil(), t(), Rules::default(), sources);
    facts.people = people;
    facts
}

fn class_of(answers: &Answers, window: Window, user: usize) -> Class {
    let seat = answers
        .seats
        .iter()
        .find(|seat| seat.window == window && seat.person == user);
    seat.expect("there is a seat").class
}

#[test]
fn an_action_makes_a_seat_active_in_the_windows_that_hold_it() {
    let mut facts = facts(vec![
        person("PU1", "limited_user"),
        person("PU2", "limited_user"),
    ]);
    facts.add_use("PU1", "ack", days_from(t(), -45));
    facts.add_use("PU1", "web", days_from(t(), -45));
    let answers = crunch(facts);
    assert_eq!(class_of(&answers, Window::Days30, 0), Class::Idle);
    assert_eq!(class_of(&answers, Window::Days60, 0), Class::Active);
    assert_eq!(class_of(&answers, Window::Days60, 1), Class::Never);
    assert_eq!(
        answers.counts(Window::Days60).utilization_percent(),
        Some(50.0)
    );
    let ack = &answers.features[&(Window::Days60, "ack")];
    assert_eq!((ack.used, ack.unused, ack.uses), (1, 1, 1));
    let seat = &answers.seats[0];
    assert_eq!(seat.last_any, Some((days_from(t(), -45), "ack")));
}

#[test]
fn a_dataset_that_does_not_reach_back_far_enough_makes_unknown_not_unused() {
    let mut facts = facts(vec![person("PU1", "limited_user")]);
    for coverage in &mut facts.sources.0 {
        if coverage.dataset == Dataset::LogEntries {
            coverage.from = Some(days_from(t(), -60));
        }
    }
    let answers = crunch(facts);
    assert_eq!(class_of(&answers, Window::Days60, 0), Class::Never);
    assert_eq!(class_of(&answers, Window::Days90, 0), Class::Unknown);
    let total = &answers.features[&(Window::Days90, "ack")];
    assert_eq!(total.unknown, 1);
    assert_eq!(
        total.unknown_reason.as_deref(),
        Some("log_entries: not known for all of the last 90 days")
    );
}

#[test]
fn duty_counts_stretches_days_and_its_end() {
    let mut facts = facts(vec![person("PU1", "limited_user")]);
    let ending = Interval::new(Some(days_from(t(), -2)), None);
    facts.assignments.insert(
        "PU1".to_owned(),
        vec![Assignment {
            level: 2,
            policy: None,
            interval: ending,
        }],
    );
    let answers = crunch(facts);
    let seat = &answers.seats[0];
    assert_eq!(seat.class, Class::Active);
    assert_eq!(seat.duty.all, 2 * 86_400);
    assert_eq!((seat.duty.level_1, seat.duty.level_2_plus), (0, 2 * 86_400));
    let place = crate::catalogue::position(ON_CALL).expect("oncall is in the catalogue");
    let (verdict, usage) = seat.features[place];
    assert_eq!(verdict, Verdict::Used);
    assert_eq!(
        usage,
        FeatureUse {
            last: Some(t()),
            uses: 1,
            active_days: 3
        }
    );
}

#[test]
fn a_sign_in_after_t_is_not_known_yet() {
    let mut late = person("PU1", "read_only_user");
    late.last_sign_in_at = Some(t());
    let mut viewer = person("PU2", "read_only_user");
    viewer.last_sign_in_at = Some(days_from(t(), -30));
    let answers = crunch(facts(vec![late, viewer]));
    assert_eq!(class_of(&answers, Window::Days30, 0), Class::Never);
    assert_eq!(class_of(&answers, Window::Days30, 1), Class::Viewer);
    let oncall = &answers.features[&(Window::Days30, ON_CALL)];
    assert_eq!(oncall.not_eligible, 2);
}

#[test]
fn the_running_week_is_shown_as_incomplete() {
    let mut facts = facts(vec![person("PU1", "limited_user")]);
    facts.add_use("PU1", "note", days_from(t(), -7));
    let answers = crunch(facts);
    let weeks: Vec<_> = answers.weeks.values().copied().collect();
    assert_eq!(weeks.len(), 26);
    assert_eq!(weeks[24], (1, true));
    assert_eq!(weeks[25], (0, false));
}

fn hide(facts: &mut Facts, dataset: Dataset, completeness: Completeness) {
    for coverage in &mut facts.sources.0 {
        if coverage.dataset == dataset {
            coverage.completeness = completeness;
            coverage.from = None;
            coverage.to = None;
        }
    }
}

fn total<'a>(answers: &'a Answers, feature: &'static str) -> &'a FeatureTotal {
    &answers.features[&(Window::Days90, feature)]
}

/// A person who used something 200 days ago and nothing since.
fn idle() -> Facts {
    let mut facts = facts(vec![person("PU1", "limited_user")]);
    facts.add_use("PU1", "ack", days_from(t(), -200));
    facts
}

#[test]
fn every_source_of_actions_keeps_a_seat_from_being_idle_while_it_is_not_read() {
    assert_eq!(class_of(&crunch(idle()), Window::Days90, 0), Class::Idle);
    for dataset in [
        Dataset::LogEntries,
        Dataset::Incidents,
        Dataset::Oncalls,
        Dataset::MaintenanceWindows,
        Dataset::AuditRecords,
        Dataset::AutomationActions,
        Dataset::AutomationInvocations,
        Dataset::EventOrchestrations,
        Dataset::Schedules,
        Dataset::EscalationPolicies,
    ] {
        let mut facts = idle();
        hide(&mut facts, dataset, Completeness::Forbidden);
        let class = class_of(&crunch(facts), Window::Days90, 0);
        assert_eq!(class, Class::Unknown, "{}", dataset.name());
    }
    for dataset in [Dataset::Webhooks, Dataset::Subscriptions, Dataset::Tags] {
        let mut facts = idle();
        hide(&mut facts, dataset, Completeness::Forbidden);
        let class = class_of(&crunch(facts), Window::Days90, 0);
        assert_eq!(class, Class::Idle, "{}", dataset.name());
    }
}

#[test]
fn what_the_plan_lacks_nobody_can_have_used() {
    let mut facts = idle();
    hide(
        &mut facts,
        Dataset::AutomationActions,
        Completeness::NotInPlan,
    );
    hide(
        &mut facts,
        Dataset::EventOrchestrations,
        Completeness::NotInPlan,
    );
    let answers = crunch(facts);
    assert_eq!(class_of(&answers, Window::Days90, 0), Class::Idle);
    assert_eq!(total(&answers, "automation_run").not_eligible, 1);
    assert_eq!(total(&answers, "orchestration_edit").not_eligible, 1);
}

#[test]
fn an_accepted_blind_spot_lifts_the_obstacle_but_not_the_verdict() {
    let mut facts = idle();
    hide(&mut facts, Dataset::AuditRecords, Completeness::NotInPlan);
    facts.rules.accepted_blind_spots = vec!["audit_records".to_owned()];
    let answers = crunch(facts);
    assert_eq!(class_of(&answers, Window::Days90, 0), Class::Idle);
    assert_eq!(total(&answers, "config_change").unknown, 1);
}

#[test]
fn sessions_stand_in_where_analytics_are_not_readable() {
    let mut facts = facts(vec![person("PU1", "limited_user")]);
    facts.people[0].newest_session_at = Some(days_from(t(), -3));
    hide(&mut facts, Dataset::UserAnalytics, Completeness::Forbidden);
    let answers = crunch(facts);
    assert_eq!(class_of(&answers, Window::Days90, 0), Class::Viewer);
    assert_eq!(total(&answers, SIGN_IN).used, 1);
    let mut facts = idle();
    hide(&mut facts, Dataset::UserAnalytics, Completeness::Forbidden);
    assert_eq!(class_of(&crunch(facts), Window::Days90, 0), Class::Idle);
    let mut facts = idle();
    hide(&mut facts, Dataset::UserAnalytics, Completeness::Forbidden);
    hide(&mut facts, Dataset::UserDelegations, Completeness::Pending);
    assert_eq!(class_of(&crunch(facts), Window::Days90, 0), Class::Unknown);
}

#[test]
fn a_subscription_is_shown_and_is_no_use() {
    let mut facts = facts(vec![person("PU1", "read_only_user")]);
    facts.subscriptions.insert("PU1".to_owned(), 2);
    let answers = crunch(facts);
    assert_eq!(class_of(&answers, Window::Days90, 0), Class::Never);
    let held = total(&answers, STAKEHOLDER);
    assert_eq!((held.used, held.uses), (1, 2));
    assert_eq!(answers.seats[0].last_any, None);
}

#[test]
fn only_webhooks_over_the_whole_window_tell_that_no_workflow_was_started() {
    let mut facts = idle();
    assert_eq!(total(&crunch(idle()), WORKFLOW_RUN).unused, 1);
    for coverage in &mut facts.sources.0 {
        if coverage.dataset == Dataset::Webhooks {
            coverage.from = Some(days_from(t(), -89));
        }
    }
    let answers = crunch(facts);
    assert_eq!(total(&answers, WORKFLOW_RUN).unknown, 1);
    assert_eq!(class_of(&answers, Window::Days90, 0), Class::Idle);
}

#[test]
fn an_exemption_ends_after_its_last_day() {
    let until = |day: &str| {
        let mut facts = idle();
        let last = Some(day.parse().expect("a day"));
        let exemption = ("on leave".to_owned(), last);
        facts.rules.exemptions.insert("PU1".to_owned(), exemption);
        class_of(&crunch(facts), Window::Days90, 0)
    };
    assert_eq!(until("2026-11-23"), Class::Exempt);
    assert_eq!(until("2026-11-22"), Class::Idle);
}

#[test]
fn a_team_counts_everybody_in_it_and_groups_list_verdicts() {
    let mut facts = facts(vec![
        person("PU1", "limited_user"),
        person("PU2", "limited_user"),
    ]);
    for person in &mut facts.people {
        person.teams = vec![("PT1".to_owned(), "Core".to_owned())];
    }
    facts.add_use("PU1", "ack", days_from(t(), -1));
    let answers = crunch(facts);
    let team = &answers.teams[&(Window::Days90, "PT1".to_owned())];
    assert_eq!((team.seats, team.of_class(Class::Active)), (2, 1));
    let ack = crate::catalogue::position("ack").expect("in the catalogue");
    let group = &answers.groups[&(Window::Days90, GroupKind::Team, "PT1".to_owned())];
    assert_eq!((group.used[ack], group.eligible[ack]), (1, 2));
    let month = answers
        .months
        .iter()
        .find(|one| one.feature == "ack" && one.people > 0);
    let month = month.expect("the month of the use");
    assert_eq!((month.uses, month.complete), (1, false));
}
