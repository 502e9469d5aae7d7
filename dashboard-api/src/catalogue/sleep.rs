//! Hours of the day as sets: bit 0 is the hour from midnight.

/// Every hour.
pub const ALL_HOURS: i32 = (1 << 24) - 1;
/// From 22:00 to 06:00, when people sleep.
pub const SLEEPING_HOURS: i32 = (1 << 22) | (1 << 23) | 0b11_1111;

/// When offices work: Monday to Friday from the first to the second hour.
pub const BUSINESS_HOURS: (i64, i64) = (9, 17);
