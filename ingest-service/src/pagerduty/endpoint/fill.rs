//! How lists differ from a plain one; and what an answer does not repeat of its question: whose it
//! is, and of which time.

use proto::facts::v1::envelope::Payload;

use super::{List, Paging, Place, Times};

pub(super) const fn windowed(list: List) -> List {
    List {
        times: Times::Window,
        ..list
    }
}

pub(super) const fn uncounted(list: List) -> List {
    List {
        counts: false,
        ..list
    }
}

pub(super) const fn paged_by(paging: Paging, list: List) -> List {
    List {
        paging,
        counts: false,
        ..list
    }
}

/// The ids of those lists that are parents of others.
pub(super) fn ids(payload: &Payload) -> Vec<String> {
    match payload {
        Payload::Users(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::Teams(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::Services(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::Resources(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn belongs_to(place: &Place<'_>, payload: &mut Payload) {
    if let Payload::Resources(list) = payload {
        for one in &mut list.records {
            place.parent().clone_into(&mut one.owner_id);
        }
    }
}

pub(super) fn child_of(place: &Place<'_>, payload: &mut Payload) {
    if let Payload::Resources(list) = payload {
        for one in &mut list.records {
            place.parent().clone_into(&mut one.parent_id);
        }
    }
}

/// Sums say nothing of the time they are of.
pub(super) fn measured_over(place: &Place<'_>, payload: &mut Payload) {
    let from = Some(proto::time::to_proto(place.window.from));
    let to = Some(proto::time::to_proto(place.window.to));
    match payload {
        Payload::ResponderAnalytics(list) => {
            for one in &mut list.records {
                (one.from, one.to) = (from, to);
            }
        }
        Payload::AdvanceUsage(list) => {
            for one in &mut list.records {
                (one.from, one.to) = (from, to);
            }
        }
        _ => {}
    }
}
