//! Timers under a virtual clock.

use super::*;

fn run(timers: &mut Timers<char>, now: u64) -> String {
    let round = timers.begin_round();
    let mut fired = String::new();
    while let Some((_, name)) = timers.next_due(now, round) {
        fired.push(name);
    }
    fired
}

#[test]
fn timers_repeat_in_the_order_they_are_due() {
    let mut timers = Timers::new();
    assert_eq!(timers.timeout(0), None);
    timers.add(0, 100, 'b').unwrap();
    timers.add(0, 50, 'a').unwrap();
    assert_eq!(timers.timeout(10), Some(40));
    assert_eq!(run(&mut timers, 49), "");
    assert_eq!(run(&mut timers, 50), "a");
    assert_eq!(run(&mut timers, 50), "");
    assert_eq!(run(&mut timers, 120), "ba");
    assert_eq!(timers.timeout(120), Some(50));
    assert_eq!(timers.timeout(500), Some(0));
}

#[test]
fn a_timer_fires_once_a_round_however_late() {
    let mut timers = Timers::new();
    timers.add(0, 0, 'z').unwrap();
    timers.add(0, 1, 'o').unwrap();
    assert_eq!(run(&mut timers, 1000), "zo");
    assert_eq!(run(&mut timers, 1000), "z");
    assert_eq!(run(&mut timers, 1001), "zo");
}

#[test]
fn unknown_and_cancelled_ids_are_einval() {
    let mut timers = Timers::new();
    let id = timers.add(0, 10, 'a').unwrap();
    assert_eq!(timers.cancel(id + 1), Err(Errno::EINVAL));
    assert_eq!(timers.set_interval(0, 0, 5), Err(Errno::EINVAL));
    timers.cancel(id).unwrap();
    assert_eq!(timers.cancel(id), Err(Errno::EINVAL));
    assert_eq!(timers.reset(0, id), Err(Errno::EINVAL));
    assert_eq!(timers.set_interval(0, id, 5), Err(Errno::EINVAL));
    assert_eq!(timers.timeout(0), None);
    assert_eq!(run(&mut timers, 100), "");
}

#[test]
fn changes_while_a_round_runs_are_heeded() {
    let mut timers = Timers::new();
    let first = timers.add(0, 10, 'a').unwrap();
    let second = timers.add(0, 20, 'b').unwrap();
    let third = timers.add(0, 30, 'c').unwrap();
    let round = timers.begin_round();
    assert_eq!(timers.next_due(100, round), Some((first, 'a')));
    timers.cancel(second).unwrap();
    timers.reset(100, third).unwrap();
    timers.add(0, 1, 'd').unwrap();
    assert_eq!(timers.next_due(100, round), None);
    assert_eq!(run(&mut timers, 130), "dac");
}

#[test]
fn a_timer_may_change_itself() {
    let mut timers = Timers::new();
    let id = timers.add(0, 10, 'a').unwrap();
    let round = timers.begin_round();
    assert_eq!(timers.next_due(10, round), Some((id, 'a')));
    timers.set_interval(10, id, 70).unwrap();
    assert_eq!(timers.next_due(10, round), None);
    assert_eq!(timers.timeout(10), Some(70));
    let round = timers.begin_round();
    assert_eq!(timers.next_due(80, round), Some((id, 'a')));
    timers.cancel(id).unwrap();
    assert_eq!(timers.next_due(80, round), None);
    assert_eq!(timers.timeout(80), None);
}

#[test]
fn the_longest_interval_is_never_due() {
    let mut timers = Timers::new();
    timers.add(7, u64::MAX, 'a').unwrap();
    assert_eq!(run(&mut timers, u64::MAX - 1), "");
    assert_eq!(timers.timeout(7), Some(u64::MAX - 7));
}

#[test]
fn ids_start_at_one_and_skip_those_in_use() {
    let mut timers = Timers::new();
    assert_eq!(timers.add(0, 1, 'a'), Ok(1));
    timers.last_id = i32::MAX - 1;
    assert_eq!(timers.add(0, 1, 'b'), Ok(i32::MAX));
    assert_eq!(timers.add(0, 1, 'c'), Ok(2));
}
