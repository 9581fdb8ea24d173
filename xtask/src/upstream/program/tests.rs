//! The parts of `program` that need no compiler.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::*;

/// A program that ended with the wait status `raw` and printed `output`.
fn judged(raw: i32, timed_out: bool, output: &str) -> Verdict {
    let finished = Finished {
        status: ExitStatus::from_raw(raw),
        timed_out,
        elapsed: Duration::from_secs(1),
        output: output.to_string(),
    };
    verdict(&finished, &unity::parse(output))
}

const EXIT: i32 = 1 << 8;

#[test]
fn exit_status_and_cases_decide_together() {
    let pass = "a.cpp:1:one:PASS\na.cpp:2:two:PASS\n";
    assert_eq!(judged(0, false, pass), Verdict::Pass(2));
    assert_eq!(judged(0, false, ""), Verdict::Pass(0));
    assert_eq!(
        judged(EXIT, false, pass),
        Verdict::Failed("exit status 1: a.cpp:2:two:PASS".into())
    );
    // A failure in a child whose status the program ignores is a failure all the same.
    assert_eq!(
        judged(0, false, "a.cpp:1:one:FAIL: x\na.cpp:1:one:PASS\n"),
        Verdict::Failed("exit status 0: one".into())
    );
}

#[test]
fn skips_are_no_passes() {
    assert_eq!(
        judged(77 << 8, false, "no TIPC\n"),
        Verdict::Skip("no TIPC".into())
    );
    assert_eq!(
        judged(0, false, "a.cpp:1:one:IGNORE: none\n"),
        Verdict::Skip("none".into())
    );
    assert_eq!(
        judged(0, false, "a.cpp:1:a:IGNORE: x\na.cpp:2:b:PASS\n"),
        Verdict::Pass(1)
    );
}

#[test]
fn an_alarm_is_a_time_limit() {
    assert_eq!(judged(14, false, ""), Verdict::TimedOut("SIGALRM".into()));
    assert_eq!(
        judged(9, true, ""),
        Verdict::TimedOut("still running after 1 s".into())
    );
    assert_eq!(
        judged(6, false, "Assertion failed: x\n\n"),
        Verdict::Failed("SIGABRT: Assertion failed: x".into())
    );
}

#[test]
fn fixed_ports_are_recognised() {
    assert!(uses_fixed_names("zmq_bind (s, ENDPOINT_3);"));
    assert!(uses_fixed_names("htons (PORT_6)"));
    assert!(uses_fixed_names("\"tcp://127.0.0.1:5569\""));
    assert!(uses_fixed_names("\"ipc://@tmp-tester\""));
    assert!(!uses_fixed_names(
        "ENDPOINT_LENGTH \"tcp://127.0.0.1:*\" IMPORT_A"
    ));
}

#[test]
fn upstream_has_as_many_programs_as_it_should() {
    let places = reference::places().unwrap();
    let stable = all(places, Flavour::Stable).unwrap();
    let draft = all(places, Flavour::Draft).unwrap();
    assert_eq!((stable.len(), draft.len()), (117, 137));
    assert_eq!(draft.len() - stable.len(), DRAFT_ONLY.len());
    let fixed = |name: &str| draft.iter().any(|p| p.name == name && p.fixed_names);
    assert!(fixed("test_radio_dish") && fixed("test_abstract_ipc") && fixed("test_req_relaxed"));
    assert!(!fixed("test_hwm"));
}
