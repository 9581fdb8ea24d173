//! The table on the terminal.
//!
//! Invariant: a line is printed as soon as its case is measured, so that a run that is broken off
//! has shown what it found.

use super::results::{Finding, Measured};
use super::statistics::{Ratio, geometric_mean};

/// The first line.
pub fn head() -> String {
    format!(
        "{:<38} {:>11} {:>11} {:<7} {:>7} {:<15} {:>7} {:>8} {:>7} {:<18} met",
        "case",
        "ours",
        "peer",
        "unit",
        "ours/p.",
        "(range)",
        "of raw",
        "cpu s/M",
        "cpu/p.",
        "target"
    )
}

/// The lines of a case: one for each figure, the processor time beside the first.
pub fn lines(measured: &Measured) -> Vec<String> {
    let mut lines = Vec::new();
    let cpu = measured.cpu();
    for (index, found) in measured.findings().enumerate() {
        if !found.is_cpu() && found.ours.is_some() {
            lines.push(line(&found, cpu.as_ref().filter(|_| index == 0)));
        }
    }
    if let Some(problem) = &measured.problem {
        let name = measured.case.name();
        lines.push(format!(
            "{name:<38} FAILED: {}",
            problem.trim().replace('\n', " | ")
        ));
    }
    lines
}

fn line(found: &Finding, cpu: Option<&Finding>) -> String {
    let digits = found.figure.digits;
    let number = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.digits$}"));
    let range = found.of_peer.map_or(String::new(), |r| {
        format!("({} - {})", short(r.low), short(r.high))
    });
    let (cpu_ours, cpu_ratio, cpu_late) = match cpu {
        Some(cpu) => (
            cpu.ours.map_or("-".into(), |v| format!("{v:.3}")),
            times(cpu.of_peer),
            if cpu.met == Some(false) { "!" } else { "" },
        ),
        None => (String::new(), String::new(), ""),
    };
    let raw = found.of_raw.map_or(String::new(), |r| short(r.median));
    let text = format!(
        "{:<38} {:>11} {:>11} {:<7} {:>7} {range:<15} {raw:>7} {cpu_ours:>8} {:>7} {:<18} {}",
        found.name(),
        number(found.ours),
        number(found.peer),
        found.figure.unit,
        times(found.of_peer),
        cpu_ratio + cpu_late,
        found.target.text(found.figure.better),
        found.verdict(),
    );
    text.trim_end().to_owned()
}

/// `1.25x`
pub fn times(ratio: Option<Ratio>) -> String {
    ratio.map_or("-".to_owned(), |r| format!("{}x", short(r.median)))
}

/// Two digits behind the point, three where there is nothing before it.
pub fn short(value: f64) -> String {
    if value < 0.1 {
        format!("{value:.3}")
    } else {
        format!("{value:.2}")
    }
}

/// What it comes to: geometric means over the cases of a row, and how many targets are met.
pub fn summary(measured: &[Measured]) -> Vec<String> {
    let mut lines =
        vec!["geometric mean over the cases of a row, times better than the peer:".into()];
    let mut rows: Vec<&'static str> = measured.iter().map(|m| m.case.work.name).collect();
    rows.dedup();
    for row in rows {
        let of = |cpu: bool| {
            let of_row = measured.iter().filter(|m| m.case.work.name == row);
            let medians: Vec<f64> = of_row
                .filter_map(|m| if cpu { m.cpu() } else { m.findings().next() })
                .filter_map(|found| found.better.map(|r| r.median))
                .collect();
            geometric_mean(&medians)
        };
        if let Some(mean) = of(false) {
            let cpu = of(true).map_or(String::new(), |m| {
                format!(", {:>7} times less processor time", short(m))
            });
            lines.push(format!("  {row:<15} {:>7}{cpu}", short(mean)));
        }
    }
    let (met, wanted) = tally(measured.iter().flat_map(Measured::findings));
    lines.push(format!("{met} of {wanted} targets met"));
    lines
}

/// How many targets are met, of those that could be judged.
pub fn tally(findings: impl Iterator<Item = Finding>) -> (usize, usize) {
    let judged: Vec<bool> = findings.filter_map(|found| found.met).collect();
    (judged.iter().filter(|met| **met).count(), judged.len())
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::measured;
    use super::*;

    #[test]
    fn a_line_says_ratio_raw_cpu_target_and_verdict() {
        let slow = measured(
            "tcp_thr/65536",
            &[("rate", 30.0), ("cpu", 2.0)],
            &[("rate", 40.0), ("cpu", 1.0)],
        );
        let lines = lines(&slow);
        assert_eq!(lines.len(), 1);
        for part in [
            "tcp_thr/65536",
            "0.75x",
            " 0.75 ",
            "2.00x!",
            ">= 1.5 x or 0.9 raw no",
        ] {
            assert!(lines[0].contains(part), "{part:?} in {}", lines[0]);
        }
        assert_eq!(summary(&[slow]).last().unwrap(), "0 of 2 targets met");
    }

    #[test]
    fn a_failure_has_a_line() {
        let mut none = measured("router/1", &[], &[]);
        none.problem = Some("peer: still running after 60 s\nas it was".to_owned());
        let lines = lines(&none);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("FAILED: peer: still running after 60 s | as it was"));
    }
}
