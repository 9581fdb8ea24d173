//! Writes what was measured into `docs/performance.md`.
//!
//! Invariant: only what stands between the two marks is written; the rest is written by hand and
//! stays as it is.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::cases::{Kind, Route, Tool, WORK, Work};
use super::results::{Finding, Measured};
use super::table::{short, tally};
use crate::reference;

const BEGIN: &str = "<!-- measured: written by `cargo xtask bench --write-docs` -->";
const END: &str = "<!-- end of what is measured -->";
/// Fewer runs than these say nothing.
const ENOUGH: usize = 3;

/// How the figures were made.
pub struct Made<'a> {
    pub command: &'a str,
    pub machine: &'a str,
    pub peer: &'a str,
    pub runs: usize,
    /// None in a smoke run.
    pub seconds: Option<f64>,
}

/// Writes the measured part of the file.
///
/// # Errors
/// When the file is not there or has not both marks.
pub fn write(path: &Path, made: &Made<'_>, measured: &[Measured]) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let text = replaced(&text, &part(made, measured))
        .ok_or_else(|| format!("{}: lacks {BEGIN} or {END}", path.display()))?;
    reference::write(path, &text)
}

/// The text with what is between the marks replaced.
fn replaced(text: &str, part: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{part}\n{END}{after}"))
}

fn part(made: &Made<'_>, measured: &[Measured]) -> String {
    let mut text = format!(
        "Made on {}, with {}.\n\n```sh\n{}\n```\n\n",
        made.machine, made.peer, made.command
    );
    match made.seconds {
        Some(seconds) if made.runs >= ENOUGH => {
            let _ = writeln!(
                text,
                "{} runs with each library of about {seconds} s, in turn. A figure is the median of the ratios of \
                 neighbouring runs, in brackets the smallest and the largest. More is better where the target says \
                 ≥, less where it says ≤ and for processor time.",
                made.runs
            );
        }
        _ => text.push_str(
            "**These figures come from too few or too short runs to mean anything; they show the form.**\n",
        ),
    }
    let (met, wanted) = tally(measured.iter().flat_map(Measured::findings));
    if wanted > 0 {
        let _ = writeln!(text, "\n{met} of {wanted} targets are met.");
    }
    text.push('\n');
    for (title, plot, rows) in PARTS {
        let of = |m: &&Measured| rows.contains(&m.case.work.name);
        let cases: Vec<&Measured> = measured.iter().filter(of).collect();
        section(&mut text, title, plot, &cases, made.peer);
    }
    commands(&mut text);
    text
}

/// The sections: title, plots, rows.
const PARTS: &[(&str, &[&str], &[&str])] = &[
    (
        "Latency",
        &["latency.svg", "raw.svg"],
        &["tcp_lat", "ipc_lat", "inproc_lat"],
    ),
    (
        "Throughput",
        &["throughput.svg", "cpu.svg"],
        &["tcp_thr", "ipc_thr", "inproc_thr", "curve_thr", "proxy_thr"],
    ),
    (
        "Many peers, many sockets, many topics, and loading",
        &["others.svg"],
        &[
            "publish_tcp",
            "publish_inproc",
            "subscriptions",
            "router",
            "poll",
            "accepting",
            "connecting",
            "load",
        ],
    ),
];

fn section(text: &mut String, title: &str, plots: &[&str], cases: &[&Measured], peer: &str) {
    let _ = writeln!(text, "### {title}\n");
    for plot in plots {
        let name = plot.trim_end_matches(".svg");
        let _ = writeln!(text, "![{name}](performance/{plot})\n");
    }
    let _ = writeln!(
        text,
        "| case | as a multiple of {peer}'s | of a raw socket's | processor time | target | met |\n\
         |---|---|---|---|---|---|"
    );
    for measured in cases {
        let cpu = measured.cpu();
        for (index, found) in measured.findings().enumerate() {
            if !found.is_cpu() && found.ours.is_some() {
                row(text, &found, cpu.as_ref().filter(|_| index == 0));
            }
        }
        if let Some(problem) = &measured.problem {
            let problem = problem.trim().replace(['\n', '|'], " ");
            let _ = writeln!(
                text,
                "| {} | failed: {problem} | | | | no |",
                measured.case.name()
            );
        }
    }
    text.push('\n');
}

fn row(text: &mut String, found: &Finding, cpu: Option<&Finding>) {
    let ratio = found.of_peer.map_or("-".to_owned(), |r| {
        format!(
            "{} ({} to {})",
            short(r.median),
            short(r.low),
            short(r.high)
        )
    });
    // Where the target is a number the number is what counts.
    let value = match (found.target.value, found.ours) {
        (Some(_), Some(ours)) => format!("{ours:.0} {}; ", found.figure.unit),
        _ => String::new(),
    };
    let raw = found.of_raw.map_or(String::new(), |r| short(r.median));
    let cpu = cpu.and_then(|cpu| Some((cpu.of_peer?.median, cpu.met)));
    let cpu = cpu.map_or(String::new(), |(times, met)| match met {
        Some(false) => format!("**{}**", short(times)),
        _ => short(times),
    });
    let verdict = match found.verdict() {
        "no" => "**no**",
        other => other,
    };
    let target = found.target.text(found.figure.better);
    let target = target.replace(">=", "≥").replace("<=", "≤");
    let _ = writeln!(
        text,
        "| {} | {value}{ratio} | {raw} | {cpu} | {target} | {verdict} |",
        found.name()
    );
}

/// What was run, row by row.
fn commands(text: &mut String) {
    text.push_str(
        "### What was run\n\nEach program with `LD_LIBRARY_PATH` set to a folder that holds one library alone. `COUNT` is what takes \
         the peer the time of a run. `local_…` and `remote_…`, `inproc_…` and `proxy_thr` are \
         libzmq's own (`perf/` of 4.3.5), the others are in `benches/c`.\n\n\
         | row | what | values | command | without a library |\n|---|---|---|---|---|\n",
    );
    for work in WORK {
        let values: Vec<String> = work.values.iter().map(usize::to_string).collect();
        let raw = work.raw.map_or(String::new(), |args| {
            format!("`raw {}`", spelled(args).join(" "))
        });
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {raw} |",
            work.name,
            work.what,
            values.join(" ").trim_start_matches('0'),
            command(work)
        );
    }
}

fn command(work: &Work) -> String {
    match work.tool {
        Tool::Own(name) | Tool::Upstream(name) => {
            format!("`{name} {}`", spelled(work.args).join(" "))
        }
        Tool::Pair(kind, route) => {
            let (kind, measures) = match kind {
                Kind::Lat => ("lat", "remote"),
                Kind::Thr => ("thr", "local"),
            };
            let endpoint = match route {
                Route::Ipc => "ipc://PATH",
                Route::Tcp => "tcp://127.0.0.1:PORT",
            };
            format!(
                "`local_{kind}` and `remote_{kind}` `{endpoint} VALUE COUNT`; `{measures}` measures"
            )
        }
    }
}

fn spelled(args: &[&'static str]) -> Vec<&'static str> {
    let word = |arg: &&'static str| match *arg {
        "{}" => "VALUE",
        "#" => "COUNT",
        plain => plain,
    };
    args.iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::super::cases::Case;
    use super::super::results::tests::measured;
    use super::*;

    const MADE: Made<'static> = Made {
        command: "cargo xtask bench --write-docs",
        machine: "a machine",
        peer: "libzmq 4.3.5",
        runs: 5,
        seconds: Some(0.5),
    };

    #[test]
    fn what_is_written_by_hand_stays() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = replaced(&text, "new\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(replaced(&new, "new\n").unwrap(), new);
        assert_eq!(replaced("no marks", "new"), None);
    }

    #[test]
    fn the_document_has_the_marks() {
        let path = crate::sh::root().join("docs/performance.md");
        let text = fs::read_to_string(path).unwrap();
        assert!(replaced(&text, "").is_some());
    }

    #[test]
    fn every_row_is_in_one_section() {
        for case in Case::all() {
            let sections = PARTS.iter().filter(|part| part.2.contains(&case.work.name));
            assert_eq!(sections.count(), 1, "{}", case.work.name);
        }
    }

    #[test]
    fn figures_stand_as_ratios_with_target_and_verdict() {
        let near = measured(
            "tcp_lat/16",
            &[("latency", 10.0), ("cpu", 1.0)],
            &[("latency", 20.0), ("cpu", 2.0)],
        );
        let topics = measured(
            "subscriptions/1000000",
            &[("unwanted", 100.0)],
            &[("unwanted", 1000.0)],
        );
        let text = part(&MADE, &[near, topics]);
        let line = "| tcp_lat/16 | 0.50 (0.50 to 0.50) | 0.50 | 0.50 | ≤ 0.4 x, 1.4 raw | **no** |";
        assert!(text.contains(line), "{text}");
        let line =
            "| subscriptions/1000000 unwanted | 100 ns; 0.10 (0.10 to 0.10) |  |  | ≤ 150 | yes |";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("1 of 2 targets are met"), "{text}");
        let smoke = Made {
            seconds: None,
            ..MADE
        };
        assert!(part(&smoke, &[]).contains("they show the form"));
    }
}
