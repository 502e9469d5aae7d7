//! Keeps events: those that came meanwhile go to the broker together, and are noted as kept when it
//! has confirmed them. A burst thus costs as many messages as it has moments, not events.

use std::{
    collections::{BTreeMap, HashSet},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};

use chassis::{Clock, Lifecycle};
use proto::{
    ConnectionId, OrgId,
    facts::v1::{Activities, Activity, Dataset, Envelope, envelope::Payload},
    time::to_proto,
    topology::Lane,
};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    metrics,
    pagerduty::model::event::Event,
    publisher::Publisher,
    store::{Store, StoreError},
};

/// Events that wait; who comes behind is told to come again.
const BACKLOG: usize = 8_192;
/// Most events of one message.
const MOST_TOGETHER: usize = 512;
/// Batches under way at a time: while one waits for the broker another waits for the database.
const WORKERS: usize = 4;
/// Without a confirm by then the delivery is refused, before PagerDuty stops waiting.
const CONFIRM_DEADLINE: Duration = Duration::from_millis(3_500);

/// An authentic event of a connection.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) org: OrgId,
    pub(super) connection: ConnectionId,
    pub(super) event: Event,
}

struct Waiting {
    delivered: Delivered,
    kept: oneshot::Sender<bool>,
}

/// Where events are handed in; cloning is cheap.
#[derive(Debug, Clone)]
pub struct Intake(mpsc::Sender<Waiting>);

/// Why a batch was not kept.
#[derive(Debug, thiserror::Error)]
enum NotKept {
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("the broker did not confirm in time")]
    Broker,
}

struct Worker {
    waiting: Arc<Mutex<mpsc::Receiver<Waiting>>>,
    store: Store,
    publisher: Publisher,
    clock: Clock,
}

impl Intake {
    /// Puts the workers on the lifecycle. They end when nobody can hand in events any more.
    pub fn spawn(
        store: &Store,
        publisher: &Publisher,
        clock: &Clock,
        lifecycle: &Lifecycle,
    ) -> Self {
        let (hand_in, waiting) = mpsc::channel(BACKLOG);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..WORKERS {
            let worker = Worker {
                waiting: Arc::clone(&waiting),
                store: store.clone(),
                publisher: publisher.clone(),
                clock: clock.clone(),
            };
            lifecycle.spawn("webhook intake", worker.run(lifecycle.stopping()));
        }
        Self(hand_in)
    }

    /// Whether the event is kept for good.
    pub(super) async fn keep(&self, delivered: Delivered) -> bool {
        let (kept, answer) = oneshot::channel();
        let waiting = Waiting { delivered, kept };
        if self.0.try_send(waiting).is_err() {
            return false;
        }
        answer.await.unwrap_or(false)
    }
}

impl Worker {
    async fn run(self, stopping: CancellationToken) -> Result<(), Infallible> {
        let mut batch = Vec::with_capacity(MOST_TOGETHER);
        loop {
            let received = {
                let mut waiting = self.waiting.lock().await;
                tokio::select! {
                    biased;
                    received = waiting.recv_many(&mut batch, MOST_TOGETHER) => received,
                    // Deliveries under way have been answered by then, or are delivered again.
                    () = stopping.cancelled() => 0,
                }
            };
            if received == 0 {
                return Ok(());
            }
            let mut by_connection: BTreeMap<(Uuid, Uuid), Vec<Waiting>> = BTreeMap::new();
            for one in batch.drain(..) {
                let key = (one.delivered.org.0, one.delivered.connection.0);
                by_connection.entry(key).or_default().push(one);
            }
            for ((org, connection), waiting) in by_connection {
                self.batch((OrgId(org), ConnectionId(connection)), waiting)
                    .await;
            }
        }
    }

    async fn batch(&self, of: (OrgId, ConnectionId), waiting: Vec<Waiting>) {
        let (events, callers): (Vec<Event>, Vec<_>) = waiting
            .into_iter()
            .map(|one| (one.delivered.event, one.kept))
            .unzip();
        let kept = self.keep(of, events).await;
        if let Err(error) = &kept {
            tracing::warn!(connection = %of.1, error = error as &dyn std::error::Error, "events were not kept");
        }
        for caller in callers {
            // A caller that has gone will deliver again.
            let _gone = caller.send(kept.is_ok());
        }
    }

    /// Publishes what is new, and notes it.
    async fn keep(&self, of: (OrgId, ConnectionId), events: Vec<Event>) -> Result<(), NotKept> {
        let ids: Vec<String> = events.iter().map(|event| event.id.clone()).collect();
        let mut known: HashSet<String> = self.store.known_events(of, &ids).await?;
        let fresh = events
            .into_iter()
            .filter(|event| known.insert(event.id.clone()));
        let fresh: Vec<Event> = fresh.collect();
        let ids: Vec<String> = fresh.iter().map(|event| event.id.clone()).collect();
        let activities: Vec<Activity> = fresh.into_iter().filter_map(|one| one.activity).collect();
        if !activities.is_empty() {
            let count = activities.len();
            let envelope = self.envelope(of, activities);
            // Published or not, nobody waits for longer: the token is never cancelled.
            let unstopped = CancellationToken::new();
            let published = self
                .publisher
                .publish(Lane::Live, of.1, &envelope, &unstopped);
            let confirmed = tokio::time::timeout(CONFIRM_DEADLINE, published).await;
            if !matches!(confirmed, Ok(Ok(()))) {
                return Err(NotKept::Broker);
            }
            metrics::records_confirmed(Dataset::Webhooks, count);
        }
        self.store.note_events(of, &ids, self.clock.now()).await?;
        Ok(())
    }

    /// A message of its own: no run, no window, and nothing that closes it.
    fn envelope(
        &self,
        (org, connection): (OrgId, ConnectionId),
        records: Vec<Activity>,
    ) -> Envelope {
        let now = self.clock.now();
        let as_of = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now);
        Envelope {
            org_id: org.to_string(),
            connection_id: connection.to_string(),
            run_id: Uuid::now_v7().to_string(),
            as_of: Some(to_proto(as_of)),
            dataset: Dataset::Webhooks.into(),
            observed_at: Some(to_proto(now)),
            payload: Some(Payload::Activities(Activities { records })),
            ..Envelope::default()
        }
    }
}
