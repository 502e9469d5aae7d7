//! Fetching one window of one dataset, in whichever way PagerDuty serves it.

use proto::facts::v1::{Dataset, Team, envelope::Payload};

use super::{Interruption, Tally, worker::Worker};
use crate::{
    pagerduty::{
        Failure, Page,
        endpoint::{self, List, Shape},
        model::{duty, people},
    },
    window::{OFFSET_LIMIT, Planned},
};

/// Pages of a list without a total at most.
const MOST_PAGES: usize = 10_000;

/// How a window's end was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it was read.
    End,
    /// There is more than offsets reach; the total where PagerDuty says it.
    TooDeep(Option<i64>),
    /// The same page came again and again.
    Repeats,
}

/// What is read for each record of a list in addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Nothing,
    Members,
    Shifts,
}

impl Worker<'_> {
    /// Reads a window and publishes its pages. `divisible` says that a window with too many records
    /// can be cut, so that it is not read in vain.
    pub(super) async fn fetch(
        &mut self,
        window: Planned,
        divisible: bool,
        tally: &mut Tally,
    ) -> Result<Extent, Interruption> {
        match endpoint::shape(window.dataset) {
            None => Ok(Extent::End),
            Some(Shape::Listed(list)) => {
                self.list((window, divisible), list, Detail::Nothing, tally)
                    .await
            }
            Some(Shape::Teams(list)) => {
                self.list((window, divisible), list, Detail::Members, tally)
                    .await
            }
            Some(Shape::Schedules(layers, shifts)) => {
                let extent = self
                    .list((window, divisible), layers, Detail::Nothing, tally)
                    .await?;
                if extent != Extent::End {
                    return Ok(extent);
                }
                match self
                    .list((window, divisible), shifts, Detail::Shifts, tally)
                    .await
                {
                    // An account without shift-based schedules.
                    Err(Interruption::Pagerduty(Failure::NotFound)) => Ok(Extent::End),
                    extent => extent,
                }
            }
            Some(Shape::Whole(list)) => {
                let page = self
                    .session
                    .read(window.dataset, &list.whole(), list.decode)
                    .await?;
                tally.expected = Some(page.rows);
                self.page(window, page, tally).await?;
                Ok(Extent::End)
            }
            Some(Shape::Analytics) => self.analytics(window, tally).await,
        }
    }

    async fn list(
        &mut self,
        (window, divisible): (Planned, bool),
        list: List,
        detail: Detail,
        tally: &mut Tally,
    ) -> Result<Extent, Interruption> {
        let mut offset = 0;
        let mut total = None;
        let mut previous: Option<Payload> = None;
        while offset < OFFSET_LIMIT {
            let call = list.page(window.interval, self.run.as_of, offset);
            let mut page = match self.session.read(window.dataset, &call, list.decode).await {
                Err(Failure::TooDeep) => return Ok(Extent::TooDeep(total)),
                page => page?,
            };
            if offset == 0 {
                total = page.total;
                if divisible && total.is_some_and(|total| total > OFFSET_LIMIT) {
                    tally.expected = total;
                    return Ok(Extent::TooDeep(total));
                }
                expect(tally, total);
            }
            if page.rows == 0 {
                return Ok(Extent::End);
            }
            if previous.as_ref() == Some(&page.payload) {
                return Ok(Extent::Repeats);
            }
            previous = Some(page.payload.clone());
            offset += page.rows;
            let more = page.more.unwrap_or(page.rows >= endpoint::CLASSIC_LIMIT);
            self.add(detail, window.dataset, &mut page).await?;
            self.page(window, page, tally).await?;
            // `total` is no end: a row that slipped in while paging moves the last one behind it.
            if !more {
                return Ok(Extent::End);
            }
        }
        Ok(Extent::TooDeep(total))
    }

    async fn analytics(
        &mut self,
        window: Planned,
        tally: &mut Tally,
    ) -> Result<Extent, Interruption> {
        let mut cursor: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let call = endpoint::analytics(cursor.as_deref());
            let mut page = self
                .session
                .read(window.dataset, &call, people::analytics)
                .await?;
            if page.rows == 0 {
                return Ok(Extent::End);
            }
            let next = page.cursor.take();
            let more = page.more.unwrap_or(false);
            self.page(window, page, tally).await?;
            match next {
                Some(next) if more && cursor.as_ref() != Some(&next) => cursor = Some(next),
                Some(_) if more => return Ok(Extent::Repeats),
                _ => return Ok(Extent::End),
            }
        }
        Ok(Extent::Repeats)
    }

    /// Reads what a list leaves out. A record that has gone in the meantime keeps what the list said.
    async fn add(
        &mut self,
        detail: Detail,
        dataset: Dataset,
        page: &mut Page,
    ) -> Result<(), Interruption> {
        match (detail, &mut page.payload) {
            (Detail::Members, Payload::Teams(teams)) => {
                for team in &mut teams.records {
                    self.add_members(dataset, team).await?;
                }
            }
            (Detail::Shifts, Payload::Schedules(schedules)) => {
                for listed in std::mem::take(&mut schedules.records) {
                    let call = endpoint::shift_schedule(&listed.id, self.run.as_of);
                    match self
                        .session
                        .read(dataset, &call, duty::shift_schedule)
                        .await
                    {
                        Ok(found) => schedules.records.push(found.unwrap_or(listed)),
                        // Still layer-based, thus whole in the other list; or gone.
                        Err(Failure::NotFound | Failure::Refused { .. }) => {}
                        Err(failure) => return Err(failure.into()),
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn add_members(&mut self, dataset: Dataset, team: &mut Team) -> Result<(), Interruption> {
        let mut offset = 0;
        while offset < OFFSET_LIMIT {
            let call = endpoint::members(&team.id, offset);
            let answer = match self.session.read(dataset, &call, people::members).await {
                Err(Failure::NotFound) => return Ok(()),
                answer => answer?,
            };
            offset += answer.rows;
            team.members.extend(answer.members);
            if !answer.more || answer.rows == 0 {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Two lists of one dataset add up, as long as both are counted.
fn expect(tally: &mut Tally, total: Option<i64>) {
    tally.expected = match (tally.expected, total) {
        (None, total) if tally.pages == 0 => total,
        (Some(before), Some(total)) => Some(before + total),
        _ => None,
    };
}
