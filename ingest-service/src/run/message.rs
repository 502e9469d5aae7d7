//! Envelopes: what a page, a window's end and a run's end look like on the queue.

use jiff::Timestamp;
use proto::{
    facts::v1::{Dataset, Envelope, Receipt, RunFinished, Window, envelope::Payload},
    time::to_proto,
};

use super::{Run, Tally};
use crate::{dataset::State, lease::Lease, window::Planned};

/// One page of a window.
pub(super) fn page(
    lease: &Lease,
    run: &Run,
    window: Planned,
    numbered: (u32, Timestamp),
    payload: Payload,
) -> Envelope {
    let (page, observed_at) = numbered;
    let interval = window.interval;
    Envelope {
        dataset: window.dataset.into(),
        window: window.dataset.is_windowed().then(|| Window {
            from: Some(to_proto(interval.from)),
            to: Some(to_proto(interval.to)),
        }),
        page,
        payload: Some(payload),
        ..envelope(lease, run, observed_at)
    }
}

/// Closes a window: its number is the one after its last page.
pub(super) fn receipt(
    lease: &Lease,
    run: &Run,
    window: Planned,
    tally: &Tally,
    now: Timestamp,
) -> Envelope {
    let receipt = Receipt {
        pages: tally.pages,
        expected: tally.expected,
        received: tally.received,
    };
    page(
        lease,
        run,
        window,
        (tally.pages, now),
        Payload::Receipt(receipt),
    )
}

/// Closes a run.
pub(super) fn run_finished(
    lease: &Lease,
    run: &Run,
    receipts: i64,
    states: &[State],
    now: Timestamp,
) -> Envelope {
    let finished = RunFinished {
        receipts: u32::try_from(receipts).unwrap_or(u32::MAX),
        datasets: states.iter().map(State::to_proto).collect(),
    };
    Envelope {
        dataset: Dataset::Unspecified.into(),
        payload: Some(Payload::RunFinished(finished)),
        ..envelope(lease, run, now)
    }
}

fn envelope(lease: &Lease, run: &Run, observed_at: Timestamp) -> Envelope {
    Envelope {
        org_id: lease.org.to_string(),
        connection_id: lease.connection.to_string(),
        run_id: run.id.to_string(),
        as_of: Some(to_proto(run.as_of)),
        observed_at: Some(to_proto(observed_at)),
        ..Envelope::default()
    }
}
