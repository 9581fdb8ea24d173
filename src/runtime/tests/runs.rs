//! Runs in pipes: what they count as, and what else is written around them.

use super::super::runs as encoded;
use super::*;
use crate::queue::RunWriter;

/// A run in a pipe.
fn begin(pipe: &mut Pipe, limit: u32) -> RunWriter {
    let run = RunWriter::new(1, limit).unwrap();
    pipe.put_run(&run, 0);
    pipe.flush();
    run
}

fn add(run: &mut RunWriter, text: &str) -> Option<bool> {
    encoded::add(run, &msg(text))
}

/// All messages as they are encoded.
fn octets(pipe: &mut Pipe) -> (u32, Vec<u8>) {
    let mut found = Vec::new();
    let count = pipe.take_run(|octets| found.extend_from_slice(octets));
    (count, found)
}

fn texts(pipe: &mut Pipe) -> Vec<String> {
    std::iter::from_fn(|| pipe.read())
        .map(|msg| String::from_utf8_lossy(msg.data()).into_owned())
        .collect()
}

#[test]
fn a_run_is_read_in_its_place_whichever_way() {
    let (mut a, _, mut b, _) = owned([limits(0, 0), Limits::NONE]);
    for way in ["one by one", "at once"] {
        assert!(a.write(msg("before")).is_ok());
        let mut run = begin(&mut a, 10);
        assert_eq!(add(&mut run, "first"), Some(false));
        assert_eq!(add(&mut run, ""), Some(false));
        let long = "x".repeat(255);
        assert_eq!(add(&mut run, &long), Some(false));
        assert!(!encoded::may_run(&msg(&"x".repeat(256))) && !encoded::may_run(&part("more")));
        assert_eq!(b.take_part().unwrap().data(), b"before");
        if way == "one by one" {
            assert_eq!(texts(&mut b), ["first", "", &long]);
        } else {
            let encoded = [b"\0\x05first\0\0\0\xff".as_slice(), long.as_bytes()].concat();
            assert_eq!(octets(&mut b), (3, encoded));
            assert_eq!(octets(&mut b), (0, Vec::new()));
            assert!(!b.take_short(&mut Spent::new(), |_| panic!("there is none")));
        }
        // What is added later is found all the same, and what is written behind it comes after it.
        assert!(add(&mut run, "late").is_some());
        assert!(a.write(msg("after")).is_ok());
        a.flush();
        assert_eq!(add(&mut run, "too late"), None);
        assert_eq!(texts(&mut b), ["late", "after"]);
    }
}

#[test]
fn runs_follow_each_other() {
    let (mut a, _, mut b, _) = owned([limits(0, 0), Limits::NONE]);
    let mut first = begin(&mut a, 1);
    assert!(add(&mut first, "1").is_some());
    let mut second = begin(&mut a, 2);
    assert!(add(&mut second, "2").is_some());
    assert_eq!(octets(&mut b), (1, b"\0\x011".to_vec()));
    assert_eq!(octets(&mut b), (1, b"\0\x012".to_vec()));
    assert!(add(&mut second, "3").is_some());
    drop((first, second));
    assert_eq!(texts(&mut b), ["3"]);
    // One that brings nothing is no obstacle.
    drop(begin(&mut a, 5));
    assert!(a.write(msg("4")).is_ok());
    a.flush();
    assert!(b.readable());
    assert_eq!(texts(&mut b), ["4"]);
}

#[test]
fn who_reads_a_run_to_its_end_is_told_of_more() {
    let (mut a, _, mut b, to_b) = owned([limits(0, 0), Limits::NONE]);
    let mut run = begin(&mut a, 10);
    assert_eq!(add(&mut run, "1"), Some(false));
    for look in [Pipe::readable, |pipe: &mut Pipe| pipe.take_part().is_some()] {
        assert!(b.take_part().is_some() && !look(&mut b));
        assert_eq!(add(&mut run, "2"), Some(true));
        run.each_asking(|number| assert!(number == 0 && a.announce_run()));
        assert!(!a.announce_run(), "once");
        assert!(b.readable());
    }
    // By a message of its own, too, and by the end.
    assert!(b.take_part().is_some() && b.take_part().is_none());
    to_b.take();
    assert!(a.write(msg("x")).is_ok());
    a.flush();
    assert_eq!(to_b.take(), [(2, mark::READABLE)]);
    assert_eq!(texts(&mut b), ["x"]);
    let mut run = begin(&mut a, 10);
    assert!(add(&mut run, "last").is_some());
    assert_eq!(texts(&mut b), ["last"]);
    drop(a);
    assert!(
        to_b.take()
            .iter()
            .any(|(_, marks)| marks & mark::CLOSED != 0)
    );
    assert!(texts(&mut b).is_empty() && b.is_finished());
    drop(run);
}

#[test]
fn the_mark_counts_what_came() {
    let (mut a, to_a, mut b, _) = owned([limits(20, 20), Limits::NONE]);
    assert_eq!(a.room_for_run(), 0, "nobody wants one");
    b.take_runs(true);
    assert_eq!(a.room_for_run(), 20);
    let mut run = begin(&mut a, 20);
    assert_eq!(a.unread(), 0);
    for _ in 0..5 {
        assert!(add(&mut run, "x").is_some());
    }
    assert_eq!(a.unread(), 5);
    // Whoever writes something else finds the room that was not used.
    assert_eq!(a.room_for_run(), 15);
    assert_eq!(add(&mut run, "x"), None);
    assert_eq!(write_all(&mut a), 15);
    assert_eq!(a.room_for_run(), 0);
    assert!(!a.writable());
    // Read at once they count one by one, too.
    to_a.take();
    assert_eq!(octets(&mut b).0, 5);
    assert_eq!(to_a.take(), []);
    for _ in 0..5 {
        assert!(b.read().is_some());
    }
    assert_eq!(to_a.take(), [(1, mark::WRITABLE)]);
    assert_eq!(a.room_for_run(), 10);
    // A reader that is gone reads no more of a run than of anything.
    drop(begin(&mut a, 10));
    drop(b);
    assert_eq!(a.room_for_run(), 0);
}

#[test]
fn a_writer_that_goes_leaves_what_it_added() {
    let (mut a, _, mut b, _) = owned([limits(10, 10), Limits::NONE]);
    let mut run = begin(&mut a, 20);
    assert!(add(&mut run, "1").is_some() && add(&mut run, "2").is_some());
    b.await_farewell(b"gone");
    drop(a);
    assert!(!b.is_finished() && !b.was_silent());
    assert_eq!(b.read().unwrap().data(), b"1");
    assert!(!b.is_finished());
    assert_eq!(texts(&mut b), ["2", "gone"]);
    assert!(b.is_finished());
    // What nobody reads goes with the pipe.
    let (mut a, _, mut b, _) = owned([limits(10, 10), Limits::NONE]);
    let mut run = begin(&mut a, 20);
    assert!(add(&mut run, "1").is_some());
    b.discard_incoming();
    assert!(b.read().is_none());
    assert!(add(&mut run, "2").is_some());
    drop((a, b));
}
