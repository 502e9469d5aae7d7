//! What to do about seats and add-ons: rules over the answers of one connection. Unknown never
//! yields a recommendation. Pure; `store` keeps what is raised and what becomes of it.

pub mod evidence;
mod saving;
pub mod state;

use jiff::{Timestamp, civil::Date};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use self::saving::Ledger;
pub use self::saving::{License, Saving};
use crate::{
    coverage::ClassProof,
    crunch::{Answers, Person, Seat},
    money::PriceBook,
    seat::Class,
    structure::Blocker,
    verdict::Verdict,
    window::{Window, days_from},
};

/// What is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Addon,
    Downgrade,
    Ghost,
    Reclaim,
    Review,
}

impl Kind {
    pub const ALL: [Self; 5] = [
        Self::Reclaim,
        Self::Downgrade,
        Self::Review,
        Self::Addon,
        Self::Ghost,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Addon => "addon",
            Self::Downgrade => "downgrade",
            Self::Ghost => "ghost",
            Self::Reclaim => "reclaim",
            Self::Review => "review",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it is about giving a seat back or changing it.
    pub fn is_about_seat(self) -> bool {
        matches!(self, Self::Reclaim | Self::Downgrade | Self::Review)
    }
}

/// How fresh the data behind it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    High,
    Medium,
}

impl Confidence {
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
        }
    }

    /// By the age of the oldest dataset in hours; data older than three days raises nothing.
    pub fn of_age(hours: i64) -> Option<Self> {
        match hours {
            ..26 => Some(Self::High),
            26..72 => Some(Self::Medium),
            _ => None,
        }
    }
}

/// One recommendation of one generation.
#[derive(Debug, Clone)]
pub struct Raised {
    pub kind: Kind,
    /// Position in the facts' people; `None` for an add-on.
    pub person: Option<usize>,
    pub addon: Option<&'static str>,
    pub class: Option<Class>,
    pub to_license: Option<String>,
    pub blockers: Vec<Blocker>,
    pub sentence: String,
    pub confidence: Confidence,
    pub saving: Saving,
    pub evidence: serde_json::Value,
}

/// What rules look at besides the answers.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    pub window: Window,
    pub licenses: &'a [License],
    pub prices: &'a PriceBook,
    pub now: Timestamp,
    pub today: Date,
}

/// Datasets without which neither a license nor a blocker is known.
const NEEDED: [&str; 6] = [
    "schedules",
    "escalation_policies",
    "teams",
    "incidents",
    "licenses",
    "license_allocations",
];

/// A recommendation's id: the same subject and kind is the same recommendation for ever.
pub fn id_of(connection: Uuid, kind: Kind, subject: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"quolum recommendation");
    hash.update(connection.as_bytes());
    hash.update(kind.name().as_bytes());
    hash.update([0]);
    hash.update(subject.as_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Everything that the rules raise, in a fixed order.
pub fn raise(answers: &Answers, setting: &Setting<'_>) -> Vec<Raised> {
    let Some(confidence) = confidence(answers, setting) else {
        return Vec::new();
    };
    let mut raised = seats(answers, setting, confidence);
    raised.extend(ghosts(answers, setting, confidence));
    raised.extend(addons(answers, setting, confidence));
    raised
}

/// By the oldest of the datasets that the rules need and that are known at all.
fn confidence(answers: &Answers, setting: &Setting<'_>) -> Option<Confidence> {
    let sources = &answers.facts.sources;
    let now = setting.now.max(answers.facts.t);
    let ends = NEEDED.iter().chain(&["log_entries", "oncalls", "users"]);
    let oldest = ends
        .filter_map(|name| sources.state(name)?.to)
        .min()
        .unwrap_or(answers.facts.t);
    Confidence::of_age((now.as_second() - oldest.as_second()).div_euclid(3_600))
}

fn is_known(answers: &Answers, window: Window) -> bool {
    let facts = &answers.facts;
    let from = window.start(facts.t);
    let complete = |name: &&str| facts.sources.is_complete(name, from, facts.t);
    NEEDED.iter().all(complete)
}

/// What a seat's class asks for, blockers aside.
fn wish(answers: &Answers, seat: &Seat, person: &Person, setting: &Setting<'_>) -> Option<Kind> {
    let facts = &answers.facts;
    let grace = days_from(facts.t, -facts.rules.grace_days);
    let since = crate::crunch::since(person);
    match seat.class {
        Class::Idle | Class::Never => Some(Kind::Reclaim),
        Class::Pending if since < grace => Some(Kind::Reclaim),
        _ if person.license_role_group.as_deref() != Some("FullUser") => None,
        Class::Viewer => Some(Kind::Downgrade),
        Class::Active if seat.duty.all == 0 && seat.full_actions == 0 => {
            let from = setting.window.start(facts.t);
            let accepted = &facts.rules.accepted_blind_spots;
            let proof = ClassProof::of(&facts.sources, from, facts.t, accepted);
            proof.of_everything().then_some(Kind::Downgrade)
        }
        _ => None,
    }
}

fn seats(answers: &Answers, setting: &Setting<'_>, confidence: Confidence) -> Vec<Raised> {
    if !is_known(answers, setting.window) {
        return Vec::new();
    }
    let stakeholder = saving::stakeholder_license(setting.licenses);
    let mut ledger = Ledger::new(setting);
    let mut raised = Vec::new();
    for seat in answers.seats_in(setting.window) {
        let Some(person) = answers.person(seat) else {
            continue;
        };
        let Some(wish) = wish(answers, seat, person, setting) else {
            continue;
        };
        let to_license = match (wish, stakeholder) {
            (Kind::Downgrade, None) => continue,
            (Kind::Downgrade, Some(license)) => Some(license),
            _ => None,
        };
        let blockers = answers.bonds.blockers_of(&person.id).to_vec();
        let kind = if blockers.is_empty() {
            wish
        } else {
            Kind::Review
        };
        let saving = match (kind, to_license) {
            (Kind::Reclaim, _) => ledger.reclaim(person.license_id.as_deref()),
            (Kind::Downgrade, Some(to)) => ledger.downgrade(person.license_id.as_deref(), to),
            _ => Saving::none(),
        };
        raised.push(Raised {
            kind,
            person: Some(seat.person),
            addon: None,
            class: Some(seat.class),
            to_license: to_license.map(|license| license.id.clone()),
            sentence: sentence(person, seat, (wish, kind), setting.window),
            blockers,
            confidence,
            saving,
            evidence: evidence::of_seat(answers, seat, setting.window),
        });
    }
    raised
}

fn sentence(person: &Person, seat: &Seat, (wish, kind): (Kind, Kind), window: Window) -> String {
    let name = if person.name.is_empty() {
        &person.id
    } else {
        &person.name
    };
    let days = window.days();
    let finding = match seat.class {
        Class::Idle => format!("{name} has not used anything for {days} days"),
        Class::Never => format!("{name} has never used anything"),
        Class::Pending => format!("{name} has never accepted the invitation"),
        Class::Viewer => format!("{name} only signed in within {days} days"),
        _ => format!("{name} only answered requests and updates within {days} days"),
    };
    match (kind, wish) {
        (Kind::Review, _) => format!("{finding}, but is still needed somewhere"),
        (_, Kind::Downgrade) => format!("{finding}; a stakeholder license is enough"),
        _ => format!("{finding}; the seat can be given back"),
    }
}

fn ghosts(answers: &Answers, setting: &Setting<'_>, confidence: Confidence) -> Vec<Raised> {
    let loads = answers.loads.iter();
    let ghosts = loads.filter(|load| load.ghost && load.window == setting.window);
    let raised = ghosts.filter_map(|load| {
        let person = answers.facts.people.get(load.person)?;
        Some(Raised {
            kind: Kind::Ghost,
            person: Some(load.person),
            addon: None,
            class: None,
            to_license: None,
            blockers: Vec::new(),
            sentence: format!(
                "{} was on duty and notified {} times within {} days, and never acknowledged",
                person.name,
                load.notifications,
                setting.window.days()
            ),
            confidence,
            saving: Saving::none(),
            evidence: evidence::of_ghost(answers, load),
        })
    });
    raised.collect()
}

fn addons(answers: &Answers, setting: &Setting<'_>, confidence: Confidence) -> Vec<Raised> {
    let verdicts = answers.addons.iter();
    let idle = verdicts.filter(|(window, one)| {
        *window == setting.window && one.bought == Some(true) && one.verdict == Verdict::Unused
    });
    let raised = idle.map(|(window, one)| Raised {
        kind: Kind::Addon,
        person: None,
        addon: Some(one.addon.id),
        class: None,
        to_license: None,
        blockers: Vec::new(),
        sentence: format!(
            "{} is part of the plan and was not used for {} days",
            one.addon.name,
            window.days()
        ),
        confidence,
        saving: Saving::of_addon(setting.prices, one.addon.id),
        evidence: evidence::of_addon(answers, one, *window),
    });
    raised.collect()
}

#[cfg(test)]
mod tests;
