//! While people respond to something urgent, their tools may need PagerDuty's limit more than we do.

use std::{convert::Infallible, time::Duration};

use proto::facts::v1::Dataset;

use super::worker::Worker;
use crate::pagerduty::{Call, model::response};

/// Between two looks.
const LOOK_INTERVAL: Duration = Duration::from_mins(1);

impl Worker<'_> {
    /// Takes the lower share while a high-urgency incident is open, for as long as it is polled.
    /// Asks nothing when both shares are the same.
    pub(super) async fn follow_incidents(&self) -> Infallible {
        let settings = &self.runner.settings;
        let (usual, lower) = (
            settings.rate_share_percent,
            settings.incident_rate_share_percent,
        );
        if usual == lower {
            return std::future::pending().await;
        }
        self.session.set_share(lower);
        loop {
            let call = Call::get(
                "/incidents".to_owned(),
                vec![
                    ("date_range", "all".to_owned()),
                    ("statuses[]", "triggered".to_owned()),
                    ("statuses[]", "acknowledged".to_owned()),
                    ("urgencies[]", "high".to_owned()),
                    ("limit", "1".to_owned()),
                ],
            );
            let open = self
                .session
                .read(Dataset::Incidents, &call, response::incidents)
                .await;
            let is_calm = open.is_ok_and(|page| page.rows == 0);
            self.session.set_share(if is_calm { usual } else { lower });
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}
