//! Mail: a reconciler takes what waits in the outbox to the mail server, again and again until it is
//! taken or nobody wants it any more. The secret of a link is made here, in the moment of sending, so
//! that it rests nowhere but in the mail; each try has a new one.

use std::{sync::Arc, time::Duration};

use chassis::Clock;
use jiff::{SignedDuration, Timestamp};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor, message::Mailbox, transport::smtp,
};
use proto::{InvitationId, OrgId, PersonId};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    config::people::Mail,
    metrics::Metrics,
    store::{Store, StoreError, outbox},
};

pub mod letter;

/// Stands in a text for the product's public address.
pub const PUBLIC_URL: &str = "{public_url}";

/// Time between two rounds.
const EVERY: Duration = Duration::from_secs(2);
/// Mails of one round.
const BATCH: usize = 50;
/// Longest conversation with the mail server.
const SEND_LIMIT: Duration = Duration::from_secs(30);
/// A try from which nobody came back is repeated after this time, which is longer than a try.
const LOST_AFTER: SignedDuration = SignedDuration::from_mins(2);
/// A failed try is repeated after this time, then after three times as long each time,
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// and at last after this time.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// One mail, taken for one try.
#[derive(Debug)]
pub struct Waiting {
    /// The organization it is sent for.
    pub org: OrgId,
    /// Names it.
    pub id: Uuid,
    /// The address.
    pub recipient: String,
    /// What it says.
    pub content: Content,
    /// Tries so far, with this one.
    pub attempts: i32,
}

/// What a mail says.
#[derive(Debug)]
pub enum Content {
    /// What somebody has written.
    Text {
        /// In one line.
        subject: String,
        /// With [`PUBLIC_URL`] where our address belongs.
        body: String,
    },
    /// A new sign-in link for a member.
    SignInLink(PersonId),
    /// A new link of an invitation.
    Invitation(InvitationId),
}

/// A letter ready for the mail server.
#[derive(Debug)]
pub struct Letter {
    /// In one line.
    pub subject: String,
    /// May hold a link.
    pub body: SecretString,
}

/// The mail server did not take a mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum SendError {
    /// It never will.
    #[error("{0}")]
    Refused(String),
    /// It may the next time.
    #[error("{0}")]
    Ill(String),
}

/// The mail server, as what the deployment set.
#[derive(Clone)]
pub struct Server {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// Connects to nothing yet.
    pub fn new(settings: &Mail) -> Result<Self, smtp::Error> {
        let url = settings.url.expose_secret();
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?
            .timeout(Some(SEND_LIMIT / 2))
            .build();
        Ok(Self {
            transport,
            from: settings.from.clone(),
        })
    }

    async fn send(
        &self,
        waiting: &Waiting,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<(), SendError> {
        let refused = |words: &str| SendError::Refused(words.to_owned());
        let address = waiting.recipient.parse();
        let address = address.map_err(|_| refused("the address is not one"))?;
        let host = self.from.email.domain();
        let message = lettre::Message::builder()
            .message_id(Some(format!("<{}@{host}>", waiting.id)))
            .date(now.into())
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(&letter.subject)
            .header(lettre::message::header::ContentType::TEXT_PLAIN)
            .body(letter.body.expose_secret().to_owned())
            .map_err(|_| refused("the mail cannot be written"))?;
        let sent = tokio::time::timeout(SEND_LIMIT, self.transport.send(message)).await;
        let sent = sent.map_err(|_| SendError::Ill("no answer in time".to_owned()))?;
        sent.map(drop).map_err(|error| sorted(&error))
    }
}

/// What the mail server's answer means. Its words may quote the address and are not kept.
fn sorted(error: &smtp::Error) -> SendError {
    match error.status() {
        // Of the answers that will not change, only those of the mail system are about the mail: the
        // others are about us, for example a wrong password.
        Some(code)
            if error.is_permanent() && code.category == smtp::response::Category::MailSystem =>
        {
            SendError::Refused(format!("the mail server answered {code}"))
        }
        Some(code) => SendError::Ill(format!("the mail server answered {code}")),
        None if error.is_timeout() => SendError::Ill("no answer in time".to_owned()),
        None if error.is_tls() => SendError::Ill("no TLS with the mail server".to_owned()),
        None => SendError::Ill("the mail server cannot be reached".to_owned()),
    }
}

/// How long to wait after this many tries.
fn pause(attempts: i32) -> SignedDuration {
    let steps = attempts.saturating_sub(1).clamp(0, 6).unsigned_abs();
    (FIRST_PAUSE * 3_i32.pow(steps)).min(LONGEST_PAUSE)
}

/// Takes mail to the mail server.
#[derive(Debug, Clone)]
pub struct Mailer {
    /// The outbox.
    pub store: Store,
    /// `None` without a mail server: then nothing is sent.
    pub server: Option<Arc<Server>>,
    /// The product's public address, without a slash at its end.
    pub public_url: String,
    /// The time.
    pub clock: Clock,
    /// Counts.
    pub metrics: Metrics,
}

impl Mailer {
    /// Runs rounds until the process stops. A round that fails is logged and tried again.
    pub async fn run(self, stopping: CancellationToken) -> Result<(), StoreError> {
        let mut timer = tokio::time::interval(EVERY);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                _ = timer.tick() => {}
            }
            if let Err(error) = self.step().await {
                tracing::warn!(%error, "a round of sending mail failed");
            }
        }
    }

    /// One round. Answers how many mails were tried.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let Some(server) = &self.server else {
            return Ok(0);
        };
        for tried in 0..BATCH {
            let now = self.clock.now();
            let mut tx = self.store.all_organizations().await?;
            let Some(waiting) = outbox::take(&mut tx, LOST_AFTER, now).await? else {
                return Ok(tried);
            };
            let letter = letter::write(&mut tx, &self.public_url, &waiting, now).await?;
            tx.commit().await?;
            let sent = match &letter {
                Some(letter) => server.send(&waiting, letter, now).await,
                None => Err(SendError::Refused("nobody wants it any more".to_owned())),
            };
            self.settle(&waiting, sent).await?;
        }
        Ok(BATCH)
    }

    async fn settle(
        &self,
        waiting: &Waiting,
        sent: Result<(), SendError>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let place = (waiting.org, waiting.id);
        let mut tx = self.store.tenant(waiting.org).await?;
        self.metrics.mail(sent.is_ok());
        match sent {
            Ok(()) => {
                outbox::set_sent(&mut tx, waiting.org, waiting.id, now).await?;
                if let Content::Invitation(id) = waiting.content {
                    crate::store::invitation::set_mailed(&mut tx, (waiting.org, id), now).await?;
                }
            }
            Err(SendError::Refused(why)) => {
                tracing::warn!(mail = %waiting.id, why, "a mail is given up");
                outbox::give_up(&mut tx, place, &why, now).await?;
            }
            Err(SendError::Ill(why)) => {
                let attempts = waiting.attempts;
                tracing::warn!(mail = %waiting.id, attempts, why, "a mail could not be sent yet");
                outbox::set_failed(&mut tx, place, &why, now + pause(attempts)).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_no_further() {
        let seconds: Vec<_> = [1, 2, 3, 4, 7, 1_000]
            .map(|attempts| pause(attempts).as_secs())
            .into();
        assert_eq!(seconds, [10, 30, 90, 270, 3_600, 3_600]);
    }
}
