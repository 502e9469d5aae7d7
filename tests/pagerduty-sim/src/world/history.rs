//! Days of the history, kept for as long as somebody reads near them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::incident::{Entry, Incident, What};
use super::{DAY, World};

/// Days kept at once.
const DAYS_KEPT: usize = 8;
/// Sorted logs kept at once.
const LOGS_KEPT: usize = 4;
/// Tallies kept at once; eleven years.
const TALLIES_KEPT: usize = 4_096;

/// One day's incidents.
#[derive(Debug)]
pub struct Day {
    /// By creation.
    pub incidents: Vec<Incident>,
}

/// Where a log entry of a day stands.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Seconds since 1970.
    pub at: i64,
    /// Whether its incident began the day before.
    pub is_spill: bool,
    /// Position of the incident in its day.
    pub incident: u32,
    /// Position in the incident.
    pub entry: u16,
}

/// One day's log entries by time.
#[derive(Debug)]
pub struct DayLog {
    own: Arc<Day>,
    before: Arc<Day>,
    /// By time, oldest first.
    pub moments: Vec<Moment>,
}

impl DayLog {
    /// The incident a moment belongs to.
    pub fn incident(&self, moment: Moment) -> &Incident {
        let day = if moment.is_spill {
            &self.before
        } else {
            &self.own
        };
        &day.incidents[moment.incident as usize]
    }

    /// The entry a moment stands for.
    pub fn entry(&self, moment: Moment) -> &Entry {
        &self.incident(moment).entries[usize::from(moment.entry)]
    }
}

/// How much a day's incidents hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Incidents created.
    pub incidents: u32,
    /// Their log entries on the same day.
    pub own: u32,
    /// Their log entries on the next day.
    pub spill: u32,
    /// As `own`, overview entries only.
    pub own_overview: u32,
    /// As `spill`, overview entries only.
    pub spill_overview: u32,
    /// As `own`, notifications only.
    pub own_notify: u32,
    /// As `spill`, notifications only.
    pub spill_notify: u32,
}

impl Tally {
    fn of(day: i64, incidents: &[Incident]) -> Self {
        let midnight = (day + 1) * DAY;
        let mut tally = Self {
            incidents: incidents.len() as u32,
            ..Self::default()
        };
        for entry in incidents.iter().flat_map(|incident| &incident.entries) {
            let overview = u32::from(entry.what.is_overview());
            let notify = u32::from(matches!(entry.what, What::Notify(_)));
            if entry.at < midnight {
                tally.own += 1;
                tally.own_overview += overview;
                tally.own_notify += notify;
            } else {
                tally.spill += 1;
                tally.spill_overview += overview;
                tally.spill_notify += notify;
            }
        }
        tally
    }
}

/// What was asked for lately.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    days: VecDeque<(i64, Arc<Day>)>,
    logs: VecDeque<(i64, Arc<DayLog>)>,
    tallies: HashMap<i64, Tally>,
}

impl Cache {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

pub(crate) fn day(world: &World, day: i64) -> Arc<Day> {
    let kept = world.with_cache(|cache| {
        cache
            .days
            .iter()
            .find(|(n, _)| *n == day)
            .map(|(_, kept)| kept.clone())
    });
    if let Some(kept) = kept {
        return kept;
    }
    let generation = world.cache_generation();
    let made = Arc::new(Day {
        incidents: world.script(day),
    });
    let tally = Tally::of(day, &made.incidents);
    world.with_cache(|cache| {
        if world.cache_generation() == generation {
            keep(&mut cache.days, DAYS_KEPT, (day, made.clone()));
            remember(&mut cache.tallies, day, tally);
        }
    });
    made
}

pub(crate) fn log(world: &World, day: i64) -> Arc<DayLog> {
    let kept = world.with_cache(|cache| {
        cache
            .logs
            .iter()
            .find(|(n, _)| *n == day)
            .map(|(_, kept)| kept.clone())
    });
    if let Some(kept) = kept {
        return kept;
    }
    let generation = world.cache_generation();
    let made = Arc::new(sorted(world, day));
    world.with_cache(|cache| {
        if world.cache_generation() == generation {
            keep(&mut cache.logs, LOGS_KEPT, (day, made.clone()));
        }
    });
    made
}

pub(crate) fn tally(world: &World, day: i64) -> Tally {
    if let Some(tally) = world.with_cache(|cache| cache.tallies.get(&day).copied()) {
        return tally;
    }
    let generation = world.cache_generation();
    let tally = Tally::of(day, &world.script(day));
    world.with_cache(|cache| {
        if world.cache_generation() == generation {
            remember(&mut cache.tallies, day, tally);
        }
    });
    tally
}

fn keep<T>(kept: &mut VecDeque<T>, most: usize, item: T) {
    kept.push_back(item);
    while kept.len() > most {
        kept.pop_front();
    }
}

fn remember(tallies: &mut HashMap<i64, Tally>, day: i64, tally: Tally) {
    if tallies.len() >= TALLIES_KEPT {
        tallies.clear();
    }
    tallies.insert(day, tally);
}

fn sorted(world: &World, day: i64) -> DayLog {
    let own = self::day(world, day);
    let before = self::day(world, day - 1);
    let range = day * DAY..(day + 1) * DAY;
    let mut moments = Vec::new();
    for (is_spill, incidents) in [(true, &before.incidents), (false, &own.incidents)] {
        for incident in incidents {
            for (n, entry) in incident
                .entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| range.contains(&entry.at))
            {
                let (incident, entry_position) = (incident.position, n as u16);
                moments.push(Moment {
                    at: entry.at,
                    is_spill,
                    incident,
                    entry: entry_position,
                });
            }
        }
    }
    moments.sort_by_key(|m| (m.at, !m.is_spill, m.incident, m.entry));
    DayLog {
        own,
        before,
        moments,
    }
}
