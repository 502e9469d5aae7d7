//! Typed instruments: one method for each event.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use proto::facts::v1::Dataset;

use crate::webhook::Verdict;

/// A request to PagerDuty was answered; `status` 0 means that no answer came.
pub(crate) fn pagerduty_answered(dataset: Dataset, status: u16, took: Duration) {
    counter!("ingest_pagerduty_requests_total", "dataset" => dataset.name(), "status" => status.to_string())
        .increment(1);
    histogram!("ingest_pagerduty_request_duration_seconds", "dataset" => dataset.name())
        .record(took.as_secs_f64());
}

/// A page's records were confirmed by the broker.
pub(crate) fn records_confirmed(dataset: Dataset, records: usize) {
    counter!("ingest_records_confirmed_total", "dataset" => dataset.name())
        .increment(records as u64);
}

/// A message was published; `confirmed` false means that it will be published again.
pub(crate) fn published(confirmed: bool) {
    let outcome = if confirmed { "confirmed" } else { "failed" };
    counter!("ingest_messages_published_total", "outcome" => outcome).increment(1);
}

/// An answer holds fields or kinds that are not documented.
pub(crate) fn drifted(dataset: Dataset, fields: usize, kinds: usize) {
    counter!("ingest_unknown_fields_total", "dataset" => dataset.name()).increment(fields as u64);
    counter!("ingest_unknown_kinds_total", "dataset" => dataset.name()).increment(kinds as u64);
}

/// A delivery was judged.
pub(crate) fn webhook_received(verdict: Verdict) {
    let verdict = match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Unknown => "unknown",
        Verdict::Unauthentic => "unauthentic",
        Verdict::NotDurable => "not_durable",
    };
    counter!("ingest_webhook_deliveries_total", "verdict" => verdict).increment(1);
}

/// An authentic delivery carries nothing that can be kept.
pub(crate) fn webhook_unreadable() {
    counter!("ingest_webhook_unreadable_total").increment(1);
}

/// A window was cut because it held too much.
pub(crate) fn window_split(dataset: Dataset) {
    counter!("ingest_windows_split_total", "dataset" => dataset.name()).increment(1);
}

/// A run ended.
pub(crate) fn run_finished(state: &'static str) {
    counter!("ingest_runs_finished_total", "state" => state).increment(1);
}

/// Runs that this process works on.
pub(crate) fn runs_under_way(count: usize) {
    gauge!("ingest_runs_under_way").set(count as f64);
}
