//! Heartbeats and time.

use std::time::Duration;

use super::pair::*;
use crate::proto::heartbeat::BACKLOG;
use crate::proto::{Config, Failure, Heartbeat, ProtocolError, Timeout};

const SILENT: Result<(), Failure> = Err(Failure::Timeout(Timeout::Heartbeat));
const MS: Duration = Duration::from_millis(1);

fn beating(interval: u64, ttl: u16, timeout: u64) -> Config {
    let mut config = config("PULL");
    config.heartbeat = Heartbeat {
        interval: Some(Duration::from_millis(interval)),
        ttl_deciseconds: ttl,
        timeout: Duration::from_millis(timeout),
    };
    config
}

impl End {
    /// Lets time go by, to this many milliseconds after the start.
    fn at(&mut self, ms: u32) -> Result<(), Failure> {
        self.now = *START + ms * MS;
        self.zmtp.handle_timeout(self.now, &mut self.out)
    }

    /// The deadline in milliseconds after the start.
    fn due(&self) -> Option<u128> {
        let deadline = self.zmtp.deadline()?;
        Some(deadline.duration_since(*START).as_millis())
    }
}

#[test]
fn nothing_is_due_when_heartbeats_are_off() {
    let mut end = End::open(config("PULL"), "PUSH");
    assert_eq!(end.due(), None);
    end.at(1_000_000).unwrap();
    assert_eq!(end.out.drain(), b"");
}

#[test]
fn a_ping_every_interval_and_a_pong_is_enough() {
    let mut end = End::open(beating(100, 30, 250), "PUSH");
    assert_eq!(end.due(), Some(100));
    for beat in 1..100 {
        end.at(100 * beat - 1).unwrap();
        assert_eq!(end.out.drain(), b"");
        end.at(100 * beat).unwrap();
        assert_eq!(end.out.drain(), b"\x04\x07\x04PING\x00\x1E");
        end.feed(b"\x04\x05\x04PONG").unwrap();
    }
    assert_eq!(end.parts(), []);
}

#[test]
fn a_silent_peer_is_given_up() {
    let mut end = End::open(beating(100, 0, 250), "PUSH");
    end.at(100).unwrap();
    end.at(200).unwrap();
    end.at(300).unwrap();
    assert_eq!(end.due(), Some(350));
    end.at(349).unwrap();
    assert_eq!(end.at(350), SILENT);
    assert!(!end.zmtp.during_handshake());
    assert_eq!(end.due(), None);
    assert_eq!(end.at(351), SILENT);
    assert_eq!(end.feed(b"\x00\x01x"), SILENT);
}

#[test]
fn without_a_timeout_silence_is_allowed() {
    let mut end = End::open(beating(100, 0, 0), "PUSH");
    for beat in 1..50 {
        end.at(100 * beat).unwrap();
    }
    assert_eq!(end.due(), Some(5000));
}

#[test]
fn whatever_arrives_is_a_sign_of_life() {
    let large = vec![0; 20_000];
    let head = [b"\x02" as &[u8], &20_000_u64.to_be_bytes()].concat();
    for direct in [true, false] {
        let mut end = End::open(beating(100, 0, 150), "PUSH");
        end.direct = direct;
        end.at(100).unwrap();
        for (ms, octets) in [
            (200, b"\x00\x01x" as &[u8]),
            (300, b"\x04\x04\x03FOO"),
            (400, b"\x00\x05h"),
            (500, b"alf"),
            (600, b"!"),
            (700, &head),
            (800, &large[..10]),
            (900, &large[10..]),
        ] {
            assert_eq!(end.due(), Some(ms));
            end.at(u32::try_from(ms).unwrap()).unwrap();
            end.feed(octets).unwrap();
        }
        assert_eq!(end.parts().len(), 3);
        end.at(1000).unwrap();
        assert_eq!(end.due(), Some(1100));
        end.at(1149).unwrap();
        assert_eq!(end.at(1150), SILENT);
    }
}

#[test]
fn a_session_may_vouch_for_its_peer() {
    let mut end = End::open(beating(1000, 0, 150), "PUSH");
    end.at(1000).unwrap();
    end.zmtp.heard(*START + 1100 * MS);
    assert_eq!(end.due(), Some(2000));
    end.at(1900).unwrap();
}

#[test]
fn pings_are_answered_with_their_context() {
    let mut end = End::open(config("PULL"), "PUSH");
    for (ping, pong) in [
        (
            b"\x04\x07\x04PING\0\0" as &[u8],
            b"\x04\x05\x04PONG" as &[u8],
        ),
        (b"\x04\x0A\x04PING\0\0ctx", b"\x04\x08\x04PONGctx"),
        (
            b"\x04\x17\x04PING\0\x000123456789abcdef",
            b"\x04\x15\x04PONG0123456789abcdef",
        ),
        (
            b"\x04\x1B\x04PING\0\x000123456789abcdefXYZW",
            b"\x04\x15\x04PONG0123456789abcdef",
        ),
    ] {
        for size in 1..=ping.len() {
            end.feed_in(ping, size).unwrap();
            assert_eq!(end.out.drain(), pong);
        }
    }
    assert_eq!(end.parts(), []);
    assert_eq!(end.due(), None);
}

#[test]
fn a_ping_too_short_for_its_ttl_discloses_nothing() {
    for ping in [b"\x04\x05\x04PING" as &[u8], b"\x04\x06\x04PING\0"] {
        let mut end = End::open(config("PULL"), "PUSH");
        assert_eq!(
            end.feed(ping),
            Err(Failure::Protocol(
                ProtocolError::MalformedCommandUnspecified
            ))
        );
        assert_eq!(end.out.drain(), b"");
    }
}

#[test]
fn the_ttl_of_a_peer_is_obeyed_at_any_length() {
    for (ttl, ms) in [
        (1, 100),
        (600, 60_000),
        (656, 65_600),
        (1311, 131_100),
        (65_535, 6_553_500),
    ] {
        let mut end = End::open(config("PULL"), "PUSH");
        let [high, low] = u16::to_be_bytes(ttl);
        end.feed(&short(4, &[b"\x04PING" as &[u8], &[high, low]].concat()))
            .unwrap();
        assert_eq!(end.due(), Some(u128::from(ms)));
        end.at(ms - 1).unwrap();
        // A message starts it anew.
        end.feed(b"\x00\x01x").unwrap();
        assert_eq!(end.due(), Some(u128::from(2 * ms - 1)));
        end.at(2 * ms - 2).unwrap();
        assert_eq!(end.at(2 * ms - 1), SILENT);
    }
}

#[test]
fn a_later_ping_may_change_its_mind_about_the_ttl() {
    let mut end = End::open(config("PULL"), "PUSH");
    end.feed(b"\x04\x07\x04PING\x00\x05").unwrap();
    assert_eq!(end.due(), Some(500));
    end.feed(b"\x04\x07\x04PING\x00\x00").unwrap();
    assert_eq!(end.due(), None);
}

#[test]
fn a_flood_of_pings_does_not_fill_our_memory() {
    let mut end = End::open(config("PULL"), "PUSH");
    for _ in 0..20_000 {
        end.feed(b"\x04\x17\x04PING\0\x000123456789abcdef").unwrap();
    }
    assert!(end.out.len() < BACKLOG + 23);
    // Nor do our own, to a peer that does not read.
    let mut end = End::open(beating(1, 0, 0), "PUSH");
    for ms in 1..20_000 {
        end.at(ms).unwrap();
    }
    assert!(end.out.len() < BACKLOG + 9);
    end.out.drain();
    end.at(20_000).unwrap();
    assert_eq!(end.out.drain(), b"\x04\x07\x04PING\0\0");
}

#[test]
fn old_peers_are_not_asked() {
    for opening in [[SIGNATURE, b"\x01\x08\0\0"].concat(), b"\x01\0".to_vec()] {
        let mut end = End::new(beating(100, 0, 100));
        end.feed(&opening).unwrap();
        assert!(end.zmtp.is_ready());
        assert_eq!(end.due(), None);
    }
}

#[test]
fn a_handshake_has_its_time() {
    let mut patient = config("PULL");
    patient.handshake_timeout = Some(30_000 * MS);
    let all = opening(1, "PUSH");
    for known in [0, 1, 10, 63, 64, all.len() - 1] {
        let mut end = End::new(patient.clone());
        assert_eq!(end.due(), Some(30_000));
        end.feed(&all[..known]).unwrap();
        end.at(29_999).unwrap();
        assert_eq!(end.at(30_000), Err(Failure::Timeout(Timeout::Handshake)));
        assert!(end.zmtp.during_handshake());
    }
    let mut end = End::new(patient);
    end.feed(&all).unwrap();
    assert_eq!(end.due(), None);
    end.at(30_000).unwrap();
}

#[test]
fn times_without_end_are_no_deadline() {
    let mut end = End::open(beating(u64::MAX, 0, u64::MAX), "PUSH");
    end.at(1000).unwrap();
    let mut patient = config("PULL");
    patient.handshake_timeout = Some(Duration::MAX);
    assert_eq!(End::new(patient).due(), None);
}
