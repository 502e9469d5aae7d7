//! Seats as a file while they come out of the database: no page, no limit, a few rows in memory.

use std::time::Duration;

use axum::{body::Body, body::Bytes, response::IntoResponse, response::Response};
use futures::TryStreamExt;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{answer::Opened, asked::Format, export, problem::Problem};
use crate::store::users::{SeatQuery, SeatRow};

/// Bytes that are gathered before they are sent.
const CHUNK: usize = 16 * 1024;
/// Chunks that wait for a slow client; the database is not read on meanwhile.
const WAITING: usize = 4;
/// The longest that a client may take for one file.
const LONGEST: Duration = Duration::from_mins(10);

type Chunk = Result<Bytes, std::io::Error>;

/// All rows of a question. The file ends early, and the connection with it, when the database does.
pub(super) fn seats<R: Serialize>(
    opened: Opened,
    query: SeatQuery,
    columns: Vec<String>,
    make: impl Fn(SeatRow) -> R + Send + 'static,
) -> Result<Response, Problem> {
    let permit = opened.app().exports.clone().try_acquire_owned();
    let permit =
        permit.map_err(|_| Problem::too_many("Too many files are being written; wait."))?;
    let (sender, receiver) = mpsc::channel::<Chunk>(WAITING);
    let format = opened.format;
    let mut headers = opened.headers();
    headers.extend(export::headers(format, &opened.ask.asked.path));
    let lifecycle = opened.app().lifecycle.clone();
    let stopping = lifecycle.stopping();
    lifecycle.spawn_job(async move {
        let _permit = permit;
        let writer = Writer {
            columns,
            format,
            sender: sender.clone(),
            bytes: Vec::with_capacity(CHUNK * 2),
        };
        let written = tokio::select! {
            written = write(&opened, &query, writer, make) => written,
            () = tokio::time::sleep(LONGEST) => Err(std::io::Error::other("too slow")),
            () = stopping.cancelled() => Err(std::io::Error::other("stopping")),
        };
        if let Err(error) = written {
            tracing::warn!(%error, "a file was not written to its end");
            // Ends the body without its last chunk, so that the client knows.
            sender.send(Err(error)).await.ok();
        }
    });
    let body = Body::from_stream(ReceiverStream::new(receiver));
    Ok((headers, body).into_response())
}

async fn write<R: Serialize>(
    opened: &Opened,
    query: &SeatQuery,
    mut writer: Writer,
    make: impl Fn(SeatRow) -> R,
) -> Result<(), std::io::Error> {
    writer.head()?;
    let store = &opened.app().store;
    let mut tx = store
        .begin(opened.org())
        .await
        .map_err(std::io::Error::other)?;
    {
        let mut rows = store.stream_seats(&mut tx, opened.org(), query, &opened.generation);
        while let Some(seat) = rows.try_next().await.map_err(std::io::Error::other)? {
            writer.row(&make(seat))?;
            writer.pass_on().await?;
        }
    }
    writer.flush().await
}

struct Writer {
    columns: Vec<String>,
    format: Format,
    sender: mpsc::Sender<Chunk>,
    bytes: Vec<u8>,
}

impl Writer {
    fn head(&mut self) -> Result<(), std::io::Error> {
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let head = export::head(&columns, self.format);
        self.bytes
            .extend(head.map_err(|_| std::io::Error::other("no head"))?);
        Ok(())
    }

    fn row<R: Serialize>(&mut self, row: &R) -> Result<(), std::io::Error> {
        let value = serde_json::to_value(row).map_err(std::io::Error::other)?;
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let line = export::line(&value, &columns, self.format);
        self.bytes
            .extend(line.map_err(|_| std::io::Error::other("no line"))?);
        Ok(())
    }

    /// Sends what is gathered once it is enough.
    async fn pass_on(&mut self) -> Result<(), std::io::Error> {
        if self.bytes.len() >= CHUNK {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), std::io::Error> {
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(CHUNK * 2));
        let sent = self.sender.send(Ok(bytes.into())).await;
        sent.map_err(|_| std::io::Error::other("the client has gone"))
    }
}
