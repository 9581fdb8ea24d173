//! ROUTER and STREAM: who is who.

use super::*;
use crate::msg::Metadata;
use crate::options::kind as kinds;

fn router(set: impl FnOnce(&mut Options)) -> Rig {
    Rig::with(kinds::ROUTER, set)
}

#[test]
fn a_router_labels_and_follows_routing_ids() {
    let mut rig = router(|_| {});
    let mut a = rig.named("A");
    let mut b = rig.named("B");
    push(&mut a, &["1", "2"]);
    push(&mut b, &["3"]);
    assert_eq!(rig.recv().unwrap(), "A|1|2");
    assert_eq!(rig.recv().unwrap(), "B|3");
    rig.send(&["B", "x", "y"]).unwrap();
    rig.send(&["A", "z"]).unwrap();
    assert_eq!(drain(&mut b), ["x|y"]);
    assert_eq!(drain(&mut a), ["z"]);
}

#[test]
fn peers_without_an_id_get_different_ones_of_five_octets() {
    let mut rig = router(|_| {});
    let (mut a, mut b) = (rig.named(""), rig.named(""));
    push(&mut a, &["a"]);
    push(&mut b, &["b"]);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = rig.recv_part().unwrap();
        assert!(id.more() && id.len() == 5 && id.data()[0] == 0);
        ids.push(u32::from_be_bytes(id.data()[1..].try_into().unwrap()));
        rig.send_part(id.data(), true).unwrap();
        let body = rig.recv_part().unwrap();
        rig.send_part(body.data(), false).unwrap();
    }
    assert_eq!(ids[1], ids[0].wrapping_add(1));
    assert_eq!(
        (drain(&mut a), drain(&mut b)),
        (vec!["a".into()], vec!["b".into()])
    );
}

#[test]
fn a_peer_is_unreachable_until_it_said_who_it_is() {
    let mut rig = router(|options| options.router_mandatory = true);
    let mut far = rig.peer();
    assert!(!rig.has_in() && !rig.has_out());
    assert_eq!(rig.send(&["A", "x"]), Err(Errno::EHOSTUNREACH));
    announce(&mut far, "A");
    push(&mut far, &["hello"]);
    assert_eq!(rig.recv().unwrap(), "A|hello");
    assert!(rig.has_out());
    rig.send(&["A", "x"]).unwrap();
    assert_eq!(drain(&mut far), ["x"]);
    // After a reconnect it says so again.
    announce(&mut far, "A");
    push(&mut far, &["again"]);
    assert!(rig.has_in());
    assert_eq!(rig.recv().unwrap(), "A|again");
    announce(&mut far, "A");
    rig.catch_up();
    assert!(!rig.has_in());
    assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
}

#[test]
fn an_anonymous_peer_that_leaves_leaves_nothing() {
    let mut rig = router(|_| {});
    let far = rig.peer();
    let id = rig.last;
    drop(far);
    rig.catch_up();
    assert!(!rig.pipes.contains(id));
}

#[test]
fn unroutable_messages_are_dropped_whole_or_refused() {
    let mut rig = router(|_| {});
    let mut far = rig.named("A");
    assert!(rig.has_out());
    rig.send(&["nobody", "1", "2"]).unwrap();
    rig.send(&["A", "x"]).unwrap();
    // An id alone is no message.
    rig.send(&["A"]).unwrap();
    rig.send(&["A", "y"]).unwrap();
    rig.options.router_mandatory = true;
    assert_eq!(rig.send(&["nobody", "1"]), Err(Errno::EHOSTUNREACH));
    rig.send(&["A", "z"]).unwrap();
    assert_eq!(drain(&mut far), ["x", "y", "z"]);
}

#[test]
fn a_full_peer_is_skipped_or_refused() {
    let mut rig = router(|_| {});
    let (near, mut far) = pair([limits(1, 1), Limits::NONE], Conflate::default());
    announce(&mut far, "A");
    rig.attach(near, false, b"");
    rig.send(&["A", "1"]).unwrap();
    rig.send(&["A", "dropped", "whole"]).unwrap();
    rig.options.router_mandatory = true;
    assert!(!rig.has_out());
    assert_eq!(rig.send(&["A", "2"]), Err(Errno::EAGAIN));
    let state = |rig: &mut Rig, id: &[u8]| rig.call(|p, scope| p.peer_state(scope, id));
    assert_eq!(state(&mut rig, b"A"), Ok(false));
    assert_eq!(drain(&mut far), ["1"]);
    assert!(rig.has_out());
    assert_eq!(state(&mut rig, b"A"), Ok(true));
    assert_eq!(state(&mut rig, b"B"), Err(Errno::EHOSTUNREACH));
    rig.send(&["A", "2", "3"]).unwrap();
    assert_eq!(drain(&mut far), ["2|3"]);
}

#[test]
fn a_peer_lost_in_the_middle_of_a_message_swallows_the_rest() {
    for mandatory in [false, true] {
        let mut rig = router(|options| options.router_mandatory = mandatory);
        let far = rig.named("A");
        rig.send_part(b"A", true).unwrap();
        rig.send_part(b"1", true).unwrap();
        drop(far);
        assert!(rig.has_out());
        rig.send_part(b"2", true).unwrap();
        let mut again = rig.named("A");
        rig.send_part(b"3", false).unwrap();
        rig.send(&["A", "x"]).unwrap();
        assert_eq!(drain(&mut again), ["x"]);
    }
}

#[test]
fn a_second_peer_with_an_id_in_use_is_refused() {
    let mut rig = router(|_| {});
    let mut first = rig.named("X");
    let mut second = rig.named("X");
    assert!(second.is_abandoned());
    assert!(second.write(part(b"ignored", false)).is_err());
    rig.send(&["X", "hello"]).unwrap();
    assert_eq!(drain(&mut first), ["hello"]);
    push(&mut first, &["still"]);
    assert_eq!(rig.recv().unwrap(), "X|still");
    // Its id is free once it is gone.
    drop(first);
    rig.catch_up();
    let mut third = rig.named("X");
    rig.send(&["X", "you"]).unwrap();
    assert_eq!(drain(&mut third), ["you"]);
}

#[test]
fn an_id_passes_to_the_new_peer_on_handover() {
    let mut rig = router(|options| options.router_handover = true);
    let mut first = rig.named("X");
    push(&mut first, &["Hello"]);
    assert_eq!(rig.recv().unwrap(), "X|Hello");
    let mut second = rig.named("X");
    assert!(first.is_abandoned());
    push(&mut second, &["Hello"]);
    assert_eq!(rig.recv().unwrap(), "X|Hello");
    rig.send(&["X", "you"]).unwrap();
    assert_eq!(
        (drain(&mut first), drain(&mut second)),
        (vec![], vec!["you".into()])
    );
}

#[test]
fn handover_waits_for_the_end_of_a_message_that_is_being_received() {
    let mut rig = router(|options| options.router_handover = true);
    let mut first = rig.named("X");
    push(&mut first, &["1", "2"]);
    push(&mut first, &["lost"]);
    assert_eq!(text(&rig.recv_part().unwrap()), "X");
    rig.send_part(b"X", true).unwrap();
    rig.send_part(b"never", true).unwrap();
    let mut second = rig.named("X");
    push(&mut second, &["new"]);
    assert!(!first.is_abandoned());
    assert_eq!(rig.recv().unwrap(), "1|2");
    assert!(first.is_abandoned());
    assert_eq!(rig.recv().unwrap(), "X|new");
    assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
    rig.send_part(b"ending", false).unwrap();
    rig.send(&["X", "whole"]).unwrap();
    assert_eq!(drain(&mut second), ["whole"]);
    assert_eq!(drain(&mut first), [""; 0]);
}

#[test]
fn a_peer_that_reconnects_gets_its_id_back_and_loses_nothing() {
    let mut rig = router(|_| {});
    let mut before = rig.named("X");
    push(&mut before, &["old"]);
    drop(before);
    rig.catch_up();
    let mut after = rig.named("X");
    assert!(!after.is_abandoned());
    push(&mut after, &["new"]);
    rig.send(&["X", "to you"]).unwrap();
    assert_eq!(drain(&mut after), ["to you"]);
    assert_eq!(rig.recv().unwrap(), "X|old");
    assert_eq!(rig.recv().unwrap(), "X|new");
    rig.send(&["X", "still"]).unwrap();
    assert_eq!(drain(&mut after), ["still"]);
}

#[test]
fn the_application_can_name_whom_it_connects_to() {
    for number in [kinds::ROUTER, kinds::STREAM] {
        let mut rig = Rig::new(number);
        let (near, mut far) = pair([UNLIMITED, Limits::NONE], Conflate::default());
        rig.attach(near, true, b"there");
        rig.send(&["there", "hi"]).unwrap();
        assert_eq!(drain(&mut far), ["hi"]);
        if number == kinds::ROUTER {
            announce(&mut far, "other");
        }
        push(&mut far, &["ok"]);
        assert_eq!(rig.recv().unwrap(), "there|ok");
        // The same name again refuses the new pipe, and nothing else happens.
        let (near, second) = pair([UNLIMITED, Limits::NONE], Conflate::default());
        rig.attach(near, true, b"there");
        assert!(second.is_abandoned() && !far.is_abandoned());
        // Whoever connected to us is not named by us.
        let (near, third) = pair([UNLIMITED, Limits::NONE], Conflate::default());
        rig.attach(near, false, b"there");
        assert!(!third.is_abandoned());
    }
}

#[test]
fn a_message_that_was_announced_outlives_its_peer() {
    let mut rig = router(|_| {});
    let mut far = rig.named("A");
    push(&mut far, &["last words"]);
    drop(far);
    assert!(rig.has_in());
    rig.catch_up();
    // Another look finds that the pipe is over.
    let mut other = rig.named("B");
    push(&mut other, &["x"]);
    assert_eq!(rig.recv().unwrap(), "A|last words");
    assert_eq!(rig.recv().unwrap(), "B|x");
}

#[test]
fn half_a_message_of_a_pipe_that_was_taken_away_is_not_delivered() {
    let mut rig = router(|_| {});
    let mut far = rig.named("A");
    let id = rig.last;
    push(&mut far, &["1", "2"]);
    assert!(rig.has_in());
    rig.disconnect(id);
    assert!(!rig.has_in());
    let mut far = rig.named("B");
    let id = rig.last;
    push(&mut far, &["1", "2"]);
    assert_eq!(text(&rig.recv_part().unwrap()), "B");
    rig.disconnect(id);
    assert_eq!(rig.recv().unwrap(), "1|");
    assert!(!rig.has_in());
}

#[test]
fn all_parts_carry_metadata_also_when_looked_at_first() {
    for look in [false, true] {
        let mut rig = router(|_| {});
        let mut far = rig.peer();
        let mut about = Msg::empty();
        about.set(flag::METADATA);
        about.set_metadata(Some(Arc::new(Metadata::new(3))));
        write(&mut far, about);
        announce(&mut far, "A");
        push(&mut far, &["", "body"]);
        assert!(!look || rig.has_in());
        for _ in 0..3 {
            assert_eq!(rig.recv_part().unwrap().metadata().unwrap().fd, 3);
        }
    }
}

#[test]
fn a_router_probes_when_asked_to() {
    let mut rig = router(|options| options.probe_router = true);
    let mut far = rig.named("A");
    assert_eq!(drain(&mut far), [""]);
}

#[test]
fn a_raw_router_ignores_more_and_hangs_up_on_nothing() {
    let mut rig = router(|options| options.router_raw = true);
    let mut far = rig.peer();
    push(&mut far, &["octets"]);
    let id = rig.recv_part().unwrap();
    assert!(id.len() == 5 && id.more());
    assert_eq!(rig.recv().unwrap(), "octets");
    rig.send_part(id.data(), true).unwrap();
    rig.send_part(b"answer", true).unwrap();
    assert_eq!(drain(&mut far), ["answer"]);
    rig.send_part(id.data(), true).unwrap();
    rig.send_part(b"", false).unwrap();
    assert!(far.is_abandoned());
    assert!(!rig.pipes.contains(rig.last));
}

#[test]
fn a_stream_carries_pairs_of_id_and_data() {
    let mut rig = Rig::new(kinds::STREAM);
    let mut far = rig.peer();
    // The session's word that the connection stands.
    push(&mut far, &[""]);
    push(&mut far, &["GET /"]);
    let id = rig.recv_part().unwrap();
    assert!(id.more() && id.len() == 5);
    assert_eq!(rig.options.routing_id, id.data());
    assert_eq!(rig.recv().unwrap(), "");
    assert_eq!(rig.recv_part().unwrap().data(), id.data());
    assert_eq!(rig.recv().unwrap(), "GET /");
    assert!(rig.has_out());
    // MORE behind the data means nothing; an empty piece closes after what was sent.
    rig.send_part(id.data(), true).unwrap();
    rig.send_part(b"200 OK", true).unwrap();
    rig.send_part(id.data(), true).unwrap();
    rig.send_part(b"", true).unwrap();
    assert_eq!(drain(&mut far), ["200 OK"]);
    assert!(far.is_abandoned());
    rig.catch_up();
    assert_eq!(rig.send_part(id.data(), true), Err(Errno::EHOSTUNREACH));
}

#[test]
fn a_stream_refuses_who_is_unknown_or_full() {
    let mut rig = Rig::new(kinds::STREAM);
    assert_eq!(rig.send(&["nobody", "x"]), Err(Errno::EHOSTUNREACH));
    let mut far = rig.limited(limits(1, 1));
    let id = rig.options.routing_id.clone();
    // An id with nothing behind it is skipped.
    rig.send_part(&id, false).unwrap();
    rig.send_part(&id, true).unwrap();
    rig.send_part(b"1", false).unwrap();
    assert_eq!(rig.send_part(&id, true), Err(Errno::EAGAIN));
    assert_eq!(drain(&mut far), ["1"]);
    rig.send_part(&id, true).unwrap();
    drop(far);
    rig.send_part(b"lost", false).unwrap();
    assert_eq!(rig.send_part(&id, true), Err(Errno::EHOSTUNREACH));
}

#[test]
fn the_last_words_of_a_stream_come_before_its_end() {
    let mut rig = Rig::new(kinds::STREAM);
    let mut far = rig.peer();
    push(&mut far, &["bye"]);
    push(&mut far, &[""]);
    drop(far);
    let got: Vec<_> = std::iter::from_fn(|| rig.recv_part().ok())
        .filter(|msg| !msg.more())
        .map(|msg| text(&msg))
        .collect();
    assert_eq!(got, ["bye", ""]);
    assert!(!rig.pipes.contains(rig.last));
}
