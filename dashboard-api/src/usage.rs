//! How often and when a seat used a feature, for all windows at once.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::window::Window;

/// Uses that share user, feature, UTC day and band.
#[derive(Debug, Clone, Copy)]
pub struct UseGroup {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Position of the shortest window that holds the uses; 4 when none does. The edges of the
    /// windows are instants, so one day can have uses in two bands.
    pub band: usize,
    pub count: i64,
    pub last: Timestamp,
}

/// The sum of the groups of one seat and feature.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    last: Option<Timestamp>,
    by_band: [i64; Window::ALL.len() + 1],
    /// The smallest band of each day with a use.
    days: BTreeMap<i64, usize>,
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
    pub fn add(&mut self, group: UseGroup) {
        self.last = self.last.max(Some(group.last));
        let band = group.band.min(Window::ALL.len());
        if let Some(uses) = self.by_band.get_mut(band) {
            *uses += group.count;
        }
        let smallest = self.days.entry(group.day).or_insert(band);
        *smallest = band.min(*smallest);
    }

    pub fn in_window(&self, window: Window) -> FeatureUse {
        let days = self.days.values().filter(|band| **band <= window.index());
        FeatureUse {
            last: self.last,
            uses: self.by_band.iter().take(window.index() + 1).sum(),
            active_days: i32::try_from(days.count()).unwrap_or(i32::MAX),
        }
    }

    /// The days with a use, whatever the window.
    pub fn days(&self) -> impl Iterator<Item = i64> {
        self.days.keys().copied()
    }
}

/// The band of an instant before `t`; see [`UseGroup::band`].
pub fn band_of(at: Timestamp, t: Timestamp) -> usize {
    let holds = |window: &Window| at >= window.start(t);
    Window::ALL
        .iter()
        .position(holds)
        .unwrap_or(Window::ALL.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{day_of, days_from};

    #[test]
    fn the_start_of_a_window_is_inside_and_a_microsecond_earlier_is_not() {
        let t: Timestamp = "2026-11-23T10:00:00Z".parse().expect("valid");
        let edge = Window::Days30.start(t);
        let before = Timestamp::from_microsecond(edge.as_microsecond() - 1).expect("valid");
        assert_eq!((band_of(edge, t), band_of(before, t)), (0, 1));
        assert_eq!(band_of(days_from(t, -181), t), 4);

        let mut usage = Usage::default();
        for at in [edge, before] {
            usage.add(UseGroup {
                day: day_of(at),
                band: band_of(at, t),
                count: 1,
                last: at,
            });
        }
        let thirty = usage.in_window(Window::Days30);
        assert_eq!((thirty.uses, thirty.active_days), (1, 1));
        let sixty = usage.in_window(Window::Days60);
        assert_eq!(
            (sixty.uses, sixty.active_days),
            (2, 1),
            "one day, two bands"
        );
    }
}
