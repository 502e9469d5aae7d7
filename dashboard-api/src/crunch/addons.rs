//! Whether what is bought for the whole account is used. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Facts;
use crate::{
    catalogue::addons::{ADDONS, Addon},
    verdict::Verdict,
    window::Window,
};

/// What is known about add-ons.
#[derive(Debug, Clone, Default)]
pub struct AddonFacts {
    /// Abilities of the account.
    pub abilities: BTreeSet<String>,
    /// Objects by add-on.
    pub objects: BTreeMap<&'static str, i64>,
    /// The newest instant of use before `t` by add-on.
    pub last: BTreeMap<&'static str, Timestamp>,
    /// Features of Advance with credits, by window.
    pub advance: [i64; Window::ALL.len()],
}

/// One add-on in one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddonVerdict {
    pub addon: &'static Addon,
    pub bought: Option<bool>,
    /// `None`: not known.
    pub objects: Option<i64>,
    pub verdict: Verdict,
    pub last_at: Option<Timestamp>,
    pub reason: Option<String>,
}

pub(super) fn verdicts(facts: &Facts) -> Vec<(Window, AddonVerdict)> {
    let windows = Window::ALL.into_iter();
    windows
        .flat_map(|window| {
            let all = ADDONS.iter();
            all.map(move |addon| (window, verdict(facts, addon, window)))
        })
        .collect()
}

fn verdict(facts: &Facts, addon: &'static Addon, window: Window) -> AddonVerdict {
    let (t, from) = (facts.t, window.start(facts.t));
    let known = &facts.addons;
    let abilities = facts.sources.is_complete("abilities", from, t);
    let bought = abilities.then(|| known.abilities.contains(addon.ability));
    let objects = if addon.id == "advance" {
        known
            .advance
            .get(window.index())
            .copied()
            .unwrap_or_default()
    } else {
        known.objects.get(addon.id).copied().unwrap_or_default()
    };
    let last_at = known.last.get(addon.id).copied();
    let missing: Vec<&str> = addon
        .datasets
        .iter()
        .filter(|name| !facts.sources.is_complete(name, from, t))
        .copied()
        .collect();
    let lists_known = addon
        .datasets
        .iter()
        .filter(|name| **name != "webhooks")
        .all(|name| facts.sources.is_complete(name, from, t));
    let absent = bought == Some(false)
        || addon
            .datasets
            .iter()
            .any(|name| facts.sources.is_not_in_plan(name));
    let verdict = if last_at.is_some_and(|at| at >= from) {
        Verdict::Used
    } else if absent {
        Verdict::NotEligible
    } else if lists_known && (objects == 0 || (addon.tells_time && missing.is_empty())) {
        Verdict::Unused
    } else {
        Verdict::Unknown
    };
    AddonVerdict {
        addon,
        bought,
        objects: lists_known.then_some(objects),
        verdict,
        last_at,
        reason: (verdict == Verdict::Unknown).then(|| reason(addon, &missing)),
    }
}

fn reason(addon: &Addon, missing: &[&str]) -> String {
    if missing.is_empty() && !addon.tells_time {
        return "PagerDuty does not tell when it is used".to_owned();
    }
    format!("not known: {}", missing.join(", "))
}
