//! Live progress of a connection as server-sent events: `sync` whenever the run or what is stored
//! of it changes, `generation` when new figures exist. An event's id is a hash of what it says: a
//! browser that comes back with `Last-Event-ID` is not told again what it was told last.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Path, State},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use http::HeaderMap;
use jiff::Timestamp;
use proto::{ConnectionId, OrgId, ingest::v1::Run};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::{
    App, Shared,
    access::Caller,
    connections::own_connection,
    problem::{Problem, ProblemBody},
    sync::Sync,
};
use crate::generations::NewGeneration;

const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often stored counts are looked at while a run is not evaluated yet.
const LOOK: Duration = Duration::from_secs(1);
/// How often ingest-service is asked for a new run when none is under way.
const ASK: Duration = Duration::from_secs(3);
/// How long one stream lives: the browser opens the next one by itself, and so passes the session
/// check again.
const STREAM_LIFE: Duration = Duration::from_mins(5);
/// Events waiting for a slow client; it is waited for beyond that.
const BUFFER: usize = 8;

/// Streams that one caller may have open.
const STREAMS: usize = 8;
const LAST_EVENT_ID: &str = "last-event-id";

/// Open streams by caller.
#[derive(Debug, Default, Clone)]
pub(crate) struct Streams(Arc<Mutex<HashMap<String, usize>>>);

impl Streams {
    /// A place for one more stream, given back when it is dropped.
    fn open(&self, caller: &str) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(caller.to_owned()).or_default();
        if *count >= STREAMS {
            return None;
        }
        *count += 1;
        Some(Place {
            streams: self.clone(),
            caller: caller.to_owned(),
        })
    }
}

#[derive(Debug)]
struct Place {
    streams: Streams,
    caller: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self
            .streams
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.caller);
            }
        }
    }
}

#[derive(Debug, Serialize)]
struct GenerationEvent {
    generation: i64,
    as_of: Timestamp,
}

/// Follows a connection's synchronizations.
#[utoipa::path(
    get, path = "/api/v1/connections/{id}/events", operation_id = "events", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Connection")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
            description = "`sync` events with a Sync, `generation` events with {generation, as_of}"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn follow(
    State(app): State<Shared>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let connection = own_connection(&app, &caller, &id).await?;
    let place = app.streams.open(&caller.actor());
    let place =
        place.ok_or_else(|| Problem::too_many("Too many streams are open; close one of them."))?;
    let told = headers.get(LAST_EVENT_ID);
    let told = told.and_then(|id| id.to_str().ok()).map(str::to_owned);
    let (sender, receiver) = mpsc::channel(BUFFER);
    let follower = Follower {
        news: app.generations.subscribe(),
        app: Arc::clone(&app),
        org: caller.org,
        connection,
        sender,
        run: None,
        sent: None,
        told,
    };
    let stopping = app.lifecycle.stopping();
    app.lifecycle.spawn_job(async move {
        let _place = place;
        let closed = follower.sender.clone();
        tokio::select! {
            () = follower.run() => {}
            () = tokio::time::sleep(STREAM_LIFE) => {}
            () = closed.closed() => {}
            () = stopping.cancelled() => {}
        }
    });
    let stream = ReceiverStream::new(receiver);
    let events = Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    Ok(events.into_response())
}

type Sender = mpsc::Sender<Result<Event, Infallible>>;

/// One open stream.
struct Follower {
    app: Arc<App>,
    org: OrgId,
    connection: ConnectionId,
    sender: Sender,
    news: broadcast::Receiver<NewGeneration>,
    /// The newest that ingest-service told.
    run: Option<Run>,
    /// The newest that the client was told.
    sent: Option<Sync>,
    /// Id of the last event of the stream before.
    told: Option<String>,
}

impl Follower {
    async fn run(mut self) {
        loop {
            match self.app.ingest.watch(self.org, self.connection).await {
                Ok(watch) => self.watch(watch).await,
                Err(status) if status.code() == tonic::Code::NotFound => {}
                Err(status) => {
                    tracing::debug!(code = ?status.code(), "the sync cannot be watched");
                }
            }
            if !self.linger().await {
                return;
            }
        }
    }

    /// Until the watch ends.
    async fn watch(&mut self, mut watch: Streaming<proto::ingest::v1::WatchSyncResponse>) {
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                told = watch.message() => match told {
                    Ok(Some(answer)) => self.run = answer.run,
                    Ok(None) | Err(_) => return,
                },
                news = self.news.recv() => self.announce(news).await,
                _ = look.tick() => {}
            }
            self.tell().await;
        }
    }

    /// After a run has ended: until its figures are there and it is time to ask again. Answers
    /// whether to go on.
    async fn linger(&mut self) -> bool {
        let until = tokio::time::sleep(ASK);
        tokio::pin!(until);
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = &mut until => return !self.sender.is_closed(),
                news = self.news.recv() => self.announce(news).await,
                _ = look.tick() => {}
            }
            self.tell().await;
        }
    }

    /// Sends the run if it differs from what was sent.
    async fn tell(&mut self) {
        let Some(run) = &self.run else {
            return;
        };
        if self.sent.as_ref().is_some_and(|sent| sent.is_final(run)) {
            return;
        }
        let sync = match Sync::of(&self.app, self.org, run).await {
            Ok(sync) => sync,
            Err(error) => {
                tracing::debug!(%error, "stored counts are not known");
                return;
            }
        };
        if self.sent.as_ref() != Some(&sync) {
            let told = self.told.take();
            send(&self.sender, "sync", &sync, told.as_deref()).await;
            self.sent = Some(sync);
        }
    }

    async fn announce(&mut self, news: Result<NewGeneration, broadcast::error::RecvError>) {
        let number = match news {
            Ok(news) if news.org == self.org => Some(news.number),
            Ok(_) => return,
            // News was missed: the newest is as good.
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            Err(broadcast::error::RecvError::Closed) => {
                tokio::time::sleep(LOOK).await;
                return;
            }
        };
        if let Ok(Some(generation)) = self.app.store.generation(self.org, number).await {
            let event = GenerationEvent {
                generation: generation.number,
                as_of: generation.as_of,
            };
            send(&self.sender, "generation", &event, None).await;
        }
    }
}

async fn send<T: Serialize>(sender: &Sender, name: &str, body: &T, told: Option<&str>) {
    let Ok(text) = serde_json::to_string(body) else {
        return;
    };
    let id = hex::encode(Sha256::digest(text.as_bytes()));
    let id = id.get(..16).unwrap_or(&id);
    if told == Some(id) {
        return;
    }
    let event = Event::default().event(name).id(id).data(text);
    // A client that has gone ends the stream elsewhere.
    sender.send(Ok(event)).await.ok();
}
