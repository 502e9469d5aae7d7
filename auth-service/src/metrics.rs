//! What is counted: one method for each event.

use crate::consent::Outcome;

/// The service's instruments. The recorder is process-wide.
#[derive(Debug, Clone, Copy, Default)]
pub struct Metrics;

/// How a refresh ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// A new pair is in force.
    Renewed,
    /// PagerDuty refused for good.
    Refused,
    /// The answer was lost.
    Lost,
    /// PagerDuty was ill or not to be reached.
    Unavailable,
    /// The result came after the intent had been taken over.
    FencedOff,
}

impl Metrics {
    /// A consent has ended.
    pub fn consent(self, outcome: Outcome) {
        metrics::counter!("auth_consents_total", "outcome" => outcome.name()).increment(1);
    }

    /// A refresh has ended.
    pub fn refresh(self, how: Refreshed) {
        let result = match how {
            Refreshed::Renewed => "renewed",
            Refreshed::Refused => "refused",
            Refreshed::Lost => "lost",
            Refreshed::Unavailable => "unavailable",
            Refreshed::FencedOff => "fenced_off",
        };
        metrics::counter!("auth_refreshes_total", "result" => result).increment(1);
    }

    /// A connection has turned to Reconnect.
    pub fn access_ended(self) {
        metrics::counter!("auth_access_ended_total").increment(1);
    }

    /// A mail was tried.
    pub fn mail(self, taken: bool) {
        let result = if taken { "sent" } else { "failed" };
        metrics::counter!("auth_mails_total", "result" => result).increment(1);
    }

    /// Somebody signed in, or was refused.
    pub fn sign_in(self, method: &'static str, result: &'static str) {
        metrics::counter!("auth_sign_ins_total", "method" => method, "result" => result)
            .increment(1);
    }

    /// A token was lent to so many callers at once.
    pub fn leases(self, count: usize) {
        metrics::counter!("auth_leases_total").increment(count as u64);
    }
}
