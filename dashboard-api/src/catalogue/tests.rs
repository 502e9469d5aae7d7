//! The catalogue against its own rules.

use rstest::rstest;

use super::{
    raw::{ACTION_TYPES, CHANNEL_TYPES},
    *,
};

#[test]
fn ids_are_unique_and_every_rule_names_a_feature() {
    for (position, feature) in FEATURES.iter().enumerate() {
        assert_eq!(
            FEATURES.iter().position(|other| other.id == feature.id),
            Some(position)
        );
    }
    for (raw, id) in ACTION_TYPES {
        assert!(find(id).is_some_and(Feature::is_action), "{raw} names {id}");
    }
    for (raw, id) in CHANNEL_TYPES {
        assert!(
            find(id).is_some_and(Feature::is_channel_view),
            "{raw} names {id}"
        );
    }
}

#[rstest]
#[case("acknowledge_log_entry", Some("ack"))]
#[case("delegate_log_entry", Some("reassign"))]
#[case("incident_status_update_log_entry", Some("status_update"))]
#[case("notify_log_entry", None)]
#[case("unacknowledge_log_entry", None)]
#[case("something_new_log_entry", None)]
fn log_entries_become_actions(#[case] raw: &str, #[case] expected: Option<&str>) {
    assert_eq!(action_of(raw), expected);
}

#[rstest]
#[case("web_trigger", Some("web"))]
#[case("ios_push_notification", Some("mobile_app"))]
#[case("short_email", Some("email"))]
#[case("msteams", Some("chat"))]
#[case("auto", None)]
#[case("", None)]
fn raw_channels_become_features(#[case] raw: &str, #[case] expected: Option<&str>) {
    assert_eq!(channel_of(raw), expected);
}

#[rstest]
#[case(Some("Stakeholder"), "admin", RoleGroup::Stakeholder)]
#[case(Some("FullUser"), "read_only_user", RoleGroup::FullUser)]
#[case(None, "read_only_limited_user", RoleGroup::Stakeholder)]
#[case(None, "limited_user", RoleGroup::FullUser)]
fn the_license_decides_before_the_role(
    #[case] license: Option<&str>,
    #[case] role: &str,
    #[case] expected: RoleGroup,
) {
    assert_eq!(RoleGroup::of(license, role), expected);
}

#[test]
fn stakeholders_may_use_five_features() {
    let may: Vec<_> = FEATURES
        .iter()
        .filter(|feature| RoleGroup::Stakeholder.may_use(feature))
        .map(|feature| feature.id)
        .collect();
    assert_eq!(
        may,
        [SIGN_IN, MOBILE_APP, RESPONDER, STATUS_UPDATE, STAKEHOLDER]
    );
}
