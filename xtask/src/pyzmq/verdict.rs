//! Whose fault it is that a test did not pass.
//!
//! Invariant: it is ours only if the genuine library passed the test every time, and ours failed
//! it, or could not run it, more than once.

use std::fmt;

use super::suite::Outcomes;

/// Reasons for which pyzmq skips tests with any library, on any Linux without drafts.
const EXPECTED_SKIPS: &[&str] = &[
    "draft api",
    "draft API",
    "CFFI",
    "Requires cython backend",
    "GC doesn't work",
    "pyczmq",
    "bundled libzmq",
    "numpy",
    "Steerable Proxies removed",
    "are green",
    "we're green",
    "TODO: find a way",
    "Windows only",
];

/// Whether a test that is skipped for this reason is skipped with the genuine library too.
pub fn is_expected_skip(reason: &str) -> bool {
    EXPECTED_SKIPS.iter().any(|known| reason.contains(known))
}

/// What is to be said of a test that did not pass with ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// The genuine library passes it, ours does not.
    Ours,
    /// The genuine library runs it, ours lacks what it takes.
    Lacking,
    /// It does not pass with the genuine library either.
    Both,
    /// Ours passed it whenever it was run again.
    Flaky,
}

impl Finding {
    /// Judges a test by the whole runs and, if it failed, by the three that followed.
    pub fn new(
        name: &str,
        ours: &Outcomes,
        genuine: &Outcomes,
        again: &[Outcomes],
        genuine_again: &[Outcomes],
    ) -> Finding {
        let all_passed = |runs: &[Outcomes]| runs.iter().all(|run| run.has_passed(name));
        if !genuine.has_passed(name) || !all_passed(genuine_again) {
            Finding::Both
        } else if !ours.has_failed(name) {
            Finding::Lacking
        } else if all_passed(again) {
            Finding::Flaky
        } else {
            Finding::Ours
        }
    }

    /// Whether something is to be mended on our side.
    pub fn is_ours(self) -> bool {
        matches!(self, Finding::Ours | Finding::Lacking)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Finding::Ours => "FAILS with ours only",
            Finding::Lacking => "NOT RUN with ours, passes with the genuine library",
            Finding::Both => "does not pass with the genuine library either",
            Finding::Flaky => "passed when run again, three times",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::suite::tests::outcomes;
    use super::*;

    #[test]
    fn fault_is_found() {
        let pass = || outcomes("passed\tt\t1\t\n");
        let fail = || outcomes("failed\tt\t1\tassert\n");
        let skip = || outcomes("skipped\tt\t1\tno\n");
        let judge = |ours: Outcomes, genuine: Outcomes, again: &[Outcomes], theirs: &[Outcomes]| {
            Finding::new("t", &ours, &genuine, again, theirs)
        };
        let steady = [pass(), pass(), pass()];
        let shaky = [pass(), fail(), pass()];
        assert_eq!(judge(fail(), pass(), &shaky, &steady), Finding::Ours);
        assert_eq!(judge(fail(), pass(), &steady, &steady), Finding::Flaky);
        assert_eq!(judge(fail(), pass(), &shaky, &shaky), Finding::Both);
        assert_eq!(judge(fail(), fail(), &[], &[]), Finding::Both);
        assert_eq!(judge(skip(), pass(), &[], &[]), Finding::Lacking);
        assert_eq!(judge(skip(), pass(), &[], &[]), Finding::Lacking);
        assert_eq!(judge(skip(), skip(), &[], &[]), Finding::Both);
    }

    #[test]
    fn a_missing_mechanism_is_no_expected_skip() {
        assert!(is_expected_skip("setup: Skipped: draft api unavailable"));
        assert!(!is_expected_skip(
            "setup: Skipped: security requires libzmq to have curve support"
        ));
    }
}
