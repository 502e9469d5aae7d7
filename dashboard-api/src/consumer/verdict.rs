//! What becomes of a message that could not be stored. Pure.

use std::time::Duration;

/// Where a failed message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Another attempt after a wait; `attempt` is written on the message.
    Retry { delay: Duration, attempt: u32 },
    /// Nothing but a person helps.
    Park,
}

/// After a failure that is not the database's illness. `attempts` is what the message says.
pub(super) fn after_failure(attempts: u32, delays: &[Duration]) -> Verdict {
    let delay = usize::try_from(attempts)
        .ok()
        .and_then(|position| delays.get(position));
    delay.map_or(Verdict::Park, |delay| Verdict::Retry {
        delay: *delay,
        attempt: attempts + 1,
    })
}

/// SQLSTATE classes and codes of a database that is away, full, read-only or busy: the same
/// statement may work later, on another connection.
const TROUBLE: [&str; 9] = [
    "08",    // connection
    "25006", // read-only: a demoted primary
    "40001", // serialization
    "40P01", // deadlock
    "53",    // disk full, out of memory, too many connections
    "55P03", // lock not available
    "57P",   // shutting down, crashed, starting
    "57014", // canceled
    "58",    // input/output
];

/// Whether the database is ill rather than the statement wrong.
pub fn is_trouble(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(cause) => cause.code().is_some_and(|code| is_trouble_code(&code)),
        _ => false,
    }
}

fn is_trouble_code(code: &str) -> bool {
    TROUBLE.iter().any(|prefix| code.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];

    #[rstest]
    #[case(0, Verdict::Retry { delay: DELAYS[0], attempt: 1 })]
    #[case(1, Verdict::Retry { delay: DELAYS[1], attempt: 2 })]
    #[case(2, Verdict::Park)]
    #[case(u32::MAX, Verdict::Park)]
    fn attempts_run_out(#[case] attempts: u32, #[case] expected: Verdict) {
        assert_eq!(after_failure(attempts, &DELAYS), expected);
    }

    #[rstest]
    #[case("25006", true)]
    #[case("57P01", true)]
    #[case("57P03", true)]
    #[case("08006", true)]
    #[case("53100", true)]
    #[case("40P01", true)]
    #[case::not_null("23502", false)]
    #[case::bad_text("22021", false)]
    #[case::bad_time("22007", false)]
    fn illness_is_told_from_poison(#[case] code: &str, #[case] trouble: bool) {
        assert_eq!(is_trouble_code(code), trouble);
    }
}
