//! A day's incidents: alarms that people on call answer, the routine of those who are not, the last deed of those who
//! lapse, and storms made on request. Each day stands alone: nothing of it depends on having made another day.

mod habit;
mod storm;
mod tale;

use std::collections::HashMap;

use super::dice::Dice;
use super::incident::Incident;
use super::people::{Persona, User};
use super::{DAY, World};
use tale::Tale;

/// Days between two incidents scripted for one person.
const ROUTINE_DAYS: i64 = 15;

/// Who takes part beside those on call.
#[derive(Debug)]
pub(crate) struct Cast {
    /// Per team: people who act without being on call.
    helpers: Vec<Vec<usize>>,
    responders: Vec<usize>,
    communicators: Vec<usize>,
    routines: Vec<usize>,
    /// The day of somebody's last deed.
    farewells: HashMap<i64, Vec<usize>>,
}

impl Cast {
    pub(crate) fn new(users: &[User], teams: usize) -> Self {
        use Persona as P;
        let all = |wanted: &[Persona]| -> Vec<usize> {
            (0..users.len())
                .filter(|n| wanted.contains(&users[*n].persona))
                .collect()
        };
        let mut helpers = vec![Vec::new(); teams];
        for n in all(&[P::Contributor, P::Lapsed]) {
            if let Some(team) = users[n].team {
                helpers[team].push(n);
            }
        }
        let mut farewells: HashMap<i64, Vec<usize>> = HashMap::new();
        for n in all(&[P::Lapsed, P::FormerOnCall]) {
            farewells
                .entry(users[n].stops_at.div_euclid(DAY) - 1)
                .or_default()
                .push(n);
        }
        Self {
            helpers,
            responders: all(&[P::Responder]),
            communicators: all(&[P::Communicator, P::Herald]),
            routines: all(&[
                P::Admin,
                P::Contributor,
                P::Communicator,
                P::Herald,
                P::Ghost,
            ]),
            farewells,
        }
    }
}

/// Makes a day's incidents, by creation.
pub(crate) fn day(world: &World, day: i64) -> Vec<Incident> {
    let mut incidents = match world.spike(day) {
        Some(entries) => storm::incidents(world, day, entries),
        None => ordinary(world, day),
    };
    if let Some(storm) = world.storm(day) {
        incidents.extend(storm::hour(world, storm));
    }
    incidents.sort_by_key(|incident| incident.created_at);
    for (position, incident) in incidents.iter_mut().enumerate() {
        incident.position = position as u32;
    }
    if world.spike(day + 1).is_some() {
        let midnight = (day + 1) * DAY;
        for incident in &mut incidents {
            incident.entries.retain(|entry| entry.at < midnight);
        }
    }
    incidents.extend(world.live_incidents(day));
    incidents
}

fn ordinary(world: &World, day: i64) -> Vec<Incident> {
    let key = world.key();
    let mut dice = Dice::new(&[key, 2, day as u64]);
    // 1970-01-01 was a Thursday; weekends are calmer.
    let share = if (day + 3).rem_euclid(7) >= 5 {
        60
    } else {
        116
    };
    let thousandths = world.frame.size.incidents_per_day() * share / 100;
    let count = thousandths / 1_000 + u64::from(dice.below(1_000) < thousandths % 1_000);
    let start = |part: u64, n: u64| Tale::new(world, day, Dice::new(&[key, part, day as u64, n]));
    let mut incidents: Vec<_> = (0..count).map(|n| start(3, n).alarm()).collect();
    for user in &world.cast.routines {
        if (day + *user as i64 * 7).rem_euclid(ROUTINE_DAYS) == 0 {
            incidents.push(match world.users[*user].persona {
                Persona::Communicator | Persona::Herald => start(4, *user as u64).briefing(*user),
                Persona::Ghost => start(4, *user as u64).ignored(*user),
                _ => start(4, *user as u64).routine(*user),
            });
        }
    }
    for user in world.cast.farewells.get(&day).into_iter().flatten() {
        incidents.push(start(5, *user as u64).farewell(*user));
        if user.is_multiple_of(2) {
            incidents.push(start(8, *user as u64).abandoned(*user));
        }
    }
    incidents
}
