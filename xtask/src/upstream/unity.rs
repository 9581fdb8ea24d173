//! What the Unity test framework printed: one line per case, then a summary.
//!
//! Invariant: a case counts as passed only by its own `PASS` line; the summary is never believed
//! where lines are missing, because a program that died has none.

/// The cases of one run of one program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    /// How many passed.
    pub passed: usize,
    /// Those that failed: name and message.
    pub failed: Vec<(String, String)>,
    /// Those that the program left out: name and reason.
    pub ignored: Vec<(String, String)>,
    /// How many cases the summary speaks of, if the program came that far.
    pub announced: Option<usize>,
}

impl Cases {
    /// Whether a case left itself out for what a slow machine may have done. (With libzmq, too, that
    /// happens to some, as they say.)
    pub fn were_disturbed(&self) -> bool {
        let said = |(_, reason): &(String, String)| reason.starts_with("Unreliable test");
        self.ignored.iter().any(said)
    }
}

/// Reads the output of a program. Lines that are not Unity's are passed over; output without a
/// line break before Unity's part (`printf` of the test itself) does not hide a case.
pub fn parse(output: &str) -> Cases {
    let mut cases = Cases::default();
    for line in output.lines() {
        if let Some((name, verdict, message)) = case_line(line) {
            let entry = (name.to_string(), message.to_string());
            match verdict {
                "PASS" => cases.passed += 1,
                "FAIL" => cases.failed.push(entry),
                _ => cases.ignored.push(entry),
            }
        } else if let Some(count) = summary(line) {
            cases.announced = Some(count);
        }
    }
    cases
}

/// `FILE:LINE:NAME:VERDICT` or `FILE:LINE:NAME:VERDICT: MESSAGE`, with FILE ending in `.cpp`.
fn case_line(line: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = line.split_once(".cpp:")?;
    let (number, rest) = rest.split_once(':')?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    for verdict in ["PASS", "FAIL", "IGNORE"] {
        let Some((name, message)) = rest.split_once(&format!(":{verdict}")) else {
            continue;
        };
        let message = match message.strip_prefix(':') {
            Some(message) => message.trim(),
            None if message.trim().is_empty() => "",
            None => continue,
        };
        if !name.is_empty() && !name.contains(char::is_whitespace) {
            return Some((name, verdict, message));
        }
    }
    None
}

/// `N Tests N Failures N Ignored`.
fn summary(line: &str) -> Option<usize> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        [tests, "Tests", failures, "Failures", ignored, "Ignored"] => {
            failures.parse::<usize>().ok()?;
            ignored.parse::<usize>().ok()?;
            tests.parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, message: &str) -> (String, String) {
        (name.to_string(), message.to_string())
    }

    #[test]
    fn every_verdict_is_told_apart() {
        let cases = parse(
            "/x/tests/test_a.cpp:10:test_one:PASS\n\
             ../tests/test_a.cpp:20:test_two:FAIL: Expected 0 Was 11. Errno : \"EAGAIN\"\n\
             noise\n\
             tests/test_a.cpp:30:test_three:IGNORE: no such thing here\n\
             tests/test_a.cpp:31:test_four:IGNORE\n\
             \n-----------------------\n4 Tests 1 Failures 2 Ignored \nFAIL\n",
        );
        assert_eq!(cases.passed, 1);
        assert_eq!(
            cases.failed,
            [pair("test_two", "Expected 0 Was 11. Errno : \"EAGAIN\"")]
        );
        assert_eq!(
            cases.ignored,
            [
                pair("test_three", "no such thing here"),
                pair("test_four", "")
            ]
        );
        assert_eq!(cases.announced, Some(4));
    }

    #[test]
    fn who_blames_the_machine_is_known() {
        let left_out = |reason| parse(&format!("a.cpp:1:one:IGNORE: {reason}")).were_disturbed();
        assert!(left_out("Unreliable test occasionally fails on slow CIs"));
        assert!(!left_out("no such thing here"));
        assert!(!parse("a.cpp:1:one:PASS").were_disturbed());
    }

    #[test]
    fn a_program_that_died_announced_nothing() {
        let cases = parse("a.cpp:1:one:PASS\nAssertion failed: x (test.cpp:12)\n");
        assert_eq!((cases.passed, cases.announced), (1, None));
        assert!(cases.failed.is_empty());
    }

    #[test]
    fn text_before_a_case_on_the_same_line_does_not_hide_it() {
        assert_eq!(parse("sent 3 of 3 /x/test_b.cpp:7:test_it:PASS").passed, 1);
    }

    #[test]
    fn lookalikes_are_not_cases() {
        for line in [
            "PASS",
            "test.cpp:x:name:PASS",
            "test.cpp:12:name:PASSED",
            "test.cpp:12::PASS",
            "test.cpp:12: a sentence with spaces:PASS",
            "2 Tests 0 Failures",
            "a Tests 0 Failures 0 Ignored",
        ] {
            assert_eq!(parse(line), Cases::default(), "{line}");
        }
    }

    #[test]
    fn a_message_may_contain_a_verdict() {
        let cases = parse("t.cpp:5:case:FAIL: Expected ':PASS' Was ''");
        assert_eq!(cases.passed, 0);
        assert_eq!(cases.failed.len(), 1);
    }
}
