//! `SyncService`.

use std::{pin::Pin, sync::Arc, time::Duration};

use chassis::{Clock, Code, Lifecycle};
use futures::Stream;
use proto::{
    ConnectionId, OrgId, RunId,
    ids::InvalidId,
    ingest::v1::{
        GetSyncRequest, GetSyncResponse, Run, RunState, StartSyncRequest, StartSyncResponse,
        WatchSyncRequest, WatchSyncResponse, sync_service_server::SyncService,
    },
};
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::render::newest;
use crate::{
    change::Changes,
    store::{NewRun, Store, StoreError},
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
        if let Err(error) = self.store.enqueue(org, connection, &new).await {
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
        _: Request<proto::ingest::v1::ListRunsRequest>,
    ) -> Result<Response<proto::ingest::v1::ListRunsResponse>, Status> {
        Err(Status::unimplemented("list_runs"))
    }

    async fn pause_sync(
        &self,
        _: Request<proto::ingest::v1::PauseSyncRequest>,
    ) -> Result<Response<proto::ingest::v1::PauseSyncResponse>, Status> {
        Err(Status::unimplemented("pause_sync"))
    }

    async fn resume_sync(
        &self,
        _: Request<proto::ingest::v1::ResumeSyncRequest>,
    ) -> Result<Response<proto::ingest::v1::ResumeSyncResponse>, Status> {
        Err(Status::unimplemented("resume_sync"))
    }

    async fn cancel_sync(
        &self,
        _: Request<proto::ingest::v1::CancelSyncRequest>,
    ) -> Result<Response<proto::ingest::v1::CancelSyncResponse>, Status> {
        Err(Status::unimplemented("cancel_sync"))
    }

    async fn probe(
        &self,
        _: Request<proto::ingest::v1::ProbeRequest>,
    ) -> Result<Response<proto::ingest::v1::ProbeResponse>, Status> {
        Err(Status::unimplemented("probe"))
    }

    async fn get_capabilities(
        &self,
        _: Request<proto::ingest::v1::GetCapabilitiesRequest>,
    ) -> Result<Response<proto::ingest::v1::GetCapabilitiesResponse>, Status> {
        Err(Status::unimplemented("get_capabilities"))
    }

    async fn report_stored(
        &self,
        _: Request<proto::ingest::v1::ReportStoredRequest>,
    ) -> Result<Response<proto::ingest::v1::ReportStoredResponse>, Status> {
        Err(Status::unimplemented("report_stored"))
    }

    async fn get_webhook(
        &self,
        _: Request<proto::ingest::v1::GetWebhookRequest>,
    ) -> Result<Response<proto::ingest::v1::GetWebhookResponse>, Status> {
        Err(Status::unimplemented("get_webhook"))
    }

    async fn enable_webhook(
        &self,
        _: Request<proto::ingest::v1::EnableWebhookRequest>,
    ) -> Result<Response<proto::ingest::v1::EnableWebhookResponse>, Status> {
        Err(Status::unimplemented("enable_webhook"))
    }

    async fn disable_webhook(
        &self,
        _: Request<proto::ingest::v1::DisableWebhookRequest>,
    ) -> Result<Response<proto::ingest::v1::DisableWebhookResponse>, Status> {
        Err(Status::unimplemented("disable_webhook"))
    }
}

impl SyncApi {
    async fn newest(&self, org: OrgId, connection: ConnectionId) -> Result<Run, Status> {
        match newest(&self.store, org, connection).await {
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
            let ended = matches!(run.state(), RunState::Succeeded | RunState::Failed);
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

fn unavailable(error: &StoreError) -> Status {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a call could not be answered"
    );
    match error {
        StoreError::Database(_) => {
            Code::Unavailable.status("DATABASE", "the database does not answer")
        }
        _ => Code::Internal.status("INTERNAL", "something went wrong"),
    }
}
