//! Arguments, selection and the judging of repeated runs.

use std::time::Duration;

use super::*;

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(String::from).collect()
}

#[test]
fn arguments_are_understood() {
    let options = parse(&words(
        "--draft --reference --lib /x --header ours --jobs 2 --repeat 3 --limit 9 hwm",
    ))
    .unwrap();
    assert_eq!(
        options,
        Options {
            flavour: Flavour::Draft,
            ours: true,
            genuine: true,
            library: Some("/x".into()),
            header: Header::Ours,
            jobs: 2,
            repeat: 3,
            limit: Some(Duration::from_secs(9)),
            update: false,
            filters: vec!["hwm".into()],
        }
    );
    for bad in [
        "--lib",
        "--jobs 0",
        "--jobs x",
        "--header mine",
        "--verbose",
    ] {
        assert!(parse(&words(bad)).unwrap_err().contains("usage"), "{bad}");
    }
}

fn program(name: &str) -> Program {
    Program {
        name: name.to_string(),
        fixed_names: false,
    }
}

#[test]
fn a_full_name_selects_one_program_and_a_part_several() {
    let all = || {
        vec![
            program("test_hwm"),
            program("test_hwm_pubsub"),
            program("test_iov"),
        ]
    };
    let names = |filters: &str| -> Vec<String> {
        select(all(), &words(filters))
            .unwrap()
            .into_iter()
            .map(|p| p.name)
            .collect()
    };
    assert_eq!(names(""), ["test_hwm", "test_hwm_pubsub", "test_iov"]);
    assert_eq!(names("hwm"), ["test_hwm"]);
    assert_eq!(names("test_iov pubsub"), ["test_hwm_pubsub", "test_iov"]);
    assert_eq!(names("hw"), ["test_hwm", "test_hwm_pubsub"]);
    assert!(select(all(), &words("nothing")).is_err());
}

#[test]
fn of_repeated_runs_the_worst_counts() {
    let programs = [program("test_a")];
    let subjects = [Subject {
        label: "ours",
        staged: PathBuf::new(),
        build: Build::default(),
    }];
    let run = |number, verdict: Verdict, passed| {
        let cases = unity::Cases {
            passed,
            ..Default::default()
        };
        let run = Run {
            verdict,
            cases,
            elapsed: Duration::ZERO,
            output: String::new(),
        };
        (
            Job {
                program: 0,
                subject: 0,
                number,
            },
            run,
        )
    };
    let results = vec![
        run(2, Verdict::Pass(3), 3),
        run(0, Verdict::Pass(3), 3),
        run(1, Verdict::TimedOut("late".into()), 1),
    ];
    let outcomes = combine(results, &programs, &subjects, &Lists::default());
    let outcome = &outcomes["ours"]["test_a"];
    assert_eq!(outcome.verdict, Verdict::TimedOut("late".into()));
    assert_eq!(
        (outcome.passed, outcome.failed_runs, outcome.runs),
        (1, 1, 3)
    );
}
