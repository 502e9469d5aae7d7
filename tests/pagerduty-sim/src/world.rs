//! The scripted account behind one simulated PagerDuty: people, on-call plans and an endless history.
//!
//! Everything follows from (seed, size, anchor, account): what exists is made once, what happens is made per UTC day
//! on demand, so that five million log entries cost no memory. How it looks over HTTP belongs to `rest`, what must be
//! concluded from it to `truth`.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::civil::Date;

pub use chores::{ADVANCE_FEATURES, Change, Deployment, Doer, ROOTS, Run, Window};
pub use estate::{
    Action, BusinessService, Estate, Grouping, Orchestration, Piece, StatusPage, Tag, Workflow,
};
pub use history::{Day, DayLog, Moment, Tally};
pub use ident::Place;
pub use incident::{Agent, Answer, Channel, Entry, Incident, Invitee, Request, What};
pub use live::Emitted;
pub use people::{Persona, Role, User};
pub use plan::{License, Policy, Schedule, ScheduleKind, Service, Target, Team};
pub use presence::Delegation;
pub use rota::{Layer, OnCall, Shift};

mod chores;
mod dice;
mod estate;
mod history;
mod ident;
mod incident;
mod live;
mod names;
mod people;
mod plan;
mod presence;
mod rota;
mod storyline;

pub(crate) use ident::{Kind, PlaceKind, decode_place, long_id, object_id};
pub(crate) use names::trouble;

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// How long before the anchor the account was opened; nothing happened earlier.
const ACCOUNT_AGE_DAYS: i64 = 1_095;

/// How much of everything an account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 40 users, 4 teams, 10 services, about 2,000 log entries a year.
    Small,
    /// 500 users, 40 teams, 120 services, about 60,000 log entries a year.
    Demo,
    /// 5,000 users, 400 teams, 1,200 services, about 5 million log entries a year.
    Large,
}

impl Size {
    const fn users(self) -> usize {
        match self {
            Self::Small => 40,
            Self::Demo => 500,
            Self::Large => 5_000,
        }
    }

    const fn teams(self) -> usize {
        match self {
            Self::Small => 4,
            Self::Demo => 40,
            Self::Large => 400,
        }
    }

    const fn services(self) -> usize {
        match self {
            Self::Small => 10,
            Self::Demo => 120,
            Self::Large => 1_200,
        }
    }

    /// Incidents of an average day, in thousandths, beside those scripted for single people.
    const fn incidents_per_day(self) -> u64 {
        match self {
            Self::Small => 430,
            Self::Demo => 16_100,
            Self::Large => 1_605_000,
        }
    }
}

/// What every generator needs to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) key: u64,
    pub(crate) account: u32,
    /// The anchor's midnight, seconds since 1970.
    pub(crate) anchor: i64,
    pub(crate) size: Size,
}

/// Incidents added to one hour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Storm {
    /// The hour's first second.
    pub(crate) start: i64,
    pub(crate) incidents: u64,
}

/// One account's script. Instants are seconds since 1970, days are UTC days since 1970-01-01.
#[derive(Debug)]
pub struct World {
    frame: Frame,
    /// Everybody with a seat.
    pub users: Vec<User>,
    /// License kinds.
    pub licenses: Vec<License>,
    /// Teams.
    pub teams: Vec<Team>,
    /// Services.
    pub services: Vec<Service>,
    /// Escalation policies.
    pub policies: Vec<Policy>,
    /// Schedules of both kinds.
    pub schedules: Vec<Schedule>,
    /// What it keeps beside.
    pub estate: Estate,
    /// Names of the priorities, highest first.
    pub priorities: Vec<(String, &'static str)>,
    cast: storyline::Cast,
    index: HashMap<String, (Kind, usize)>,
    spikes: RwLock<BTreeMap<i64, u64>>,
    storms: RwLock<BTreeMap<i64, Storm>>,
    live: RwLock<live::Live>,
    generation: AtomicU64,
    cache: Mutex<history::Cache>,
}

impl World {
    /// Builds the account.
    #[must_use]
    pub fn generate(seed: u64, size: Size, anchor: Date, account_index: u32) -> Self {
        let midnight = seconds_of(anchor);
        let key = dice::key(&[seed, u64::from(account_index), size as u64]);
        let frame = Frame {
            key,
            account: account_index,
            anchor: midnight,
            size,
        };
        let users = people::users(&frame, size.users(), size.teams());
        let plan = plan::Plan::new(&frame, &users, size.teams(), size.services());
        let estate = Estate::new(estate::Ground {
            frame: &frame,
            users: &users,
            teams: size.teams(),
            services: size.services(),
        });
        let cast = storyline::Cast::new(&users, size.teams());
        let mut world = Self {
            frame,
            licenses: plan::licenses(&frame, &users),
            teams: plan.teams,
            services: plan.services,
            policies: plan.policies,
            schedules: plan.schedules,
            estate,
            priorities: plan::priorities(&frame),
            users,
            cast,
            index: HashMap::new(),
            spikes: RwLock::default(),
            storms: RwLock::default(),
            live: RwLock::default(),
            generation: AtomicU64::new(0),
            cache: Mutex::default(),
        };
        world.index = world.ids();
        world
    }

    fn ids(&self) -> HashMap<String, (Kind, usize)> {
        let users = self.users.iter().map(|o| (&o.id, Kind::User)).enumerate();
        let teams = self.teams.iter().map(|o| (&o.id, Kind::Team)).enumerate();
        let services = self
            .services
            .iter()
            .map(|o| (&o.id, Kind::Service))
            .enumerate();
        let policies = self
            .policies
            .iter()
            .map(|o| (&o.id, Kind::Policy))
            .enumerate();
        let schedules = self
            .schedules
            .iter()
            .map(|o| (&o.id, Kind::Schedule))
            .enumerate();
        let all = users
            .chain(teams)
            .chain(services)
            .chain(policies)
            .chain(schedules);
        all.map(|(n, (id, kind))| (id.clone(), (kind, n))).collect()
    }

    /// The consenting admin's user id.
    pub fn admin_user_id(&self) -> &str {
        &self.users[0].id
    }

    /// The consenting admin's e-mail.
    pub fn admin_email(&self) -> &str {
        &self.users[0].email
    }

    /// From now on that UTC day yields exactly `n` log entries. The days around it keep their incidents, but no
    /// incident of the day before runs into the spike.
    pub fn set_spike(&self, date: Date, n: u64) {
        let day = seconds_of(date).div_euclid(DAY);
        self.spikes
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(day, n);
        self.forget_days();
    }

    /// From now on that many incidents more begin within the hour that starts at that instant.
    pub fn set_storm(&self, start: i64, incidents: u64) {
        self.storms
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(start.div_euclid(DAY), Storm { start, incidents });
        self.forget_days();
    }

    pub(crate) fn storm(&self, day: i64) -> Option<Storm> {
        self.storms
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&day)
            .copied()
    }

    /// Days made so far are made again when they are asked for.
    pub(crate) fn forget_days(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    pub(crate) fn spike(&self, day: i64) -> Option<u64> {
        self.spikes
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&day)
            .copied()
    }

    /// The position of the object with this id, if there is one of this kind.
    pub(crate) fn find(&self, kind: Kind, id: &str) -> Option<usize> {
        self.index
            .get(id)
            .filter(|(found, _)| *found == kind)
            .map(|(_, n)| *n)
    }

    /// When the account was opened.
    #[must_use]
    pub fn opened_at(&self) -> i64 {
        self.frame.anchor - ACCOUNT_AGE_DAYS * DAY
    }

    /// A number PagerDuty's analytics shows as the account.
    #[must_use]
    pub fn account_number(&self) -> u32 {
        1_454 + self.frame.account
    }

    /// The key of this account's ids.
    pub(crate) fn key(&self) -> u64 {
        self.frame.key
    }

    /// One day's incidents, made afresh; no cache is asked.
    #[must_use]
    pub fn script(&self, day: i64) -> Vec<Incident> {
        if day * DAY < self.opened_at() {
            Vec::new()
        } else {
            storyline::day(self, day)
        }
    }

    /// One day's incidents, from the cache if they were asked for lately.
    pub fn day(&self, day: i64) -> Arc<Day> {
        history::day(self, day)
    }

    /// One day's log entries by time, including those of the day before that run into it.
    pub fn log(&self, day: i64) -> Arc<DayLog> {
        history::log(self, day)
    }

    /// How much one day holds, without keeping the day.
    pub fn tally(&self, day: i64) -> Tally {
        history::tally(self, day)
    }

    pub(crate) fn with_cache<T>(&self, f: impl FnOnce(&mut history::Cache) -> T) -> T {
        f(&mut self.cache.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn cache_generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }
}

fn seconds_of(date: Date) -> i64 {
    jiff::tz::TimeZone::UTC
        .to_timestamp(date.at(0, 0, 0, 0))
        .map_or(0, jiff::Timestamp::as_second)
}
