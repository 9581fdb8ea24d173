//! `cargo xtask bench`: our library against the genuine one, with upstream's performance tools.
//!
//! Invariant: the very same programs run with both libraries, in turn, with the same number of
//! messages.

mod measure;
mod plot;
mod statistics;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::loader;
use crate::reference::{self, Flavour, Places};
use measure::{Case, Kind, Route, Sample};
use plot::{Plot, Series};
use statistics::Ratio;

const USAGE: &str = "usage: cargo xtask bench [CASE…] [--runs N] [--quick] [--lib DIR]

  CASE       inproc | ipc | tcp | curve | thr | lat | tcp_lat | tcp_lat/1024 | …: only those cases
  --runs N   runs with each library (default: 5, with --quick 3)
  --quick    fewer sizes, shorter runs
  --lib DIR  the folder with our libzmq.so (default: built from the tree as it is)

Results are written to target/bench: results.json and *.svg.";

/// Message sizes in bytes.
const SIZES: [usize; 9] = [16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];
const QUICK_SIZES: [usize; 4] = [16, 1024, 65_536, 1_048_576];
/// Seconds that the measured part of a run should take.
const RUN: f64 = 0.5;
const QUICK_RUN: f64 = 0.15;

#[derive(Debug, PartialEq)]
struct Options {
    cases: Vec<Case>,
    runs: usize,
    seconds: f64,
    library: Option<PathBuf>,
}

/// A library as the programs get it.
struct Library {
    file: PathBuf,
    staged: PathBuf,
}

/// All runs of a case.
struct Measured {
    case: Case,
    count: u64,
    /// Ours and the genuine library's, run by run.
    pairs: Vec<(Sample, Sample)>,
}

/// `cargo xtask bench`: see the usage text.
///
/// # Errors
/// What is missing, or which cases could not be measured; the others are, and are written.
pub fn run(args: &[String]) -> Result<(), String> {
    let options = parse(args)?;
    let places = reference::places()?;
    let tools = measure::tools(places)?;
    let genuine_file = reference::library(Flavour::Stable)?.join("libzmq.so.5");
    let our_file = loader::ours(places, options.library.as_deref(), Flavour::Stable)?;
    let ours = prepare(places, &tools, "ours", our_file)?;
    let genuine = prepare(places, &tools, "genuine", genuine_file)?;
    println!(
        "ours     {}\ngenuine  {}\n",
        ours.file.display(),
        genuine.file.display()
    );

    let (mut measured, mut problems) = (Vec::new(), Vec::new());
    println!("{}", head());
    for case in &options.cases {
        match measure_case(&tools, &ours, &genuine, *case, &options) {
            Ok(result) => {
                println!("{}", row(&result));
                measured.push(result);
            }
            Err(problem) => {
                reference::end_progress();
                println!("{:<22} failed: {}", case.name(), problem.trim());
                problems.push(case.name());
            }
        }
    }
    print_means(&measured);
    write_results(places, &options, &ours, &genuine, &measured, &problems)?;
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!("could not be measured: {}", problems.join(" ")))
}

fn parse(args: &[String]) -> Result<Options, String> {
    let (mut runs, mut quick, mut library, mut filters) = (None, false, None, Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next()
                .ok_or_else(|| format!("{arg} wants a value\n{USAGE}"))
        };
        match arg.as_str() {
            "--quick" => quick = true,
            "--lib" => library = Some(PathBuf::from(value()?)),
            "--runs" => {
                let text = value()?;
                let number = text.parse().ok().filter(|n| *n > 0);
                runs = Some(number.ok_or_else(|| format!("--runs {text}?\n{USAGE}"))?);
            }
            flag if flag.starts_with('-') => return Err(format!("{flag}?\n{USAGE}")),
            filter => filters.push(filter),
        }
    }
    let all = Case::all(if quick { &QUICK_SIZES } else { &SIZES });
    let mut cases: Vec<Case> = Vec::new();
    for filter in &filters {
        let found = all.iter().filter(|case| matches(case, filter));
        let before = cases.len();
        cases.extend(found);
        if cases.len() == before {
            return Err(format!("no case {filter:?}\n{USAGE}"));
        }
    }
    cases.sort_unstable();
    cases.dedup();
    Ok(Options {
        cases: if filters.is_empty() { all } else { cases },
        runs: runs.unwrap_or(if quick { 3 } else { 5 }),
        seconds: if quick { QUICK_RUN } else { RUN },
        library,
    })
}

/// Whether a case is one that `filter` names: by route, kind, both, or all with the size.
fn matches(case: &Case, filter: &str) -> bool {
    let name = case.name();
    let both = name.split('/').next().unwrap_or_default();
    [case.route.name(), case.kind.name(), both, name.as_str()].contains(&filter)
}

fn prepare(places: &Places, tools: &Path, label: &str, file: PathBuf) -> Result<Library, String> {
    let staged = places.target.join("bench/lib").join(label);
    loader::stage(&file, &staged)?;
    loader::check(&tools.join("local_thr"), &staged)?;
    Ok(Library { file, staged })
}

fn measure_case(
    tools: &Path,
    ours: &Library,
    genuine: &Library,
    case: Case,
    options: &Options,
) -> Result<Measured, String> {
    reference::progress(&format!("{}: how many messages?", case.name()));
    let count = measure::calibrate(tools, &genuine.staged, case, options.seconds)
        .map_err(|e| format!("genuine library: {e}"))?;
    let one = |library: &Library, whose: &str| {
        measure::run(tools, &library.staged, case, count).map_err(|e| format!("{whose}: {e}"))
    };
    let mut pairs = Vec::with_capacity(options.runs);
    for number in 0..options.runs {
        reference::progress(&format!(
            "{}: run {} of {}",
            case.name(),
            number + 1,
            options.runs
        ));
        // Who goes first changes, so that neither always finds the machine as the other left it.
        pairs.push(if number % 2 == 0 {
            let ours = one(ours, "our library")?;
            (ours, one(genuine, "genuine library")?)
        } else {
            let genuine = one(genuine, "genuine library")?;
            (one(ours, "our library")?, genuine)
        });
    }
    reference::end_progress();
    Ok(Measured { case, count, pairs })
}

impl Measured {
    /// How many times better ours is, above 1 is better.
    fn ratio(&self) -> Option<Ratio> {
        statistics::ratio(
            self.pairs
                .iter()
                .map(|(ours, genuine)| match self.case.kind {
                    Kind::Throughput => (ours.value, genuine.value),
                    Kind::Latency => (genuine.value, ours.value),
                }),
        )
    }

    /// How many times less processor time ours takes per message.
    fn cpu_ratio(&self) -> Option<Ratio> {
        statistics::ratio(
            self.pairs
                .iter()
                .map(|(ours, genuine)| (genuine.cpu, ours.cpu)),
        )
    }

    /// The median of something of ours, and of the genuine library's.
    fn medians(&self, of: impl Fn(&Sample) -> f64) -> (f64, f64) {
        let side = |values: Vec<f64>| statistics::median(&values).unwrap_or(f64::NAN);
        (
            side(self.pairs.iter().map(|(ours, _)| of(ours)).collect()),
            side(self.pairs.iter().map(|(_, genuine)| of(genuine)).collect()),
        )
    }

    /// Processor seconds per million messages.
    fn cpu_per_million(&self, sample: &Sample) -> f64 {
        sample.cpu / self.case.messages(self.count) as f64 * 1e6
    }
}

fn head() -> String {
    format!(
        "{:<22} {:>12} {:>12} {:<6} {:>7} {:<15} {:>9} {:>9} {:>7}",
        "case", "ours", "genuine", "unit", "better", "(range)", "cpu s/M", "genuine", "less"
    )
}

/// A line of the table.
fn row(measured: &Measured) -> String {
    let (ours, genuine) = measured.medians(|s| s.value);
    let (our_cpu, genuine_cpu) = measured.medians(|s| measured.cpu_per_million(s));
    let digits = if measured.case.kind == Kind::Latency {
        2
    } else {
        0
    };
    let (times, range) = match measured.ratio() {
        Some(r) => (
            format!("{:.2}x", r.median),
            format!("({:.2} - {:.2})", r.low, r.high),
        ),
        None => ("-".to_string(), String::new()),
    };
    let less = measured
        .cpu_ratio()
        .map_or("-".to_string(), |r| format!("{:.2}x", r.median));
    format!(
        "{:<22} {ours:>12.digits$} {genuine:>12.digits$} {:<6} {times:>7} {range:<15} \
         {our_cpu:>9.3} {genuine_cpu:>9.3} {less:>7}",
        measured.case.name(),
        measured.case.kind.unit(),
    )
}

/// Geometric means over the sizes.
fn print_means(measured: &[Measured]) {
    println!("\ngeometric mean over the sizes:");
    for (kind, route) in families(measured) {
        let of = |ratio: &dyn Fn(&Measured) -> Option<Ratio>| {
            let all: Vec<f64> = measured
                .iter()
                .filter(|m| (m.case.kind, m.case.route) == (kind, route))
                .filter_map(|m| ratio(m).map(|r| r.median))
                .collect();
            statistics::geometric_mean(&all).map_or("-".to_string(), |m| format!("{m:.2}x"))
        };
        println!(
            "  {:<12} {:>7} better, {:>7} less processor time",
            format!("{}_{}", route.name(), kind.name()),
            of(&Measured::ratio),
            of(&Measured::cpu_ratio),
        );
    }
}

/// What was measured, without the sizes.
fn families(measured: &[Measured]) -> Vec<(Kind, Route)> {
    let mut families: Vec<(Kind, Route)> = measured
        .iter()
        .map(|m| (m.case.kind, m.case.route))
        .collect();
    families.sort_unstable();
    families.dedup();
    families
}

fn write_results(
    places: &Places,
    options: &Options,
    ours: &Library,
    genuine: &Library,
    measured: &[Measured],
    problems: &[String],
) -> Result<(), String> {
    let folder = places.target.join("bench");
    let sample = |s: &Sample| {
        json!({
            "value": s.value,
            "cpu_seconds": s.cpu,
            "seconds": s.wall,
        })
    };
    let ratio =
        |r: Option<Ratio>| r.map(|r| json!({ "median": r.median, "low": r.low, "high": r.high }));
    let cases: Vec<serde_json::Value> = measured
        .iter()
        .map(|m| {
            json!({
                "case": m.case.name(),
                "route": m.case.route.name(),
                "kind": m.case.kind.name(),
                "size": m.case.size,
                "unit": m.case.kind.unit(),
                "messages": m.case.messages(m.count),
                "better": ratio(m.ratio()),
                "less_cpu": ratio(m.cpu_ratio()),
                "ours": m.pairs.iter().map(|(ours, _)| sample(ours)).collect::<Vec<_>>(),
                "genuine": m.pairs.iter().map(|(_, genuine)| sample(genuine)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    let results = json!({
        "written": now,
        "machine": machine(),
        "ours": ours.file,
        "genuine": genuine.file,
        "runs": options.runs,
        "seconds_per_run": options.seconds,
        "failed": problems,
        "cases": cases,
    });
    let text = serde_json::to_string_pretty(&results).map_err(|e| format!("results: {e}"))?;
    reference::write(&folder.join("results.json"), &(text + "\n"))?;
    println!("\n{}", folder.join("results.json").display());
    for (name, plot) in plots(measured, options) {
        let path = folder.join(name);
        match plot.svg() {
            Some(svg) => {
                reference::write(&path, &svg)?;
                println!("{}", path.display());
            }
            // One of an earlier run would be taken for this one's.
            None => drop(fs::remove_file(&path)),
        }
    }
    Ok(())
}

fn plots(measured: &[Measured], options: &Options) -> Vec<(&'static str, Plot)> {
    let series = |kind: Kind, ratio: &dyn Fn(&Measured) -> Option<Ratio>| -> Vec<Series> {
        let routes = families(measured).into_iter().filter(|(k, _)| *k == kind);
        routes
            .map(|(_, route)| Series {
                name: match route {
                    Route::Curve => "tcp with CURVE".to_string(),
                    plain => plain.name().to_string(),
                },
                points: measured
                    .iter()
                    .filter(|m| (m.case.kind, m.case.route) == (kind, route))
                    .filter_map(|m| Some((m.case.size, ratio(m)?)))
                    .collect(),
            })
            .collect()
    };
    let subtitle = format!(
        "upstream's perf tools, {} runs each in turn; {}",
        options.runs,
        machine()
    );
    let plot = |title: &str, vertical: &str, series| Plot {
        title: title.to_string(),
        subtitle: subtitle.clone(),
        vertical: vertical.to_string(),
        series,
    };
    vec![
        (
            "throughput.svg",
            plot(
                "Throughput against libzmq 4.3.5",
                "times as many messages per second (higher is better)",
                series(Kind::Throughput, &Measured::ratio),
            ),
        ),
        (
            "latency.svg",
            plot(
                "Latency against libzmq 4.3.5",
                "times as short a latency (higher is better)",
                series(Kind::Latency, &Measured::ratio),
            ),
        ),
        (
            "cpu-throughput.svg",
            plot(
                "Processor time per message at full throughput against libzmq 4.3.5",
                "times less processor time (higher is better)",
                series(Kind::Throughput, &Measured::cpu_ratio),
            ),
        ),
        (
            "cpu-latency.svg",
            plot(
                "Processor time per message in turn against libzmq 4.3.5",
                "times less processor time (higher is better)",
                series(Kind::Latency, &Measured::cpu_ratio),
            ),
        ),
    ]
}

/// Processor and kernel, as far as they are told.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let kernel = Command::new("uname").arg("-sr").output();
    let kernel = kernel.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_string());
    format!("{cores} cores, {model}, {}", kernel.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn cases_are_selected_by_route_kind_and_size() {
        let names = |text: &str| -> Vec<String> {
            parse(&words(text))
                .unwrap()
                .cases
                .iter()
                .map(Case::name)
                .collect()
        };
        assert_eq!(names("").len(), 7 * SIZES.len());
        assert_eq!(names("--quick").len(), 7 * QUICK_SIZES.len());
        assert_eq!(names("--quick tcp").len(), 2 * QUICK_SIZES.len());
        assert_eq!(
            names("tcp_lat/1024 tcp_lat/1024 inproc_thr/16"),
            ["inproc_thr/16", "tcp_lat/1024"]
        );
        for bad in ["udp", "--runs 0", "--runs", "--slow"] {
            assert!(parse(&words(bad)).unwrap_err().contains("usage"), "{bad}");
        }
    }

    #[test]
    fn better_is_above_one_for_both_kinds() {
        let sample = |value, cpu| Sample {
            value,
            cpu,
            wall: 1.0,
        };
        let measured = |kind, ours, genuine| Measured {
            case: Case {
                kind,
                route: Route::Tcp,
                size: 16,
            },
            count: 1_000_000,
            pairs: vec![(sample(ours, 1.0), sample(genuine, 3.0)); 3],
        };
        let throughput = measured(Kind::Throughput, 200.0, 100.0);
        let latency = measured(Kind::Latency, 10.0, 20.0);
        assert_eq!(throughput.ratio().unwrap().median, 2.0);
        assert_eq!(latency.ratio().unwrap().median, 2.0);
        assert_eq!(throughput.cpu_ratio().unwrap().median, 3.0);
        assert_eq!(throughput.cpu_per_million(&throughput.pairs[0].0), 1.0);
        assert_eq!(latency.cpu_per_million(&latency.pairs[0].0), 0.5);
        assert!(row(&latency).contains("2.00x"), "{}", row(&latency));
    }

    #[test]
    fn there_is_a_plot_for_what_was_measured_only() {
        let sample = Sample {
            value: 5.0,
            cpu: 1.0,
            wall: 1.0,
        };
        let measured = [Measured {
            case: Case {
                kind: Kind::Latency,
                route: Route::Ipc,
                size: 64,
            },
            count: 10,
            pairs: vec![(sample, sample)],
        }];
        let options = parse(&[]).unwrap();
        let drawn: Vec<&str> = plots(&measured, &options)
            .iter()
            .filter(|(_, plot)| plot.svg().is_some())
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(drawn, ["latency.svg", "cpu-latency.svg"]);
    }
}
