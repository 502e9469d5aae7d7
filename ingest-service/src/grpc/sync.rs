//! `SyncService`.

use std::{pin::Pin, sync::Arc, time::Duration};

use chassis::{Clock, Code, Lifecycle};
use futures::Stream;
use jiff::SignedDuration;
use proto::{
    ConnectionId, OrgId, RunId,
    ids::InvalidId,
    ingest::v1::{
        CancelSyncRequest, CancelSyncResponse, DisableWebhookRequest, DisableWebhookResponse,
        EnableWebhookRequest, EnableWebhookResponse, GetCapabilitiesRequest,
        GetCapabilitiesResponse, GetSyncRequest, GetSyncResponse, GetWebhookRequest,
        GetWebhookResponse, ListRunsRequest, ListRunsResponse, PauseSyncRequest, PauseSyncResponse,
        ProbeRequest, ProbeResponse, ReportStoredRequest, ReportStoredResponse, ResumeSyncRequest,
        ResumeSyncResponse, Run, RunState, StartSyncRequest, StartSyncResponse, WatchSyncRequest,
        WatchSyncResponse, sync_service_server::SyncService,
    },
    time::{from_proto, to_proto},
};
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::render::newest;
use crate::{
    change::Changes,
    dataset::Datasets,
    scheduler::Stops,
    store::{NewRun, Store, StoreError, within},
    webhook::Subscriber,
};

/// How soon a watcher sees what another process has done.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Answers at most this often, however fast a run moves.
const PACE: Duration = Duration::from_millis(250);
/// Answers a slow watcher may be behind.
const BACKLOG: usize = 2;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct SyncApi {
    /// Runs and their progress.
    pub(crate) store: Store,
    /// Time.
    pub(crate) clock: Clock,
    /// Wakes the scheduler.
    pub(crate) poke: Arc<Notify>,
    /// What moves in this process.
    pub(crate) changes: Changes,
    /// Where watchers live.
    pub(crate) lifecycle: Lifecycle,
    /// Stops what runs in this process.
    pub(crate) stops: Stops,
    /// From one run to the next.
    pub(crate) interval: SignedDuration,
    /// What is collected.
    pub(crate) datasets: Datasets,
    /// Webhooks, and conversations with PagerDuty outside of runs.
    pub(crate) subscriber: Subscriber,
}

#[tonic::async_trait]
impl SyncService for SyncApi {
    async fn start_sync(
        &self,
        request: Request<StartSyncRequest>,
    ) -> Result<Response<StartSyncResponse>, Status> {
        let StartSyncRequest {
            org_id,
            connection_id,
        } = request.into_inner();
        let (org, connection) = ids(&org_id, &connection_id)?;
        let new = NewRun {
            id: RunId(Uuid::now_v7()),
            now: self.clock.now(),
            traceparent: chassis::trace::current(),
        };
        if let Err(error) = within(self.store.enqueue(org, connection, &new)).await {
            return Err(self.refusal(org, connection, error).await);
        }
        self.poke.notify_one();
        self.changes.announce(connection);
        let run = self.newest(org, connection).await?;
        Ok(Response::new(StartSyncResponse { run: Some(run) }))
    }

    async fn get_sync(
        &self,
        request: Request<GetSyncRequest>,
    ) -> Result<Response<GetSyncResponse>, Status> {
        let GetSyncRequest {
            org_id,
            connection_id,
        } = request.into_inner();
        let (org, connection) = ids(&org_id, &connection_id)?;
        let run = self.newest(org, connection).await?;
        Ok(Response::new(GetSyncResponse { run: Some(run) }))
    }

    type WatchSyncStream = Pin<Box<dyn Stream<Item = Result<WatchSyncResponse, Status>> + Send>>;

    async fn watch_sync(
        &self,
        request: Request<WatchSyncRequest>,
    ) -> Result<Response<Self::WatchSyncStream>, Status> {
        let WatchSyncRequest {
            org_id,
            connection_id,
        } = request.into_inner();
        let (org, connection) = ids(&org_id, &connection_id)?;
        let changes = self.changes.watch();
        let first = self.newest(org, connection).await?;
        let (answers, stream) = mpsc::channel(BACKLOG);
        let watch = Watch {
            api: self.clone(),
            org,
            connection,
            changes,
            answers,
        };
        self.lifecycle.spawn_job(watch.run(first));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn list_runs(
        &self,
        request: Request<ListRunsRequest>,
    ) -> Result<Response<ListRunsResponse>, Status> {
        let ListRunsRequest {
            org_id,
            connection_id,
            limit,
            before,
        } = request.into_inner();
        let (org, connection) = ids(&org_id, &connection_id)?;
        let before = before.as_ref().and_then(from_proto);
        let runs = self.runs(org, connection, before, limit).await?;
        Ok(Response::new(ListRunsResponse { runs }))
    }

    async fn pause_sync(
        &self,
        request: Request<PauseSyncRequest>,
    ) -> Result<Response<PauseSyncResponse>, Status> {
        let PauseSyncRequest {
            org_id,
            connection_id,
        } = request.into_inner();
        let (org, connection) = ids(&org_id, &connection_id)?;
        let run = self.pause(org, connection).await?;
        Ok(Response::new(PauseSyncResponse { run }))
    }

    async fn resume_sync(
        &self,
        request: Request<ResumeSyncRequest>,
    ) -> Result<Response<ResumeSyncResponse>, Status> {
        let ResumeSyncRequest {
            org_id,
            connection_id,
        } = request.into_inner();
        let (org, connection) = ids(&org_id, &connection_id)?;
        let run = self.resume(org, connection).await?;
        Ok(Response::new(ResumeSyncResponse { run }))
    }

    async fn cancel_sync(
        &self,
        request: Request<CancelSyncRequest>,
    ) -> Result<Response<CancelSyncResponse>, Status> {
        let CancelSyncRequest {
            org_id,
            connection_id,
        } = request.into_inner();
        let (org, connection) = ids(&org_id, &connection_id)?;
        let run = self.cancel(org, connection).await?;
        Ok(Response::new(CancelSyncResponse { run }))
    }

    async fn probe(
        &self,
        request: Request<ProbeRequest>,
    ) -> Result<Response<ProbeResponse>, Status> {
        let asked = request.into_inner();
        let (org, connection) = ids(&asked.org_id, &asked.connection_id)?;
        let (capabilities, probed_at) = self.probed(org, connection).await?;
        Ok(Response::new(ProbeResponse {
            capabilities,
            probed_at: Some(to_proto(probed_at)),
        }))
    }

    async fn get_capabilities(
        &self,
        request: Request<GetCapabilitiesRequest>,
    ) -> Result<Response<GetCapabilitiesResponse>, Status> {
        let asked = request.into_inner();
        let (org, connection) = ids(&asked.org_id, &asked.connection_id)?;
        let (capabilities, probed_at) = self.known_capabilities(org, connection).await?;
        Ok(Response::new(GetCapabilitiesResponse {
            capabilities,
            probed_at: probed_at.map(to_proto),
        }))
    }

    async fn report_stored(
        &self,
        request: Request<ReportStoredRequest>,
    ) -> Result<Response<ReportStoredResponse>, Status> {
        let report = request.into_inner();
        let (org, connection) = ids(&report.org_id, &report.connection_id)?;
        self.stored(org, connection, &report).await?;
        Ok(Response::new(ReportStoredResponse {}))
    }

    async fn get_webhook(
        &self,
        request: Request<GetWebhookRequest>,
    ) -> Result<Response<GetWebhookResponse>, Status> {
        let asked = request.into_inner();
        let (org, connection) = ids(&asked.org_id, &asked.connection_id)?;
        let webhook = Some(self.webhook(org, connection).await?);
        Ok(Response::new(GetWebhookResponse { webhook }))
    }

    async fn enable_webhook(
        &self,
        request: Request<EnableWebhookRequest>,
    ) -> Result<Response<EnableWebhookResponse>, Status> {
        let asked = request.into_inner();
        let (org, connection) = ids(&asked.org_id, &asked.connection_id)?;
        let webhook = Some(self.subscribed(org, connection, asked.secret).await?);
        Ok(Response::new(EnableWebhookResponse { webhook }))
    }

    async fn disable_webhook(
        &self,
        request: Request<DisableWebhookRequest>,
    ) -> Result<Response<DisableWebhookResponse>, Status> {
        let asked = request.into_inner();
        let (org, connection) = ids(&asked.org_id, &asked.connection_id)?;
        let webhook = Some(self.unsubscribed(org, connection).await?);
        Ok(Response::new(DisableWebhookResponse { webhook }))
    }
}

impl SyncApi {
    pub(super) async fn newest(&self, org: OrgId, connection: ConnectionId) -> Result<Run, Status> {
        let now = self.clock.now();
        match within(newest(&self.store, org, connection, now)).await {
            Ok(Some(run)) => Ok(run),
            Ok(None) => Err(Code::NotFound.status(
                "NEVER_SYNCHRONIZED",
                "the connection was never synchronized",
            )),
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn refusal(&self, org: OrgId, connection: ConnectionId, error: StoreError) -> Status {
        let StoreError::AlreadyRunning(_) = error else {
            return unavailable(&error);
        };
        match self.newest(org, connection).await {
            Ok(run) => {
                Code::Conflict.status("ALREADY_RUNNING", &format!("run {} is under way", run.id))
            }
            Err(status) => status,
        }
    }
}

/// One watcher's task.
struct Watch {
    api: SyncApi,
    org: OrgId,
    connection: ConnectionId,
    changes: broadcast::Receiver<ConnectionId>,
    answers: mpsc::Sender<Result<WatchSyncResponse, Status>>,
}

impl Watch {
    /// Answers at every change until the run has ended, the caller has gone, or the process stops.
    async fn run(mut self, first: Run) {
        let mut last: Option<Run> = None;
        let mut next = Ok(first);
        let stopping = self.api.lifecycle.stopping();
        loop {
            let run = match next {
                Ok(run) => run,
                Err(status) => {
                    let _gone = self.answers.send(Err(status)).await;
                    return;
                }
            };
            let ended = matches!(
                run.state(),
                RunState::Succeeded | RunState::Failed | RunState::Cancelled
            );
            if last.as_ref() != Some(&run) {
                let answer = WatchSyncResponse {
                    run: Some(run.clone()),
                };
                if self.answers.send(Ok(answer)).await.is_err() {
                    return;
                }
                last = Some(run);
            }
            if ended {
                return;
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.answers.closed() => return,
                () = moved(&mut self.changes, self.connection) => {}
            }
            next = self.api.newest(self.org, self.connection).await;
        }
    }
}

/// Returns when it is worth looking again.
async fn moved(changes: &mut broadcast::Receiver<ConnectionId>, connection: ConnectionId) {
    tokio::time::sleep(PACE).await;
    let announced = async {
        loop {
            match changes.recv().await {
                Ok(moved) if moved != connection => {}
                _ => return,
            }
        }
    };
    tokio::select! {
        () = announced => {}
        () = tokio::time::sleep(LOOK_INTERVAL) => {}
    }
}

fn ids(org: &str, connection: &str) -> Result<(OrgId, ConnectionId), Status> {
    let invalid = |error: InvalidId| Code::Invalid.status("INVALID_ID", &error.to_string());
    Ok((
        org.parse().map_err(invalid)?,
        connection.parse().map_err(invalid)?,
    ))
}

pub(super) fn unavailable(error: &StoreError) -> Status {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a call could not be answered"
    );
    match error {
        StoreError::Database(_) | StoreError::Silent => {
            Code::Unavailable.status("DATABASE", "the database does not answer")
        }
        _ => Code::Internal.status("INTERNAL", "something went wrong"),
    }
}
