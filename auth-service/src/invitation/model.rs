//! An invitation as it stands, and where that is.

use jiff::Timestamp;
use proto::{InvitationId, OrgId, PersonId};

/// One invitation.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The organization that asks.
    pub org: OrgId,
    /// Ours.
    pub id: InvitationId,
    /// Who is asked.
    pub email: String,
    /// What the inviting person adds.
    pub note: String,
    /// The life that was chosen.
    pub days: i16,
    /// Who asks.
    pub invited_by: PersonId,
    /// That person's name or address.
    pub invited_by_name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends unused.
    pub expires_at: Timestamp,
    /// When its consent began.
    pub accepted_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// The mail server took its mail.
    pub mailed: bool,
    /// The name of the outcome of its consent; empty while there is none.
    pub outcome: String,
}

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Can be used.
    Open,
    /// Used: its consent has begun, or has failed.
    Accepted,
    /// Its consent made a connection.
    Connected,
    /// Taken back.
    Revoked,
    /// Nobody used it in time.
    Expired,
}

impl Invitation {
    /// Where it stands now.
    pub fn state(&self, now: Timestamp) -> State {
        if self.outcome == "connected" {
            State::Connected
        } else if self.revoked_at.is_some() {
            State::Revoked
        } else if self.accepted_at.is_some() {
            State::Accepted
        } else if now >= self.expires_at {
            State::Expired
        } else {
            State::Open
        }
    }

    /// Why its consent failed, in public words; else empty.
    pub fn failure(&self) -> &'static str {
        match self.outcome.as_str() {
            "" | "connected" => "",
            "denied" => "access was denied at PagerDuty",
            "no_access" => "PagerDuty granted no access",
            "identity_refused" => "PagerDuty's answer did not tell reliably who consented",
            "expired" => "nobody came back from PagerDuty within 10 minutes",
            "withdrawn" => "it was taken back before somebody came back from PagerDuty",
            "state_refused" => "the answer came from another browser, or too late",
            "wrong_account" => "another PagerDuty account consented",
            "app_not_installed" => "an admin of the PagerDuty account has to install the app first",
            _ => "PagerDuty could not be reached, or ended the consent with an error",
        }
    }
}

/// What the landing page of a link shows.
#[derive(Debug)]
pub struct Landing {
    /// The organization that asks.
    pub org: OrgId,
    /// Which invitation.
    pub id: InvitationId,
    /// The organization's name.
    pub org_name: String,
    /// Who asks.
    pub invited_by_name: String,
    /// What they add.
    pub note: String,
    /// When it ends.
    pub expires_at: Timestamp,
}
