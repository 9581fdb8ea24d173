//! CLIENT, SERVER, SCATTER, GATHER, PEER, CHANNEL, DGRAM: messages of a single part.

use super::*;
use crate::options::kind as kinds;

/// Those that send and receive.
const BOTH_WAYS: [i32; 4] = [kinds::CLIENT, kinds::SERVER, kinds::PEER, kinds::CHANNEL];

/// Receives a message and the number of its sender.
fn recv_from(rig: &mut Rig) -> (String, u32) {
    let msg = rig.recv_part().unwrap();
    assert!(!msg.more());
    (text(&msg), msg.routing_id)
}

fn send_to(rig: &mut Rig, body: &str, number: u32) -> Result<(), Errno> {
    rig.catch_up();
    let mut msg = part(body.as_bytes(), false);
    msg.routing_id = number;
    rig.call(|pattern, scope| pattern.send(scope, &mut msg))
}

#[test]
fn parts_of_longer_messages_are_refused() {
    for number in BOTH_WAYS.into_iter().chain([kinds::SCATTER, kinds::RADIO]) {
        let mut rig = Rig::new(number);
        let mut far = rig.peer();
        assert_eq!(rig.send_part(b"x", true), Err(Errno::EINVAL), "{number}");
        assert_eq!(pull(&mut far), None);
    }
}

#[test]
fn who_only_receives_says_so_first() {
    let mut rig = Rig::new(kinds::GATHER);
    let mut far = rig.peer();
    for more in [false, true] {
        assert_eq!(rig.send_part(b"x", more), Err(Errno::ENOTSUP));
    }
    assert_eq!(pull(&mut far), None);
}

#[test]
fn longer_messages_of_peers_are_dropped_whole() {
    for number in BOTH_WAYS.into_iter().chain([kinds::GATHER]) {
        let mut rig = Rig::new(number);
        let mut far = rig.peer();
        push(&mut far, &["long", "er"]);
        push(&mut far, &["1"]);
        assert!(rig.has_in(), "{number}");
        push(&mut far, &["a", "b", "c"]);
        push(&mut far, &["d", "e"]);
        push(&mut far, &["2"]);
        assert_eq!(rig.recv().unwrap(), "1", "{number}");
        assert_eq!(rig.recv().unwrap(), "2", "{number}");
        push(&mut far, &["f", "g"]);
        assert!(!rig.has_in());
        assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
    }
}

#[test]
fn what_was_found_outlives_its_peer() {
    for number in BOTH_WAYS.into_iter().chain([kinds::GATHER]) {
        let mut rig = Rig::new(number);
        let mut far = rig.peer();
        push(&mut far, &["last"]);
        assert!(rig.has_in());
        drop(far);
        rig.catch_up();
        assert_eq!(rig.recv().unwrap(), "last");
        assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
    }
}

#[test]
fn a_client_takes_turns_and_a_channel_has_one_peer() {
    let mut rig = Rig::new(kinds::CLIENT);
    let (mut a, mut b) = (rig.peer(), rig.peer());
    for body in ["1", "2", "3", "4"] {
        rig.send(&[body]).unwrap();
    }
    assert_eq!(drain(&mut a), ["1", "3"]);
    assert_eq!(drain(&mut b), ["2", "4"]);
    let mut rig = Rig::new(kinds::CHANNEL);
    let (mut a, mut b) = (rig.peer(), rig.peer());
    rig.send(&["only"]).unwrap();
    assert_eq!((drain(&mut a), pull(&mut b)), (vec!["only".into()], None));
}

#[test]
fn servers_and_peers_tell_and_follow_numbers() {
    for number in [kinds::SERVER, kinds::PEER] {
        let mut rig = Rig::new(number);
        let (mut a, mut b) = (rig.peer(), rig.peer());
        push(&mut a, &["from a"]);
        push(&mut b, &["from b"]);
        let (text_a, number_a) = recv_from(&mut rig);
        let (text_b, number_b) = recv_from(&mut rig);
        assert_eq!((text_a.as_str(), text_b.as_str()), ("from a", "from b"));
        assert!(number_a != 0 && number_b != 0 && number_a != number_b);
        send_to(&mut rig, "to b", number_b).unwrap();
        send_to(&mut rig, "to a", number_a).unwrap();
        let msg = b.read().unwrap();
        assert_eq!((text(&msg).as_str(), msg.routing_id), ("to b", 0));
        assert_eq!(drain(&mut a), ["to a"]);
        // Found before it is asked for, it has its number all the same.
        push(&mut b, &["again"]);
        assert!(rig.has_in());
        assert_eq!(recv_from(&mut rig), ("again".into(), number_b));
    }
}

#[test]
fn who_is_not_there_is_unreachable_and_who_is_full_is_waited_for() {
    for kind in [kinds::SERVER, kinds::PEER] {
        let mut rig = Rig::new(kind);
        assert_eq!(send_to(&mut rig, "x", 0), Err(Errno::EHOSTUNREACH));
        let mut far = rig.limited(limits(1, 1));
        let pipe = rig.last;
        let number = rig.pattern.peer_number(pipe).unwrap();
        assert_eq!(rig.pattern.peer_pipe(number), Ok(pipe));
        send_to(&mut rig, "1", number).unwrap();
        assert_eq!(send_to(&mut rig, "2", number), Err(Errno::EAGAIN));
        assert!(rig.has_out(), "COMPAT");
        assert_eq!(drain(&mut far), ["1"]);
        send_to(&mut rig, "2", number).unwrap();
        assert_eq!(
            send_to(&mut rig, "3", number.wrapping_add(1)),
            Err(Errno::EHOSTUNREACH)
        );
        drop(far);
        assert_eq!(send_to(&mut rig, "3", number), Err(Errno::EHOSTUNREACH));
        assert_eq!(rig.pattern.peer_number(pipe), None);
        // The next one in its place is somebody else.
        let _next = rig.peer();
        assert_eq!(send_to(&mut rig, "4", number), Err(Errno::EHOSTUNREACH));
    }
}

#[test]
fn numbers_go_round_and_leave_out_zero_and_those_in_use() {
    let mut rig = Rig::new(kinds::SERVER);
    let _far: Vec<Pipe> = (0..100).map(|_| rig.peer()).collect();
    let mut numbers: Vec<u32> = (rig.pipes.ids().into_iter())
        .map(|pipe| rig.pattern.peer_number(pipe).unwrap())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert!(numbers.len() == 100 && numbers[0] != 0);
}

#[test]
fn datagrams_are_an_address_and_a_body() {
    let mut rig = Rig::new(kinds::DGRAM);
    let mut far = rig.peer();
    assert_eq!(rig.send_part(b"no body", false), Err(Errno::EINVAL));
    rig.send_part(b"address", true).unwrap();
    assert_eq!(rig.send_part(b"two bodies", true), Err(Errno::EINVAL));
    rig.send_part(b"body", false).unwrap();
    assert_eq!(drain(&mut far), ["address|body"]);
    push(&mut far, &["from", "body"]);
    assert_eq!(rig.recv().unwrap(), "from|body");
}
