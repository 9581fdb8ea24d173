//! `cargo xtask bench`: our library against the genuine one, or any other.
//!
//! Invariant: the very same programs run with both libraries, in turn, with the same number of
//! messages; a case that fails is reported and stops none of the others.

pub mod address;
mod bars;
pub mod cases;
mod docs;
pub mod measure;
mod plot;
mod plots;
pub mod programs;
mod results;
mod statistics;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::args::Args;
use crate::loader;
use crate::reference::{self, Flavour, Places};
use cases::Case;
use programs::Programs;
use results::{Measured, Turn};

const USAGE: &str = "\
usage: cargo xtask bench [CASE…] [--list] [--runs N] [--seconds S] [--quick] [--lib DIR] [--peer FILE] [--write-docs]

  CASE           a row, a part of its name, or a row and a value: tcp_lat, thr, tcp_lat/1024
  --list         name the cases and stop
  --runs N       runs with each library (default: 5, with --quick 1)
  --seconds S    how long the measured part of a run should take (default: 0.5)
  --quick        every case with next to no messages: shows that they work, measures nothing
  --lib DIR      the folder with our libzmq.so (default: built from the tree as it is)
  --peer FILE    another libzmq.so.5 to compare with (default: the genuine 4.3.5)
  --write-docs   write docs/performance.md and its plots too; takes all cases

Results are written to target/bench: results.json and *.svg.";

/// Seconds that the measured part of a run should take.
const SECONDS: f64 = 0.5;

#[derive(Debug)]
struct Options {
    cases: Vec<Case>,
    runs: usize,
    /// None in a smoke run.
    seconds: Option<f64>,
    library: Option<PathBuf>,
    peer: Option<PathBuf>,
    write_docs: bool,
    list: bool,
    /// As given, for the documentation.
    command: String,
}

/// A library as the programs get it.
struct Library {
    file: PathBuf,
    staged: PathBuf,
}

/// What is compared with what, and where.
struct Bench {
    programs: Programs,
    ours: Library,
    peer: Library,
    /// What the peer is called.
    peer_name: String,
    machine: String,
}

/// `cargo xtask bench`: see the usage text.
///
/// # Errors
/// What is missing, or which cases could not be measured; the others are, and are written.
pub fn run(args: &[String]) -> Result<(), String> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{USAGE}");
        return Ok(());
    }
    let options = parse(args)?;
    if options.list {
        for case in &options.cases {
            println!("{:<24} {}", case.name(), case.work.what);
        }
        return Ok(());
    }
    let places = reference::places()?;
    let bench = prepare(places, &options)?;
    println!(
        "ours  {}\npeer  {} ({})\non    {}\n\n{}",
        bench.ours.file.display(),
        bench.peer.file.display(),
        bench.peer_name,
        bench.machine,
        table::head()
    );
    let mut measured = Vec::new();
    for (index, case) in options.cases.iter().enumerate() {
        let place = format!("[{}/{}]", index + 1, options.cases.len());
        let result = measure_case(&bench, case, &options, &place);
        reference::end_progress();
        table::lines(&result)
            .iter()
            .for_each(|line| println!("{line}"));
        measured.push(result);
    }
    println!();
    match options.seconds {
        Some(_) => table::summary(&measured)
            .iter()
            .for_each(|line| println!("{line}")),
        None => println!("A smoke run: the figures mean nothing, and no target is judged."),
    }
    write_results(places, &options, &bench, &measured)?;
    let failed = measured.iter().filter(|m| m.problem.is_some());
    let failed: Vec<String> = failed.map(|m| m.case.name()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("could not be measured: {}", failed.join(" ")))
}

fn parse(args: &[String]) -> Result<Options, String> {
    let command = ["cargo xtask bench".to_owned()];
    let command = command.iter().chain(args).cloned().collect::<Vec<_>>();
    let mut args = Args::new(args);
    let quick = args.switch("--quick");
    let write_docs = args.switch("--write-docs");
    let list = args.switch("--list");
    let wrong = |name: &str, text: &str| format!("{name} {text}?\n{USAGE}");
    let runs = match args.value("--runs")? {
        Some(text) => match text.parse() {
            Ok(runs) if runs > 0 => runs,
            _ => return Err(wrong("--runs", &text)),
        },
        None if quick => 1,
        None => 5,
    };
    let seconds = match args.value("--seconds")? {
        Some(text) => match text.parse() {
            Ok(seconds) if (0.01..=20.0).contains(&seconds) => seconds,
            _ => return Err(wrong("--seconds", &text)),
        },
        None => SECONDS,
    };
    let library = args.value("--lib")?.map(PathBuf::from);
    let peer = args.value("--peer")?.map(PathBuf::from);
    let filters = args.words().map_err(|e| format!("{e}\n{USAGE}"))?;
    let mut cases = Case::all();
    if let Some(filter) = filters
        .iter()
        .find(|f| !cases.iter().any(|c| c.is_named(f)))
    {
        return Err(format!("no case {filter:?}; --list names them\n{USAGE}"));
    }
    if !filters.is_empty() {
        if write_docs {
            return Err("--write-docs takes all cases: name none".to_owned());
        }
        cases.retain(|case| filters.iter().any(|filter| case.is_named(filter)));
    }
    Ok(Options {
        cases,
        runs,
        seconds: (!quick).then_some(seconds),
        library,
        peer,
        write_docs,
        list,
        command: command.join(" "),
    })
}

fn prepare(places: &Places, options: &Options) -> Result<Bench, String> {
    let programs = programs::build(places)?;
    let peer_file = match &options.peer {
        Some(file) => file
            .canonicalize()
            .map_err(|e| format!("--peer {}: {e}", file.display()))?,
        None => reference::library(Flavour::Stable)?.join("libzmq.so.5"),
    };
    let stage = |file: PathBuf| -> Result<Library, String> {
        let staged = loader::staged(places, &file)?;
        loader::check(&programs.any(), &staged)?;
        Ok(Library { file, staged })
    };
    let peer = stage(peer_file)?;
    let our_file = loader::ours(places, options.library.as_deref(), Flavour::Stable)?;
    let ours = stage(our_file)?;
    let name = peer.file.file_name().unwrap_or_default().to_string_lossy();
    let peer_name = match &options.peer {
        Some(_) => name.into_owned(),
        None => "libzmq 4.3.5".to_owned(),
    };
    Ok(Bench {
        programs,
        ours,
        peer,
        peer_name,
        machine: machine(),
    })
}

fn measure_case(bench: &Bench, case: &Case, options: &Options, place: &str) -> Measured {
    let say = |what: &str| reference::progress(&format!("{place} {}: {what}", case.name()));
    let mut measured = Measured {
        case: *case,
        counts: measure::Counts { library: 0, raw: 0 },
        turns: Vec::with_capacity(options.runs),
        problem: None,
        smoke: options.seconds.is_none(),
    };
    say("how many messages?");
    let programs = &bench.programs;
    match measure::counts(programs, &bench.peer.staged, case, options.seconds) {
        Ok(counts) => measured.counts = counts,
        Err(problem) => {
            measured.problem = Some(format!("to find how many messages: {problem}"));
            return measured;
        }
    }
    let counts = measured.counts;
    let one = |library: &Path, whose: &str| {
        measure::run(programs, library, case, counts.library).map_err(|e| format!("{whose}: {e}"))
    };
    // Whether the peer is at fault is not what is to be found out: it may try again.
    let other = || {
        let whose = "peer, twice";
        one(&bench.peer.staged, whose).or_else(|_| one(&bench.peer.staged, whose))
    };
    let turn = |number: usize| -> Result<Turn, String> {
        // Who goes first changes, so that neither always finds the machine as the other left it.
        let (ours, peer) = if number.is_multiple_of(2) {
            let ours = one(&bench.ours.staged, "ours")?;
            (ours, other()?)
        } else {
            let peer = other()?;
            (one(&bench.ours.staged, "ours")?, peer)
        };
        let raw = case
            .work
            .raw
            .map(|_| measure::raw(programs, case, counts.raw));
        let raw = raw
            .transpose()
            .map_err(|e| format!("without a library: {e}"))?;
        Ok(Turn { ours, peer, raw })
    };
    for number in 0..options.runs {
        say(&format!("turn {} of {}", number + 1, options.runs));
        match turn(number) {
            Ok(turn) => measured.turns.push(turn),
            Err(problem) => {
                measured.problem = Some(problem);
                break;
            }
        }
    }
    measured
}

fn write_results(
    places: &Places,
    options: &Options,
    bench: &Bench,
    measured: &[Measured],
) -> Result<(), String> {
    let folder = places.target.join("bench");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    let results = json!({
        "written": now,
        "machine": bench.machine,
        "ours": bench.ours.file,
        "peer": bench.peer.file,
        "peer_name": bench.peer_name,
        "command": options.command,
        "runs": options.runs,
        "seconds_per_run": options.seconds,
        "cases": measured.iter().map(Measured::json).collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&results).map_err(|e| format!("results: {e}"))?;
    reference::write(&folder.join("results.json"), &(text + "\n"))?;
    println!("\n{}", folder.join("results.json").display());
    let runs = match options.runs {
        1 => "one run".to_owned(),
        several => format!("{several} runs"),
    };
    let subtitle = format!("{runs} each, in turn; {}", bench.machine);
    let plots = plots::all(measured, &bench.peer_name, &subtitle);
    let draw = |folder: &Path| -> Result<(), String> {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        for (name, svg) in &plots {
            let path = folder.join(name);
            match svg {
                Some(svg) => {
                    reference::write(&path, svg)?;
                    println!("{}", path.display());
                }
                // One of an earlier run would be taken for this one's.
                None => drop(fs::remove_file(&path)),
            }
        }
        Ok(())
    };
    draw(&folder)?;
    if options.write_docs {
        let made = docs::Made {
            command: &options.command,
            machine: &bench.machine,
            peer: &bench.peer_name,
            runs: options.runs,
            seconds: options.seconds,
        };
        draw(&places.root.join("docs/performance"))?;
        let path = places.root.join("docs/performance.md");
        docs::write(&path, &made, measured)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Kernel, processor and cores, as far as they are told.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let kernel = Command::new("uname").arg("-sr").output();
    let kernel = kernel.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_string());
    format!("{}, {model}, {cores} cores", kernel.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn cases_are_selected_by_row_and_value() {
        let names = |text: &str| -> Vec<String> {
            let options = parse(&words(text)).unwrap();
            options.cases.iter().map(Case::name).collect()
        };
        assert_eq!(names("").len(), Case::all().len());
        assert_eq!(names("--quick").len(), Case::all().len());
        // In the order of the table, each once.
        assert_eq!(
            names("inproc_thr/16 tcp_lat/1024 tcp_lat/1024"),
            ["tcp_lat/1024", "inproc_thr/16"]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for bad in ["udp", "--runs 0", "--runs", "--slow", "--seconds 0"] {
            assert!(parse(&words(bad)).is_err(), "{bad}");
        }
        assert!(parse(&words("--write-docs tcp")).is_err());
        let options = parse(&words("--quick --write-docs")).unwrap();
        assert_eq!((options.runs, options.seconds), (1, None));
        assert_eq!(parse(&words("--quick --runs 3")).unwrap().runs, 3);
        assert_eq!(options.command, "cargo xtask bench --quick --write-docs");
    }
}
