//! What `cargo dev test` shows at its end.

use std::time::Duration;

use crate::console::seconds;
use crate::table::Table;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed(String),
    Failed,
    Skipped(&'static str),
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) took: Duration,
    pub(crate) verdict: Verdict,
}

pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = Table::new(["step", "wall time", "verdict"]);
    for row in rows {
        let verdict = match &row.verdict {
            Verdict::Passed(detail) if detail.is_empty() => "passed".to_owned(),
            Verdict::Passed(detail) => format!("passed ({detail})"),
            Verdict::Failed => "FAILED".to_owned(),
            Verdict::Skipped(why) => format!("left out: {why}"),
        };
        table.row([row.name.to_owned(), seconds(row.took), verdict]);
    }
    let total = rows.iter().map(|row| row.took).sum();
    table.row(["total".to_owned(), seconds(total), String::new()]);
    table.render()
}

/// The last line of the output, and whether nothing failed.
pub(crate) fn closing(rows: &[Row]) -> (String, bool) {
    let failed = rows
        .iter()
        .filter(|row| row.verdict == Verdict::Failed)
        .count();
    let passed = rows
        .iter()
        .filter(|row| matches!(row.verdict, Verdict::Passed(_)))
        .count();
    (format!("{passed} passed, {failed} failed"), failed == 0)
}

/// How many tests ran, in the words of the test runner.
pub(crate) fn summary(log: &str) -> String {
    let runner = log.lines().rev().find_map(|line| {
        let (_, counts) = line.split_once("tests run: ")?;
        Some(counts.trim().to_owned())
    });
    if let Some(counts) = runner {
        return counts;
    }
    let passed: u32 = log
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. "))
        .filter_map(|rest| rest.split(' ').next()?.parse::<u32>().ok())
        .sum();
    if passed > 0 {
        return format!("{passed} passed");
    }
    let page = log.lines().rev().find_map(|line| {
        let counts = line.trim().strip_prefix("Tests ")?;
        Some(counts.trim().to_owned())
    });
    page.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, verdict: Verdict) -> Row {
        Row {
            name,
            took: Duration::from_millis(1500),
            verdict,
        }
    }

    #[test]
    fn the_closing_line_counts_steps_and_one_failure_fails() {
        let rows = [
            row("format", Verdict::Passed(String::new())),
            row("lints", Verdict::Failed),
            row("page", Verdict::Skipped("Node.js is missing or too old")),
        ];
        assert_eq!(closing(&rows), ("1 passed, 1 failed".to_owned(), false));
        assert_eq!(closing(&rows[..1]), ("1 passed, 0 failed".to_owned(), true));
    }

    #[test]
    fn the_table_names_what_was_left_out_and_why() {
        let text = table(&[row(
            "page",
            Verdict::Skipped("Node.js is missing or too old"),
        )]);
        assert!(
            text.contains("left out: Node.js is missing or too old"),
            "{text}"
        );
    }

    #[test]
    fn counts_are_taken_from_each_runner() {
        let nextest = "x\n     Summary [   1.2s] 12 tests run: 12 passed, 0 skipped\n";
        assert_eq!(summary(nextest), "12 passed, 0 skipped");
        let cargo = "test result: ok. 3 passed; 0 failed\ntest result: ok. 4 passed; 0 failed\n";
        assert_eq!(summary(cargo), "7 passed");
        assert_eq!(
            summary(" Test Files  2 passed (2)\n      Tests  9 passed (9)\n"),
            "9 passed (9)"
        );
        assert_eq!(summary(""), "");
    }
}
