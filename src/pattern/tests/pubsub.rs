//! PUB, XPUB: who gets what, and what the application sees of it.

use super::*;
use crate::options::kind as kinds;

fn xpub(set: impl FnOnce(&mut Options)) -> Rig {
    Rig::with(kinds::XPUB, set)
}

fn notices(rig: &mut Rig) -> Vec<String> {
    std::iter::from_fn(|| rig.recv().ok()).collect()
}

#[test]
fn subscribers_get_what_begins_with_their_topics() {
    for number in [kinds::PUB, kinds::XPUB] {
        let mut rig = Rig::new(number);
        let mut peers: Vec<Pipe> = (0..4).map(|_| rig.peer()).collect();
        subscribe(&mut peers[0], "a");
        subscribe(&mut peers[0], "ab");
        // The same as plain data, as ZMTP 3.0 peers send it.
        push(&mut peers[1], &["\x01ab"]);
        subscribe(&mut peers[2], "");
        for message in ["a", "abc", "b", ""] {
            rig.send(&[message, "body"]).unwrap();
        }
        let got: Vec<_> = peers.iter_mut().map(drain).collect();
        assert_eq!(got[0], ["a|body", "abc|body"]);
        assert_eq!(got[1], ["abc|body"]);
        assert_eq!(got[2], ["a|body", "abc|body", "b|body", "|body"]);
        assert_eq!(got[3], [""; 0]);
        cancel(&mut peers[0], "a");
        push(&mut peers[1], &["\0ab"]);
        rig.send(&["a"]).unwrap();
        rig.send(&["ab"]).unwrap();
        assert_eq!(drain(&mut peers[0]), ["ab"]);
        assert_eq!(drain(&mut peers[1]), [""; 0]);
    }
}

#[test]
fn peers_of_old_protocols_get_everything() {
    let mut rig = Rig::new(kinds::PUB);
    let (near, mut far) = pair([UNLIMITED, Limits::NONE], Conflate::default());
    let id = rig.pipes.insert(near, None);
    rig.call(|pattern, scope| {
        let arrival = Arrival {
            subscribe_to_all: true,
            locally_initiated: false,
            routing_id: b"",
        };
        pattern.attached(scope, id, arrival);
    });
    rig.send(&["anything"]).unwrap();
    assert_eq!(drain(&mut far), ["anything"]);
}

#[test]
fn long_bodies_are_shared_and_arrive_everywhere() {
    let mut rig = Rig::new(kinds::PUB);
    let mut peers: Vec<Pipe> = (0..5).map(|_| rig.peer()).collect();
    for far in &mut peers {
        subscribe(far, "");
    }
    let long = "x".repeat(1000);
    rig.send(&["t", &long]).unwrap();
    let mut bodies = Vec::new();
    for far in &mut peers {
        assert_eq!(far.read().unwrap().data(), b"t");
        bodies.push(far.read().unwrap());
    }
    assert!(bodies.iter().all(|body| body.data() == long.as_bytes()));
    let first = bodies[0].data().as_ptr();
    assert!(bodies.iter().all(|body| body.data().as_ptr() == first));
}

#[test]
fn a_full_subscriber_misses_whole_messages_and_nobody_waits() {
    let mut rig = Rig::new(kinds::PUB);
    let mut slow = rig.limited(limits(2, 1));
    let mut fast = rig.peer();
    subscribe(&mut slow, "");
    subscribe(&mut fast, "");
    for number in ["1", "2", "3", "4"] {
        assert!(rig.has_out());
        rig.send(&[number, "x", "y"]).unwrap();
    }
    assert_eq!(drain(&mut fast), ["1|x|y", "2|x|y", "3|x|y", "4|x|y"]);
    // The room that it makes between two parts is for the next message.
    rig.send_part(b"5", true).unwrap();
    assert_eq!(drain(&mut slow), ["1|x|y", "2|x|y"]);
    rig.send_part(b"end", false).unwrap();
    rig.send(&["6", "end"]).unwrap();
    assert_eq!(drain(&mut slow), ["6|end"]);
    assert_eq!(drain(&mut fast), ["5|end", "6|end"]);
}

#[test]
fn without_drops_a_full_subscriber_holds_up_all() {
    let mut rig = xpub(|options| options.xpub_nodrop = true);
    let mut slow = rig.limited(limits(2, 1));
    let mut fast = rig.peer();
    subscribe(&mut slow, "s");
    subscribe(&mut fast, "");
    rig.send(&["s1"]).unwrap();
    rig.send(&["s2"]).unwrap();
    assert_eq!(rig.send(&["s3"]), Err(Errno::EAGAIN));
    // It does not match what it is not subscribed to.
    rig.send(&["f1", "end"]).unwrap();
    assert_eq!(rig.send(&["s3"]), Err(Errno::EAGAIN));
    assert_eq!(drain(&mut slow), ["s1", "s2"]);
    rig.send(&["s3", "a", "b"]).unwrap();
    assert_eq!(drain(&mut slow), ["s3|a|b"]);
    assert_eq!(drain(&mut fast), ["s1", "s2", "f1|end", "s3|a|b"]);
    // One that is gone holds up nobody.
    rig.send(&["s4"]).unwrap();
    // The mark was reached once more; that there is room again is heard of by then.
    assert_eq!(rig.send(&["s5"]), Err(Errno::EAGAIN));
    rig.send(&["s5"]).unwrap();
    drop(slow);
    rig.send(&["s6"]).unwrap();
    assert_eq!(drain(&mut fast), ["s4", "s5", "s6"]);
}

#[test]
fn who_comes_or_goes_between_parts_gets_no_half_message() {
    let mut rig = Rig::new(kinds::PUB);
    let (mut stays, goes, mut leaves) = (rig.peer(), rig.peer(), rig.peer());
    let mut goes = goes;
    for far in [&mut stays, &mut goes, &mut leaves] {
        subscribe(far, "");
    }
    rig.send_part(b"1", true).unwrap();
    cancel(&mut leaves, "");
    let mut comes = rig.peer();
    subscribe(&mut comes, "");
    drop(goes);
    rig.send_part(b"2", true).unwrap();
    rig.send_part(b"3", false).unwrap();
    rig.send(&["next"]).unwrap();
    assert_eq!(drain(&mut stays), ["1|2|3", "next"]);
    assert_eq!(drain(&mut comes), ["next"]);
    assert_eq!(drain(&mut leaves), ["1|2|3"]);
}

#[test]
fn inverted_matching_sends_to_the_others() {
    let mut rig = Rig::with(kinds::PUB, |options| options.invert_matching = true);
    let (mut a, mut b) = (rig.peer(), rig.peer());
    subscribe(&mut a, "prefix1");
    subscribe(&mut b, "p2");
    rig.send(&["prefix1"]).unwrap();
    rig.send(&["p2"]).unwrap();
    rig.send(&["q"]).unwrap();
    assert_eq!(drain(&mut a), ["p2", "q"]);
    assert_eq!(drain(&mut b), ["prefix1", "q"]);
}

#[test]
fn the_application_sees_first_subscriptions_and_last_cancellations() {
    let mut rig = xpub(|_| {});
    let (mut a, mut b) = (rig.peer(), rig.peer());
    subscribe(&mut a, "A");
    push(&mut b, &["\x01A"]);
    subscribe(&mut a, "");
    assert!(rig.has_in());
    assert_eq!(notices(&mut rig), ["\\x01A", "\\x01"]);
    cancel(&mut a, "A");
    assert!(!rig.has_in());
    cancel(&mut b, "A");
    assert_eq!(notices(&mut rig), ["\\x00A"]);
    let msg = {
        subscribe(&mut b, "B");
        rig.recv_part().unwrap()
    };
    assert_eq!(msg.flags(), 0);
    // Who disconnects cancels what nobody else wants.
    subscribe(&mut a, "B");
    subscribe(&mut b, "C");
    rig.catch_up();
    assert_eq!(notices(&mut rig), ["\\x01C"]);
    drop(b);
    rig.catch_up();
    assert_eq!(notices(&mut rig), ["\\x00C"]);
    drop(a);
    rig.catch_up();
    let mut last = notices(&mut rig);
    last.sort();
    assert_eq!(last, ["\\x00", "\\x00B"]);
    assert_eq!(rig.pattern.topics_count(), Some(0));
}

#[test]
fn a_verbose_publisher_sees_every_subscription() {
    let mut rig = xpub(|options| options.xpub_verbose = true);
    let (mut a, mut b) = (rig.peer(), rig.peer());
    subscribe(&mut a, "A");
    subscribe(&mut a, "A");
    subscribe(&mut b, "A");
    assert_eq!(notices(&mut rig), ["\\x01A"; 3]);
    cancel(&mut a, "A");
    assert_eq!(notices(&mut rig), [""; 0]);
    cancel(&mut b, "A");
    assert_eq!(notices(&mut rig), ["\\x00A"]);
}

#[test]
fn a_verboser_publisher_sees_every_cancellation_too() {
    let mut rig = xpub(|options| {
        options.xpub_verbose = true;
        options.xpub_verboser = true;
    });
    let (mut a, mut b) = (rig.peer(), rig.peer());
    subscribe(&mut a, "A");
    subscribe(&mut b, "A");
    assert_eq!(notices(&mut rig), ["\\x01A"; 2]);
    cancel(&mut b, "A");
    assert_eq!(notices(&mut rig), ["\\x00A"]);
    subscribe(&mut b, "A");
    drop(b);
    rig.catch_up();
    assert_eq!(notices(&mut rig), ["\\x01A", "\\x00A"]);
    cancel(&mut a, "A");
    assert_eq!(notices(&mut rig), ["\\x00A"]);
}

#[test]
fn in_manual_mode_the_application_decides_who_gets_what() {
    let mut rig = xpub(|options| options.xpub_manual = true);
    let (mut a, mut b) = (rig.peer(), rig.peer());
    // Nobody asked yet: nothing to grant, and no error.
    rig.set(number::SUBSCRIBE, "X").unwrap();
    subscribe(&mut a, "A");
    subscribe(&mut b, "B");
    assert_eq!(rig.recv().unwrap(), "\\x01A");
    rig.set(number::SUBSCRIBE, "XA").unwrap();
    assert_eq!(rig.recv().unwrap(), "\\x01B");
    rig.set(number::SUBSCRIBE, "XB").unwrap();
    for message in ["A", "XA", "XB"] {
        rig.send(&[message]).unwrap();
    }
    assert_eq!(drain(&mut a), ["XA"]);
    assert_eq!(drain(&mut b), ["XB"]);
    cancel(&mut a, "A");
    assert_eq!(rig.recv().unwrap(), "\\x00A");
    rig.set(number::UNSUBSCRIBE, "XA").unwrap();
    rig.send(&["XA"]).unwrap();
    assert_eq!(drain(&mut a), [""; 0]);
    // Every subscription of a lost peer is taken back in its own words.
    drop(b);
    rig.catch_up();
    assert_eq!(rig.recv().unwrap(), "\\x00B");
    rig.set(number::UNSUBSCRIBE, "XB").unwrap();
    assert_eq!(rig.pattern.topics_count(), Some(0));
    assert!(!rig.has_in());
}

#[test]
fn the_peer_of_an_old_subscription_is_not_taken_for_a_new_one() {
    let mut rig = xpub(|options| options.xpub_manual = true);
    let mut a = rig.peer();
    let id = rig.last;
    subscribe(&mut a, "A");
    rig.catch_up();
    drop(a);
    rig.catch_up();
    let mut b = rig.peer();
    assert_eq!(rig.last, id, "the number is used again");
    assert_eq!(rig.recv().unwrap(), "\\x01A");
    rig.set(number::SUBSCRIBE, "").unwrap();
    rig.send(&["for a"]).unwrap();
    assert_eq!(drain(&mut b), [""; 0]);
    assert_eq!(notices(&mut rig), ["\\x00A"]);
}

#[test]
fn the_last_value_goes_to_the_last_subscriber_alone() {
    let mut rig = xpub(|options| {
        options.xpub_manual = true;
        options.xpub_manual_last_value = true;
    });
    let (mut a, mut b) = (rig.peer(), rig.peer());
    for far in [&mut a, &mut b] {
        subscribe(far, "A");
        assert_eq!(rig.recv().unwrap(), "\\x01A");
        rig.set(number::SUBSCRIBE, "A").unwrap();
        rig.send(&["A"]).unwrap();
    }
    assert_eq!((drain(&mut a).len(), drain(&mut b).len()), (1, 1));
    rig.send(&["A"]).unwrap();
    assert_eq!((drain(&mut a).len(), drain(&mut b).len()), (1, 1));
}

#[test]
fn new_subscribers_are_welcomed() {
    let mut rig = xpub(|options| options.xpub_welcome_msg = b"W".to_vec());
    let mut far = rig.peer();
    assert_eq!(drain(&mut far), ["W"]);
}

#[test]
fn other_messages_from_subscribers_reach_an_xpub_and_no_pub() {
    for number in [kinds::PUB, kinds::XPUB] {
        let mut rig = Rig::new(number);
        let mut far = rig.peer();
        push(&mut far, &["\x02A", "more", ""]);
        push(&mut far, &[""]);
        rig.catch_up();
        if number == kinds::XPUB {
            assert_eq!(notices(&mut rig), ["\\x02A|more|", ""]);
        } else {
            assert!(!rig.has_in());
            assert_eq!(rig.recv().err(), Some(Errno::ENOTSUP));
        }
        assert_eq!(rig.pattern.topics_count(), Some(0));
    }
}

#[test]
fn subscriptions_inside_longer_messages_count_unless_only_the_first_may() {
    let mut rig = xpub(|_| {});
    let mut far = rig.peer();
    push(&mut far, &["user", "\x01B"]);
    assert_eq!(notices(&mut rig), ["user|\\x01B"]);
    assert_eq!(rig.pattern.topics_count(), Some(1));
    // A part that is not shown does not leave the message without an end.
    push(&mut far, &["user", "\x01B"]);
    push(&mut far, &["next"]);
    assert_eq!(notices(&mut rig), ["user", "next"]);
    let mut rig = xpub(|options| options.only_first_subscribe = true);
    let mut far = rig.peer();
    push(&mut far, &["user", "\x01B"]);
    assert_eq!(notices(&mut rig), ["user|\\x01B"]);
    assert_eq!(rig.pattern.topics_count(), Some(0));
    push(&mut far, &["\x01B", "\x01C"]);
    assert_eq!(notices(&mut rig), ["\\x01B", "\\x01C"]);
    assert_eq!(rig.pattern.topics_count(), Some(2));
}
