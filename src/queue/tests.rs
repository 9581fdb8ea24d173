//! The queue against a model, with threads, and for what it leaves behind.

mod runs;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::errno::Errno;

#[derive(Debug, Clone)]
enum Step {
    Push,
    Publish,
    Announce,
    Ask,
    Pop,
    PopEven,
    PopOver,
    Peek,
}

proptest! {
    #[test]
    fn behaves_like_a_deque(steps in prop::collection::vec(
        prop_oneof![
            6 => Just(Step::Push), 1 => Just(Step::Publish), 1 => Just(Step::Announce),
            1 => Just(Step::Ask), 4 => Just(Step::Pop), 2 => Just(Step::PopEven), 2 => Just(Step::PopOver), 2 => Just(Step::Peek),
        ],
        0..2000,
    )) {
        let token = Arc::new(());
        let (mut producer, mut consumer) = channel();
        let (mut hidden, mut visible) = (VecDeque::new(), VecDeque::new());
        let mut next = 0_u32;
        let mut asked = false;
        for step in steps {
            match step {
                Step::Push => {
                    producer.push((next, token.clone()));
                    hidden.push_back(next);
                    next += 1;
                }
                Step::Publish => {
                    producer.publish();
                    visible.append(&mut hidden);
                    asked = false;
                }
                Step::Announce => {
                    prop_assert_eq!(producer.announce(), std::mem::take(&mut asked));
                    visible.append(&mut hidden);
                }
                Step::Ask => {
                    prop_assert_eq!(consumer.ask(), visible.is_empty());
                    asked |= visible.is_empty();
                }
                Step::Pop => prop_assert_eq!(consumer.pop().map(|(n, _)| n), visible.pop_front()),
                Step::PopEven => {
                    let even = consumer.pop_if(|(n, _)| n % 2 == 0).map(|(n, _)| n);
                    let is_even = visible.front().is_some_and(|n| n % 2 == 0);
                    let expected = if is_even { visible.pop_front() } else { None };
                    prop_assert_eq!(even, expected);
                }
                Step::PopOver => {
                    let mut place = (u32::MAX, token.clone());
                    let odd = consumer.pop_over(&mut place, |place, (n, _)| {
                        let odd = n % 2 == 1;
                        if odd {
                            // What is forgotten is let go of here.
                            drop(std::mem::replace(&mut place.1, Arc::new(())));
                        }
                        odd
                    });
                    let is_odd = visible.front().is_some_and(|n| n % 2 == 1);
                    prop_assert_eq!(odd, is_odd);
                    let expected = if is_odd { visible.pop_front() } else { None };
                    prop_assert_eq!(place.0, expected.unwrap_or(u32::MAX));
                }
                Step::Peek => prop_assert_eq!(consumer.peek().map(|(n, _)| *n), visible.front().copied()),
            }
        }
        // What was never popped, or never even published, is dropped with the queue.
        if next.is_multiple_of(2) { drop(producer); drop(consumer); } else { drop(consumer); drop(producer); }
        prop_assert_eq!(Arc::strong_count(&token), 1);
    }
}

#[test]
fn order_survives_two_threads() {
    const COUNT: usize = 200_000;
    let (mut producer, mut consumer) = channel();
    let writer = std::thread::spawn(move || {
        for i in 0..COUNT {
            producer.push(i);
            if i % 7 == 0 {
                producer.publish();
            }
        }
        producer.publish();
    });
    let mut expected = 0;
    while expected < COUNT {
        match consumer.pop() {
            Some(item) => {
                assert_eq!(item, expected);
                expected += 1;
            }
            None => std::thread::yield_now(),
        }
    }
    writer.join().unwrap();
    assert!(consumer.pop().is_none());
}

/// A reader that sleeps whenever it finds nothing, told by the queue or by a notice.
fn sleeper(by_queue: bool) {
    const COUNT: usize = 20_000;
    let (mut producer, mut consumer) = channel();
    let notice = Arc::new(Notice::new());
    let (told, waiting) = std::sync::mpsc::channel::<()>();
    let writer_notice = notice.clone();
    let writer = std::thread::spawn(move || {
        for i in 0..COUNT {
            producer.push(i);
            let asked = if by_queue {
                producer.announce()
            } else {
                producer.publish();
                writer_notice.fire()
            };
            if asked {
                told.send(()).unwrap();
            }
        }
    });
    let mut expected = 0;
    loop {
        while let Some(item) = consumer.pop() {
            assert_eq!(item, expected);
            expected += 1;
        }
        if expected == COUNT {
            break;
        }
        if by_queue {
            if !consumer.ask() {
                continue;
            }
        } else {
            notice.arm();
            if consumer.available() {
                notice.disarm();
                continue;
            }
        }
        waiting
            .recv_timeout(Duration::from_secs(10))
            .expect("a wake-up was lost");
    }
    writer.join().unwrap();
}

#[test]
fn a_sleeper_is_never_forgotten_by_the_queue() {
    sleeper(true);
}

#[test]
fn a_sleeper_is_never_forgotten_by_a_notice() {
    sleeper(false);
}

#[test]
fn a_parker_wakes_before_during_and_after() {
    let parker = Parker::current();
    parker.reset();
    parker.unpark();
    parker.park(None).unwrap();
    parker.reset();
    let before = Instant::now();
    parker
        .park(Some(before + Duration::from_millis(20)))
        .unwrap();
    assert!(before.elapsed() >= Duration::from_millis(20));
    // The descriptor is the same, for those who wait for others too. One who calls while they
    // prepare for that does not make them miss the next one.
    parker.clear();
    parker.unpark();
    parker.reset();
    parker.clear();
    parker.reset();
    parker.unpark();
    crate::sys::wait_readable(parker.fd().unwrap(), None).unwrap();
    parker.reset();
    let other = parker.clone();
    let waker = std::thread::spawn(move || other.unpark());
    parker.park(None).unwrap();
    waker.join().unwrap();
}

#[test]
fn a_sleeper_whose_descriptor_was_closed_sleeps_and_wakes_all_the_same() {
    let parker = Parker::current();
    let numbers = parker.descriptors();
    // The numbers must stay free: nobody else may get them while the parker is asleep.
    // SAFETY: takes and gives back numbers only; what the parker owns is put back below, before
    // the parker closes it. An O_PATH descriptor cannot be polled, as one that is closed cannot.
    let dead = unsafe { libc::open(c"/".as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
    assert!(dead >= 0);
    let keep = |number: &i32| {
        // SAFETY: as above.
        let kept = unsafe { libc::dup(*number) };
        assert!(kept >= 0);
        // SAFETY: as above.
        assert_eq!(unsafe { libc::dup2(dead, *number) }, *number);
        kept
    };
    let kept: Vec<i32> = numbers.iter().map(keep).collect();

    parker.reset();
    let mut items = [-1, dead].map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    let beside = parker.park_among(&mut items, None);
    assert!(matches!(beside, Err(errno) if errno != Errno::EINTR));
    let deadline = Instant::now() + Duration::from_millis(50);
    assert_eq!(parker.park(Some(deadline)), Ok(()));
    assert!(Instant::now() >= deadline);
    let waker = parker.clone();
    let thread = std::thread::spawn(move || waker.unpark());
    assert_eq!(parker.park(None), Ok(()));
    thread.join().unwrap();

    for (kept, number) in kept.into_iter().zip(numbers) {
        // SAFETY: as above.
        unsafe {
            libc::dup2(kept, number);
            libc::close(kept);
        }
    }
    // SAFETY: as above.
    unsafe { libc::close(dead) };
}
