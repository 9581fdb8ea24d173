//! `cargo xtask pyzmq`: pyzmq's own test suite on the library, judged beside the genuine one.
//!
//! Invariant: a result counts only if pyzmq was seen to have the library in question; the command
//! fails only for what the genuine library does and ours does not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::args::Args;
use crate::install;
use crate::reference::{self, Flavour};
use crate::sh::{detail, heading, note, ok, root};

mod place;
mod suite;
mod verdict;

use suite::{Choice, Outcomes, Suite};
use verdict::{Finding, is_expected_skip};

const HELP: &str = "\
usage: cargo xtask pyzmq [OPTIONS] [TEST…] [-- PYTEST ARGUMENTS…]

Runs pyzmq's own tests on the library. What fails, or is skipped without a known reason, is run
again three times, and with the genuine library too; only what the genuine library does and ours
does not makes the command fail.

  --prefix DIR   the library installed there; default: build into target/pyzmq/prefix
  --lib DIR      the folder of libzmq.so.5, if it is not DIR/lib
  --source       pyzmq from its sources, built on the library [this is the default]
  --cffi         the same with its other backend
  --wheel        pyzmq as published, the library preloaded
  --all          all three
  --reference    run everything with the genuine library too, and compare
  --small        leave out the tests that send 2 GiB (only --source has them anyway)

Words such as tests/test_socket.py name tests; behind -- come arguments of pytest's, e.g. -k poll.";

/// How pyzmq comes to the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Built from its sources, with Cython, on the installed library.
    Source,
    /// Built from its sources, with CFFI.
    Cffi,
    /// The published binary, which brings a library of its own that ours is put before.
    Wheel,
}

impl Variant {
    const ALL: [Variant; 3] = [Variant::Source, Variant::Cffi, Variant::Wheel];

    /// The name of its switch and of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Variant::Source => "source",
            Variant::Cffi => "cffi",
            Variant::Wheel => "wheel",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Variant::Source => "built from its sources on the library",
            Variant::Cffi => "built from its sources on the library, CFFI backend",
            Variant::Wheel => "as published, the library preloaded",
        }
    }
}

/// What is asked for.
#[derive(Debug, Default)]
struct Options {
    prefix: Option<PathBuf>,
    lib: Option<PathBuf>,
    variants: Vec<Variant>,
    reference: bool,
    small: bool,
    pytest: Vec<String>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let mut split = args.splitn(2, |arg| arg == "--");
        let mut args = Args::new(split.next().unwrap_or_default());
        let mut pytest = split.next().unwrap_or_default().to_vec();
        let path = |text: Option<String>| -> Result<Option<PathBuf>, String> {
            let path = text.map(std::path::absolute).transpose();
            path.map_err(|e| e.to_string())
        };
        let prefix = path(args.value("--prefix")?)?;
        let lib = path(args.value("--lib")?)?;
        let all = args.switch("--all");
        let mut variants = Vec::new();
        for variant in Variant::ALL {
            if args.switch(&format!("--{}", variant.name())) || all {
                variants.push(variant);
            }
        }
        if variants.is_empty() {
            variants.push(Variant::Source);
        }
        let (reference, small) = (args.switch("--reference"), args.switch("--small"));
        pytest.splice(0..0, args.words()?);
        Ok(Options {
            prefix,
            lib,
            variants,
            reference,
            small,
            pytest,
        })
    }
}

/// `cargo xtask pyzmq`.
///
/// # Errors
/// When pyzmq cannot be had, or a test fails that passes with the genuine library.
pub fn run(args: &[String]) -> Result<(), String> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    let options = Options::parse(args)?;
    let prefix = match &options.prefix {
        Some(prefix) => prefix.clone(),
        None => {
            let prefix = root().join("target/pyzmq/prefix");
            install::install(&install::Options::new(&prefix))?;
            prefix
        }
    };
    let lib = options.lib.clone().unwrap_or_else(|| prefix.join("lib"));
    examine(&options, &prefix, &lib)
}

/// What CI runs: pyzmq built on the library installed in `prefix`, all its tests; and as published,
/// but for those that send 2 GiB.
///
/// # Errors
/// As [`run`].
pub fn check(prefix: &Path) -> Result<(), String> {
    let options = Options {
        variants: vec![Variant::Source, Variant::Wheel],
        ..Options::default()
    };
    examine(&options, prefix, &prefix.join("lib"))
}

fn examine(options: &Options, prefix: &Path, lib: &Path) -> Result<(), String> {
    place::ensure()?;
    let mut broken = Vec::new();
    for &variant in &options.variants {
        heading(format!("pyzmq {}, {}", place::RELEASE, variant.about()));
        let place = place::prepare(variant, prefix)?;
        let mut arguments = options.pytest.clone();
        // 2 GiB are sent once; the other variants have nothing to add to that.
        if options.small || variant != Variant::Source {
            arguments.extend(["-m", "not large"].map(str::to_owned));
        }
        let suite = Suite {
            place,
            variant,
            arguments,
        };
        for name in compare(&suite, lib, options.reference)? {
            broken.push(format!("{}: {name}", variant.name()));
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} tests of pyzmq's pass with the genuine library only:\n{}",
        broken.len(),
        broken.join("\n")
    ))
}

/// Runs the suite with ours, and with the genuine library as far as needed; the names of the tests
/// that only the genuine library passes.
fn compare(suite: &Suite, lib: &Path, whole_reference: bool) -> Result<Vec<String>, String> {
    let ours = suite.run(lib, &Choice::default())?;
    show("ours", &ours);
    suite.prove(&ours, lib)?;
    let failed = ours.names(|outcome| outcome.is_failure());
    let skipped = ours.names(|outcome| outcome.is_skip() && !is_expected_skip(outcome.reason()));
    let suspects: Vec<String> = failed.iter().chain(&skipped).cloned().collect();
    if suspects.is_empty() && !whole_reference {
        return Ok(Vec::new());
    }

    let genuine_lib = reference::library(Flavour::Stable)?;
    let choice = if whole_reference {
        Choice::default()
    } else {
        note("those that did not pass, with the genuine library:");
        Choice::only(&suspects)
    };
    let genuine = suite.run(&genuine_lib, &choice)?;
    show("genuine", &genuine);
    suite.prove(&genuine, &genuine_lib)?;

    // A test that may fail with the genuine library as well proves nothing.
    let doubtful: Vec<String> = failed
        .iter()
        .filter(|name| genuine.has_passed(name))
        .cloned()
        .collect();
    let (mut again, mut genuine_again) = (Vec::new(), Vec::new());
    if !doubtful.is_empty() {
        note("those that only the genuine library passed, three times more with either:");
        let choice = Choice::only(&doubtful);
        for _ in 0..3 {
            again.push(suite.run(lib, &choice)?);
            genuine_again.push(suite.run(&genuine_lib, &choice)?);
        }
    }
    let mut broken = Vec::new();
    let mut findings: BTreeMap<Finding, Vec<&str>> = BTreeMap::new();
    for name in &suspects {
        let finding = Finding::new(name, &ours, &genuine, &again, &genuine_again);
        findings.entry(finding).or_default().push(name);
        if finding.is_ours() {
            broken.push(name.clone());
        }
    }
    for (finding, names) in &findings {
        note(format!("{finding}: {}", names.len()));
        for name in names {
            detail(format!("{name}: {}", ours.reason(name)));
        }
    }
    if whole_reference {
        report(&ours, &genuine);
    }
    Ok(broken)
}

fn show(whose: &str, outcomes: &Outcomes) {
    let (passed, failed, skipped) = outcomes.counts();
    ok(format!(
        "{whose}: {passed} passed, {failed} failed, {skipped} skipped in {:.1} s",
        outcomes.took.as_secs_f64()
    ));
}

/// Tells what differs between two whole runs.
fn report(ours: &Outcomes, genuine: &Outcomes) {
    let (mut only_ours, mut only_genuine) = (0, 0);
    for name in ours.names(|_| true) {
        match (ours.has_passed(&name), genuine.has_passed(&name)) {
            (true, false) => {
                only_ours += 1;
                detail(format!("passes with ours only: {name}"));
            }
            (false, true) => only_genuine += 1,
            _ => {}
        }
    }
    note(format!(
        "passing with ours only: {only_ours}, with the genuine library only: {only_genuine}"
    ));
    for (name, mine, theirs) in ours.slower_than(genuine, Duration::from_secs(1)) {
        detail(format!(
            "slower: {name}: {:.1} s, genuine {:.1} s",
            mine.as_secs_f64(),
            theirs.as_secs_f64()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Result<Options, String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn what_follows_the_dashes_is_for_pytest() {
        let asked = options("--wheel --prefix /p tests/test_poll.py -- -k x --wheel").unwrap();
        assert_eq!(asked.prefix, Some(PathBuf::from("/p")));
        assert_eq!(asked.variants, [Variant::Wheel]);
        assert_eq!(asked.pytest, ["tests/test_poll.py", "-k", "x", "--wheel"]);
        assert!(options("-k x").is_err());
    }

    #[test]
    fn the_sources_are_the_default() {
        assert_eq!(options("").unwrap().variants, [Variant::Source]);
        assert_eq!(options("--all --small").unwrap().variants, Variant::ALL);
    }
}
