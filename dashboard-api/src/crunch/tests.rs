//! The crunch as a whole, on facts small enough to count by hand.

use proto::facts::v1::{Completeness, Dataset};

use super::*;

fn t() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().expect("valid")
}

fn person(id: &str, role: &str) -> Person {
    Person {
        id: id.to_owned(),
        name: id.to_owned(),
        email: format!("{id}@acme.example"),
        role: role.to_owned(),
        job_title: String::new(),
        time_zone: "UTC".to_owned(),
        invited: false,
        first_seen_at: days_from(t(), -1),
        teams: serde_json::json!([]),
        license_id: None,
        license_name: None,
        license_role_group: None,
        allocated_at: Some(days_from(t(), -300)),
        created_at: None,
        last_sign_in_at: None,
    }
}

fn facts(people: Vec<Person>) -> Facts {
    let coverage = Dataset::ALL.map(|dataset| Coverage {
        dataset,
        completeness: Completeness::Complete,
        from: dataset.is_windowed().then(|| days_from(t(), -365)),
        to: Some(t()),
        reason: String::new(),
    });
    Facts {
        connection: Uuid::nil(),
        t: t(),
        people,
        usage: HashMap::new(),
        assignments: HashMap::new(),
        standing_by: HashSet::new(),
        coverage: coverage.to_vec(),
    }
}

fn used_at(at: Timestamp) -> UseGroup {
    UseGroup {
        day: day_of(at),
        band: band_of(at, t()),
        count: 1,
        last: at,
    }
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
    facts.add_uses("PU1", "ack", used_at(days_from(t(), -45)));
    facts.add_uses("PU1", "web", used_at(days_from(t(), -45)));
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
    for coverage in &mut facts.coverage {
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
            interval: ending,
        }],
    );
    let answers = crunch(facts);
    let seat = &answers.seats[0];
    assert_eq!(seat.class, Class::Active);
    assert_eq!(seat.duty.all, 2 * 86_400);
    assert_eq!((seat.duty.level_1, seat.duty.level_2_plus), (0, 2 * 86_400));
    let oncall = seat
        .features
        .iter()
        .find(|(feature, ..)| feature.id == ON_CALL);
    let (_, verdict, usage) = oncall.expect("oncall is in the catalogue");
    assert_eq!(*verdict, Verdict::Used);
    assert_eq!(
        *usage,
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
    facts.add_uses("PU1", "note", used_at(days_from(t(), -7)));
    let answers = crunch(facts);
    let weeks: Vec<_> = answers.weeks.values().copied().collect();
    assert_eq!(weeks.len(), 26);
    assert_eq!(weeks[24], (1, true));
    assert_eq!(weeks[25], (0, false));
}
