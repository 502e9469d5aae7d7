//! The class of a seat: the first rule that holds.

use super::evidence::Evidence;
use super::feature::{ACTIONS, Feature};
use super::question::Question;
use crate::world::{User, World};

/// All classes, in the order of the rules.
pub(crate) const CLASSES: [&str; 9] = [
    "exempt", "active", "viewer", "pending", "new", "unknown", "standby", "idle", "never",
];

/// The class of the `n`-th seat.
pub(crate) fn class(
    world: &World,
    question: &Question,
    evidence: &Evidence,
    n: usize,
) -> &'static str {
    let user = &world.users[n];
    let uses = |feature: Feature| &evidence.uses[n][feature as usize];
    if question.exempt.contains(&user.id) {
        return "exempt";
    }
    let has_acted = ACTIONS.iter().any(|feature| uses(*feature).count > 0);
    if has_acted || evidence.duty[n].seconds > 0 {
        return "active";
    }
    if uses(Feature::Signin).count > 0 && question.sees_doings() {
        return "viewer";
    }
    let since = held_since(user, question);
    let is_invited = user.invitation_sent && uses(Feature::Signin).last.is_none();
    if is_invited && (question.as_of - since <= question.grace() || question.sees_everything()) {
        return "pending";
    }
    if since > question.as_of - question.grace() {
        return "new";
    }
    if !question.sees_everything() {
        return "unknown";
    }
    if evidence.is_upcoming[n] {
        return "standby";
    }
    // What would make a seat a standby one must be seen before it is called anything worse.
    if !(question.sees("schedules") && question.sees("escalation_policies")) {
        return "unknown";
    }
    if evidence.has_any(n) { "idle" } else { "never" }
}

/// Since when the person has the seat, as far as that can be seen.
pub(crate) fn held_since(user: &User, question: &Question) -> i64 {
    if question.sees("license_allocations") {
        user.allocated_at
    } else if question.sees("user_analytics") {
        user.created_at
    } else {
        question.as_of
    }
}
