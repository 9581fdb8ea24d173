//! REQ and REP: turns, envelopes, wrong replies.

use super::*;
use crate::options::kind as kinds;

#[test]
fn a_request_goes_out_and_its_reply_comes_in() {
    let mut rig = Rig::new(kinds::REQ);
    let mut far = rig.peer();
    assert!(rig.has_out() && !rig.has_in());
    assert_eq!(rig.recv().err(), Some(Errno::EFSM));
    rig.send(&["ABC", "DEF"]).unwrap();
    assert_eq!(drain(&mut far), ["|ABC|DEF"]);
    assert!(!rig.has_out());
    assert_eq!(rig.send(&["again"]), Err(Errno::EFSM));
    assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
    push(&mut far, &["", "GHI", "JKL"]);
    assert!(rig.has_in());
    assert_eq!(rig.send(&["again"]), Err(Errno::EFSM));
    assert_eq!(text(&rig.recv_part().unwrap()), "GHI");
    assert_eq!(rig.send(&["again"]), Err(Errno::EFSM));
    assert_eq!(rig.recv().unwrap(), "JKL");
    assert!(rig.has_out() && !rig.has_in());
    assert_eq!(rig.recv().err(), Some(Errno::EFSM));
}

#[test]
fn receiving_in_the_middle_of_a_request_is_refused() {
    let mut rig = Rig::new(kinds::REQ);
    let mut far = rig.peer();
    rig.send_part(b"1", true).unwrap();
    assert_eq!(rig.recv().err(), Some(Errno::EFSM));
    assert!(rig.has_out());
    rig.send_part(b"2", false).unwrap();
    assert_eq!(drain(&mut far), ["|1|2"]);
}

#[test]
fn requests_go_round() {
    let mut rig = Rig::new(kinds::REQ);
    let mut peers: Vec<Pipe> = (0..3).map(|_| rig.peer()).collect();
    for round in 0..6 {
        let far = &mut peers[round % 3];
        rig.send(&["ABC"]).unwrap();
        assert_eq!(drain(far), ["|ABC"]);
        push(far, &["", "DEF"]);
        assert_eq!(rig.recv().unwrap(), "DEF");
    }
}

#[test]
fn replies_that_are_malformed_or_of_others_are_skipped() {
    let mut rig = Rig::new(kinds::REQ);
    let (mut asked, mut other) = (rig.peer(), rig.peer());
    rig.send(&["r"]).unwrap();
    push(&mut other, &["", "WRONG", "peer"]);
    push(&mut asked, &["no delimiter"]);
    push(&mut asked, &["no", "delimiter", "either"]);
    push(&mut asked, &[""]);
    assert!(!rig.has_in());
    push(&mut other, &["", "STILL WRONG"]);
    push(&mut asked, &["", "GOOD"]);
    assert_eq!(rig.recv().unwrap(), "GOOD");
}

#[test]
fn what_was_there_before_a_request_is_no_reply_to_it() {
    let mut rig = Rig::new(kinds::REQ);
    let mut far = rig.peer();
    push(&mut far, &["", "early"]);
    rig.send(&["r"]).unwrap();
    assert!(!rig.has_in());
    push(&mut far, &["", "GOOD"]);
    assert_eq!(rig.recv().unwrap(), "GOOD");
}

#[test]
fn correlated_replies_repeat_the_id_of_the_request() {
    let mut rig = Rig::with(kinds::REQ, |options| options.req_correlate = true);
    let mut far = rig.peer();
    let mut last = None;
    for _ in 0..2 {
        rig.send(&["ABC", "DEF"]).unwrap();
        let parts: Vec<Msg> = std::iter::from_fn(|| far.read()).collect();
        assert_eq!(parts.len(), 4);
        assert!(parts[0].len() == 4 && parts[1].is_empty());
        let id = u32::from_ne_bytes(parts[0].data().try_into().unwrap());
        assert!(last.is_none_or(|last: u32| id == last.wrapping_add(1)));
        last = Some(id);
        let mut reply = |id: &[u8], body: &[u8]| {
            write(&mut far, part(id, true));
            write(&mut far, part(b"", true));
            write(&mut far, part(body, false));
            far.flush();
        };
        reply(&id.wrapping_add(1).to_ne_bytes(), b"BAD");
        reply(b"short", b"BAD");
        reply(b"", b"BAD");
        reply(&id.to_ne_bytes(), b"GHI");
        assert_eq!(rig.recv().unwrap(), "GHI");
    }
}

#[test]
fn a_relaxed_requester_may_ask_again_and_gets_the_last_answer() {
    let mut rig = Rig::with(kinds::REQ, |options| {
        options.req_relaxed = true;
        options.req_correlate = true;
    });
    let mut peers: Vec<Pipe> = (0..3).map(|_| rig.peer()).collect();
    let echo = |far: &mut Pipe, body: &[u8]| {
        let mut parts: Vec<Msg> = std::iter::from_fn(|| far.read()).collect();
        write(far, parts.remove(0));
        write(far, part(b"", true));
        write(far, part(body, false));
        far.flush();
    };
    rig.send(&["A", "B"]).unwrap();
    assert!(rig.has_out());
    rig.send(&["C", "D"]).unwrap();
    echo(&mut peers[0], b"WRONG");
    assert!(!rig.has_in());
    echo(&mut peers[1], b"OK");
    assert_eq!(rig.recv().unwrap(), "OK");
    // An answer that waits already is not the answer to the next question.
    rig.send(&["E"]).unwrap();
    echo(&mut peers[2], b"BAD");
    assert!(rig.has_in());
    rig.send(&["F"]).unwrap();
    echo(&mut peers[0], b"GOOD");
    assert_eq!(rig.recv().unwrap(), "GOOD");
    // Nobody was hung up on.
    assert!(peers.iter().all(|far| !far.is_abandoned()));
}

#[test]
fn a_lost_peer_leaves_the_requester_waiting_for_whoever_answers() {
    let mut rig = Rig::new(kinds::REQ);
    let far = rig.peer();
    rig.send(&["r"]).unwrap();
    drop(far);
    let mut again = rig.peer();
    assert_eq!(rig.send(&["r"]), Err(Errno::EFSM));
    push(&mut again, &["", "late"]);
    assert_eq!(rig.recv().unwrap(), "late");
}

#[test]
fn a_reply_whose_pipe_is_taken_away_before_it_is_read_is_no_reply() {
    let mut rig = Rig::new(kinds::REQ);
    let mut far = rig.peer();
    let id = rig.last;
    rig.send(&["r"]).unwrap();
    push(&mut far, &["", "GOOD"]);
    assert!(rig.has_in());
    rig.disconnect(id);
    assert!(!rig.has_in());
    assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
}

#[test]
fn a_replier_knows_its_peers_by_their_ids() {
    let mut rig = Rig::new(kinds::REP);
    let state = |rig: &mut Rig, id: &[u8]| {
        rig.catch_up();
        rig.call(|pattern, scope| pattern.peer_state(scope, id))
    };
    assert_eq!(state(&mut rig, b"A"), Err(Errno::EHOSTUNREACH));
    let limits = Limits {
        send: Some(1),
        receive: Some(0),
    };
    // Its id comes later than the pipe, and again after a reconnect.
    let (near, mut a) = pair([limits, Limits::NONE], Conflate::default());
    rig.attach(near, true, b"");
    assert_eq!(state(&mut rig, b"A"), Err(Errno::EHOSTUNREACH));
    announce(&mut a, "A");
    assert_eq!(state(&mut rig, b"A"), Ok(true));
    announce(&mut a, "A");
    let mut nameless = rig.named("");
    let mut twin = rig.named("A");
    for far in [&mut a, &mut nameless, &mut twin] {
        push(far, &["", "question"]);
        assert_eq!(rig.recv().unwrap(), "question");
        rig.send(&["answer"]).unwrap();
        assert_eq!(state(&mut rig, b""), Err(Errno::EHOSTUNREACH));
    }
    // The twin is asked about, and when it is gone nobody.
    assert_eq!(state(&mut rig, b"A"), Ok(true));
    drop(twin);
    assert_eq!(state(&mut rig, b"A"), Err(Errno::EHOSTUNREACH));
    let (near, mut b) = pair([limits, Limits::NONE], Conflate::default());
    announce(&mut b, "B");
    rig.attach(near, false, b"");
    push(&mut b, &["", "question"]);
    assert_eq!(rig.recv().unwrap(), "question");
    rig.send(&["answer"]).unwrap();
    assert_eq!(state(&mut rig, b"B"), Ok(false));
}

#[test]
fn a_reply_goes_back_in_the_envelope_of_its_request() {
    let mut rig = Rig::new(kinds::REP);
    let mut far = rig.peer();
    assert!(!rig.has_out());
    assert_eq!(rig.send(&["early"]), Err(Errno::EFSM));
    for (request, reply) in [(vec!["", "A"], "|A"), (vec!["X", "Y", "", "A"], "X|Y||A")] {
        push(&mut far, &request);
        assert!(rig.has_in());
        assert_eq!(rig.send(&["early"]), Err(Errno::EFSM));
        assert_eq!(rig.recv().unwrap(), "A");
        assert_eq!(rig.recv().err(), Some(Errno::EFSM));
        assert!(rig.has_out() && !rig.has_in());
        rig.send(&["A"]).unwrap();
        assert_eq!(drain(&mut far), [reply]);
        assert!(!rig.has_out());
    }
    push(&mut far, &["", "1", "2"]);
    assert_eq!(text(&rig.recv_part().unwrap()), "1");
    assert_eq!(rig.send(&["early"]), Err(Errno::EFSM));
    assert_eq!(rig.recv().unwrap(), "2");
    rig.send(&["3", "4"]).unwrap();
    assert_eq!(drain(&mut far), ["|3|4"]);
}

#[test]
fn malformed_requests_are_skipped() {
    let mut rig = Rig::new(kinds::REP);
    let mut far = rig.peer();
    push(&mut far, &["no delimiter"]);
    push(&mut far, &["no", "delimiter"]);
    push(&mut far, &[""]);
    push(&mut far, &["id", ""]);
    assert!(!rig.has_in());
    push(&mut far, &["", "good"]);
    assert_eq!(rig.recv().unwrap(), "good");
    rig.send(&["reply"]).unwrap();
    assert_eq!(drain(&mut far), ["|reply"]);
}

#[test]
fn requests_are_served_in_turns() {
    let mut rig = Rig::new(kinds::REP);
    let mut peers: Vec<Pipe> = (0..3).map(|_| rig.peer()).collect();
    for far in &mut peers {
        push(far, &["", "a"]);
        push(far, &["", "b"]);
    }
    for expected in ["a", "b"] {
        for far in &mut peers {
            assert_eq!(rig.recv().unwrap(), expected);
            rig.send(&["re"]).unwrap();
            assert_eq!(drain(far), ["|re"]);
        }
    }
}

#[test]
fn a_reply_to_nobody_is_swallowed() {
    let mut rig = Rig::new(kinds::REP);
    for sent in [0, 1] {
        let mut far = rig.peer();
        push(&mut far, &["id", "", "r"]);
        assert_eq!(rig.recv().unwrap(), "r");
        for _ in 0..sent {
            rig.send_part(b"1", true).unwrap();
        }
        drop(far);
        let mut other = rig.peer();
        rig.send_part(b"2", true).unwrap();
        rig.send_part(b"3", false).unwrap();
        assert_eq!(drain(&mut other), [""; 0]);
        push(&mut other, &["", "next"]);
        assert_eq!(rig.recv().unwrap(), "next");
        rig.send(&["re"]).unwrap();
        assert_eq!(drain(&mut other), ["|re"]);
    }
}

#[test]
fn a_replier_does_not_wait_for_a_full_peer() {
    let mut rig = Rig::new(kinds::REP);
    let mut far = rig.limited(limits(1, 1));
    for _ in 0..2 {
        push(&mut far, &["", "r"]);
        assert_eq!(rig.recv().unwrap(), "r");
        rig.send(&["1", "2"]).unwrap();
    }
    assert_eq!(drain(&mut far), ["|1|2"]);
}

#[test]
fn a_request_whose_pipe_is_taken_away_before_it_is_read_is_no_request() {
    let mut rig = Rig::new(kinds::REP);
    let mut far = rig.peer();
    let id = rig.last;
    push(&mut far, &["", "r"]);
    assert!(rig.has_in());
    rig.disconnect(id);
    assert!(!rig.has_in());
    let mut other = rig.peer();
    push(&mut other, &["", "q"]);
    assert_eq!(rig.recv().unwrap(), "q");
}
