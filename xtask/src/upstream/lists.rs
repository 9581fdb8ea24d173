//! The lists in `capi-tests/upstream`: what must pass, and what the genuine library passes.
//!
//! Invariant: a list is a sorted text file, one program a line, so that a change of it is a
//! readable diff.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::program::Verdict;
use crate::reference::{Flavour, write};

/// What the genuine library did with a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Genuine {
    /// Whether it passes (else it skips itself).
    pub passes: bool,
    /// How many Unity cases pass.
    pub cases: usize,
}

/// Both lists of one flavour.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// The programs that must pass with our library.
    pub expected: BTreeSet<String>,
    /// What the genuine library did.
    pub genuine: BTreeMap<String, Genuine>,
}

/// Something about our results that differs from the lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// It must pass and does not.
    Lost(String),
    /// It passes and is not listed.
    Won(String),
    /// It is listed and upstream has no such program.
    Unknown(String),
}

/// How many programs and cases pass, of those that pass with the genuine library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Programs that pass here, and there.
    pub programs: (usize, usize),
    /// Unity cases that pass here (never counted above those there), and there.
    pub cases: (usize, usize),
}

fn expected_file(root: &Path, flavour: Flavour) -> PathBuf {
    root.join(format!(
        "capi-tests/upstream/expected-{}.txt",
        flavour.name()
    ))
}

fn genuine_file(root: &Path, flavour: Flavour) -> PathBuf {
    root.join(format!(
        "capi-tests/upstream/genuine-{}.txt",
        flavour.name()
    ))
}

/// Lines without comments and blank ones.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|l| l.split('#').next().unwrap_or("").trim())
        .filter(|l| !l.is_empty())
}

fn parse_expected(text: &str) -> BTreeSet<String> {
    lines(text).map(String::from).collect()
}

fn parse_genuine(text: &str) -> Result<BTreeMap<String, Genuine>, String> {
    let entry = |line: &str| -> Option<(String, Genuine)> {
        let mut words = line.split_whitespace();
        let (name, verdict, cases) = (words.next()?, words.next()?, words.next()?);
        let passes = match verdict {
            "pass" => true,
            "skip" => false,
            _ => return None,
        };
        let genuine = Genuine {
            passes,
            cases: cases.parse().ok()?,
        };
        words.next().is_none().then(|| (name.to_string(), genuine))
    };
    lines(text)
        .map(|l| entry(l).ok_or(format!("not PROGRAM pass|skip CASES: {l:?}")))
        .collect()
}

/// Reads both lists; one that is not there is empty.
///
/// # Errors
/// If a file cannot be read or understood.
pub fn read(root: &Path, flavour: Flavour) -> Result<Lists, String> {
    let text = |path: PathBuf| match fs::read_to_string(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(|e| format!("{}: {e}", path.display())),
    };
    Ok(Lists {
        expected: parse_expected(&text(expected_file(root, flavour))?),
        genuine: parse_genuine(&text(genuine_file(root, flavour))?)
            .map_err(|e| format!("{}: {e}", genuine_file(root, flavour).display()))?,
    })
}

/// Writes the list of what must pass.
///
/// # Errors
/// If the file cannot be written.
pub fn write_expected(root: &Path, flavour: Flavour, lists: &Lists) -> Result<(), String> {
    let mut text = format!(
        "# Programs of upstream's test suite ({}) that pass with this library. None may be lost.\n\
         # Written by `cargo xtask upstream{} --update`.\n",
        flavour.name(),
        if flavour == Flavour::Draft {
            " --draft"
        } else {
            ""
        },
    );
    for name in &lists.expected {
        let _ = writeln!(text, "{name}");
    }
    write(&expected_file(root, flavour), &text)
}

/// Writes the list of what the genuine library does.
///
/// # Errors
/// If the file cannot be written.
pub fn write_genuine(root: &Path, flavour: Flavour, lists: &Lists) -> Result<(), String> {
    let mut text = format!(
        "# What the genuine libzmq 4.3.5 ({}) does with its own tests: program, result, Unity cases\n\
         # that pass. Written by `cargo xtask upstream{} --reference-only --update`.\n",
        flavour.name(),
        if flavour == Flavour::Draft {
            " --draft"
        } else {
            ""
        },
    );
    for (name, genuine) in &lists.genuine {
        let verdict = if genuine.passes { "pass" } else { "skip" };
        let _ = writeln!(text, "{name} {verdict} {}", genuine.cases);
    }
    write(&genuine_file(root, flavour), &text)
}

impl Lists {
    /// What `verdict` is worth next to the genuine library: a pass of fewer cases is none.
    pub fn judge(&self, program: &str, verdict: &Verdict) -> Verdict {
        match (verdict, self.genuine.get(program)) {
            (Verdict::Pass(cases), Some(genuine)) if *cases < genuine.cases => {
                Verdict::Weak(*cases, genuine.cases)
            }
            _ => verdict.clone(),
        }
    }

    /// Compares judged results with the list of what must pass. `all` are upstream's programs.
    pub fn differences(
        &self,
        results: &BTreeMap<String, Verdict>,
        all: &BTreeSet<String>,
    ) -> Vec<Difference> {
        let mut found: Vec<Difference> = self
            .expected
            .difference(all)
            .cloned()
            .map(Difference::Unknown)
            .collect();
        for (program, verdict) in results {
            match (self.expected.contains(program), verdict.passes()) {
                (true, false) => found.push(Difference::Lost(program.clone())),
                (false, true) => found.push(Difference::Won(program.clone())),
                _ => {}
            }
        }
        found.sort();
        found
    }

    /// Makes the list of what must pass agree with the results of the programs that were run.
    pub fn update_expected(&mut self, results: &BTreeMap<String, Verdict>, all: &BTreeSet<String>) {
        self.expected.retain(|program| all.contains(program));
        for (program, verdict) in results {
            if verdict.passes() {
                self.expected.insert(program.clone());
            } else {
                self.expected.remove(program);
            }
        }
    }

    /// Makes the genuine list agree with results of the genuine library. Whatever neither passes
    /// nor skips there is left as it was: a flake is no measure.
    pub fn update_genuine(&mut self, results: &BTreeMap<String, Verdict>, all: &BTreeSet<String>) {
        self.genuine.retain(|program, _| all.contains(program));
        for (program, verdict) in results {
            let genuine = match verdict {
                Verdict::Pass(cases) => Genuine {
                    passes: true,
                    cases: *cases,
                },
                Verdict::Skip(_) => Genuine {
                    passes: false,
                    cases: 0,
                },
                _ => continue,
            };
            self.genuine.insert(program.clone(), genuine);
        }
    }

    /// The score of the programs in `results`.
    pub fn score(&self, results: &BTreeMap<String, (Verdict, usize)>) -> Score {
        let mut score = Score::default();
        for (program, (verdict, passed)) in results {
            let Some(genuine) = self.genuine.get(program) else {
                continue;
            };
            score.cases.0 += passed.min(&genuine.cases);
            score.cases.1 += genuine.cases;
            score.programs.0 += usize::from(genuine.passes && verdict.passes());
            score.programs.1 += usize::from(genuine.passes);
        }
        score
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|n| n.to_string()).collect()
    }

    fn lists() -> Lists {
        Lists {
            expected: set(&["test_a", "test_b", "test_gone"]),
            genuine: parse_genuine("test_a pass 3\ntest_b pass 2\ntest_c pass 1\ntest_d skip 0\n")
                .unwrap(),
        }
    }

    fn results(list: &[(&str, Verdict)]) -> BTreeMap<String, Verdict> {
        list.iter()
            .map(|(n, v)| (n.to_string(), v.clone()))
            .collect()
    }

    #[test]
    fn comments_and_blank_lines_do_not_count() {
        assert_eq!(
            parse_expected("# all\n\ntest_a # why\n  test_b\n"),
            set(&["test_a", "test_b"])
        );
    }

    #[test]
    fn broken_lines_are_told() {
        for bad in [
            "test_a pass",
            "test_a maybe 3",
            "test_a pass x",
            "test_a pass 3 4",
        ] {
            assert!(parse_genuine(bad).unwrap_err().contains(bad), "{bad}");
        }
    }

    #[test]
    fn fewer_cases_than_the_genuine_library_is_no_pass() {
        let lists = lists();
        assert_eq!(lists.judge("test_a", &Verdict::Pass(3)), Verdict::Pass(3));
        assert_eq!(
            lists.judge("test_a", &Verdict::Pass(2)),
            Verdict::Weak(2, 3)
        );
        assert_eq!(lists.judge("test_new", &Verdict::Pass(0)), Verdict::Pass(0));
        assert!(!Verdict::Weak(2, 3).passes());
    }

    #[test]
    fn losses_wins_and_unknown_names_are_found() {
        let all = set(&["test_a", "test_b", "test_c", "test_d"]);
        let results = results(&[
            ("test_a", Verdict::TimedOut("x".into())),
            ("test_b", Verdict::Pass(2)),
            ("test_c", Verdict::Pass(1)),
            ("test_d", Verdict::Skip("no".into())),
        ]);
        assert_eq!(
            lists().differences(&results, &all),
            [
                Difference::Lost("test_a".into()),
                Difference::Won("test_c".into()),
                Difference::Unknown("test_gone".into()),
            ]
        );
    }

    #[test]
    fn an_update_touches_only_what_was_run() {
        let mut lists = lists();
        let all = set(&["test_a", "test_b", "test_c", "test_d"]);
        let run = results(&[
            ("test_a", Verdict::Failed("no".into())),
            ("test_c", Verdict::Pass(1)),
        ]);
        lists.update_expected(&run, &all);
        assert_eq!(lists.expected, set(&["test_b", "test_c"]));
        lists.update_genuine(&run, &all);
        assert_eq!(
            lists.genuine["test_a"],
            Genuine {
                passes: true,
                cases: 3
            }
        );
        assert_eq!(
            lists.genuine["test_d"],
            Genuine {
                passes: false,
                cases: 0
            }
        );
    }

    #[test]
    fn the_score_never_exceeds_the_genuine_one() {
        let results = [
            ("test_a", Verdict::Weak(2, 3), 2),
            ("test_c", Verdict::Pass(9), 9),
        ]
        .into_iter()
        .map(|(n, v, c)| (n.to_string(), (v, c)))
        .collect();
        assert_eq!(
            lists().score(&results),
            Score {
                programs: (1, 2),
                cases: (3, 4)
            }
        );
    }
}
