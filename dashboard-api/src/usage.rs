//! How often and when a seat used a feature, for all windows at once.

use jiff::Timestamp;

use crate::window::{Calendar, HORIZON_DAYS, Window};

/// Words of 64 days that hold the horizon and the days it is cut at.
const WORDS: usize = 6;
/// Number of windows.
const WINDOWS: usize = Window::ALL.len();

/// Uses that share user, feature, calendar day and band.
#[derive(Debug, Clone, Copy)]
pub struct UseGroup {
    /// Days since 1970-01-01 in the organization's time zone.
    pub day: i64,
    /// Position of the shortest window that holds the uses; 4 when none does. The edges of the
    /// windows are instants, so one day can have uses in two bands.
    pub band: usize,
    pub count: i64,
    pub last: Timestamp,
}

/// Where the windows of one answer begin.
#[derive(Debug, Clone)]
pub struct Edges {
    pub t: Timestamp,
    pub calendar: Calendar,
    /// The day that holds the horizon.
    first: i64,
    /// The day that holds the start of each window, the shortest first.
    starts: [i64; WINDOWS],
}

impl Edges {
    pub fn new(t: Timestamp, calendar: Calendar) -> Self {
        Self {
            first: calendar.day_of(crate::window::days_from(t, -HORIZON_DAYS)),
            starts: Window::ALL.map(|window| calendar.day_of(window.start(t))),
            t,
            calendar,
        }
    }

    /// Days of which a part only lies in a window: their uses have to be told apart by instant.
    pub fn days(&self) -> Vec<i64> {
        let mut days = vec![self.first, self.today()];
        days.extend(self.starts);
        days.sort_unstable();
        days.dedup();
        days
    }

    /// The first day of the horizon.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// The day of `t`.
    pub fn today(&self) -> i64 {
        self.calendar.day_of(self.t)
    }

    /// The band of a whole day, which is none of [`Edges::days`].
    pub fn band_of_day(&self, day: i64) -> usize {
        let holds = |start: &i64| day > *start;
        self.starts.iter().position(holds).unwrap_or(WINDOWS)
    }

    /// Uses at one instant before `t`.
    pub fn group(&self, at: Timestamp, count: i64) -> UseGroup {
        UseGroup {
            day: self.calendar.day_of(at),
            band: band_of(at, self.t),
            count,
            last: at,
        }
    }
}

/// The sum of the groups of one seat and feature.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    last: Option<Timestamp>,
    by_band: [i64; WINDOWS + 1],
    /// A bit for each day of the horizon.
    days: [u64; WORDS],
    /// Whether the day that holds a window's start has a use inside of the window.
    at_start: [bool; WINDOWS],
}

/// What one answer says about one seat and feature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeatureUse {
    /// The latest use before `t`, in or out of the window.
    pub last: Option<Timestamp>,
    pub uses: i64,
    pub active_days: i32,
}

impl Usage {
    pub fn add(&mut self, group: UseGroup, edges: &Edges) {
        self.last = self.last.max(Some(group.last));
        let band = group.band.min(WINDOWS);
        if let Some(uses) = self.by_band.get_mut(band) {
            *uses += group.count;
        }
        let Ok(bit) = usize::try_from(group.day - edges.first) else {
            return;
        };
        if let Some(word) = self.days.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
        for (window, start) in edges.starts.iter().enumerate() {
            if let Some(inside) = self.at_start.get_mut(window)
                && *start == group.day
                && band <= window
            {
                *inside = true;
            }
        }
    }

    pub fn in_window(&self, window: Window, edges: &Edges) -> FeatureUse {
        let start = edges
            .starts
            .get(window.index())
            .copied()
            .unwrap_or(i64::MAX);
        let later = self.days(edges).filter(|day| *day > start).count();
        let first = self.at_start.get(window.index()).copied();
        FeatureUse {
            last: self.last,
            uses: self.by_band.iter().take(window.index() + 1).sum(),
            active_days: i32::try_from(later).unwrap_or(i32::MAX)
                + i32::from(first.unwrap_or_default()),
        }
    }

    /// The days with a use, whatever the window.
    pub fn days(&self, edges: &Edges) -> impl Iterator<Item = i64> + use<'_> {
        let first = edges.first;
        let bits = (0..WORDS * 64).zip(first..);
        bits.filter_map(|(bit, day)| {
            let word = self.days.get(bit / 64)?;
            ((word >> (bit % 64)) & 1 == 1).then_some(day)
        })
    }
}

/// The band of an instant before `t`; see [`UseGroup::band`].
pub fn band_of(at: Timestamp, t: Timestamp) -> usize {
    let holds = |window: &Window| at >= window.start(t);
    Window::ALL.iter().position(holds).unwrap_or(WINDOWS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{day_of, days_from};

    #[test]
    fn the_start_of_a_window_is_inside_and_a_microsecond_earlier_is_not() {
        let t: Timestamp = "2026-11-23T10:00:00Z".parse().expect("valid");
        let edges = Edges::new(t, Calendar::named("UTC"));
        let edge = Window::Days30.start(t);
        let before = Timestamp::from_microsecond(edge.as_microsecond() - 1).expect("valid");
        assert_eq!((band_of(edge, t), band_of(before, t)), (0, 1));
        assert_eq!(band_of(days_from(t, -181), t), 4);

        let mut usage = Usage::default();
        for at in [edge, before] {
            usage.add(edges.group(at, 1), &edges);
        }
        let thirty = usage.in_window(Window::Days30, &edges);
        assert_eq!((thirty.uses, thirty.active_days), (1, 1));
        let sixty = usage.in_window(Window::Days60, &edges);
        assert_eq!(
            (sixty.uses, sixty.active_days),
            (2, 1),
            "one day, two bands"
        );
        assert_eq!(usage.days(&edges).collect::<Vec<_>>(), [day_of(edge)]);
    }

    #[test]
    fn whole_days_between_the_edges_lie_in_one_band() {
        let t: Timestamp = "2026-11-23T10:00:00Z".parse().expect("valid");
        let edges = Edges::new(t, Calendar::named("UTC"));
        let today = day_of(t);
        assert_eq!(edges.days().len(), 6);
        assert_eq!(edges.band_of_day(today - 1), 0);
        assert_eq!(edges.band_of_day(today - 31), 1);
        assert_eq!(edges.band_of_day(today - 181), 4);
        assert_eq!((edges.first(), edges.today()), (today - 365, today));
    }
}
