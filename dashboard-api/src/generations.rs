//! News of generations, from whichever replica made them: PostgreSQL tells, every replica hears
//! and passes it to the browsers that listen.

use std::time::Duration;

use proto::OrgId;
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::store::seats::GENERATIONS_CHANNEL;

/// Wait before listening again after the connection was lost.
const PAUSE: Duration = Duration::from_secs(1);

/// A generation was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewGeneration {
    pub org: OrgId,
    pub number: i64,
}

impl NewGeneration {
    fn parse(payload: &str) -> Option<Self> {
        let (org, number) = payload.split_once(' ')?;
        Some(Self {
            org: org.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

/// Listens until the process stops.
pub async fn listen(
    pool: PgPool,
    sender: broadcast::Sender<NewGeneration>,
    stopping: CancellationToken,
) -> Result<(), std::convert::Infallible> {
    loop {
        tokio::select! {
            heard = hear(&pool, &sender) => {
                if let Err(error) = heard {
                    tracing::warn!(%error, "news of generations is interrupted");
                }
            }
            () = stopping.cancelled() => return Ok(()),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stopping.cancelled() => return Ok(()),
        }
    }
}

async fn hear(pool: &PgPool, sender: &broadcast::Sender<NewGeneration>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(GENERATIONS_CHANNEL).await?;
    loop {
        let notification = listener.recv().await?;
        if let Some(news) = NewGeneration::parse(notification.payload()) {
            // Nobody listening is no error.
            sender.send(news).ok();
        }
    }
}
