//! Context options against what a genuine libzmq does with them.

use super::observed::{arguments, hex, observed, octets};
use crate::errno::Errno;
use crate::options::context::{ContextOptions, number};
use std::collections::HashMap;

#[test]
fn contexts_set_and_get_as_in_libzmq() {
    let mut defaults = HashMap::new();
    for line in observed("ctxget") {
        defaults.insert(line[0].parse::<i32>().expect("an option"), line[1]);
    }
    for option in -1..=128 {
        let ours = ContextOptions::default()
            .get(option)
            .map(|value| value.to_string());
        let theirs = defaults.get(&option).map(|text| (*text).to_owned());
        assert_eq!(ours.ok(), theirs, "option {option}");
    }
    for sort in ["ctxset", "ctxsetext"] {
        let mut accepted = HashMap::new();
        for line in observed(sort) {
            for argument in &line[3..] {
                let option = line[0].parse::<i32>().expect("an option");
                assert_eq!(accepted.insert((option, *argument), line[1]), None);
            }
        }
        for option in 0..=128 {
            for argument in arguments() {
                let value = octets(argument);
                let int = value.as_deref().and_then(|value| value.try_into().ok());
                let mut context = ContextOptions::default();
                let result = match (sort, int) {
                    ("ctxset", Some(int)) if argument.starts_with('i') => {
                        context.set(option, i32::from_ne_bytes(int))
                    }
                    ("ctxset", _) => continue,
                    _ => context.set_ext(option, value.as_deref()),
                };
                let what = format!("{sort} {option} {argument}");
                match accepted.remove(&(option, argument)) {
                    None => assert_eq!(result, Err(Errno::EINVAL), "{what}"),
                    Some(says) => {
                        assert_eq!(result, Ok(()), "{what}");
                        let now = context.get(option).ok().map(|now| now.to_string());
                        match says {
                            "-" => assert_eq!(now, None, "{what}"),
                            "=" => assert_eq!(now.as_deref(), Some(&argument[1..]), "{what}"),
                            text => assert_eq!(now.as_deref(), Some(text), "{what}"),
                        }
                    }
                }
            }
        }
        assert!(accepted.is_empty(), "never compared: {accepted:?}");
    }
}

#[test]
fn contexts_read_into_buffers_as_in_libzmq() {
    let lengths = observed("lengths").next().expect("the line of lengths");
    let mut compared = 0;
    for line in observed("ctxgetext") {
        let option: i32 = line[0].parse().expect("an option");
        let mut context = ContextOptions::default();
        if line[1] != "-" {
            let value = octets(line[1]);
            context
                .set_ext(option, value.as_deref())
                .expect("what libzmq accepts");
        }
        for length in &lengths {
            let what = format!("option {option} after {}, length {length}", line[1]);
            let mut buffer = vec![0xaa; length.parse().expect("a length")];
            let result = context.get_ext(option, &mut buffer);
            let answer = line[2..]
                .iter()
                .find_map(|answer| answer.strip_prefix(length)?.strip_prefix(':'));
            let Some((new_length, content)) = answer.and_then(|answer| answer.split_once(':'))
            else {
                assert_eq!(result, Err(Errno::EINVAL), "{what}");
                continue;
            };
            assert_eq!(
                result.map(|length| length.to_string()),
                Ok(new_length.to_owned())
            );
            assert_eq!(buffer, hex(content), "{what}");
            compared += 1;
        }
    }
    assert!(compared > 50);
}

#[test]
fn contexts_take_cpus_away_only_if_they_are_there() {
    let mut context = ContextOptions::default();
    assert_eq!(
        context.set(number::THREAD_AFFINITY_CPU_REMOVE, 3),
        Err(Errno::EINVAL)
    );
    assert_eq!(context.set(number::THREAD_AFFINITY_CPU_ADD, 3), Ok(()));
    assert_eq!(context.set(number::THREAD_AFFINITY_CPU_ADD, 1), Ok(()));
    assert_eq!(context.set(number::THREAD_AFFINITY_CPU_REMOVE, 3), Ok(()));
    assert_eq!(
        context.set(number::THREAD_AFFINITY_CPU_REMOVE, 3),
        Err(Errno::EINVAL)
    );
    assert_eq!(Vec::from_iter(context.thread_affinity_cpus), [1]);
    assert_eq!(context.thread_priority, -1);
}
