//! How fast a connection may ask: an even pace after a small burst, and never more than our share
//! of PagerDuty's limit in any 60 seconds, so that a 429 is never of our own making. Pure: it
//! answers how long to wait; waiting is the session's.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// PagerDuty counts per minute.
const MINUTE: SignedDuration = SignedDuration::from_secs(60);
/// We count over a little more: what is sent late must not meet what is sent early in one of
/// PagerDuty's minutes.
const COUNTED: SignedDuration = SignedDuration::from_millis(60_500);
/// Requests that may be sent at once before the pace sets in.
const BURST: i64 = 8;
/// Longest pause asked for by an answer that is honored; PagerDuty's own windows last a minute.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(120);
/// Percent of the whole limit that is left to others before we pause until the reset, at most.
const RESERVE_PERCENT: i64 = 10;
/// A fifth of what is not ours is left untouched.
const RESERVE_DIVISOR: i64 = 5;

/// What PagerDuty said about its limit in an answer's headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Requests per minute, everybody's.
    pub limit: i64,
    /// Left of them.
    pub remaining: i64,
    /// Seconds until they are counted anew.
    pub reset_seconds: i64,
}

/// What is kept of a pace, so that whoever works on the connection next goes on with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaceRecord {
    /// Permits by the second in which they are used.
    pub permits: Vec<(i64, i32)>,
    /// When this was written.
    pub saved_at: Option<Timestamp>,
    /// A holder that died may have asked until then without telling.
    pub unknown_until: Option<Timestamp>,
    /// The UTC day (since 1970) of the analytics requests.
    pub analytics_day: i64,
    /// Analytics requests on that day.
    pub analytics_spent: i64,
}

/// The permits of one connection in the last 60 seconds.
#[derive(Debug)]
pub struct Pace {
    configured_limit: i64,
    share_percent: i64,
    /// The limit in force: the configured one, or less when PagerDuty says so.
    limit: i64,
    permits: VecDeque<Timestamp>,
    paused_until: Option<Timestamp>,
    /// Half the pace until then, after a 429.
    slowed_until: Option<Timestamp>,
    analytics_per_day: i64,
    analytics: (i64, i64),
}

impl Pace {
    /// `limit` requests per minute, of which `share_percent` are ours.
    pub fn new(limit: u32, share_percent: u32) -> Self {
        Self {
            configured_limit: i64::from(limit),
            share_percent: i64::from(share_percent),
            limit: i64::from(limit),
            permits: VecDeque::new(),
            paused_until: None,
            slowed_until: None,
            analytics_per_day: i64::MAX,
            analytics: (0, 0),
        }
    }

    /// With at most so many analytics requests on a UTC day.
    #[must_use]
    pub fn with_analytics_per_day(mut self, requests: u32) -> Self {
        self.analytics_per_day = i64::from(requests);
        self
    }

    /// Goes on where another holder stopped. One that died is taken to have asked as fast as it may.
    pub fn restore(&mut self, record: &PaceRecord, now: Timestamp) {
        self.analytics = (record.analytics_day, record.analytics_spent);
        let recent = now - COUNTED;
        let mut permits: Vec<Timestamp> = Vec::new();
        for (second, count) in &record.permits {
            // The end of the second: permits may only seem later than they were.
            let at = Timestamp::from_second(second + 1).unwrap_or(now);
            if at > recent {
                permits.extend(std::iter::repeat_n(
                    at,
                    usize::try_from(*count).unwrap_or(0),
                ));
            }
        }
        if let Some(until) = record.unknown_until.filter(|until| *until > recent) {
            let share = self.share(now);
            let spacing = SignedDuration::from_nanos(COUNTED.as_nanos() as i64 / share);
            let mut at = record.saved_at.unwrap_or(recent).max(recent);
            while at < until && permits.len() < share as usize {
                permits.push(at);
                at += spacing;
            }
        }
        permits.sort_unstable();
        let share = self.share(now) as usize;
        let excess = permits.len().saturating_sub(share);
        self.permits = permits.into_iter().skip(excess).collect();
    }

    /// What another holder has to know.
    pub fn record(&self, now: Timestamp) -> PaceRecord {
        let recent = now - COUNTED;
        let mut permits: Vec<(i64, i32)> = Vec::new();
        for at in self.permits.iter().filter(|at| **at > recent) {
            match permits.last_mut() {
                Some((second, count)) if *second == at.as_second() => *count += 1,
                _ => permits.push((at.as_second(), 1)),
            }
        }
        PaceRecord {
            permits,
            saved_at: Some(now),
            unknown_until: None,
            analytics_day: self.analytics.0,
            analytics_spent: self.analytics.1,
        }
    }

    /// Another share of the limit from now on.
    pub fn set_share(&mut self, percent: u32) {
        self.share_percent = i64::from(percent);
    }

    /// Takes one of the day's analytics requests; false when there is none left.
    pub fn take_analytics(&mut self, now: Timestamp) -> bool {
        let day = now.as_second().div_euclid(86_400);
        if self.analytics.0 != day {
            self.analytics = (day, 0);
        }
        let is_left = self.analytics.1 < self.analytics_per_day;
        self.analytics.1 += i64::from(is_left);
        is_left
    }

    /// Takes the next permit and answers how long to wait before using it.
    pub fn reserve(&mut self, now: Timestamp) -> SignedDuration {
        self.follow_clock(now);
        let share = self.share(now);
        let spacing = SignedDuration::from_nanos(COUNTED.as_nanos() as i64 / share);
        let mut at = now;
        if let Some(pause) = self.paused_until {
            at = at.max(pause);
        }
        // One permit each `spacing`, of which the last BURST may be closer together.
        if let Some(earlier) = self.permits.iter().rev().nth(BURST.min(share) as usize - 1) {
            at = at.max(*earlier + spacing * BURST.min(share) as i32);
        }
        if let Some(earlier) = self.permits.iter().rev().nth(share as usize - 1) {
            at = at.max(*earlier + COUNTED);
        }
        self.permits.push_back(at);
        while self.permits.len() > share as usize {
            self.permits.pop_front();
        }
        at.duration_since(now)
    }

    /// Learns from an answer's headers.
    pub fn observe(&mut self, hint: Hint, now: Timestamp) {
        if hint.limit > 0 {
            self.limit = hint.limit.min(self.configured_limit);
        }
        let untouched = ((100 - self.share_percent) / RESERVE_DIVISOR).min(RESERVE_PERCENT);
        let reserve = hint.limit * untouched / 100;
        if hint.remaining <= reserve && hint.reset_seconds > 0 {
            self.pause(SignedDuration::from_secs(hint.reset_seconds), now);
        }
    }

    /// A 429: nothing is asked until its reset, and then at half the pace for a minute.
    pub fn refused(&mut self, reset: SignedDuration, now: Timestamp) {
        self.pause(reset, now);
        self.slowed_until = self.paused_until.map(|until| until + MINUTE);
    }

    fn pause(&mut self, length: SignedDuration, now: Timestamp) {
        let until = now + length.clamp(SignedDuration::ZERO, LONGEST_PAUSE);
        self.paused_until = self.paused_until.max(Some(until));
    }

    fn share(&self, now: Timestamp) -> i64 {
        let share = (self.limit * self.share_percent / 100).max(1);
        match self.slowed_until {
            Some(until) if now < until => (share / 2).max(1),
            _ => share,
        }
    }

    /// A clock set back must not stop us for as long as it went back: what lies impossibly far
    /// ahead counts as just used.
    fn follow_clock(&mut self, now: Timestamp) {
        let furthest = now + LONGEST_PAUSE + MINUTE;
        for permit in &mut self.permits {
            if *permit > furthest {
                *permit = now;
            }
        }
        self.paused_until = self.paused_until.filter(|until| *until <= furthest);
        self.slowed_until = self.slowed_until.filter(|until| *until <= furthest);
    }
}

#[cfg(test)]
mod tests {
    use chassis::Clock;
    use proptest::prelude::*;

    use super::*;

    /// Asks `count` times, `think` after each answer; the instants of the permits in milliseconds.
    fn run(pace: &mut Pace, clock: &Clock, count: usize, think: SignedDuration) -> Vec<i64> {
        (0..count)
            .map(|_| {
                let wait = pace.reserve(clock.now());
                clock.advance(SignedDuration::from_millis_i128(
                    wait.as_millis() + i128::from(wait.subsec_micros() != 0),
                ));
                let used = clock.now().as_millisecond();
                clock.advance(think);
                used
            })
            .collect()
    }

    fn most_in_a_minute(used: &[i64]) -> usize {
        used.iter()
            .map(|start| {
                used.iter()
                    .filter(|at| (*start..*start + 60_000).contains(*at))
                    .count()
            })
            .max()
            .unwrap_or(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_minute_ever_holds_more_than_the_share(limit in 2_u32..400, share in 1_u32..=100, think in 0_i64..400) {
            let clock = Clock::manual(Timestamp::UNIX_EPOCH);
            let mut pace = Pace::new(limit, share);
            let used = run(&mut pace, &clock, 900, SignedDuration::from_millis(think));
            let allowed = (limit * share / 100).max(1) as usize;
            prop_assert!(most_in_a_minute(&used) <= allowed, "{} > {allowed}", most_in_a_minute(&used));
        }
    }

    #[test]
    fn the_default_pace_uses_the_share_to_the_full() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let used = run(&mut Pace::new(960, 50), &clock, 2400, SignedDuration::ZERO);
        assert!(most_in_a_minute(&used) <= 480);
        let minutes = used.last().copied().unwrap_or(0) as f64 / 60_000.0;
        assert!(minutes < 5.05, "2,400 requests took {minutes} minutes");
        assert!(
            used[7] == 0 && used[8] > 0,
            "a small burst, then an even pace: {:?}",
            &used[..12]
        );
    }

    #[test]
    fn the_whole_limit_is_used_to_a_twentieth_and_never_exceeded() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let used = run(&mut Pace::new(960, 100), &clock, 2400, SignedDuration::ZERO);
        assert!(most_in_a_minute(&used) <= 960);
        let minutes = used.last().copied().unwrap_or(0) as f64 / 60_000.0;
        assert!(minutes <= 1.05 * 2400.0 / 960.0, "{minutes} minutes");
    }

    #[test]
    fn two_holders_after_each_other_share_one_minute() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let mut first = Pace::new(960, 50);
        let mut used = run(&mut first, &clock, 300, SignedDuration::ZERO);
        let mut second = Pace::new(960, 50);
        second.restore(&first.record(clock.now()), clock.now());
        used.extend(run(&mut second, &clock, 600, SignedDuration::ZERO));
        assert!(
            most_in_a_minute(&used) <= 480,
            "{}",
            most_in_a_minute(&used)
        );
    }

    #[test]
    fn a_holder_that_died_is_taken_to_have_asked_until_its_lease_ended() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let mut first = Pace::new(960, 50);
        let mut used = run(&mut first, &clock, 200, SignedDuration::ZERO);
        let mut record = first.record(clock.now());
        record.unknown_until = Some(clock.now() + SignedDuration::from_secs(20));
        // It went on for a while without telling anybody.
        used.extend(run(&mut first, &clock, 40, SignedDuration::ZERO));
        clock.advance(SignedDuration::from_secs(15));
        let mut second = Pace::new(960, 50);
        second.restore(&record, clock.now());
        used.extend(run(&mut second, &clock, 900, SignedDuration::ZERO));
        assert!(
            most_in_a_minute(&used) <= 480,
            "{}",
            most_in_a_minute(&used)
        );
    }

    #[test]
    fn a_days_analytics_requests_are_counted_over_holders() {
        let now = Timestamp::UNIX_EPOCH;
        let mut first = Pace::new(960, 50).with_analytics_per_day(3);
        assert!(first.take_analytics(now) && first.take_analytics(now));
        let mut second = Pace::new(960, 50).with_analytics_per_day(3);
        second.restore(&first.record(now), now);
        assert!(second.take_analytics(now) && !second.take_analytics(now));
        assert!(second.take_analytics(now + SignedDuration::from_hours(24)));
    }

    #[test]
    fn a_lower_limit_in_the_headers_slows_us_down() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let mut pace = Pace::new(960, 50);
        pace.observe(
            Hint {
                limit: 100,
                remaining: 99,
                reset_seconds: 60,
            },
            clock.now(),
        );
        let used = run(&mut pace, &clock, 200, SignedDuration::ZERO);
        assert!(most_in_a_minute(&used) <= 50);
    }

    #[test]
    fn nothing_is_asked_before_the_reset_of_a_refusal() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let mut pace = Pace::new(960, 50);
        pace.refused(SignedDuration::from_secs(17), clock.now());
        assert_eq!(pace.reserve(clock.now()), SignedDuration::from_secs(17));
    }

    #[test]
    fn an_absurd_reset_is_not_waited_for() {
        let mut pace = Pace::new(960, 50);
        pace.refused(SignedDuration::from_secs(i64::MAX), Timestamp::UNIX_EPOCH);
        assert_eq!(pace.reserve(Timestamp::UNIX_EPOCH), LONGEST_PAUSE);
    }

    #[test]
    fn when_others_use_the_limit_up_we_wait_for_the_reset() {
        let mut pace = Pace::new(960, 50);
        pace.observe(
            Hint {
                limit: 960,
                remaining: 20,
                reset_seconds: 9,
            },
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(
            pace.reserve(Timestamp::UNIX_EPOCH),
            SignedDuration::from_secs(9)
        );
    }

    #[test]
    fn a_clock_set_back_by_a_day_costs_a_minute_at_most() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(48));
        let mut pace = Pace::new(960, 50);
        run(&mut pace, &clock, 1000, SignedDuration::ZERO);
        clock.advance(SignedDuration::from_hours(-24));
        assert!(pace.reserve(clock.now()) <= COUNTED);
    }
}
