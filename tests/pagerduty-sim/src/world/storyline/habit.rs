//! Over which channels people are used to act.

use crate::world::incident::Channel;

/// Everybody has one of these.
pub(super) const HABITS: [Channel; 12] = [
    Channel::Website,
    Channel::Mobile,
    Channel::IosPush,
    Channel::Slack,
    Channel::Website,
    Channel::Phone,
    Channel::Mobile,
    Channel::Sms,
    Channel::Api,
    Channel::AndroidPush,
    Channel::Email,
    Channel::Msteams,
];
/// Now and then one of these.
pub(super) const RARE: [Channel; 7] = [
    Channel::WebTrigger,
    Channel::ShortEmail,
    Channel::Push,
    Channel::Website,
    Channel::Mobile,
    Channel::Website,
    Channel::Unknown,
];
