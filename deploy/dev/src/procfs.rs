//! What /proc tells about a process: whether it is still the one we started, its CPU time and memory.

use std::fs;

/// When a process started, in clock ticks since boot: with the id it names a process for good.
pub(crate) fn start_time(pid: i32) -> Option<u64> {
    field(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?, 22)
}

/// CPU time of user and kernel, in clock ticks.
pub(crate) fn cpu_ticks(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(field(&stat, 14)? + field(&stat, 15)?)
}

/// Resident memory in kB.
pub(crate) fn resident_kb(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Field `number` of a stat line, counted from 1; the second one holds a name that may contain spaces.
fn field(stat: &str, number: usize) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace()
        .nth(number.checked_sub(3)?)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_behind_a_name_with_spaces() {
        let stat = "42 (a b) c) S 1 42 42 0 -1 4194304 100 0 0 0 7 5 0 0 20 0 1 0 9000 1 2";
        assert_eq!(field(stat, 14), Some(7));
        assert_eq!(field(stat, 15), Some(5));
        assert_eq!(field(stat, 22), Some(9000));
        assert_eq!(field(stat, 1), None);
    }
}
