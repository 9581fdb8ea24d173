//! PUSH, PULL, DEALER, PAIR: turns, whole messages, lost peers.

use super::*;
use crate::msg::Metadata;
use crate::options::kind as kinds;

#[test]
fn messages_go_round_in_the_order_of_attachment() {
    for number in [kinds::PUSH, kinds::DEALER] {
        let mut rig = Rig::new(number);
        let mut peers: Vec<Pipe> = (0..3).map(|_| rig.peer()).collect();
        for text in ["1", "2", "3", "4", "5", "6"] {
            rig.send(&[text, "end"]).unwrap();
        }
        let got: Vec<_> = peers.iter_mut().map(drain).collect();
        assert_eq!(
            got,
            [["1|end", "4|end"], ["2|end", "5|end"], ["3|end", "6|end"]]
        );
    }
}

#[test]
fn a_full_pipe_is_passed_over_until_it_has_room() {
    let mut rig = Rig::new(kinds::PUSH);
    let mut small = rig.limited(limits(2, 1));
    let mut large = rig.limited(limits(4, 1));
    let mut sent = 0;
    while rig.has_out() {
        rig.send(&["x"]).unwrap();
        sent += 1;
    }
    assert_eq!(sent, 6);
    assert_eq!(rig.send(&["x"]), Err(Errno::EAGAIN));
    // Half of the large one is read: it alone takes what comes.
    assert_eq!(pull(&mut large).as_deref(), Some("x"));
    assert!(!rig.has_out());
    assert_eq!(pull(&mut large).as_deref(), Some("x"));
    assert!(rig.has_out());
    rig.send(&["y"]).unwrap();
    rig.send(&["z"]).unwrap();
    assert_eq!(rig.send(&["no"]), Err(Errno::EAGAIN));
    assert_eq!(drain(&mut large), ["x", "x", "y", "z"]);
    assert_eq!(drain(&mut small), ["x", "x"]);
}

#[test]
fn all_parts_go_to_the_pipe_of_the_first_even_beyond_its_limit() {
    let mut rig = Rig::new(kinds::PUSH);
    let mut small = rig.limited(limits(1, 1));
    let mut other = rig.peer();
    rig.send(&["1", "2", "3", "4"]).unwrap();
    rig.send(&["a", "b"]).unwrap();
    rig.send(&["c", "d"]).unwrap();
    assert_eq!(drain(&mut small), ["1|2|3|4"]);
    assert_eq!(drain(&mut other), ["a|b", "c|d"]);
}

#[test]
fn nothing_of_a_message_is_seen_before_its_last_part() {
    let mut rig = Rig::new(kinds::PUSH);
    let mut far = rig.peer();
    rig.send_part(b"1", true).unwrap();
    assert!(far.read().is_none());
    rig.send_part(b"2", false).unwrap();
    assert_eq!(drain(&mut far), ["1|2"]);
}

#[test]
fn the_rest_of_a_message_whose_peer_died_is_swallowed() {
    for (number, told) in [
        (kinds::PUSH, true),
        (kinds::PUSH, false),
        (kinds::DEALER, true),
        (kinds::PAIR, true),
    ] {
        let mut rig = Rig::new(number);
        let mut far = rig.peer();
        if !told {
            // The pipe stays, as something in it was not read yet.
            push(&mut far, &["unread"]);
            rig = keep_unread(rig);
        }
        rig.send_part(b"1", true).unwrap();
        drop(far);
        let mut next = if told { None } else { Some(rig.peer()) };
        rig.send_part(b"2", true).unwrap();
        let next = match &mut next {
            Some(next) => next,
            None => next.insert(rig.peer()),
        };
        assert!(rig.has_out());
        rig.send_part(b"3", false).unwrap();
        rig.send(&["a", "b"]).unwrap();
        assert_eq!(drain(next), ["a|b"]);
    }
}

/// Forgets what the rig was told, so that it finds out about a lost peer only when it writes.
fn keep_unread(rig: Rig) -> Rig {
    rig.inbox.take(&mut Vec::new(), &mut Vec::new());
    rig
}

#[test]
fn the_last_part_for_a_dead_peer_does_not_become_a_message() {
    let mut rig = Rig::new(kinds::PUSH);
    let far = rig.peer();
    rig.send_part(b"1", true).unwrap();
    drop(far);
    let mut next = rig.peer();
    rig.send_part(b"2", false).unwrap();
    assert_eq!(drain(&mut next), [""; 0]);
    rig.send(&["a"]).unwrap();
    assert_eq!(drain(&mut next), ["a"]);
}

#[test]
fn peers_are_read_in_turns_and_messages_stay_whole() {
    for number in [kinds::PULL, kinds::DEALER] {
        let mut rig = Rig::new(number);
        let mut peers: Vec<Pipe> = (0..3).map(|_| rig.peer()).collect();
        for (index, far) in peers.iter_mut().enumerate() {
            for round in 0..2 {
                push(far, &[&format!("{index}"), &format!("{round}")]);
            }
        }
        let got: Vec<_> = std::iter::from_fn(|| rig.recv().ok()).collect();
        assert_eq!(got, ["0|0", "1|0", "2|0", "0|1", "1|1", "2|1"]);
    }
}

#[test]
fn a_pipe_that_has_something_again_goes_behind_those_that_still_have() {
    let mut rig = Rig::new(kinds::PULL);
    let mut a = rig.peer();
    let mut b = rig.peer();
    assert!(!rig.has_in());
    push(&mut b, &["b1"]);
    push(&mut b, &["b2"]);
    push(&mut b, &["b3"]);
    assert_eq!(rig.recv().unwrap(), "b1");
    push(&mut a, &["a1"]);
    assert_eq!(rig.recv().unwrap(), "b2");
    assert_eq!(rig.recv().unwrap(), "a1");
    assert_eq!(rig.recv().unwrap(), "b3");
    assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
}

#[test]
fn a_peer_that_comes_or_goes_in_the_middle_of_a_message_does_not_disturb_it() {
    let mut rig = Rig::new(kinds::PULL);
    let first = rig.peer();
    let mut second = rig.peer();
    push(&mut second, &["1", "2", "3"]);
    assert_eq!(text(&rig.recv_part().unwrap()), "1");
    let mut third = rig.peer();
    push(&mut third, &["x"]);
    drop(first);
    assert_eq!(rig.recv().unwrap(), "2|3");
    assert_eq!(rig.recv().unwrap(), "x");
}

#[test]
fn a_message_whose_pipe_is_taken_away_ends_with_an_empty_part() {
    let mut rig = Rig::new(kinds::PULL);
    let mut far = rig.peer();
    let id = rig.last;
    push(&mut far, &["1", "2"]);
    assert!(rig.recv_part().unwrap().more());
    rig.disconnect(id);
    let mut other = rig.peer();
    push(&mut other, &["next"]);
    assert!(rig.has_in());
    assert_eq!(rig.recv().unwrap(), "");
    assert_eq!(rig.recv().unwrap(), "next");
}

#[test]
fn what_a_lost_peer_sent_is_received_before_its_pipe_goes() {
    let mut rig = Rig::new(kinds::PULL);
    let mut far = rig.peer();
    let id = rig.last;
    push(&mut far, &["1"]);
    push(&mut far, &["2"]);
    drop(far);
    assert_eq!(rig.recv().unwrap(), "1");
    assert!(rig.pipes.contains(id));
    assert_eq!(rig.recv().unwrap(), "2");
    assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
    assert!(!rig.pipes.contains(id));
}

#[test]
fn a_push_reads_away_what_it_never_receives() {
    let mut rig = Rig::new(kinds::PUSH);
    let mut far = rig.peer();
    let id = rig.last;
    push(&mut far, &["junk"]);
    rig.catch_up();
    push(&mut far, &["more junk"]);
    drop(far);
    rig.catch_up();
    assert!(!rig.pipes.contains(id));
}

#[test]
fn a_pair_has_one_peer_until_that_is_gone() {
    let mut rig = Rig::new(kinds::PAIR);
    let mut far = rig.peer();
    let mut second = rig.peer();
    push(&mut second, &["d"]);
    rig.send(&["a", "b"]).unwrap();
    assert_eq!(drain(&mut far), ["a|b"]);
    push(&mut far, &["c"]);
    assert_eq!(rig.recv().unwrap(), "c");
    assert!(!rig.has_in() && drain(&mut second).is_empty());
    drop(far);
    rig.send(&["x"]).unwrap();
    assert_eq!(drain(&mut second), ["x"]);
    assert_eq!(rig.recv().unwrap(), "d");
    drop(second);
    assert_eq!(rig.send(&["y"]), Err(Errno::EAGAIN));
    let mut third = rig.peer();
    rig.send(&["z"]).unwrap();
    assert_eq!(drain(&mut third), ["z"]);
}

/// The end of its old connection is behind what the socket did not read yet.
#[test]
fn a_peer_that_comes_back_to_a_pair_before_its_end_was_heard_of_is_heard_later() {
    for number in [kinds::PAIR, kinds::CHANNEL] {
        let mut rig = Rig::new(number);
        let mut far = rig.peer();
        push(&mut far, &["1"]);
        let mut second = rig.peer();
        push(&mut second, &["3"]);
        let mut third = rig.peer();
        assert_eq!(rig.recv().unwrap(), "1");
        assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
        push(&mut far, &["2"]);
        // It is gone before it was its turn, and its words are kept.
        drop(second);
        drop(far);
        assert!(rig.has_out());
        rig.send(&["to the third"]).unwrap();
        assert_eq!(drain(&mut third), ["to the third"]);
        push(&mut third, &["4"]);
        for body in ["2", "3", "4"] {
            assert_eq!(rig.recv().unwrap(), body);
        }
        assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
        assert!(!third.is_abandoned());
    }
}

#[test]
fn peers_that_come_to_a_pair_and_go_do_not_pile_up_behind_one_that_stays() {
    let mut rig = Rig::new(kinds::PAIR);
    let mut far = rig.peer();
    let mut second = rig.peer();
    push(&mut second, &["2"]);
    for _ in 0..100 {
        let mut other = rig.peer();
        push(&mut other, &["of no use"]);
        drop(other);
        rig.catch_up();
    }
    assert!(rig.pipes.ids().len() <= 17);
    push(&mut far, &["1"]);
    drop(far);
    assert_eq!(rig.recv().unwrap(), "1");
    assert_eq!(rig.recv().unwrap(), "2");
    rig.send(&["to the second"]).unwrap();
    assert_eq!(drain(&mut second), ["to the second"]);
}

#[test]
fn a_peer_that_comes_back_to_a_pair_waits_for_its_last_words_to_be_read() {
    for number in [kinds::PAIR, kinds::CHANNEL] {
        let mut rig = Rig::new(number);
        let mut far = rig.peer();
        push(&mut far, &["1"]);
        push(&mut far, &["2"]);
        // The socket has heard of neither end when the next one comes.
        drop(far);
        let mut second = rig.peer();
        push(&mut second, &["3"]);
        drop(second);
        let mut third = rig.peer();
        push(&mut third, &["4"]);
        assert!(!third.is_abandoned());
        rig.send(&["to the third"]).unwrap();
        assert_eq!(drain(&mut third), ["to the third"]);
        for body in ["1", "2", "3", "4"] {
            assert_eq!(rig.recv().unwrap(), body);
        }
        push(&mut third, &["5"]);
        assert_eq!(rig.recv().unwrap(), "5");
        assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
        rig.send(&["once more"]).unwrap();
        assert_eq!(drain(&mut third), ["once more"]);
    }
}

#[test]
fn who_comes_to_a_pair_and_goes_while_another_is_read_leaves_nothing() {
    let mut rig = Rig::new(kinds::PAIR);
    let mut far = rig.peer();
    push(&mut far, &["1"]);
    drop(far);
    let second = rig.peer();
    let id = rig.last;
    drop(second);
    rig.catch_up();
    assert!(!rig.pipes.contains(id));
    let mut third = rig.peer();
    push(&mut third, &["2"]);
    assert_eq!(rig.recv().unwrap(), "1");
    assert_eq!(rig.recv().unwrap(), "2");
}

#[test]
fn a_dealer_probes_routers_when_asked_to() {
    let mut rig = Rig::with(kinds::DEALER, |options| options.probe_router = true);
    let mut far = rig.peer();
    assert_eq!(drain(&mut far), [""]);
}

#[test]
fn received_parts_say_which_connection_they_came_from() {
    for number in [kinds::PULL, kinds::DEALER, kinds::PAIR] {
        let mut rig = Rig::new(number);
        let mut far = rig.peer();
        let mut about = Msg::empty();
        about.set(flag::METADATA);
        about.set_metadata(Some(Arc::new(Metadata::new(7))));
        write(&mut far, about);
        push(&mut far, &["1", "2"]);
        for _ in 0..2 {
            let msg = rig.recv_part().unwrap();
            assert_eq!(msg.metadata().unwrap().fd, 7);
        }
    }
}

#[test]
fn the_only_pipe_is_known_between_messages_and_never_within_one() {
    for number in [kinds::PUSH, kinds::DEALER, kinds::PAIR] {
        let mut rig = Rig::new(number);
        assert_eq!(rig.pattern.straight(), Straight::default());
        let mut peer = rig.limited(limits(2, 0));
        let (only, out) = (rig.last, |rig: &Rig| rig.pattern.straight().out);
        assert_eq!(out(&rig), Some(only));
        rig.send_part(b"begun", true).unwrap();
        assert_eq!(out(&rig), None, "the rest goes with what was begun");
        rig.send_part(b"done", false).unwrap();
        assert_eq!(out(&rig), Some(only));
        drop(peer);
        assert!(rig.send(&["lost"]).is_err());
        assert_eq!(out(&rig), None);
        peer = rig.peer();
        assert_eq!(out(&rig), Some(rig.last));
        if number != kinds::PAIR {
            let second = rig.peer();
            assert_eq!(out(&rig), None, "they take turns");
            drop(second);
        }
        drop(peer);
    }
    for number in [kinds::PULL, kinds::DEALER, kinds::PAIR] {
        let mut rig = Rig::new(number);
        let mut peer = rig.peer();
        let (only, inbound) = (rig.last, |rig: &Rig| rig.pattern.straight().inbound);
        assert_eq!(inbound(&rig), Some(only));
        push(&mut peer, &["1", "2"]);
        push(&mut peer, &["3"]);
        assert_eq!(rig.recv_part().unwrap().data(), b"1");
        assert_eq!(inbound(&rig), None, "the rest comes from where it began");
        assert_eq!(rig.recv().unwrap(), "2");
        assert_eq!(inbound(&rig), Some(only));
        assert_eq!(rig.recv().unwrap(), "3");
        assert_eq!(rig.recv(), Err(Errno::EAGAIN));
        assert_eq!(inbound(&rig), None, "it has nothing");
        push(&mut peer, &["4"]);
        assert_eq!(rig.recv().unwrap(), "4");
        assert_eq!(inbound(&rig), Some(only));
        drop(peer);
        assert_eq!(rig.recv(), Err(Errno::EAGAIN));
        assert_eq!(inbound(&rig), None);
    }
}
