//! A conversation with PagerDuty outside of runs, because a person asks for something: short, and at
//! a pace of its own that leaves the run under way its share.

use std::fmt;

use proto::{ConnectionId, OrgId};
use tokio_util::sync::CancellationToken;

use crate::{
    lease::Lease,
    pagerduty::{Session, session::Surroundings},
    rate::Pace,
};

/// Most of the limit that is used outside of runs, in percent.
const MOST_SHARE: u32 = 20;
/// And at least, however much of it the runs have.
const LEAST_SHARE: u32 = 5;
/// What all of it together may be.
const TOGETHER: u32 = 90;
/// Analytics is asked with one small question at most.
const ANALYTICS: u32 = 10;

/// Starts such conversations.
#[derive(Clone)]
pub struct Visits {
    around: Surroundings,
    limit_per_minute: u32,
    share_percent: u32,
    stop: CancellationToken,
}

impl fmt::Debug for Visits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visits").finish_non_exhaustive()
    }
}

impl Visits {
    /// `run_share_percent` is what runs use of PagerDuty's limit.
    pub fn new(
        around: Surroundings,
        limit_per_minute: u32,
        run_share_percent: u32,
        stop: CancellationToken,
    ) -> Self {
        let left = TOGETHER.saturating_sub(run_share_percent);
        Self {
            around,
            limit_per_minute,
            share_percent: left.clamp(LEAST_SHARE, MOST_SHARE),
            stop,
        }
    }

    /// A conversation about a connection. It holds no lease and writes nothing that needs one.
    pub fn session(&self, org: OrgId, connection: ConnectionId) -> Session {
        let nobody = Lease {
            org,
            connection,
            fence: 0,
        };
        let pace =
            Pace::new(self.limit_per_minute, self.share_percent).with_analytics_per_day(ANALYTICS);
        Session::new(self.around.clone(), (pace, 1), nobody, self.stop.clone())
    }
}
