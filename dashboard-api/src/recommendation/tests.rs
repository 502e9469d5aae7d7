//! The rules as a whole, on facts small enough to count by hand.

use proto::facts::v1::{Completeness, Dataset};
use rstest::rstest;

use super::*;
use crate::{
    coverage::{Coverage, Sources},
    crunch::{Facts, Rules, crunch},
    structure::{Policy, Target},
};

fn t() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().expect("valid")
}

fn person(id: &str) -> Person {
    Person {
        id: id.to_owned(),
        name: id.to_owned(),
        role: "limited_user".to_owned(),
        license_id: Some("F".to_owned()),
        license_role_group: Some("FullUser".to_owned()),
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

fn licenses(stakeholder: bool) -> Vec<License> {
    let license = |id: &str, role_group: &str| License {
        id: id.to_owned(),
        name: id.to_owned(),
        role_group: role_group.to_owned(),
        valid_roles: Vec::new(),
        assigned: 3,
        free: Some(3),
    };
    let mut all = vec![license("F", "FullUser")];
    all.extend(stakeholder.then(|| license("S", "Stakeholder")));
    all
}

fn raised_from(facts: Facts, licenses: &[License], now: Timestamp) -> Vec<Raised> {
    let setting = Setting {
        window: Window::Days90,
        licenses,
        prices: &PriceBook::default(),
        now,
        today: Date::constant(2026, 11, 23),
    };
    raise(&crunch(facts), &setting)
}

fn kinds(facts: Facts) -> Vec<&'static str> {
    let raised = raised_from(facts, &licenses(true), t());
    raised.iter().map(|one| one.kind.name()).collect()
}

#[derive(Debug, Clone, Copy)]
enum Doing {
    Nothing,
    UsedLongAgo,
    SignsIn,
    AnswersOnly,
    Acknowledges,
    Invited,
    JustInvited,
}

fn one(doing: Doing) -> Facts {
    let mut facts = facts(vec![person("PU1")]);
    match doing {
        Doing::Nothing => {}
        Doing::UsedLongAgo => facts.add_use("PU1", "ack", days_from(t(), -200)),
        Doing::SignsIn => facts.people[0].last_sign_in_at = Some(days_from(t(), -1)),
        Doing::AnswersOnly => facts.add_use("PU1", "responder", days_from(t(), -1)),
        Doing::Acknowledges => {
            facts.add_use("PU1", "responder", days_from(t(), -1));
            facts.add_use("PU1", "ack", days_from(t(), -1));
        }
        Doing::Invited => facts.people[0].invited = true,
        Doing::JustInvited => {
            facts.people[0].invited = true;
            facts.people[0].allocated_at = Some(days_from(t(), -30));
        }
    }
    facts
}

#[rstest]
#[case(Doing::Nothing, &["reclaim"])]
#[case(Doing::UsedLongAgo, &["reclaim"])]
#[case(Doing::SignsIn, &["downgrade"])]
#[case(Doing::AnswersOnly, &["downgrade"])]
#[case(Doing::Acknowledges, &[])]
#[case(Doing::Invited, &["reclaim"])]
#[case(Doing::JustInvited, &[])]
fn what_a_seat_does_decides(#[case] doing: Doing, #[case] expected: &[&str]) {
    assert_eq!(kinds(one(doing)), expected);
}

#[test]
fn a_blocker_makes_it_a_review_that_saves_nothing() {
    for doing in [Doing::UsedLongAgo, Doing::SignsIn] {
        let mut facts = one(doing);
        facts.structure.open_incidents = vec![crate::structure::OpenIncident {
            id: "PI1".to_owned(),
            assignees: vec!["PU1".to_owned()],
        }];
        let raised = raised_from(facts, &licenses(true), t());
        assert_eq!(raised.len(), 1);
        assert_eq!(raised[0].kind, Kind::Review);
        assert_eq!(raised[0].blockers[0].kind.id(), "open_incident");
        assert_eq!(raised[0].saving, Saving::none());
    }
}

#[test]
fn somebody_on_a_policy_stands_by_and_is_left_alone() {
    let mut facts = one(Doing::UsedLongAgo);
    facts.structure.policies = vec![Policy {
        id: "PE1".to_owned(),
        name: "Core".to_owned(),
        team_ids: Vec::new(),
        levels: vec![vec![Target::User("PU1".to_owned())]],
    }];
    assert!(kinds(facts).is_empty());
}

#[test]
fn without_a_stakeholder_license_nobody_is_moved_to_one() {
    assert!(raised_from(one(Doing::SignsIn), &licenses(false), t()).is_empty());
}

#[test]
fn unknown_never_yields_a_recommendation() {
    for dataset in Dataset::ALL {
        let mut facts = one(Doing::UsedLongAgo);
        for coverage in &mut facts.sources.0 {
            if coverage.dataset == dataset {
                coverage.completeness = Completeness::Forbidden;
                coverage.from = None;
                coverage.to = None;
            }
        }
        let class = crunch_class(&facts);
        let raised = raised_from(facts, &licenses(true), t());
        let seats = raised.iter().filter(|one| one.kind.is_about_seat()).count();
        let needed = NEEDED.contains(&dataset.name()) || class == Class::Unknown;
        assert_eq!(seats, usize::from(!needed), "{}", dataset.name());
    }
}

fn crunch_class(facts: &Facts) -> Class {
    let mut copy = Facts::empty(Uuid::nil(), t(), Rules::default(), facts.sources.clone());
    copy.people.clone_from(&facts.people);
    copy.usage.clone_from(&facts.usage);
    let answers = crunch(copy);
    let seat = answers.seats_in(Window::Days90).next();
    seat.expect("a seat").class
}

#[rstest]
#[case::fresh(25, Some(Confidence::High))]
#[case::a_day_old(26, Some(Confidence::Medium))]
#[case::almost_three_days(71, Some(Confidence::Medium))]
#[case::too_old(72, None)]
fn old_data_raises_less(#[case] hours: i64, #[case] expected: Option<Confidence>) {
    let now = t() + jiff::SignedDuration::from_hours(hours);
    let raised = raised_from(one(Doing::Nothing), &licenses(true), now);
    assert_eq!(raised.first().map(|one| one.confidence), expected);
}

#[test]
fn an_exempt_seat_is_left_alone() {
    let mut facts = one(Doing::Nothing);
    let exemption = ("break-glass".to_owned(), None);
    facts.rules.exemptions.insert("PU1".to_owned(), exemption);
    assert!(kinds(facts).is_empty());
}

#[test]
fn whoever_is_called_often_and_never_answers_is_a_ghost() {
    let called = |times: i64, answers: bool| {
        let mut facts = facts(vec![person("PU1")]);
        let on_duty = crate::duty::Assignment {
            level: 1,
            policy: None,
            interval: crate::duty::Interval::new(
                Some(days_from(t(), -10)),
                Some(days_from(t(), -3)),
            ),
        };
        facts.assignments.insert("PU1".to_owned(), vec![on_duty]);
        for day in 4..4 + times {
            facts.add_use("PU1", crate::catalogue::NOTIFIED, days_from(t(), -day));
        }
        if answers {
            facts.add_use("PU1", "ack", days_from(t(), -5));
        }
        kinds(facts)
    };
    assert_eq!(called(5, false), ["ghost"]);
    assert!(called(4, false).is_empty());
    assert!(called(5, true).is_empty());
}

#[test]
fn an_addon_is_named_when_it_is_bought_and_idle() {
    let with = |bought: bool, last: Option<i64>| {
        let mut facts = facts(vec![]);
        if bought {
            facts
                .addons
                .abilities
                .insert("event_intelligence".to_owned());
        }
        facts.addons.objects.insert("aiops", 2);
        if let Some(days) = last {
            facts.addons.last.insert("aiops", days_from(t(), -days));
        }
        let raised = raised_from(facts, &licenses(true), t());
        raised
            .iter()
            .filter_map(|one| one.addon)
            .collect::<Vec<_>>()
    };
    assert_eq!(with(true, None), ["aiops"]);
    assert_eq!(with(true, Some(91)), ["aiops"]);
    assert!(with(true, Some(89)).is_empty());
    assert!(with(false, None).is_empty());
}

#[test]
fn the_same_subject_and_kind_is_the_same_recommendation() {
    let id = |kind, subject| id_of(Uuid::nil(), kind, subject);
    assert_eq!(id(Kind::Reclaim, "PU1"), id(Kind::Reclaim, "PU1"));
    assert_ne!(id(Kind::Reclaim, "PU1"), id(Kind::Review, "PU1"));
    assert_ne!(id(Kind::Reclaim, "PU1"), id(Kind::Reclaim, "PU2"));
    assert_ne!(
        id_of(Uuid::max(), Kind::Reclaim, "PU1"),
        id(Kind::Reclaim, "PU1")
    );
}
