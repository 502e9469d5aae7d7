//! What dashboard-api counts, one method per event.

use metrics::{counter, gauge, histogram};
use uuid::Uuid;

/// The instruments of one process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Metrics;

impl Metrics {
    pub fn batch_stored(self, messages: usize, records: i64, seconds: f64) {
        counter!("dashboard_messages_total", "verdict" => "stored").increment(messages as u64);
        counter!("dashboard_records_stored_total").increment(records.max(0) as u64);
        histogram!("dashboard_batch_seconds").record(seconds);
    }

    pub fn message_retried(self) {
        counter!("dashboard_messages_total", "verdict" => "retried").increment(1);
    }

    pub fn message_parked(self) {
        counter!("dashboard_messages_total", "verdict" => "parked").increment(1);
    }

    pub fn batch_waited(self) {
        counter!("dashboard_batches_waited_total").increment(1);
    }

    pub fn data_aged(self, connection: Uuid, seconds: f64) {
        gauge!("dashboard_data_age_seconds", "connection" => connection.to_string()).set(seconds);
    }

    pub fn generation_made(self) {
        counter!("dashboard_generations_total").increment(1);
    }

    pub fn request_answered(self, route: &str, status: u16, seconds: f64) {
        let labels = [("route", route.to_owned()), ("status", status.to_string())];
        counter!("dashboard_http_requests_total", &labels).increment(1);
        histogram!("dashboard_http_request_seconds").record(seconds);
    }
}
