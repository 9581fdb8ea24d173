//! Subscriptions and groups: commands for ZMTP 3.1, data frames for all before.

use super::pair::*;
use crate::msg::flag::{CANCEL, COMMAND, MORE, SUBSCRIBE};

/// A subscriber whose publisher opened with these octets.
fn subscriber(opening: &[u8]) -> End {
    let mut end = End::new(config("SUB"));
    end.feed(opening).unwrap();
    assert!(end.zmtp.is_ready());
    end.out.drain();
    end
}

#[test]
fn they_are_sent_as_libzmq_sends_them() {
    let v2 = [SIGNATURE, b"\x01\x01\0\0"].concat();
    for (opening, subscribe, cancel) in [
        (
            opening(1, "PUB"),
            b"\x04\x0D\x09SUBSCRIBEtop" as &[u8],
            b"\x04\x0A\x06CANCELtop" as &[u8],
        ),
        (opening(0, "PUB"), b"\x00\x04\x01top", b"\x00\x04\x00top"),
        (v2, b"\x00\x04\x01top", b"\x00\x04\x00top"),
        (b"\x01\x00".to_vec(), b"\x05\x00\x01top", b"\x05\x00\x00top"),
    ] {
        let mut end = subscriber(&opening);
        end.zmtp.encode(part(b"\x01top", SUBSCRIBE), &mut end.out);
        assert_eq!(end.out.drain(), subscribe);
        end.zmtp.encode(part(b"\x00top", CANCEL), &mut end.out);
        assert_eq!(end.out.drain(), cancel);
    }
}

#[test]
fn commands_arrive_in_the_form_of_data_and_with_a_mark() {
    let mut end = End::open(config("XPUB"), "SUB");
    end.feed_in(
        b"\x04\x0B\x09SUBSCRIBEa\x04\x0A\x09SUBSCRIBE\x04\x08\x06CANCELa",
        4,
    )
    .unwrap();
    assert_eq!(
        end.parts(),
        [
            (b"\x01a".to_vec(), SUBSCRIBE),
            (b"\x01".to_vec(), SUBSCRIBE),
            (b"\x00a".to_vec(), CANCEL),
        ]
    );
}

#[test]
fn data_that_looks_like_a_subscription_stays_data() {
    for minor in [0, 1] {
        let mut end = End::new(config("XPUB"));
        end.feed(&opening(minor, "XSUB")).unwrap();
        end.seen.clear();
        end.feed(b"\x00\x02\x01a\x01\x01\x00\x00\x01b").unwrap();
        assert_eq!(
            end.parts(),
            [
                (b"\x01a".to_vec(), 0),
                (b"\x00".to_vec(), MORE),
                (b"b".to_vec(), 0)
            ]
        );
    }
}

#[test]
fn topics_of_any_size_get_across() {
    for size in [0, 1, 244, 245, 246, 255, 256, 9000, 200_000] {
        let topic = vec![b't'; size];
        for (mark, first) in [(SUBSCRIBE, 1), (CANCEL, 0)] {
            let body = [&[first], topic.as_slice()].concat();
            let (mut a, mut b) = (End::new(config("SUB")), End::new(config("PUB")));
            talk(&mut a, &mut b, (1000, 1000)).unwrap();
            b.seen.clear();
            a.zmtp.encode(part(&body, mark), &mut a.out);
            talk(&mut a, &mut b, (777, 1)).unwrap();
            assert!(b.parts() == [(body, mark)], "{size}");
        }
    }
}

#[test]
fn those_who_publish_nothing_ignore_them() {
    let mut end = End::open(config("PULL"), "PUSH");
    end.feed(b"\x04\x0B\x09SUBSCRIBEa\x04\x08\x06CANCELa\x04\x06\x04JOINg\x00\x01x")
        .unwrap();
    assert_eq!(end.parts(), [(b"x".to_vec(), 0)]);
}

#[test]
fn peers_without_a_version_get_everything() {
    for size in [1, 100] {
        let mut end = End::new(config("PUB"));
        end.feed_in(b"\x01\x00\x02\x00x", size).unwrap();
        assert_eq!(end.peer().version, (1, 0));
        assert_eq!(
            end.parts(),
            [(b"\x01".to_vec(), SUBSCRIBE), (b"x".to_vec(), 0)]
        );
    }
    // With a signature, they are new enough to subscribe.
    let mut end = End::new(config("PUB"));
    end.feed(&[SIGNATURE, b"\x00\x02\x01\x00"].concat())
        .unwrap();
    assert!(end.zmtp.is_ready());
    assert_eq!(end.parts(), []);
    // And those who publish nothing are not subscribed to.
    let mut end = End::new(config("PULL"));
    end.feed(b"\x01\x00").unwrap();
    assert!(end.zmtp.is_ready());
    assert_eq!(end.parts(), []);
}

#[test]
fn groups_are_joined_and_left_by_command() {
    let (mut dish, mut radio) = (End::new(config("DISH")), End::new(config("RADIO")));
    talk(&mut dish, &mut radio, (9, 9)).unwrap();
    radio.seen.clear();
    dish.zmtp
        .encode(part(b"\x04JOINtv", COMMAND), &mut dish.out);
    dish.zmtp
        .encode(part(b"\x05LEAVEtv", COMMAND), &mut dish.out);
    let wire = dish.out.drain();
    assert_eq!(wire, b"\x04\x07\x04JOINtv\x04\x08\x05LEAVEtv");
    radio.feed_in(&wire, 3).unwrap();
    assert_eq!(
        radio.parts(),
        [
            (b"\x04JOINtv".to_vec(), COMMAND),
            (b"\x05LEAVEtv".to_vec(), COMMAND)
        ]
    );
}
