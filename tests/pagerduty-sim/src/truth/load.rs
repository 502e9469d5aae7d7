//! What being on call cost: notifications, nights, answers.

use crate::world::DAY;

const HOUR: i64 = 3_600;

/// One person's figures within the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Duty on Monday to Friday from 9 to 17 o'clock UTC.
    pub(crate) business_seconds: i64,
    pub(crate) notifications: u64,
    /// Those between 22 and 6 o'clock UTC.
    pub(crate) sleep_notifications: u64,
    answers: i64,
    answer_seconds: i64,
}

impl Load {
    pub(crate) fn notify(&mut self, at: i64) {
        let hour = at.rem_euclid(DAY) / HOUR;
        self.notifications += 1;
        self.sleep_notifications += u64::from(!(6..22).contains(&hour));
    }

    /// The person was the first to acknowledge an incident, after so many seconds.
    pub(crate) fn answer(&mut self, after: i64) {
        self.answers += 1;
        self.answer_seconds += after;
    }

    /// Seconds until the person acknowledged, on average, rounded down.
    pub(crate) fn mean_ack_seconds(&self) -> Option<i64> {
        (self.answers > 0).then(|| self.answer_seconds / self.answers)
    }
}

/// Seconds of a span within business hours.
pub(crate) fn business_seconds((from, to): (i64, i64)) -> i64 {
    let days = from.div_euclid(DAY)..=(to - 1).div_euclid(DAY);
    // 1970-01-01 was a Thursday.
    let working = days.filter(|day| (day + 3).rem_euclid(7) < 5);
    working
        .map(|day| {
            let (opens, closes) = (day * DAY + 9 * HOUR, day * DAY + 17 * HOUR);
            (closes.min(to) - opens.max(from)).max(0)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_hours_are_monday_to_friday_from_nine_to_five() {
        // Friday 1970-01-02 12:00 to Monday 1970-01-05 10:00.
        let span = (DAY + 12 * HOUR, 4 * DAY + 10 * HOUR);
        assert_eq!(business_seconds(span), 6 * HOUR);
    }

    #[test]
    fn a_notification_at_night_disturbs_sleep() {
        let mut load = Load::default();
        for hour in [5, 6, 21, 22] {
            load.notify(hour * HOUR);
        }
        assert_eq!((load.notifications, load.sleep_notifications), (4, 2));
    }
}
