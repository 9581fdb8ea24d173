//! The table of socket types.

use super::*;
use crate::options::kind as kinds;

#[test]
fn every_stable_type_has_its_row_in_order() {
    let numbers: Vec<i32> = KINDS.iter().map(|kind| kind.number).collect();
    assert!(numbers.is_sorted());
    for number in kinds::PAIR..=kinds::STREAM {
        let row = kind(number).unwrap();
        assert!(!row.draft && !row.thread_safe);
        let mut options = Options::new(number, &ContextDefaults::default());
        (row.make)(&mut options);
    }
    for number in kinds::SERVER..=kinds::CHANNEL {
        let row = kind(number).unwrap();
        assert!(row.draft);
        let options = Options::new(number, &ContextDefaults::default());
        assert_eq!(row.thread_safe, options.is_thread_safe(), "{}", row.name);
    }
    for unknown in [-1, 21, i32::MAX] {
        assert!(kind(unknown).is_none());
    }
}

#[test]
fn who_may_talk_to_whom_is_mutual() {
    for row in KINDS {
        for peer in row.peers {
            let other = KINDS.iter().find(|kind| kind.name == *peer).unwrap();
            assert!(other.peers.contains(&row.name), "{} {peer}", row.name);
        }
    }
}

#[test]
fn one_way_types_refuse_the_other_way() {
    for number in [kinds::PUB, kinds::PUSH, kinds::RADIO, kinds::SCATTER] {
        let mut rig = Rig::new(number);
        let _far = rig.peer();
        assert_eq!(rig.recv().err(), Some(Errno::ENOTSUP));
        assert!(!rig.has_in());
    }
    for number in [kinds::SUB, kinds::PULL, kinds::DISH, kinds::GATHER] {
        let mut rig = Rig::new(number);
        let _far = rig.peer();
        assert_eq!(rig.send(&["x"]), Err(Errno::ENOTSUP));
        // COMPAT: a DISH says that it can.
        assert_eq!(rig.has_out(), number == kinds::DISH);
    }
}

#[test]
fn without_peers_nothing_goes_out_or_comes_in() {
    for number in [
        kinds::PAIR,
        kinds::REQ,
        kinds::DEALER,
        kinds::PUSH,
        kinds::CLIENT,
        kinds::SCATTER,
        kinds::CHANNEL,
    ] {
        let mut rig = Rig::new(number);
        assert!(!rig.has_out());
        assert_eq!(rig.send(&["x"]), Err(Errno::EAGAIN));
    }
    for number in [
        kinds::PAIR,
        kinds::SUB,
        kinds::REP,
        kinds::DEALER,
        kinds::ROUTER,
        kinds::PULL,
        kinds::XPUB,
        kinds::XSUB,
        kinds::STREAM,
        kinds::SERVER,
        kinds::CLIENT,
        kinds::DISH,
        kinds::GATHER,
        kinds::DGRAM,
        kinds::PEER,
        kinds::CHANNEL,
    ] {
        let mut rig = Rig::new(number);
        assert!(!rig.has_in());
        assert_eq!(rig.recv().err(), Some(Errno::EAGAIN));
    }
}

#[test]
fn only_those_that_know_topics_take_subscriptions() {
    for row in KINDS {
        let mut rig = Rig::new(row.number);
        let expected = match row.number {
            kinds::SUB => Ok(()),
            _ => Err(Errno::EINVAL),
        };
        assert_eq!(rig.set(number::SUBSCRIBE, "x"), expected, "{}", row.name);
        assert_eq!(rig.set(number::UNSUBSCRIBE, "x"), expected, "{}", row.name);
        assert_eq!(rig.set(number::ROUTER_MANDATORY, ""), Ok(()));
        let knows = row.publishes || [kinds::SUB, kinds::XSUB].contains(&row.number);
        assert_eq!(rig.pattern.topics_count().is_some(), knows, "{}", row.name);
    }
}
