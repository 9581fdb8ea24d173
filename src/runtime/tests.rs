//! Pipes: what is counted, who is told, what is left when an end goes.

mod mailboxes;
mod runs;

use std::sync::Arc;

use parking_lot::Mutex;

use super::*;
use crate::msg::{Metadata, Msg, Spent, flag};

/// A mailbox that remembers.
#[derive(Default)]
struct Memory(Mutex<Vec<(u32, u32)>>);

impl Mailbox for Memory {
    fn deliver(&self, token: u32, marks: u32) {
        self.0.lock().push((token, marks));
    }
}

impl Memory {
    fn take(&self) -> Vec<(u32, u32)> {
        std::mem::take(&mut self.0.lock())
    }
}

fn msg(text: &str) -> Msg {
    Msg::from_slice(text.as_bytes()).unwrap()
}

fn part(text: &str) -> Msg {
    let mut msg = msg(text);
    msg.set(flag::MORE);
    msg
}

fn limits(send: i32, receive: i32) -> Limits {
    Limits {
        send: Some(send),
        receive: Some(receive),
    }
}

fn owned(limits: [Limits; 2]) -> (Pipe, Arc<Memory>, Pipe, Arc<Memory>) {
    let (a, b) = pair(limits, Conflate::default());
    let (to_a, to_b) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
    a.set_owner(to_a.clone());
    b.set_owner(to_b.clone());
    a.set_token(1);
    b.set_token(2);
    (a, to_a, b, to_b)
}

fn write_all(pipe: &mut Pipe) -> usize {
    let mut count = 0;
    while pipe.write(msg("x")).is_ok() {
        pipe.flush();
        count += 1;
    }
    count
}

#[test]
fn the_high_water_mark_is_the_sum_of_both_ends() {
    for (send, receive, expected) in [(2, 3, 5), (1, 1, 2), (10, 20, 30)] {
        let (mut a, _, _b, _) = owned([limits(send, 7), limits(9, receive)]);
        assert_eq!(write_all(&mut a), expected);
    }
    let (mut a, _, _b, _) = owned([limits(4, 4), Limits::NONE]);
    assert_eq!(write_all(&mut a), 4);
    for unlimited in [[limits(0, 1), limits(1, 5)], [limits(5, 1), limits(1, 0)]] {
        let (mut a, _, _b, _) = owned(unlimited);
        for _ in 0..5000 {
            assert!(a.write(msg("x")).is_ok());
        }
    }
}

#[test]
fn a_full_writer_is_released_when_half_is_read() {
    let (mut a, to_a, mut b, _) = owned([limits(10, 10), Limits::NONE]);
    assert_eq!(write_all(&mut a), 10);
    for _ in 0..4 {
        assert!(b.read().is_some());
        assert!(!a.writable());
    }
    assert_eq!(to_a.take(), []);
    assert!(b.read().is_some());
    assert_eq!(to_a.take(), [(1, mark::WRITABLE)]);
    assert_eq!(write_all(&mut a), 5);
}

#[test]
fn a_message_is_seen_whole_or_not_at_all() {
    let (mut a, _, mut b, to_b) = owned([limits(1, 1), Limits::NONE]);
    assert!(b.read().is_none());
    for text in ["1", "2"] {
        assert!(a.write(part(text)).is_ok());
        a.flush();
        assert!(b.read().is_none());
    }
    assert_eq!(to_b.take(), []);
    assert!(a.write(msg("3")).is_ok());
    a.flush();
    assert_eq!(to_b.take(), [(2, mark::READABLE)]);
    let texts: Vec<Vec<u8>> = std::iter::from_fn(|| b.read())
        .map(|m| m.data().to_vec())
        .collect();
    assert_eq!(texts, [b"1", b"2", b"3"]);
    assert!(a.write(part("lost")).is_ok());
    a.rollback();
    assert!(a.write(msg("kept")).is_ok());
    a.flush();
    assert_eq!(b.read().unwrap().data(), b"kept");
}

#[test]
fn a_reader_is_told_once_and_only_when_it_waits() {
    let (mut a, _, mut b, to_b) = owned([limits(0, 0), Limits::NONE]);
    assert!(a.write(msg("1")).is_ok());
    a.flush();
    assert_eq!(to_b.take(), [], "it has not looked yet");
    assert!(b.read().is_some());
    assert!(b.read().is_none());
    for _ in 0..3 {
        assert!(a.write(msg("2")).is_ok());
        a.flush();
    }
    assert_eq!(to_b.take(), [(2, mark::READABLE)]);
}

#[test]
fn a_reader_may_be_told_later_but_is_told_once() {
    let (mut a, _, mut b, to_b) = owned([limits(10, 10), Limits::NONE]);
    let mut write = |b: &mut Pipe| {
        assert!(b.read().is_none());
        assert!(a.write(msg("x")).is_ok());
        a.flush_later();
        // It is shown, and nobody heard.
        assert!(b.readable() && to_b.take().is_empty());
        assert!(b.read().is_some());
        a.take_owed()
    };
    for _ in 0..2 {
        let owed = write(&mut b);
        owed.unwrap().tell();
        assert_eq!(to_b.take(), [(2, mark::READABLE)]);
    }
    assert!(a.take_owed().is_none());
    // Who forgets to take it pays with the next flush, or at the end.
    for end in [false, true] {
        assert!(b.read().is_none());
        assert!(a.write(msg("y")).is_ok());
        a.flush_later();
        if end {
            a.retire();
            assert_eq!(to_b.take(), [(2, mark::READABLE), (2, mark::CLOSED)]);
        } else {
            a.flush();
            assert_eq!(to_b.take(), [(2, mark::READABLE)]);
            assert!(b.read().is_some());
        }
    }
}

#[test]
fn what_was_written_outlives_the_writer() {
    let (mut a, _, mut b, to_b) = owned([limits(5, 5), Limits::NONE]);
    assert!(a.write(msg("last")).is_ok());
    assert!(a.write(part("half")).is_ok());
    drop(a);
    assert_eq!(to_b.take(), [(2, mark::CLOSED)]);
    assert!(!b.is_finished());
    assert!(b.write(msg("nobody reads")).is_err());
    assert_eq!(b.read().unwrap().data(), b"last");
    assert!(b.read().is_none());
    assert!(b.is_finished());
}

#[test]
fn conflation_keeps_the_newest() {
    let (mut a, mut b) = pair(
        [limits(1, 1), limits(1, 1)],
        Conflate {
            outgoing: true,
            incoming: true,
        },
    );
    assert!(!b.readable());
    for text in ["1", "2", "3"] {
        assert!(a.write(msg(text)).is_ok());
        a.flush();
    }
    assert!(b.readable());
    assert_eq!(b.read().unwrap().data(), b"3");
    assert!(b.read().is_none());
}

#[test]
fn metadata_and_routing_ids_travel_uncounted() {
    let (mut a, _, mut b, _) = owned([limits(1, 1), Limits::NONE]);
    let mut about = Msg::empty();
    about.set(flag::METADATA);
    about.set_metadata(Some(Arc::new(Metadata::new(9))));
    assert!(a.write(about).is_ok());
    let mut id = msg("id");
    id.set(flag::ROUTING_ID);
    assert!(a.write(id.share()).is_ok());
    assert!(a.write(msg("body")).is_ok());
    assert!(a.write(id).is_ok());
    a.flush();
    b.want_routing_ids();
    assert!(b.next_is_routing_id());
    assert_eq!(b.read().unwrap().data(), b"id");
    assert_eq!(b.read().unwrap().data(), b"body");
    assert_eq!(b.metadata().unwrap().fd, 9);
    assert!(b.next_is_routing_id());
}

#[test]
fn raising_the_mark_of_a_live_pipe_releases_the_writer() {
    let (mut a, to_a, b, _) = owned([limits(2, 2), limits(2, 2)]);
    assert_eq!(write_all(&mut a), 4);
    a.set_limits(limits(5, 2));
    assert_eq!(to_a.take(), [(1, mark::WRITABLE)]);
    assert_eq!(write_all(&mut a), 3);
    b.set_limits(limits(2, 4));
    assert_eq!(write_all(&mut a), 2);
}

#[test]
fn an_early_acknowledgement_releases_a_writer_that_waits() {
    let (mut a, to_a, mut b, _) = owned([limits(10, 0), Limits::NONE]);
    let written = write_all(&mut a);
    a.flush();
    b.acknowledge_early();
    assert_eq!(to_a.take(), []);
    for _ in 0..3 {
        assert!(b.read().is_some());
    }
    assert_eq!((written, to_a.take()), (10, vec![]));
    b.acknowledge_early();
    assert_eq!(to_a.take(), [(1, mark::WRITABLE)]);
    assert_eq!(write_all(&mut a), 3);
}

fn party(owner: u64, wants_routing_ids: bool) -> Party {
    let routing_id = format!("party {owner}").into_bytes();
    Party {
        owner,
        limits: limits(10, 10),
        routing_id,
        wants_routing_ids,
        hello: Vec::new(),
        farewell: Vec::new(),
    }
}

#[test]
fn inproc_connects_before_and_after_bind() {
    let names = Names::new();
    let (server, client) = (Arc::new(Inbox::new()), Arc::new(Inbox::new()));
    let mut early = names
        .connect(
            b"name",
            party(2, false),
            client.clone(),
            Conflate::default(),
            false,
        )
        .unwrap();
    assert!(early.write(msg("early")).is_ok());
    early.flush();
    names.bind(b"name", party(1, true), server.clone()).unwrap();
    assert_eq!(
        names.bind(b"name", party(3, false), client.clone()),
        Err(Errno::EADDRINUSE)
    );
    let _late = names
        .connect(
            b"name",
            party(2, true),
            client.clone(),
            Conflate::default(),
            false,
        )
        .unwrap();
    let (mut marks, mut attached) = (Vec::new(), Vec::new());
    assert!(server.is_dirty());
    server.take(&mut marks, &mut attached);
    assert_eq!(attached.len(), 2);
    let mut first = attached.remove(0).pipe;
    first.want_routing_ids();
    assert_eq!(first.read().unwrap().data(), b"party 2");
    assert_eq!(first.read().unwrap().data(), b"early");
    assert_eq!(write_all(&mut first), 20);
    names.forget(1);
    let refused = names.connect(b"name", party(2, false), client, Conflate::default(), true);
    assert_eq!(refused.err(), Some(Errno::ECONNREFUSED));
}

#[test]
fn a_monitor_nobody_reads_keeps_the_newest_events() {
    let names = Names::new();
    let sink = EventSink::new();
    sink.raise(number::LISTENING, 1, &Ends::bound("unheard"));
    sink.start(0xFFFF, (Version::One, Audience::One), b"mon", 7);
    names
        .bind(b"mon", party(7, false), Arc::new(EventPort(sink.clone())))
        .unwrap();
    for value in 0..3000 {
        sink.raise(number::ACCEPTED, value, &Ends::bound("tcp://somewhere"));
    }
    let reader = Arc::new(Inbox::new());
    let mut pipe = names
        .connect(
            b"mon",
            party(8, false),
            reader.clone(),
            Conflate::default(),
            false,
        )
        .unwrap();
    let mut values = Vec::new();
    while let Some(head) = pipe.read() {
        values.push(u32::from_ne_bytes(head.data()[2..].try_into().unwrap()));
        assert_eq!(pipe.read().unwrap().data(), b"tcp://somewhere");
    }
    assert_eq!(values, (2000..3000).collect::<Vec<u32>>());
    assert_eq!(sink.stop(), Some((b"mon".to_vec(), 7)));
    assert_eq!(
        u16::from_ne_bytes(pipe.read().unwrap().data()[..2].try_into().unwrap()),
        0x400
    );
    assert!(pipe.read().is_some() && pipe.read().is_none());
    assert!(pipe.is_finished());
}

#[test]
fn shares_hold_the_wait() {
    let shares = Shares::new();
    let share = shares.share();
    let other = share.clone();
    let waiter = {
        let shares = shares.clone();
        std::thread::spawn(move || shares.wait())
    };
    drop(share);
    drop(other);
    assert_eq!(waiter.join().unwrap(), Ok(()));
}

use crate::errno::Errno;

#[test]
fn a_retired_end_writes_no_more_and_lets_the_other_be_read() {
    let (mut a, to_a, mut b, _) = owned([limits(5, 5), Limits::NONE]);
    assert!(a.write(msg("asked for")).is_ok());
    a.flush();
    b.retire();
    assert_eq!(to_a.take(), [(1, mark::CLOSED)]);
    assert!(a.write(msg("too late")).is_err());
    assert!(b.write(msg("too late")).is_err());
    assert!(a.read().is_none());
    assert!(a.is_finished());
    assert_eq!(b.read().unwrap().data(), b"asked for");
    assert!(!b.is_finished());
    drop(a);
    assert!(b.read().is_none());
    assert!(b.is_finished());
}

#[test]
fn room_made_meanwhile_is_heard_of_before_it_counts() {
    let (mut a, to_a, mut b, _) = owned([limits(4, 4), Limits::NONE]);
    for _ in 0..4 {
        assert!(a.writable_as_heard());
        assert!(a.write(msg("x")).is_ok());
        a.flush();
    }
    while b.read().is_some() {}
    assert!(!a.writable_as_heard());
    assert_eq!(to_a.take(), [(1, mark::WRITABLE)]);
    assert!(a.writable_as_heard());
}

#[test]
fn a_mark_that_appears_releases_a_writer_that_waits() {
    // Connected to a name that is not bound: only the connecter's mark counts.
    let (mut a, to_a, b, _) = owned([limits(4, 4), Limits::NONE]);
    assert_eq!(write_all(&mut a), 4);
    b.claim_limits(limits(100, 100));
    assert_eq!(to_a.take(), [(1, mark::WRITABLE)]);
    assert_eq!(write_all(&mut a), 100);
}

#[test]
fn lowering_a_mark_strands_nobody() {
    let (mut a, to_a, mut b, to_b) = owned([limits(1000, 1000), Limits::NONE]);
    for _ in 0..499 {
        assert!(a.write(msg("x")).is_ok());
    }
    a.flush();
    while b.read().is_some() {}
    a.set_limits(limits(10, 10));
    assert!(!a.writable());
    assert!(
        to_b.take()
            .iter()
            .any(|(_, marks)| marks & mark::READABLE != 0)
    );
    to_a.take();
    assert!(!b.readable());
    assert_eq!(to_a.take(), [(1, mark::WRITABLE)]);
    assert_eq!(write_all(&mut a), 10);
}

#[test]
fn what_must_be_heard_goes_into_a_full_pipe_too() {
    let (mut a, _, mut b, to_b) = owned([limits(2, 2), Limits::NONE]);
    assert!(b.read().is_none());
    assert_eq!(write_all(&mut a), 2);
    assert!(a.write(part("half")).is_err());
    to_b.take();
    a.write_anyway(b"news");
    assert!(!a.writable());
    assert_eq!(a.unread(), 3);
    for expected in [b"x".as_slice(), b"x", b"news"] {
        assert_eq!(b.read().unwrap().data(), expected);
    }
    assert!(a.writable());
    // A message that was begun makes room for it, and nobody hears of that.
    assert!(a.write(part("half")).is_ok());
    a.write_anyway(b"more news");
    assert!(a.write(msg("whole")).is_ok());
    a.flush();
    assert_eq!(b.read().unwrap().data(), b"more news");
    assert_eq!(b.read().unwrap().data(), b"whole");
    drop(b);
    a.write_anyway(b"for nobody");
}

#[test]
fn a_farewell_is_read_last_and_once() {
    let (mut a, _, mut b, _) = owned([limits(1, 1), limits(1, 1)]);
    b.await_farewell(b"gone");
    b.await_farewell(b"another one");
    a.await_farewell(b"");
    assert_eq!(write_all(&mut a), 2);
    a.retire();
    drop(a);
    let heard: Vec<Vec<u8>> = std::iter::from_fn(|| b.read())
        .map(|msg| msg.data().to_vec())
        .collect();
    assert_eq!(heard, [b"x".to_vec(), b"x".to_vec(), b"gone".to_vec()]);
    assert!(b.is_finished());
}

#[test]
fn short_parts_are_taken_from_where_they_are() {
    let (mut a, _, mut b, _) = owned([limits(2, 2), Limits::NONE]);
    let marked = |mark| {
        let mut msg = msg("marked");
        msg.set(mark);
        msg
    };
    let long = Msg::with_size(256).unwrap();
    let mut known = msg("known");
    known.set_metadata(Some(Arc::new(Metadata::new(7))));
    let taken = |pipe: &mut Pipe| {
        let mut short = None;
        let took = pipe.take_short(&mut Spent::new(), |part| {
            short = Some((part.data().to_vec(), part.more()));
        });
        assert_eq!(took, short.is_some());
        short
    };
    assert_eq!(taken(&mut b), None);
    for others in [marked(flag::SUBSCRIBE), marked(flag::METADATA), long, known] {
        let (len, counted) = (others.len(), !others.has(flag::METADATA));
        assert!(a.write(others).is_ok());
        a.flush();
        assert_eq!(taken(&mut b), None, "left where it is");
        assert_eq!(b.take_part().map(|part| part.len()), counted.then_some(len));
    }
    assert!(a.write(part("first")).is_ok() && a.write(msg("last")).is_ok());
    a.flush();
    assert_eq!(taken(&mut b), Some((b"first".to_vec(), true)));
    assert!(b.is_mid_read());
    assert_eq!(taken(&mut b), Some((b"last".to_vec(), false)));
    assert!(!b.is_mid_read());
    assert!(a.write(Msg::from_slice(&[7; 255]).unwrap()).is_ok());
    a.flush();
    assert_eq!(taken(&mut b), Some((vec![7; 255], false)));
    // They count as read like any other.
    for _ in 0..20 {
        assert_eq!(write_all(&mut a), 2);
        assert!(taken(&mut b).is_some() && taken(&mut b).is_some());
    }
}

#[test]
fn messages_of_one_part_go_straight_and_nothing_else_does() {
    let (mut a, _, mut b, to_b) = owned([limits(2, 2), Limits::NONE]);
    let mut place = msg("what was there");
    let straight = |pipe: &mut Pipe, place: &mut Msg| {
        let read = pipe.read_straight(place, &mut Spent::default());
        (read, String::from_utf8_lossy(place.data()).into_owned())
    };
    let unread = (false, "what was there".to_owned());
    assert_eq!(straight(&mut b, &mut place), unread);
    // Who finds nothing asks for nothing.
    assert_eq!(a.put_straight(&mut msg("one")), Some(false));
    assert_eq!(straight(&mut b, &mut place), (true, "one".to_owned()));
    assert!(b.take_part().is_none());
    let mut known = msg("two");
    known.set_metadata(Some(Arc::new(Metadata::new(7))));
    known.routing_id = 7;
    known.set(flag::MORE | flag::SHARED);
    assert_eq!(a.put_straight(&mut known), Some(true), "it was asked");
    assert!(known.is_empty() && known.flags() == 0 && known.metadata().is_none());
    assert_eq!(straight(&mut b, &mut place), (true, "two".to_owned()));
    assert!(place.metadata().is_none() && place.routing_id == 0);
    assert_eq!(place.flags(), flag::SHARED);
    // Parts of a message, what is not counted, and what comes from elsewhere.
    place = msg("what was there");
    assert!(a.write(part("first")).is_ok());
    assert_eq!(a.put_straight(&mut msg("between")), None);
    assert!(a.write(msg("last")).is_ok());
    a.flush();
    assert_eq!(straight(&mut b, &mut place), unread);
    assert!(b.read_into(&mut place) && place.more());
    assert_eq!(straight(&mut b, &mut place), (true, "last".to_owned()));
    place = msg("what was there");
    let mut from = Msg::empty();
    from.set(flag::METADATA);
    from.set_metadata(Some(Arc::new(Metadata::new(9))));
    assert!(a.write(from).is_ok() && a.write(msg("known")).is_ok());
    a.flush();
    assert_eq!(straight(&mut b, &mut place), unread);
    assert!(b.read_into(&mut place));
    assert_eq!(place.metadata().map(|found| found.fd), Some(9));
    // The mark holds here too, and reads are acknowledged.
    for _ in 0..20 {
        // To look for room that was made is not for who goes straight.
        assert!(a.writable());
        let mut next = msg("x");
        while a.put_straight(&mut next).is_some() {
            next = msg("x");
        }
        assert_eq!(next.data(), b"x", "not taken");
        let mut count = 0;
        while b.read_straight(&mut place, &mut Spent::default()) {
            assert_eq!(place.metadata().map(|found| found.fd), Some(9));
            count += 1;
        }
        assert_eq!(count, 2);
    }
    a.retire();
    assert_eq!(a.put_straight(&mut msg("late")), None);
    drop(to_b);
}
