//! Which plots there are.
//!
//! Invariant: in every plot up, or to the right, is better.

use super::bars::{self, Bar};
use super::cases::Over;
use super::plot::{Plot, Series};
use super::results::{Finding, Measured};
use super::statistics::Ratio;

/// The files' names and what is in them; nothing where nothing was measured.
pub fn all(
    measured: &[Measured],
    peer: &str,
    subtitle: &str,
) -> Vec<(&'static str, Option<String>)> {
    let by_size = |ending: &str, of: &dyn Fn(&Measured) -> Option<Ratio>| -> Vec<Series> {
        let sized = |m: &&Measured| m.case.work.over == Over::Bytes;
        let mut rows: Vec<&'static str> = measured
            .iter()
            .filter(sized)
            .map(|m| m.case.work.name)
            .collect();
        rows.dedup();
        rows.retain(|row| row.ends_with(ending));
        let series = rows.into_iter().map(|row| Series {
            name: row
                .trim_end_matches(ending)
                .trim_end_matches('_')
                .to_owned(),
            points: measured
                .iter()
                .filter(|m| m.case.work.name == row)
                .filter_map(|m| Some((m.case.value, of(m)?)))
                .collect(),
        });
        series.filter(|s| !s.points.is_empty()).collect()
    };
    let first = |m: &Measured| m.findings().next()?.better;
    let cpu = |m: &Measured| m.cpu()?.better;
    let raw = |m: &Measured| m.findings().next()?.better_than_raw;
    let plot = |title: String, vertical: &str, one: &str, series| {
        let plot = Plot {
            title,
            subtitle: format!("{subtitle}; points: median, bars: range"),
            vertical: vertical.to_owned(),
            one: one.to_owned(),
            series,
        };
        plot.svg()
    };
    let against = |what: &str| format!("{what} against {peer}");
    let mut near_raw = by_size("thr", &raw);
    near_raw.iter_mut().for_each(|s| s.name += " throughput");
    let mut latency = by_size("lat", &raw);
    latency.iter_mut().for_each(|s| s.name += " latency");
    near_raw.extend(latency);
    vec![
        (
            "throughput.svg",
            plot(
                against("Throughput"),
                "times as many messages per second",
                peer,
                by_size("thr", &first),
            ),
        ),
        (
            "latency.svg",
            plot(
                against("Latency"),
                "times as short a latency",
                peer,
                by_size("lat", &first),
            ),
        ),
        (
            "cpu.svg",
            plot(
                against("Processor time per message at full throughput"),
                "times less processor time",
                peer,
                by_size("thr", &cpu),
            ),
        ),
        (
            "raw.svg",
            plot(
                "How near to plain sockets of the kernel".to_owned(),
                "times as good as without a library",
                "raw sockets",
                near_raw,
            ),
        ),
        (
            "others.svg",
            bars::svg(
                &against("Everything else"),
                subtitle,
                peer,
                &bars_of(measured),
            ),
        ),
    ]
}

/// What has no message size.
fn bars_of(measured: &[Measured]) -> Vec<Bar> {
    let others = measured.iter().filter(|m| m.case.work.over != Over::Bytes);
    let bar = |found: Finding| {
        Some(Bar {
            ratio: found.better?,
            target: found.target_better(),
            name: found.name(),
        })
    };
    others
        .flat_map(Measured::findings)
        .filter(|found| !found.is_cpu())
        .filter_map(bar)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::measured;
    use super::*;

    #[test]
    fn there_is_a_plot_for_what_was_measured_only() {
        let drawn = |all: &[Measured]| -> Vec<&'static str> {
            let plots = super::all(all, "libzmq", "");
            plots
                .into_iter()
                .filter(|(_, svg)| svg.is_some())
                .map(|(name, _)| name)
                .collect()
        };
        assert!(drawn(&[]).is_empty());
        let ipc = measured("ipc_lat/16", &[("latency", 1.0)], &[("latency", 2.0)]);
        assert_eq!(drawn(&[ipc]), ["latency.svg", "raw.svg"]);
        let router = measured("router/1", &[("rate", 2.0)], &[("rate", 1.0)]);
        assert_eq!(drawn(&[router]), ["others.svg"]);
    }
}
