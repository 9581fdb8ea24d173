//! Walks the table: every option × socket type × argument against what a genuine libzmq does.
//!
//! Invariant: what is compared comes from `tests/observed.txt`, never from the table itself.

mod context;
mod meaning;
mod observed;

use super::*;
use observed::{arguments, hex, kinds, observed, octets};
use std::collections::HashMap;

const KINDS: std::ops::RangeInclusive<i32> = kind::PAIR..=kind::CHANNEL;
/// The highest number that was asked for.
const LAST: i32 = 126;

fn fresh(kind: i32) -> Options {
    Options::new(kind, &ContextDefaults::default())
}

/// [`set`] whether or not this build has the option.
fn set_any<'a>(
    options: &mut Options,
    number: i32,
    value: Option<&'a [u8]>,
) -> Result<Effect<'a>, Errno> {
    let argument = Argument::new(value, value.map_or(0, <[u8]>::len))?;
    set_row(options, row(number).ok_or(Errno::EINVAL)?, argument)
}

/// [`get`] and [`store`], whether or not this build has the option; `live` is the socket's answer.
fn read_any(options: &Options, number: i32, live: i32, buffer: &mut [u8]) -> Result<usize, Errno> {
    match get_row(options, row(number).ok_or(Errno::EINVAL)?)? {
        Got::Value(value) => store(number, &value, buffer),
        Got::Live(number) => store(number, &Value::Int(live), buffer),
    }
}

/// What the observer's `read_back` finds: the first buffer that fits the option's form.
fn read_back(options: &Options, number: i32) -> Option<Vec<u8>> {
    [4, 8, 32, 70_001].into_iter().find_map(|length| {
        let mut buffer = vec![0xaa; length];
        let length = read_any(options, number, 0, &mut buffer).ok()?;
        buffer.truncate(length);
        Some(buffer)
    })
}

/// Rows for transports that the observed library does not have.
fn unobserved(number: i32) -> bool {
    row(number).is_some_and(|row| matches!(row.needs, Needs::Norm | Needs::Vmci))
}

#[test]
fn rows_are_sorted_named_and_explained() {
    for pair in TABLE.windows(2) {
        assert!(pair[0].number < pair[1].number, "{}", pair[1].name);
    }
    for row in TABLE {
        assert!(
            row.about.len() > 10 && row.about.trim_end().ends_with('.'),
            "{}",
            row.name
        );
        assert_ne!(
            (row.set, row.get),
            (Kinds::NONE, Kinds::NONE),
            "{} has no use",
            row.name
        );
        assert!(!row.roomy || row.set == Kinds::NONE, "{}", row.name);
    }
}

#[test]
fn a_build_has_the_options_that_libzmq_has() {
    let flavour = if cfg!(feature = "draft") {
        "draft"
    } else {
        "plain"
    };
    let usable = observed("usable")
        .find(|words| words[0] == flavour)
        .expect("the line of this flavour");
    for number in 0..=LAST {
        let gssapi = row(number).is_some_and(|row| row.needs == Needs::Gssapi);
        let met = !gssapi || cfg!(feature = "gssapi");
        let vmci = row(number).is_some_and(|row| row.needs == Needs::Vmci);
        let usable = usable.contains(&number.to_string().as_str());
        let expected = (usable && met) || (vmci && cfg!(feature = "draft"));
        assert_eq!(known(number).is_ok(), expected, "option {number}");
    }
    for number in [i32::MIN, -1, LAST + 1, i32::MAX] {
        assert_eq!(
            set(&mut fresh(0), number, Some(&[0; 4]), 4),
            Err(Errno::EINVAL)
        );
        assert_eq!(get(&fresh(0), number), Err(Errno::EINVAL));
    }
}

#[test]
fn set_accepts_what_libzmq_accepts() {
    // (option, argument, kind) to what get says afterwards and the mechanism.
    let mut accepted = HashMap::new();
    for line in observed("set") {
        let number: i32 = line[0].parse().expect("an option");
        if line[2] == "crash" {
            continue;
        }
        let listed = &line[5..];
        for argument in arguments() {
            if listed.contains(&argument) == (line[4] == ":") {
                for kind in kinds(line[1]) {
                    let known = accepted.insert((number, argument, kind), (line[2], line[3]));
                    assert_eq!(known, None, "two answers for {number} {argument}");
                }
            }
        }
    }
    let sockets: Vec<Options> = KINDS.map(fresh).collect();
    let mut compared = 0;
    for argument in arguments() {
        let value = octets(argument);
        for number in (0..=LAST).filter(|&number| !unobserved(number)) {
            for kind in KINDS {
                let mut options = sockets[kind as usize].clone();
                let before = read_back(&options, number);
                let result = set_any(&mut options, number, value.as_deref());
                let what = format!("option {number}, type {kind}, argument {argument}");
                let after = read_back(&options, number);
                match accepted.get(&(number, argument, kind)) {
                    None => {
                        assert_eq!(result, Err(Errno::EINVAL), "{what}");
                        assert_eq!(after, before, "{what}: refused, yet changed");
                        assert_eq!(options.mechanism, MECHANISM_NULL, "{what}");
                    }
                    Some((says, mechanism)) => {
                        result.unwrap_or_else(|errno| panic!("{what}: {errno:?}"));
                        assert_eq!(format!("m{}", options.mechanism), *mechanism, "{what}");
                        let own = value.clone().unwrap_or_default();
                        match *says {
                            "-" => assert_eq!(after, None, "{what}"),
                            "=" => assert_eq!(after, Some(own), "{what}"),
                            "=0" => assert_eq!(after, Some([&own[..], &[0]].concat()), "{what}"),
                            "long" => panic!("{what}: an answer that nobody wrote down"),
                            text => assert_eq!(after, Some(hex(text)), "{what}"),
                        }
                        compared += 1;
                    }
                }
            }
        }
    }
    assert_eq!(
        compared,
        accepted.len(),
        "what libzmq accepts was not all tried"
    );
    assert!(compared > 10_000);
}

/// Compares reading into buffers of every length with lines of `length:new length:octets`.
fn compare_reads(options: &Options, number: i32, answers: &[&str]) {
    let lengths = observed("lengths").next().expect("the line of lengths");
    for length in lengths {
        let what = format!("option {number}, type {}, length {length}", options.kind);
        let mut buffer = vec![0xaa; length.parse().expect("a length")];
        let answer = answers
            .iter()
            .find_map(|answer| answer.strip_prefix(length)?.strip_prefix(':'));
        let live = 0x0102_0304;
        let result = read_any(options, number, live, &mut buffer);
        let Some(answer) = answer else {
            assert_eq!(result, Err(Errno::EINVAL), "{what}");
            assert!(
                buffer.iter().all(|&octet| octet == 0xaa),
                "{what}: refused, yet written"
            );
            continue;
        };
        let (new_length, content) = answer.split_once(':').expect("a length and octets");
        let new_length: usize = new_length.parse().expect("a length");
        assert_eq!(result, Ok(new_length), "{what}");
        if matches!(
            get_row(options, row(number).expect("a row")),
            Ok(Got::Live(_))
        ) {
            assert_eq!(buffer[..4], live.to_ne_bytes(), "{what}");
            continue;
        }
        let (content, zeros) = content.split_once('z').unwrap_or((content, "0"));
        let mut content = hex(content);
        content.resize(content.len() + zeros.parse::<usize>().expect("a count"), 0);
        assert_eq!(buffer, content, "{what}");
    }
}

#[test]
fn fresh_sockets_read_as_in_libzmq() {
    let mut answers = HashMap::new();
    for line in observed("get") {
        let number: i32 = line[0].parse().expect("an option");
        for kind in kinds(line[1]) {
            answers.insert((number, kind), line[2..].to_vec());
        }
    }
    for number in (0..=LAST).filter(|&number| !unobserved(number)) {
        for kind in KINDS {
            let answers = answers.remove(&(number, kind)).unwrap_or_default();
            compare_reads(&fresh(kind), number, &answers);
        }
    }
    assert!(answers.is_empty(), "never compared: {answers:?}");
}

#[test]
fn values_read_as_in_libzmq() {
    let mut compared = 0;
    for line in observed("full") {
        let number: i32 = line[0].parse().expect("an option");
        for kind in kinds(line[1]) {
            let mut options = fresh(kind);
            let value = octets(line[2]);
            set_any(&mut options, number, value.as_deref()).expect("what libzmq accepts");
            compare_reads(&options, number, &line[3..]);
            compared += 1;
        }
    }
    assert!(compared > 500);
}

#[test]
fn two_options_after_each_other_act_as_in_libzmq() {
    let mut compared = 0;
    for line in observed("pair") {
        let what = line.join(" ");
        // An empty text is written as "t" alone.
        let [kind, first, with, second, also, accepted, answers @ ..] = &line[..] else {
            panic!("{what}: too few words");
        };
        let mut options = fresh(kind.parse().expect("a type"));
        let number = |word: &str| word.parse::<i32>().expect("an option");
        set_any(&mut options, number(first), octets(with).as_deref()).expect(&what);
        let value = octets(also);
        let result = set_any(&mut options, number(second), value.as_deref());
        assert_eq!(result.is_ok(), *accepted == "1", "{what}: {result:?}");
        let asked = [43, 44, 47, 62].map(|number| {
            let answer = get_row(&options, row(number).expect("a row"));
            match answer {
                Ok(Got::Value(Value::Int(value))) => value.to_string(),
                other => panic!("{what}: {other:?}"),
            }
        });
        assert_eq!(asked.each_ref().map(String::as_str), answers, "{what}");
        compared += 1;
    }
    assert!(compared > 400);
}

#[test]
fn null_with_a_length_is_refused() {
    for row in TABLE {
        for kind in KINDS {
            for length in [1, 4, 8, 32, 40, 41, usize::MAX] {
                let result = set(&mut fresh(kind), row.number, None, length);
                assert_eq!(result, Err(Errno::EINVAL), "{}", row.name);
            }
        }
    }
}

#[test]
fn options_for_missing_transports_keep_their_limits() {
    for (number, least, greatest) in [
        (number::NORM_MODE, 0, 4),
        (number::NORM_BLOCK_SIZE, 1, 255),
        (number::NORM_NUM_PARITY, 0, 254),
        (number::NORM_NUM_AUTOPARITY, 0, 254),
        (number::NORM_PUSH, 0, 1),
    ] {
        for (value, fits) in [
            (least - 1, false),
            (least, true),
            (greatest, true),
            (greatest + 1, false),
        ] {
            let value = i32::to_ne_bytes(value);
            let result = set_any(&mut fresh(1), number, Some(&value));
            assert_eq!(result.is_ok(), fits, "option {number}, {value:?}");
        }
        assert_eq!(
            set(&mut fresh(1), number, Some(&[0; 4]), 4),
            Err(Errno::EINVAL)
        );
    }
}

#[test]
fn sockets_take_over_from_their_context() {
    let context = ContextDefaults {
        ipv6: true,
        blocky: false,
        zero_copy_recv: false,
    };
    for kind in KINDS {
        let options = Options::new(kind, &context);
        assert!(options.ipv6 && !options.zero_copy_recv);
        assert_eq!(options.linger, 0);
    }
    assert_eq!(fresh(kind::PUSH).linger, -1);
    assert_eq!(fresh(kind::DISH).linger, 0);
    assert!(!fresh(kind::PUSH).ipv6);
}
