//! Whether a seat uses a feature: three-valued for those who may, so that a missing source never
//! looks like missing use.

/// The verdict of one feature for one seat in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Used,
    Unused,
    Unknown,
    NotEligible,
}

impl Verdict {
    /// The first that holds: a use is proof by itself, and "unused" needs complete datasets.
    pub fn of(used: bool, eligible: bool, complete: bool) -> Self {
        match (used, eligible, complete) {
            (true, _, _) => Self::Used,
            (false, false, _) => Self::NotEligible,
            (false, true, true) => Self::Unused,
            (false, true, false) => Self::Unknown,
        }
    }

    /// One letter, for lists.
    pub fn letter(self) -> char {
        match self {
            Self::Used => 'u',
            Self::Unused => 'n',
            Self::Unknown => '?',
            Self::NotEligible => '-',
        }
    }

    pub fn from_letter(letter: char) -> Option<Self> {
        let all = [Self::Used, Self::Unused, Self::Unknown, Self::NotEligible];
        all.into_iter().find(|verdict| verdict.letter() == letter)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Unused => "unused",
            Self::Unknown => "unknown",
            Self::NotEligible => "not_eligible",
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_use_beats_everything(true, false, false, Verdict::Used)]
    #[case(true, true, true, Verdict::Used)]
    #[case::eligibility_comes_before_completeness(false, false, false, Verdict::NotEligible)]
    #[case(false, false, true, Verdict::NotEligible)]
    #[case(false, true, true, Verdict::Unused)]
    #[case::a_missing_source_is_not_missing_use(false, true, false, Verdict::Unknown)]
    fn verdicts(
        #[case] used: bool,
        #[case] eligible: bool,
        #[case] complete: bool,
        #[case] expected: Verdict,
    ) {
        assert_eq!(Verdict::of(used, eligible, complete), expected);
    }
}
