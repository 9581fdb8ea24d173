//! What holds for all octets: what was written can be read, and how it was cut does not matter.

use proptest::collection::vec;
use proptest::prelude::*;

use super::pair::*;
use crate::msg::{SendBuffer, flag};
use crate::proto::command::{self, Command};
use crate::proto::{Failure, frame, frame_v1, property};

/// Octets that look like traffic often enough to get somewhere.
fn traffic() -> impl Strategy<Value = Vec<u8>> {
    let frame = prop_oneof![
        8 => (0..2_u8, vec(any::<u8>(), 0..300)).prop_map(|(more, body)| {
            let mut out = SendBuffer::new();
            frame::put(part(&body, more), &mut out);
            out.drain()
        }),
        1 => (0..2_u8, 8000..20_000_usize).prop_map(|(more, len)| {
            let mut out = SendBuffer::new();
            frame::put(part(&vec![more; len], more), &mut out);
            out.drain()
        }),
        4 => (
            prop::sample::select(&[
                b"PING" as &[u8], b"PONG", b"SUBSCRIBE", b"CANCEL", b"JOIN", b"READY", b"x",
            ]),
            vec(any::<u8>(), 0..20),
        )
            .prop_map(|(name, load)| {
                let mut out = SendBuffer::new();
                command::put(name, &[&load], &mut out);
                out.drain()
            }),
        1 => vec(any::<u8>(), 0..12),
    ];
    vec(frame, 0..10).prop_map(|frames| frames.concat())
}

/// Everything that octets bring about, cut in this way.
fn outcome(
    mut end: End,
    octets: &[u8],
    cuts: &[usize],
) -> (Vec<Seen>, Vec<u8>, Result<(), Failure>) {
    let mut rest = octets;
    let mut result = Ok(());
    for &cut in cuts.iter().chain([&usize::MAX]) {
        let (piece, later) = rest.split_at(cut.min(rest.len()));
        result = end.feed(piece);
        rest = later;
        if result.is_err() {
            break;
        }
    }
    (end.seen, end.out.drain(), result)
}

proptest! {
    #[test]
    fn cutting_open_traffic_changes_nothing(
        octets in traffic(),
        cuts in vec(prop_oneof![0..20_usize, 0..5000_usize], 0..40),
        publishes: bool,
        direct: bool,
    ) {
        let end = || {
            let mut end = match publishes {
                true => End::open(config("XPUB"), "XSUB"),
                false => End::open(config("PULL"), "PUSH"),
            };
            end.direct = direct;
            end
        };
        prop_assert!(outcome(end(), &octets, &[]) == outcome(end(), &octets, &cuts));
    }

    #[test]
    fn cutting_anything_changes_nothing(
        head in prop::sample::select(vec![
            vec![],
            b"\x01\x00".to_vec(),
            SIGNATURE.to_vec(),
            [SIGNATURE, b"\x01\x0B\0\0"].concat(),
            [SIGNATURE, b"\0\x0B\x01\0"].concat(),
            greeting(3, 0, b"NULL"),
            opening(0, "XSUB"),
        ]),
        octets in prop_oneof![traffic(), vec(any::<u8>(), 0..200)],
        cuts in vec(0..20_usize, 0..40),
    ) {
        let all = [head, octets].concat();
        let end = || End::new(config("XPUB"));
        prop_assert!(outcome(end(), &all, &[]) == outcome(end(), &all, &cuts));
    }

    #[test]
    fn frames_read_back(body in vec(any::<u8>(), 0..600), more in 0..2_u8) {
        let mut out = SendBuffer::new();
        frame::put(part(&body, more), &mut out);
        let wire = out.drain();
        let header = frame::header(&wire).unwrap().unwrap();
        prop_assert_eq!((header.flags, &wire[header.size..]), (more, body.as_slice()));
        prop_assert_eq!(header.len, body.len());
        frame_v1::put(part(&body, more), &mut out);
        let wire = out.drain();
        let header = frame_v1::header(&wire).unwrap().unwrap();
        prop_assert_eq!((header.flags, &wire[header.size..]), (more, body.as_slice()));
        prop_assert_eq!(header.len, body.len());
    }

    #[test]
    fn parts_read_back(parts in vec((vec(any::<u8>(), 0..400), 0..2_u8), 0..20), version in 0..4) {
        let head = match version {
            0 => b"\x01\x00".to_vec(),
            1 => [SIGNATURE, b"\x01\x00\0\0"].concat(),
            2 => opening(0, "PAIR"),
            _ => opening(1, "PAIR"),
        };
        let (mut a, mut b) = (End::new(config("PAIR")), End::new(config("PAIR")));
        a.feed(&head).unwrap();
        b.feed(&head).unwrap();
        a.out.drain();
        for (body, more) in &parts {
            a.zmtp.encode(part(body, *more), &mut a.out);
        }
        b.feed(&a.out.drain()).unwrap();
        prop_assert_eq!(b.parts(), parts);
    }

    #[test]
    fn properties_read_back(all in vec(("[A-Za-z0-9.+_-]{1,255}", vec(any::<u8>(), 0..300)), 0..9)) {
        let mut wire = Vec::new();
        all.iter().for_each(|(name, value)| property::put(name, value, &mut wire));
        prop_assert_eq!(property::parse(&wire).unwrap(), all);
    }

    #[test]
    fn commands_read_back(topic in vec(any::<u8>(), 0..300), ttl: u16) {
        let body = |name: &[u8], load: &[&[u8]]| {
            let mut out = SendBuffer::new();
            command::put(name, load, &mut out);
            let wire = out.drain();
            let header = frame::header(&wire).unwrap().unwrap();
            assert_eq!(header.flags, frame::COMMAND);
            assert_eq!(header.len, wire.len() - header.size);
            wire[header.size..].to_vec()
        };
        let wire = body(b"SUBSCRIBE", &[&topic]);
        prop_assert_eq!(command::parse(&wire), Ok(Command::Subscribe(&topic)));
        let wire = body(b"LEAVE", &[&topic]);
        prop_assert_eq!(command::parse(&wire), Ok(Command::Leave(&topic)));
        let wire = body(b"SUBSCRIBER", &[&topic]);
        prop_assert_eq!(command::parse(&wire), Ok(Command::Other(b"SUBSCRIBER")));
        let context = &topic[..topic.len().min(command::MAX_CONTEXT)];
        let wire = body(b"PING", &[&ttl.to_be_bytes(), &topic]);
        prop_assert_eq!(command::parse(&wire), Ok(Command::Ping { ttl, context }));
    }

    #[test]
    fn any_command_body_is_parsed_or_refused(body in vec(any::<u8>(), 0..100)) {
        let _ = command::parse(&body);
        let _ = property::parse(&body);
        let _ = frame::header(&body);
        let _ = frame_v1::header(&body);
    }

    #[test]
    fn no_subscription_is_lost_on_its_way(topic in vec(any::<u8>(), 0..300), cancel: bool) {
        let (mark, first) = if cancel { (flag::CANCEL, 0) } else { (flag::SUBSCRIBE, 1) };
        let body = [&[first], topic.as_slice()].concat();
        for minor in [0, 1] {
            let mut sub = End::new(config("SUB"));
            sub.feed(&opening(minor, "XPUB")).unwrap();
            sub.out.drain();
            sub.zmtp.encode(part(&body, mark), &mut sub.out);
            let mut publisher = End::open(config("XPUB"), "SUB");
            publisher.feed(&sub.out.drain()).unwrap();
            prop_assert_eq!(&publisher.parts()[0].0, &body);
        }
    }
}
