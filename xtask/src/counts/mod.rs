//! `cargo xtask counts`: system calls, allocations, copies and atomic operations for a message,
//! each with a bound.
//!
//! Invariant: nothing here is a time. What is counted does not depend on how fast the machine is,
//! and bounds leave room for what depends on who runs when.

mod table;
mod trace;

use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::bench::measure::{self, Run};
use crate::bench::programs::{self, Programs};
use crate::deps;
use crate::loader;
use crate::proc::{self, Output};
use crate::reference::{self, Flavour, Places};
use table::{Bound, How, ROWS, Row};
use trace::Tracer;

/// So often is counted what exceeds a bound: where threads get in each other's way a few calls come
/// on top, which a mistake would add every time.
const TRIES: usize = 3;

const HELP: &str = "\
usage: cargo xtask counts [ROW…] [--lib DIR] [--details]

Counts what a message costs in system calls, allocations, copied octets, instructions and atomic
operations, and compares with the bounds of xtask/src/counts/table.rs.

  ROW        rows whose name begins like this
  --lib DIR  the folder with our libzmq.so (default: built from the tree as it is);
             that of the genuine one shows what it needs
  --details  each system call by name";

/// `cargo xtask counts`.
///
/// # Errors
/// What is missing, or which bounds are exceeded.
pub fn run(args: &[String]) -> Result<(), String> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    let mut args = Args::new(args);
    let library = args.value("--lib")?.map(PathBuf::from);
    let details = args.switch("--details");
    let names = args.words()?;
    let is_chosen = |row: &&Row| names.is_empty() || names.iter().any(|n| row.name.starts_with(n));
    let rows: Vec<&Row> = ROWS.iter().filter(is_chosen).collect();
    if rows.is_empty() {
        let all: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        return Err(format!("no such row; there are {}", all.join(" ")));
    }
    deps::ensure(&[deps::STRACE])?;
    let places = reference::places()?;
    let programs = programs::build(places)?;
    let file = loader::ours(places, library.as_deref(), Flavour::Stable)?;
    let staged = loader::staged(places, &file)?;
    loader::check(&programs.any(), &staged)?;
    println!("{}\n\n{}", file.display(), head());
    let mut broken = Vec::new();
    for row in rows {
        reference::progress(row.name);
        let tried = attempt(|| count(places, &programs, &staged, row), row);
        reference::end_progress();
        match tried {
            Ok(None) => println!("{:<24} not on this processor", row.name),
            Ok(Some(found)) => {
                if !print(row, &found, details) {
                    broken.push(row.name);
                }
            }
            Err(problem) => {
                println!("{:<24} FAILED: {}", row.name, problem.trim());
                broken.push(row.name);
            }
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(format!("exceeded or not counted: {}", broken.join(" ")))
}

/// Counts until the bounds are kept, at most [`TRIES`] times. Gives the last.
fn attempt(
    mut count: impl FnMut() -> Result<Option<Run>, String>,
    row: &Row,
) -> Result<Option<Run>, String> {
    let keeps = |found: &Run| row.bounds.iter().all(|bound| bound.judge(found).1);
    for _ in 1..TRIES {
        match count()? {
            Some(found) if !keeps(&found) => {}
            kept => return Ok(kept),
        }
    }
    count()
}

/// What a row comes to; nothing where it cannot be counted.
fn count(
    places: &Places,
    programs: &Programs,
    library: &Path,
    row: &Row,
) -> Result<Option<Run>, String> {
    let tracer = Tracer {
        programs,
        library,
        summary: places
            .target
            .join(format!("bench/strace-{}", std::process::id())),
    };
    let run = match row.how {
        How::Side {
            kind,
            route,
            role,
            size,
            messages,
        } => tracer.side(kind, route, role, size, messages),
        How::Whole {
            tool,
            size,
            messages,
        } => tracer.whole(tool, size, messages),
        How::Own {
            program: "atomics", ..
        } if !cfg!(target_arch = "x86_64") => return Ok(None),
        How::Own { program, args } => {
            let mut command = programs.command(program, library);
            command.args(args);
            let finished = proc::run(command, Output::Pipe, trace::LIMIT)?;
            if !finished.success() {
                let how = proc::describe(&finished);
                return Err(format!("{how} {}", finished.output.trim()));
            }
            measure::printed(&finished.output)
        }
    };
    let _ = std::fs::remove_file(&tracer.summary);
    run.map(Some)
}

fn head() -> String {
    format!(
        "{:<24} {:<14} {:>9} {:>9} {:<9} what",
        "row", "counted", "found", "at most", "per"
    )
}

/// Prints how the bounds of a row are kept; true if all are.
fn print(row: &Row, found: &Run, details: bool) -> bool {
    let mut all_kept = true;
    for bound in row.bounds {
        let (value, is_kept) = bound.judge(found);
        all_kept &= is_kept;
        let mark = if is_kept { "" } else { "EXCEEDED: " };
        println!(
            "{:<24} {:<14} {:>9} {:>9} {:<9} {mark}{}",
            row.name,
            bound.figure,
            value.map_or("-".to_owned(), |v| format!("{v:.3}")),
            bound.at_most,
            bound.unit(),
            row.what,
        );
    }
    if details || !all_kept {
        print_details(found);
    }
    all_kept
}

fn print_details(found: &Run) {
    for (name, value) in found.iter().filter(|(_, value)| value.abs() >= 0.0005) {
        println!("{:<24}   {name:<20} {value:>9.4}", "");
    }
}

impl Bound {
    /// What was found, and whether that is within the bound. A system call that never came was
    /// made no times; a program's own figure is always there.
    fn judge(&self, found: &Run) -> (Option<f64>, bool) {
        let never = found.contains_key("calls").then_some(0.0);
        let value = found.get(self.figure).copied().or(never);
        let value = value.map(|v| v * self.per);
        (value, value.is_some_and(|v| v <= self.at_most))
    }

    fn unit(&self) -> String {
        match self.per {
            1.0 => "one".to_owned(),
            per => format!("{per}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn rows_have_names_of_their_own_and_bounds() {
        let names: BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
        for row in ROWS {
            assert!(!row.bounds.is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn what_exceeds_a_bound_once_is_counted_again() {
        let row = Row {
            name: "",
            what: "",
            how: How::Own {
                program: "",
                args: &[],
            },
            bounds: &[Bound {
                figure: "calls",
                at_most: 5.0,
                per: 1.0,
            }],
        };
        let tries = |values: &[f64]| {
            let mut values = values.iter().copied();
            let mut tries = 0;
            let last = attempt(
                || {
                    tries += 1;
                    Ok(values.next().map(|v| Run::from([("calls".to_owned(), v)])))
                },
                &row,
            );
            (tries, last.unwrap().map(|run| run["calls"]))
        };
        assert_eq!(tries(&[3.0]), (1, Some(3.0)));
        assert_eq!(tries(&[7.0, 3.0]), (2, Some(3.0)));
        assert_eq!(tries(&[7.0, 8.0, 9.0, 3.0]), (TRIES, Some(9.0)));
        assert_eq!(tries(&[]), (1, None));
        assert!(attempt(|| Err("no".to_owned()), &row).is_err());
    }

    #[test]
    fn a_bound_is_of_its_figure_and_its_number_of_messages() {
        let bound = Bound {
            figure: "sends",
            at_most: 50.0,
            per: 1000.0,
        };
        let judge = |pairs: &[(&str, f64)]| {
            let run: Run = pairs.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect();
            bound.judge(&run)
        };
        assert_eq!(
            judge(&[("calls", 1.0), ("sends", 0.05)]),
            (Some(50.0), true)
        );
        assert_eq!(
            judge(&[("calls", 1.0), ("sends", 0.06)]),
            (Some(60.0), false)
        );
        assert_eq!(judge(&[("calls", 1.0)]), (Some(0.0), true));
        // A program that does not say it has not counted it.
        assert_eq!(judge(&[("allocations", 0.0)]), (None, false));
    }
}
