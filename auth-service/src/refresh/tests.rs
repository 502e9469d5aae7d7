use super::*;

#[test]
fn waits_double_up_to_a_minute_and_obey_pagerduty_within_bounds() {
    let seconds =
        |failures, asked: Option<u64>| back_off(failures, asked.map(Duration::from_secs)).as_secs();
    assert!((2..=3).contains(&seconds(0, None)));
    assert!((8..=9).contains(&seconds(2, None)));
    assert!((60..=66).contains(&seconds(40, None)));
    assert!((30..=33).contains(&seconds(0, Some(30))));
    assert!((60..=66).contains(&seconds(0, Some(1_000_000))));
    assert!((2..=3).contains(&seconds(9, Some(0))));
}
