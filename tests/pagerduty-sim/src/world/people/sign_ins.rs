//! The rhythm in which somebody signs in.

use crate::world::DAY;

/// When somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignIns {
    Never,
    /// On every day `d` with `(d + phase) % period == 0`, at `second` of it, before `until`.
    Every {
        period: i64,
        phase: i64,
        second: i64,
        until: i64,
    },
}

impl SignIns {
    /// The last sign-in before an instant.
    pub(crate) fn last_before(self, instant: i64) -> Option<i64> {
        let Self::Every {
            period,
            phase,
            second,
            until,
        } = self
        else {
            return None;
        };
        let end = instant.min(until);
        let mut day = (end - 1).div_euclid(DAY);
        day -= (day + phase).rem_euclid(period);
        let at = day * DAY + second;
        Some(if at < end { at } else { at - period * DAY })
    }
}
