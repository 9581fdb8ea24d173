//! Running pyzmq's suite with one library, and reading what became of each test.
//!
//! Invariant: a test that ended or stopped the process has failed, and the others are run all the
//! same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Variant;
use super::place::Place;
use crate::demo;
use crate::sh::{Run, note, ok, root};

/// The whole suite.
const LIMIT: Duration = Duration::from_secs(400);
/// One test, as pytest-timeout counts.
const TEST_LIMIT: &str = "90";
/// How often the suite may end the process before we give up.
const DEATHS: usize = 3;

/// Tests that are left out, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "--ignore=tests/test_mypy.py",
        "checks pyzmq's type annotations, no library is involved",
    ),
    (
        "--deselect=tests/test_log.py::TestPubLog::test_blank_root_topic",
        "publishes before the subscription can have arrived; fails with any library, and takes \
         the rest of its class with it",
    ),
];

/// What became of a test.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It did what it should.
    Passed,
    /// It did not, and why.
    Failed(String),
    /// It could not be run, and why.
    Skipped(String),
}

impl Outcome {
    /// Whether it failed.
    pub fn is_failure(&self) -> bool {
        matches!(self, Outcome::Failed(_))
    }

    /// Whether it was skipped.
    pub fn is_skip(&self) -> bool {
        matches!(self, Outcome::Skipped(_))
    }

    /// Why it did not pass; empty if it did.
    pub fn reason(&self) -> &str {
        match self {
            Outcome::Passed => "",
            Outcome::Failed(why) | Outcome::Skipped(why) => why,
        }
    }
}

/// What became of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    /// The tests, with the time each took.
    tests: BTreeMap<String, (Outcome, Duration)>,
    /// The libraries that were mapped at the end.
    libraries: Vec<PathBuf>,
    /// What the library that answered says it is.
    version: String,
    /// Begun and not ended.
    running: Option<String>,
    /// Whether pytest came to its end.
    complete: bool,
    /// All of it.
    pub took: Duration,
}

impl Outcomes {
    /// The tests of which this holds.
    pub fn names(&self, holds: impl Fn(&Outcome) -> bool) -> Vec<String> {
        let chosen = self.tests.iter().filter(|(_, (outcome, _))| holds(outcome));
        chosen.map(|(name, _)| name.clone()).collect()
    }

    /// Whether this test passed.
    pub fn has_passed(&self, name: &str) -> bool {
        self.tests
            .get(name)
            .is_some_and(|(outcome, _)| *outcome == Outcome::Passed)
    }

    /// Why it did not pass.
    pub fn reason(&self, name: &str) -> &str {
        self.tests
            .get(name)
            .map_or("it was not run", |(outcome, _)| outcome.reason())
    }

    /// Whether this test failed.
    pub fn has_failed(&self, name: &str) -> bool {
        self.tests
            .get(name)
            .is_some_and(|(outcome, _)| outcome.is_failure())
    }

    /// Passed, failed, skipped.
    pub fn counts(&self) -> (usize, usize, usize) {
        let failed = self.names(Outcome::is_failure).len();
        let skipped = self.names(Outcome::is_skip).len();
        (self.tests.len() - failed - skipped, failed, skipped)
    }

    /// Tests that took longer than there, by more than this: name, time here, time there.
    pub fn slower_than(&self, other: &Outcomes, by: Duration) -> Vec<(String, Duration, Duration)> {
        let mut slower = Vec::new();
        for (name, (_, mine)) in &self.tests {
            if let Some((_, theirs)) = other.tests.get(name)
                && *mine > *theirs + by
            {
                slower.push((name.clone(), *mine, *theirs));
            }
        }
        slower
    }

    /// Takes in what the plugin wrote.
    fn read(&mut self, log: &str) {
        for line in log.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let at = |index: usize| fields.get(index).copied().unwrap_or_default();
            let name = at(1).to_owned();
            let time = Duration::try_from_secs_f64(at(2).parse().unwrap_or(0.0));
            let time = time.unwrap_or_default();
            let why = at(3).to_owned();
            let outcome = match at(0) {
                "start" => {
                    self.running = Some(name);
                    continue;
                }
                "library" => {
                    self.libraries.push(name.into());
                    continue;
                }
                "version" => {
                    self.version = name;
                    continue;
                }
                "end" => {
                    self.complete = true;
                    continue;
                }
                "passed" => Outcome::Passed,
                "failed" => Outcome::Failed(why),
                "skipped" => Outcome::Skipped(why),
                _ => continue,
            };
            if self.running.as_deref() == Some(&name) {
                self.running = None;
            }
            self.tests.insert(name, (outcome, time));
        }
    }
}

/// Which tests to run.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    only: Option<Vec<String>>,
}

impl Choice {
    /// These and no others.
    pub fn only(names: &[String]) -> Choice {
        Choice {
            only: Some(names.to_vec()),
        }
    }
}

/// pyzmq's suite in one variant.
#[derive(Debug)]
pub struct Suite {
    /// Where it is.
    pub place: Place,
    /// How pyzmq comes to the library.
    pub variant: Variant,
    /// Further arguments of pytest's.
    pub arguments: Vec<String>,
}

impl Suite {
    /// Runs these tests with the library in `lib`.
    ///
    /// # Errors
    /// When pytest cannot be run, or the process dies again and again.
    pub fn run(&self, lib: &Path, choice: &Choice) -> Result<Outcomes, String> {
        let begun = Instant::now();
        let mut all = Outcomes::default();
        for _ in 0..DEATHS {
            let how = self.once(lib, choice, &mut all);
            all.took = begun.elapsed();
            if all.complete {
                return Ok(all);
            }
            let why = how.err().unwrap_or_default();
            let Some(name) = all.running.take() else {
                return Err(format!("pytest ended before its end: {why}"));
            };
            note(format!("the process did not survive {name}: {why}"));
            let outcome = Outcome::Failed(format!("the process ended: {why}"));
            all.tests.insert(name, (outcome, Duration::ZERO));
        }
        Err(format!("the process died {DEATHS} times"))
    }

    /// Runs what has no outcome yet. An error is what became of the process; failed tests are one.
    fn once(&self, lib: &Path, choice: &Choice, all: &mut Outcomes) -> Result<(), String> {
        let scratch = |name: &str| self.place.scratch.join(name);
        let log = scratch("outcomes");
        write(&log, "")?;
        let mut run = self.python(lib).env("OUTCOMES_LOG", &log);
        if let Some(only) = &choice.only {
            write(&scratch("only"), &only.join("\n"))?;
            run = run.env("OUTCOMES_ONLY", scratch("only"));
        }
        if !all.tests.is_empty() {
            write(&scratch("except"), &all.names(|_| true).join("\n"))?;
            run = run.env("OUTCOMES_EXCEPT", scratch("except"));
        }
        run = run.args(["-m", "pytest", "-p", "outcomes", "-p", "no:cacheprovider"]);
        run = run.args(["-o", "addopts=--import-mode=importlib"]);
        run = run.args([
            "-q",
            "--tb=short",
            "--disable-warnings",
            "--timeout",
            TEST_LIMIT,
        ]);
        run = run.args(LEFT_OUT.iter().map(|(argument, _)| argument));
        let how = run.args(&self.arguments).limit(LIMIT).stream();
        let written = fs::read(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        all.read(&String::from_utf8_lossy(&written));
        how
    }

    /// The Python that has pyzmq, and pyzmq the library in `lib`.
    fn python(&self, lib: &Path) -> Run {
        let plugin = root().join("capi-tests/clients/pyzmq");
        let path = format!("{}:{}", self.place.site.display(), plugin.display());
        let run = Run::new(&self.place.python).dir(&self.place.suite);
        let run = run
            .env("PYTHONPATH", path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("CPATH", &self.place.include);
        match self.variant {
            Variant::Wheel => run.env("LD_PRELOAD", lib.join("libzmq.so.5")),
            Variant::Source | Variant::Cffi => run.env("LD_LIBRARY_PATH", lib),
        }
    }

    /// Checks that it was the library in `lib` that answered.
    ///
    /// # Errors
    /// Which one it was.
    pub fn prove(&self, outcomes: &Outcomes, lib: &Path) -> Result<(), String> {
        let file = lib.join("libzmq.so.5");
        let real = fs::canonicalize(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let mapped = &outcomes.libraries;
        let is_right = match self.variant {
            // Its own is mapped too, but not used.
            Variant::Wheel => mapped.contains(&real) && self.is_bound(lib, &file)?,
            Variant::Source | Variant::Cffi => *mapped == [real.clone()],
        };
        if !is_right {
            return Err(format!("not {} was used, but {mapped:?}", real.display()));
        }
        ok(format!(
            "it was libzmq {} {}",
            outcomes.version,
            real.display()
        ));
        Ok(())
    }

    /// Whether the loader takes every `zmq_` function that pyzmq uses from `file`.
    fn is_bound(&self, lib: &Path, file: &Path) -> Result<bool, String> {
        let run = self.python(lib).args(["-c", "import zmq"]);
        let (there, elsewhere) =
            demo::pyzmq::bindings(run, &self.place.scratch.join("bindings"), file)?;
        note(format!(
            "of pyzmq's zmq_ functions the loader took {there} from it, {elsewhere} from elsewhere"
        ));
        Ok(there > 0 && elsewhere == 0)
    }
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|e| format!("{}: {e}", file.display()))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Outcomes as the plugin would have written them.
    pub fn outcomes(log: &str) -> Outcomes {
        let mut outcomes = Outcomes::default();
        outcomes.read(log);
        outcomes
    }

    #[test]
    fn the_log_is_read() {
        let seen = outcomes(
            "start\ta\npassed\ta\t0.5\t\nstart\tb\nskipped\tb\t0\tsetup: no\n\
             start\tc\nfailed\tc\t2\tassert x\nlibrary\t/l/libzmq.so.5\nversion\t4.3.5\nend\t1\n",
        );
        assert_eq!(seen.counts(), (1, 1, 1));
        assert!(seen.has_passed("a") && !seen.has_passed("b") && !seen.has_passed("d"));
        assert_eq!(seen.reason("c"), "assert x");
        assert_eq!(seen.libraries, [PathBuf::from("/l/libzmq.so.5")]);
        assert!(seen.complete && seen.running.is_none());
    }

    #[test]
    fn what_ran_when_the_process_died_is_known() {
        let seen = outcomes("start\ta\npassed\ta\t0.5\t\nstart\tb\n");
        assert!(!seen.complete);
        assert_eq!(seen.running.as_deref(), Some("b"));
        assert_eq!(seen.names(|_| true), ["a"]);
    }

    #[test]
    fn slower_tests_are_found() {
        let ours = outcomes("passed\ta\t3.0\t\npassed\tb\t1.0\t\npassed\tc\t9\t\n");
        let theirs = outcomes("passed\ta\t1.0\t\npassed\tb\t0.9\t\n");
        let slower = ours.slower_than(&theirs, Duration::from_secs(1));
        assert_eq!(slower.len(), 1);
        assert_eq!(slower[0].0, "a");
    }
}
