//! Parked messages: looking at them and sending them again. They stay in their queue until a
//! replay has been confirmed.

use jiff::Timestamp;
use lapin::{
    Channel,
    message::BasicGetMessage,
    options::{BasicAckOptions, BasicGetOptions, ConfirmSelectOptions},
};
use prost::Message;
use proto::{
    OrgId,
    facts::v1::Envelope,
    time::from_proto,
    topology::{REASON_HEADER, TRACEPARENT_HEADER},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::consumer::{
    Broker, BrokerError,
    broker::{Letter, PublishError},
};

/// Parked messages could not be read or replayed.
#[derive(Debug, thiserror::Error)]
pub enum ParkedError {
    #[error("the broker is not ready")]
    Broker(#[from] BrokerError),
    #[error("the parked queue cannot be read")]
    Lapin(#[from] lapin::Error),
    #[error("a message could not be replayed; it stays parked")]
    Publish(#[from] PublishError),
}

/// One parked message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parked {
    pub reason: String,
    pub attempts: u32,
    pub routing_key: String,
    pub bytes: usize,
    /// Empty when the body is no envelope.
    pub org_id: String,
    pub connection_id: String,
    pub run_id: String,
    pub dataset: String,
    pub page: u32,
    pub traceparent: Option<String>,
}

impl From<&Letter> for Parked {
    fn from(letter: &Letter) -> Self {
        let envelope = Envelope::decode(letter.body.as_slice()).unwrap_or_default();
        let reason = letter.text(REASON_HEADER);
        Self {
            // The broker parks by itself what killed its consumers too often.
            reason: reason.unwrap_or_else(|| "delivered too often without an answer".to_owned()),
            attempts: letter.attempt(),
            routing_key: letter.routing_key.clone(),
            bytes: letter.body.len(),
            dataset: envelope.dataset().name().to_owned(),
            org_id: envelope.org_id,
            connection_id: envelope.connection_id,
            run_id: envelope.run_id,
            page: envelope.page,
            traceparent: letter.text(TRACEPARENT_HEADER),
        }
    }
}

/// The parked queue as one organization sees it.
#[derive(Debug, Clone)]
pub struct ParkedQueue(Broker);

/// What the API shows of a parked message.
#[derive(Debug, Clone)]
pub struct ParkedOfOrg {
    /// Hash of the body.
    pub id: String,
    pub observed_at: Option<Timestamp>,
    pub reason: String,
    pub dataset: String,
    pub connection_id: String,
    pub attempts: u32,
}

impl ParkedQueue {
    pub fn new(broker: Broker) -> Self {
        Self(broker)
    }

    /// The organization's own, the oldest first.
    pub async fn list(&self, org: OrgId, limit: usize) -> Result<Vec<ParkedOfOrg>, ParkedError> {
        let mut found = Vec::new();
        for letter in letters(&self.0, SCANNED).await? {
            let parked = Parked::from(&letter);
            if parked.org_id == org.to_string() && found.len() < limit {
                let envelope = Envelope::decode(letter.body.as_slice()).unwrap_or_default();
                found.push(ParkedOfOrg {
                    id: id_of(&letter),
                    observed_at: envelope.observed_at.as_ref().and_then(from_proto),
                    reason: parked.reason,
                    dataset: parked.dataset,
                    connection_id: parked.connection_id,
                    attempts: parked.attempts,
                });
            }
        }
        Ok(found)
    }

    /// Sends the organization's own again: the ones named, or all. Answers how many.
    pub async fn replay(&self, org: OrgId, ids: Option<Vec<String>>) -> Result<usize, ParkedError> {
        let org = org.to_string();
        replay_if(&self.0, |letter| {
            let own = Parked::from(letter).org_id == org;
            own && ids.as_ref().is_none_or(|ids| ids.contains(&id_of(letter)))
        })
        .await
    }
}

/// Messages that are looked at for one organization.
const SCANNED: usize = 10_000;

fn id_of(letter: &Letter) -> String {
    let digest = hex::encode(Sha256::digest(&letter.body));
    digest.get(..32).unwrap_or(&digest).to_owned()
}

/// At most `limit` parked messages, the oldest first. Nothing is taken out of the queue.
pub async fn list(broker: &Broker, limit: usize) -> Result<Vec<Parked>, ParkedError> {
    let letters = letters(broker, limit).await?;
    Ok(letters.iter().map(Parked::from).collect())
}

async fn letters(broker: &Broker, limit: usize) -> Result<Vec<Letter>, ParkedError> {
    let connection = broker.connect().await?;
    let channel = connection.create_channel().await?;
    broker.declare(&channel).await?;
    let mut parked = Vec::new();
    while parked.len() < limit {
        let Some(message) = get(broker, &channel).await? else {
            break;
        };
        parked.push(Letter::from(message.delivery));
    }
    // Closing gives back what was not acknowledged.
    connection.close(200, "bye".into()).await?;
    Ok(parked)
}

/// Sends everything that is parked now to the facts queues again. Answers how many.
pub async fn replay(broker: &Broker) -> Result<usize, ParkedError> {
    replay_if(broker, |_| true).await
}

/// The same for some of them; the others stay where they are, in another order.
async fn replay_if(
    broker: &Broker,
    wanted: impl Fn(&Letter) -> bool,
) -> Result<usize, ParkedError> {
    let connection = broker.connect().await?;
    let channel = connection.create_channel().await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    broker.declare(&channel).await?;
    let mut left = None;
    let mut replayed = 0;
    // What is parked again meanwhile is not replayed again.
    while left != Some(0) {
        let Some(message) = get(broker, &channel).await? else {
            break;
        };
        left = left
            .or(Some(message.message_count + 1))
            .map(|count| count - 1);
        let tag = message.delivery.delivery_tag;
        let letter = Letter::from(message.delivery);
        if !wanted(&letter) {
            // Not acknowledged: closing gives it back.
            continue;
        }
        broker.replay(&channel, &letter).await?;
        channel.basic_ack(tag, BasicAckOptions::default()).await?;
        replayed += 1;
    }
    connection.close(200, "bye".into()).await?;
    Ok(replayed)
}

async fn get(broker: &Broker, channel: &Channel) -> Result<Option<BasicGetMessage>, lapin::Error> {
    let queue = broker.names().parked();
    channel
        .basic_get(queue.as_str().into(), BasicGetOptions::default())
        .await
}
