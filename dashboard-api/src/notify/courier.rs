//! Delivers one message over one channel.

use std::{error::Error as _, time::Duration};

use anyhow::Context;
use hmac::{Hmac, KeyInit, Mac};
use http::{StatusCode, header};
use jiff::Timestamp;
use proto::{
    OrgId,
    auth::v1::{MailMembersRequest, Role},
};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    Vault,
    address::{self, PublicOnly},
};
use crate::{
    peers::Auth,
    store::notifications::{Delivery, Destinations},
};

/// Longest time that a destination may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Header with `t={seconds},v1={HMAC-SHA256 over "{t}.{body}" in hex}`.
const SIGNATURE: &str = "quolum-signature";

/// Why a message was not delivered, in public words.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotDelivered {
    /// Worth another attempt.
    #[error("{0}")]
    Yet(String),
    /// Another attempt would end the same.
    #[error("{0}")]
    Ever(String),
}

/// Knows the ways out.
#[derive(Debug, Clone)]
pub struct Courier {
    http: reqwest::Client,
    auth: Auth,
    vault: Vault,
    private: bool,
}

impl Courier {
    /// `private` allows addresses of a private network.
    pub fn new(auth: Auth, vault: Vault, private: bool) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(PublicOnly { private })
            .user_agent("quolum")
            .build()
            .context("the client of webhooks")?;
        Ok(Self {
            http,
            auth,
            vault,
            private,
        })
    }

    pub async fn deliver(
        &self,
        org: OrgId,
        to: &Destinations,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<(), NotDelivered> {
        match delivery.channel.as_str() {
            "webhook" => self.webhook(org, to, delivery, now).await,
            "slack" => self.slack(org, to, delivery).await,
            _ => self.mail(org, delivery).await,
        }
    }

    async fn webhook(
        &self,
        org: OrgId,
        to: &Destinations,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<(), NotDelivered> {
        let url = self.open(org, to.webhook_url.as_deref())?;
        let body = json!({
            "id": delivery.id,
            "kind": delivery.kind,
            "subject": delivery.subject,
            "text": delivery.text,
            "detail": delivery.detail,
            "created_at": delivery.created_at.to_jiff(),
        })
        .to_string();
        let secret = self.vault.signing_secret(org, &to.secret_nonce);
        let signature = signature(&secret, now.as_second(), &body);
        let request = self
            .http
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(SIGNATURE, signature)
            .header("idempotency-key", delivery.id.to_string())
            .body(body);
        send(request).await
    }

    async fn slack(
        &self,
        org: OrgId,
        to: &Destinations,
        delivery: &Delivery,
    ) -> Result<(), NotDelivered> {
        let url = self.open(org, to.slack_url.as_deref())?;
        let request = self
            .http
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(slack_body(delivery).to_string());
        send(request).await
    }

    async fn mail(&self, org: OrgId, delivery: &Delivery) -> Result<(), NotDelivered> {
        let message = MailMembersRequest {
            org_id: org.to_string(),
            roles: vec![Role::Owner.into(), Role::Admin.into(), Role::Analyst.into()],
            subject: delivery.subject.clone(),
            text: delivery.text.clone(),
            key: delivery.key.clone(),
        };
        match self.auth.mail_members(message).await {
            Ok(_) => Ok(()),
            Err(status) => match status.code() {
                tonic::Code::FailedPrecondition | tonic::Code::Unimplemented => Err(
                    NotDelivered::Ever("this deployment has no mail server".to_owned()),
                ),
                _ => Err(NotDelivered::Yet(
                    "the mail service does not answer".to_owned(),
                )),
            },
        }
    }

    fn open(&self, org: OrgId, sealed: Option<&[u8]>) -> Result<url::Url, NotDelivered> {
        let url = sealed.and_then(|sealed| self.vault.open(org, sealed));
        let url = url.ok_or_else(|| NotDelivered::Ever("the address is not set".to_owned()))?;
        address::parse(&url, self.private).map_err(|error| NotDelivered::Ever(error.to_string()))
    }
}

async fn send(request: reqwest::RequestBuilder) -> Result<(), NotDelivered> {
    let answer = request.send().await;
    let answer = answer.map_err(|error| {
        let refused = error.source().and_then(std::error::Error::source);
        let private =
            refused.is_some_and(<dyn std::error::Error + 'static>::is::<address::Refused>);
        if private {
            return NotDelivered::Ever(address::Refused::Private.to_string());
        }
        let words = if error.is_timeout() {
            "no answer in time"
        } else {
            "no connection"
        };
        NotDelivered::Yet(words.to_owned())
    })?;
    judge(answer.status())
}

/// Gone and refused addresses are not asked again; the rest may mend.
fn judge(status: StatusCode) -> Result<(), NotDelivered> {
    let words = format!("answered {status}");
    match status.as_u16() {
        200..300 => Ok(()),
        300..400 | 400 | 401 | 403 | 404 | 405 | 410 | 413 => Err(NotDelivered::Ever(words)),
        _ => Err(NotDelivered::Yet(words)),
    }
}

/// What the receiver computes again with its secret.
fn signature(secret: &str, at: i64, body: &str) -> String {
    let Ok(mut signer) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    signer.update(format!("{at}.{body}").as_bytes());
    let digest = hex::encode(signer.finalize().into_bytes());
    format!("t={at},v1={digest}")
}

/// Slack reads `<`, `>` and `&` as markup.
fn slack_body(delivery: &Delivery) -> Value {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    json!({
        "text": escape(&delivery.subject),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": delivery.subject}},
            {"type": "section", "text": {"type": "mrkdwn", "text": escape(&delivery.text)}},
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_instant_and_body() {
        let one = signature("whsec_x", 1_700_000_000, "{}");
        assert!(one.starts_with("t=1700000000,v1="), "{one}");
        assert_ne!(one, signature("whsec_x", 1_700_000_001, "{}"));
        assert_ne!(one, signature("whsec_x", 1_700_000_000, "{ }"));
        assert_ne!(one, signature("whsec_y", 1_700_000_000, "{}"));
    }

    #[test]
    fn what_cannot_mend_is_not_tried_again() {
        assert!(judge(StatusCode::NO_CONTENT).is_ok());
        assert!(matches!(
            judge(StatusCode::GONE),
            Err(NotDelivered::Ever(_))
        ));
        assert!(matches!(
            judge(StatusCode::FOUND),
            Err(NotDelivered::Ever(_))
        ));
        assert!(matches!(
            judge(StatusCode::BAD_GATEWAY),
            Err(NotDelivered::Yet(_))
        ));
        assert!(matches!(
            judge(StatusCode::TOO_MANY_REQUESTS),
            Err(NotDelivered::Yet(_))
        ));
    }
}
