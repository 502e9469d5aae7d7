//! Fetching one window of one dataset: which pages, how many of them at a time, and where a window
//! that is too deep for offsets is cut. How PagerDuty serves each list is `pagerduty::endpoint`'s.

use futures::{StreamExt, TryStreamExt, stream};
use proto::facts::v1::{Dataset, Team, envelope::Payload};

use super::{Interruption, depth, filling::Filling, worker::Worker};
use crate::{
    pagerduty::{
        Failure, Page,
        endpoint::{self, Family, List, Next, Paging, Place, Position, Shape},
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

impl<'a> Worker<'a> {
    /// Reads a window and publishes its pages. `divisible` says that a window with too many records
    /// can be cut, so that it is not read in vain.
    pub(super) async fn fetch(
        &'a self,
        divisible: bool,
        filling: &mut Filling<'a>,
    ) -> Result<Extent, Interruption> {
        match endpoint::shape(filling.window.dataset) {
            None => Ok(Extent::End),
            Some(Shape::Lists(lists)) => {
                let divisible = divisible && lists.len() == 1;
                for list in lists {
                    let extent = self
                        .list((list, &[]), (Detail::Nothing, divisible), filling)
                        .await?;
                    if extent != Extent::End {
                        return Ok(extent);
                    }
                }
                Ok(Extent::End)
            }
            Some(Shape::Teams(list)) => {
                self.list((&list, &[]), (Detail::Members, false), filling)
                    .await
            }
            Some(Shape::Schedules(layers, shifts)) => {
                let extent = self
                    .list((&layers, &[]), (Detail::Nothing, false), filling)
                    .await?;
                if extent != Extent::End {
                    return Ok(extent);
                }
                self.list((&shifts, &[]), (Detail::Shifts, false), filling)
                    .await
            }
            Some(Shape::Children(families)) => self.children(families, divisible, filling).await,
        }
    }

    async fn children(
        &'a self,
        families: &[Family],
        divisible: bool,
        filling: &mut Filling<'a>,
    ) -> Result<Extent, Interruption> {
        for family in families {
            let parents = self.parents(family, filling.window).await?;
            for group in parents.chunks(family.group.max(1)) {
                let listed = self
                    .list((&family.list, group), (Detail::Nothing, divisible), filling)
                    .await;
                match listed {
                    Ok(Extent::End) | Err(Interruption::Pagerduty(Failure::NotFound)) => {}
                    other => return other,
                }
            }
        }
        Ok(Extent::End)
    }

    /// The ids of all parents.
    async fn parents(
        &'a self,
        family: &Family,
        window: Planned,
    ) -> Result<Vec<String>, Interruption> {
        let mut ids = Vec::new();
        let mut position = Position::Start;
        for _ in 0..MOST_PAGES {
            let page = match self.ask(window, &family.parents, (&[], &position)).await {
                Err(Failure::NotFound) if family.parents.optional => return Ok(ids),
                page => page?,
            };
            ids.extend((family.ids)(&page.payload));
            match family.parents.next(&position, &page) {
                Next::At(next) => position = next,
                Next::End | Next::TooDeep | Next::Repeats => break,
            }
        }
        Ok(ids)
    }

    async fn list(
        &'a self,
        (list, parents): (&List, &[String]),
        (detail, divisible): (Detail, bool),
        filling: &mut Filling<'a>,
    ) -> Result<Extent, Interruption> {
        let mut first = match self
            .ask(filling.window, list, (parents, &Position::Start))
            .await
        {
            Err(Failure::NotFound) if list.optional => return Ok(Extent::End),
            Err(Failure::TooDeep) => return Ok(Extent::TooDeep(None)),
            first => first?,
        };
        let mut expected = first.total;
        if divisible && parents.is_empty() && depth::may_be_deep(list, &first) {
            match self.measure(list, &first, filling).await? {
                depth::Depth::Shallow => {}
                depth::Depth::Cut(Some(of_first_part)) => expected = Some(of_first_part),
                depth::Depth::Cut(None) => {
                    first = self
                        .ask(filling.window, list, (parents, &Position::Start))
                        .await?;
                    expected = first.total;
                }
                depth::Depth::Unordered => {
                    filling.expected = first.total;
                    return Ok(Extent::TooDeep(first.total));
                }
            }
        }
        filling.expect(expected);
        let stride = first.rows;
        let mut next = list.next(&Position::Start, &first);
        self.take((list, parents), detail, first, filling).await?;
        if matches!(list.paging, Paging::Classic) && stride > 0 {
            let known = expected.unwrap_or(0).min(OFFSET_LIMIT);
            next = self
                .counted((list, parents), (detail, stride, known), next, filling)
                .await?;
        }
        self.follow((list, parents), detail, next, filling)
            .await
            .map(|extent| match extent {
                Extent::TooDeep(_) => Extent::TooDeep(expected),
                extent => extent,
            })
    }

    /// The pages whose offsets follow from the total, several at a time. Answers what comes behind.
    async fn counted(
        &'a self,
        (list, parents): (&List, &[String]),
        (detail, stride, known): (Detail, i64, i64),
        mut next: Next,
        filling: &mut Filling<'a>,
    ) -> Result<Next, Interruption> {
        let window = filling.window;
        let offsets = (1..).map(|n| n * stride).take_while(|at| *at < known);
        let mut pages = stream::iter(offsets)
            .map(|offset| async move {
                let position = Position::Offset(offset);
                let page = self.ask(window, list, (parents, &position)).await;
                page.map(|page| (position, page))
            })
            .buffered(self.concurrency())
            .boxed();
        while let Some(answer) = pages.next().await {
            let (position, page) = match answer {
                Err(Failure::TooDeep) => return Ok(Next::TooDeep),
                answer => answer?,
            };
            let rows = page.rows;
            next = list.next(&position, &page);
            if !self.take((list, parents), detail, page, filling).await? {
                return Ok(if rows == 0 { Next::End } else { Next::Repeats });
            }
            // A page shorter than the others: what follows starts elsewhere than thought.
            if rows < stride && matches!(next, Next::At(_)) {
                return Ok(next);
            }
        }
        Ok(next)
    }

    /// One page after another until there is none.
    async fn follow(
        &'a self,
        (list, parents): (&List, &[String]),
        detail: Detail,
        mut next: Next,
        filling: &mut Filling<'a>,
    ) -> Result<Extent, Interruption> {
        for _ in 0..MOST_PAGES {
            let position = match next {
                Next::End => return Ok(Extent::End),
                Next::TooDeep => return Ok(Extent::TooDeep(None)),
                Next::Repeats => return Ok(Extent::Repeats),
                Next::At(position) => position,
            };
            let page = match self.ask(filling.window, list, (parents, &position)).await {
                Err(Failure::TooDeep) => return Ok(Extent::TooDeep(None)),
                page => page?,
            };
            next = list.next(&position, &page);
            let rows = page.rows;
            if !self.take((list, parents), detail, page, filling).await? && rows > 0 {
                return Ok(Extent::Repeats);
            }
        }
        Ok(Extent::Repeats)
    }

    pub(super) async fn ask(
        &self,
        window: Planned,
        list: &List,
        (parents, position): (&[String], &Position),
    ) -> Result<Page, Failure> {
        let place = self.place(window, parents);
        let call = list.call(&place, position);
        self.session.read(window.dataset, &call, list.decode).await
    }

    fn place<'p>(&self, window: Planned, parents: &'p [String]) -> Place<'p> {
        let mut place = Place::new(window.interval, self.run.as_of).of(parents);
        place.refresh = self.is_refresh(window);
        place
    }

    /// Completes a page and takes it in; false when it brought nothing new.
    async fn take(
        &'a self,
        (list, parents): (&List, &[String]),
        detail: Detail,
        mut page: Page,
        filling: &mut Filling<'a>,
    ) -> Result<bool, Interruption> {
        if page.rows == 0 {
            return Ok(false);
        }
        (list.complete)(&self.place(filling.window, parents), &mut page.payload);
        self.add(detail, filling.window.dataset, &mut page).await?;
        self.page(page, filling).await
    }

    /// Reads what a list leaves out. A record that has gone in the meantime keeps what the list said.
    async fn add(
        &self,
        detail: Detail,
        dataset: Dataset,
        page: &mut Page,
    ) -> Result<(), Interruption> {
        match (detail, &mut page.payload) {
            (Detail::Members, Payload::Teams(teams)) => {
                stream::iter(&mut teams.records)
                    .map(|team| self.add_members(dataset, team))
                    .buffer_unordered(self.concurrency())
                    .boxed()
                    .try_collect::<()>()
                    .await?;
            }
            (Detail::Shifts, Payload::Schedules(schedules)) => {
                let listed = std::mem::take(&mut schedules.records);
                let found: Vec<_> = stream::iter(listed)
                    .map(|listed| async move {
                        let call = endpoint::shift_schedule(&listed.id, self.run.as_of);
                        match self
                            .session
                            .read(dataset, &call, duty::shift_schedule)
                            .await
                        {
                            Ok(found) => Ok(Some(found.unwrap_or(listed))),
                            // Still layer-based, thus whole in the other list; or gone.
                            Err(Failure::NotFound | Failure::Refused { .. }) => Ok(None),
                            Err(failure) => Err(Interruption::from(failure)),
                        }
                    })
                    .buffered(self.concurrency())
                    .boxed()
                    .try_collect()
                    .await?;
                schedules.records = found.into_iter().flatten().collect();
            }
            _ => {}
        }
        Ok(())
    }

    async fn add_members(&self, dataset: Dataset, team: &mut Team) -> Result<(), Interruption> {
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
