//! A day with exactly so many log entries: one outage that sets off every alarm.

use crate::world::dice::Dice;
use crate::world::incident::{Agent, Channel, Entry, Incident, What};
use crate::world::{DAY, Storm, World};

/// Entries of a complete storm incident.
const PER_INCIDENT: u64 = 6;

/// Incidents with `entries` log entries in total, all of them on that day.
pub(super) fn incidents(world: &World, day: i64, entries: u64) -> Vec<Incident> {
    (0..entries.div_ceil(PER_INCIDENT))
        .map(|n| {
            let mut incident = incident(world, day, n, None);
            incident
                .entries
                .truncate((entries - n * PER_INCIDENT).min(PER_INCIDENT) as usize);
            incident
        })
        .collect()
}

/// The incidents of an hour in which everything breaks.
pub(super) fn hour(world: &World, storm: Storm) -> Vec<Incident> {
    let day = storm.start.div_euclid(DAY);
    (0..storm.incidents)
        .map(|n| incident(world, day, n, Some(storm.start)))
        .collect()
}

fn incident(world: &World, day: i64, n: u64, hour: Option<i64>) -> Incident {
    let mut dice = Dice::new(&[world.key(), 6, day as u64, n]);
    // Most of it within two hours of the afternoon.
    let second = if dice.chance(60) {
        dice.between(50_400, 57_599)
    } else {
        dice.between(0, 84_000)
    };
    let at = hour.map_or(day * DAY + second, |start| start + second % 3_600);
    let service = dice.below(world.services.len() as u64) as usize;
    let crew = world.crew_at(world.services[service].policy, 0, at);
    let owner = crew.first().copied();
    let answer = owner
        .filter(|user| world.users[*user].acts_at(at))
        .map_or(Agent::Service, Agent::User);
    let acknowledge = match answer {
        Agent::User(_) => What::Acknowledge,
        _ => What::ExhaustEscalationPath,
    };
    let entry = |after, what, agent, channel, to| Entry {
        at: at + after,
        what,
        agent,
        channel,
        to,
    };
    Incident {
        day,
        position: 0,
        created_at: at,
        service,
        trouble: dice.below(10) as u8,
        is_high: true,
        priority: None,
        entries: vec![
            entry(0, What::Trigger, Agent::Integration, Channel::Events, None),
            entry(1, What::Assign, Agent::Service, Channel::Auto, owner),
            entry(5, What::Notify(0), Agent::Service, Channel::Auto, owner),
            entry(60, acknowledge, answer, Channel::Mobile, None),
            entry(
                600,
                What::FieldValueChange,
                Agent::Service,
                Channel::Auto,
                None,
            ),
            entry(
                2_000,
                What::Resolve,
                Agent::Integration,
                Channel::Events,
                None,
            ),
        ],
        requests: Vec::new(),
    }
}
