//! `cargo xtask test`: every check there is, in order.
//!
//! Invariant: a check is one row of `STEPS`; the last line is `N passed, N failed`, and the exit
//! status is 0 only if none failed.

use std::env;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::args::Args;
use crate::bench;
use crate::clients;
use crate::counts;
use crate::demo::{self, Outcome};
use crate::deps;
use crate::fuzz;
use crate::loom;
use crate::pyzmq;
use crate::reference;
use crate::sh::{Run, detail, failed, heading, note, ok, root};
use crate::upstream;

mod installed;

const HELP: &str = "\
usage: cargo xtask test [--quick] [--list] [STEP…]

Runs these checks, or all. The library is installed into target/test/ for those that need it.

  --quick   leave out the slow ones
  --list    name the checks and stop";

/// One check.
struct Step {
    name: &'static str,
    what: &'static str,
    /// Whether `--quick` leaves it out.
    slow: bool,
    run: fn() -> Result<Outcome, String>,
}

/// To add a check, add a row. It may print what it likes; what it returns decides.
const STEPS: &[Step] = &[
    Step {
        name: "tools",
        what: "what the checks need",
        slow: false,
        run: tools,
    },
    Step {
        name: "fmt",
        what: "rustfmt",
        slow: false,
        run: fmt,
    },
    Step {
        name: "clippy",
        what: "clippy",
        slow: false,
        run: || clippy(&[]),
    },
    Step {
        name: "clippy-draft",
        what: "clippy, with the draft API",
        slow: true,
        run: || clippy(&DRAFT),
    },
    Step {
        name: "docs",
        what: "the documentation builds without warnings",
        slow: true,
        run: docs,
    },
    Step {
        name: "reference",
        what: "the genuine library, to compare with",
        slow: false,
        run: || {
            reference::run(&[])?;
            passed(reference::run(&["--draft".to_owned()]))
        },
    },
    Step {
        name: "unit",
        what: "cargo test",
        slow: false,
        run: || unit(&[]),
    },
    Step {
        name: "unit-draft",
        what: "cargo test, with the draft API",
        slow: true,
        run: || unit(&DRAFT),
    },
    Step {
        name: "gssapi",
        what: "with GSSAPI: clippy, units, and conversations under a Kerberos of our own",
        slow: true,
        run: gssapi,
    },
    Step {
        name: "fuzz",
        what: "every fuzz target of the protocol floor for some seconds",
        slow: true,
        run: || fuzz::run(&[]).map(|()| Outcome::Passed),
    },
    Step {
        name: "loom",
        what: "the queues between threads, in every order of events",
        slow: true,
        run: || passed(loom::run(&[])),
    },
    Step {
        name: "install",
        what: "build and install into target/test/prefix",
        slow: true,
        run: installed::install,
    },
    Step {
        name: "headers",
        what: "the installed headers in C89 to C17 and C++98 to C++20",
        slow: true,
        run: installed::headers,
    },
    Step {
        name: "shared",
        what: "libzmq.so.5: name, flags, needed libraries, exported functions",
        slow: true,
        run: installed::shared,
    },
    Step {
        name: "static",
        what: "libzmq.a: linked, fully static, absorbed, beside another Rust archive",
        slow: true,
        run: installed::archive,
    },
    Step {
        name: "draft",
        what: "the draft flavour, installed into target/test/prefix-draft",
        slow: true,
        run: installed::draft,
    },
    Step {
        name: "pkg-config",
        what: "C programs through pkg-config",
        slow: true,
        run: || show("pkg-config"),
    },
    Step {
        name: "cmake",
        what: "C programs through CMake",
        slow: true,
        run: || show("cmake"),
    },
    Step {
        name: "swap",
        what: "programs compiled for Debian's libzmq, on ours",
        slow: true,
        run: || show("swap"),
    },
    Step {
        name: "pyzmq",
        what: "pyzmq as published, on ours",
        slow: true,
        run: || show("pyzmq"),
    },
    Step {
        name: "pyzmq-suite",
        what: "pyzmq's own tests, built on ours and as published",
        slow: true,
        run: pyzmq_suite,
    },
    Step {
        name: "clients",
        what: "C, Perl, PHP, Ruby, Java and Jupyter, through published bindings, on ours",
        slow: true,
        run: clients,
    },
    Step {
        name: "counts",
        what: "system calls, allocations and copies per message, against bounds",
        slow: true,
        run: || passed(counts::run(&on("target/test/prefix/lib", &[]))),
    },
    Step {
        name: "bench",
        what: "every benchmark, for a moment",
        slow: true,
        run: || passed(bench::run(&on("target/test/prefix/lib", &["--quick"]))),
    },
    Step {
        name: "upstream",
        what: "libzmq's own test programs",
        slow: true,
        run: || passed(upstream::run(&on("target/test/prefix/lib", &[]))),
    },
    Step {
        name: "upstream-draft",
        what: "libzmq's own test programs, with the draft API",
        slow: true,
        run: || {
            let draft = on("target/test/prefix-draft/lib", &["--draft"]);
            passed(upstream::run(&draft))
        },
    },
];

/// Arguments of a command that runs on the library in a folder of the tree.
fn on(lib: &str, arguments: &[&str]) -> Vec<String> {
    let lib = root().join(lib).display().to_string();
    let arguments = arguments.iter().map(|argument| (*argument).to_owned());
    ["--lib".to_owned(), lib]
        .into_iter()
        .chain(arguments)
        .collect()
}

const DRAFT: [&str; 2] = ["--features", "ferrozmq/draft,capi-tests/draft"];
const GSSAPI: [&str; 2] = ["--features", "ferrozmq/gssapi"];

/// `cargo xtask test`.
///
/// # Errors
/// When a check fails; what failed has been printed by then.
pub fn run(args: &[String]) -> Result<(), String> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    let mut args = Args::new(args);
    let quick = args.switch("--quick");
    let list = args.switch("--list");
    let names = args.words()?;
    if list {
        for step in STEPS {
            println!(
                "  {:<14} {}{}",
                step.name,
                step.what,
                if step.slow { " (slow)" } else { "" }
            );
        }
        return Ok(());
    }
    if let Some(name) = names
        .iter()
        .find(|name| !STEPS.iter().any(|step| step.name == *name))
    {
        return Err(format!("there is no check '{name}'; --list names them"));
    }
    let chosen = |step: &&Step| {
        if names.is_empty() {
            !(quick && step.slow)
        } else {
            names.iter().any(|n| n == step.name)
        }
    };
    report(STEPS.iter().filter(chosen).map(perform).collect())
}

/// How a check went.
struct Verdict {
    name: &'static str,
    outcome: Result<Outcome, String>,
    took: Duration,
}

fn perform(step: &Step) -> Verdict {
    heading(format!("{}: {}", step.name, step.what));
    let start = Instant::now();
    let outcome = (step.run)();
    let took = start.elapsed();
    match &outcome {
        Ok(Outcome::Passed) => ok(format!("{} ({:.1} s)", step.name, took.as_secs_f64())),
        Ok(Outcome::Skipped(why)) => note(format!("skipped: {why}")),
        Err(error) => failed(error),
    }
    Verdict {
        name: step.name,
        outcome,
        took,
    }
}

fn report(results: Vec<Verdict>) -> Result<(), String> {
    heading("Summary");
    let (mut passed, mut broken, mut skipped) = (0, 0, 0);
    for result in &results {
        let word = match &result.outcome {
            Ok(Outcome::Passed) => {
                passed += 1;
                "passed"
            }
            Ok(Outcome::Skipped(_)) => {
                skipped += 1;
                "skipped"
            }
            Err(_) => {
                broken += 1;
                "FAILED"
            }
        };
        note(format!(
            "{word:<8} {:<14} {:>7.1} s",
            result.name,
            result.took.as_secs_f64()
        ));
        // Again, since what was said when it failed is far above.
        if let Err(error) = &result.outcome {
            error.lines().for_each(detail);
        }
    }
    println!("\n{}", closing(passed, broken, skipped));
    // The line above must stay the last, so there is nothing to add.
    if broken == 0 {
        Ok(())
    } else {
        Err(String::new())
    }
}

/// The last line, in the form that CI systems read.
fn closing(passed: usize, failed: usize, skipped: usize) -> String {
    let line = format!("{passed} passed, {failed} failed");
    if skipped == 0 {
        line
    } else {
        format!("{line}, {skipped} skipped")
    }
}

fn passed(result: Result<(), String>) -> Result<Outcome, String> {
    result.map(|()| Outcome::Passed)
}

fn tools() -> Result<Outcome, String> {
    passed(deps::ensure(&[
        deps::CC,
        deps::CXX,
        deps::BINUTILS,
        deps::PKG_CONFIG,
        deps::CMAKE,
        deps::DPKG,
        deps::VENV,
        deps::WEBSOCKETS,
        deps::OPENSSL,
    ]))
}

fn fmt() -> Result<Outcome, String> {
    passed(Run::cargo().args(["fmt", "--all", "--check"]).stream())
}

fn clippy(features: &[&str]) -> Result<Outcome, String> {
    let run = Run::cargo()
        .args(["clippy", "--workspace", "--all-targets"])
        .args(features);
    passed(run.args(["--", "-D", "warnings"]).stream())
}

fn docs() -> Result<Outcome, String> {
    let run = Run::cargo()
        .args(["doc", "--package", "ferrozmq", "--no-deps"])
        .args(["--features", "ferrozmq/draft"]);
    passed(run.env("RUSTDOCFLAGS", "-D warnings").stream())
}

fn unit(features: &[&str]) -> Result<Outcome, String> {
    passed(
        Run::cargo()
            .args(["test", "--workspace"])
            .args(features)
            .stream(),
    )
}

fn gssapi() -> Result<Outcome, String> {
    let needs = [
        deps::CC,
        deps::CXX,
        deps::PKG_CONFIG,
        deps::LIBCLANG,
        deps::GSSAPI,
        deps::KERBEROS,
    ];
    if let Err(why) = deps::ensure(&needs) {
        return in_ci(Outcome::Skipped(why));
    }
    clippy(&["--features", "ferrozmq/gssapi,capi-tests/gssapi"])?;
    let test = |package: &str| Run::cargo().args(["test", "--package", package]);
    test("ferrozmq").args(["--lib"]).args(GSSAPI).stream()?;
    let own = ["--features", "gssapi", "--test", "gssapi"];
    passed(test("capi-tests").args(own).stream())
}

/// Where the library is installed for the checks.
fn prefix() -> PathBuf {
    root().join("target/test/prefix")
}

fn show(name: &str) -> Result<Outcome, String> {
    installed::present(&prefix())?;
    let place = demo::Place {
        prefix: prefix(),
        work: root().join("target/demo"),
    };
    in_ci(demo::step(name, &place)?)
}

/// A machine of CI has all that is needed, or is made to have it.
fn in_ci(outcome: Outcome) -> Result<Outcome, String> {
    match outcome {
        Outcome::Skipped(why) if env::var_os("CI").is_some() => Err(why),
        outcome => Ok(outcome),
    }
}

fn clients() -> Result<Outcome, String> {
    installed::present(&prefix())?;
    in_ci(clients::check(&prefix())?)
}

fn pyzmq_suite() -> Result<Outcome, String> {
    installed::present(&prefix())?;
    passed(pyzmq::check(&prefix()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_last_line_has_the_form_that_is_read() {
        assert_eq!(closing(3, 0, 0), "3 passed, 0 failed");
        assert_eq!(closing(3, 1, 2), "3 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn one_failure_is_a_failure() {
        let result = |outcome| Verdict {
            name: "x",
            outcome,
            took: Duration::ZERO,
        };
        let fine = || result(Ok(Outcome::Passed));
        let skipped = || result(Ok(Outcome::Skipped("no".to_owned())));
        assert!(report(vec![fine(), skipped()]).is_ok());
        assert!(report(vec![fine(), result(Err("no".to_owned())), skipped()]).is_err());
    }
}
