//! Utilization with one decimal, in integers, so that every reader rounds alike.

/// `100 * part / whole` in tenths of a percent, half up; `None` when there is nothing to divide.
pub fn tenths(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| (part * 2000 + whole).div_euclid(2 * whole))
}

/// The same as the number that JSON shows, for example 66.7.
pub fn percent(part: i64, whole: i64) -> Option<f64> {
    tenths(part, whole).map(|tenths| tenths as f64 / 10.0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, 0, None)]
    #[case(0, 7, Some(0.0))]
    #[case(7, 7, Some(100.0))]
    #[case(2, 3, Some(66.7))]
    #[case(1, 3, Some(33.3))]
    #[case::half_goes_up(1, 2000, Some(0.1))]
    #[case::below_half_goes_down(1, 2001, Some(0.0))]
    #[case::half_again(25, 400, Some(6.3))]
    fn rounds_half_up(#[case] part: i64, #[case] whole: i64, #[case] expected: Option<f64>) {
        assert_eq!(percent(part, whole), expected);
    }
}
